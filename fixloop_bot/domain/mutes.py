"""A muted service: for a while it opens no thread and reminds nobody. Its signals are kept, so that nothing is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_S = 7 * 86_400.0
"""A mute that outlives a week is a service nobody watches; that should be decided again."""
SHORTEST_S = 60.0
_SPAN = re.compile(r"(\d{1,6})\s*(minutes?|mins?|m|hours?|h|days?|d)(?![a-z])", re.IGNORECASE)
_UNTIL = re.compile(r"(?:until\s+)?(\d{1,2})[:.](\d{2})", re.IGNORECASE)
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One service's mute: until when, by whom, from where. ``downtime`` is the id of its Datadog downtime, if any."""

    service: str
    until: float
    by: str
    at: float
    place: str = ""
    downtime: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What a mute keeps: how many signals came, of how many troubles, and how many of these still fire."""

    signals: int = 0
    troubles: int = 0
    firing: int = 0


def read_span(words: str) -> float | None:
    """Seconds of ``2h``, ``30m``, ``1d``, ``1h 30m``, ``for 2h``; None for anything else."""
    words = re.sub(r"^\s*for\s+", "", words, flags=re.IGNORECASE)
    found = list(_SPAN.finditer(words))
    if not found or _SPAN.sub("", words).strip():
        return None
    return sum(int(each[1]) * _SECONDS[each[2][0].lower()] for each in found)


def read_time_of_day(words: str) -> int | None:
    """Minutes after midnight of ``until 14:00`` or ``14:00``; None for anything else."""
    found = _UNTIL.fullmatch(words.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return int(found[1]) * 60 + int(found[2])
