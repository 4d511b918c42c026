"""Whose turn it is: questions of a thread are answered one after the other, whichever process answers them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fixloop_bot.application.copilot.talks import Talks
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import StoreUnavailable

HOLD_S = 15.0
"""A killed worker's turn ends after so long."""
RENEW_EVERY_S, LOOK_EVERY_S = 4.0, 0.5
PATIENCE_S = 60.0
MOST_AHEAD = 5
"""Who has more questions ahead is told so at once, and asked to come back."""
ANSWERS_AT_ONCE = 8
"""In one process; the loop would carry more, the model's rate limit would not."""

Tell = Callable[[int], Awaitable[None]]


class Busy(Exception):  # noqa: N818 - it is a state, and the person is told
    """So many questions are ahead that this one is not answered now."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead
        super().__init__(f"{ahead} ahead")


class Turns:
    """Hands out turns. ``token`` makes a name for one attempt."""

    def __init__(
        self,
        talks: Talks,
        *,
        clock: Clock,
        token: Callable[[], str],
        seats: int = ANSWERS_AT_ONCE,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._talks = talks
        self._clock = clock
        self._token = token
        self._seats = asyncio.Semaphore(seats)
        self._patience_s = patience_s
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self, thread: str, question: str, *, asked_at: float, tell: Tell) -> AsyncIterator[bool]:
        """Waits for the thread's turn and for a seat; yields False where the question needs no answer any more.

        ``tell`` is called with the number of those ahead whenever it changes. Raises Busy instead of waiting too long.
        A question that was in its turn to the end counts as answered; one that was torn from it is asked again, and so
        is a busy one until it is ``declined``.
        """
        token, answered = self._token(), False
        try:
            if not await self._reached(thread, question, token, asked_at=asked_at, tell=tell):
                answered = True
                yield False
                return
            async with self._held(thread, question, token, asked_at), self._seat(tell):
                yield True
                answered = True
        finally:
            with contextlib.suppress(StoreUnavailable):
                await self._talks.end_turn(thread, question, token, answered=answered)

    async def decline(self, thread: str, question: str) -> None:
        """Whoever asked was told to come back: the question counts as answered."""
        with contextlib.suppress(StoreUnavailable):
            await self._talks.end_turn(thread, question, "", answered=True)

    async def _reached(self, thread: str, question: str, token: str, *, asked_at: float, tell: Tell) -> bool:
        until, told = self._clock.now() + self._patience_s, 0
        while True:
            stand = await self._talks.take_turn(thread, question, token, asked_at=asked_at, seconds=HOLD_S)
            if stand.gone:
                return False
            if not stand.ahead:
                return True
            if stand.ahead > MOST_AHEAD or self._clock.now() > until:
                raise Busy(stand.ahead)
            if stand.ahead != told:
                told = stand.ahead
                await tell(told)
            await self._clock.sleep(LOOK_EVERY_S)

    @contextlib.asynccontextmanager
    async def _seat(self, tell: Tell) -> AsyncIterator[None]:
        if self._seats.locked():
            self._waiting += 1
            try:
                await tell(self._waiting)
                await asyncio.wait_for(self._seats.acquire(), self._patience_s)
            except TimeoutError:
                raise Busy(self._waiting) from None
            finally:
                self._waiting -= 1
        else:
            await self._seats.acquire()
        try:
            yield
        finally:
            self._seats.release()

    @contextlib.asynccontextmanager
    async def _held(self, thread: str, question: str, token: str, asked_at: float) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(thread, question, token, asked_at), name=f"turn of {question}")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renew(self, thread: str, question: str, token: str, asked_at: float) -> None:
        while True:
            await self._clock.sleep(RENEW_EVERY_S)
            with contextlib.suppress(StoreUnavailable):
                await self._talks.take_turn(thread, question, token, asked_at=asked_at, seconds=HOLD_S)
