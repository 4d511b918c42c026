"""Slack's limits as one process counts them alone: for commands without a store, and while the store is away."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from fixloop_bot.application.errands import Errand, Limit, Place


class OwnPaces:
    """Implements the ``Paces`` port within this process. There is no line: whoever asks at the right time is next."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._booked: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}
        self._answered: dict[str, float] = {}

    async def take_call(self, limit: Limit, errand: Errand, *, patience_s: float) -> Place:
        now = self._now()
        booked = self._booked.setdefault(limit.name, deque(maxlen=limit.calls))
        share, parts = limit.share(errand.urgency), limit.parts(errand.urgency)
        at = max(
            now,
            self._held.get(limit.method, now),
            self._answered.get(limit.name, -math.inf) + limit.per_s,
            _after(booked, share, limit.per_s),
            _after(booked, math.ceil(share / parts), limit.per_s / parts),
        )
        if at - now > patience_s:
            return Place(wait_s=at - now, booked=False)
        booked.append(at)
        return Place(wait_s=at - now, booked=True)

    async def hold_calls(self, method: str, *, seconds: float) -> None:
        self._held[method] = max(self._held.get(method, 0.0), self._now() + seconds)

    async def went_out(self, limit: Limit) -> None:
        self._answered[limit.name] = self._now()

    async def too_soon(self, limit: Limit) -> float:
        now = self._now()
        left = self._answered.get(limit.name, -math.inf) + limit.per_s - now
        if left <= 0:
            self._answered[limit.name] = now
        return max(0.0, left)

    async def held_for(self, method: str) -> float:
        return max(0.0, self._held.get(method, 0.0) - self._now())


def _after(booked: deque[float], most: int, span_s: float) -> float:
    """The first moment at which fewer than ``most`` of the bookings lie in the span before it."""
    return sorted(booked)[-most] + span_s if len(booked) >= most else -math.inf
