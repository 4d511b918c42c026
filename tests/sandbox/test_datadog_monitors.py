"""Monitors and webhooks of the local Datadog: when they speak, what they say, and how it is delivered."""

import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest

from fixloop_bot.sandbox.datadog.monitors import GroupState, Monitor, advance, parse_condition
from fixloop_bot.sandbox.datadog.notification import Notice, fill, settle, variables

from .datadog_account import Client, Receiver, receiving, running, until

WEBHOOKS = "/api/v1/integration/webhooks/configuration/webhooks"
VARIABLES = "/api/v1/integration/webhooks/configuration/custom-variables"
QUERY = "avg(last_10s):sum:errors{service:checkout}.as_count() / sum:requests{service:checkout}.as_count() > 0.05"
PAYLOAD = json.dumps(
    {
        "transition": "$ALERT_TRANSITION",
        "cycle": "$ALERT_CYCLE_KEY",
        "title": "$EVENT_TITLE",
        "scope": "$ALERT_SCOPE",
        "date": "$DATE",
        "unknown": "$NO_SUCH_THING",
    }
)


def monitor(query: str = QUERY, **options: Any) -> dict[str, Any]:
    return {
        "type": "metric alert",
        "name": "checkout error rate",
        "message": "Errors! @webhook-fixloop",
        "query": query,
        "tags": ["team:shop"],
        "priority": 2,
        "options": options,
    }


async def _create(client: Client, body: dict[str, Any]) -> int:
    status, created = await client.call("POST", "/api/v1/monitor", json=body)
    assert status == 200, created
    number: int = created["id"]
    return number


async def _hook(client: Client, receiver: Receiver, **more: str) -> None:
    body = {"name": "fixloop", "url": receiver.url, "payload": PAYLOAD, **more}
    status, _ = await client.call("POST", WEBHOOKS, json=body)
    assert status == 201


async def _traffic(client: Client, errors: int, *, seconds_ago: int = 1) -> None:
    at = time.time() - seconds_ago
    await client.send("requests", 1, at, 20, "service:checkout")
    await client.send("errors", 1, at, errors, "service:checkout")


def _walk(options: dict[str, Any], values: list[float | None], step: float = 1.0) -> list[str | None]:
    """Feed one value a step to a monitor on `avg(last_10s):a{*} > 5` and list what it tells."""
    body = monitor("avg(last_10s):a{*} > 5", **options)
    watched = Monitor(number=1, body=body, condition=parse_condition(body), created_at=0)
    state = GroupState()
    return [advance(watched, state, value, (n + 1) * step) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("options", "values", "told"),
    [
        ({}, [1, 9, 9, 1], [None, "Triggered", None, "Recovered"]),
        ({}, [9, 1, 9], ["Triggered", "Recovered", "Triggered"]),
        (
            {"thresholds": {"critical": 5, "warning": 3}},
            [4, 9, 4, 1],
            ["Warn", "Triggered", "Warn", "Warn Recovered"],
        ),
        (
            {"thresholds": {"critical": 5, "critical_recovery": 2}},
            [9, 3, 1],
            ["Triggered", None, "Recovered"],
        ),
        ({"renotify_interval": 0.05}, [9, 9, 9, 9, 9], ["Triggered", None, None, "Re-Triggered", None]),
        ({}, [9] + [None] * 25 + [1], ["Triggered"] + [None] * 25 + ["Recovered"]),
    ],
)
def test_a_transition_is_told_once(options: dict[str, Any], values: list[float | None], told: list[str | None]) -> None:
    """Triggered at the change, not at every evaluation; recovery thresholds and silence do not end an alert."""
    assert _walk(options, values) == told


def test_silence_is_told_only_where_it_is_asked_for() -> None:
    """No Data after the time frame, and its own recovery when data come back."""
    told = _walk({"notify_no_data": True, "no_data_timeframe": 1}, [1, None, None, 1], step=40)
    assert told == [None, None, "No Data", "No Data Recovered"]


