"""The thread is a projection of the store: gathered whole, shown whole, so that a lost update heals itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from fixloop_bot.application import errands, evidence
from fixloop_bot.application.errands import Errand, Urgency, Waiting
from fixloop_bot.application.jobs import REFRESH_THREAD, Job, JobQueue
from fixloop_bot.application.papers import Filed, Filings
from fixloop_bot.application.pictures import Album, Albums
from fixloop_bot.application.ports import Board, Clock, DeepLinks, Store
from fixloop_bot.application.storms import Storms, is_storm
from fixloop_bot.application.views import Links, ThreadRefs, ThreadView
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.closing import is_cut_off
from fixloop_bot.domain.errors import BadInput, Conflict, FiguresWait, SlackBusy, SlackRefused, StoreUnavailable
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run, RunKind

log = logging.getLogger(__name__)

Save = Callable[[ThreadRefs], Awaitable[None]]

BETWEEN_UPDATES_S = 2.5
"""Slack allows 50 chat.update a minute for a whole workspace: a card that changes all the time is redrawn so often."""
AT_ONCE = 4
"""How many times what changed meanwhile is shown at once to somebody who clicked; then the others have their turn."""
HOLD_EVERY_S = 2.0
"""A drawing worker renews its hold on the thread; a killed one's ends within seconds."""
LONGEST_PAUSE_S = 60.0
AFTER_A_FAULT_S = 30.0
"""A card that cannot be drawn, by a fault of ours, is tried again so often: the next state may be drawable."""
AROUND_S = 3600.0
"""Links open with an hour before the incident's start."""


