"""Where a listener leaves a wish: durable before it is queued, accepted once however often Slack delivers it."""

from __future__ import annotations

import logging

from fixloop_bot.application.desk import Wish
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ports import Board, Store
from fixloop_bot.domain.errors import FixLoopError, StoreUnavailable

log = logging.getLogger(__name__)

REPEATED_WITHIN_S = 90_000.0
"""Slack repeats an event up to an hour later, with Delayed Events up to a day: 25 hours cover both."""
SORRY = "FixLoop cannot reach its store, so this was not done. Try again in a minute."


class Counter:
    """Takes wishes; never raises, because an exception after an ack erases the ack."""

    def __init__(self, store: Store, queue: JobQueue, board: Board) -> None:
        self._store = store
        self._queue = queue
        self._board = board

    async def take(self, wish: Wish) -> None:
        job = wish.job()
        try:
            if await self._store.accept(job, seconds=REPEATED_WITHIN_S):
                await self._queue.hand_over([job])
        except StoreUnavailable as error:
            log.warning("a wish was not taken: %s", error)
            await self._apologise(wish)

    async def _apologise(self, wish: Wish) -> None:
        try:
            if wish.response_url:
                await self._board.answer(wish.response_url, SORRY)
        except FixLoopError as error:
            log.warning("and the person could not be told: %s", error)
