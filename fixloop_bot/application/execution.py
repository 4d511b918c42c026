"""Executes an incident's runs: saved every second, so that any worker can take one over where it stands.

A worker first claims the run; from then on an older claimant's writes are refused by the store, so that a worker that
was only slow, and not dead, stops instead of writing a second verdict.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.application import evidence, jobs
from fixloop_bot.application.brake import STOPPED
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.performance import (
    Circumstances,
    Instruments,
    Performance,
    longest_s,
    runners_of,
    traffic_during,
)
from fixloop_bot.application.ports import Clock, Prober, Store, Telemetry
from fixloop_bot.application.validation import Validation
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput, Conflict
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepVerdict
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.verdicts import judge

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0
ENDED_EARLY = "ended early, since somebody asked to validate"
REDRAW_EVERY_S = 3.0
"""Figures that only count up are shown at this pace, verdicts at once: all incidents share Slack's budget."""
LOOK_BACK_S = 120.0
"""An alert comes some time after its first breach."""
MOST_ATTEMPTS = 12
"""A run that has failed or killed so many workers ends without a verdict, instead of keeping its incident for ever."""


class Execution:
    """Performs runs."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        validation: Validation,
        *,
        prober: Prober,
        telemetry: Telemetry,
        catalog: Catalog,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._validation = validation
        self._instruments = Instruments(prober=prober, telemetry=telemetry, store=store, clock=clock, chance=chance)
        self._catalog = catalog
        self._clock = clock

    async def execute(self, run_id: str) -> None:
        """Perform a run, or go on with one that another worker has left. Harmless when it is finished already."""
        run = await self._store.claim_run(run_id)
        incident = await self._store.incident(run.incident_id) if run is not None else None
        if run is None or incident is None:
            return
        if not run.finished:
            try:
                exhausted = run.attempt > MOST_ATTEMPTS
                run = await (self._abandon(run) if exhausted else self._perform(run, incident))
            except Conflict as taken:
                log.info("run %s goes on elsewhere: %s", run_id, taken)
                return
        await self._validation.close(run)

    async def _perform(self, run: Run, incident: Incident) -> Run:
        if run.attempt > 1:
            run = replace(run, taken_over_at=self._clock.now())
        service, before = self._service(run), await self._before(run, incident)
        if service is not None and run.kind is RunKind.SOAK and incident.soak_until is not None:
            # One that goes on after a stop has less time than the service's whole watch.
            service = replace(service, soak_s=round(incident.soak_until - run.started_at, 3))
        keeper = _Stored(run, store=self._store, ledger=self._ledger, clock=self._clock)
        if run.attempt <= 1:  # a worker that takes over keeps the window, whatever Datadog says by now
            run = replace(run, period_s=await self._period_s(run, incident, service))
        around = Circumstances(
            opened_at=incident.opened_at,
            before=before,
            baseline=await self._baseline(service),
            period_s=run.period_s,
        )
        runners = await runners_of(run, service, keeper, self._instruments, around)
        performing = Performance(run, runners, keeper, clock=self._clock, every_s=SAVE_EVERY_S)
        performed = await performing.until_decided(longest_s(run, service, period_s=around.period_s))
        return await self._finish(performed, incident)

    async def _baseline(self, service: Service | None) -> Baseline | None:
        """What healthy times looked like; without it a run only knows less."""
        try:
            return await self._store.baseline(service.name) if service is not None else None
        except BadInput as error:
            log.warning("a baseline is of no use: %s", error)
            return None

    async def _period_s(self, run: Run, incident: Incident, service: Service | None) -> float:
        """How far apart the signal's own breaches began, since the present trouble did; 0 where nobody can say.

        A window that is shorter could fall between two of them. For a soak its own length is enough.
        """
        measure = evidence.measure_of(incident, service)
        if measure is None or run.kind is RunKind.SOAK:
            return 0.0
        since = next((line.started_at for line in incident.runs if line.number >= incident.evidence_from), 0.0)
        start = since if incident.evidence_from else incident.opened_at - LOOK_BACK_S
        return await evidence.period_of(self._instruments.telemetry, measure, start=start, end=run.started_at)

    async def _abandon(self, run: Run) -> Run:
        log.error("run %s could not be performed in %d attempts", run.id, MOST_ATTEMPTS)
        reason = "FixLoop could not perform this run; its log says why."
        lost = tuple(
            step
            if step.phase is StepPhase.DONE
            else replace(step, phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason="could not be performed")
            for step in run.steps
        )
        verdict = RecoveryVerdict.INCONCLUSIVE if run.kind is RunKind.VALIDATE else None
        now = self._clock.now()
        run = replace(run, steps=lost, verdict=verdict, reason=reason, stopped_by="fixloop", finished_at=now)
        await self._store.save_run(run)
        return run

    def _service(self, run: Run) -> Service | None:
        return self._catalog.service(run.service or "")

    async def _before(self, run: Run, incident: Incident) -> Run | None:
        """The run that a validate run is compared with."""
        line = incident.run_before(run.plan.hash, number=run.number) if run.kind is RunKind.VALIDATE else None
        return await self._store.run(line.id) if line is not None else None

    async def _finish(self, run: Run, incident: Incident) -> Run:
        if run.kind is RunKind.VALIDATE:
            run = await self._judged(run, incident)
        run = replace(run, finished_at=self._clock.now())
        await self._store.save_run(run)
        return run

    async def _judged(self, run: Run, incident: Incident) -> Run:
        if run.stopped_by is not None:
            halted = await self._store.halted_by() is not None
            why = "All traffic was stopped" if halted else "Stopped"
            return replace(run, verdict=RecoveryVerdict.INCONCLUSIVE, reason=f"{why} before it was decided.")
        confirm = await self._before(run, incident)
        measure = evidence.measure_of(incident, self._service(run))
        traffic = await traffic_during(run, measure, self._instruments.telemetry, self._clock)
        judgement = judge(validate=run, confirm=confirm, traffic=traffic)
        return replace(run, verdict=judgement.verdict, reason=judgement.reason, traffic=traffic)


class _Stored:
    """Keeps an incident's run in the store, where the thread is drawn from; raises Conflict once it is taken over."""

    def __init__(self, run: Run, *, store: Store, ledger: Ledger, clock: Clock) -> None:
        self._run_id = run.id
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._redraw_at = 0.0

    async def samples(self, step_id: str) -> Sequence[Sample]:
        return await self._store.samples(self._run_id, step_id)

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None:
        await self._store.add_samples(run, step_id, samples)

    async def save(self, run: Run, *, turned: bool) -> None:
        now = self._clock.now()
        show = turned or now >= self._redraw_at
        await self._store.save_run(run, show=show)
        if show:
            # Slack's budget is one for all incidents: the more are open, the more seldom figures that only count up.
            self._redraw_at = now + REDRAW_EVERY_S * max(1, len(await self._store.open_incidents()))
            await self._ledger.hand_over([redraw_run(run, now)])

    async def stopped_by(self, run: Run) -> str | None:
        """Who has stopped the run or all traffic; a soak also ends where its incident no longer waits for it."""
        stopped_by = await self._store.stopped_by(run.id)
        if stopped_by is None and run.kind is RunKind.SOAK:
            incident = await self._store.incident(run.incident_id)
            return None if incident is not None and incident.soak_run == run.id else "fixloop"
        return stopped_by

    async def why_stopped(self) -> str:
        return STOPPED if await self._store.halted_by() is not None else "stopped"

    async def ends_early(self, run: Run) -> str:
        incident = await self._store.incident(run.incident_id)
        return ENDED_EARLY if incident is not None and incident.wanted_run is RunKind.VALIDATE else ""


def redraw_run(run: Run, now: float) -> Job:
    """Show a run's progress; at most one such job a second and run."""
    return Job(name=jobs.REFRESH_THREAD, args=(run.incident_id,), key=f"refresh:{run.id}:{now:.0f}")
