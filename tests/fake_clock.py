"""Time that tests drive. Nobody waits for it: whoever sleeps is woken when the test has moved the hands far enough."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator

START = 1_700_000_000.0
TURNS_FOR_OTHERS = 0.0005
"""Seconds of real time in which whoever waits for the store gets its answer before the hands move on."""


class FakeClock:
    """Implements the ``Clock`` port. ``advance`` moves time; within ``flowing`` it moves by itself."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move the hands, and wake whoever has slept long enough."""
        self._move_to(self._now + seconds)

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Let time pass as fast as whoever sleeps allows."""
        flow = asyncio.create_task(self._flow(), name="flow of time")
        try:
            yield
        finally:
            flow.cancel()
            await asyncio.wait({flow})

    async def _flow(self) -> None:
        while True:
            await asyncio.sleep(TURNS_FOR_OTHERS)
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if self._sleepers:
                self._move_to(max(self._now, self._sleepers[0][0]))

    def _move_to(self, then: float) -> None:
        self._now = then
        while self._sleepers and self._sleepers[0][0] <= then:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
