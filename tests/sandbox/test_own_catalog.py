"""A team's own catalog in the sandbox, instead of the shop's."""

from __future__ import annotations

import json
import time
from pathlib import Path

import aiohttp
import pytest

from fixloop_bot.sandbox.own_catalog import CatalogUnreadableError, read_own_catalog
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.world import World, world
from tests.sandbox.slack_room import running_slack, until

RATE = "sum:billing.errors{service:billing}.as_count() / sum:billing.hits{service:billing}.as_count()"
CATALOG = {
    "services": {
        "billing": {
            "channel": "C0BILLING1",
            "match": {"service": "billing", "env": "prod"},
            "slo": {"error_rate": 0.01},
            "metrics": {
                "error_rate": RATE,
                "p95_ms": "p95:billing.latency{service:billing}",
            },
            "responders": ["S0BILLING1", "U0HENRY001"],
        },
        "search": {"channel": "#search-alerts"},
    }
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yml"
    path.write_text(json.dumps(CATALOG))
    return path


def test_a_metric_with_a_limit_becomes_a_monitor(file: Path) -> None:
    """A metric without one has nothing to be held against; the tags are those that the service matches."""
    (made,) = read_own_catalog(file).monitors()
    assert made["name"] == "Error rate of billing is high"
    assert made["query"].endswith("> 0.01")
    assert made["tags"] == ["service:billing", "env:prod"]
    assert "@webhook-fixloop" in made["message"]


async def test_the_workspace_gets_what_the_catalog_names(file: Path, slack: LocalSlack) -> None:
    """Channels by id and by name, groups, and people, who are where the bot is."""
    read_own_catalog(file).furnish(slack.core.workspace)
    assert slack.channel("C0BILLING1").name == "billing-incidents"
    assert slack.channel("#search-alerts").id.startswith("C")
    assert "S0BILLING1" in slack.core.workspace.groups
    assert "U0HENRY001" in slack.channel("C0BILLING1").members


@pytest.mark.parametrize("text", ["- a list", "services: nothing", "{", "services: {a: 1}"])
def test_what_is_no_catalog_is_one_sentence(tmp_path: Path, text: str) -> None:
    """Before anything is started."""
    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(CatalogUnreadableError, match=r"^bad\.yml line 1"):
        read_own_catalog(path)


def test_every_mistake_of_an_own_catalog_is_named_before_anything_starts(tmp_path: Path) -> None:
    """With its line and key, as ``fixloop catalog check`` says it, under the file's own name."""
    path = tmp_path / "mine.yml"
    path.write_text("services:\n  billing:\n    base_url: SHOP_URL\n    chanel: ops\n    soak_s: soon\n")
    with pytest.raises(CatalogUnreadableError) as caught:
        read_own_catalog(path)
    first, second = str(caught.value).splitlines()
    assert first == "mine.yml line 4, services.billing.chanel: is not a known key; did you mean channel?"
    assert second.startswith("mine.yml line 5, services.billing.soak_s: must be a number")


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    """No word of a decoder's."""
    path = tmp_path / "mine.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogUnreadableError, match=r"mine\.yml is not UTF-8 text$"):
        read_own_catalog(path)


def test_the_shop_is_there_only_where_it_is_named(tmp_path: Path) -> None:
    """SHOP_URL in the file stands for its address."""
    path = tmp_path / "mine.yml"
    path.write_text("services: {checkout: {base_url: SHOP_URL}}")
    own = read_own_catalog(path)
    assert own.wants_shop
    assert own.written("http://127.0.0.1:8080") == "services: {checkout: {base_url: http://127.0.0.1:8080}}"


@pytest.mark.timeout(90)
async def test_an_alert_of_an_own_service_opens_a_thread_in_its_channel(file: Path, tmp_path: Path) -> None:
    """Its metrics go to the local Datadog, the monitor made for them fires, and nothing of the shop runs."""
    async with world(own=read_own_catalog(file), folder=tmp_path / "world") as running:
        assert not running.has_shop
        assert running.shop.url == ""
        await _errors(running)
        await until(lambda: running.root() is not None, seconds=30)
        root = running.root()
        assert root is not None
        assert root.channel == "C0BILLING1"
        assert "billing" in root.text


async def _errors(running: World) -> None:
    """Ten requests of billing, half of them failed."""
    point = [{"timestamp": int(time.time()) - 1, "value": 10}]
    tags = ["service:billing", "env:prod"]
    failed = [{**point[0], "value": 5}]
    series = [
        {"metric": "billing.hits", "type": 1, "points": point, "tags": tags},
        {"metric": "billing.errors", "type": 1, "points": failed, "tags": tags},
    ]
    headers = {"DD-API-KEY": running.bot.environment["DD_API_KEY"]}
    address = f"{running.datadog.url}/api/v2/series"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(address, json={"series": series}) as answer,
    ):
        assert answer.status == 202


async def test_names_that_exist_are_left_alone(tmp_path: Path) -> None:
    """A channel of the sandbox keeps its members."""
    path = tmp_path / "mine.yml"
    path.write_text("services: {checkout: {channel: '#incidents', responders: [S0ONCALL01]}}")
    async with running_slack() as slack:
        before = set(slack.channel("#incidents").members)
        read_own_catalog(path).furnish(slack.core.workspace)
        assert set(slack.channel("#incidents").members) == before
        assert len(slack.core.workspace.groups) == 1
