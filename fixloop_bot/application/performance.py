"""Performs the steps of a run side by side, wherever the run belongs: to an incident's thread, or to a terminal.

What differs between the two (where samples are kept, who sees the progress, who may end it) is the run's ``Keeper``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fixloop_bot.application import evidence
from fixloop_bot.application.budget import Budget
from fixloop_bot.application.ports import Clock, Prober, Store, Telemetry
from fixloop_bot.application.readings import ReadingStep
from fixloop_bot.application.sampling import Background, StepSampler
from fixloop_bot.application.schedule import requests_per_sample, settings_for, window_for
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import MonitorCheck, Step
from fixloop_bot.domain.runs import Run, RunKind, StepPhase, StepProgress, StepVerdict, TrafficReading
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.signals import Measure

ENDED_BY_FAILURE = "not decided, since another step has failed"
AFTER_A_FAILURE_S = 5.0
"""Broken is said at once; so long the other steps may still show that they fail, too."""
LONGEST_RUN_S = 900.0
"""Wall-clock budget of a run besides its window; what is undecided then is inconclusive."""
UNKNOWN_WINDOW_S = 60.0
"""How long telemetry is read for a service that the catalog does not have."""
GONE = "could not look: the service is no longer in the catalog"
TRAFFIC_READINGS = 3
TRAFFIC_PAUSE_S = 5.0
TRAFFIC_PATIENCE_S = 60.0
"""Metrics lag by some seconds: a breach by real traffic is believed after three readings."""


class Keeper(Protocol):
    """Keeps what a run has seen, and knows who wants it ended."""

    async def samples(self, step_id: str) -> Sequence[Sample]:
        """What a worker that has left the run had stored of a step."""
        ...

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None: ...

    async def save(self, run: Run, *, turned: bool) -> None:
        """Keep the newest progress; ``turned`` says that a step has begun or ended, and not only counted on."""
        ...

    async def stopped_by(self, run: Run) -> str | None:
        """Who has stopped the run, if anybody: the kill switch counts."""
        ...

    async def why_stopped(self) -> str:
        """What an undecided step's reason is then: that all traffic was stopped, or this run alone."""
        ...

    async def ends_early(self, run: Run) -> str:
        """Why a confirm run that has seen the bug need not go on; empty while it should."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What the steps of a run are performed with."""

    prober: Prober
    telemetry: Telemetry
    store: Store
    clock: Clock
    chance: random.Random


class Settled:
    """A step that is decided already: before a take-over, or because it cannot be looked at. Never runs."""

    def __init__(self, step: Step, progress: StepProgress) -> None:
        self.step = step
        self._progress = progress

    @classmethod
    def as_(cls, step: Step, verdict: StepVerdict, reason: str) -> Settled:
        return cls(step, StepProgress(step_id=step.id, phase=StepPhase.DONE, verdict=verdict, reason=reason))

    async def run(self) -> None:
        return

    def take_unsaved(self) -> list[Sample]:
        return []

    def give_up(self, reason: str) -> None:
        del reason

    def progress(self) -> StepProgress:
        return self._progress


Runner = StepSampler | ReadingStep | Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known around a run.

    ``opened_at`` is when the trouble began (epoch seconds), ``before`` the run that this one is compared with,
    ``baseline`` what was learned in healthy times, ``period_s`` how far apart the signal's own breaches began.
    ``reads_as`` is how telemetry is read where that is another kind than the run's.
    """

    opened_at: float
    before: Run | None = None
    baseline: Baseline | None = None
    period_s: float = 0.0
    reads_as: RunKind | None = None


async def runners_of(
    run: Run, service: Service | None, keeper: Keeper, instruments: Instruments, around: Circumstances
) -> list[Runner]:
    """One runner for each chosen step, going on from the samples that the keeper has."""
    steps = run.chosen_steps()
    earlier = {step.id: await keeper.samples(step.id) for step in steps}
    if service is None:
        return [_unlisted(step, run, instruments, around, earlier[step.id]) for step in steps]
    # What was sent before a take-over counts.
    sent = sum(requests_per_sample(step) * len(earlier[step.id]) for step in steps if step.repeated)
    budget = Budget(service.allow.requests_per_plan - sent)
    sampled = max(1, sum(step.repeated for step in steps))
    share = service.proof.per_second / sampled

    def runner(step: Step) -> Runner:
        done = run.progress(step.id)
        if done is not None and done.phase is StepPhase.DONE:
            return Settled(step, done)
        if not step.repeated:
            return _reading(step, run, instruments, around, earlier[step.id], window_s=service.proof.window_s)
        return StepSampler(
            step,
            service=service,
            kind=run.kind,
            share=share,
            prober=instruments.prober,
            store=instruments.store,
            clock=instruments.clock,
            chance=instruments.chance,
            budget=budget,
            earlier=earlier[step.id],
            background=_background(step, around),
            seed=f"{run.id}:{step.id}",
            sharing=sampled,
        )

    return [runner(step) for step in steps]


def _background(step: Step, around: Circumstances) -> Background:
    before = around.before.progress(step.id) if around.before is not None else None
    return Background(before=before, baseline=around.baseline, period_s=around.period_s)


def _unlisted(
    step: Step, run: Run, instruments: Instruments, around: Circumstances, earlier: Sequence[Sample]
) -> Runner:
    """A step of a service that the catalog does not have (any more): telemetry can be read, and nothing be sent."""
    done = run.progress(step.id)
    if done is not None and done.phase is StepPhase.DONE:
        return Settled(step, done)
    if step.repeated:
        reason = "could not look: the service is no longer in the catalog"
        return Settled.as_(step, StepVerdict.INCONCLUSIVE, reason)
    return _reading(step, run, instruments, around, earlier, window_s=UNKNOWN_WINDOW_S)


def _reading(
    step: Step,
    run: Run,
    instruments: Instruments,
    around: Circumstances,
    earlier: Sequence[Sample],
    *,
    window_s: float,
) -> ReadingStep:
    return ReadingStep(
        step,
        kind=around.reads_as or run.kind,
        started_at=run.started_at,
        opened_at=around.opened_at,
        window_s=window_s,
        telemetry=instruments.telemetry,
        clock=instruments.clock,
        earlier=len(earlier),
        failed_before=has_failed(around.before, step),
    )


def has_failed(before: Run | None, step: Step) -> bool:
    """Whether a step that is read from telemetry failed in the run that this one is compared with.

    A monitor averages over the past: it is reported, and not waited for.
    """
    if step.repeated or isinstance(step.check, MonitorCheck):
        return False
    progress = before.progress(step.id) if before is not None else None
    return progress is not None and progress.verdict is StepVerdict.FAILED


def longest_s(run: Run, service: Service | None, *, period_s: float = 0.0) -> float:
    """The seconds after which a run's undecided steps are given up."""
    if service is None:
        return LONGEST_RUN_S
    if run.kind is RunKind.SOAK:
        return LONGEST_RUN_S + 2 * service.soak_s
    windows = [window_for([settings_for(step, service)], period_s) for step in run.chosen_steps()]
    return LONGEST_RUN_S + max(windows, default=0.0)


