"""From the bytes of a webhook to Datadog's variables, whatever the customer's template calls them.

Nothing here knows what an alert is. Every scalar of the body becomes a candidate for the variable that its
key names (vocabulary.py); asked for a variable, ``Fields`` answers with the most explicit candidate that
says anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson

from fixloop_bot.adapters.datadog.salvage import Found, salvage
from fixloop_bot.adapters.datadog.vocabulary import (
    ENVELOPES,
    EXPLICIT,
    EXPLICIT_KEYS,
    GENERIC_KEYS,
    JSON_TEXT,
    meaningful,
    normal,
)
from fixloop_bot.domain.errors import UnreadableSignal

MOST_LEAVES = 2_000
MOST_FORM_FIELDS = 500
DEEPEST = 20
LONGEST_VALUE = 20_000
ROWS = frozenset({"fields", "facts"})
"""Lists of a chat attachment's rows: {"title": "Alert ID", "value": "1"}."""
ROW_NAMES = ("title", "name", "key")
TAG_WORDS = frozenset(EXPLICIT["TAGS"]) | {"labels"}

_TAG_VALUE = re.compile(r"[^\s,{}]{1,200}")
_BRACKETS = re.compile(r"[\[\]]+")

Preference = tuple[int, int, int, int, int]


@dataclass(slots=True)
class Fields:
    """Candidates for each variable, best first once sorted: own over embedded JSON, explicit over generic
    key."""

    candidates: dict[str, list[tuple[Preference, str]]] = field(default_factory=dict)
    leaves: int = 0

    def first(self, variable: str) -> str | None:
        """The best candidate that says anything."""
        return next(iter(self.all(variable)), None)

    def all(self, variable: str) -> list[str]:
        """Every candidate that says anything, best first."""
        ranked = sorted(self.candidates.get(variable, ()), key=lambda candidate: candidate[0])
        return [value for _, value in ranked if meaningful(value)]

    def explicit(self, variable: str) -> str | None:
        """The best candidate whose key says by itself which variable it is."""
        ranked = sorted(self.candidates.get(variable, ()), key=lambda candidate: candidate[0])
        return next((value for rank, value in ranked if rank[1] < 2 and meaningful(value)), None)

    def generic(self, variable: str) -> list[str]:
        """The candidates whose key may mean the variable or something else, best first."""
        ranked = sorted(self.candidates.get(variable, ()), key=lambda candidate: candidate[0])
        return [value for rank, value in ranked if rank[1] == 2 and meaningful(value)]

    def add(self, path: tuple[str, ...], value: str, *, embedded: int = 0) -> None:
        """Take one scalar; ``path`` are the keys that lead to it, as they came."""
        self.leaves += 1
        keys = tuple(normal(key) for key in path)
        if len(keys) > 1 and keys[-2] in TAG_WORDS and _is_tag(keys[-1], value):
            self._offer("TAGS", (embedded, 1, 0, len(keys), self.leaves), f"{path[-1]}:{value}")
        for joined in dict.fromkeys(("".join(keys[-2:]), "".join(keys[-3:]), keys[-1])):
            if joined in EXPLICIT_KEYS:
                variable, place = EXPLICIT_KEYS[joined]
                if variable == "ID" and keys[-1] == "id":  # {"event": {"id": …}} says no more than {"id": …} does
                    self._offer(variable, (embedded, 2, -1, len(keys), self.leaves), value)
                    return
                self._offer(variable, (embedded, int(place > 0), place, len(keys), self.leaves), value)
                return
        if all(key in ENVELOPES for key in keys[:-1]) and keys[-1] in GENERIC_KEYS:
            variable, place = GENERIC_KEYS[keys[-1]]
            self._offer(variable, (embedded, 2, place, len(keys), self.leaves), value)
        else:
            self._offer("OTHER", (embedded, 3, 0, len(keys), self.leaves), value)

    def _offer(self, variable: str, preference: Preference, value: str) -> None:
        self.candidates.setdefault(variable, []).append((preference, value[:LONGEST_VALUE]))


def _is_tag(key: str, value: str) -> bool:
    """Whether an entry of a mapping of tags is one: not the monitor's query among a template's "labels"."""
    variable, _ = EXPLICIT_KEYS.get(key, ("TAG", 0))
    return variable in ("TAG", "SERVICE", "ENV", "HOSTNAME") and bool(_TAG_VALUE.fullmatch(value.strip()))


