"""The arithmetic of the rate limits."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from fixloop_bot.sandbox.slack.limits import RateLimits, Window
from tests.sandbox.slack_room import Clock


@given(st.lists(st.floats(0, 5), max_size=60))
@example([1.2e-38, 1.0, 4.0, 5.0, 0.0])
def test_a_window_never_admits_too_many(pauses: list[float]) -> None:
    """Whenever calls come, no period of ten seconds contains more than three admitted ones."""
    window, now, admitted = Window(3, 10.0), 0.0, []
    for pause in pauses:
        now += pause
        if window.wait(now) == 0:
            admitted.append(now)
    assert all(early + 10.0 <= late for early, late in zip(admitted, admitted[3:], strict=False))


def test_waiting_as_told_is_enough() -> None:
    """The wait that a window names is exactly the time after which it admits."""
    window = Window(1, 10.0)
    assert window.wait(100.0) == 0.0
    assert window.wait(104.0) == 6.0
    assert window.wait(110.0) == 0.0
    assert window.wait(110.0) == 10.0


def test_relaxed_limits_keep_the_rate_and_allow_bursts() -> None:
    """Twice the calls at once, the same number on average; off counts nothing."""
    clock = Clock()
    limits = RateLimits(clock, "relaxed")
    admitted = [limits.retry_after("chat.update", 50, "C1") for _ in range(101)]
    assert admitted == [None] * 100 + [120]
    limits.enforcement = "off"
    assert limits.retry_after("chat.update", 50, "C1") is None
    limits.enforcement = "strict"
    assert [limits.retry_after("chat.postMessage", 600, "C1") for _ in range(2)] == [None, 1]
    assert limits.retry_after("chat.postMessage", 600, "C2") is None
