"""The shape of a JSON document: which keys there are and of which types, without any value.

A shape is canonical JSON text, so that equal shapes are equal texts::

    "number"  "null|text"             one type, several types
    [ELEMENT]  []                     an array with the merged shape of its elements; one that was always empty
    {"id": …, "note?": …}             an object; ``?`` marks a key that was not always there
    {"*": VALUE}                      a map: many keys, or keys that are ids, which say nothing about the structure
    {"|": [SHAPE, …]}                 an array or an object among other types
    "…"                               an array or an object that is too deep to be described
    {"…": [DEPTH, SHAPE]}             around it all: cut at this depth, since the text would have been too long

A real key that could be taken for one of these marks (``*``, ``|``, ``…``, or one that ends in ``?`` or ``!``) ends in
``!``. Empty text is the shape of nothing.

Merging is the least upper bound of a lattice, so neither order nor repetition matters. Cuts keep that: a text only
grows by merging, and the cut at a depth commutes with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import orjson

from fixloop_bot.domain.reasons import listed
from fixloop_bot.domain.shape_nodes import BOOLEAN, CUT, DEEPEST, NULL, NUMBER, TEXT, Node, learn, see, text_of


def shape_of(document: object) -> str:
    """The shape of one document as ``json.loads`` gives it; never raises. Some 50 µs for 5 KB."""
    root = Node()
    see(root, document, DEEPEST)
    return text_of(root, DEEPEST)


MOST_VALUES = 20_000
"""Of a document that is described: with keys that differ everywhere, some 0.3 s."""


def is_large(document: object) -> bool:
    """Whether a document holds more values than are described. It counts no further."""
    count, inside = 1, [document]
    while inside:
        each = inside.pop()
        if isinstance(each, dict | list):
            count += len(each)
            if count > MOST_VALUES:
                return True
            inside.extend(each.values() if isinstance(each, dict) else each)
    return False


def merged(shapes: Iterable[str]) -> str:
    """The shape that covers all of them; empty for none. Raises ValueError for text that is no shape.

    Keys that all of them have are required, the others are not; types add up.
    """
    root, level = Node(), DEEPEST
    for shape in dict.fromkeys(shapes):
        level = min(level, learn(root, shape))
    return "" if root.empty else text_of(root, level)


def node_of(shape: str) -> Node:
    """A shape as a tree; an empty node for the empty text."""
    root = Node()
    learn(root, shape)
    return root


def schema_of(shape: str) -> str:
    """A JSON Schema (2020-12) that the shape's documents fit: types and required keys; further keys are allowed.

    A value that was always null, and an array that was always empty, are left open: nothing is known of them.
    """
    return orjson.dumps(_schema(node_of(shape))).decode()


_TYPES = {NULL: "null", BOOLEAN: "boolean", NUMBER: "number", TEXT: "string"}


def _schema(node: Node) -> dict[str, object]:
    if node.empty or (node.types == NULL and not (node.items or node.objects or node.values)):
        return {}
    types = [name for bit, name in _TYPES.items() if node.types & bit]
    cut = bool(node.types & CUT)
    types += ["array"] if cut or node.items is not None else []
    types += ["object"] if cut or node.objects or node.values is not None else []
    schema: dict[str, object] = {"type": types[0] if len(types) == 1 else types}
    if node.items is not None and (inside := _schema(node.items)):
        schema["items"] = inside
    return schema | _schema_of_object(node)


def _schema_of_object(node: Node) -> dict[str, object]:
    values = _schema(node.values) if node.values is not None else {}
    as_map: dict[str, object] = {"additionalProperties": values} if values else {}
    if not node.objects:
        return as_map
    fields = sorted((node.fields or {}).items())
    plain: dict[str, object] = {}
    if required := [key for key, field in fields if node.requires(field)]:
        plain["required"] = required
    if properties := {key: inside for key, field in fields if (inside := _schema(field))}:
        plain["properties"] = properties
    if node.values is None:
        return plain
    return {"anyOf": [plain, as_map]} if plain and as_map else {}


MOST_DIFFERENCES = 20
_ARRAY, _OBJECT = 32, 64
_KINDS = {
    NULL: "null",
    BOOLEAN: "a boolean",
    NUMBER: "a number",
    TEXT: "text",
    _ARRAY: "an array",
    _OBJECT: "an object",
}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def differences(before: str, after: str) -> tuple[str, ...]:
    """What ``after`` has that ``before`` rules out, in sentences such as ``$.total is gone``; at most 20 of them.

    Something that only some documents had, and now none has, is no difference: there may be too few of them. Nothing is
    said where either is empty.
    """
    found = list(_differ("$", node_of(before), node_of(after)))
    if len(found) <= MOST_DIFFERENCES:
        return tuple(found)
    return (*found[: MOST_DIFFERENCES - 1], f"and {len(found) - MOST_DIFFERENCES + 1} more differences")


def _differ(place: str, was: Node, now: Node) -> Iterator[str]:
    if was.empty or now.empty:
        return
    if _kinds(now) & ~_kinds(was):
        yield f"{place} was {_named(_kinds(was))}, is {_named(_kinds(now))}"
    if was.items is not None and now.items is not None:
        yield from _differ(f"{place}[*]", was.items, now.items)
    if was.values is not None and now.values is not None:
        yield from _differ(f"{place}.*", was.values, now.values)
    if was.objects and now.objects:
        yield from _differ_in_keys(place, was, now)


def _differ_in_keys(place: str, was: Node, now: Node) -> Iterator[str]:
    before, after = was.fields or {}, now.fields or {}
    if before and after and not before.keys() & after.keys():
        yield f"{place} is something else: it had {_first(before)}, and has {_first(after)}"
        return
    for key in sorted(before.keys() | after.keys()):
        here = f"{place}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{place}[{key!r}]"
        field, follower = before.get(key), after.get(key)
        if field is None:
            yield f"{here} is new"
        elif follower is None:
            if was.requires(field):
                yield f"{here} is gone"
        else:
            if was.requires(field) and not now.requires(follower):
                yield f"{here} is missing at times"
            yield from _differ(here, field, follower)


def _first(fields: Iterable[str]) -> str:
    """The names of some keys: ``id, items and total``."""
    names = sorted(fields)
    return listed(names) if len(names) <= 4 else listed([*names[:3], "others"])


def _kinds(node: Node) -> int:
    """The types as a set of bits; what is too deep to be described may be an array as well as an object."""
    cut = node.types & CUT
    return (
        node.types & ~CUT
        | (_ARRAY if cut or node.items is not None else 0)
        | (_OBJECT if cut or node.objects or node.values is not None else 0)
    )


def _named(kinds: int) -> str:
    words = [word for bit, word in _KINDS.items() if kinds & bit]
    return " or ".join(words)
