"""Varied inputs: the values among which a service's own document lets a request vary.

One key is answered from a warm cache for ever; a fault that one product has is missed by asking for another. So a step
asks for what the document itself calls valid: the enumerated values, the named examples and the ends of the ranges of
its parameters, and whole examples of its body. Parts of a body are never mixed: a price belongs to its product, and a
cart that the service rightly refuses would look like the bug.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from fixloop_bot.domain.openapi.text import as_mapping, resolved

MOST_INPUTS = 25
"""From so many keys on, a cold cache that fails is no longer missed."""
MOST_CHOICES = 50
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]+")


def choices_of(root: Mapping[str, object], described: Mapping[str, object]) -> tuple[object, ...]:
    """The values that a parameter's or a body's description gives, without repetition; of bounds, some between them.

    The first is what ``openapi_schemas.example_of`` would take, where the description has one of its own.
    """
    schema = as_mapping(resolved(root, described.get("schema")))
    given = [
        described.get("example"),
        *_named(root, described.get("examples")),
        schema.get("example"),
        *_named(root, schema.get("examples")),
        schema.get("const"),
        schema.get("default"),
        *_listed(schema.get("enum")),
        *_between(schema),
    ]
    return distinct(value for value in given if value is not None)


def _named(root: Mapping[str, object], examples: object) -> list[object]:
    """``examples`` as a list of values (JSON Schema) or as a mapping of named Example Objects (OpenAPI)."""
    if isinstance(examples, list):
        return examples[:MOST_CHOICES]
    found = list(as_mapping(examples).values())[:MOST_CHOICES]
    return [as_mapping(resolved(root, each)).get("value") for each in found]


def _listed(values: object) -> list[object]:
    return values[:MOST_CHOICES] if isinstance(values, list) else []


def _between(schema: Mapping[object, object]) -> list[object]:
    """Whole numbers from the lower end of a range with two ends, and its middle; the upper end may be dear to serve."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("type") != "integer" or not _whole(low) or not _whole(high):
        return []
    first, last = int(low), int(high)  # type: ignore[call-overload]
    near = range(first, min(last, first + 3) + 1)
    return [*near, (first + last) // 2] if first < last else []


def _whole(bound: object) -> bool:
    return (
        isinstance(bound, int | float) and not isinstance(bound, bool) and math.isfinite(bound) and bound == int(bound)
    )


def distinct(values: Iterable[object]) -> tuple[object, ...]:
    """The values in order, each once; 1 and true are two, and what is no JSON is left out."""
    seen: dict[str, object] = {}
    for value in values:
        try:
            seen.setdefault(json.dumps(value, sort_keys=True, allow_nan=False), value)
        except (TypeError, ValueError, RecursionError):
            continue
    return tuple(seen.values())


def placeholder_names(names: Sequence[str]) -> dict[str, str]:
    """A placeholder's name for each parameter's, all different: ``page size`` becomes ``page_size``."""
    found: dict[str, str] = {}
    for name in names:
        plain = _NOT_A_NAME.sub("_", name)[:40].strip("_") or "value"
        plain = plain if plain[0].isalpha() else f"v_{plain}"
        while plain in found.values():
            plain += "_"
        found[name] = plain
    return found


def combined(choices: Mapping[str, Sequence[object]], *, most: int = MOST_INPUTS) -> tuple[str, ...]:
    """Inputs as JSON objects in text: every combination, or ``most`` of them; the first takes each name's first value.

    Of too many combinations those are taken that bring every value of a name before any comes again.
    """
    total = math.prod(len(values) for values in choices.values())
    if total < 2:
        return ()
    if total <= most:
        return tuple(_combination(choices, number) for number in range(total))
    walked = [_turn(choices, turn) for turn in range(most)]
    others = (_combination(choices, number) for number in range(2 * most))
    return tuple(dict.fromkeys([*walked, *others]))[:most]


def _combination(choices: Mapping[str, Sequence[object]], number: int) -> str:
    """One of all combinations, numbered in a mixed radix."""
    chosen: dict[str, object] = {}
    for name, values in choices.items():
        number, place = divmod(number, len(values))
        chosen[name] = values[place]
    return json.dumps(chosen, ensure_ascii=False)


def _turn(choices: Mapping[str, Sequence[object]], turn: int) -> str:
    """All names walk through their values side by side; after each round a name falls back by its place in the row."""
    return json.dumps(
        {
            name: values[(turn + place * (turn // len(values))) % len(values)]
            for place, (name, values) in enumerate(choices.items())
        },
        ensure_ascii=False,
    )
