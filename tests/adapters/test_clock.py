"""Times of day where people are, over summer time and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.clock import WorldCalendar, is_zone

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "", "Nowhere/Atlantis"]


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=BERLIN).timestamp()  # type: ignore[misc, arg-type]


def test_a_minute_of_the_day_is_the_wall_clocks() -> None:
    """Berlin is an hour ahead in winter; an unknown zone is UTC."""
    assert WorldCalendar().minute_of_day(at(2026, 1, 5, 23, 30), "Europe/Berlin") == 23 * 60 + 30
    assert WorldCalendar().minute_of_day(at(2026, 1, 5, 23, 30), "Nowhere/Atlantis") == 22 * 60 + 30


@pytest.mark.parametrize(
    ("now", "minute", "then"),
    [
        (at(2026, 1, 5, 13, 0), 14 * 60, at(2026, 1, 5, 14, 0)),
        (at(2026, 1, 5, 14, 0), 14 * 60, at(2026, 1, 6, 14, 0)),
        (at(2026, 3, 28, 15, 0), 14 * 60, at(2026, 3, 29, 14, 0)),  # 23 hours later: summer time begins
        (at(2026, 10, 24, 15, 0), 14 * 60, at(2026, 10, 25, 14, 0)),  # 25 hours before 15:00 of the next day
        (at(2026, 3, 29, 1, 0), 150, at(2026, 3, 29, 3, 30)),  # there is no 02:30 in that night
        (at(2026, 10, 25, 1, 0) + 5700, 165, at(2026, 10, 25, 1, 0) + 6300),  # 02:35, for the first time
        (at(2026, 10, 25, 1, 0) + 9300, 165, at(2026, 10, 25, 1, 0) + 9900),  # and again: ten minutes, not a day
    ],
)
def test_the_next_time_of_day_over_summer_time(now: float, minute: int, then: float) -> None:
    """14:00 is when the clock on the wall says so."""
    assert WorldCalendar().next_time(now, minute, "Europe/Berlin") == then


@given(now=st.floats(1.6e9, 1.9e9), minute=st.integers(0, 1439), zone=st.sampled_from(ZONES))
def test_the_next_time_is_always_ahead_and_near(now: float, minute: int, zone: str) -> None:
    """Within a day, and the hour that a change of clocks adds."""
    assert 0 < WorldCalendar().next_time(now, minute, zone) - now <= 25 * 3600


@pytest.mark.parametrize(
    ("name", "known"), [("Europe/Berlin", True), ("UTC", True), ("../etc/passwd", False), ("", False), ("CET9", False)]
)
def test_zones_have_names(name: str, known: bool) -> None:
    """A name that is none is not looked for in the file system."""
    assert is_zone(name) is known
