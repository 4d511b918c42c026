"""The thread is a projection of the store: gathered whole, shown whole, so that a lost update heals itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator

from fixloop_bot.application import evidence
from fixloop_bot.application.ports import Board, Clock, DeepLinks, Store
from fixloop_bot.application.views import Links, ThreadView
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput, Conflict, SlackBusy, SlackRefused, StoreUnavailable
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run, RunKind

log = logging.getLogger(__name__)

BETWEEN_UPDATES_S = 2.5
"""Slack allows 50 chat.update a minute for a whole workspace: a card that changes all the time is redrawn so often."""
HOLD_EVERY_S = 2.0
"""A drawing worker renews its hold on the thread; a killed one's ends within seconds."""
LONGEST_PAUSE_S = 60.0
AFTER_A_FAULT_S = 30.0
"""A card that cannot be drawn, by a fault of ours, is tried again so often: the next state may be drawable."""
AROUND_S = 3600.0
"""Links open with an hour before the incident's start."""


class Threads:
    """Keeps the cards of incidents up to date."""

    def __init__(self, store: Store, board: Board, links: DeepLinks, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._board = board
        self._links = links
        self._catalog = catalog
        self._clock = clock

    async def refresh(self, incident_id: str) -> None:
        """Show the newest state; returns at once if somebody else is showing it, who will then see this state too.

        Where Slack asks to wait, no worker is held for it: the thread stays marked, and the sweep comes back in time.
        """
        token = await self._store.enter_thread(incident_id)
        if token is None:
            return
        try:
            async with self._holding(incident_id, token):
                await self._show_until_clean(incident_id, token)
        except SlackBusy as busy:
            pause = min(max(busy.retry_after, BETWEEN_UPDATES_S), LONGEST_PAUSE_S)
            log.info("%s is shown in %.0f s: %s", incident_id, pause, busy)
            await self._store.postpone_thread(incident_id, token, seconds=pause)
        except asyncio.CancelledError:
            await self._store.postpone_thread(incident_id, token, seconds=0)
            raise
        except StoreUnavailable:
            raise
        except Conflict as lost:
            log.info("%s", lost)
            await self._store.postpone_thread(incident_id, token, seconds=0)
        except Exception:
            log.exception("%s could not be drawn", incident_id)
            await self._store.postpone_thread(incident_id, token, seconds=AFTER_A_FAULT_S)

    async def _show_until_clean(self, incident_id: str, token: str) -> None:
        while True:
            await self._store.thread_is_clean(incident_id)
            await self._show(incident_id, token)
            if await self._store.leave_thread(incident_id, token):
                return
            await self._clock.sleep(BETWEEN_UPDATES_S)

    @contextlib.asynccontextmanager
    async def _holding(self, incident_id: str, token: str) -> AsyncIterator[None]:
        holding = asyncio.create_task(self._hold(incident_id, token), name=f"hold-{incident_id}")
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.wait({holding})

    async def _hold(self, incident_id: str, token: str) -> None:
        while True:
            await self._clock.sleep(HOLD_EVERY_S)
            with contextlib.suppress(StoreUnavailable):
                await self._store.hold_thread(incident_id, token)

    async def _show(self, incident_id: str, token: str) -> None:
        view = await self.view(incident_id)
        if view is None:
            return
        refs = await self._store.thread_refs(incident_id)

        async def save(new: object) -> None:
            await self._store.save_thread_refs(incident_id, new, token)  # type: ignore[arg-type]

        try:
            await self._board.publish(view, refs, save)
        except SlackRefused as refusal:
            # The state stands, only its picture is missing; trying the same again would be refused again.
            log.error("%s is not shown in Slack: %s", incident_id, refusal)  # noqa: TRY400 - the sentence says it all

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
