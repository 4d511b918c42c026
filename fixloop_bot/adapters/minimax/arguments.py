"""A tool call's arguments, from whatever the model wrote: an object, or None where no object can be made out for sure.

What was cut off in the middle is never completed: half a call is no call.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson

LONGEST = 40_000
REPAIRABLE, BRACKETS = 8_000, 100
"""Characters and brackets of what ``json_repair`` is given; it is quadratic on hostile text."""
_FENCE = re.compile(r"\A```[\w+-]{0,20}\s*(.*?)\s*```\Z", re.DOTALL)
_TOKEN = re.compile(r"\\.|[\"'{}\[\]]", re.DOTALL)
_NOTHING = ("", "null", "None", "undefined", "[]", '""')
_DEEP = 3
_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, IndexError, KeyError, AttributeError)


def read_arguments(written: object) -> dict[str, Any] | None:
    """JSON, JSON in a string or twice, Python's notation, or JSON with a slip; nothing at all is an empty object."""
    if written is None:
        return {}
    if isinstance(written, Mapping):
        return dict(written)
    if not isinstance(written, str) or len(written) > LONGEST:
        return None
    text = written.strip()
    fenced = _FENCE.match(text)
    return _read(fenced[1] if fenced else text)


def _read(text: str, depth: int = 0) -> dict[str, Any] | None:
    if text in _NOTHING:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        repeated = _repeated(text)
        return _slipped(text) if repeated is None else repeated
    if isinstance(value, str):
        return _read(value.strip(), depth + 1) if depth < _DEEP else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else None


def _repeated(text: str) -> dict[str, Any] | None:
    """Two objects in a row, of which the second holds all of the first: a stream that began once more."""
    for second in islice(re.finditer(r"\{", text[1:]), BRACKETS):
        at = second.start() + 1
        head, tail = text[:at].rstrip(), text[at:]
        begun = head.removesuffix("}").rstrip() if head.endswith("}") else head
        if not tail.startswith(begun):
            continue
        try:
            value = json.loads(tail)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def _slipped(text: str) -> dict[str, Any] | None:
    if not _whole(text):
        return None
    try:
        value = ast.literal_eval(text)
        json.dumps(value)
    except _UNREADABLE:
        value = _repaired(text)
    return value if isinstance(value, dict) and value else None


def _whole(text: str) -> bool:
    """Whether nothing is missing at a text's end: its last bracket closes its first, and neither stands in a string."""
    brackets = sum(text.count(bracket) for bracket in "{}[]")
    if len(text) > REPAIRABLE or brackets > BRACKETS or text[:1] != "{" or text[-1:] != "}":
        return False
    quote = '"' if '"' in text else "'"
    inside, depth = False, 0
    for token in _TOKEN.finditer(text):
        if token[0] == quote:
            inside = not inside
        elif not inside and token[0] in "{[":
            depth += 1
        elif not inside and token[0] in "}]":
            depth -= 1
    return not inside and depth == 0


def _repaired(text: str) -> Any:
    import json_repair

    try:
        return json_repair.loads(text, skip_json_loads=True)
    except _UNREADABLE:
        return None


def as_json(arguments: Mapping[str, Any]) -> str:
    """Valid JSON of whatever was read; the API refuses a history that holds anything else."""
    try:
        return orjson.dumps(arguments).decode()
    except TypeError:  # a number beyond 64 bits, or half of a surrogate pair
        return json.dumps(arguments, allow_nan=True)


def fitted(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Values in the type that the tool's schema names, where the model wrote the same in another."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    return {name: _fitted(value, known.get(name)) for name, value in arguments.items()}


def _fitted(value: Any, schema: object) -> Any:
    wanted = schema.get("type") if isinstance(schema, Mapping) else None
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or wanted not in ("integer", "number", "boolean", "object", "array"):
        return value
    try:
        read = json.loads(value.strip().lower() if wanted == "boolean" else value)
    except (ValueError, RecursionError):
        return value
    return read if _is(read, wanted) else value


def _is(value: Any, wanted: str) -> bool:
    if wanted == "boolean":
        return isinstance(value, bool)
    kinds: dict[str, Any] = {"integer": int, "number": int | float, "object": dict, "array": list}
    return isinstance(value, kinds[wanted]) and not isinstance(value, bool)
