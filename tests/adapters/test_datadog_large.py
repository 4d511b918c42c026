"""Large answers are read as small ones are, and the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.datadog import large
from fixloop_bot.adapters.datadog.api import _json
from fixloop_bot.adapters.datadog.large import LARGE, MOST_RECORDS, in_pieces
from fixloop_bot.adapters.datadog.records import lines_of, series_of

BLOCKED_S = 0.05


def metric(points: int, *, series: int = 1) -> dict[str, Any]:
    told = [[1_700_000_000_000 + at * 1_000, None if at % 97 == 5 else at % 7 + 0.25] for at in range(points)]
    return {
        "status": "ok",
        "series": [{"scope": f"pod:{n}", "pointlist": told, "expression": "x"} for n in range(series)],
    }


def logs(count: int) -> dict[str, Any]:
    def line(at: int) -> dict[str, Any]:
        own = {"msg": "}, {", "list": [{"a": 1}, {"b": "]]"}]}
        about = {"timestamp": "2026-11-22T02:51:07Z", "status": "error", "service": "shop", "message": f"order {at}"}
        return {"id": f"l{at}", "type": "log", "attributes": {**about, "attributes": own}}

    return {"data": [line(at) for at in range(count)], "meta": {"page": {"after": "x"}}}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("series", [1, 3])
def test_a_large_metric_is_the_same_in_pieces(separators: tuple[str, str], series: int) -> None:
    """Each point of each series, gaps included."""
    body = json.dumps(metric(9_000, series=series), separators=separators).encode()
    read = in_pieces(body)
    assert read is not None
    assert series_of(read) == series_of(orjson.loads(body))


def test_of_a_large_log_answer_the_first_records_are_read() -> None:
    """As many as a page can have; the newest come first."""
    body = json.dumps(logs(20_000)).encode()
    read = in_pieces(body)
    assert read is not None
    assert MOST_RECORDS <= len(read["data"]) < MOST_RECORDS + 200
    assert lines_of(read, most=100) == lines_of(orjson.loads(body), most=100)


def test_a_log_answer_of_a_page_is_whole() -> None:
    """With what stands behind its records."""
    body = json.dumps(logs(1_000)).encode()
    assert len(body) > LARGE
    assert in_pieces(body) == orjson.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[' + b'{"a":"' + b"x" * LARGE,
        b'{"series":[{"pointlist":[[1,2],[3' + b" " * LARGE,
        b'{"series":[{"pointlist":[[1]]}],"x":"' + b" " * LARGE + b'"}',
        b'{"series":{"pointlist":[[1,2]]},"x":"' + b" " * LARGE + b'"}',
        b'{"data":7,"x":"' + b" " * LARGE + b'"}',
        b" " * LARGE,
    ],
)
def test_what_is_not_as_expected_is_left_to_the_ordinary_reader(body: bytes) -> None:
    assert in_pieces(body) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.lists(st.one_of(st.none(), st.integers(-9, 9), st.floats(-1, 1)), min_size=2, max_size=2))),
    st.text(alphabet='[]{},:" pointlist"x', max_size=60),
    st.integers(1, 40),
)
def test_any_document_is_read_the_same(lists: list[Any], name: str, piece: int) -> None:
    """Whatever the pieces are, and whatever stands around the points."""
    told = {"series": [{"scope": name, "pointlist": each, name: 1} for each in lists], "status": name}
    body = orjson.dumps(told)
    kept = large.LARGE, large.PIECE
    large.LARGE, large.PIECE = 1, piece
    try:
        read = _json(body)
    finally:
        large.LARGE, large.PIECE = kept
    assert series_of(read) == series_of(orjson.loads(body)) if name != "error" else True


async def test_the_loop_goes_on_while_two_megabytes_are_read() -> None:
    """The longest pause of the loop in the best of three attempts, since the machine may have other things to do."""
    bodies = [json.dumps(metric(90_000)).encode(), json.dumps(logs(30_000)).encode()]
    assert [len(body) > 1_900_000 for body in bodies] == [True, True]
    worst = [max([await pause(body) for body in bodies]) for _ in range(3)]
    assert min(worst) < BLOCKED_S, f"the loop was blocked for {worst} s"


async def pause(body: bytes) -> float:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            longest = max(longest, time.perf_counter() - began - 0.002)

    def read() -> None:
        document = _json(body)
        assert series_of(document) or lines_of(document, most=100)

    watching = asyncio.create_task(watch(), name="watch")
    await asyncio.sleep(0.01)
    await asyncio.to_thread(read)
    watching.cancel()
    await asyncio.wait({watching})
    return longest
