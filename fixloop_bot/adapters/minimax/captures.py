"""What may be a tool call, while it arrives: collected until it is one, is none, or the text ends."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from fixloop_bot.adapters.minimax.marks import Open, Tag, tag_at

LONGEST_JSON = 40_000
"""Characters of JSON that are held back because they may be a call."""
_JSON_TOKEN = re.compile(r'["{}\[\]]|\\.?', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A call that was written into the content, as it stood there between two offsets. ``closed``: it is complete."""

    text: str
    start: int
    end: int
    shape: Literal["markup", "json"]
    closed: bool


class Found(Enum):
    """What is known of a capture: it goes on, it ended and may be read, or it was never one."""

    GOES_ON = "goes on"
    ENDED = "ended"
    NOTHING = "nothing"


class Capture(Protocol):
    """``prefix`` is the fence before it, ``start`` the offset of that."""

    shape: Literal["markup", "json"]
    start: int
    prefix: str

    def take(self, text: str, at: int, *, holding: bool, final: bool) -> tuple[int, Found]:
        """Read on in ``text`` from ``at``: up to where it belongs to the capture, and what is known now."""
        ...


class MarkupCapture:
    """From an opening tag to the closing one of its ``family``."""

    shape: Literal["markup", "json"] = "markup"

    def __init__(self, start: int, prefix: str, family: str) -> None:
        self.start = start
        self.prefix = prefix
        self._family = family

    def take(self, text: str, at: int, *, holding: bool, final: bool) -> tuple[int, Found]:
        found = text.find("<", at)
        while found >= 0:
            tag = tag_at(text, found, final=final)
            if isinstance(tag, Open):
                return found, Found.GOES_ON
            if tag is not None and tag.closing and tag.kind == self._family:
                return tag.end, Found.ENDED
            if tag is not None and self._thinking_ends(tag, holding):
                return found, Found.NOTHING
            found = text.find("<", found + 1)
        return len(text), Found.GOES_ON

    def _thinking_ends(self, tag: Tag, holding: bool) -> bool:
        """While words are held back, all of this may have been thought."""
        return holding and tag.closing and tag.kind == "think"


class JsonCapture:
    """From a bracket to the one that closes it."""

    shape: Literal["markup", "json"] = "json"

    def __init__(self, start: int, prefix: str) -> None:
        self.start = start
        self.prefix = prefix
        self._depth = 0
        self._in_text = False
        self._length = 0

    def take(self, text: str, at: int, *, holding: bool, final: bool) -> tuple[int, Found]:
        del holding
        for token in _JSON_TOKEN.finditer(text, at):
            if token[0] == "\\" and not final:
                self._length += token.start() - at
                return token.start(), Found.GOES_ON
            if self._closes(token[0]):
                return token.end(), Found.ENDED
        self._length += len(text) - at
        return len(text), Found.NOTHING if self._length > LONGEST_JSON else Found.GOES_ON

    def _closes(self, mark: str) -> bool:
        if mark == '"':
            self._in_text = not self._in_text
        elif not self._in_text and mark in ("{", "["):
            self._depth += 1
        elif not self._in_text and mark in ("}", "]"):
            self._depth -= 1
            return self._depth <= 0
        return False


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
