"""The local Datadog over HTTP: keys, limits, intake, search and the shapes of its answers."""

import json
import time
from datetime import UTC, datetime

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.sandbox.datadog import Limit
from fixloop_bot.sandbox.datadog.search import SearchError, parse_search, searchable

from .datadog_account import API_KEY, Client, running

LOGS = "/api/v2/logs/events/search"
COUNT = "/api/v2/logs/analytics/aggregate"


async def test_wrong_keys_are_forbidden() -> None:
    """Validation wants the API key, reading wants both; the refusals are the recorded ones."""
    async with running() as client, aiohttp.ClientSession() as stranger:
        url = client.datadog.url
        async with stranger.get(f"{url}/api/v1/validate") as response:
            assert (response.status, await response.json()) == (403, {"errors": ["API key required"]})
        async with stranger.get(f"{url}/api/v1/monitor", headers={"DD-API-KEY": API_KEY}) as response:
            assert (response.status, await response.json()) == (403, {"errors": ["Forbidden"]})
        async with stranger.post(f"{url}/api/v2/series", headers={"DD-API-KEY": "x"}, json={}) as response:
            assert response.status == 403
        assert await client.call("GET", "/api/v1/validate") == (200, {"valid": True})


async def test_a_query_answers_in_the_recorded_form() -> None:
    """Every field of the recorded answer is there, with milliseconds in the points."""
    now = time.time()
    async with running() as client:
        await client.send("shop.requests", 1, now - 2, 3, "service:checkout", "replica:shop-1")
        await client.send("shop.requests", 1, now - 2, 4, "service:checkout", "replica:shop-2")
        text = "sum:shop.requests{service:checkout} by {replica}"
        [first, second] = await client.query(text, now - 60, now)
        asked = {"query": text, "from": str(int(now - 60)), "to": str(int(now))}
        _, body = await client.call("GET", "/api/v1/query", params=asked)
    assert " ".join(body) == (
        "status resp_version series to_date query message res_type times from_date group_by values"
    )
    assert body["group_by"] == ["replica"]
    assert first["pointlist"] == [[int(now - 2) * 1000, 3.0]]
    assert (second["scope"], second["tag_set"]) == ("replica:shop-2,service:checkout", ["replica:shop-2"])
    assert " ".join(first) == (
        "end attributes metric interval tag_set start length query_index aggr scope pointlist expression unit "
        "display_name"
    )


@pytest.mark.parametrize("changes", [{"query": "avg:a{"}, {"from": "yesterday"}, {"to": ""}, {"from": "9", "to": "1"}])
async def test_a_bad_query_is_a_400_with_a_sentence(changes: dict[str, str]) -> None:
    """What cannot be read is refused, never answered with nothing."""
    async with running() as client:
        asked = {"query": "avg:a{*}", "from": "1", "to": "2", **changes}
        status, body = await client.call("GET", "/api/v1/query", params=asked)
    assert status == 400
    assert len(body["errors"]) == 1


async def test_the_rate_limit_is_announced_and_kept() -> None:
    """Remaining counts down, the call after the last is 429, and Reset says when to come back."""
    async with running(limits={"query": Limit(calls=2, period_s=3600)}) as client:
        url = f"{client.datadog.url}/api/v1/query?from=1&to=2&query=a%7B*%7D"
        answers = []
        for _ in range(3):
            async with client.session.get(url) as response:
                answers.append((response.status, response.headers["X-RateLimit-Remaining"]))
                reset = int(response.headers["X-RateLimit-Reset"])
        assert answers == [(200, "1"), (200, "0"), (429, "0")]
        assert 0 < reset <= 3600


async def test_distributions_answer_percentiles() -> None:
    """What /distribution_points takes in can be asked for as p95, averages and counts."""
    now = int(time.time())
    async with running() as client:
        points = [[now - 1, [float(value) for value in range(1, 101)]]]
        series = {"metric": "shop.latency", "points": points, "tags": ["service:checkout"]}
        posted = await client.call("POST", "/api/v1/distribution_points", json={"series": [series]})
        assert posted == (202, {"status": "ok"})
        [p95] = await client.query("p95:shop.latency{service:checkout}", now - 60, now)
        [count] = await client.query("count:shop.latency{*}", now - 60, now)
    assert p95["pointlist"][0][1] == pytest.approx(95, rel=0.02)
    assert count["pointlist"][0][1] == 100
    assert p95["unit"][0]["short_name"] == "ms"