def read_fields(body: bytes, *, content_type: str) -> Fields:
    """The variables of a body. Raises UnreadableSignal where there is nothing like an object in it."""
    text = decode(body).strip()
    if not text:
        raise UnreadableSignal("The body is empty.")
    if text[:3].lower() == "%7b":
        text = unquote_plus(text)
    if text[0] not in "{[\"'" and ("x-www-form-urlencoded" in content_type.lower() or _looks_like_form(text)):
        return _from_form(text)
    return _from_json(text)


def decode(body: bytes) -> str:
    """Text of a body: by its byte order mark, as UTF-8, and at last as Latin-1, which always fits."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _looks_like_form(text: str) -> bool:
    key, separator, _ = text[:200].partition("=")
    return (
        bool(separator) and key.replace("[", "").replace("]", "").replace("%5B", "").replace("%5D", "").isidentifier()
    )


def _from_form(text: str) -> Fields:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FORM_FIELDS)
    except ValueError:
        raise UnreadableSignal(f"The form has more than {MOST_FORM_FIELDS} fields.") from None
    fields = Fields()
    for key, value in pairs:
        document, path = _json_in(value), tuple(filter(None, _BRACKETS.split(key))) or (key,)
        if document is None and normal(key) in JSON_TEXT and value.lstrip()[:1] == "{":
            _salvage_into(fields, value)
        elif document is None:
            fields.add(path, value)
        else:
            _walk_into(fields, document, path)
    if not pairs:
        raise UnreadableSignal("The form has no fields.")
    return fields


def _from_json(text: str) -> Fields:
    document = _parsed(text)
    if isinstance(document, str):  # a document that was encoded twice
        document = _json_in(document)
    fields = Fields()
    if isinstance(document, dict | list):
        _walk_into(fields, _one_alert(document), ())
    elif document is None and text.lower() != "null":
        _salvage_into(fields, text)
    if not fields.leaves and isinstance(document, dict):
        raise UnreadableSignal("The JSON object has no fields that could be read.")
    if not fields.leaves:
        raise UnreadableSignal("The body is neither a JSON object nor a form, so there is no alert in it.")
    return fields


def _one_alert(document: Any) -> Any:
    """The alert of a list; Datadog sends one a request, so a second one would be somebody's own batching."""
    for _ in range(DEEPEST):
        if not isinstance(document, list):
            break
        document = next((item for item in document if isinstance(item, dict | list)), {})
    return document


def _parsed(text: str) -> Any:
    """A JSON value, or None; raw newlines and tabs inside strings are accepted."""
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _json_in(value: str) -> Any:
    """The object or list that a string spells out, or None."""
    stripped = value.strip()
    if stripped[:1] + stripped[-1:] not in ("{}", "[]"):
        return None
    document = _parsed(stripped)
    return document if isinstance(document, dict | list) else None


def _salvage_into(fields: Fields, text: str) -> None:
    name: Found | None = None
    in_rows = False
    for found in salvage(text):
        key = normal(found.path[-1])
        if name is not None and key == "value":
            fields.add((*found.path[:-1], name.value), found.value)
            name = None
            continue
        if name is not None:
            fields.add(name.path, name.value)
        in_rows = in_rows or (key in ROWS and not found.value)
        name = found if in_rows and key in ROW_NAMES else None
        if name is None:
            fields.add(found.path, found.value)
    if name is not None:
        fields.add(name.path, name.value)


def _walk_into(fields: Fields, document: Any, path: tuple[str, ...]) -> None:
    """Every scalar of a document, breadth first, so that a bound on their number keeps the outer ones."""
    waiting: list[tuple[tuple[str, ...], Any, int]] = [(path, document, 0)]
    for where, value, embedded in waiting:  # the list grows while it is read
        if fields.leaves >= MOST_LEAVES or len(waiting) > MOST_LEAVES * 4:
            return
        if isinstance(value, dict | list):
            if len(where) < DEEPEST:
                waiting.extend((*inner, embedded) for inner in _children(where, value))
        elif value is not None and not isinstance(value, bool) and where:
            text = str(value)
            inside = _json_in(text) if normal(where[-1]) in JSON_TEXT and embedded < 2 else None
            if isinstance(inside, dict):
                waiting.append((where, inside, embedded + 1))
            fields.add(where, text, embedded=embedded)


def _children(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, list):
        scalars = [str(item) for item in value[:200] if isinstance(item, str | int | float)]
        if scalars:
            yield path, ",".join(scalars)
        yield from ((path, item) for item in value[:MOST_LEAVES] if isinstance(item, dict | list))
        return
    if path and normal(path[-1]) in ROWS and "value" in value:
        name = next((value[key] for key in ROW_NAMES if isinstance(value.get(key), str)), "")
        yield (*path, name), value["value"]
        return
    yield from (((*path, str(key)), item) for key, item in islice(value.items(), MOST_LEAVES))
