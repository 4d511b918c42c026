"""How long an incident's own signal stayed quiet between two breaches: so long a window has to be at least."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fixloop_bot.domain.signals import Comparator


def longest_period(points: Sequence[tuple[float, float]], limit: float, comparator: Comparator) -> float:
    """The longest time (seconds) from the onset of one breach to the onset of the next; 0 with fewer than two.

    ``points`` are (epoch seconds, value) in order of time. A series that begins in a breach had its onset earlier,
    nobody knows when: its first point stands for it, which can only make the period shorter than it was. A breach is
    one ``comparator`` finds, the same as the monitor's: the trouble is when it is true.
    """
    onsets: list[float] = []
    breached = False
    for at, value in points:
        now = comparator.breached(value, limit)
        if now and not breached:
            onsets.append(at)
        breached = now
    return max((after - before for before, after in pairwise(onsets)), default=0.0)
