"""YAML from a service under suspicion: it costs what its length costs, and means what JSON could say."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.openapi.operations import operations
from fixloop_bot.domain.openapi.yaml import MOST_ALIASES, loaded_yaml

HEAD, TAIL = b"openapi: 3.1.0\n", b"paths: {/a: {get: {}}}\n"
LONGEST_S = 1.5
"""Of processor time, for 600 KB; it is half a second on a machine that has nothing else to do."""


def doubling(first: bytes, line: bytes, levels: int) -> bytes:
    return first + b"".join(line % (level, level, level - 1, level - 1) for level in range(1, levels))


HOSTILE = {
    "aliases that double": (doubling(b"a0: &a0 [x]\n", b"a%d: &a%d [*a%d, *a%d]\n", 60), "written out"),
    "merge keys that double": (doubling(b"a0: &a0 {x: 1}\n", b"a%d: &a%d {<<: [*a%d, *a%d]}\n", 40), "written out"),
    "a long text, often": (b"t: &t " + b"x" * 100_000 + b"\nx: [" + b"*t," * 900 + b"]\n", "written out"),
    "merge keys, many": (
        b"a: &a {" + b",".join(b"k%d: 1" % each for each in range(1_000)) + b"}\nx: [" + b"{<<: *a}," * 100 + b"]\n",
        "merge keys",
    ),
    "too many aliases": (b"a: &a x\nx: [" + b"*a," * (MOST_ALIASES + 1) + b"]\n", "aliases"),
    "too many values": (b"x: {" + b"x," * 300_000 + b"}\n", "keys and values"),
    "directives": (b"#\n" + b"".join(b"%%TAG !a%d! b\n" % each for each in range(40_000)) + b"---\n", "begin with %"),
    "documents": (b"--- a\n" * 100_000, "neither JSON nor YAML"),
    "deep": (b"x: " + b"[" * 300_000, "too deeply"),
    "another kind of mapping": (b"x: !!omap [a: 1]\n", "neither JSON nor YAML"),
    "a number that is none": (b"x: !!int 1:1\n", "neither JSON nor YAML"),
    "a key that is a list": (b"x: {[a]: 1}\n", "neither JSON nor YAML"),
    "an unknown alias": (b"x: *a\n", "neither JSON nor YAML"),
    "a text that merges": (b"x: {<<: a}\n", "neither JSON nor YAML"),
}
HARMLESS = {
    "base sixty": b"x: " + b"1:" * 300_000 + b"1\n",
    "base sixty with a fraction": b"x: " + b"1:" * 300_000 + b"1.5\n",
    "a long whole number": b"x: " + b"1" * 600_000 + b"\n",
    "a long fraction": b"x: 0." + b"1" * 600_000 + b"\n",
    "keys that would collide": b"x: {" + b",".join(b"%d: 1" % (each * (2**61 - 1)) for each in range(22_000)) + b"}\n",
    "many anchors": b"x: [" + b"".join(b"&a%d x," % each for each in range(60_000)) + b"]\n",
    "a circle": b"x: &x [*x, {y: *x}]\n",
    "a mapping that merges itself": b"x: &x {a: 1, <<: *x}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_says_much_in_few_letters_is_refused_at_once(name: str) -> None:
    """With a sentence; the thread that reads it does not read on after its time is up."""
    document, says = HOSTILE[name]
    assert len(document) < 650_000
    began = time.process_time()
    with pytest.raises(BadInput, match=says):
        operations((HEAD if name != "directives" and name != "documents" else b"") + document + TAIL)
    assert time.process_time() - began < LONGEST_S


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_costly_is_read_at_once(name: str) -> None:
    """In time that grows with its length."""
    began = time.process_time()
    found = operations(HEAD + HARMLESS[name] + TAIL)
    assert time.process_time() - began < LONGEST_S
    assert [each.path for each in found] == ["/a"]


def test_aliases_and_merge_keys_that_people_write_are_followed() -> None:
    """What stands in the mapping itself counts before what it inherits, and the first source before the second."""
    text = """
    errors: &errors {500: {description: no}, 404: &gone {description: gone}}
    more: &more {500: hidden, 503: *gone}
    one: {<<: *errors, 404: {description: mine}}
    two: {<<: [*errors, *more], 200: ok}
    "<<": text
    &name key: a
    other: {*name : b}
    """
    found: Any = loaded_yaml(text.encode())
    assert found["one"] == {"500": {"description": "no"}, "404": {"description": "mine"}}
    assert found["two"] == {"200": "ok", **found["errors"], "503": {"description": "gone"}}
    assert found["<<"] == "text"
    assert found["other"] == {"key": "b"}


@pytest.mark.parametrize(
    ("written", "means"),
    [
        *(("12", 12), ("-1", -1), ("9223372036854775807", 2**63 - 1), ("1.5", 1.5), ("1e3", 1000.0), ("3.1", 3.1)),
        *(("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("!!str 12", "12")),
        *(("1:30", "1:30"), ("0x1F", "0x1F"), ("010", "010"), ("0b1", "0b1"), ("1_000", "1_000"), (".5", ".5")),
        *(("yes", "yes"), ("off", "off"), ("2026-11-22", "2026-11-22"), (".inf", ".inf"), ("'12'", "12"), ("=", "=")),
    ],
)
def test_an_unquoted_word_means_what_it_means_in_json(written: str, means: object) -> None:
    """Numbers, true, false and null; everything else that YAML once knew stays text."""
    found: Any = loaded_yaml(f"x: {written}\n".encode())
    assert found == {"x": means}
    assert type(found["x"]) is type(means)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc<~1", max_size=3), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_what_a_generator_writes_is_read_as_it_was(tree: object) -> None:
    """Every scalar quoted and tagged: the same data come back, shared ones included."""
    twice = [tree, tree]
    assert loaded_yaml(yaml.safe_dump(twice, default_style='"', allow_unicode=True).encode()) == twice
