"""Executes a run: its steps side by side, saved every second, so that any worker can take it over where it stands.

A worker first claims the run; from then on an older claimant's writes are refused by the store, so that a worker that
was only slow, and not dead, stops instead of writing a second verdict.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.application import evidence, jobs
from fixloop_bot.application.budget import Budget
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.ports import Clock, Prober, Store, Telemetry
from fixloop_bot.application.readings import ReadingStep
from fixloop_bot.application.sampling import StepSampler, requests_per_sample
from fixloop_bot.application.validation import Validation
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import Conflict
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import MetricCheck, Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepProgress, StepVerdict, TrafficReading
from fixloop_bot.domain.verdicts import judge

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0
ENDED_BY_FAILURE = "not decided, since another step has failed"
AFTER_A_FAILURE_S = 5.0
"""Broken is said at once; so long the other steps may still show that they fail, too."""
ENDED_EARLY = "ended early, since somebody asked to validate"
REDRAW_EVERY_S = 3.0
"""Figures that only count up are shown at this pace, verdicts at once: all incidents share Slack's budget."""
MOST_ATTEMPTS = 12
"""A run that has failed or killed so many workers ends without a verdict, instead of keeping its incident for ever."""
LONGEST_RUN_S = 900.0
"""Wall-clock budget of a run besides its window; what is undecided then is inconclusive."""
TRAFFIC_READINGS = 3
TRAFFIC_PAUSE_S = 5.0
TRAFFIC_PATIENCE_S = 60.0
"""Metrics lag by some seconds: a breach by real traffic is believed after three readings."""

Runner = StepSampler | ReadingStep


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
        self._prober = prober
        self._telemetry = telemetry
        self._catalog = catalog
        self._clock = clock
        self._chance = chance

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
        now = self._clock.now()
        if run.attempt > 1:
            run = replace(run, taken_over_at=now)
        budget, before = await self._budget(run), await self._before(run, incident)
        runners = [await self._runner(step, run, incident, budget, before) for step in run.chosen_steps()]
        performing = _Performance(run, runners, store=self._store, ledger=self._ledger, clock=self._clock)
        run = await performing.until_decided(LONGEST_RUN_S + self._longest_window(run))
        return await self._finish(run, incident)

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

    def _longest_window(self, run: Run) -> float:
        service = self._catalog.service(run.service or "")
        if service is None:
            return 0.0
        return service.soak_s if run.kind is RunKind.SOAK else service.proof.window_s

    async def _budget(self, run: Run) -> Budget:
        """What the plan may still send; what was sent before a take-over counts."""
        service = self._catalog.service(run.service or "")
        left = service.allow.requests_per_plan if service is not None else 0
        for step in run.chosen_steps():
            if step.repeated:
                left -= requests_per_sample(step) * len(await self._store.samples(run.id, step.id))
        return Budget(left)

    async def _before(self, run: Run, incident: Incident) -> Run | None:
        """The run that a validate run is compared with."""
        line = incident.run_before(run.plan.hash, number=run.number) if run.kind is RunKind.VALIDATE else None
        return await self._store.run(line.id) if line is not None else None

    async def _runner(
        self, step: Step, run: Run, incident: Incident, budget: Budget, before: Run | None
    ) -> Runner | _Settled:
        service = self._catalog.service(run.service or "")
        done = run.progress(step.id)
        if done is not None and done.phase is StepPhase.DONE:
            return _Settled(step, done)
        if step.repeated and service is not None:
            return await self._sampler(step, run, service, budget)
        if step.repeated:
            reason = "could not look: the service is no longer in the catalog"
            lost = StepProgress(step_id=step.id, phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason=reason)
            return _Settled(step, lost)
        return ReadingStep(
            step,
            kind=run.kind,
            started_at=run.started_at,
            opened_at=incident.opened_at,
            window_s=service.proof.window_s if service is not None else 60.0,
            telemetry=self._telemetry,
            clock=self._clock,
            earlier=len(await self._store.samples(run.id, step.id)),
            failed_before=_failed(before, step),
        )

    async def _sampler(self, step: Step, run: Run, service: Service, budget: Budget) -> StepSampler:
        repeated = sum(each.repeated for each in run.chosen_steps())
        return StepSampler(
            step,
            service=service,
            kind=run.kind,
            share=service.proof.per_second / max(1, repeated),
            prober=self._prober,
            store=self._store,
            clock=self._clock,
            chance=self._chance,
            budget=budget,
            earlier=await self._store.samples(run.id, step.id),
        )

    async def _finish(self, run: Run, incident: Incident) -> Run:
        if run.kind is RunKind.VALIDATE:
            run = await self._judged(run, incident)
        run = replace(run, finished_at=self._clock.now())
        await self._store.save_run(run)
        return run

    async def _judged(self, run: Run, incident: Incident) -> Run:
        if run.stopped_by is not None:
            return replace(run, verdict=RecoveryVerdict.INCONCLUSIVE, reason="Stopped before it was decided.")
        confirm = await self._before(run, incident)
        traffic = await self._traffic(run, incident)
        judgement = judge(validate=run, confirm=confirm, traffic=traffic)
        return replace(run, verdict=judgement.verdict, reason=judgement.reason, traffic=traffic)

    async def _traffic(self, run: Run, incident: Incident) -> TrafficReading:
        """What real traffic says, once it covers the run; a run that has failed needs no such word."""
        measure = evidence.measure_of(incident, self._catalog.service(run.service or ""))
        if run.reproduced:
            return TrafficReading(why_not="a step failed")
        ended = self._clock.now()
        enough = run.started_at + (ended - run.started_at) / 2
        breaches = 0
        while True:
            now = self._clock.now()
            reading = await evidence.traffic_since(
                self._telemetry, measure, start=run.started_at, end=now, until=enough
            )
            breaches += reading.breached
            waits = reading.silent and now - ended < TRAFFIC_PATIENCE_S
            if not waits and (not reading.breached or breaches >= TRAFFIC_READINGS):
                return reading
            await self._clock.sleep(TRAFFIC_PAUSE_S)


