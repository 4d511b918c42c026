"""Times of evidence, in UTC: pure arithmetic, since what is cited must read the same on every machine."""

from __future__ import annotations

_DAY = 86_400
_LAST = 253_402_300_799
"""The end of the year 9999."""


def utc(at: float) -> str:
    """``2026-11-22 02:51:07 UTC`` of epoch seconds; a time that no calendar has is said to be unknown.

    Days to dates by Howard Hinnant's ``civil_from_days`` (howardhinnant.github.io/date_algorithms.html).
    """
    if not 0 <= at <= _LAST:
        return "unknown time"
    days, second = divmod(int(at), _DAY)
    shifted = days + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    moved = (5 * day_of_year + 2) // 153
    day, month = day_of_year - (153 * moved + 2) // 5 + 1, moved + 3 if moved < 10 else moved - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{day:02d} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} UTC"


def span(seconds: float) -> str:
    """``40 s``, ``4 min``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def apart(at: float, other: float) -> str:
    """``7 min before``, ``2 h after``: where ``at`` lies from ``other``."""
    return f"{span(abs(at - other))} {'before' if at < other else 'after'}"
