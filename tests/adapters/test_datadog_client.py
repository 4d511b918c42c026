"""Datadog's telemetry over HTTP: what is read, what is retried, and what is said when it fails."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.datadog.rate_limit import QueryBudget
from fixloop_bot.application.ports import LogLine, Series, Telemetry
from fixloop_bot.domain.errors import TelemetryUnavailable
from tests.adapters.datadog_server import LIMITS, Say, ScriptedDatadog, scripted_datadog

QUERY = "/api/v1/query"
LOGS = "/api/v2/logs/events/search"
COUNT = "/api/v2/logs/analytics/aggregate"
OK = {"status": "ok", "series": [{"scope": "service:a", "pointlist": [[1000.0, 1.5], [2000.0, None], [3000.0, 2]]}]}
API_KEY, APP_KEY = "0123456789abcdef-api", "0123456789abcdef-app"


@pytest.fixture
async def datadog() -> AsyncIterator[ScriptedDatadog]:
    async with scripted_datadog() as server:
        yield server


@pytest.fixture
async def telemetry(datadog: ScriptedDatadog) -> AsyncIterator[DatadogTelemetry]:
    client = DatadogTelemetry(api_key=API_KEY, app_key=APP_KEY, host=datadog.host, deadline_s=5)
    yield client
    client.close()


async def ask(telemetry: Telemetry) -> list[Series]:
    return list(await telemetry.query("avg:a{*}", start=10.9, end=20.1))


async def failure(telemetry: Telemetry) -> str:
    with pytest.raises(TelemetryUnavailable) as unavailable:
        await ask(telemetry)
    return str(unavailable.value)


async def test_points_are_read_and_gaps_left_out(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """Milliseconds become seconds, nulls are gaps, and the window asked for covers the one wanted."""
    datadog.will(QUERY, Say(body=OK))
    assert await ask(telemetry) == [Series(scope="service:a", points=((1.0, 1.5), (3.0, 2.0)))]
    (asked,) = datadog.asked
    assert asked.query == {"from": "10", "to": "21", "query": "avg:a{*}"}
    assert (asked.headers["DD-API-KEY"], asked.headers["DD-APPLICATION-KEY"]) == (API_KEY, APP_KEY)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "ok", "series": []},
        {"status": "ok", "series": None},
        {"status": "ok"},
        {"status": "ok", "series": {}},
        {"series": [7]},
        [],
    ],
)
async def test_no_series_is_an_empty_answer(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, body: object
) -> None:
    datadog.will(QUERY, Say(body=body))
    assert await ask(telemetry) == []


async def test_odd_points_are_gaps(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    points = [[1000, 1], [2000], "x", [None, 1], [3000, "1"], [4000, True], None, [500, 0]]
    datadog.will(QUERY, Say(body={"series": [{"pointlist": points}, {"pointlist": None}]}))
    assert [series.points for series in await ask(telemetry)] == [((0.5, 0.0), (1.0, 1.0)), ()]


@pytest.mark.parametrize(
    ("say", "sentence"),
    [
        (
            Say(status=400, body={"errors": ["Error parsing query: no"]}),
            "does not accept the query (400): Error parsing",
        ),
        (
            Say(status=422, body={"errors": [{"title": "Generic", "detail": "bad"}]}),
            "does not accept the query (422): bad",
        ),
        (Say(status=400, body=b"<html>no</html>"), "Datadog does not accept the query (400)"),
        (Say(status=400, body={"error": "odd"}), "(400): odd"),
        (Say(status=400, body=["odd"]), "(400): odd"),
        (Say(status=400, body=7), "Datadog does not accept the query (400)"),
        (Say(status=400, body=b"\xff\xfe\xfa"), "not text"),
        (Say(status=403, body={"errors": ["API key required"]}), "check DD_API_KEY."),
        (Say(status=403, body={"errors": ["Invalid application key"]}), "check DD_APP_KEY."),
        (Say(status=403, body={"errors": ["Forbidden"]}), "check DD_API_KEY, and whether DD_APP_KEY may do this."),
        (Say(status=401, body=b"<html></html>"), "refused the query (401)"),
        (Say(status=404, body={"errors": ["no such route"]}), "does not know the query (404): no such route"),
        (Say(status=302, headers={"Location": "/login"}), "status 302"),
        (Say(status=200, body=b"<html>sign in</html>"), "is not JSON"),
        (Say(status=200, body={"status": "error", "error": "too many points"}), "too many points"),
        (Say(status=200, body=b""), "is not JSON"),
        (Say(status=400, body={"errors": [f"key {API_KEY} is odd"]}), "key … is odd"),
    ],
)
async def test_a_refusal_is_one_sentence_and_not_repeated(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, say: Say, sentence: str
) -> None:
    """It says what Datadog said, names the key to look at, never contains a key, and asking again would not help."""
    datadog.will(QUERY, say)
    said = await failure(telemetry)
    assert sentence in said
    assert API_KEY not in said
    assert "<" not in said
    assert len(datadog.asked) == 1


async def test_a_missing_key_is_named_without_asking(datadog: ScriptedDatadog) -> None:
    telemetry = DatadogTelemetry(api_key=API_KEY, app_key="", host=datadog.host)
    assert await failure(telemetry) == "DD_APP_KEY is not set, so Datadog was not asked for the query."
    assert not datadog.asked
    telemetry.close()


@pytest.mark.parametrize(
    "trouble",
    [
        Say(status=500, body={"errors": ["oops"]}),
        Say(status=503, body=b"<html>busy</html>"),
        Say(cut=True),
        Say(status=429, headers=LIMITS | {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}),
    ],
)
async def test_a_passing_trouble_is_retried(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, trouble: Say
) -> None:
    """Two failures in a row are overcome."""
    datadog.will(QUERY, trouble, trouble, Say(body=OK))
    assert len(await ask(telemetry)) == 1
    assert len(datadog.asked) == 3


async def test_a_lasting_trouble_is_given_up_after_three_tries(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry
) -> None:
    datadog.will(QUERY, Say(status=502, body={"errors": ["bad gateway"]}))
    began = monotonic()
    assert "a problem of its own (502): bad gateway" in await failure(telemetry)
    assert len(datadog.asked) == 3
    assert monotonic() - began < 5


async def test_a_spent_limit_is_not_waited_for(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """A reset that is an hour away is said, not slept; and the poller learns of it."""
    datadog.will(QUERY, Say(status=429, headers=LIMITS | {"X-RateLimit-Remaining": "0"}))
    began = monotonic()
    assert await failure(telemetry) == "Datadog's rate limit for the query is used up (429); it resets in 3000 s."
    assert monotonic() - began < 2
    assert len(datadog.asked) == 1
    assert telemetry.seconds_between_queries() == pytest.approx(3000, abs=5)


async def test_silence_ends_at_the_deadline(datadog: ScriptedDatadog) -> None:
    datadog.will(QUERY, Say(hang=True))
    telemetry = DatadogTelemetry(api_key=API_KEY, app_key=APP_KEY, host=datadog.host, deadline_s=0.6)
    began = monotonic()
    assert await failure(telemetry) == "Datadog did not answer within 0.6 s."
    assert monotonic() - began < 2
    telemetry.close()


async def test_a_closed_port_is_said() -> None:
    async with scripted_datadog() as gone:
        host = gone.host
    telemetry = DatadogTelemetry(api_key=API_KEY, app_key=APP_KEY, host=host)
    assert await failure(telemetry) == f"Datadog could not be reached at {host}: the connection was refused."
    telemetry.close()


async def test_keys_are_in_no_log(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    datadog.will(QUERY, Say(status=403, body={"errors": ["Forbidden"]}))
    await failure(telemetry)
    assert "api/v1/query" in caplog.text
    assert API_KEY not in caplog.text
    assert APP_KEY not in caplog.text


async def test_logs_are_read_newest_first(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """A record without a message of its own gives the error that it carries; odd records give what they have."""
    datadog.will(
        LOGS,
        Say(
            body={
                "data": [
                    {
                        "id": "a",
                        "attributes": {"timestamp": "2022-04-11T16:29:47.000Z", "status": "ok", "message": "old"},
                    },
                    {
                        "id": "b",
                        "attributes": {"timestamp": 1_700_000_000_000, "attributes": {"error": {"message": "new"}}},
                    },
                    {"id": "c", "attributes": None},
                    "odd",
                ]
            }
        ),
        method="POST",
    )
    lines = await telemetry.error_logs("service:a status:error", start=1, end=2.5, limit=20)
    assert [(line.id, line.message) for line in lines] == [("b", "new"), ("a", "old"), ("c", "")]
    assert lines[1] == LogLine(id="a", at=1_649_694_587.0, status="ok", service="", message="old")
    assert datadog.asked[0].body == {
        "filter": {"query": "service:a status:error", "from": "1000", "to": "2500"},
        "sort": "-timestamp",
        "page": {"limit": 20},
    }


async def test_no_logs_are_no_lines(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    bodies: tuple[dict[str, object], ...] = ({"data": []}, {"data": None}, {})
    for body in bodies:
        datadog.will(LOGS, Say(body=body), method="POST")
        assert await telemetry.error_logs("a", start=1, end=2) == []


async def test_logs_are_counted_by_datadog(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """One number for a search between two times; no bucket is how Datadog says zero."""
    one = {"meta": {"status": "done"}, "data": {"buckets": [{"by": {}, "computes": {"c0": 1234.0}}]}}
    datadog.will(COUNT, Say(body=one), Say(body={"data": {"buckets": []}}), method="POST")
    assert await telemetry.count_logs("service:a status:error", start=1, end=2.5) == 1234
    assert await telemetry.count_logs("service:a status:error", start=1, end=2.5) == 0
    assert datadog.asked[0].body == {
        "compute": [{"aggregation": "count", "type": "total"}],
        "filter": {"query": "service:a status:error", "from": "1000", "to": "2500"},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"status": "timeout"}, "data": {"buckets": []}},
        {"meta": {"status": "done", "warnings": [{"code": "unknown_index"}]}, "data": {"buckets": []}},
        {},
        [],
        {"data": None},
        {"data": {}},
        {"data": {"buckets": None}},
        {"data": {"buckets": {}}},
        {"data": {"buckets": [7]}},
        {"data": {"buckets": [{"computes": {}}]}},
        {"data": {"buckets": [{"computes": {"c0": "7"}}]}},
        {"data": {"buckets": [{"computes": {"c0": True}}]}},
        {"data": {"buckets": [{"computes": {"c0": -1}}]}},
        {"data": {"buckets": [{"computes": {"c0": [{"time": "t", "value": 1}]}}]}},
    ],
)
async def test_a_count_that_is_partial_or_odd_is_never_zero(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, body: object
) -> None:
    """Zero error logs are proof of something; an answer that says nothing is not."""
    datadog.will(COUNT, Say(body=body), method="POST")
    with pytest.raises(TelemetryUnavailable, match=r"counted only a part|cannot be read"):
        await telemetry.count_logs("a", start=1, end=2)


async def test_a_refused_count_is_one_sentence(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """As every other refusal."""
    refusal = {"errors": [{"status": "400", "title": "Bad Request", "detail": "Invalid query: a bracket"}]}
    datadog.will(COUNT, Say(status=400, body=refusal), method="POST")
    with pytest.raises(TelemetryUnavailable, match=r"does not accept the log count \(400\): Invalid query: a bracket"):
        await telemetry.count_logs("(", start=1, end=2)
    assert len(datadog.asked) == 1


GROUPS = {"service:a,env:prod": {"status": "Alert"}, "service:b,env:prod": {"status": "OK"}}


@pytest.mark.parametrize(
    ("monitor", "group", "state"),
    [
        ({"overall_state": "Alert", "state": {"groups": GROUPS}}, "env:prod, service:a", "Alert"),
        ({"overall_state": "Alert", "state": {"groups": GROUPS}}, "service:b,env:prod", "OK"),
        ({"overall_state": "Alert", "state": {"groups": GROUPS}}, "", "Alert"),
        ({"overall_state": "OK", "state": {"groups": GROUPS}}, "service:gone", "OK"),
        ({"overall_state": "No Data", "state": {"groups": {}}}, "service:a", "No Data"),
        ({"overall_state": "Warn", "state": {"groups": {"*": {"status": "Warn"}}}}, "service:a", "Warn"),
        ({"overall_state": None}, "", "Unknown"),
    ],
)
async def test_a_monitor_says_the_state_of_one_group(
    datadog: ScriptedDatadog, telemetry: DatadogTelemetry, monitor: dict[str, object], group: str, state: str
) -> None:
    datadog.will("/api/v1/monitor/4711", Say(body=monitor | {"name": "Errors"}))
    reading = await telemetry.monitor_state("4711", group=group)
    assert (reading.state, reading.name) == (state, "Errors")
    assert datadog.asked[0].query == {"group_states": "all"}


async def test_an_unknown_monitor_or_group_is_said(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    with pytest.raises(TelemetryUnavailable, match=r"does not know monitor 12 \(404\)"):
        await telemetry.monitor_state("12")
    with pytest.raises(TelemetryUnavailable, match="'x' is not the id"):
        await telemetry.monitor_state("x")
    datadog.will("/api/v1/monitor/4711", Say(body={"overall_state": "Alert", "state": {"groups": GROUPS}}))
    with pytest.raises(TelemetryUnavailable, match="reports no group service:gone"):
        await telemetry.monitor_state("4711", group="service:gone")


async def test_pace_follows_the_headers_of_queries(datadog: ScriptedDatadog, telemetry: DatadogTelemetry) -> None:
    """Before any answer 5 s; then so slow that a fifth of the limit is left when the window resets."""
    assert telemetry.seconds_between_queries() == 5
    datadog.will(QUERY, Say(body=OK, headers=LIMITS))
    await ask(telemetry)
    assert telemetry.seconds_between_queries() == pytest.approx(3000 / (599 - 120), abs=0.1)


def test_pace_keeps_the_reserve_in_every_window() -> None:
    """Plenty left: 5 s. Only the reserve left: until the reset. After the reset: the whole window's pace."""
    now = [100.0]
    budget = QueryBudget(now=lambda: now[0])

    def note(remaining: str, reset: str) -> None:
        budget.note(LIMITS | {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset})

    note("600", "60")
    assert budget.seconds_between() == 5
    note("120", "2000")
    assert budget.seconds_between() == 2000
    now[0] += 1500
    assert budget.seconds_between() == 500
    now[0] += 1000
    assert budget.seconds_between() == 3600 / 480
    budget.note({"X-RateLimit-Limit": "nonsense"})
    assert budget.seconds_between() == 3600 / 480


async def test_without_keys_every_question_says_what_to_set() -> None:
    telemetry: Telemetry = NullTelemetry()
    sentence = "Datadog keys are not set: DD_API_KEY and DD_APP_KEY"
    assert await failure(telemetry) == sentence
    with pytest.raises(TelemetryUnavailable, match=sentence):
        await telemetry.error_logs("a", start=1, end=2)
    with pytest.raises(TelemetryUnavailable, match=sentence):
        await telemetry.count_logs("a", start=1, end=2)
    with pytest.raises(TelemetryUnavailable, match=sentence):
        await telemetry.monitor_state("1")
    assert telemetry.seconds_between_queries() == 5


def test_importing_the_adapter_does_not_import_the_library() -> None:
    code = (
        "import sys, fixloop_bot.adapters.datadog.client, fixloop_bot.adapters.datadog.install;"
        "print('datadog_api_client' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
