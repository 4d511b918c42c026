"""An OpenAPI document in YAML, in time and memory that grow with its length and with nothing else.

The document comes from the service under suspicion, and YAML can say much in few letters: aliases and merge keys double
with every line, 1:1:1… is a number of base sixty, and numbers that are keys can be chosen to collide. OpenAPI asks for
no more of YAML than JSON has, so only that is read: texts, numbers, true, false, null, and keys that are text. Aliases
and merge keys, which people do write, are followed within a budget. The data are built from the parser's events in one
pass: the tree of nodes that lies between them elsewhere costs three times as much as both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from fixloop_bot.domain.errors import BadInput

DEEPEST = 100
"""Levels."""
MOST_VALUES = 400_000
"""Keys, values, lists and mappings; about twice as many as 4 MB of a real document hold."""
MOST_ALIASES = 1_000
MOST_DIRECTIVES = 10
"""Lines that begin with %: the parser compares each with all others."""
MOST_WRITTEN_OUT = 16_000_000
"""About the bytes that a document has once each alias is replaced by what it stands for: as many as JSON may have."""
MOST_MERGED = 20_000
"""Keys that merge keys (``<<``) bring."""
LONGEST_WHOLE = 40
"""Digits of a number that stays exact; a longer one is rounded."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_DIRECTIVE = re.compile(rb"^%", re.MULTILINE)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NUMBER_BEGINS = frozenset("-0123456789")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_AS_WRITTEN = tuple(f"{_TAG}{name}" for name in ("int", "float", "bool", "null"))
_AS_TEXT = tuple(f"{_TAG}{name}" for name in ("str", "timestamp", "binary"))


def loaded_yaml(document: bytes) -> object:
    """The document's data. Raises BadInput, RecursionError where it is nested too deeply."""
    if len(_DIRECTIVE.findall(document)) > MOST_DIRECTIVES:
        raise BadInput(f"The OpenAPI document has over {MOST_DIRECTIVES} lines that begin with %.")
    try:
        return _Building().built(document)
    except (yaml.YAMLError, ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise BadInput(f"The OpenAPI document is neither JSON nor YAML{where}.") from error


@dataclass(slots=True, kw_only=True)
class _Open:
    """A list or mapping whose end has not come yet. ``size`` is that of its contents, aliases written out."""

    data: list[object] | dict[str, object]
    anchor: str | None
    size: int = 2
    key: str | None = None
    merging: bool = False
    merged: list[object] = field(default_factory=list)


class _Building:
    """Data, made of the events of one document."""

    def __init__(self) -> None:
        top: list[object] = []
        self._top = top
        self._open = [_Open(data=top, anchor=None)]
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = self._aliases = self._merged = 0

    def built(self, document: bytes) -> object:
        for event in yaml.parse(document, Loader=_LOADER):
            if isinstance(event, ScalarEvent):
                self._scalar(event)
            elif isinstance(event, CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, CollectionEndEvent):
                self._end()
            elif isinstance(event, AliasEvent):
                self._alias(event.anchor)
            elif isinstance(event, DocumentStartEvent) and self._top:
                raise ValueError("there is more than one document")
        return self._top[0] if self._top else None

    def _scalar(self, event: ScalarEvent) -> None:
        inside, text, unquoted = self._open[-1], event.value, event.implicit[0]
        size = 1 + len(text)
        if event.anchor is not None:
            self._anchors[event.anchor] = (_value(event), size)
        if isinstance(inside.data, dict) and inside.key is None:
            # Keys are text, as in JSON. Numbers would be hashed in a way that a document can foresee.
            inside.key, inside.merging = text, text == "<<" and unquoted
            self._count(size)
        else:
            self._put(_value(event), size)

    def _begin(self, event: CollectionStartEvent) -> None:
        is_list = isinstance(event, SequenceStartEvent)
        if event.tag not in (None, "!", f"{_TAG}seq" if is_list else f"{_TAG}map"):
            raise ValueError("only lists and mappings of the usual kind")
        inside = self._open[-1]
        if isinstance(inside.data, dict) and inside.key is None:
            raise ValueError("a key must be a word")
        if len(self._open) > DEEPEST:
            raise RecursionError
        data: list[object] | dict[str, object] = [] if is_list else {}
        self._open.append(_Open(data=data, anchor=event.anchor))
        if event.anchor is not None:
            self._anchors[event.anchor] = (data, 1)  # 1: what refers to itself has no end, and nobody writes it out

    def _end(self) -> None:
        ended = self._open.pop()
        for source in ended.merged:
            self._merge(ended.data, source)
        if ended.anchor is not None:
            self._anchors[ended.anchor] = (ended.data, ended.size)
        self._put(ended.data, ended.size)

    def _alias(self, name: str | None) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            raise BadInput(f"The OpenAPI document has over {MOST_ALIASES:,} aliases (*name).")
        value, size = self._anchors[name or ""]
        inside = self._open[-1]
        if isinstance(inside.data, dict) and inside.key is None:
            if not isinstance(value, str):
                raise ValueError("a key must be a word")
            inside.key, inside.merging = value, False
        else:
            self._put(value, size)

    def _put(self, value: object, size: int) -> None:
        inside = self._open[-1]
        if isinstance(inside.data, list):
            inside.data.append(value)
        elif inside.merging:
            inside.merged += value if isinstance(value, list) else [value]
            inside.key = None
        elif inside.key is not None:
            inside.data[inside.key] = value
            inside.key = None
        self._count(size)

    def _count(self, size: int) -> None:
        self._values += 1
        inside = self._open[-1]
        inside.size += size
        if self._values > MOST_VALUES:
            raise BadInput(f"The OpenAPI document has over {MOST_VALUES:,} keys and values.")
        if inside.size > MOST_WRITTEN_OUT:
            limit = MOST_WRITTEN_OUT // 1_000_000
            raise BadInput(f"The OpenAPI document is over {limit} MB once its aliases (*name) are written out.")

    def _merge(self, into: object, source: object) -> None:
        """What stands in a mapping itself comes before what it inherits, and the first source before the others."""
        if not isinstance(source, dict) or not isinstance(into, dict):
            raise TypeError("only mappings merge")
        self._merged += len(source)
        if self._merged > MOST_MERGED:
            raise BadInput(f"The OpenAPI document's merge keys (<<) bring over {MOST_MERGED:,} keys.")
        for key, value in list(source.items()):
            into.setdefault(key, value)


def _value(event: ScalarEvent) -> object:
    """A text, or what an unquoted text stands for in JSON; raises ValueError for what JSON does not know."""
    tag, text = event.tag, event.value
    if tag in (None, "!"):
        return _unquoted(text) if event.implicit[0] else text
    if tag in _AS_TEXT:
        return text
    if tag not in _AS_WRITTEN or isinstance(value := _unquoted(text), str):
        raise ValueError("only what JSON knows")
    return value


def _unquoted(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text) if text[0] in _NUMBER_BEGINS else None
    if found is None:
        return text
    return int(text) if found.lastindex is None and len(text) <= LONGEST_WHOLE else float(text)