class Threads:
    """Keeps the cards of incidents up to date."""

    def __init__(
        self,
        store: Store,
        board: Board,
        links: DeepLinks,
        *,
        catalog: Catalog,
        clock: Clock,
        waiting: Waiting,
        queue: JobQueue,
        storms: Storms | None = None,
        albums: Albums | None = None,
        filings: Filings | None = None,
    ) -> None:
        self._store = store
        self._board = board
        self._links = links
        self._catalog = catalog
        self._clock = clock
        self._waiting = waiting
        self._queue = queue
        self._storms = storms
        self._albums = albums
        self._filings = filings

    async def refresh(self, thread: str) -> None:
        """Show the newest state of an incident (or of a storm, by its id).

        Returns at once if somebody else is showing it, who will then see this state too. Where Slack asks to wait, no
        worker is held for it: the thread stays marked, and a job comes back in time. Only for somebody who has just
        clicked there is no such waiting.
        """
        clicked, waits = await self._waiting.standing(thread)
        if waits and not clicked:
            return
        token = await self._store.enter_thread(thread)
        if token is None:
            return
        try:
            async with self._holding(thread, token):
                await self._show_once(thread, token, clicked=clicked)
        except FiguresWait as busy:
            # What comes meanwhile may be news, which waits for nobody's figures. The job is queued first: the thread
            # counts as clean then, and who is killed in between must not be the last who knew.
            comes_back = await self._come_back(thread, busy.retry_after)
            if not (comes_back and await self._store.leave_thread(thread, token)):
                await self._store.postpone_thread(thread, token, seconds=0)
        except SlackBusy as busy:
            pause = min(busy.retry_after, LONGEST_PAUSE_S)
            log.info("%s is shown in %.1f s: %s", thread, pause, busy)
            with contextlib.suppress(StoreUnavailable):
                await self._waiting.still_attend(thread, seconds=pause)
            await self._pause(thread, token, pause)
        except asyncio.CancelledError:
            await self._store.postpone_thread(thread, token, seconds=0)
            raise
        except StoreUnavailable:
            raise
        except Conflict as lost:
            log.info("%s", lost)
            await self._store.postpone_thread(thread, token, seconds=0)
        except Exception:
            log.exception("%s could not be drawn", thread)
            await self._pause(thread, token, AFTER_A_FAULT_S)

    async def _show_once(self, thread: str, token: str, *, clicked: bool) -> None:
        """Show it; what has changed while it was drawn is shown a little later, or at once to somebody who clicked.

        Whoever clicks while it is drawn has left their drawing to this one, so that it asks again.
        """
        for _ in range(AT_ONCE):
            await self._store.thread_is_clean(thread)
            with errands.on(Errand(urgency=Urgency.ANSWER if clicked else Urgency.NEWS)):
                await self._show(thread, token, clicked=clicked)
            if await self._store.leave_thread(thread, token):
                return
            clicked, _ = await self._waiting.standing(thread)
            if not clicked:
                break
        await self._pause(thread, token, BETWEEN_UPDATES_S)

    async def _pause(self, thread: str, token: str, seconds: float) -> None:
        await self._waiting.let_wait(thread, seconds=seconds)
        await self._store.postpone_thread(thread, token, seconds=0)
        await self._come_back(thread, seconds)

    async def _come_back(self, thread: str, seconds: float, *, why: str = "due") -> bool:
        """Queue a drawing; False where the store is away: then only a thread that is marked is found by the sweep."""
        at = self._clock.now() + seconds
        job = Job(name=REFRESH_THREAD, args=(thread,), key=f"refresh:{thread}:{why}:{at:.1f}", at=at)
        try:
            await self._queue.hand_over([job])
        except StoreUnavailable:
            return False
        return True

    @contextlib.asynccontextmanager
    async def _holding(self, thread: str, token: str) -> AsyncIterator[None]:
        holding = asyncio.create_task(self._hold(thread, token), name=f"hold-{thread}")
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.wait({holding})

    async def _hold(self, thread: str, token: str) -> None:
        while True:
            await self._clock.sleep(HOLD_EVERY_S)
            with contextlib.suppress(StoreUnavailable):
                await self._store.hold_thread(thread, token)

    async def _show(self, thread: str, token: str, *, clicked: bool) -> None:
        async def save(new: ThreadRefs) -> None:
            await self._store.save_thread_refs(thread, new, token)

        refs = await self._store.thread_refs(thread)
        try:
            if self._storms is not None and is_storm(thread):
                await self._storms.show(thread, refs, save)
            else:
                await self._show_incident(thread, refs, save, clicked=clicked)
        except SlackRefused as refusal:
            # The state stands, only its picture is missing; trying the same again would be refused again.
            log.error("%s is not shown in Slack: %s", thread, refusal)  # noqa: TRY400 - the sentence says it all

    async def _show_incident(self, incident_id: str, refs: ThreadRefs, save: Save, *, clicked: bool) -> None:
        view = await self.view(incident_id)
        if view is None:
            return
        calm_at = await self._storms.meet(view.incident, refs) if self._storms is not None else None
        if calm_at is not None and not clicked:
            view = replace(view, root_only=True)
            await self._come_back(incident_id, calm_at - view.now, why="calm")
        await self._board.publish(view, refs, save)

    async def view(self, incident_id: str) -> ThreadView | None:
        """Everything the cards show, read now."""
        incident = await self._store.incident(incident_id)
        if incident is None:
            return None
        service = self._catalog.service(incident.service or "")
        now = self._clock.now()
        shown = await self._run(incident, (RunKind.CONFIRM, RunKind.VALIDATE))
        return ThreadView(
            incident=incident,
            service=service,
            links=self._links_of(incident, service, now),
            confirm=await self._before(incident, shown),
            shown=shown,
            soak=await self._run(incident, (RunKind.SOAK,)),
            baseline=await self._baseline(service),
            album=await self._albums.album(incident_id) if self._albums is not None else Album(),
            filed=await self._filings.filed(incident_id) if self._filings is not None else Filed(),
            now=now,
        )

    async def _baseline(self, service: Service | None) -> Baseline | None:
        """What healthy times looked like; a document that cannot be read costs the card nothing but that."""
        try:
            return await self._store.baseline(service.name) if service is not None else None
        except BadInput:
            return None

    async def _before(self, incident: Incident, shown: Run | None) -> Run | None:
        number = shown.number if shown is not None and shown.kind is RunKind.VALIDATE else None
        plan_hash = incident.plan.hash if incident.plan is not None else ""
        whole = [line for line in incident.runs if line.plan_hash == plan_hash and not line.partial]
        confirms = [line for line in whole if line.kind is RunKind.CONFIRM]
        line = incident.run_before(plan_hash, number=number) or (confirms[-1] if confirms else None)
        return await self._store.run(line.id) if line is not None else None

    async def _run(self, incident: Incident, kinds: tuple[RunKind, ...]) -> Run | None:
        lines = [line for line in incident.runs if line.kind in kinds]
        lines = [line for line in lines if not is_cut_off(line)] or lines
        return await self._store.run(lines[-1].id) if lines else None

    def _links_of(self, incident: Incident, service: Service | None, now: float) -> Links:
        start = incident.opened_at - AROUND_S
        hours = math.ceil(((incident.resolved_at or now) - incident.opened_at) / AROUND_S)
        end = incident.opened_at + max(1, hours) * AROUND_S  # whole hours: not a new link at every redraw
        # A metric that FixLoop watches itself has no monitor: a joined signal's monitor is the one to open.
        monitored = [each for each in incident.signals if each.monitor_id]
        line = next((each for each in monitored if each.firing), monitored[0] if monitored else None)
        measure = evidence.measure_of(incident, service)
        monitor = line.monitor_id if line is not None else None
        return Links(
            metric=self._links.metric(measure.query, start=start, end=end) if measure is not None else None,
            monitor=self._links.monitor(monitor, group=line.scope if line else "", start=start, end=end)
            if monitor
            else None,
            logs=self._links.logs(service.logs, start=start, end=end) if service is not None and service.logs else None,
            runbook=service.runbook if service is not None else None,
        )
