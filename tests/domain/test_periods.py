"""How long a signal rests between two breaches."""

from __future__ import annotations

from fixloop_bot.domain.periods import longest_period
from fixloop_bot.domain.signals import Comparator


def series(text: str, every_s: float = 10.0) -> list[tuple[float, float]]:
    """``..#..#``: a point every ten seconds, # being in breach."""
    return [(1000 + place * every_s, 1.0 if mark == "#" else 0.0) for place, mark in enumerate(text)]


def period(text: str) -> float:
    return longest_period(series(text), 0.5, Comparator.ABOVE)


def test_it_is_the_longest_time_between_two_onsets() -> None:
    """However long each breach lasts, and also where a series begins in the middle of one."""
    assert period("..##....##..#...") == 60
    assert period("#.....#") == 60
    assert period("####.##") == 50


def test_fewer_than_two_breaches_have_no_period() -> None:
    assert [period(text) for text in ("", "......", "..####", "######")] == [0, 0, 0, 0]


def test_the_monitors_own_comparison_decides_what_a_breach_is() -> None:
    points = [(0.0, 0.5), (60.0, 0.9), (120.0, 0.5), (180.0, 0.9)]
    assert longest_period(points, 0.5, Comparator.AT_MOST) == 120
    assert longest_period(points, 0.5, Comparator.BELOW) == 0
