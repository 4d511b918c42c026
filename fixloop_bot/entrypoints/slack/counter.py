"""Where a listener leaves a wish: durable before it is queued, accepted once however often Slack delivers it."""

from __future__ import annotations

import logging
from dataclasses import replace

from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ports import Board, Store
from fixloop_bot.application.precedence import Precedence
from fixloop_bot.application.wishes import Wish, stops_everything
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
        self._precedence = Precedence(store)

    async def take(self, wish: Wish) -> None:
        job = wish.job()
        try:
            if await self._store.accept(job, seconds=REPEATED_WITHIN_S):
                if stops_everything(wish):  # here and now: a job might wait for a worker
                    await self._store.halt(wish.user)
                await self._precedence.come(wish)
                await self._queue.hand_over([job])
        except StoreUnavailable as error:
            log.warning("a wish was not taken: %s", error)
            await self._apologise(wish)

    async def ask(self, question: Question, *, incident: str) -> None:
        """Take a question; nobody is told where that fails, since nothing says yet that there will be an answer."""
        job = replace(question, incident=incident).job()
        try:
            if await self._store.accept(job, seconds=REPEATED_WITHIN_S):
                await self._queue.hand_over([job])
        except StoreUnavailable as error:
            log.warning("a question was not taken: %s", error)

    async def first(self, name: str) -> bool:
        """Whether this is the first time that something of this name comes; True, too, where the store is silent."""
        try:
            return await self._store.once(name, seconds=REPEATED_WITHIN_S)
        except StoreUnavailable:
            return True

    async def changed(self, what: str, mark: str) -> None:
        """Note a change; where the store is silent, it is seen some minutes later."""
        try:
            await self._store.note_change(what, mark)
        except StoreUnavailable as error:
            log.warning("a change of %s was not noted: %s", what, error)

    async def incident_of(self, channel: str, thread_ts: str) -> str | None:
        """The incident whose thread this is; None, too, where the store does not answer."""
        try:
            return await self._store.incident_of_thread(channel, thread_ts)
        except StoreUnavailable as error:
            log.warning("a thread's incident is not known: %s", error)
            return None

    async def _apologise(self, wish: Wish) -> None:
        try:
            if wish.response_url:
                await self._board.answer(wish.response_url, SORRY)
        except FixLoopError as error:
            log.warning("and the person could not be told: %s", error)
