"""Documents in the store: JSON with a version, so that a newer FixLoop can read what an older one wrote.

``{"v": 2, "doc": {...}}``. An older document is upgraded on read, step by step; a newer one is refused with a sentence,
and never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from fixloop_bot.domain.errors import BadInput, NewerDocument

T = TypeVar("T")
DOCUMENTS_KEPT = 64
"""A click, its job and the redraw read the same incident one after the other: the last ones are read from memory."""
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


def unchanged(document: dict[str, Any]) -> dict[str, Any]:
    """The upgrade to a version that only adds: what an older document does not have is at its default."""
    return document


VERSIONS: Mapping[str, int] = {"incident": 4, "run": 2, "sample": 2}
"""What is written now; 1 for every other kind. Version 2 has plans with checks below HTTP, with inputs and logs, and
what their samples and progress tell; version 3 of an incident has its roles, its acknowledgement, what fixed it and
what it was merged with; its version 4 has the kinds of its timeline's entries. A FixLoop that does not know them would
write the document back without them, so it is to say that it is too old."""
UPGRADES: Mapping[str, Mapping[int, Upgrade]] = {
    kind: dict.fromkeys(range(1, version), unchanged) for kind, version in VERSIONS.items()
}


class Codec(Generic[T]):
    """Turns one kind of document into bytes and back.

    ``upgrades[n]`` makes a version ``n + 1`` document out of a version ``n`` one; ``version`` is what is written now.
    The same bytes may give the same object again: documents are frozen.
    """

    def __init__(
        self, shape: Any, *, kind: str, version: int = 1, upgrades: Mapping[int, Upgrade] | None = None
    ) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(shape)
        self._kind = kind
        self._version = version
        self._head = b'{"v":%d,"doc":' % version
        self._upgrades = dict(upgrades or {})
        self._validated = lru_cache(DOCUMENTS_KEPT)(self._validate)

    def encode(self, document: T) -> bytes:
        return self._head + self._adapter.dump_json(document) + b"}"

    def decode(self, stored: bytes | str) -> T:
        """The document; raises NewerDocument for one from the future and BadInput for one that cannot be read."""
        if isinstance(stored, bytes) and stored.startswith(self._head):
            return self._validated(stored[len(self._head) : -1])
        try:
            envelope = orjson.loads(stored)
            version, raw = int(envelope["v"]), envelope["doc"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"A stored {self._kind} cannot be read: it is not one of FixLoop's documents.") from error
        if version > self._version:
            raise NewerDocument(
                f"A stored {self._kind} was written by a newer FixLoop (document version {version}, "
                f"this one reads up to {self._version}): update this FixLoop."
            )
        try:
            for step in range(version, self._version):
                raw = self._upgrades[step](raw)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"A stored {self._kind} of version {version} cannot be upgraded.") from error
        return self._validated(orjson.dumps(raw))

    def _validate(self, document: bytes) -> T:
        try:
            return self._adapter.validate_json(document)
        except ValidationError as error:
            raise BadInput(f"A stored {self._kind} cannot be read: {error.error_count()} fields are wrong.") from error
