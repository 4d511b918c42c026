"""The monitors' own queries as lines: read from the local Datadog's series, a bucket at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from fixloop_bot.sandbox.datadog.account import Account
from fixloop_bot.sandbox.datadog.evaluate import Window, evaluate
from fixloop_bot.sandbox.datadog.monitors import Condition, Monitor

BUCKET_S = 5
SHOWN_S = 600
AGAIN = 3
"""So many of the newest buckets are read again each time: points may still arrive for them."""

Point = tuple[int, float | None]


@dataclass(slots=True)
class Line:
    """One monitor's series, oldest first; `read_until` is the end of what was read."""

    points: dict[int, float | None] = field(default_factory=dict)
    read_until: int = 0


class Charts:
    """Keeps what was read, so that a second's work is a few buckets and not ten minutes of them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lines: dict[tuple[int, str], Line] = {}

    def read(self) -> None:
        """Bring every monitor's line up to now."""
        now = int(self._account.clock())
        last = now - now % BUCKET_S
        wanted = {(number, condition.text): condition for number, condition in _watching(self._account)}
        self._lines = {key: self._lines.get(key, Line()) for key in wanted}
        for key, condition in wanted.items():
            self._extend(self._lines[key], condition, last)

    def points(self, monitor: Monitor, newest: int | None = None) -> list[Point]:
        """(seconds since the epoch, value or None), the newest few or all ten minutes."""
        if monitor.condition is None:
            return []
        line = self._lines.get((monitor.number, monitor.condition.text))
        points = list(line.points.items()) if line is not None else []
        return points if newest is None else points[-newest:]

    def _extend(self, line: Line, condition: Condition, last: int) -> None:
        oldest = last - SHOWN_S
        start = max(oldest, line.read_until - AGAIN * BUCKET_S)
        window = Window(start=start, end=last + BUCKET_S, interval=BUCKET_S)
        table = evaluate(condition.tree, window, self._account.metrics)
        found = _worst(table.values(), condition)
        for at in range(start, last + 1, BUCKET_S):
            line.points[at] = found.get(at)
        for at in [at for at in line.points if at < oldest]:
            del line.points[at]
        line.read_until = last


def _watching(account: Account) -> list[tuple[int, Condition]]:
    return [(each.number, each.condition) for each in account.monitors.values() if each.condition is not None]


def _worst(groups: Any, condition: Condition) -> dict[int, float]:
    """Of several groups the one nearest to an alert, bucket by bucket."""
    above = condition.comparator.startswith(">")
    worst: dict[int, float] = {}
    for points in groups:
        for at, value in points.items():
            if value is None or not math.isfinite(value):
                continue
            kept = worst.get(at)
            if kept is None or (value > kept) == above:
                worst[at] = round(value, 6)
    return worst
