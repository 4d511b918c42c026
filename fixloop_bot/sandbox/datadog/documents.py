"""Logs and events: text with tags, kept for a few hours, found by the search language, read page by page."""

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .search import Searchable, SearchError, parse_search

KEPT_S = 4 * 3600
KEPT_DOCUMENTS = 50_000
MAX_PAGE = 1000

_RELATIVE = re.compile(r"now(?:-(\d+)([smhdw]))?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class SearchRequestError(ValueError):
    """The search request cannot be answered; the message is one sentence for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One log or event: `at` in seconds, the API's own JSON, and its searchable form."""

    number: int
    at: float
    body: Mapping[str, Any]
    searchable: Searchable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    documents: tuple[Document, ...]
    after: str | None
    elapsed_ms: int = 0


class Shelf:
    """Documents in order of arrival, bounded in number and age."""

    def __init__(self, clock: Callable[[], float], newest_first: bool = True) -> None:
        self._clock = clock
        self._newest_first = newest_first
        self._documents: deque[Document] = deque(maxlen=KEPT_DOCUMENTS)
        self._added = 0

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents)

    def next_number(self) -> int:
        self._added += 1
        return self._added

    def add(self, document: Document) -> None:
        self._documents.append(document)

    def forget(self) -> None:
        oldest = self._clock() - KEPT_S
        while self._documents and self._documents[0].at < oldest:
            self._documents.popleft()

    def search(self, request: Mapping[str, Any]) -> Page:
        """Answer {filter {query, from, to}, sort, page {cursor, limit}}; raises SearchRequestError."""
        page = _object(request, "page")
        newest_first = _newest_first(request.get("sort"), self._newest_first)
        found = sorted(self.matching(request), key=lambda d: (d.at, d.number), reverse=newest_first)
        return _cut(found, page, newest_first)

    def matching(self, request: Mapping[str, Any]) -> list[Document]:
        """All that {filter {query, from, to}} finds, in order of arrival; raises SearchRequestError."""
        now = self._clock()
        wanted = _object(request, "filter")
        start = read_moment(wanted.get("from", "now-15m"), now)
        end = read_moment(wanted.get("to", "now"), now)
        if start > end:
            raise SearchRequestError("Field 'filter.from,to' is invalid: 'from' should be anterior to 'to'")
        matches = _matcher(wanted.get("query", "*"))
        return [d for d in self._documents if start <= d.at <= end and matches(d.searchable)]


def read_moment(value: object, now: float) -> float:
    """Seconds since the epoch from ISO 8601, milliseconds, or `now-15m`; raises SearchRequestError."""
    text = str(value).strip()
    if relative := _RELATIVE.fullmatch(text):
        return now - int(relative[1] or 0) * _UNITS.get(relative[2] or "s", 1)
    if text.isascii() and text.isdecimal() and len(text) <= 16:
        return int(text) / 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SearchRequestError(f"{text!r} is not a time: use ISO 8601, milliseconds or now-15m") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def iso(at: float) -> str:
    """Milliseconds and Z, as in Datadog's answers."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(request: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = request.get(key) or {}
    if not isinstance(value, Mapping):
        raise SearchRequestError(f"Field '{key}' is not an object")
    return value


def _matcher(query: object) -> Callable[[Searchable], bool]:
    try:
        return parse_search(str(query or "*"))
    except SearchError as error:
        raise SearchRequestError(f"Invalid query: {error}") from error


def _newest_first(sort: object, default: bool) -> bool:
    if sort is None:
        return default
    if sort not in ("timestamp", "-timestamp"):
        raise SearchRequestError("Field 'sort' must be timestamp or -timestamp")
    return sort == "-timestamp"


def _cut(found: list[Document], page: Mapping[str, Any], newest_first: bool) -> Page:
    limit = page.get("limit", 10)
    if not str(limit).isdecimal() or not 1 <= int(limit) <= MAX_PAGE:
        raise SearchRequestError(f"Field 'page.limit' must be between 1 and {MAX_PAGE}")
    if cursor := page.get("cursor"):
        last = _read_cursor(str(cursor))
        found = [d for d in found if ((d.at, d.number) < last if newest_first else (d.at, d.number) > last)]
    shown = tuple(found[: int(limit)])
    return Page(documents=shown, after=_cursor(shown[-1]) if len(found) > len(shown) else None)


def _cursor(document: Document) -> str:
    raw = json.dumps({"after": [document.at, document.number]}).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[float, int]:
    try:
        at, number = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["after"]
        return float(at), int(number)
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise SearchRequestError("Field 'page.cursor' is not one of ours") from error
