"""Where the parts of a picture stand: the ticks of its axes, and the words at its marks, none on top of another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
MOST_TICKS = 5
_STEPS_S = (
    *(
        60.0,
        120.0,
        300.0,
        600.0,
        900.0,
        1200.0,
        1800.0,
        HOUR_S,
        2 * HOUR_S,
        3 * HOUR_S,
        4 * HOUR_S,
        6 * HOUR_S,
        12 * HOUR_S,
    ),
    *(DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S),
)
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
UNSEEN = 1e-300
"""A range that no picture shows, and whose logarithm need not exist."""
BETWEEN = 4.0
"""Free space (in the picture's units) that two labels of one row keep at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A label from ``left`` to ``right`` in row ``row``, counted from the top; its mark's line is at ``x``."""

    x: float
    left: float
    right: float
    row: int


def time_ticks(start: float, end: float, opened_at: float) -> tuple[tuple[tuple[float, str], ...], str]:
    """At most five ticks, whole steps away from the start, with what they count: minutes, hours or days."""
    span = end - start
    step = next((each for each in _STEPS_S if span / each <= MOST_TICKS), _STEPS_S[-1] * math.ceil(span / (60 * DAY_S)))
    unit_s, unit = (DAY_S, "days") if step >= DAY_S else (HOUR_S, "hours") if step >= HOUR_S else (MINUTE_S, "minutes")
    first = math.ceil((start - opened_at) / step)
    last = math.floor((end - opened_at) / step)
    ticks = tuple((opened_at + count * step, _signed(count * step / unit_s)) for count in range(first, last + 1))
    return ticks, unit


def _signed(count: float) -> str:
    return "0" if count == 0 else f"{'−' if count < 0 else '+'}{abs(count):g}"


def value_ticks(values: Sequence[float]) -> tuple[float, ...]:
    """Three or four round numbers from 0 (or from below it, where values are negative) to beyond the highest value."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min((*finite, 0.0)), max((*finite, 0.0))
    if not UNSEEN < high - low < math.inf:
        return (0.0, 1.0)
    raw = (high - low) / 3
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * next(nice for nice in _NICE if nice * size >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(f"{count * step:.12g}") for count in range(first, last + 1))


def place_labels(marks: Sequence[tuple[float, float]], *, width: float) -> tuple[Placed, ...]:
    """Places for the labels of marks, given as (x, label's width), in the order given.

    Labels stand beside their line, on either side, within 0…``width``; no two overlap. Of all ways the one with the
    fewest lines through other labels is taken, then that with the fewest rows. A handful of marks, or this is slow.
    """
    best: tuple[tuple[int, int, int], tuple[Placed, ...]] | None = None
    for sides in product((1, -1), repeat=len(marks)):
        ends = [_span(x, wide, side, width) for (x, wide), side in zip(marks, sides, strict=True)]
        for order in (1, -1):
            placed = _rows(marks, ends, order)
            cost = (_crossings(placed), max((each.row for each in placed), default=0), sides.count(-1))
            if best is None or cost < best[0]:
                best = (cost, placed)
    return best[1] if best is not None else ()


def _span(x: float, wide: float, side: int, width: float) -> tuple[float, float]:
    """From where to where a label goes; moved inwards where it would leave the picture."""
    left = x if side > 0 else x - wide
    left = min(max(0.0, left), max(0.0, width - wide))
    return left, left + wide


def _rows(marks: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]], order: int) -> tuple[Placed, ...]:
    """Each label in the uppermost row where it overlaps nothing and no line goes through it."""
    places: dict[int, Placed] = {}
    for index in sorted(range(len(marks)), key=lambda each: (order * marks[each][0], each)):
        (left, right), x = ends[index], marks[index][0]
        tries = [Placed(x=x, left=left, right=right, row=row) for row in range(len(places) + 1)]
        fitting = [each for each in tries if not any(_overlap(each, other) for other in places.values())]
        clean = [each for each in fitting if not _crossings((*places.values(), each))]
        places[index] = (clean or fitting)[0]
    return tuple(places[index] for index in range(len(marks)))


def _overlap(one: Placed, other: Placed) -> bool:
    return one.row == other.row and one.left < other.right + BETWEEN and other.left < one.right + BETWEEN


def _crossings(placed: Sequence[Placed]) -> int:
    """How often the line of a mark, which goes down from its label, goes through another label."""
    return sum(
        upper.row < lower.row and lower.left - 1 < upper.x < lower.right + 1 and upper is not lower
        for upper in placed
        for lower in placed
    )
