"""What the shape of a JSON document is made of, and how it is read and written; ``shapes`` says what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import orjson

DEEPEST = 8
"""Arrays and objects inside each other that are described."""
LONGEST = 2_000
"""Characters of a shape, about."""
MOST_KEYS = 50
"""Above this an object of one document is taken for a map."""
LONGEST_KEY = 80
"""A longer key is left out."""

NULL, BOOLEAN, NUMBER, TEXT, CUT = 1, 2, 4, 8, 16
_BITS: dict[type, int] = {type(None): NULL, bool: BOOLEAN, int: NUMBER, float: NUMBER, str: TEXT}
_WORDS = {NULL: "null", BOOLEAN: "boolean", NUMBER: "number", TEXT: "text", CUT: "…"}
_MARKS = ("*", "|", "…")
_ID = re.compile(r"\d+|(?=(?:.*?\d){3})[\w.:@-]{6,}")


class Node:
    """What was seen at one place: a set of types, and what is inside.

    ``objects`` counts the objects seen here and ``seen`` in how many of its parent's this was a key, so that a key is
    required where the two are equal.
    """

    __slots__ = ("fields", "items", "objects", "seen", "types", "values")

    def __init__(self) -> None:
        self.types = 0
        self.items: Node | None = None
        self.fields: dict[str, Node] | None = None
        self.values: Node | None = None
        self.objects = 0
        self.seen = 0

    def field(self, key: str) -> Node:
        if self.fields is None:
            self.fields = {}
        known = self.fields.get(key)
        if known is None:
            known = self.fields[key] = Node()
        return known

    def element(self) -> Node:
        if self.items is None:
            self.items = Node()
        return self.items

    def value(self) -> Node:
        if self.values is None:
            self.values = Node()
        return self.values

    def requires(self, field: Node) -> bool:
        return field.seen == self.objects

    @property
    def empty(self) -> bool:
        """Whether nothing was seen here, as inside an array that was always empty."""
        return not (self.types or self.items or self.objects or self.values)


def see(node: Node, value: object, depth: int) -> None:
    """Add a document to what was seen. One call for an array or object; scalars are noted by whoever holds them."""
    if isinstance(value, dict):
        if depth:
            _see_object(node, value, depth)
        else:
            node.types |= CUT
    elif isinstance(value, list):
        if depth:
            _see_each(node.element(), value, depth - 1)
        else:
            node.types |= CUT
    else:
        node.types |= _BITS.get(type(value), TEXT)


def _see_object(node: Node, document: dict[str, object], depth: int) -> None:
    if is_map(document):
        _see_each(node.value(), document.values(), depth - 1)
        return
    node.objects += 1
    fields = node.fields
    if fields is None:
        fields = node.fields = {}
    for key, value in document.items():
        known = fields.get(key)
        if known is None:
            if len(key) > LONGEST_KEY:
                continue
            known = fields[key] = Node()
        known.seen += 1
        bit = _BITS.get(type(value))
        if bit:
            known.types |= bit
        else:
            see(known, value, depth - 1)


def _see_each(node: Node, values: Iterable[object], depth: int) -> None:
    """Add the elements of an array, or the values of a map.

    Objects of the same keys and types differ at most inside their arrays and objects, so that one stands for all.
    """
    alike: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for value in values:
        bit = _BITS.get(type(value))
        if bit:
            node.types |= bit
        elif depth and isinstance(value, dict):
            alike.setdefault((*value, *map(type, value.values())), []).append(value)
        else:
            see(node, value, depth)
    for first, *others in alike.values():
        _see_object(node, first, depth)
        if others:
            _see_inside(node, first, others, depth)


def _see_inside(node: Node, first: dict[str, object], others: list[dict[str, object]], depth: int) -> None:
    """Look into the arrays and objects of what is otherwise like ``first``, which was seen."""
    for key, value in first.items():
        if type(value) not in _BITS and len(key) <= LONGEST_KEY:
            inside = node.value() if is_map(first) else node.field(key)
            _see_each(inside, [other[key] for other in others], depth - 1)


def is_map(document: dict[str, object]) -> bool:
    """Whether the keys are data: more than 50 of them, or every one looks like an id, a number or a date."""
    return len(document) > MOST_KEYS or (bool(document) and all(map(_looks_like_id, document)))


@lru_cache(maxsize=4096)
def _looks_like_id(key: str) -> bool:
    return _ID.fullmatch(key) is not None


def text_of(root: Node, level: int) -> str:
    """The canonical text, cut at the greatest depth at which it is short enough."""
    text = _dumped(_written(root, level))
    if level < DEEPEST:
        text = _under(text, level)
    while len(text) > LONGEST and level:
        level -= 1
        text = _under(_dumped(_written(root, level)), level)
    return text


def _under(text: str, level: int) -> str:
    return f'{{"…":[{level},{text}]}}'


def _dumped(written: object) -> str:
    try:
        return orjson.dumps(written, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # half a character in a key, which no JSON parser of ours gives
        return json.dumps(written, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace").decode()


def _written(node: Node, depth: int) -> object:
    """A node as JSON, with arrays and objects below ``depth`` left out."""
    inside = node.items is not None or node.objects or node.values is not None
    if not inside:
        return _words(node.types)
    if not depth:
        return _words(node.types | CUT)
    alternatives = [_words(node.types)] if node.types else []
    alternatives += _containers(node, depth - 1)
    return alternatives[0] if len(alternatives) == 1 else {"|": alternatives}


def _containers(node: Node, depth: int) -> Iterator[object]:
    if node.items is not None:
        yield [] if node.items.empty else [_written(node.items, depth)]
    if node.objects:
        fields = (node.fields or {}).items()
        yield {_marked(key, node.requires(field)): _written(field, depth) for key, field in fields}
    if node.values is not None:
        yield {"*": _written(node.values, depth)}


@lru_cache(maxsize=64)
def _words(types: int) -> object:
    return "|".join(word for bit, word in _WORDS.items() if types & bit)


@lru_cache(maxsize=64)
def _types(words: str) -> int:
    named = words.split("|")
    return sum(bit for bit, word in _WORDS.items() if word in named)


def _marked(key: str, required: bool) -> str:
    if not required:
        return f"{key}?"
    return f"{key}!" if key in _MARKS or key.endswith(("?", "!")) else key


def learn(root: Node, shape: str) -> int:
    """Add a shape to what was seen; returns the depth that it is cut at."""
    if not shape:
        return DEEPEST
    written, level = orjson.loads(shape), DEEPEST
    if isinstance(written, dict) and "…" in written:
        level, written = written["…"]
    _learn_node(root, written)
    return level


def _learn_node(node: Node, written: object) -> None:
    if isinstance(written, str):
        node.types |= _types(written)
    elif isinstance(written, list):
        element = node.element()
        for each in written:
            _learn_node(element, each)
    elif isinstance(written, dict):
        _learn_object(node, written)
    else:
        raise ValueError("this text is no shape")  # noqa: TRY004 -- about the text, not about a type


def _learn_object(node: Node, written: dict[str, object]) -> None:
    if "*" in written:
        _learn_node(node.value(), written["*"])
        return
    alternatives = written.get("|")
    if isinstance(alternatives, list):
        for each in alternatives:
            _learn_node(node, each)
        return
    node.objects += 1
    for key, value in written.items():
        field = node.field(key.removesuffix("?") if key.endswith("?") else key.removesuffix("!"))
        field.seen += not key.endswith("?")
        _learn_node(field, value)
