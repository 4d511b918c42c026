"""Slack's rate limits: tiers per method and workspace, and about one message a second per channel.

A limit is a sliding window. `strict` admits exactly the documented number in any minute. `relaxed`, the
default, admits the same rate on average and bursts of twice the number, since Slack documents that it
tolerates occasional bursts without saying how large. `off` counts nothing.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

from fixloop_bot.sandbox.slack.records import Clock

Enforcement = Literal["strict", "relaxed", "off"]

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
"""Calls a minute."""

SPECIAL = 600
"""Methods that Slack gives hundreds of calls a minute, such as auth.test."""

POSTS_PER_SECOND = 1
RELAXED_BURST = 2
RELAXED_POST_BURST = 5
EVENTS_PER_HOUR = 30_000


class Window:
    """At most `allowed` admissions within any `seconds`."""

    def __init__(self, allowed: int, seconds: float) -> None:
        self.allowed = allowed
        self.seconds = seconds
        self._admitted: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until the next admission is possible; 0 admits now and counts it."""
        while self._admitted and self._admitted[0] + self.seconds <= now:
            self._admitted.popleft()
        if len(self._admitted) < self.allowed:
            self._admitted.append(now)
            return 0.0
        return self._admitted[0] + self.seconds - now


class RateLimits:
    """Windows per method, and per channel for chat.postMessage."""

    def __init__(self, clock: Clock, enforcement: Enforcement = "relaxed") -> None:
        self._clock = clock
        self.enforcement: Enforcement = enforcement
        self._windows: dict[str, Window] = {}

    def retry_after(self, method: str, per_minute: int, channel: str | None) -> int | None:
        """Whole seconds to wait (at least 1), or None when the call is admitted."""
        if self.enforcement == "off":
            return None
        if method == "chat.postMessage":
            window = self._window(f"{method} {channel}", *self._posting())
        else:
            window = self._window(method, *self._steady(per_minute))
        wait = window.wait(self._clock())
        return max(1, math.ceil(wait)) if wait > 0 else None

    def forget(self) -> None:
        """As if the workspace had been quiet for an hour."""
        self._windows.clear()

    def _window(self, key: str, allowed: int, seconds: float) -> Window:
        window = self._windows.get(key)
        if window is None or (window.allowed, window.seconds) != (allowed, seconds):
            window = self._windows[key] = Window(allowed, seconds)
        return window

    def _steady(self, per_minute: int) -> tuple[int, float]:
        burst = 1 if self.enforcement == "strict" else RELAXED_BURST
        return per_minute * burst, 60.0 * burst

    def _posting(self) -> tuple[int, float]:
        burst = 1 if self.enforcement == "strict" else RELAXED_POST_BURST
        return POSTS_PER_SECOND * burst, 1.0 * burst
