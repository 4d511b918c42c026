"""Deploys in the sandbox: a fault of a release has one before it, and FixLoop's own client finds it."""

from __future__ import annotations

import time

import pytest

from fixloop_bot.adapters.datadog.client import DatadogTelemetry
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.application.copilot import readings
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.sandbox.datadog import LocalDatadog
from fixloop_bot.sandbox.releases import RELEASES, Pipeline
from fixloop_bot.sandbox.shop import FAULTS, Shop
from tests.sandbox.datadog_account import API_KEY, APP_KEY, Client, running

QUERY = "service:checkout env:prod"


async def changes(datadog: LocalDatadog, query: str = QUERY, *, limit: int = 20) -> list[ChangeEvent]:
    link = DatadogLinks("datadoghq.com").event
    telemetry = DatadogTelemetry(api_key=API_KEY, app_key=APP_KEY, host=datadog.url, event_link=link)
    now = time.time()
    try:
        return list(await telemetry.changes(query, start=now - 600, end=now + 60, limit=limit))
    finally:
        telemetry.close()


async def test_a_fault_of_a_release_has_a_deploy_before_it() -> None:
    """Broken: the deploy. Mended by a roll-back: that is a change, too. A fault out of the blue has none."""
    async with running() as client:
        shop = Shop(dd_url=client.datadog.url, dd_api_key=API_KEY, traffic_per_second=0, push_every_s=60)
        shop.faults.listeners.append(Pipeline(shop.telemetry.announce_release))
        await shop.start()
        try:
            for fault, state in (("checkout-slow", "broken"), ("checkout-500", "broken"), ("checkout-500", "broken")):
                shop.faults.set(fault, state)
            await shop.telemetry.flush()
            [deploy] = await changes(client.datadog)
            shop.faults.set("checkout-500", "fixed")
            await shop.telemetry.flush()
            both = await changes(client.datadog)
        finally:
            await shop.stop()
    assert deploy.title == "checkout 2.15.0 deployed"
    assert deploy.text.startswith("by mira@example.com\nversion 2.14.0 → 2.15.0\n")
    assert deploy.link.startswith("https://app.datadoghq.com/event/event?uid=AZ")
    assert [event.title for event in both] == ["checkout 2.14.0 deployed", "checkout 2.15.0 deployed"]
    [shown] = readings.changes([deploy], opened_at=deploy.at + 90)
    assert "before the incident began" in shown.text


async def _post(client: Client, version: int, path: str, **body: object) -> None:
    sent = {"data": {"type": "event", "attributes": body}} if version == 2 else body
    status, answer = await client.call("POST", path, json=sent)
    assert status == 202, answer


async def test_only_changes_of_the_service_are_found() -> None:
    """By category, by a source that deploys, or by a word; not others' deploys, plain events or monitors' alerts."""
    async with running() as client:
        mine = ["service:checkout", "env:prod"]
        await _post(client, 2, "/api/v2/events", title="flag payments on", category="change", tags=mine)
        await _post(client, 1, "/api/v1/events", title="main", text="#12", tags=mine, source_type_name="github")
        await _post(client, 1, "/api/v1/events", title="deployed by hand", text="x", tags=mine)
        await _post(client, 1, "/api/v1/events", title="tea is ready", text="x", tags=mine)
        await _post(client, 2, "/api/v2/events", title="quote deployed", category="change", tags=["service:quote"])
        client.datadog.account.add_event(title="deploy broke", text="", tags=mine, at=time.time(), source="alert")
        found = await changes(client.datadog)
        two = await changes(client.datadog, limit=2)
        quote = await changes(client.datadog, "service:quote")
    assert {event.title for event in found} == {"flag payments on", "main", "deployed by hand"}
    assert [event.at for event in found] == sorted((event.at for event in found), reverse=True)
    assert two == found[:2]
    assert [event.title for event in quote] == ["quote deployed"]


async def test_events_are_searched_by_their_own_fields() -> None:
    """Aggregation key and host without an @, the category also as the attribute that Datadog keeps it in."""
    async with running() as client:
        more = {"aggregation_key": "roll-out-7", "host": "shop-1", "attributes": {"author": {"name": "Mira"}}}
        await _post(client, 2, "/api/v2/events", title="a", category="change", tags=["service:a"], **more)
        await _post(client, 2, "/api/v2/events", title="b", category="alert", tags=["service:a"])
        for query in ("aggregation_key:roll-out-7", "host:shop-1", "@evt.category:change", "@author.name:mira"):
            asked = {"filter": {"query": query, "from": "now-1h"}}
            _, found = await client.call("POST", "/api/v2/events/search", json=asked)
            [event] = found["data"]
            assert event["attributes"]["attributes"]["evt"]["category"] == "change", query


@pytest.mark.parametrize("fault", RELEASES)
def test_releases_are_faults_that_are_played(fault: str) -> None:
    """The table names faults that exist, and some faults are none, so that a deploy is not always there to blame."""
    assert fault in FAULTS
    assert set(FAULTS) - set(RELEASES)


def test_only_what_was_deployed_is_rolled_back() -> None:
    """A fault that begins mended by half, or is mended without having been broken, has no change."""
    told: list[str] = []
    pipeline = Pipeline(lambda version, author: told.append(version))
    for state in ("half-fixed", "fixed", "broken", "broken", "half-fixed", "fixed", "fixed"):
        pipeline("half-fix", state)
    assert told == ["2.15.0", "2.14.0"]
