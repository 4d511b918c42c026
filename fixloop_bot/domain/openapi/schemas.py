"""Schemas of an OpenAPI document: inlined into plain JSON Schema, with examples and the names of their leaves.

An inlined schema never asks for more than the document does: whatever is cut off (a cycle, depth, the budget, a keyword
that validators disagree about, such as ``format`` and ``pattern``) becomes "anything".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.domain.openapi.text import as_mapping, json_text, pointed, resolved

DEEPEST = 12
MOST_NODES = 400
MOST_NODES_IN_ALL = 100_000
LONGEST_SCHEMA = 16_384
MOST_LEAVES = 12
DEEPEST_EXAMPLE = 5

_KEPT = frozenset(
    {
        *("type", "enum", "const", "required", "minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    }
)


class Budget:
    """Schema nodes that may still be visited: for one schema, and for the whole document."""

    def __init__(self) -> None:
        self.in_all = MOST_NODES_IN_ALL
        self.here = 0
        self.cuts = 0

    def begin(self) -> None:
        self.here = MOST_NODES

    def spend(self) -> bool:
        """Whether one more node may be visited."""
        self.in_all -= 1
        self.here -= 1
        return self.in_all > 0 and self.here > 0


class Budgets:
    """What one document may cost: for answers' schemas, and for examples."""

    def __init__(self) -> None:
        self.schemas = Budget()
        self.examples = Budget()


def inlined(root: Mapping[str, object], schema: object, budget: Budget) -> str | None:
    """The schema as JSON text without references, at most LONGEST_SCHEMA characters; None where it says nothing."""
    budget.begin()
    plain = _plain(root, schema, (), budget)
    return json_text(plain, LONGEST_SCHEMA) if plain else None


