"""The metric query language: what it reads, what it refuses, what it computes."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.sandbox.datadog.evaluate import Window, evaluate, window_for
from fixloop_bot.sandbox.datadog.query import QueryError, leaves, parse_query
from fixloop_bot.sandbox.datadog.store import MetricStore

NOW = 1_800_000_000
RATE = "sum:errors{service:checkout}.as_count() / sum:requests{service:checkout}.as_count()"


def filled() -> MetricStore:
    """Ten seconds of two replicas: 10 requests a second each, replica 2 fails one of them every second."""
    store = MetricStore()
    for second in range(NOW - 10, NOW):
        for replica in ("1", "2"):
            tags = frozenset({"service:checkout", "env:prod", f"replica:{replica}"})
            store.add("requests", "count", tags, second, [10], NOW)
            store.add("errors", "count", tags, second, [1.0 if replica == "2" else 0.0], NOW)
            store.add("memory", "gauge", tags, second, [100.0 * int(replica)], NOW)
            store.add("latency", "distribution", tags, second, [10.0] * 9 + [500.0 * int(replica)], NOW)
    return store


def value(text: str, store: MetricStore | None = None) -> float | None:
    """The query over the ten seconds in one bucket."""
    window = Window(start=NOW - 10, end=NOW, interval=10)
    table = evaluate(parse_query(text), window, store or filled())
    assert len(table) == 1
    [points] = table.values()
    return points[NOW - 10]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum:requests{*}", 200),
        ("sum:requests{replica:1}", 100),
        ("sum:requests{!replica:1,service:checkout}", 100),
        ("sum:errors{!replica:1}", 10),
        ("sum:errors{replica NOT IN (2,3)}", 0),
        ("sum:requests{replica:* AND NOT replica:2}", 100),
        ("sum:requests{replica IN (1,2)}", 200),
        ("sum:requests{(replica:1 OR replica:2) AND env:p*}", 200),
        ("sum:requests{*}.as_rate()", 20),
        ("max:requests{*}.rollup(max, 5)", 10),
        ("memory{*}", 150),
        ("min:memory{*}", 100),
        ("count:memory{*}", 2),
        (RATE, 0.05),
        ("1 - " + RATE, 0.95),
        (f"100 * ({RATE})", 5),
        ("-sum:requests{*} + 2 * 3", -194),
        ("sum:requests{*} / sum:absent.zero{*}.fill(zero)", None),
        ("count:latency{*}", 200),
        ("max:latency{*}", 1000),
    ],
)
def test_queries_compute_what_datadog_computes(text: str, expected: float | None) -> None:
    """Counts add up over time and space, gauges average over time, and arithmetic keeps its precedence."""
    store = filled()
    store.add("absent.zero", "count", frozenset({"x:y"}), NOW - 1, [0.0], NOW)
    found = value(text, store)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("rank", "expected"), [("p50", 10), ("p75", 10), ("p95", 500), ("p99", 1000)])
def test_percentiles_are_those_of_all_requests(rank: str, expected: float) -> None:
    """A percentile merges the replicas' requests and is within 1 % of the exact one."""
    assert value(f"{rank}:latency{{service:checkout}}") == pytest.approx(expected, rel=0.011)


def test_grouping_gives_one_line_for_each_value() -> None:
    """`by {tag}` splits, and an ungrouped side is applied to every group."""
    window = Window(start=NOW - 10, end=NOW, interval=10)
    text = "sum:errors{*} by {replica} / sum:requests{*}"
    table = evaluate(parse_query(text), window, filled())
    assert table == {("replica:1",): {NOW - 10: 0.0}, ("replica:2",): {NOW - 10: pytest.approx(0.05)}}


def test_silence_is_no_point_unless_zero_is_asked_for() -> None:
    """A metric without data has no series; default_zero() gives it one."""
    window = Window(start=NOW - 2, end=NOW, interval=1)
    assert evaluate(parse_query("sum:nothing{*}"), window, filled()) == {}
    zeros = evaluate(parse_query("default_zero(sum:nothing{*})"), window, filled())
    assert zeros == {(): {NOW - 2: 0.0, NOW - 1: 0.0}}


def test_the_range_decides_the_resolution() -> None:
    """Five minutes come by the second, an hour by 20 seconds, a day by 300, as recorded."""
    tree = parse_query("a{*}")
    steps = [window_for(tree, NOW - length, NOW, NOW).interval for length in (300, 3600, 86_400)]
    assert steps == [1, 20, 300]
    assert window_for(parse_query("a{*}.rollup(sum, 60)"), NOW - 300, NOW, NOW).interval == 60


BAD = """|1 + 1|avg:a|avg:a{|avg:a{k:v|median:a{*}|a{*} +|a{*} b{*}|(a{*}|a{!}|a{k:v OR}|a{*}.rollup(mode)
|a{*}.rollup(sum, 0)|a{*}.as_count(3)|1/0 + a{*}"""


@pytest.mark.parametrize("text", [*BAD.split("|"), "(" * 100 + "a{*}"])
def test_what_is_not_a_query_is_refused_with_a_sentence(text: str) -> None:
    """A bad query is an error that says so, never an empty answer."""
    with pytest.raises(QueryError, match="Error parsing query"):
        parse_query(text)


@given(st.text(alphabet="avgsump95:{}*(),.! +-/kbyIN0_", max_size=40))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    """The parser's only failure is its own, and what it accepts names a metric."""
    try:
        tree = parse_query(text)
    except QueryError:
        return
    assert leaves(tree)


def test_the_store_is_bounded_in_age() -> None:
    """Points too old are refused, and kept ones are dropped after their time; a count says so."""
    store = MetricStore()
    store.add("a", "count", frozenset(), NOW - 3700, [1], NOW)
    store.add("a", "count", frozenset(), NOW, [1], NOW)
    assert store.dropped == 1
    store.forget(NOW + 5 * 3600)
    assert store.names() == []


def test_an_hour_of_the_shop_is_answered_quickly() -> None:
    """28 series, six requests a second for an hour: the error rate and the p95 take under 60 ms each."""
    store = MetricStore()
    for second in range(NOW - 3600, NOW):
        for request in range(6):
            tags = frozenset({"service:checkout", f"replica:{(second + request) % 4}", f"endpoint:{second % 7}"})
            store.add("requests", "count", tags, second, [1], NOW)
            store.add("errors", "count", tags, second, [0], NOW)
            store.add("latency", "distribution", tags, second, [20.0 + request * 7 + second % 50], NOW)
    for text in (RATE, "p95:latency{service:checkout}"):
        tree = parse_query(text)
        window = window_for(tree, NOW - 3600, NOW, NOW)
        fastest = min(_timed(partial(evaluate, tree, window, store)) for _ in range(5))
        assert fastest < 0.06, f"{text} took {fastest * 1000:.1f} ms"


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
