"""What a journey keeps of an answer for its next request.

::

    capture = "json" PATH | "header" NAME [ "matches" REGEX ] | "cookie" NAME | "status"
            | "body" "matches" REGEX | "redirect" [ "matches" REGEX ]

Of a REGEX its first group is kept, or the whole match if it has none. Of a path that finds several values they take
turns, so that a journey which looks an item up looks up another one each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fixloop_bot.domain.expectations.answers import Answer, NotJson
from fixloop_bot.domain.expectations.compiled import regex
from fixloop_bot.domain.expectations.cursor import Cursor
from fixloop_bot.domain.expectations.effort import TooMuch
from fixloop_bot.domain.samples import Response

SUBJECTS = ("json", "header", "cookie", "status", "body", "redirect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A parsed capture: where to look (``name`` is a path, header or cookie) and what to cut out of it."""

    subject: str
    name: str = ""
    pattern: str | None = None


@lru_cache(maxsize=1024)
def parse_capture(expression: str) -> Capture:
    """Read a capture; raises ExpectError with the column."""
    cursor = Cursor(expression)
    subject = cursor.choice(SUBJECTS, "what to capture")
    name = _name(cursor, subject)
    pattern = _pattern(cursor, subject)
    cursor.end()
    return Capture(subject=subject, name=name, pattern=pattern)


def _name(cursor: Cursor, subject: str) -> str:
    if subject == "json":
        return cursor.path().text
    return cursor.bare(f"the name of the {subject}") if subject in ("header", "cookie") else ""


def _pattern(cursor: Cursor, subject: str) -> str | None:
    if subject == "body" or (subject in ("header", "redirect") and cursor.next()):
        cursor.choice(("matches",), "how to cut it out")
        literal = cursor.pattern()
        if literal.names:
            cursor.fail("a placeholder cannot stand in a capture")
        return str(literal.value)
    return None


def captured(expression: str, response: Response, *, turn: int = 0) -> object | None:
    """What the expression finds in the answer, with its JSON type; None if it finds nothing.

    ``turn`` counts from 0 and says which of several values is taken, beginning again after the last.
    Raises ExpectError for an expression that cannot be read, and nothing for any answer.
    """
    capture = parse_capture(expression)
    answer = Answer(response)
    value = _value(capture, answer, turn)
    if capture.pattern is None or value is None:
        return value
    hit = regex(capture.pattern).search(value)
    if hit is None:
        return None
    part = hit.group(1 if hit.re.groups else 0)
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else part


def _value(capture: Capture, answer: Answer, turn: int) -> object | None:
    match capture.subject:
        case "json":
            return _one_of(capture.name, answer, turn)
        case "header":
            return answer.header(capture.name)
        case "cookie":
            return answer.cookie(capture.name)
        case "status":
            return answer.response.status
        case "redirect":
            return answer.location
        case _:
            return answer.response.body


def _one_of(path: str, answer: Answer, turn: int) -> object | None:
    try:
        values = answer.found(path)
    except (NotJson, TooMuch, RecursionError):
        return None
    return values[turn % len(values)] if values else None
