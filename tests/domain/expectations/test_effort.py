"""What a line may cost: refused where the line alone shows it, ended where only the answer does."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations import assertions, expect
from fixloop_bot.domain.expectations.compiled import json_path
from fixloop_bot.domain.expectations.effort import Effort, TooMuch
from fixloop_bot.domain.expectations.path_walk import walk
from fixloop_bot.domain.samples import Response
from fixloop_bot.domain.shapes import is_large

TOO_MUCH = "too many values to look at"
OBJECTS = b"[" + b",".join(b'{"a":%d}' % number for number in range(80_000)) + b"]"
TWICE = {"$defs": {"a": {"allOf": [{"items": {"$ref": "#/$defs/a"}}] * 2}}, "$ref": "#/$defs/a"}
SLOWLY_TWICE = {
    "$defs": {
        "a": {"items": {"items": {"items": {"$ref": "#/$defs/b"}}}},
        "b": {"anyOf": [{"items": {"$ref": "#/$defs/a"}}, {"items": {"$ref": "#/$defs/a"}, "minItems": 5}]},
    },
    "$ref": "#/$defs/a",
}


def answer(body: bytes) -> Response:
    return Response(status=200, body=body, latency_ms=7.0)


def held(line: str, body: bytes) -> str:
    """What was seen; empty if the line holds."""
    result = assertions.hold(expect.parse(line), answer(body))
    return "" if result.held else result.seen


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("$" + "[*,*,*,*,*,*,*,*]" * 8, "one slice"),
        ("$..[*,*]", "one slice"),
        ("$[::,::]", "one slice"),
        ("$[0,?@.a]", "one slice"),
        ("$[*][*][*][*][*]", "at most 4"),
        ("$..a[*][*][*][*]", "at most 4"),
        ("$" + "[0,-1]" * 5, "20 values"),
        ("$" + ".a" * 61, "60 steps"),
        ("$[?@[?@.a]]", "inside a filter"),
        ("$[?count(@..*) > 5]", "none may be .."),
        ("$[?count(@.*.*) > 5]", "one step"),
        ("$[?count(@[*,*]) > 5]", "brackets"),
        ("$[?" + " && ".join(["@.a"] * 11) + "]", "10 terms"),
        ("$[?search(@.a, @.b)]", "stands in quotes"),
        ("$[?search(@, 'a') || search(@, 'b') || match(@, 'c')]", "2 regular"),
    ],
)
def test_a_path_that_costs_too_much_is_refused_when_it_is_read(path: str, says: str) -> None:
    """509 bytes of answer and the first of these once stopped the process."""
    with pytest.raises(ExpectError, match=says):
        expect.parse(f"json {path} exists")


@pytest.mark.parametrize(
    "path", ["$..items[?@.price > 10 && @.qty < 3].id", "$['a','b'][0]", "$.a[*].b[1:3]", "$[?count(@.items[*]) > 1]"]
)
def test_useful_paths_are_read(path: str) -> None:
    assert expect.parse(f"json {path} exists").path == path


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (TWICE, "too often"),
        (SLOWLY_TWICE, "too often"),
        ({"$ref": "#"}, "without looking deeper"),
        ({"type": "array", "unevaluatedItems": False}, "unevaluatedItems"),
        ({"$dynamicRef": "#a"}, "dynamicRef"),
        ({"items": {"$id": "http://x.example/", "type": "array"}}, "an \\$id"),
        ({"$ref": "#/$defs/no"}, "leads nowhere"),
        ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "inside it"),
        ({"items": {"anyOf": [{"type": "string"}] * 401}}, "too often"),
        ({"properties": {str(number): {"type": "null"} for number in range(2_001)}}, "too many parts"),
    ],
)
def test_a_schema_that_costs_too_much_is_refused_when_it_is_read(schema: object, says: str) -> None:
    """The first took 21 s for 52 bytes, twice as long with each further pair of brackets."""
    with pytest.raises(ExpectError, match=says):
        expect.parse(f"schema {json.dumps(schema)}")


def test_a_schema_of_a_tree_is_read() -> None:
    """It refers to itself, once at each level."""
    tree = {"$defs": {"n": {"properties": {"children": {"items": {"$ref": "#/$defs/n"}}}}}, "$ref": "#/$defs/n"}
    assert not held(f"schema {json.dumps(tree)}", b'{"children": [{"children": []}]}')


def test_a_document_too_deep_for_the_validator_fails_the_line() -> None:
    """The library raises for it."""
    assert "too deeply" in held('schema {"type": "object"}', b"[" * 300 + b"]" * 300)


@pytest.mark.parametrize(
    "line",
    [
        "json $..a exists",
        "json $..* exists",
        "json $[*] exists",
        "json $[?@.a > 5] exists",
        "json $[?count(@.*) > 5] exists",
        "json $[0].a == sum($[*].a)",
    ],
)
def test_a_line_that_finds_too_much_does_not_hold(line: str) -> None:
    """Eighty thousand objects: the look ends, and says why."""
    started = time.process_time()
    assert TOO_MUCH in held(line, OBJECTS)
    assert time.process_time() - started < 1


def test_all_lines_on_one_answer_share_what_may_be_spent() -> None:
    """Many cheap looks are one dear one."""
    body = json.dumps([{"a": number} for number in range(5_000)]).encode()
    lines = [expect.parse(f"json $[?@.a != {number}] length == 4999") for number in range(1, 21)]
    results = assertions.hold_all(lines, answer(body))
    assert results[0].held
    assert TOO_MUCH in results[-1].seen


def test_what_a_path_finds_is_found_once_for_all_lines() -> None:
    """Twenty lines with the same path cost one walk; there is enough to spend for no more than a few."""
    body = json.dumps([{"a": number} for number in range(30_000)]).encode()
    lines = [expect.parse(f"json $..a length > {number}") for number in range(20)]
    assert all(result.held for result in assertions.hold_all(lines, answer(body)))


def test_a_pattern_that_looks_around_meets_a_thousand_values_at_most() -> None:
    line = 'schema {"items": {"pattern": "^(?=a)(a+)+$"}}'
    assert not held(line, json.dumps(["a"] * 900).encode())
    assert TOO_MUCH in held(line, json.dumps(["a"] * 1_100).encode())


def test_capturing_from_too_much_captures_nothing() -> None:
    assert assertions.captured("json $..a", answer(OBJECTS)) is None


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b", ""]))
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab1"), inner, max_size=3)
)
STEPS = st.sampled_from(
    [".a", "[0]", "[-1]", ".*", "[1:]", "[::-1]", "['a','b']", "[?@.a > 0]", "[?@ == 'a' || !@.b]", "[?count(@.*) > 1]"]
)


@given(DOCUMENTS, st.lists(STEPS, max_size=3), st.booleans())
def test_the_walk_finds_what_the_library_finds(document: object, steps: list[str], descends: bool) -> None:
    """In the same order."""
    path = "$" + ("..b" if descends else "") + "".join(steps)
    query = json_path(path)
    assert walk(query, document, Effort()) == [node.value for node in query.find(document)]


def test_the_walk_ends_when_there_is_nothing_left_to_spend() -> None:
    with pytest.raises(TooMuch):
        walk(json_path("$[*]"), list(range(100)), Effort(50))


def test_a_large_document_is_known_as_such() -> None:
    assert is_large([[0] * 10_000, {"a": [0] * 10_000}])
    assert not is_large([[0] * 10_000, {"a": [0] * 9_000}])