async def test_a_monitor_reads_as_recorded_and_can_be_changed() -> None:
    """Created as a query alert with its defaults; group_states=all shows the groups; deleted it is gone."""
    async with running() as client:
        number = await _create(client, monitor())
        path = f"/api/v1/monitor/{number}"
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        _, shown = await client.call("GET", path, params={"group_states": "all"})
        _, changed = await client.call("PUT", path, json={"name": "renamed"})
        _, listed = await client.call("GET", "/api/v1/monitor", params={"monitor_tags": "team:shop"})
        bad = await client.call("GET", "/api/v1/monitor", params={"group_states": "notagroupstate"})
        assert await client.call("DELETE", path) == (200, {"deleted_monitor_id": number})
        gone, _ = await client.call("GET", path)
    assert (shown["type"], shown["overall_state"], shown["options"]["thresholds"]) == (
        "query alert",
        "Alert",
        {"critical": 0.05},
    )
    assert shown["state"]["groups"]["*"]["status"] == "Alert"
    assert (changed["name"], changed["query"], len(listed), gone) == ("renamed", QUERY, 1, 404)
    assert bad == (400, {"errors": ["Invalid group_state filters."]})


@pytest.mark.parametrize(
    "changes",
    [
        {"query": "nonsense"},
        {"query": "avg(last_5m):avg:a{ > 1"},
        {"query": ""},
        {"options": {"thresholds": {"critical": 7}}},
        {"options": {"thresholds": {"critical": "high"}}},
        {"options": {"renotify_interval": "often"}},
    ],
)
async def test_a_bad_monitor_is_refused(changes: dict[str, Any]) -> None:
    """Neither a query we cannot evaluate nor a threshold that contradicts it is stored."""
    async with running() as client:
        status, body = await client.call("POST", "/api/v1/monitor", json={**monitor(), **changes})
        assert (status, len(body["errors"]), client.datadog.account.monitors) == (400, 1, {})


async def test_trigger_and_recovery_reach_the_webhook_with_one_cycle_key() -> None:
    """The payload is the customer's template; unknown variables stay; both ends share the alert cycle's key."""
    async with receiving() as receiver, running(evaluate_every_s=0.05) as client:
        await client.call("POST", VARIABLES, json={"name": "SECRET", "value": "s3cret", "is_secret": True})
        await _hook(client, receiver, custom_headers='{"X-FixLoop-Secret": "$SECRET"}')
        await _create(client, monitor("avg(last_2s):" + QUERY.split(":", 1)[1]))
        await _traffic(client, errors=5)
        await until(lambda: len(receiver.bodies) == 1)
        await _traffic(client, errors=0, seconds_ago=0)
        await until(lambda: len(receiver.bodies) == 2)
        first, second = (json.loads(body) for body in receiver.bodies)
        _, hidden = await client.call("GET", f"{VARIABLES}/SECRET")
        assert "s3cret" not in json.dumps([entry.as_json() for entry in client.datadog.journal.entries()])
    assert (first["transition"], second["transition"]) == ("Triggered", "Recovered")
    assert first["cycle"] == second["cycle"] != ""
    assert first["title"] == "[P2] [Triggered on {service:checkout}] checkout error rate"
    assert (first["scope"], first["unknown"]) == ("service:checkout", "$NO_SUCH_THING")
    assert abs(int(first["date"]) / 1000 - time.time()) < 60
    assert receiver.headers[0]["X-FixLoop-Secret"] == "s3cret"
    assert hidden == {"name": "SECRET", "is_secret": True}


async def test_the_default_payload_is_the_recorded_one() -> None:
    """Without a payload of its own a webhook tells neither alert id nor transition."""
    async with receiving() as receiver, running() as client:
        await client.call("POST", WEBHOOKS, json={"name": "fixloop", "url": receiver.url})
        await _create(client, monitor())
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
    body = json.loads(receiver.bodies[0])
    assert list(body) == ["body", "last_updated", "event_type", "title", "date", "org", "id"]
    assert body["body"].startswith("%%%\n")
    assert body["event_type"] == "query_alert_monitor"


async def test_a_form_webhook_sends_fields() -> None:
    """encode_as=form turns the payload's keys into form fields."""
    async with receiving() as receiver, running() as client:
        await _hook(client, receiver, encode_as="form")
        await _create(client, monitor())
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
    assert parse_qs(receiver.bodies[0])["transition"] == ["Triggered"]


@pytest.mark.parametrize(
    ("statuses", "attempts"), [([503, 500, 200], 3), ([404], 1), ([500] * 9, 6), ([302], 1), ([200], 1)]
)
async def test_only_a_failing_server_is_tried_again(statuses: list[int], attempts: int) -> None:
    """5xx is retried up to five times, 4xx never; the journal counts the attempts."""
    async with receiving() as receiver, running() as client:
        receiver.statuses = list(statuses)
        client.datadog.deliveries.mood.retry_delays_s = (0.001,) * 5
        await _hook(client, receiver)
        await _create(client, monitor())
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        await until(lambda: client.datadog.deliveries.under_way == 0)
        noted = client.datadog.journal.entries("webhook")
    assert len(receiver.bodies) == attempts
    assert [entry.status for entry in noted] == statuses[:attempts]


