"""How fast this process may call a method of Slack's, over all answers that are being written."""

from __future__ import annotations

from collections import deque

MINUTE_S = 60.0


class Pace:
    """At most ``per_minute`` calls in any minute.

    Slack's budget is the workspace's: what one answer takes, the others wait for, and a 429 holds all of them.
    """

    def __init__(self, *, per_minute: int) -> None:
        self._per_minute = per_minute
        self._booked: deque[float] = deque()
        self._held_until = 0.0

    def book(self, now: float) -> float:
        """Take the next place; returns the seconds until it is there."""
        at = max(now, self._held_until)
        if len(self._booked) >= self._per_minute:
            at = max(at, self._booked[-self._per_minute] + MINUTE_S)
        self._booked.append(at)
        while len(self._booked) > self._per_minute:
            self._booked.popleft()
        return at - now

    def hold(self, now: float, seconds: float) -> None:
        """Slack asked to wait: nobody calls before then."""
        self._held_until = max(self._held_until, now + seconds)
