"""How fast a poller may ask, so that everybody who shares Datadog's query budget gets answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

SHORTEST_S = 5.0
RESERVE = 0.2  # of the limit: kept for runs and for people


@dataclass(slots=True, kw_only=True)
class QueryBudget:
    """What the last answer's ``X-RateLimit-*`` headers said: ``remaining`` of ``limit`` requests until ``resets_at``,
    in a window of ``period_s``. ``now`` is a monotonic clock in seconds."""

    now: Callable[[], float]
    limit: float = 0.0
    period_s: float = 0.0
    remaining: float = 0.0
    resets_at: float = 0.0

    def note(self, headers: Mapping[str, str]) -> None:
        """Keep the headers of an answer; one without complete headers changes nothing."""
        low = {key.lower(): value for key, value in headers.items()}
        try:
            limit, period, remaining, reset = (
                float(low[f"x-ratelimit-{name}"]) for name in ("limit", "period", "remaining", "reset")
            )
        except (KeyError, ValueError):
            return
        if limit > 0 and period > 0:
            self.limit, self.period_s = limit, period
            self.remaining, self.resets_at = remaining, self.now() + min(max(reset, 0.0), period)

    def seconds_between(self) -> float:
        """The pace that leaves the reserve untouched until the window resets; never under SHORTEST_S."""
        if not self.limit:
            return SHORTEST_S
        left_s = self.resets_at - self.now()
        usable = self.remaining - RESERVE * self.limit
        if left_s <= 0:
            pace = self.period_s / ((1 - RESERVE) * self.limit)
        elif usable < 1:
            pace = left_s
        else:
            pace = left_s / usable
        return max(SHORTEST_S, pace)
