"""The marks that may stand in a model's content beside its words, read at one place of a text that is still growing.

Each reader answers with a mark, with None where there is none, or with MORE where only what follows will tell.
Every repetition is bounded, so that what counts as a mark does not depend on how the text was cut into chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal


class Open(Enum):
    """What follows will tell."""

    MORE = "more"


MORE: Final = Open.MORE
SEPARATOR: Final = "]<]minimax[>["
MOST_TICKS: Final = 60
QUOTE_LENGTH: Final = 2_000
"""Characters within which a quoted tag's code has to end; beyond, the tag is a tag."""

_THINK = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad", "analysis")
_BLOCKS = ("tool_call", "tool_calls", "function_calls")
_NAMES = tuple(
    f"{prefix}{name}" for name in (*_THINK, *_BLOCKS, "invoke", "parameter") for prefix in ("", "mm:", "minimax:")
)
_TAG = re.compile(
    rf"<(/?)\s{{0,8}}(?:mm:|minimax:)?({'|'.join((*_THINK, *_BLOCKS))}|invoke|parameter)(?:\s[^<>]{{0,120}})?>",
    re.IGNORECASE,
)
_TAG_BEGUN = re.compile(r"<(?:/?\s{0,8}([a-z:_]{0,24})(\s[^<>]{0,120})?)?\Z", re.IGNORECASE)
_KEYS = (
    "name", "tool", "tool_name", "function", "function_call", "tool_call", "tool_calls", "arguments", "parameters",
    "type", "id",
)  # fmt: skip
_JSON = re.compile(rf"(?:\[\s{{0,16}})?\{{\s{{0,16}}[\"'](?:{'|'.join(_KEYS)})[\"']\s{{0,8}}:")
_JSON_BEGUN = re.compile(r"(?:\[\s{0,16})?(?:\{\s{0,16}(?:[\"'](?:(\w{0,16})|(\w{1,16})[\"']\s{0,8}))?)?\Z")
_FENCE = re.compile(r"`{3,60}[ \t]{0,8}[\w+:-]{0,24}[ \t]{0,8}(?:\r?\n)?\s{0,16}")


@dataclass(frozen=True, slots=True)
class Tag:
    """``end``: where the text goes on behind it."""

    kind: Literal["think", "block", "invoke", "parameter"]
    closing: bool
    end: int


def tag_at(text: str, at: int, *, final: bool) -> Tag | Open | None:
    """The tag that begins at a ``<``."""
    found = _TAG.match(text, at)
    if found is not None:
        name = found[2].lower()
        kind: Literal["think", "block", "invoke", "parameter"] = "think"
        if name not in _THINK:
            kind = "block" if name in _BLOCKS else "invoke" if name == "invoke" else "parameter"
        return Tag(kind, bool(found[1]), found.end())
    begun = None if final else _TAG_BEGUN.match(text, at)
    if begun is None:
        return None
    name = (begun[1] or "").lower()
    fits = name in _NAMES if begun[2] else any(known.startswith(name) for known in _NAMES)
    return MORE if fits else None


def json_call_at(text: str, at: int, *, final: bool) -> bool | Open:
    """Whether the JSON at a ``{`` or ``[`` may be a tool call, by its first key."""
    if _JSON.match(text, at):
        return True
    begun = None if final else _JSON_BEGUN.match(text, at)
    if begun is None:
        return False
    whole, part = begun[2], begun[1]
    if whole is not None:
        return MORE if whole in _KEYS else False
    return MORE if part is None or any(key.startswith(part) for key in _KEYS) else False


def fence_at(text: str, at: int, *, final: bool) -> int | Open:
    """Where the content of a fence begins whose backticks stand here."""
    found = _FENCE.match(text, at)
    end = found.end() if found is not None else at
    return MORE if end == len(text) and not final else end


def ticks_at(text: str, at: int, *, final: bool) -> int | Open:
    """How many backticks stand here in a row."""
    end = at
    while end < len(text) and end - at < MOST_TICKS and text[end] == "`":
        end += 1
    return MORE if end == len(text) and end - at < MOST_TICKS and not final else end - at


def separator_at(text: str, at: int, *, final: bool) -> bool | Open:
    """Whether the template's separator stands at a ``]``."""
    if text.startswith(SEPARATOR, at):
        return True
    return MORE if not final and SEPARATOR.startswith(text[at : at + len(SEPARATOR)]) else False


def quoted(text: str, end: int, *, fence: bool, final: bool) -> bool | Open:
    """Whether the code in which a tag stands ends behind it: then it was quoted, and else it is a tag."""
    ahead = text[end : end + QUOTE_LENGTH]
    closed = ahead.find("```" if fence else "`")
    if closed >= 0:
        return fence or "\n" not in ahead[:closed]
    return False if final or len(ahead) == QUOTE_LENGTH or (not fence and "\n" in ahead) else MORE


_THINKS_ALOUD = (
    "the user", "user ", "the responder", "the question", "the on-call", "they ask", "they want", "they're asking",
    "okay", "ok,", "ok ", "hmm", "wait", "alright", "let me", "let's", "lets ", "i need", "i should", "i must",
    "i have to", "i'll ", "i will", "i can ", "i think", "we need", "we should", "we have", "we must", "we can",
    "so ", "so,", "now ", "now,", "first", "thinking", "my task", "need to", "looking at", "based on the system",
    "according to the", "用户", "我需要", "我应该", "让我", "首先", "好的", "嗯",
)  # fmt: skip
_MUSING = re.compile(r"\b(?:the user|let me|i should|i need to|we need to|we should|hmm|wait,)\b", re.IGNORECASE)


def may_be_thought(text: str) -> bool:
    """Whether a text without any tag sounds, or may yet sound, like thinking aloud rather than like an answer."""
    start = text.lstrip().lower()[:40].replace("’", "'")
    if any(start.startswith(phrase) or phrase.startswith(start) for phrase in _THINKS_ALOUD):
        return True
    return _MUSING.search(text[:4_000]) is not None