def _plain(root: Mapping[str, object], schema: object, above: tuple[str, ...], budget: Budget) -> dict[str, Any]:
    """``above`` holds the references that are being inlined right now, and a mark for each level."""
    if len(above) > DEEPEST or not budget.spend():
        budget.cuts += 1
        return {}
    if not isinstance(schema, Mapping):
        return {"not": {}} if schema is False else {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _inlined_reference(root, schema, reference, above, budget)
    here = {key: value for key, value in schema.items() if key in _KEPT}
    here |= _of_subschemas(root, schema, (*above, ""), budget)
    return _without_write_only(root, schema, _as_2020(schema, here))


def _inlined_reference(
    root: Mapping[str, object],
    schema: Mapping[str, object],
    reference: str,
    above: tuple[str, ...],
    budget: Budget,
) -> dict[str, Any]:
    target = pointed(root, reference)
    if reference in above or target is None:
        budget.cuts += 1
        return {}
    plain = _plain(root, target, (*above, reference), budget)
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    also = _plain(root, beside, (*above, ""), budget) if beside.keys() & (_KEPT | {"properties", "allOf"}) else {}
    return {"allOf": [plain, also]} if also and plain else plain or also


def _of_subschemas(
    root: Mapping[str, object], schema: Mapping[str, object], above: tuple[str, ...], budget: Budget
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        found["properties"] = {
            key: _plain(root, value, above, budget) for key, value in properties.items() if isinstance(key, str)
        }
    for key in ("items", "additionalProperties", "not"):
        if key not in schema or (key == "additionalProperties" and "patternProperties" in schema):
            continue
        before = budget.cuts
        plain = _plain(root, schema[key], above, budget)
        if plain != {} and not (key == "not" and budget.cuts > before):
            found[key] = plain
    for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        found |= _of_list(root, key, schema.get(key), above, budget)
    return found


def _of_list(
    root: Mapping[str, object], key: str, listed: object, above: tuple[str, ...], budget: Budget
) -> dict[str, Any]:
    """``oneOf`` with a part cut off becomes ``anyOf``, since the rest may then match more than once."""
    if not isinstance(listed, list) or not listed:
        return {}
    before = budget.cuts
    parts = [_plain(root, part, above, budget) for part in listed[:50]]
    if key != "allOf" and len(listed) > 50:
        return {}
    return {"anyOf" if key == "oneOf" and budget.cuts > before else key: parts}


def _as_2020(schema: Mapping[str, object], here: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's own spellings in JSON Schema 2020-12: ``nullable``, and exclusive bounds as flags."""
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(here.get(flag), bool):
            exclusive = here.pop(flag)
            if exclusive and bound in here:
                here[flag] = here.pop(bound)
    if schema.get("nullable") is True:
        return {"anyOf": [here, {"type": "null"}]} if here else {}
    return here


def _without_write_only(
    root: Mapping[str, object], schema: Mapping[str, object], here: dict[str, Any]
) -> dict[str, Any]:
    """A write-only property (a password) is required of requests and absent from answers."""
    required = here.get("required")
    if isinstance(required, list):
        properties = as_mapping(schema.get("properties"))
        here["required"] = [
            name
            for name in required
            if isinstance(name, str) and as_mapping(resolved(root, properties.get(name))).get("writeOnly") is not True
        ]
        if not here["required"]:
            del here["required"]
    return here


def example_of(root: Mapping[str, object], described: Mapping[str, object], budget: Budget) -> object:
    """A value that the document itself gives for a parameter, a body or a schema; None where it gives none."""
    budget.begin()
    return _example(root, described, DEEPEST_EXAMPLE, budget)


def _example(root: Mapping[str, object], node: object, depth: int, budget: Budget) -> object:
    if not budget.spend():
        return None
    described = as_mapping(resolved(root, node))
    given = _given(root, described)
    if given is not None or depth == 0:
        return given
    if "schema" in described:
        return _example(root, described["schema"], depth - 1, budget)
    return _assembled(root, described, depth - 1, budget)


def _given(root: Mapping[str, object], described: Mapping[str, object]) -> object:
    enumerated = described.get("enum")
    candidates = (
        described.get("example"),
        _first_example(root, described.get("examples")),
        described.get("const"),
        described.get("default"),
        enumerated[0] if isinstance(enumerated, list) and enumerated else None,
    )
    return next((value for value in candidates if value is not None), None)


def _first_example(root: Mapping[str, object], examples: object) -> object:
    """``examples`` is a list of values in JSON Schema, and a mapping of named Example Objects in OpenAPI."""
    if isinstance(examples, list):
        return examples[0] if examples else None
    first = next(iter(as_mapping(examples).values()), None)
    return as_mapping(resolved(root, first)).get("value")


def _assembled(root: Mapping[str, object], schema: Mapping[str, object], depth: int, budget: Budget) -> object:
    """An object or a list put together from its parts' examples; None where a required part has none."""
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        required = schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        made = {name: _example(root, part, depth, budget) for name, part in list(properties.items())[:50]}
        known = {name: value for name, value in made.items() if value is not None}
        return known if known and all(name in known for name in names) else None
    if "items" in schema:
        item = _example(root, schema["items"], depth, budget)
        return None if item is None else [item]
    return None


def leaf_names(root: Mapping[str, object], schema: object) -> tuple[str, ...]:
    """The names of a schema's leaves, such as ``items[].sku``; at most MOST_LEAVES."""
    names: list[str] = []
    _collect(root, schema, "", names, DEEPEST_EXAMPLE)
    return tuple(names)


def _collect(root: Mapping[str, object], schema: object, name: str, names: list[str], depth: int) -> None:
    here = as_mapping(resolved(root, schema))
    properties = as_mapping(here.get("properties"))
    if depth > 0 and properties:
        for key, part in list(properties.items())[:MOST_LEAVES]:
            if len(names) < MOST_LEAVES and isinstance(key, str) and key.isprintable() and len(key) <= 40:
                _collect(root, part, f"{name}.{key}" if name else key, names, depth - 1)
    elif depth > 0 and "items" in here:
        _collect(root, here["items"], f"{name}[]", names, depth - 1)
    elif name and len(names) < MOST_LEAVES:
        names.append(name)
