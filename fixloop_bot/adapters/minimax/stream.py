"""A streamed answer's bytes, read as the JSON documents in them, whatever the boundaries of what arrives.

Server-sent events are read line by line, and each as soon as its line is complete: MiniMax writes one document
per ``data:`` line. A body that is one JSON document instead, under whatever content type, is one event as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BLANK = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_FIELDS = (b"", b"id", b"retry")
"""Of server-sent events, beside those that are read; a comment begins with the colon."""

LINES_OF_AN_EVENT: Final = 8

Event = dict[str, Any]


class EventReader:
    """Feed it bytes; it yields the documents that became complete. Total: what cannot be read is ``damaged``.

    ``done``: the stream said that it is at its end. ``damaged``: an event was lost, so that nothing that needs
    every piece (a tool call) may be trusted. ``foreign``: what came is neither a stream nor JSON.
    """

    def __init__(self) -> None:
        self.done = False
        self.damaged = False
        self._heard = False
        self._started = False
        self._odd = False
        self._failing = False
        self._document: list[bytes] | None = None
        self._rest: list[bytes] = []
        self._unfinished: list[bytes] = []

    @property
    def foreign(self) -> bool:
        return self._odd and not (self._heard or self.done or self.damaged)

    def feed(self, data: bytes) -> Iterator[Event]:
        if not self._started:
            data = (b"".join(self._rest) + data).lstrip(_BLANK).removeprefix(_BYTE_ORDER_MARK).lstrip(_BLANK)
            self._rest = [data]
            if not data or _BYTE_ORDER_MARK.startswith(data):
                return
            self._started, self._rest = True, []
            self._document = [] if data[:1] == b"{" else None
        if self._document is not None:
            self._document.append(data)
        else:
            yield from self._lines(data)

    def finish(self) -> Iterator[Event]:
        """What was still incomplete when the connection ended."""
        if self._document is not None:
            yield from self._whole(b"".join(self._document))
            return
        line, self._rest = b"".join(self._rest), []
        if self._started and line:
            yield from self._line(line)
        self._lose()

    def _whole(self, body: bytes) -> Iterator[Event]:
        """A body that began as JSON: one document, or a document on each line."""
        whole = _parsed(body)
        if whole is not None:
            self._heard = self.done = True
            yield whole
            return
        for line in body.splitlines():
            yield from self._payload(line)
        self._lose()

    def _lines(self, data: bytes) -> Iterator[Event]:
        *complete, rest = _LINE_END.split(data)
        if complete:
            complete[0] = b"".join((*self._rest, complete[0]))
            self._rest = []
        if rest:
            self._rest.append(rest)
        for line in complete:
            if line:
                yield from self._line(line)

    def _line(self, line: bytes) -> Iterator[Event]:
        kind, colon, rest = line.partition(b":")
        if kind == b"data" and colon:
            yield from self._payload(rest.strip(_BLANK))
        elif line[:1] == b"{" or line.startswith(b"[DONE]"):
            yield from self._payload(line)
        elif kind == b"error" and colon:  # llama.cpp's server says it so
            yield from self._error(rest)
        elif kind == b"event":
            self._failing = rest.strip(_BLANK) == b"error"
        else:
            self._odd = self._odd or kind not in _FIELDS

    def _error(self, said: bytes) -> Iterator[Event]:
        known = _parsed(said.strip(_BLANK)) or {"message": said.decode("utf-8", "replace").strip()}
        self._heard = True
        yield known if "error" in known else {"error": known}

    def _payload(self, payload: bytes) -> Iterator[Event]:
        while payload.startswith(b"data:"):  # a proxy has wrapped each line once more
            payload = payload[5:].strip(_BLANK)
        if not payload or self.done:
            return
        if payload.strip(b'"').upper().startswith(b"[DONE]"):
            self.done = True
            self._lose()
            return
        if self._failing and not payload.startswith(b"{"):
            yield from self._error(payload)
            return
        # An event may be spread over several data lines, of which none is a document of its own.
        found = _parsed(b"\n".join((*self._unfinished, payload)))
        if found is None and self._unfinished:
            found = _parsed(payload)
            self.damaged = self.damaged or found is not None
        if found is None:
            if self._unfinished or payload.startswith(b"{"):
                self._keep(payload)
            else:
                self._odd = True
            return
        self._unfinished, self._heard = [], True
        yield found

    def _keep(self, payload: bytes) -> None:
        self._unfinished.append(payload)
        if len(self._unfinished) > LINES_OF_AN_EVENT:
            self._lose()

    def _lose(self) -> None:
        self.damaged = self.damaged or bool(self._unfinished)
        self._unfinished = []


def _parsed(raw: bytes) -> Event | None:
    try:
        value = orjson.loads(raw)
    except ValueError:
        # Half of a surrogate pair and a byte that is no UTF-8 are errors there; here they are characters.
        try:
            value = json.loads(raw.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else {}
