"""Downtimes, mutes, snapshots and repeated notifications of the local Datadog."""

import json
import struct
import time
import zlib
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.sandbox.datadog.picture import HEIGHT, WIDTH, chart
from tests.sandbox.datadog_account import Client, receiving, running, until
from tests.sandbox.test_datadog_monitors import _create, _hook, _traffic, _walk, monitor

Json = dict[str, Any]


class Clock:
    """Real time, moved on by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


async def silence(client: Client, **attributes: Any) -> tuple[int, Json]:
    status, body = await client.call("POST", "/api/v2/downtime", json={"data": {"attributes": attributes}})
    return status, body


async def test_a_downtime_ends_by_itself_and_says_what_is_still_wrong() -> None:
    """Scheduled, active and ended; a monitor that alerts when it expires is told of then, as Triggered."""
    clock = Clock()
    async with receiving() as receiver, running(clock=clock, evaluate_every_s=3600) as client:
        await _hook(client, receiver)
        number = await _create(client, monitor())
        start, end = clock() + 5, clock() + 60
        schedule = {"start": iso(start), "end": iso(end)}
        _, made = await silence(
            client, scope="*", monitor_identifier={"monitor_id": number}, schedule=schedule, message="deploying"
        )
        path = f"/api/v2/downtime/{made['data']['id']}"
        seen = [made["data"]["attributes"]["status"]]
        clock.ahead = 10
        seen.append((await client.call("GET", path))[1]["data"]["attributes"]["status"])
        _, shown = await client.call("GET", f"/api/v1/monitor/{number}?with_downtimes=true")
        assert [each["end"] for each in shown["matching_downtimes"]] == [int(end)]
        await _traffic(client, errors=5, seconds_ago=-8)
        [notice] = client.datadog.alerting.evaluate()
        assert (notice.transition, client.datadog.deliveries.under_way) == ("Triggered", 0)
        clock.ahead = 61
        await _traffic(client, errors=5, seconds_ago=-58)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
        seen.append((await client.call("GET", path))[1]["data"]["attributes"]["status"])
    assert seen == ["scheduled", "active", "ended"]
    assert json.loads(receiver.bodies[0])["transition"] == "Triggered"


async def test_a_canceled_downtime_is_only_told_of_where_that_was_asked_for() -> None:
    """notify_end_types has expired alone unless it says otherwise."""
    for types, told in ((["expired"], 0), (["canceled", "expired"], 1)):
        async with receiving() as receiver, running(evaluate_every_s=3600) as client:
            await _hook(client, receiver)
            await _create(client, monitor())
            tagged = {"monitor_tags": ["team:shop"]}
            _, made = await silence(client, scope="*", monitor_identifier=tagged, notify_end_types=types)
            await _traffic(client, errors=5)
            client.datadog.alerting.evaluate()
            await client.call("DELETE", f"/api/v2/downtime/{made['data']['id']}")
            client.datadog.alerting.evaluate()
            assert client.datadog.deliveries.under_way == told


async def test_a_downtime_of_another_scope_silences_nothing() -> None:
    """env:staging is not service:checkout."""
    async with receiving() as receiver, running(evaluate_every_s=3600) as client:
        await _hook(client, receiver)
        number = await _create(client, monitor())
        await silence(client, scope="env:staging", monitor_identifier={"monitor_id": number})
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)


async def test_a_downtime_can_be_made_longer_and_is_listed_while_it_lasts() -> None:
    """PATCH keeps what it does not name; current_only leaves the canceled ones out."""
    async with running() as client:
        until_ = time.time() + 60
        _, made = await silence(
            client, scope="env:prod", monitor_identifier={"monitor_tags": ["*"]}, schedule={"end": iso(until_)}
        )
        path = f"/api/v2/downtime/{made['data']['id']}"
        later = {"data": {"attributes": {"schedule": {"end": iso(until_ + 60)}}}}
        status, changed = await client.call("PATCH", path, json=later)
        attributes = changed["data"]["attributes"]
        assert (status, attributes["scope"]) == (200, "env:prod")
        assert datetime.fromisoformat(attributes["schedule"]["end"]).timestamp() == pytest.approx(until_ + 60, abs=1e-3)
        await client.call("DELETE", path)
        assert (await client.call("PATCH", path, json=later))[0] == 400
        _, listed = await client.call("GET", "/api/v2/downtime?current_only=true")
        assert listed["data"] == []


@pytest.mark.parametrize(
    "attributes",
    [
        {"monitor_identifier": {"monitor_id": 1}},
        {"scope": "*"},
        {"scope": "*", "monitor_identifier": {"monitor_id": 1, "monitor_tags": ["a"]}},
        {"scope": "(env:prod", "monitor_identifier": {"monitor_id": 1}},
        {"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"end": "yesterday"}},
        {"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"end": "2020-01-01T00:00:00Z"}},
        {"scope": "*", "monitor_identifier": {"monitor_id": 1}, "notify_end_types": ["never"]},
    ],
)
async def test_what_is_no_downtime_is_refused_with_a_sentence(attributes: Json) -> None:
    """400, with the detail in the API's own form."""
    async with running() as client:
        status, body = await silence(client, **attributes)
    assert (status, body["errors"][0]["title"]) == (400, "Invalid Parameter")


