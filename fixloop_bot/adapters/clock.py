"""The system's clock, and the calendars of the world."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class SystemClock:
    """Implements the ``Clock`` port."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class WorldCalendar:
    """Implements the ``Calendar`` port by the IANA time zones of the system, else those of the package tzdata."""

    def minute_of_day(self, at: float, zone: str) -> int:
        there = datetime.fromtimestamp(at, _zone(zone))
        return there.hour * 60 + there.minute

    def next_time(self, after: float, minute: int, zone: str) -> float:
        there = datetime.fromtimestamp(after, _zone(zone))
        then = there.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0, fold=0)
        # Whole days of the wall clock, so that the time of day stays over a change of summer time. In the night in
        # which an hour comes twice, its second coming may still lie ahead.
        today = (then, then.replace(fold=1))
        return next((at for each in today if (at := each.timestamp()) > after), (then + timedelta(days=1)).timestamp())


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name and is_zone(name) else "UTC")
