"""Change events over HTTP: what is asked, what is read of it, and what is said when it cannot be had."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.datadog import api
from fixloop_bot.adapters.datadog.changes import LONGEST_TEXT, change_event, changes_of, search_of
from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.application.copilot.readings import ChangeEvent, Changes
from fixloop_bot.domain.errors import TelemetryUnavailable
from tests.adapters.datadog_server import Say, ScriptedDatadog, scripted_datadog

EVENTS = "/api/v2/events/search"
QUERY = "service:checkout env:prod"
DEPLOY: dict[str, Any] = {
    "id": "AwAAAZ",
    "type": "event",
    "attributes": {
        "message": "%%%\nroll-out of the new payment client\n%%%",
        "tags": ["service:checkout", "env:prod", "version:2.14.0"],
        "timestamp": "2026-11-22T08:11:13.000Z",
        "attributes": {
            "title": "deploy checkout 2.14.0",
            "evt": {"id": "8407723285051133019", "uid": "AZsKLC", "category": "change"},
            "aggregation_key": "checkout-deploy",
            "author": {"name": "mira@example.com", "type": "user"},
            "new_value": {"version": "2.14.0", "rule": {"dc": "x"}, "replicas": 4},
            "prev_value": {"version": "2.13.9", "replicas": 4},
            "source_type_name": "argocd",
            "timestamp": 1_795_335_073_000,
        },
    },
}


@pytest.fixture
async def datadog() -> AsyncIterator[ScriptedDatadog]:
    async with scripted_datadog() as server:
        yield server


@pytest.fixture
async def telemetry(datadog: ScriptedDatadog) -> AsyncIterator[DatadogTelemetry]:
    link = DatadogLinks("datadoghq.eu").event
    client = DatadogTelemetry(api_key="api", app_key="app", host=datadog.host, deadline_s=5, event_link=link)
    yield client
    client.close()


async def asked(changes: Changes, limit: int = 20) -> list[ChangeEvent]:
    return list(await changes.changes(QUERY, start=1.5, end=20, limit=limit))


async def test_a_deploy_is_read_with_who_what_and_where_it_is_shown(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry
) -> None:
    """Title, moment, author, what changed from and to, the event's words and its page; nested values are left out."""
    datadog.will(EVENTS, Say(body={"data": [DEPLOY]}), method="POST")
    [event] = await asked(telemetry)
    assert event == ChangeEvent(
        id="AwAAAZ",
        at=1_795_335_073.0,
        title="deploy checkout 2.14.0",
        text="by mira@example.com\nversion 2.13.9 → 2.14.0\nroll-out of the new payment client\nsource argocd\n"
        "env:prod version:2.14.0",
        link="https://app.datadoghq.eu/event/event?uid=AZsKLC",
    )
    assert datadog.asked[0].body == {
        "filter": {"query": search_of(QUERY), "from": "1500", "to": "20000"},
        "sort": "-timestamp",
        "page": {"limit": 20},
    }


def test_the_search_is_for_changes_of_the_service_and_not_for_its_alerts_or_our_reports() -> None:
    """The caller's query stays one whole; without one every change is looked for."""
    search = search_of("service:a OR service:b")
    assert search.startswith("(service:a OR service:b) (@evt.category:change OR source:(")
    assert search.endswith(" -source:alert -posted_by:fixloop")
    assert search_of(" * ").startswith("(@evt")


async def test_the_newest_come_first_and_no_more_than_asked_for(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry
) -> None:
    """Also where Datadog answers more, in another order, or with things that are no events."""
    data = [{"id": str(n), "attributes": {"attributes": {"title": f"t{n}", "timestamp": n * 1000}}} for n in (2, 9, 5)]
    datadog.will(EVENTS, Say(body={"data": [*data, "odd", None]}), method="POST")
    assert [(event.id, event.at) for event in await asked(telemetry, 2)] == [("9", 9.0), ("5", 5.0)]
    await asked(telemetry, 5_000)
    await asked(telemetry, 0)
    assert [each.body["page"]["limit"] for each in datadog.asked] == [2, 100, 1]


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {"data": {}}, {}, [], None])
async def test_no_events_are_no_changes(datadog: ScriptedDatadog, telemetry: DatadogTelemetry, body: object) -> None:
    """An answer without events is an empty answer."""
    datadog.will(EVENTS, Say(body=body), method="POST")
    assert await asked(telemetry) == []


def test_an_event_that_says_little_is_still_an_event() -> None:
    """The name, else the first line of its words, stands in for a title; a number for the uid."""
    link = DatadogLinks("datadoghq.com").event
    bare = change_event({"attributes": {"message": "%%% \n\n rolled back\nby hand", "timestamp": "2026-11-22"}}, link)
    assert (bare.title, bare.text, bare.link) == ("rolled back", "rolled back\nby hand", "")
    assert bare.at == 1_795_305_600.0
    old = change_event(
        {"attributes": {"attributes": {"evt": {"id": 63, "name": "flag on"}, "timestamp": math.nan}}}, link
    )
    assert (old.id, old.title, old.at) == ("63", "flag on", 0.0)
    assert old.link == "https://app.datadoghq.com/event/event?id=63"
    assert change_event({}, link).title == "a change without a title"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["attributes", "title", "evt", "tags", "message", "author", "new_value", "prev_value", "id"]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON, JSON)
def test_any_answer_can_be_read(inner: object, outer: object) -> None:
    """Whatever the fields hold, an event is text within its limits and a moment."""
    found = {
        "data": [{"attributes": {"attributes": inner, "message": outer, "tags": inner, "timestamp": outer}}, outer]
    }
    for event in changes_of(found, lambda uid, number: uid + number, most=5):
        assert event.title
        assert len(event.text) <= LONGEST_TEXT
        assert math.isfinite(event.at)


async def test_a_refusal_is_one_sentence(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """As for metrics and logs: what was asked, and which key to look at."""
    datadog.will(EVENTS, Say(status=403, body={"errors": ["Forbidden"]}), method="POST")
    with pytest.raises(TelemetryUnavailable, match=r"refused the event search \(403: Forbidden\): check DD_API_KEY"):
        await asked(telemetry)
    assert len(datadog.asked) == 1


async def test_without_keys_it_is_said_what_to_set() -> None:
    """The stand-in answers as for every other question."""
    with pytest.raises(TelemetryUnavailable, match="DD_API_KEY and DD_APP_KEY"):
        await asked(NullTelemetry())


async def test_an_answer_that_is_too_large_is_refused_and_the_next_one_works(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry
) -> None:
    """It is not read into memory to its end."""
    heavy = json.dumps({"data": ["x" * (api.MOST_BYTES + 10)]}).encode()
    datadog.will(EVENTS, Say(body=heavy), Say(body={"data": [DEPLOY]}), method="POST")
    with pytest.raises(TelemetryUnavailable, match="the event search is larger than 8 MiB"):
        await asked(telemetry)
    assert len(await asked(telemetry)) == 1


async def test_answers_are_read_in_another_thread(datadog: ScriptedDatadog) -> None:
    """However many events there are, the loop's thread reads none of them."""
    readers: set[str] = set()

    def link(uid: str, number: str) -> str:
        readers.add(threading.current_thread().name)
        return uid

    datadog.will(EVENTS, Say(body={"data": [DEPLOY] * 50}), method="POST")
    telemetry = DatadogTelemetry(api_key="api", app_key="app", host=datadog.host, event_link=link)
    assert len(await asked(telemetry)) == 20
    telemetry.close()
    assert readers
    assert threading.current_thread().name not in readers
