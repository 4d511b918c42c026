"""Quiet hours, over midnight and not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.catalog import QuietHours
from fixloop_bot.domain.quiet_hours import LOUD, is_quiet

NIGHT = QuietHours(begins=22 * 60, ends=7 * 60)
LUNCH = QuietHours(begins=12 * 60, ends=13 * 60)


@pytest.mark.parametrize(
    ("hours", "minute", "quiet"),
    [
        (NIGHT, 22 * 60 - 1, False),
        (NIGHT, 22 * 60, True),
        (NIGHT, 0, True),
        (NIGHT, 7 * 60 - 1, True),
        (NIGHT, 7 * 60, False),
        (LUNCH, 12 * 60, True),
        (LUNCH, 13 * 60, False),
        (LUNCH, 3 * 60, False),
        (None, 3 * 60, False),
    ],
)
def test_from_the_first_minute_to_before_the_last(hours: QuietHours | None, minute: int, quiet: bool) -> None:
    """And no hours are never quiet."""
    assert is_quiet(hours, minute, severity="SEV2") is quiet


@given(begins=st.integers(0, 1439), ends=st.integers(0, 1439))
def test_so_many_minutes_of_a_day_are_quiet(begins: int, ends: int) -> None:
    """Whichever comes first."""
    hours = QuietHours(begins=begins, ends=ends)
    quiet = sum(is_quiet(hours, minute, severity=None) for minute in range(1440))
    assert quiet == (ends - begins) % 1440
    assert not any(is_quiet(hours, minute, severity=LOUD) for minute in (begins, (ends - 1) % 1440))
