"""How late our own event loop runs, so that our slowness is not taken for the service's."""

from __future__ import annotations

import asyncio
import time
from collections import deque

PERIOD_S = 0.010
NOISE_S = 0.001  # event loops keep timers to a millisecond
REMEMBERED = 4_096  # late ticks; the longest request spans some 1,000


class LagMeter:
    """Ticks while requests are under way, and remembers each tick that came late.

    A request asks for the worst lateness within its own time. Whatever keeps the loop busy is seen: our own code, a
    pause of the garbage collector, a machine that gives us no turn.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._ticking = False
        self._due = 0.0
        self._late: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    def begin(self) -> None:
        """A request starts; needs a running loop."""
        self._under_way += 1
        if not self._ticking:
            self._ticking = True
            self._schedule()

    def end(self, since: float) -> float:
        """A request ends that started at ``since`` (``time.perf_counter``); the worst lateness meanwhile, in ms."""
        self._under_way -= 1
        # A tick that is due already has been late for so long: a blocked loop may hand us the answer before the tick.
        worst = time.perf_counter() - self._due - NOISE_S
        for at, lateness in reversed(self._late):
            if at < since:
                break
            worst = max(worst, lateness)
        return max(0.0, worst * 1000)

    def _schedule(self) -> None:
        self._due = time.perf_counter() + PERIOD_S
        asyncio.get_running_loop().call_later(PERIOD_S, self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        if now - self._due > NOISE_S:
            self._late.append((now, now - self._due - NOISE_S))
        if self._under_way:
            self._schedule()
        else:
            self._ticking = False
