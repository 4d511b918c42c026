"""Nothing in a picture stands on top of anything else."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from fixloop_bot.domain.chart_layout import BETWEEN, MOST_TICKS, UNSEEN, place_labels, time_ticks, value_ticks

WIDTH = 290.0
MARKS = st.lists(st.tuples(st.floats(min_value=0, max_value=WIDTH), st.floats(min_value=10, max_value=110)), max_size=5)


@given(MARKS)
def test_labels_never_overlap_and_never_leave_the_picture(marks: list[tuple[float, float]]) -> None:
    """Wherever the moments of an incident fall, each word can be read, and stands at its line."""
    placed = place_labels(marks, width=WIDTH)
    assert len(placed) == len(marks)
    for label, (x, wide) in zip(placed, marks, strict=True):
        assert label.left >= 0
        assert label.right <= WIDTH + 1e-9
        assert math.isclose(label.right - label.left, wide)
        assert label.left - 1e-9 <= x <= label.right + 1e-9
    for one in placed:
        for other in placed:
            if one is not other and one.row == other.row:
                assert one.right + BETWEEN <= other.left + 1e-9 or other.right + BETWEEN <= one.left + 1e-9


@given(MARKS)
def test_rows_are_used_from_the_top(marks: list[tuple[float, float]]) -> None:
    rows = {label.row for label in place_labels(marks, width=WIDTH)}
    assert rows == set(range(len(rows)))


def test_an_ordinary_incident_needs_few_rows_and_no_line_goes_through_a_word() -> None:
    """Deploy, start, reproduced, verdict: three rows at most."""
    marks = [(150.0, 46.0), (170.0, 39.0), (174.0, 74.0), (285.0, 46.0)]
    placed = place_labels(marks, width=WIDTH)
    assert max(label.row for label in placed) <= 1
    for upper in placed:
        for lower in placed:
            if upper.row < lower.row:
                assert not lower.left < upper.x < lower.right


@given(st.floats(300, 90 * 86_400), st.floats(0, 1))
def test_ticks_of_time_are_few_and_whole_steps_from_the_start(span: float, part: float) -> None:
    opened = 1_790_305_080.0
    start = opened - span * part
    ticks, unit = time_ticks(start, start + span, opened)
    assert 1 <= len(ticks) <= MOST_TICKS + 1
    assert unit in ("minutes", "hours", "days")
    steps = {round(after - before) for (before, _), (after, _) in pairwise(ticks)}
    assert len(steps) <= 1
    assert all(start - 1 <= at <= start + span + 1 for at, _ in ticks)
    assert all((label == "0") == (abs(at - opened) < 1e-6) for at, label in ticks)


def test_ticks_of_time_say_before_and_after() -> None:
    ticks, unit = time_ticks(-3600.0, 1560.0, 0.0)
    assert (unit, [label for _, label in ticks]) == ("minutes", ["−60", "−40", "−20", "0", "+20"])


@example([5e-324])
@given(st.lists(st.floats(min_value=-1e12, max_value=1e12), min_size=1, max_size=30))
def test_ticks_of_values_hold_all_values(values: list[float]) -> None:
    """Zero is always shown: a small change never looks like a large one."""
    ticks = value_ticks(values)
    low, high = min((*values, 0.0)), max((*values, 0.0))
    unseen = max(1e-6 * (high - low), UNSEEN)
    assert ticks[0] <= low + unseen
    assert ticks[-1] >= high - unseen
    assert 2 <= len(ticks) <= 6
    assert any(tick == 0 for tick in ticks)


def test_ticks_of_values_are_round() -> None:
    assert value_ticks([0.31, 0.01]) == (0.0, 0.2, 0.4)
    assert value_ticks([212.0, 400.0]) == (0.0, 200.0, 400.0)
    assert value_ticks([0.0]) == (0.0, 1.0)
    assert value_ticks([math.inf, math.nan]) == (0.0, 1.0)
