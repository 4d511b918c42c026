"""What stands behind a placeholder, for people and for the model: the values that are tried, or words.

Braces are for a plan's file alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

Tried = Mapping[str, tuple[str, ...]]
"""The distinct values of each input, in order, as text."""

MOST_VALUES = 3
LONGEST_VALUES = 40
LONGEST_NAME = 40
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ALONE = re.compile(r"(\S+) \"?\{\{\s*([^{}]*?)\s*\}\}\"?")
"""``price {{price}}``: a field, and nothing but what it is compared with."""


def tried_in(inputs: Sequence[str]) -> Tried:
    """From a step's inputs, which are JSON objects as text; what is none is left out."""
    found: dict[str, dict[str, None]] = {}
    for text in inputs:
        for name, value in _object(text).items():
            found.setdefault(name, {})[value if isinstance(value, str) else json.dumps(value)] = None
    return {name: tuple(values) for name, values in found.items()}


def claim_in_words(claim: str, tried: Tried) -> str:
    """``price 19.99 or 5`` where few values are tried, ``price as asked for`` where many are."""
    alone = _ALONE.fullmatch(claim)
    if alone is not None and not _few(alone[2], tried):
        field, name = alone[1], alone[2]
        same = field.rpartition(".")[2] == name and name in tried
        return f"{field} as asked for" if same else f"{field} is {_words(name, tried)}"
    return _PLACEHOLDER.sub(lambda found: _few(found[1], tried) or _words(found[1], tried), claim)


def line_in_words(line: str, tried: Tried, inputs: Sequence[str] = ()) -> str:
    """``GET /products/A1 +2 more``: the first one as it is sent; what an earlier request has found is ``:order_id``."""
    names = _PLACEHOLDER.findall(line)
    if not names:
        return line
    shown = _PLACEHOLDER.sub(lambda found: _first(found[1], tried), line)
    ways = len({tuple(str(_object(text).get(name)) for name in names if name in tried) for text in inputs})
    return f"{shown} +{ways - 1} more" if ways > 1 else shown


def _first(name: str, tried: Tried) -> str:
    values = tried.get(name, ())
    return values[0] if values and _harmless(values[0]) else f":{name[:LONGEST_NAME]}"


def _few(name: str, tried: Tried) -> str:
    """The values, where they are few and short; else empty."""
    values = tried.get(name, ())
    *others, last = values or ("",)
    said = f"{', '.join(others)} or {last}" if others else last
    fits = len(values) <= MOST_VALUES and len(said) <= LONGEST_VALUES
    return said if fits and all(_harmless(value) for value in values) else ""


def _words(name: str, tried: Tried) -> str:
    whence = "asked for" if name in tried else "from before"
    return f"the {' '.join(name.replace('_', ' ').split())[:LONGEST_NAME]} {whence}"


def _harmless(value: str) -> bool:
    return bool(value.strip()) and "{{" not in value and "}}" not in value


def _object(text: str) -> dict[str, object]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