async def test_a_muted_monitor_says_nothing_until_it_is_unmuted() -> None:
    """options.silenced shows it; the status still changes."""
    async with receiving() as receiver, running(evaluate_every_s=3600) as client:
        await _hook(client, receiver)
        number = await _create(client, monitor())
        _, muted = await client.call("POST", f"/api/v1/monitor/{number}/mute")
        assert muted["options"]["silenced"] == {"*": None}
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        assert client.datadog.deliveries.under_way == 0
        _, shown = await client.call("POST", f"/api/v1/monitor/{number}/unmute")
        assert (shown["options"]["silenced"], shown["overall_state"]) == ({}, "Alert")
        await _traffic(client, errors=-5)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
        past = await client.call("POST", f"/api/v1/monitor/{number}/mute", json={"end": 5})
    assert past[0] == 400


@pytest.mark.parametrize(
    ("options", "values", "told"),
    [
        (
            {"renotify_interval": 0.05, "renotify_occurrences": 1},
            [9] * 10,
            ["Triggered", None, None, "Re-Triggered"] + [None] * 6,
        ),
        (
            {"renotify_interval": 0.05, "renotify_statuses": ["no data"]},
            [9] * 5,
            ["Triggered", None, None, None, None],
        ),
        ({"on_missing_data": "resolve"}, [9] + [None] * 20, ["Triggered"] + [None] * 19 + ["Recovered"]),
        (
            {"on_missing_data": "show_and_notify_no_data"},
            [9] + [None] * 20,
            ["Triggered"] + [None] * 19 + ["No Data"],
        ),
    ],
)
def test_repetition_and_silence_follow_the_options(
    options: Json, values: list[float | None], told: list[str | None]
) -> None:
    """How often a bad status is repeated, for which statuses, and what missing data means."""
    assert _walk(options, values) == told


async def test_a_snapshot_is_a_picture_that_exists() -> None:
    """The address in the answer gives a PNG without any key; so does a notification's $SNAPSHOT."""
    async with receiving() as receiver, running(evaluate_every_s=3600) as client:
        await _hook(client, receiver, payload='{"picture": "$SNAPSHOT"}')
        await _create(client, monitor())
        await _traffic(client, errors=5)
        now = int(time.time())
        asked = {"metric_query": "sum:errors{*}.as_count()", "start": str(now - 60), "end": str(now)}
        status, made = await client.call("GET", "/api/v1/graph/snapshot", params=asked)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
        pictures = []
        async with aiohttp.ClientSession() as session:
            for address in (made["snapshot_url"], json.loads(receiver.bodies[0])["picture"]):
                async with session.get(address) as answer:
                    pictures.append((answer.status, answer.content_type, (await answer.read())[:8]))
            async with session.get(made["snapshot_url"].replace(".png", "0.png")) as answer:
                lost = answer.status
        bad = await client.call("GET", "/api/v1/graph/snapshot", params={"metric_query": "x"})
    assert (status, lost, bad[0]) == (200, 404, 400)
    assert pictures == [(200, "image/png", b"\x89PNG\r\n\x1a\n")] * 2


@given(
    st.lists(st.tuples(st.floats(0, 600), st.none() | st.floats(-1e9, 1e9)), max_size=30), st.none() | st.floats(0, 9)
)
def test_any_curve_is_a_whole_picture(curve: list[tuple[float, float | None]], limit: float | None) -> None:
    """Whatever the values, the PNG has its size and every row of it."""
    picture = chart([sorted(curve, key=lambda point: point[0])], start=0, end=600, limit=limit)
    assert struct.unpack(">II", picture[16:24]) == (WIDTH, HEIGHT)
    at = picture.index(b"IDAT")
    (length,) = struct.unpack(">I", picture[at - 4 : at])
    assert len(zlib.decompress(picture[at + 4 : at + 4 + length])) == HEIGHT * (1 + 3 * WIDTH)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/events", {"title": "t", "text": "x", "alert_type": "loud"}),
        ("/api/v1/events", {"title": "t", "text": "x" * 4001}),
        ("/api/v2/events", {"data": {"attributes": {"title": "t", "category": "gossip"}}}),
    ],
)
async def test_an_event_keeps_to_its_form(path: str, body: Json) -> None:
    """An unknown kind and too long a text are refused, as the API refuses them."""
    async with running() as client:
        assert (await client.call("POST", path, json=body))[0] == 400
