"""JSON values found in a model's text: whole, in fences, with prose around them, or broken and repaired.

``json_repair`` closes what was left open, restores objects of an array that lost their ``{``, and takes
single quotes and trailing commas. It is quadratic on hostile text (20 KB of ``{'`` take ten seconds), so
only text of an answer's size and of few brackets is given to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

LONGEST = 200_000
"""Characters of an answer that are looked at."""
REPAIRABLE = 40_000
BRACKETS = 2_000
ATTEMPTS = 400

_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_DECODER = json.JSONDecoder()
_UNREADABLE = (ValueError, RecursionError, IndexError, TypeError, AttributeError, KeyError)


def strict_values(text: str) -> Iterator[Any]:
    """Every object and array that is valid JSON as it stands, outermost and first ones first."""
    text = text[:LONGEST]
    position, attempts = _next_bracket(text, 0), 0
    while position >= 0 and attempts < ATTEMPTS:
        attempts += 1
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield value
        position = _next_bracket(text, end)


def repaired_values(text: str, key: str) -> Iterator[Any]:
    """Objects and arrays after repair: from the object around ``key``, from each fence, from the first bracket."""
    text = text[:LONGEST]
    for piece in dict.fromkeys((*_around(text, key), *_fenced(text), _from_bracket(text))):
        value = _repaired(piece)
        if isinstance(value, dict | list) and value:
            yield value


def _next_bracket(text: str, start: int) -> int:
    found = [at for at in (text.find("{", start), text.find("[", start)) if at >= 0]
    return min(found, default=-1)


def _around(text: str, key: str) -> Iterator[str]:
    for match in islice(re.finditer(rf"[\"']?{re.escape(key)}\\?[\"']?\s*:", text), 4):
        opening = text.rfind("{", 0, match.start())
        # A document that lost its first brace still begins at its key.
        yield text[opening:] if opening >= 0 else "{" + text[match.start() :]


def _fenced(text: str) -> Iterator[str]:
    return (match[1] for match in _FENCE.finditer(text))


def _from_bracket(text: str) -> str:
    start = _next_bracket(text, 0)
    return text[start:] if start >= 0 else ""


def _repaired(piece: str) -> Any:
    if not piece.strip() or len(piece) > REPAIRABLE or piece.count("{") + piece.count("[") > BRACKETS:
        return None
    import json_repair

    try:
        return json_repair.loads(piece, skip_json_loads=True)
    except _UNREADABLE:
        return None