async def _send_logs(client: Client, count: int) -> None:
    logs = [
        {
            "message": f"payment {n} declined: card expired",
            "service": "checkout",
            "status": "error" if n % 2 else "info",
            "ddsource": "python",
            "ddtags": "env:prod,version:2.14.0",
            "hostname": "shop-1",
            "http": {"status_code": 500 + n},
        }
        for n in range(count)
    ]
    assert await client.call("POST", "/api/v2/logs", json=logs) == (202, {})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("service:checkout status:error", 3),
        ("status:(error OR info)", 6),
        ("service:checkout -status:error", 3),
        ("service:checkout AND NOT status:error", 3),
        ('"payment 1 declined"', 1),
        ("declined expired env:prod host:shop-*", 6),
        ("@http.status_code:>=503", 3),
        ("@http.status_code:[501 TO 502] OR service:other", 2),
        ("(status:error OR status:info) version:2.14.0", 6),
        ("service:cart", 0),
        ("*", 6),
        ("(status:error", None),
    ],
)
async def test_logs_are_found_by_the_search_language(query: str, found: int | None) -> None:
    """Terms, phrases, attributes, wildcards and brackets; what cannot be read is a 400."""
    async with running() as client:
        await _send_logs(client, 6)
        asked = {"filter": {"query": query, "from": "now-15m", "to": "now"}, "page": {"limit": 50}}
        status, body = await client.call("POST", LOGS, json=asked)
    if found is None:
        assert status == 400
        assert body["errors"]
    else:
        assert (status, len(body["data"])) == (200, found)


async def test_logs_come_page_by_page_without_gap_or_repetition() -> None:
    """The cursor goes on where the page ended, and the last page has none."""
    async with running() as client:
        await _send_logs(client, 5)
        seen, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            asked = {"sort": "timestamp", "page": {"limit": 2, **({"cursor": cursor} if cursor else {})}}
            _, body = await client.call("POST", LOGS, json=asked)
            seen += [log["attributes"]["message"].split()[1] for log in body["data"]]
            cursor = body["meta"].get("page", {}).get("after")
            assert ("links" in body) == bool(cursor)
            pages += 1
    assert (seen, pages) == (["0", "1", "2", "3", "4"], 3)
    assert set(body["data"][0]["attributes"]) >= {
        "status",
        "tags",
        "timestamp",
        "host",
        "message",
        "attributes",
    }


@pytest.mark.parametrize("form", ["iso", "milliseconds"])
async def test_a_log_search_keeps_to_its_times(form: str) -> None:
    """ISO times and milliseconds bound a search; a range turned round is refused."""
    async with running() as client:
        await _send_logs(client, 1)
        past = time.time() - 60
        text = datetime.fromtimestamp(past, UTC).isoformat() if form == "iso" else str(int(past * 1000))
        _, before = await client.call("POST", LOGS, json={"filter": {"from": "now-1h", "to": text}})
        _, after = await client.call("POST", LOGS, json={"filter": {"from": text, "to": "now"}})
        status, _ = await client.call("POST", LOGS, json={"filter": {"from": "now", "to": text}})
    assert (len(before["data"]), len(after["data"]), status) == (0, 1, 400)


