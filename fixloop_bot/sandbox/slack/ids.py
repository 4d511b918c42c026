"""Ids and timestamps as Slack makes them, from an injected clock and a counter: the same start gives the
same ids.
"""

from __future__ import annotations

from itertools import count

from fixloop_bot.sandbox.slack.records import Clock


class Ids:
    """Makes ids that are unique within one workspace."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._last_micros = 0

    def make(self, prefix: str) -> str:
        """`prefix` and ten characters, such as V00000000A1."""
        return f"{prefix}{next(self._numbers):010X}"

    def ts(self) -> str:
        """A message timestamp: seconds with six decimals, later than any before it."""
        self._last_micros = max(self._last_micros + 1, int(self._clock() * 1_000_000))
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"
