"""Stored documents: versions, upgrades, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.domain.errors import BadInput, NewerDocument


@dataclass(frozen=True)
class Note:
    text: str
    tags: tuple[str, ...] = ()


def _with_tags(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "tags": [old.pop("tag")]}


def _renamed(old: dict[str, Any]) -> dict[str, Any]:
    return {"text": old["words"], **{key: value for key, value in old.items() if key != "words"}}


CODEC: Codec[Note] = Codec(Note, kind="note", version=3, upgrades={1: _renamed, 2: _with_tags})


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])), tags=st.lists(st.sampled_from("abc")))
def test_what_is_stored_is_read_again(text: str, tags: list[str]) -> None:
    """Any document comes back as it was."""
    note = Note(text=text, tags=tuple(tags))
    assert CODEC.decode(CODEC.encode(note)) == note


def test_the_same_bytes_are_read_once() -> None:
    """A click, its job and the redraw read one incident one after the other; other bytes are another document."""
    stored = CODEC.encode(Note(text="one"))
    assert CODEC.decode(bytes(bytearray(stored))) is CODEC.decode(stored)
    assert CODEC.decode(CODEC.encode(Note(text="two"))).text == "two"


def test_an_older_document_is_upgraded_step_by_step() -> None:
    """Version 1 passes through version 2 on its way to version 3."""
    assert CODEC.decode('{"v": 1, "doc": {"words": "hello", "tag": "a"}}') == Note(text="hello", tags=("a",))
    assert CODEC.decode('{"v": 2, "doc": {"text": "hello", "tag": "a"}}') == Note(text="hello", tags=("a",))


def test_a_newer_document_is_refused_with_a_sentence() -> None:
    """It says what to do; guessing at a newer document could lose what it says."""
    with pytest.raises(
        NewerDocument, match=r"written by a newer FixLoop .*version 4.*up to 3.*: update this FixLoop\."
    ):
        CODEC.decode('{"v": 4, "doc": {"text": "hello"}}')


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff\xfe",
        "null",
        "[]",
        "{}",
        '{"v": "x", "doc": {}}',
        '{"v": 3}',
        '{"v": 3, "doc": {"text": 5}}',
        '{"v": 0, "doc": {"text": "before the first"}}',
        '{"v": 2, "doc": {"text": "hello"}}',
        '{"v": 1, "doc": []}',
    ],
)
def test_what_is_no_document_is_named_as_such(stored: bytes | str) -> None:
    """One sentence and one kind of error, whatever is found under the key."""
    with pytest.raises(BadInput, match=r"A stored note .*cannot be"):
        CODEC.decode(stored)


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_else(stored: bytes) -> None:
    """Only the codec's own error comes out."""
    with pytest.raises((BadInput, NewerDocument)):
        CODEC.decode(stored)
