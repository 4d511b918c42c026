"""What was cut off is brought to its end: signals not yet absorbed, jobs not yet queued, threads not yet drawn."""

from __future__ import annotations

import logging

from fixloop_bot.application import jobs
from fixloop_bot.application.intake import taking
from fixloop_bot.application.jobs import Job, JobQueue
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 2.0


class Sweep:
    """Looks every two seconds for work that a killed process has left behind."""

    def __init__(self, store: Store, queue: JobQueue, *, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            try:
                await self.once()
            except StoreUnavailable as error:
                log.warning("the sweep waits: %s", error)
            await self._clock.sleep(EVERY_S)

    async def once(self) -> None:
        """Hand over everything that waits; what is under way already is recognised by its key."""
        await self._queue.hand_over(list(await self._store.waiting_jobs()))
        await self._queue.hand_over([taking(signal) for signal in await self._store.unread_signals()])
        now = self._clock.now()
        await self._queue.hand_over([_redraw(incident_id, now) for incident_id in await self._store.dirty_threads()])


def _redraw(incident_id: str, now: float) -> Job:
    return Job(name=jobs.REFRESH_THREAD, args=(incident_id,), key=f"refresh:{incident_id}:sweep:{now // EVERY_S:.0f}")