async def test_a_lost_connection_is_tried_again() -> None:
    """Nobody listening counts as a connection lost: six attempts, each in the journal."""
    async with receiving() as receiver, running() as client:
        receiver.url = "http://127.0.0.1:9/hook"
        client.datadog.deliveries.mood.retry_delays_s = (0.001,) * 5
        await _hook(client, receiver)
        await _create(client, monitor())
        await _traffic(client, errors=5)
        client.datadog.alerting.evaluate()
        await until(lambda: client.datadog.deliveries.under_way == 0)
        assert [entry.status for entry in client.datadog.journal.entries("webhook")] == [None] * 6


async def test_deliveries_can_come_twice_and_late() -> None:
    """What the real network does now and then can be switched on."""
    async with receiving() as receiver, running() as client:
        client.datadog.deliveries.mood.duplicates = 1
        client.datadog.deliveries.mood.late_s = 0.2
        await _hook(client, receiver)
        await _create(client, monitor())
        await _traffic(client, errors=5)
        began = time.monotonic()
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 2)
    assert receiver.bodies[0] == receiver.bodies[1]
    assert time.monotonic() - began >= 0.2


async def test_a_grouped_monitor_tells_each_group_by_itself() -> None:
    """One bad replica of two: one notification, which names it."""
    async with receiving() as receiver, running() as client:
        await _hook(client, receiver)
        await _create(client, monitor("sum(last_10s):sum:errors{service:checkout} by {replica}.as_count() > 3"))
        for replica, errors in (("1", 0), ("2", 9)):
            await client.send("errors", 1, time.time() - 1, errors, "service:checkout", f"replica:{replica}")
        client.datadog.alerting.evaluate()
        await until(lambda: client.datadog.deliveries.under_way == 0)
    [body] = receiver.bodies
    assert json.loads(body)["scope"] == "replica:2,service:checkout"


async def test_a_downtime_silences_its_monitor() -> None:
    """The monitor still changes, the event is there, nobody is told; cancelled, it speaks again."""
    async with receiving() as receiver, running() as client:
        await _hook(client, receiver)
        number = await _create(client, monitor())
        mute = {"scope": "service:checkout", "monitor_identifier": {"monitor_id": number}}
        _, made = await client.call("POST", "/api/v2/downtime", json={"data": {"attributes": mute}})
        await _traffic(client, errors=5)
        [notice] = client.datadog.alerting.evaluate()
        assert (notice.transition, client.datadog.deliveries.under_way) == ("Triggered", 0)
        _, found = await client.call("POST", "/api/v2/events/search", json={"filter": {"query": "status:error"}})
        status, _ = await client.call("DELETE", f"/api/v2/downtime/{made['data']['id']}")
        await _traffic(client, errors=-5)
        client.datadog.alerting.evaluate()
        await until(lambda: len(receiver.bodies) == 1)
    assert (len(found["data"]), status) == (1, 204)
    assert json.loads(receiver.bodies[0])["transition"] == "Recovered"


def _notice(message: str, transition: str = "Triggered") -> Notice:
    body = {**monitor(), "message": message}
    watched = Monitor(number=7, body=body, condition=parse_condition(body), created_at=0)
    state = GroupState(status="Alert", value=0.31, cycle_key="42", triggered_at=1.0)
    return Notice(
        number=9,
        at=2.0,
        monitor=watched,
        group=(),
        state=state,
        transition=transition,
        app_url="https://dd.example",
    )


def test_message_blocks_follow_the_status() -> None:
    """{{#is_alert}} shows its inside in an alert only; what is not known stays."""
    text = "{{#is_alert}}rate {{value}} > {{threshold}}{{/is_alert}}{{#is_recovery}}fine{{/is_recovery}} {{who}}"
    assert settle(text, _notice(text)) == "rate 0.31 > 0.05 {{who}}"


def test_values_stay_inside_their_json_string() -> None:
    """A message with quotes and newlines cannot break the payload it is put into."""
    values = variables(_notice('he said "no"\nand left'))
    body = json.loads(fill('{"m": "$TEXT_ONLY_MSG", "team": "$TAGS[team]", "id": $ID}', values, in_json=True))
    assert body["m"].startswith('he said "no"\nand left')
    assert (body["team"], body["id"]) == ("shop", 9)
    assert values["ALERT_STATUS"].endswith("was > 0.05 on average during the last 10s.")
