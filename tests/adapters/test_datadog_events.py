"""Datadog is told how an incident ended: one event on the service, with the verdict in its colour and its tags."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fixloop_bot.adapters.datadog.events import DatadogEvents, NullEvents, tags_of, text_of, title_of
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.report import Report, is_headline, report_of
from tests.adapters.datadog_server import Say, ScriptedDatadog, scripted_datadog
from tests.domain.test_report import proven
from tests.sandbox.datadog_account import API_KEY, APP_KEY, running

EVENTS = "/api/v1/events"
LINK = "https://x.slack.com/docs/T1/F1"


def report(**changes: object) -> Report:
    return replace(report_of(proven(), version=1), **changes)  # type: ignore[arg-type]


@pytest.fixture
async def datadog() -> AsyncIterator[ScriptedDatadog]:
    async with scripted_datadog() as server:
        yield server


@pytest.fixture
async def events(datadog: ScriptedDatadog) -> AsyncIterator[DatadogEvents]:
    client = DatadogEvents(api_key="the-api-key", app_key="not needed", host=datadog.host, deadline_s=5)
    yield client
    client.close()


async def test_an_event_is_found_on_the_service() -> None:
    """In the local Datadog, by its tags; its status is the verdict's."""
    async with running() as client:
        events = DatadogEvents(api_key=API_KEY, app_key=APP_KEY, host=client.datadog.url)
        await events.announce(report(), service="checkout", env="prod", link=LINK)
        events.close()
        wanted = {"filter": {"query": "service:checkout env:prod verdict:proven", "from": "now-1h", "to": "now"}}
        status, found = await client.call("POST", "/api/v2/events/search", json=wanted)
    assert status == 200
    (event,) = found["data"]
    own = event["attributes"]["attributes"]
    assert own["title"] == "INC-42 of checkout resolved: proven"
    assert own["status"] == "success"
    assert own["aggregation_key"] == "INC-42"
    assert LINK in event["attributes"]["message"]


async def test_it_is_sent_once_whatever_datadog_says(datadog: ScriptedDatadog, events: DatadogEvents) -> None:
    """A second try might make a second event."""
    datadog.will(EVENTS, Say(status=503), method="POST")
    with pytest.raises(TelemetryUnavailable):
        await events.announce(report(), service="checkout", env=None, link="")
    assert len(datadog.asked) == 1


async def test_only_the_api_key_goes_along(datadog: ScriptedDatadog, events: DatadogEvents) -> None:
    """An event needs no application key, so whoever has none can still be told."""
    datadog.will(EVENTS, Say(status=202, body={"status": "ok"}), method="POST")
    await events.announce(report(), service="checkout", env=None, link="")
    headers = {name.lower(): value for name, value in datadog.asked[0].headers.items()}
    assert headers["dd-api-key"] == "the-api-key"
    assert "dd-application-key" not in headers


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        ("proven", "success"),
        ("unproven", "warning"),
        ("inconclusive", "warning"),
        ("not recovered", "error"),
        ("not validated", "info"),
    ],
)
async def test_the_verdict_is_the_events_kind(
    datadog: ScriptedDatadog, events: DatadogEvents, verdict: str, kind: str
) -> None:
    """Only a proof is a success."""
    datadog.will(EVENTS, Say(status=202, body={"status": "ok"}), method="POST")
    await events.announce(report(verdict=verdict), service="checkout", env="prod", link="")
    assert datadog.asked[0].body["alert_type"] == kind


def test_the_text_says_what_is_not_proven_and_fits() -> None:
    """No Markdown fence of Datadog's survives in it; however long it is, it ends with the report's address."""
    text = text_of(report(unproven=("No watch.",), summary=("%%%\n# loud",), follow_ups=("x" * 9_000,)), LINK)
    assert text.endswith(f"\nReport: {LINK}")
    assert "\nWhat fixed it: " in text
    assert "Not proven: No watch." in text
    assert "%%%" not in text
    assert len(text) <= 4_000


def test_tags_are_one_line_each() -> None:
    tags = tags_of(report(label="a\nb"), "che\nckout", "prod")
    assert tags[:2] == ["service:che ckout", "env:prod"]
    assert all("\n" not in tag and len(tag) <= 200 for tag in tags)


def test_our_own_event_is_no_change() -> None:
    """It speaks of the fix, and would be taken for one in the next incident's picture."""
    assert is_headline(title_of(report()))
    assert not is_headline("deploy checkout 2.14.0")


async def test_without_a_key_nobody_is_told() -> None:
    nobody = NullEvents()
    assert not nobody.available
    await nobody.announce(report(), service="checkout", env=None, link="")
    nobody.close()
