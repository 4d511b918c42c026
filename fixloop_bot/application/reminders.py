"""Reminders: nobody has taken it for five minutes; it was reproduced and nobody has validated for half an hour.

**State first.** That an incident was reminded of is saved together with the job that says so in its thread. A process
that is killed between the two loses nothing, since the job is in the outbox; one that is killed between Slack's answer
and the end of the job repeats it, and the repetition looks for the message in the thread before it posts another.

**Quiet hours** hold a reminder until they end, and so does a mute. Both are looked at again when it is said, since a
Slack that is down or a worker that is away may put it off by hours. SEV1 reminds at any hour: what is an outage was
never meant by "do not wake us", and whoever disagrees says so with a mute, which holds for everything.

**Where it is seen.** That nobody is on it is said in the thread and, this once, in the channel: nobody reads a thread
that nobody has opened. That it was not validated is for the one who is on it, who follows the thread.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fixloop_bot.application.feed_rows import FeedRows
from fixloop_bot.application.jobs import REMIND, Job, JobQueue
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mute_ports import Calendar
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import BadInput, Conflict, NewerDocument, SlackBusy, SlackRefused, StoreUnavailable
from fixloop_bot.domain.feed import FeedRow
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.mutes import Mute
from fixloop_bot.domain.quiet_hours import is_quiet
from fixloop_bot.domain.reminders import Due, Topic, due, still_true

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
LEADER_S = 40.0
GIVEN_FOR_S = 86_400.0
SHORTEST_PAUSE_S = 15.0
HELD_AGAIN_S = 60.0
"""How late a reminder may be when what has held it ends."""
REFUSED_AGAIN_S, LONGEST_PAUSE_S = 300.0, 3600.0
"""A channel may let FixLoop in again, or its thread be opened in another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What is said: in which thread, of which incident, to whom (users and user groups), and since when (seconds)."""

    incident: Incident
    topic: Topic
    name: str
    to: tuple[str, ...]
    since: float
    now: float


class Crier(Protocol):
    """Says it in the thread. Raises SlackRefused or SlackBusy."""

    async def remind(self, reminder: Reminder, refs: ThreadRefs, *, perhaps_said: bool) -> None:
        """``perhaps_said``: look first whether it is there already."""
        ...


class Reminders:
    """Reminds; ``run`` never returns. It also ends mutes, since one loop that looks at the clock is enough."""

    def __init__(
        self,
        store: Store,
        rows: FeedRows,
        ledger: Ledger,
        queue: JobQueue,
        crier: Crier,
        *,
        catalog: Catalog,
        clock: Clock,
        calendar: Calendar,
        mutes: Callable[[], Awaitable[Sequence[Mute]]],
        end_mutes: Callable[[], Awaitable[None]],
        name: str,
    ) -> None:
        self._store = store
        self._rows = rows
        self._ledger = ledger
        self._queue = queue
        self._crier = crier
        self._catalog = catalog
        self._clock = clock
        self._calendar = calendar
        self._mutes = mutes
        self._end_mutes = end_mutes
        self._name = name

    async def run(self) -> None:
        """Look for ever, as long as this process leads."""
        while True:
            try:
                if await self._store.lead("reminders", self._name, seconds=LEADER_S):
                    await self.once()
            except StoreUnavailable as error:
                log.warning("reminders wait: %s", error)
            except Exception:
                log.exception("reminders were cut short")
            await self._clock.sleep(LOOK_EVERY_S)

    async def once(self) -> None:
        """End the mutes that are over, and remind of what is due."""
        await self._end_mutes()
        await self._rows.catch_up()
        now = self._clock.now()
        muted = {mute.service for mute in await self._mutes()}
        for row in await self._rows.rows():
            if _may_be_due(row, now) and not muted & {row.service, row.label} and not self._quiet(row, now):
                await self._remember(row.id, now)

    async def _remember(self, incident_id: str, now: float) -> None:
        """What cannot be changed now is looked at again; it must not keep the others from theirs."""
        try:
            await self._ledger.change(incident_id, self._deciding(now))
        except (Conflict, NewerDocument, BadInput) as error:
            log.warning("nobody is reminded of %s for now: %s", incident_id, error)

    def _quiet(self, of: FeedRow | Incident, now: float) -> bool:
        service = self._catalog.service(of.service or "")
        if service is None or service.quiet_hours is None:
            return False
        minute = self._calendar.minute_of_day(now, service.quiet_hours.zone)
        return is_quiet(service.quiet_hours, minute, severity=of.severity)

    async def _held(self, incident: Incident, now: float) -> bool:
        """Whether nobody may be called about it now."""
        if self._quiet(incident, now) or (incident.muted_until is not None and now < incident.muted_until):
            return True
        return any(mute.service in (incident.service, incident.label) for mute in await self._mutes())

    def _deciding(self, now: float) -> Callable[[Incident], Change | None]:
        def decide(incident: Incident) -> Change | None:
            forgotten = due(incident, now)
            if forgotten is None:
                return None
            reminded = replace(incident, reminded=(*incident.reminded, forgotten.name))
            what = f"reminded: {forgotten.topic.value}"
            noted = reminded.noted(now, "fixloop", Happening.REMINDED, what, about=forgotten.name)
            return Change(incident=noted, jobs=(reminding(incident, forgotten, now),))

        return decide

    async def say(
        self, incident_id: str, name: str, since: str, tries: str = "0", perhaps: str = "", born: str = ""
    ) -> None:
        """The job: say it in the thread, unless it has become untrue meanwhile.

        ``since`` is epoch seconds; after so many ``tries``. With ``perhaps`` one of these has lost Slack's answer. A
        reminder that was forgotten and comes again is told by when it was ``born``.
        """
        incident, topic, now = await self._store.incident(incident_id), Topic(name.partition(":")[0]), self._clock.now()
        if incident is None:
            return
        again, mark = (incident_id, name, since, str(int(tries) + 1)), f"reminding:{incident_id}:{name}:{born}:{tries}"
        true = still_true(incident, name, float(since))
        if true and await self._held(incident, now):
            await self._later((*again, perhaps, born), after_s=HELD_AGAIN_S)
            return
        first_time = await self._store.once(mark, seconds=GIVEN_FOR_S) and not perhaps
        if not true:
            if first_time:
                await self._ledger.change(incident_id, _forgetting(name))
            return
        refs = await self._store.thread_refs(incident_id)
        reminder = Reminder(
            incident=incident, topic=topic, name=name, to=self._whom(incident, topic), since=float(since), now=now
        )
        try:
            await self._crier.remind(reminder, refs, perhaps_said=not first_time or tries != "0")
        except SlackBusy as busy:
            unsure = perhaps if busy.undone and first_time else "perhaps"
            await self._later((*again, unsure, born), after_s=max(busy.retry_after, SHORTEST_PAUSE_S))
        except SlackRefused as refusal:
            log.warning("nobody is reminded of %s for now: %s", incident_id, refusal)
            unsure = perhaps if first_time else "perhaps"
            pause_s = min(REFUSED_AGAIN_S * 2 ** min(int(tries), 10), LONGEST_PAUSE_S)
            await self._later((*again, unsure, born), after_s=pause_s)

    async def _later(self, args: tuple[str, ...], *, after_s: float) -> None:
        """A job of its own: the queue gives up sooner than a Slack that is down comes back."""
        incident_id, name, _, tries, _, born = args
        job = Job(
            name=REMIND, args=args, key=f"remind:{incident_id}:{name}:{born}:{tries}", at=self._clock.now() + after_s
        )
        if await self._store.accept(job, seconds=GIVEN_FOR_S):
            await self._queue.hand_over([job])

    def _whom(self, incident: Incident, topic: Topic) -> tuple[str, ...]:
        """The responders; of what is reproduced, the one who is on it."""
        service = self._catalog.service(incident.service or "")
        responders = service.responders if service is not None else ()
        on_it = incident.lead or incident.acknowledged_by or incident.fixer
        return (on_it,) if topic is Topic.UNVALIDATED and on_it else responders


def reminding(incident: Incident, forgotten: Due, now: float) -> Job:
    args = (incident.id, forgotten.name, f"{forgotten.since:.3f}", "0", "", f"{now:.0f}")
    return Job(name=REMIND, args=args, key=f"remind:{incident.id}:{forgotten.name}")


def _forgetting(name: str) -> Callable[[Incident], Change | None]:
    """It was remembered and never said, so that it may come again, and the timeline does not tell of it."""

    def decide(incident: Incident) -> Change | None:
        if name not in incident.reminded:
            return None
        told = (Happening.REMINDED, name)
        timeline = tuple(entry for entry in incident.timeline if (entry.kind, entry.about) != told)
        reminded = tuple(each for each in incident.reminded if each != name)
        return Change(incident=replace(incident, reminded=reminded, timeline=timeline))

    return decide


def _may_be_due(row: FeedRow, now: float) -> bool:
    """By its row alone, so that incidents are not loaded every few seconds for nothing."""
    return row.remind_at is not None and row.remind_at <= now and not row.muted(now)
