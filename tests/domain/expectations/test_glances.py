"""Shortcuts on the way of hundreds of samples say what the long way says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations import assertions, expect
from fixloop_bot.domain.expectations.answers import Answer
from fixloop_bot.domain.expectations.compiled import json_path, plain_steps
from fixloop_bot.domain.expectations.terms import found
from fixloop_bot.domain.samples import Response

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.0, 19.99, "a", "", "1"]))
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab1"), inner, max_size=3)
)
PATHS = st.lists(st.sampled_from([".a", ".b", "['1']", "[0]", "[-1]", "[2]", "[-4]"]), max_size=4).map("".join)
LINES = st.one_of(
    st.tuples(PATHS, st.sampled_from(["==", "!=", "<", "length =="]), SCALARS.map(json.dumps)).map(
        lambda parts: f"json ${parts[0]} {parts[1]} {parts[2]}"
    ),
    st.sampled_from(["status == 200", "status == 2xx", "status in 200, 204", "status != 200", "p95 < 5 ms"]),
)


@given(DOCUMENTS, PATHS)
def test_a_plain_path_finds_what_the_query_finds(document: object, steps: str) -> None:
    """Names and indices are walked, with RFC 9535's results."""
    assert plain_steps(f"${steps}") is not None
    assert found(f"${steps}", document) == [node.value for node in json_path(f"${steps}").find(document)]


@pytest.mark.parametrize("path", ["$..a", "$[*]", "$[0, 1]", "$[0:2]", "$.a[?@.b]", "$['a', 'b']"])
def test_a_path_that_may_find_several_is_not_plain(path: str) -> None:
    """Those run as queries."""
    assert plain_steps(path) is None


@given(LINES, DOCUMENTS, st.sampled_from([200, 204, 500]), st.booleans())
def test_a_glance_never_says_yes_to_what_does_not_hold(line: str, document: object, status: int, cut: bool) -> None:
    """Whatever the line and the answer, also one that is no JSON; and what a glance misses is still looked at."""
    try:
        assertion = expect.parse(line)
    except ExpectError:
        return
    body = json.dumps(document).encode()
    response = Response(status=status, body=body[:-1] if cut else body, latency_ms=7.0)
    glance = assertions.glance(assertion)
    held = assertions.hold(assertion, response).held
    if glance is not None and glance(Answer(response)):
        assert held
    assert (assertions.failures([assertion], response) == []) is held


def test_the_commonest_lines_have_a_glance() -> None:
    """Otherwise it would be of no use."""
    response = Response(status=200, body=b'{"total": 19.99, "items": [{"id": "a"}]}')
    for line in ("status == 200", "json $.total == 19.990", 'json $.items[0].id == "a"'):
        glance = assertions.glance(expect.parse(line))
        assert glance is not None
        assert glance(Answer(response))


def test_failures_come_in_order_with_quantiles_last() -> None:
    """A quantile is a bound on this one answer here; it is told after what the answer itself got wrong."""
    lines = [expect.parse(line) for line in ("p95 < 5 ms", "status == 500", "json $.a == 1", "status == 200")]
    wrong = assertions.failures(lines, Response(status=200, body=b'{"a": 2}', latency_ms=7.0))
    assert [result.source for result in wrong] == ["status == 500", "json $.a == 1", "p95 < 5 ms"]
    assert wrong == [result for result in (*assertions.hold_all(lines, wrong_answer()), wrong[-1]) if not result.held]


def wrong_answer() -> Response:
    return Response(status=200, body=b'{"a": 2}', latency_ms=7.0)


def test_an_answer_is_parsed_once_and_kept_apart_from_the_next() -> None:
    """The same response gives the same answer; an equal one of another sample does not."""
    first, second = wrong_answer(), wrong_answer()
    assert Answer(first) is Answer(first)
    assert Answer(first).document() is Answer(first).document()
    assert Answer(second) is not Answer(first)
    assert Answer(second).response is second
