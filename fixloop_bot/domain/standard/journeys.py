"""Journeys that a service's own document suggests: list the things, then look one of them up.

An example id in a document is no promise that the thing exists here. What the service has just listed does exist, and
since the values of a list take turns, each sample looks up another one: varied inputs from data captured a moment ago.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.openapi.operations import Operation
from fixloop_bot.domain.openapi.text import as_mapping
from fixloop_bot.domain.plans import JourneyCheck, Leg, Request

SMALL_SCHEMA = 2_000
"""Characters of a response schema that a step still carries; a longer one would bury the plan."""
_ITEM = re.compile(r"(?P<list>/[^{}]*)/\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """An item's operation and the journey that finds an item for it."""

    operation: Operation
    check: JourneyCheck


def lookups(operations: Sequence[Operation]) -> Iterator[Lookup]:
    """Every ``GET /things/{id}`` whose ``GET /things`` lists objects with such an id, in the document's order."""
    lists = {each.path: each for each in operations if each.method == "GET" and each.request() is not None}
    for operation in operations:
        form = _ITEM.fullmatch(operation.path)
        above = lists.get(form["list"]) if form is not None else None
        if form is None or above is None or operation.method != "GET" or operation.secured or operation.headers:
            continue
        found = _key_in_list(above, form["name"])
        if found is not None:
            yield Lookup(operation=operation, check=_journey(above, operation, form["list"], *found))


def _journey(above: Operation, item: Operation, path: str, where: str, key: str) -> JourneyCheck:
    listing = above.request() or Request(path=path)
    own = as_mapping(_schema(item).get("properties"))
    same = (f"json $.{key} == {{{{{key}}}}}",) if key in own else ()
    return JourneyCheck(
        legs=(
            Leg(request=listing, expect=_promised(above), capture=((key, f"json {where}"),)),
            Leg(request=Request(path=f"{path}/{{{{{key}}}}}"), expect=(*_promised(item), *same)),
        )
    )


def _promised(operation: Operation) -> tuple[str, ...]:
    """The status, and the schema where it is short enough to be read."""
    status = f"status == {operation.status}" if operation.status is not None else "status in 2xx"
    schema = operation.response_schema
    fits = schema is not None and operation.status not in (204, 205) and len(schema) <= SMALL_SCHEMA
    return (status, f"schema {schema}") if fits else (status,)


def _schema(operation: Operation) -> dict[str, object]:
    document = json.loads(operation.response_schema) if operation.response_schema else {}
    return document if isinstance(document, dict) else {}


def _key_in_list(above: Operation, name: str) -> tuple[str, str] | None:
    """Where the list's schema has the ids, as a JSON path, and their key: ``$.items[*].sku``, ``sku``."""
    schema = _schema(above)
    arrays = [("$", schema), *((f"$.{key}", part) for key, part in _properties(schema) if _KEY.fullmatch(key))]
    for path, array in arrays:
        inside = as_mapping(as_mapping(array).get("items"))
        keys = [key for key, part in _properties(inside) if _names_it(key, name) and _plain(part)]
        if keys:
            key = name if name in keys else keys[0]
            return f"{path}[*].{key}", key
    return None


def _properties(schema: object) -> list[tuple[str, object]]:
    return [(str(key), part) for key, part in as_mapping(as_mapping(schema).get("properties")).items()]


def _names_it(key: str, name: str) -> bool:
    """Whether a property is what the path's variable asks for: ``sku`` for ``{sku}``, ``id`` for ``{order_id}``."""
    plain = name.lower().replace("_", "")
    return _KEY.fullmatch(key) is not None and (
        key.lower().replace("_", "") == plain or (key.lower() == "id" and plain.endswith("id"))
    )


def _plain(part: object) -> bool:
    """Whether the schema says that it is a text or a whole number; what says nothing may be anything."""
    described = as_mapping(part)
    kind = described.get("type")
    return kind in ("string", "integer") or isinstance(described.get("enum"), list)
