"""Large answers, read piece by piece, so that no piece holds Python's global lock for longer than a millisecond or two.

A JSON reader keeps the lock for the whole document, and two megabytes of points are so many new lists that the garbage
collector stops everything to look at them. So the points of a metric are read a few hundred at a time and become
plain tuples, and of a log search no more records are read than anybody asks for. Whatever does not look as expected is
left to the ordinary reader.
"""

from __future__ import annotations

import time
from typing import Any

import orjson

LARGE = 128 * 1024
"""Bytes; a smaller answer is read at once, in a fraction of a millisecond."""
PIECE = 16 * 1024
MOST_RECORDS = 2_000
"""Log records that are read; a page has 1,000 at most, the newest first."""
MOST_CUTS = 50
"""Places that are tried for the end of a piece; records that are longer than that are left to the ordinary reader."""
_POINTS, _DATA = b'"pointlist"', b'{"data"'

Points = list[tuple[Any, Any]]


def in_pieces(body: bytes) -> Any | None:
    """The document of a large metric or log answer; None where the ordinary reader has to read it."""
    if len(body) < LARGE:
        return None
    try:
        return _records(body) if body[:32].replace(b" ", b"").startswith(_DATA) else _series(body)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _series(body: bytes) -> Any | None:
    """The document with each list of points read apart, and a number in its place meanwhile."""
    rest: list[bytes] = []
    lists: list[Points] = []
    at = 0
    while (found := body.find(_POINTS, at)) >= 0:
        start = body.find(b"[[", found, found + 64)
        if start < 0 or body[found + len(_POINTS) : start].strip() != b":":
            return None
        end = body.find(b"]]", start)
        if end < 0:
            return None
        rest += [body[at:start], b"%d" % len(lists)]
        lists.append(_points(body[start + 1 : end + 1]))
        at = end + 2
    if not lists:
        return None
    document = orjson.loads(b"".join([*rest, body[at:]]))
    for each in document["series"]:
        if isinstance(each.get("pointlist"), int):
            each["pointlist"] = lists[each["pointlist"]]
    return document


def _points(raw: bytes) -> Points:
    points: Points = []
    at = 0
    while at < len(raw):
        end = raw.find(b"]", at + PIECE)
        end = len(raw) if end < 0 else end + 1
        for moment, value, *_ in orjson.loads(b"[%b]" % raw[at:end]):
            points.append((moment, value))
        at = end
        while raw[at : at + 1] in (b",", b" ", b"\n", b"\r", b"\t"):
            at += 1
        time.sleep(0)  # let the event loop have the lock
    return points


def _records(body: bytes) -> Any | None:
    """The first records of a log search."""
    at = body.index(b"[") + 1
    records: list[Any] = []
    while len(records) < MOST_RECORDS:
        piece, at = _piece(body, at)
        if piece is None:
            rest = orjson.loads(b'{"data":[' + body[at:]) if len(body) - at < LARGE else None
            return {**rest, "data": [*records, *rest["data"]]} if rest is not None else None
        records += piece
        time.sleep(0)
    return {"data": records}


def _piece(body: bytes, start: int) -> tuple[list[Any] | None, int]:
    """Whole records from ``start`` on, and where the next one begins; None near the end, or where none can be cut."""
    end = start + PIECE
    for _ in range(MOST_CUTS):
        end = body.find(b"},", end)
        if end < 0:
            break
        try:
            return orjson.loads(b"[%b]" % body[start : end + 1]), end + 2
        except ValueError:
            end += 2
    return None, start
