"""The one way to change an incident: read, decide purely, compare-and-set, hand over the jobs that follow.

State is saved before Slack speaks: the jobs (the redraw of the thread among them) are part of the same atomic write.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace

from fixloop_bot.application import jobs
from fixloop_bot.application.jobs import Job, JobQueue
from fixloop_bot.application.ports import Store
from fixloop_bot.domain.acts import MACHINES
from fixloop_bot.domain.errors import Conflict, StoreUnavailable
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run

log = logging.getLogger(__name__)

TRIES = 50
"""Writers of one incident are few; so many lost races mean a fault, not a crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision wants written: the incident, the jobs that follow, and a run that begins with it."""

    incident: Incident
    jobs: tuple[Job, ...] = ()
    run: Run | None = None


_place: ContextVar[str] = ContextVar("place", default="")


@contextlib.contextmanager
def acting_from(place: str) -> Iterator[None]:
    """Everything that people are noted for within was done from here: ``button``, ``command``, ``modal`` …

    The ledger writes it into the timeline's new entries, so that no use case can forget it.
    """
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


FollowUp = Callable[[Incident | None, Incident], Sequence[Job]]
"""What follows from a change, whoever makes it: (before, after) → jobs. Pure; ``before`` is None for a new incident."""


class Ledger:
    """Applies decisions to stored incidents."""

    def __init__(self, store: Store, queue: JobQueue, *, follow_ups: Sequence[FollowUp] = ()) -> None:
        self._store = store
        self._queue = queue
        self._follow_ups = follow_ups

    async def change(self, incident_id: str, decide: Callable[[Incident], Change | None]) -> Incident | None:
        """Apply ``decide`` to the newest state, again if somebody else wrote first.

        ``decide`` is pure and may run several times; None from it changes nothing. Returns the incident as it then is,
        or None if there is none of this id. Raises StoreUnavailable, and whatever ``decide`` raises.
        """
        for _ in range(TRIES):
            incident = await self._store.incident(incident_id)
            if incident is None:
                return None
            change = decide(incident)
            if change is None:
                return incident
            try:
                return await self._write(_placed(change, before=incident), incident)
            except Conflict:
                continue
        raise Conflict(f"{incident_id} is being changed by too many at once.")

    async def open(self, incident: Incident, follow: Sequence[Job]) -> Incident | None:
        """Store a new incident; None if its service has an open one by now."""
        todo = (*follow, redraw(incident), *self._following(None, incident))
        created = await self._store.create_incident(incident, jobs=todo)
        if created is not None:
            await self.hand_over(todo)
        return created

    async def _write(self, change: Change, before: Incident) -> Incident:
        todo = (*change.jobs, redraw(change.incident), *self._following(before, change.incident))
        saved = await self._store.save_incident(change.incident, jobs=todo, run=change.run)
        await self.hand_over(todo)
        return saved

    def _following(self, before: Incident | None, after: Incident) -> list[Job]:
        return [job for follow_up in self._follow_ups for job in follow_up(before, after)]

    async def hand_over(self, todo: Sequence[Job]) -> None:
        """Queue jobs that are saved already; if that fails the sweep does it, so that the caller's work stands."""
        try:
            await self._queue.hand_over(todo)
        except StoreUnavailable as error:
            log.warning("jobs wait for the next sweep: %s", error)


def _placed(change: Change, *, before: Incident) -> Change:
    """The change with the place where its people are, in the entries that it adds."""
    place = _place.get()
    known = {id(entry) for entry in before.timeline}
    if not place or all(id(entry) in known for entry in change.incident.timeline):
        return change
    timeline = tuple(
        entry if id(entry) in known or entry.place or entry.who in MACHINES else replace(entry, place=place)
        for entry in change.incident.timeline
    )
    return replace(change, incident=replace(change.incident, timeline=timeline))


def redraw(incident: Incident, *, at: float = 0.0) -> Job:
    """The job that shows an incident's newest state.

    One key for all revisions: in a storm the thread is drawn for many changes at once. A change that comes just when
    such a job ends finds its key taken; the thread is marked as out of date, though, and the sweep draws it.
    """
    return Job(name=jobs.REFRESH_THREAD, args=(incident.id,), key=f"refresh:{incident.id}:{at:.0f}", at=at)
