"""Rate limits as the API announces them: fixed windows by name, with the five X-RateLimit headers."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many calls in so many seconds."""

    calls: int
    period_s: int


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


class RateLimiter:
    """Counts calls by the name of their limit; a name without a limit is free."""

    def __init__(self, limits: dict[str, Limit], clock: Callable[[], float]) -> None:
        self.limits = limits
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def spend(self, name: str) -> tuple[bool, dict[str, str]]:
        """Whether one more call is allowed, and the headers that say so."""
        limit = self.limits.get(name)
        if limit is None:
            return True, {}
        now = self._clock()
        window = self._windows.get(name)
        if window is None or now >= window.ends:
            window = self._windows[name] = _Window(ends=now - now % limit.period_s + limit.period_s)
        allowed = window.used < limit.calls
        window.used += allowed
        return allowed, {
            "X-RateLimit-Limit": str(limit.calls),
            "X-RateLimit-Period": str(limit.period_s),
            "X-RateLimit-Remaining": str(limit.calls - window.used),
            "X-RateLimit-Reset": str(max(1, round(window.ends - now))),
            "X-RateLimit-Name": name,
        }
