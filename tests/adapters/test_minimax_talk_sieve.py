"""The sieve: the same text gives the same words however it is cut, and thinking is never among them."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.minimax.calls import Reading
from fixloop_bot.adapters.minimax.sieve import Sieve
from fixloop_bot.adapters.minimax.stream import EventReader
from fixloop_bot.application.copilot.speech import Tool

TOOL = Tool(name="q", description="")
PIECES = [
    "<think>", "</think>", "<thinking>", "</ think >", "<mm:think>", "`", "```", "```json\n", "\n", " ", "word", "The",
    "]<]minimax[>[",
    "[1]", "]", "<", ">", "{", "}", '{"name": "q", "arguments": {}}', '{"name": "x", "a": 1}', '{"name": "', '"', "\\",
    "<minimax:tool_call>", "</minimax:tool_call>", '<invoke name="q">', "</invoke>",
    '<parameter name="a">1</parameter>',
    "<tool_call>", "</tool_call>", "<inv", "<thi", "</", "é", "🚀", "let me",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join)


def sieved(chunks: list[str], *, complete: bool = True) -> tuple[object, ...]:
    sieve = Sieve(Reading([TOOL]).is_call)
    said = "".join(sieve.feed(chunk) for chunk in chunks) + sieve.finish(complete=complete)
    return said, sieve.thought, sieve.calls, sieve.unclosed, sieve.spans


def cut(text: str, places: list[int]) -> list[str]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:stop] for start, stop in pairwise(bounds)]


@settings(max_examples=400)
@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=6), st.booleans())
def test_any_chunking_gives_the_same_result(text: str, places: list[int], complete: bool) -> None:
    """Words, thoughts and calls depend on the text alone: at any cuts, and letter by letter."""
    whole = sieved([text], complete=complete)
    assert sieved(cut(text, places), complete=complete) == whole
    assert sieved(list(text), complete=complete) == whole


@settings(max_examples=300)
@given(TEXTS)
def test_no_tag_and_no_call_is_ever_said_outside_of_code(text: str) -> None:
    """Whatever the text, no markup that is not quoted gets through."""
    said = str(sieved([text.replace("`", "'")])[0])
    assert not re.search(r"</?(?:mm:)?think(?:ing)?>|<(?:minimax:)?tool_call>|<invoke name=|\]<\]minimax", said)
    assert '{"name": "q", "arguments": {}}' not in said


WORDS = st.lists(st.sampled_from(["cause", "deploy", "[1]", "503", "\n", "p95 < 400"]), max_size=6).map(" ".join)
SECRET = st.lists(
    st.sampled_from(["Secret", "Secret\n", "Secret `x`", "Secret <b>", 'Secret {"a": 1}']), max_size=5
).map(" ".join)


@given(
    st.lists(st.tuples(SECRET, WORDS), min_size=1, max_size=4), st.booleans(), st.lists(st.integers(0, 500), max_size=8)
)
def test_blocks_of_thinking_leave_exactly_the_words(
    blocks: list[tuple[str, str]], opened: bool, places: list[int]
) -> None:
    """Repeated blocks, the first with or without its opening tag: all words, and nothing of the thoughts."""
    text = "".join(f"<think>{secret}</think>{words}" for secret, words in blocks)
    said = str(sieved(cut(text if opened else text.removeprefix("<think>"), places))[0])
    assert "Secret" not in said
    assert said.split() == " ".join(words for _, words in blocks).split()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a<think>b</think>c</think>d", "d"),
        ("<think>a <think> b</think>d", "d"),
        ("<think>They ask about `</think>` tags.</think>d", "d"),
        ("<think>```\n</think>\n```\nmore</think>d", "d"),
        ("<think>Use `x`</think>`d`", "`d`"),
        ("I should use <think> here.</think>d", "d"),
        ("Well. <think>a</think>d", "Well. d"),
        ("<THINK>a</THINK>d", "d"),
        ("<think class='x'>a</think>d", "d"),
        ("<think>a</think>In code: `<think>b</think>`.", "In code: `<think>b</think>`."),
        ("<think>a</think>Not closed: `<think>\nb</think>d", "Not closed: ` d"),
        ("<think>a", ""),
        ("a</think>", ""),
        ("", ""),
    ],
)
def test_what_is_thinking(text: str, said: str) -> None:
    """Nested, repeated, quoted, and unbalanced tags."""
    assert sieved([text])[0] == said


def test_words_behind_thinking_are_not_held_back() -> None:
    """Once the thinking has ended, each chunk is said at once, up to what may begin a mark."""
    sieve = Sieve()
    assert [sieve.feed(chunk) for chunk in ("<think>a</think>\n", "The", " cause", " is <", "b>", " `")] == [
        "", "The", " cause", " is", " <b>", "",
    ]  # fmt: skip


def test_a_cut_answer_does_not_say_what_was_held_back() -> None:
    """Without its end nobody knows whether it was thinking."""
    assert sieved(["The user asks"], complete=False)[0] == ""


def test_hostile_content_takes_linear_time() -> None:
    """Long runs of what might begin a mark are read in a moment, in one chunk and letter by letter."""
    for unit in (
        "<",
        "`",
        "{",
        '{"name":',
        "[",
        "<invoke ",
        "<think>",
        "</think>",
        "]<",
        "<tool_call>",
        '{"name":1}',
        "```json\n",
    ):
        text = unit * (60_000 // len(unit))
        sieved([text])
        sieved([text[at : at + 7] for at in range(0, len(text), 7)])


DOCUMENTS = st.lists(st.dictionaries(st.sampled_from(["a", "choices"]), st.text(max_size=8)), max_size=5)


@given(DOCUMENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 2000), max_size=12), st.booleans())
def test_events_do_not_depend_on_packets(
    documents: list[dict[str, str]], line: str, places: list[int], done: bool
) -> None:
    """Cut at any byte, also within a character or a line's end, the same documents come out."""
    lines = [f"data: {json.dumps(document, ensure_ascii=False)}{line}{line}" for document in documents]
    raw = ("".join(lines) + (f"data: [DONE]{line}{line}" if done else "")).encode()
    bounds = [0, *sorted(place % (len(raw) + 1) for place in places), len(raw)]
    reader = EventReader()
    read = [event for a, b in pairwise(bounds) for event in reader.feed(raw[a:b])]
    read += reader.finish()
    assert (read, reader.done, reader.damaged) == (documents, done, False)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"data: ", b"{", b"}\n", b"data: {}\n\n", b"\r", b"[DONE]"])))
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    """Total: documents come out, or none."""
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)] + list(reader.finish())
    assert all(isinstance(event, dict) for event in events)
    assert not (reader.foreign and events)


def test_an_event_over_several_lines_is_one_document() -> None:
    """As the standard of server-sent events has it; what is broken is damage."""
    reader = EventReader()
    assert list(reader.feed(b'data: {"a":\ndata: 1}\n\ndata: {"b"\n\ndata: {"c": 2}\n\n')) == [{"a": 1}, {"c": 2}]
    assert reader.damaged
