"""What a JSON Schema costs at most on a document of so many values, known before it is compiled.

Its *width* is how many of its parts, the schemas in it, can be applied to one and the same value. Through ``$ref`` it
may grow with the depth of the document, twice at each level for instance: such a schema is refused, as is one that
needs to know what its other parts have looked at (``unevaluatedItems``), which makes the validator look again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fixloop_bot.domain.expectations.effort import TooMuch

MOST_PARTS = 2_000
MOST_PARTS_OF_A_CYCLE = 100
WIDEST = 400
DEEPEST = 256  # levels that the validator can look into
MOST_CHECKS = 10_000_000
"""Subschemas times values, some 5 ns each."""
MOST_MATCHED = 2_000_000
"""Patterns times bytes."""
MOST_BACKTRACKED = 1_000
"""Patterns with lookaround times values: one on one value may take 0.1 ms."""

_REFUSED = ("unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef")
_IN_PLACE = ("not", "if", "then", "else")
_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE_MAPS = ("dependentSchemas", "dependencies")
_BELOW = ("items", "additionalItems", "contains", "additionalProperties", "propertyNames")


class Costly(ValueError):  # noqa: N818 -- a finding about a schema
    """It costs too much; the text is the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """``width`` as above; ``patterns`` and ``unique`` count those keywords."""

    width: int
    patterns: int
    unique: int

    def check(self, values: int, size: int, *, backtracks: bool) -> None:
        """Raises TooMuch for a document of so many values and bytes."""
        heavy = values * (self.width + 10 * self.unique) > MOST_CHECKS
        slow = backtracks and values * self.patterns > MOST_BACKTRACKED
        if heavy or slow or size * self.patterns > MOST_MATCHED:
            raise TooMuch


def cost_of(document: Any) -> Cost:
    """Raises Costly."""
    return _Reader(document).cost()


class _Reader:
    """Finds the parts of one schema, by identity; each is entered once."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._parts: dict[int, Any] = {}
        self._cyclic = False
        self._widths: dict[tuple[int, int], int] = {}
        self._open: set[tuple[int, int]] = set()

    def cost(self) -> Cost:
        self._enter(self._root, ())
        if len(self._parts) > (MOST_PARTS_OF_A_CYCLE if self._cyclic else MOST_PARTS):
            raise Costly("it has too many parts")
        widest = 0
        for depth in range(DEEPEST):
            width = self._width(self._root, depth)
            if not width:
                break
            widest = max(widest, width)
        parts = self._parts.values()
        patterns = sum(("pattern" in part) + len(_dict(part.get("patternProperties"))) for part in parts)
        return Cost(width=widest, patterns=patterns, unique=sum("uniqueItems" in part for part in parts))

    def _enter(self, part: Any, above: tuple[int, ...]) -> None:
        if not isinstance(part, dict):
            return
        if id(part) in above:
            self._cyclic = True
        if id(part) in self._parts:
            return
        if len(above) > DEEPEST or len(self._parts) > MOST_PARTS:
            raise Costly("it has too many parts")
        if refused := next((word for word in _REFUSED if word in part), ""):
            raise Costly(f"it may not use {refused}")
        if part is not self._root and isinstance(part.get("$id"), str):
            raise Costly("only the whole of it may have an $id")
        self._parts[id(part)] = part
        for inside in (*self._in_place(part), *_beside(part), *_apart(part)):
            self._enter(inside, (*above, id(part)))

    def _in_place(self, part: dict[str, Any]) -> Iterator[Any]:
        yield from (part[word] for word in _IN_PLACE if word in part)
        for word in _IN_PLACE_LISTS:
            yield from _list(part.get(word))
        for word in _IN_PLACE_MAPS:
            yield from _dict(part.get(word)).values()
        if isinstance(part.get("$ref"), str):
            yield self._pointed(part["$ref"])

    def _pointed(self, reference: str) -> Any:
        if reference != "#" and not reference.startswith("#/"):
            raise Costly("a $ref may only lead to a place inside it, such as #/$defs/name")
        place = self._root
        for step in reference[2:].split("/") if len(reference) > 1 else ():
            name = re.sub(r"%([0-9A-Fa-f]{2})", lambda hit: chr(int(hit[1], 16)), step)
            name = name.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            elif isinstance(place, dict) and name in place:
                place = place[name]
            else:
                raise Costly(f"{reference} leads nowhere")
        return place

    def _width(self, part: Any, depth: int) -> int:
        """How many parts are applied to one value so many levels below the one that ``part`` is applied to."""
        if not isinstance(part, dict):
            return 0 if depth else 1
        key = (id(part), depth)
        if key in self._widths:
            return self._widths[key]
        if key in self._open:
            raise Costly("it refers to itself without looking deeper")
        self._open.add(key)
        width = (0 if depth else 1) + sum(self._width(inside, depth) for inside in self._in_place(part))
        if depth:
            width += sum(self._width(inside, depth - 1) for inside in _beside(part))
            width += max((self._width(inside, depth - 1) for inside in _apart(part)), default=0)
        self._open.discard(key)
        if width > WIDEST:
            raise Costly("it looks at one value too often")
        self._widths[key] = width
        return width


def _beside(part: dict[str, Any]) -> Iterator[Any]:
    """What is applied to what is inside a value, all at once."""
    yield from (part[word] for word in _BELOW if isinstance(part.get(word), dict | bool))
    yield from _dict(part.get("patternProperties")).values()


def _apart(part: dict[str, Any]) -> Iterable[Any]:
    """What is applied to what is inside a value, each to another."""
    return (*_dict(part.get("properties")).values(), *_list(part.get("prefixItems")), *_list(part.get("items")))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
