"""Times for a document, which cannot know its reader: in one named zone, by the clocks that hung there.

Where the clocks were changed meanwhile, every time says which of the two it is: an hour may come twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_PIECE = r"[A-Za-z][A-Za-z0-9_+-]{0,30}"
_NAME = re.compile(rf"(?!posix/|right/){_PIECE}(?:/{_PIECE}){{1,2}}")
"""``Europe/Berlin``, ``America/Argentina/Buenos_Aires``; neither paths nor what the machine takes for its own zone."""
_LAST = 253_402_128_000.0
"""Two days before the end of the year 9999, so that no zone has the year 10000."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
"""A time as our own sentences write it (``domain.moments.utc``)."""
UNKNOWN = "unknown time"


class Hours:
    """Epoch seconds as people in ``zone`` read them. ``moments`` are all that the document will show, the first first.

    ``zone`` comes from outside: a name that is none is UTC.
    """

    def __init__(self, zone: str, moments: Iterable[float]) -> None:
        self._zone = zone_of(zone)
        known = [at for at in moments if 0 <= at <= _LAST]
        self._first = known[0] if known else 0.0
        self._names = tuple(dict.fromkeys(_name(self._there(at)) for at in sorted(known)))

    def day(self, at: float) -> str:
        """``2026-09-25 04:58``."""
        return self._said(at, "%Y-%m-%d %H:%M")

    def clock(self, at: float) -> str:
        """``04:58``."""
        return self._said(at, "%H:%M")

    def moment(self, at: float, *, seconds: bool = True) -> str:
        """``04:58:07``, with its day where that is not the day on which the document's time begins."""
        time = "%H:%M:%S" if seconds else "%H:%M"
        same = 0 <= at <= _LAST and self._there(at).date() == self._there(self._first).date()
        return self._said(at, time if same else f"%Y-%m-%d {time}")

    def legend(self) -> str:
        """``Times are in Europe/Berlin (CEST); 04:58 there is 02:58 UTC.``"""
        if self._zone.key == "UTC":
            return "Times are in UTC."
        first = datetime.fromtimestamp(self._first, UTC)
        named = f"{self._zone.key} ({', then '.join(self._names)})"
        return f"Times are in {named}; {self.clock(self._first)} there is {first:%H:%M} UTC."

    def translated(self, text: str) -> str:
        """A sentence of ours with its times in this zone; each still says which zone that is."""
        return text if self._zone.key == "UTC" else _STAMP.sub(lambda found: self._translated(found[0]), text)

    def _translated(self, stamp: str) -> str:
        try:
            there = datetime.strptime(f"{stamp[:-4]} +0000", "%Y-%m-%d %H:%M:%S %z").astimezone(self._zone)
        except (ValueError, OverflowError):
            return stamp
        return f"{there:%Y-%m-%d %H:%M:%S} {_name(there)}"

    def _said(self, at: float, form: str) -> str:
        if not 0 <= at <= _LAST:
            return UNKNOWN
        there = self._there(at)
        return there.strftime(form) + (f" {_name(there)}" if len(self._names) > 1 else "")

    def _there(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name; UTC where there is none, or the text is no such name."""
    try:
        return ZoneInfo(name) if _NAME.fullmatch(name) else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _name(there: datetime) -> str:
    """``CEST``; ``UTC+4`` where the zone's hours have no name."""
    name = there.tzname() or ""
    if name.isalpha():
        return name
    minutes = (there.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
