"""What was cut off is brought to its end: jobs not yet queued, threads not yet drawn, runs forsaken."""

from __future__ import annotations

import logging

from fixloop_bot.application import jobs
from fixloop_bot.application.intake import planning
from fixloop_bot.application.jobs import Job, JobQueue
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.validation import executing
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.incidents import Incident

log = logging.getLogger(__name__)

EVERY_S = 2.0
FORSAKEN_EVERY_S = 30.0
"""Work that an incident waits for and that no queue knows any more is rare: one process looks for it, so often."""
PLAN_OVERDUE_S = 120.0
LATEST = 50


class Sweep:
    """Looks every two seconds for work that a killed process has left behind."""

    def __init__(self, store: Store, queue: JobQueue, *, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    async def run(self) -> None:
        """Sweep for ever; one thing that cannot be swept must not keep the next sweep from the others."""
        while True:
            try:
                await self.once()
            except StoreUnavailable as error:
                log.warning("the sweep waits: %s", error)
            except Exception:
                log.exception("a sweep was cut short")
            await self._clock.sleep(EVERY_S)

    async def once(self) -> None:
        """Hand over everything that waits; what is under way already is recognised by its key."""
        await self._queue.hand_over(list(await self._store.waiting_jobs()))
        now = self._clock.now()
        await self._queue.hand_over([_redraw(incident_id, now) for incident_id in await self._store.dirty_threads()])
        if await self._store.once("sweep:forsaken", seconds=FORSAKEN_EVERY_S):
            await self._hand_over_forsaken(now)

    async def _hand_over_forsaken(self, now: float) -> None:
        # A run that resolving stops may be cut off as well, and its incident is no longer among the open ones.
        ids = dict.fromkeys([*await self._store.open_incidents(), *await self._store.latest_incidents(LATEST)])
        for incident_id in ids:
            incident = await self._store.incident(incident_id)
            if incident is not None:
                await self._queue.hand_over(awaited(incident, now))


def awaited(incident: Incident, now: float) -> list[Job]:
    """What an incident waits for: its runs, and a plan that is overdue. Queued again, they are harmless."""
    waits = [executing(run_id) for run_id in (incident.active_run, incident.soak_run) if run_id is not None]
    if incident.is_open and incident.planning_since is not None and now - incident.planning_since > PLAN_OVERDUE_S:
        waits.append(planning(incident))
    return waits


def _redraw(incident_id: str, now: float) -> Job:
    return Job(name=jobs.REFRESH_THREAD, args=(incident_id,), key=f"refresh:{incident_id}:sweep:{now // EVERY_S:.0f}")