async def test_logs_are_counted_in_the_recorded_form() -> None:
    """One bucket with the count, none where nothing matches; the search language and the times are the search's."""
    asked = {
        "compute": [{"aggregation": "count", "type": "total"}],
        "filter": {"query": "status:error", "from": "now-1h"},
    }
    async with running() as client:
        logs = [{"message": f"{number}", "status": "error" if number % 3 else "info"} for number in range(9)]
        await client.call("POST", "/api/v2/logs", json=logs)
        status, body = await client.call("POST", COUNT, json=asked)
        _, nothing = await client.call("POST", COUNT, json=asked | {"filter": {"query": "status:critical"}})
        _, past = await client.call("POST", COUNT, json={"filter": {"from": "now-2h", "to": "now-1h"}})
        _, twice = await client.call("POST", COUNT, json={"compute": [{"aggregation": "count"}] * 2})
    assert (status, body["data"]) == (200, {"buckets": [{"by": {}, "computes": {"c0": 6}}]})
    assert body["meta"]["status"] == "done"
    assert nothing["data"] == past["data"] == {"buckets": []}
    assert twice["data"]["buckets"][0]["computes"] == {"c0": 9, "c1": 9}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"compute": []}, 400, "at least one computation"),
        ({"compute": "count"}, 400, "at least one computation"),
        ({"compute": [{"aggregation": "mode"}]}, 400, "must be one of avg, cardinality, count"),
        ({"compute": [{"aggregation": "count", "type": "bar"}]}, 400, "must be total or timeseries"),
        ({"compute": [{"aggregation": "avg"}]}, 400, "required for avg"),
        ({"compute": [{"aggregation": "avg", "metric": "@duration"}]}, 501, "only counts"),
        ({"compute": [{"aggregation": "count", "type": "timeseries"}]}, 501, "only counts"),
        ({"group_by": [{"facet": "service"}]}, 501, "does not group"),
        ({"filter": {"query": "(a"}}, 400, "a bracket is not closed"),
        ({"filter": {"from": "now", "to": "now-1h"}}, 400, "should be anterior"),
        ({"filter": {"from": "yesterday"}}, 400, "is not a time"),
        ({"filter": 7}, 400, "is not an object"),
    ],
)
async def test_a_count_that_cannot_be_made_is_refused(body: dict[str, object], status: int, told: str) -> None:
    """As the real one refuses it, or with a sentence that this one cannot do it; never with a wrong number."""
    async with running() as client:
        answer = await client.call("POST", COUNT, json=body)
    assert answer[0] == status
    assert told in answer[1]["errors"][0]["detail"]


async def test_counting_has_a_limit_of_its_own() -> None:
    """Announced as recorded: 300 in five minutes."""
    async with running() as client, client.session.post(client.datadog.url + COUNT, json={}) as response:
        announced = [response.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Period", "Remaining")]
    assert announced == ["300", "300", "299"]


async def test_change_events_are_found_as_recent_deploys() -> None:
    """A v2 change event and a v1 event answer as recorded and are found by search."""
    change = {"title": "checkout 2.14.0 deployed", "category": "change", "message": "by Mira"}
    change |= {"tags": ["service:checkout"], "attributes": {"changed_resource": {"name": "checkout"}}}  # type: ignore[dict-item]
    async with running() as client:
        posted = await client.call("POST", "/api/v2/events", json={"data": {"type": "event", "attributes": change}})
        old = {"title": "maintenance", "text": "of the database", "tags": ["service:db"]}
        status, body = await client.call("POST", "/api/v1/events", json=old)
        asked = {"filter": {"query": "service:checkout deployed", "from": "now-1h"}}
        _, found = await client.call("POST", "/api/v2/events/search", json=asked)
        _, listed = await client.call("GET", "/api/v2/events", params={"filter[query]": "maintenance"})
    assert posted[0] == 202
    assert posted[1]["data"]["attributes"]["attributes"]["evt"]["id"]
    assert (status, body["status"], body["event"]["title"]) == (202, "ok", "maintenance")
    [deploy] = found["data"]
    assert deploy["attributes"]["attributes"]["changed_resource"] == {"name": "checkout"}
    assert len(listed["data"]) == 1


async def test_the_journal_shows_calls_but_never_keys() -> None:
    """The sandbox's page may show the journal as it is."""
    async with running() as client:
        await client.call("GET", "/api/v1/monitor", params={"api_key": API_KEY, "name": "checkout"})
        await client.send("a", 0, time.time(), 1)
        [entry] = client.datadog.journal.entries("api")
        assert entry.summary == "GET /api/v1/monitor"
        assert API_KEY not in json.dumps(entry.as_json())
        assert client.datadog.journal.intake_calls == 1


@pytest.mark.parametrize("path", ["/api/v2/series", "/api/v2/logs", LOGS, COUNT, "/api/v1/monitor", "/api/v2/downtime"])
@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"series": [3]}', b'{"data": {"attributes": 1}}'])
async def test_nonsense_is_refused_not_crashed_upon(path: str, body: bytes) -> None:
    """A body that makes no sense gets a 4xx in the API's form, or is an empty search."""
    async with running() as client:
        status, answer = await client.call("POST", path, data=body)
    assert status < 500
    assert status < 300 or answer["errors"]


@given(st.text(alphabet='ab:@*"()-<>=[] ORNTD1', max_size=40))
def test_any_text_is_a_search_or_a_search_error(text: str) -> None:
    """The search parser's only failure is its own, and what it accepts can be asked."""
    try:
        match = parse_search(text)
    except SearchError:
        return
    assert match(searchable("a b", ["a:b"], {"a": 1})) in (True, False)
