"""Monitor queries become measures, and measures become links into Datadog's pages."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.datadog.links import DatadogLinks, app_host
from fixloop_bot.adapters.datadog.lz_string import ALPHABET, to_uri_component
from fixloop_bot.adapters.datadog.monitor_query import measure_of, metric_of, narrowed
from fixloop_bot.application.ports import DeepLinks
from fixloop_bot.domain.signals import Comparator, Measure

RATIO = "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"


@pytest.mark.parametrize(
    ("query", "metric", "comparator", "limit", "window_s", "reduce"),
    [
        (f"avg(last_5m):{RATIO} > 0.01", RATIO, ">", 0.01, 300, "avg"),
        ("sum(last_1h):sum:a.b{*}.as_count() >= 10", "sum:a.b{*}.as_count()", ">=", 10, 3600, "sum"),
        ("min(last_90s):avg:a{*} by {host} < -1.5", "avg:a{*} by {host}", "<", -1.5, 90, "min"),
        ("max( last_1d ):( avg:a{b:c} + 1 ) * 100<=1e-3", "( avg:a{b:c} + 1 ) * 100", "<=", 0.001, 86400, "max"),
        ("avg(last_5m):p95:shop.latency{*} > 400", "p95:shop.latency{*}", ">", 400, 300, "avg"),
        ("last(last_2w):default_zero(avg:a{!b:c}) > .5", "default_zero(avg:a{!b:c})", ">", 0.5, 1209600, "last"),
    ],
)
def test_a_metric_monitor_has_a_measure(
    query: str, metric: str, comparator: str, limit: float, window_s: float, reduce: str
) -> None:
    """Query, comparator, limit, window in seconds and folding are those of the monitor."""
    assert measure_of(query) == Measure(
        query=metric, comparator=Comparator(comparator), limit=limit, window_s=window_s, reduce=reduce
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "avg:a{*}",
        'logs("service:a").index("*").rollup("count").last("5m") > 2',
        'trace-analytics("env:prod").rollup("count").last("5m") > 100',
        'formula("a / b").last("5m") > 1',
        '"http.can_connect".over("a:b").by("host").last(2).count_by_status()',
        "percentile(last_5m):p99:shop.latency{*} > 400",
        "change(avg(last_5m),last_1h):avg:a{*} > 5",
        "pct_change(avg(last_5m),last_1h):avg:a{*} > 5",
        "avg(last_4h):anomalies(avg:a{*}, 'basic', 2) >= 1",
        "avg(last_5m):avg:a{*} == 5",
        "avg(last_5m):avg:a{*} > nothing",
        "avg(last_5m):avg:a{* > 5",
        "avg(last_5m):avg:a{*}) > 5",
        "avg(last_5m):avg:a{*} => 5",
        "avg(last_1mo):avg:a{*} > 5",
        "avg(last_5m): > 5",
    ],
)
def test_what_points_cannot_answer_has_no_measure(query: str) -> None:
    assert measure_of(query) is None


@given(st.text(max_size=200))
def test_any_text_is_a_measure_or_none(text: str) -> None:
    for query in (text, f"avg(last_5m):{text} > 5", f"avg(last_5m):avg:a{{*}} > {text}"):
        measure = measure_of(query)
        assert measure is None or measure.query in query


def test_a_long_query_is_looked_at_once() -> None:
    assert measure_of("avg(last_5m):" + "avg:a{" * 100_000 + "> 5") is None


def test_a_group_is_narrowed_only_where_the_scope_settles_it() -> None:
    measure = Measure(query="avg:a{env:prod} by {host} / avg:b{*} by {host,az}", comparator=Comparator.ABOVE, limit=1)
    assert narrowed(measure, "host:x").query == "avg:a{env:prod,host:x} / avg:b{*} by {host,az}"
    assert narrowed(measure, "az:1,host:x").query == "avg:a{env:prod,host:x} / avg:b{host:x,az:1}"
    assert narrowed(measure, "") == measure
    assert narrowed(measure, "host:x} by {y,az:1") == measure


def test_a_metric_has_a_name_only_if_it_is_the_only_one() -> None:
    assert metric_of("avg(last_5m):avg:system.load.1{*} > 1") == "system.load.1"
    assert metric_of(RATIO) is None


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("datadoghq.com", "app.datadoghq.com"),
        ("datadoghq.eu", "app.datadoghq.eu"),
        ("ddog-gov.com", "app.ddog-gov.com"),
        ("us5.datadoghq.com", "us5.datadoghq.com"),
        ("ap1.datadoghq.com", "ap1.datadoghq.com"),
        ("https://api.datadoghq.eu/", "app.datadoghq.eu"),
    ],
)
def test_each_site_has_its_pages(site: str, host: str) -> None:
    assert app_host(site) == host


def test_links_carry_the_window_in_milliseconds() -> None:
    links: DeepLinks = DatadogLinks("datadoghq.eu")
    monitor = links.monitor("4711", group="service:checkout,env:prod", start=1000.5, end=2000)
    assert monitor == (
        "https://app.datadoghq.eu/monitors/4711?group=service%3Acheckout%2Cenv%3Aprod&from_ts=1000500&to_ts=2000000"
    )
    assert links.monitor("47/1?a", group="", start=1, end=2).startswith(
        "https://app.datadoghq.eu/monitors/47%2F1%3Fa?from_ts"
    )
    asked = parse_qs(urlsplit(links.logs("service:checkout status:error", start=1, end=2)).query)
    assert asked == {
        "query": ["service:checkout status:error"],
        "from_ts": ["1000"],
        "to_ts": ["2000"],
        "live": ["false"],
    }


def test_the_metric_link_keeps_the_whole_query() -> None:
    """Metric Explorer's fragment unpacks to the query; no letter of it needs escaping in Slack or a URL."""
    link = DatadogLinks("datadoghq.com").metric(RATIO, start=1, end=2)
    address, _, fragment = link.partition("#")
    assert address == "https://app.datadoghq.com/metric/explorer?start=1000&end=2000&paused=true"
    assert set(fragment) <= set(ALPHABET)
    assert f'"query":"{RATIO}"' in unpacked(fragment)