class Performance:
    """The steps of one run under way: side by side, saved every ``every_s`` seconds, stopped on demand."""

    def __init__(
        self, run: Run, runners: Sequence[Runner], keeper: Keeper, *, clock: Clock, every_s: float = 1.0
    ) -> None:
        self._run = run
        self._runners = runners
        self._keeper = keeper
        self._clock = clock
        self._every_s = every_s
        self._saved: tuple[StepProgress, ...] | None = None
        self._failed_at: float | None = None

    async def until_decided(self, longest_s: float) -> Run:
        """Perform all steps; raises what the keeper raises, such as Conflict where the run has been taken over."""
        try:
            await self._perform(longest_s)
        except BaseExceptionGroup as group:
            raise first_error(group) from group
        await self._save()
        return self._run

    async def _perform(self, longest_s: float) -> None:
        if await self._is_stopped():
            self._give_up([], await self._keeper.why_stopped())
            return
        async with asyncio.TaskGroup() as group:
            steps = [group.create_task(each.run(), name=f"{self._run.id}-{each.step.id}") for each in self._runners]
            end = self._clock.now() + longest_s
            while not all(task.done() for task in steps):
                await asyncio.wait(steps, timeout=self._every_s, return_when=asyncio.ALL_COMPLETED)
                await self._save()
                if await self._is_stopped():
                    self._give_up(steps, await self._keeper.why_stopped())
                elif self._clock.now() > end:
                    self._give_up(steps, "the time budget is spent")
                elif enough := await self._has_seen_enough():
                    self._give_up(steps, enough)

    async def _is_stopped(self) -> bool:
        stopped_by = await self._keeper.stopped_by(self._run)
        if stopped_by is not None:
            self._run = replace(self._run, stopped_by=stopped_by)
        return stopped_by is not None

    async def _has_seen_enough(self) -> str:
        """Why going on would change nothing that anybody waits for; empty while it would.

        A watch that saw a failure takes the proof back at once. A validate run in which a step has failed is not
        recovered: the other steps have a few seconds more to show theirs. A confirm run that has seen the bug counts
        on, since its figures are what the fix is compared with, unless its keeper knows better; where only telemetry
        has failed yet, no fix could be proven by what it has seen.
        """
        run, now = self._run, self._clock.now()
        if not run.reproduced:
            return ""
        self._failed_at = self._failed_at or now
        if run.kind is RunKind.SOAK:
            return ENDED_BY_FAILURE
        if run.kind is RunKind.VALIDATE:
            return ENDED_BY_FAILURE if now - self._failed_at >= AFTER_A_FAILURE_S else ""
        return await self._keeper.ends_early(run) if run.seen_by_request else ""

    def _give_up(self, steps: Sequence[asyncio.Task[None]], reason: str) -> None:
        for runner in self._runners:
            runner.give_up(reason)
        for task in steps:
            task.cancel()

    async def _save(self) -> None:
        for runner in self._runners:
            unsaved = runner.take_unsaved()
            if unsaved:
                await self._keeper.add_samples(self._run, runner.step.id, unsaved)
        progress = tuple(runner.progress() for runner in self._runners)
        if progress == self._saved:
            return
        turned = [step.phase for step in progress] != [step.phase for step in self._saved or ()]
        self._run, self._saved = replace(self._run, steps=progress), progress
        await self._keeper.save(self._run, turned=turned)


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a task group, however deep."""
    error = group.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error


async def traffic_during(run: Run, measure: Measure | None, telemetry: Telemetry, clock: Clock) -> TrafficReading:
    """What real traffic says, once it covers the run; a run that has failed needs no such word."""
    if run.reproduced:
        return TrafficReading(why_not="a step failed")
    ended = clock.now()
    enough = run.started_at + (ended - run.started_at) / 2
    breaches = 0
    while True:
        now = clock.now()
        reading = await evidence.traffic_since(telemetry, measure, start=run.started_at, end=now, until=enough)
        breaches += reading.breached
        waits = reading.silent and now - ended < TRAFFIC_PATIENCE_S
        if not waits and (not reading.breached or breaches >= TRAFFIC_READINGS):
            return reading
        await clock.sleep(TRAFFIC_PAUSE_S)