def _failed(before: Run | None, step: Step) -> bool:
    progress = before.progress(step.id) if before is not None else None
    measured = isinstance(step.check, MetricCheck)  # a monitor averages over the past: it is reported, not waited for
    return measured and progress is not None and progress.verdict is StepVerdict.FAILED


class _Settled:
    """A step that was decided before this worker took the run over."""

    def __init__(self, step: Step, progress: StepProgress) -> None:
        self.step = step
        self._progress = progress

    async def run(self) -> None:
        return

    def take_unsaved(self) -> list[object]:
        return []

    def give_up(self, reason: str) -> None:
        del reason

    def progress(self) -> StepProgress:
        return self._progress


class _Performance:
    """The steps of one run under way: side by side, saved every second, stopped on demand."""

    def __init__(
        self, run: Run, runners: Sequence[Runner | _Settled], *, store: Store, ledger: Ledger, clock: Clock
    ) -> None:
        self._run = run
        self._runners = runners
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._saved: tuple[StepProgress, ...] | None = None
        self._redraw_at = 0.0
        self._failed_at: float | None = None

    async def until_decided(self, longest_s: float) -> Run:
        """Perform all steps; raises Conflict where another worker has taken the run over."""
        try:
            await self._perform(longest_s)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        await self._save()
        return self._run

    async def _perform(self, longest_s: float) -> None:
        async with asyncio.TaskGroup() as group:
            steps = [group.create_task(each.run(), name=f"{self._run.id}-{each.step.id}") for each in self._runners]
            end = self._clock.now() + longest_s
            while not all(task.done() for task in steps):
                await asyncio.wait(steps, timeout=SAVE_EVERY_S, return_when=asyncio.ALL_COMPLETED)
                await self._save()
                stopped_by = await self._stopped_by()
                if stopped_by is not None or self._clock.now() > end:
                    self._run = replace(self._run, stopped_by=stopped_by)
                    self._give_up(steps, "stopped" if stopped_by else "the time budget is spent")
                elif enough := await self._has_seen_enough():
                    self._give_up(steps, enough)

    async def _has_seen_enough(self) -> str:
        """Why going on would change nothing that anybody waits for; empty while it would.

        A watch that saw a failure takes the proof back at once. A validate run in which a step has failed is not
        recovered: the other steps have a few seconds more to show theirs. A confirm run that has seen the bug counts
        on, since its figures are what the fix is compared with, unless somebody asks to validate already.
        """
        run, now = self._run, self._clock.now()
        if not run.reproduced:
            return ""
        self._failed_at = self._failed_at or now
        if run.kind is RunKind.SOAK:
            return ENDED_BY_FAILURE
        if run.kind is RunKind.VALIDATE:
            return ENDED_BY_FAILURE if now - self._failed_at >= AFTER_A_FAILURE_S else ""
        incident = await self._store.incident(run.incident_id)
        return ENDED_EARLY if incident is not None and incident.wanted_run is RunKind.VALIDATE else ""

    async def _stopped_by(self) -> str | None:
        """Who has stopped the run, if anybody; a soak also ends where its incident no longer waits for it."""
        run = self._run
        stopped_by = await self._store.stopped_by(run.id)
        if stopped_by is None and run.kind is RunKind.SOAK:
            incident = await self._store.incident(run.incident_id)
            return None if incident is not None and incident.soak_run == run.id else "fixloop"
        return stopped_by

    def _give_up(self, steps: Sequence[asyncio.Task[None]], reason: str) -> None:
        for runner in self._runners:
            runner.give_up(reason)
        for task in steps:
            task.cancel()

    async def _save(self) -> None:
        for runner in self._runners:
            unsaved = runner.take_unsaved()
            if unsaved:
                await self._store.add_samples(self._run, runner.step.id, unsaved)  # type: ignore[arg-type]
        progress = tuple(runner.progress() for runner in self._runners)
        if progress == self._saved:
            return
        turned = [step.phase for step in progress] != [step.phase for step in self._saved or ()]
        self._run, self._saved = replace(self._run, steps=progress), progress
        now = self._clock.now()
        show = turned or now >= self._redraw_at
        await self._store.save_run(self._run, show=show)
        if show:
            # Slack's budget is one for all incidents: the more are open, the more seldom figures that only count up.
            self._redraw_at = now + REDRAW_EVERY_S * max(1, len(await self._store.open_incidents()))
            await self._ledger.hand_over([redraw_run(self._run, now)])


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a task group, however deep."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def redraw_run(run: Run, now: float) -> Job:
    """Show a run's progress; at most one such job a second and run."""
    return Job(name=jobs.REFRESH_THREAD, args=(run.incident_id,), key=f"refresh:{run.id}:{now:.0f}")