# Made with lz-string 1.5.0 itself.
VECTORS = {
    "": "Q",
    "a": "IZA",
    "aa": "IbI",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "IY18ZJA",
    "Hello, world": "BIUwNmD2A0AEDukBOYAmQ",
    "hello hello hello": "BYUwNmD2AEoTcpA",
    "£ é ÿ Ā ☃": "MUAglyD-KACAKMBkQ",
    "日本語テキスト": "qemhpzR5UYYwyLUMidDIEwxA",
    "🙂🙃🙂": "rwbiE96YT3SA",
    '{"widget":{"definition":{"type":"timeseries"}}}': "N4Ig7glgJg5gpgFxALlFOAzCA7CCID22KoCAngA5woj4C2cAznAE4RMgC+3QA",
    RATIO: (
        "M4VwtgXMAWD2AOA6ApgJ1bVwDew0DcBLAY2QmOmWIGtYQAXAX0QENgB9YugO3oAoAlAAIA9ENCQYCRKmQBHEMmD0ceVEVLlKNOk1YcuIXoKA"
    ),
}


@pytest.mark.parametrize("text", VECTORS)
def test_compression_is_that_of_lz_string(text: str) -> None:
    assert to_uri_component(text) == VECTORS[text]


@given(st.text(max_size=400) | st.text(alphabet='ab{}:,"', max_size=400))
def test_what_is_compressed_can_be_unpacked(text: str) -> None:
    assert unpacked(to_uri_component(text)) == text


def unpacked(letters: str) -> str:
    """LZ-string's decompression, written from its description; what cannot be read further ends the text."""
    bits = iter([ALPHABET.index(letter) >> shift & 1 for letter in letters for shift in range(5, -1, -1)])

    def read(width: int) -> int:
        return sum(next(bits) << place for place in range(width))

    known: dict[int, list[int]] = {}
    text: list[int] = []
    last: list[int] = []
    width, room, following = 2, 2, 3
    with suppress(RuntimeError, IndexError, KeyError):  # the bits ran out, or mean nothing
        while (code := read(width)) != 2:
            if code in (0, 1):
                known[following] = [read(16 if code else 8)]
                code, following, room = following, following + 1, room - 1
                if room == 0:
                    room, width = 2**width, width + 1
            entry = known[code] if code in known else [*last, last[0]]
            if last:
                known[following] = [*last, entry[0]]
                following += 1
            text += entry
            last, room = entry, room - 1
            if room == 0:
                room, width = 2**width, width + 1
    return b"".join(unit.to_bytes(2, "little") for unit in text).decode("utf-16-le", "surrogatepass")
