"""Performs a frozen plan against a service without an incident: in a terminal, or in CI.

Nothing is stored but the service's rate, which is shared with the bot, and the kill switch is obeyed. A plan that is
run alone **passed**, **failed** or is **inconclusive**; one that is compared with an earlier run of the same plan gets
the recovery verdict of the rules of proof.

A run without a before is a confirm run: what fails in it has failed beyond doubt (the e-value reached 1/α), so that it
can be the before of the next one. Only telemetry is read as after a fix, from the run's own time on: a deploy that has
just mended a service is not blamed for the minutes before.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from fixloop_bot.application.brake import STOPPED
from fixloop_bot.application.performance import (
    AFTER_A_FAILURE_S,
    ENDED_BY_FAILURE,
    Circumstances,
    Instruments,
    Performance,
    Settled,
    first_error,
    longest_s,
    runners_of,
    traffic_during,
)
from fixloop_bot.application.ports import Clock, Prober, Store, Telemetry
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import Plan
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress, StepVerdict, TrafficReading
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.signals import Measure
from fixloop_bot.domain.verdicts import judge

SAVE_EVERY_S = 0.25
"""How often progress is shown, and how soon a stop is noticed."""
NO_KEYS = "not measured: DD_API_KEY and DD_APP_KEY are not set"


class ProofVerdict(StrEnum):
    """What a run without an incident says: the recovery verdicts where it has a before, else the first two."""

    PASSED = "passed"
    FAILED = "failed"
    PROVEN = "proven"
    UNPROVEN = "unproven"
    NOT_RECOVERED = "not recovered"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The run of the same plan that this one is compared with; ``name`` is how a person called it."""

    name: str
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A finished run with everything that its verdict rests on.

    ``base_url`` is where the requests went; ``samples`` holds every sample of each step, in the order of arrival;
    ``before`` names the run that it was compared with, and is empty where there was none.
    """

    product: str
    service: str
    base_url: str | None
    verdict: ProofVerdict
    reason: str
    run: Run
    samples: tuple[tuple[str, tuple[Sample, ...]], ...]
    before: str = ""

    def of(self, step_id: str) -> tuple[Sample, ...]:
        return dict(self.samples).get(step_id, ())

    @property
    def stopped(self) -> bool:
        return self.run.stopped_by is not None


class Proving:
    """Performs plans. ``telemetry`` is None where there are no keys to ask Datadog with."""

    def __init__(
        self,
        store: Store,
        *,
        prober: Prober,
        telemetry: Telemetry | None,
        without_keys: Telemetry,
        clock: Clock,
        chance: random.Random,
        product: str,
    ) -> None:
        self._measured = telemetry is not None
        asked = telemetry if telemetry is not None else without_keys
        self._instruments = Instruments(prober=prober, telemetry=asked, store=store, clock=clock, chance=chance)
        self._store = store
        self._clock = clock
        self._product = product

    async def prove(
        self,
        plan: Plan,
        service: Service,
        *,
        before: Before | None = None,
        measure: Measure | None = None,
        show: Callable[[Run], None] = lambda run: None,
        stopped: Callable[[], str | None] = lambda: None,
    ) -> Evidence:
        """Perform every automatic step of a vetted plan, and judge it.

        ``before`` must be of the same plan. ``measure`` is what real traffic is measured by. ``show`` is called with
        the run as it goes on; ``stopped`` says who wants it ended, if anybody. Raises StoreUnavailable.
        """
        earlier = before.run if before is not None else None
        kind = RunKind.CONFIRM if earlier is None else RunKind.VALIDATE
        run = _new_run(plan, service, kind, now=self._clock.now())
        keeper = _Kept(self._store, self._clock, show=show, stopped=stopped)
        run = self._without_keys(run, earlier)
        around = Circumstances(
            opened_at=run.started_at,
            before=earlier,
            baseline=await self._store.baseline(service.name),
            reads_as=RunKind.VALIDATE,
        )
        runners = await runners_of(run, service, keeper, self._instruments, around)
        performing = Performance(run, runners, keeper, clock=self._clock, every_s=SAVE_EVERY_S)
        run = await performing.until_decided(longest_s(run, service))
        return await self._judged(run, service, keeper, before, measure)

    def _without_keys(self, run: Run, before: Run | None) -> Run:
        """Without keys nothing is read: the step is skipped, unless it had failed and would have to pass now."""
        if self._measured:
            return run
        return replace(run, steps=tuple(_unmeasured(run, progress, before) for progress in run.steps))

    async def _judged(
        self, run: Run, service: Service, keeper: _Kept, before: Before | None, measure: Measure | None
    ) -> Evidence:
        if before is not None and run.stopped_by is None:
            run = await self._with_traffic(run, keeper, measure)
        verdict, reason = judged(run, before.run if before is not None else None)
        recovery = RecoveryVerdict(verdict.value) if before is not None else None
        run = replace(run, finished_at=self._clock.now(), verdict=recovery, reason=reason)
        return Evidence(
            product=self._product,
            service=service.name,
            base_url=service.base_url,
            verdict=verdict,
            reason=reason,
            run=run,
            samples=tuple((step.id, tuple(keeper.seen.get(step.id, ()))) for step in run.chosen_steps()),
            before=before.name if before is not None else "",
        )

    async def _with_traffic(self, run: Run, keeper: _Kept, measure: Measure | None) -> Run:
        """What real traffic says of the time of the run; it may take a minute, in which the run may be stopped."""
        if measure is None:
            return replace(run, traffic=TrafficReading(why_not="the catalog has no metric with an SLO"))
        try:
            return await self._asked(run, keeper, measure)
        except BaseExceptionGroup as group:
            raise first_error(group) from group

    async def _asked(self, run: Run, keeper: _Kept, measure: Measure) -> Run:
        async with asyncio.TaskGroup() as group:
            asked = traffic_during(run, measure, self._instruments.telemetry, self._clock)
            asking = group.create_task(asked, name=f"{run.id}-traffic")
            while not asking.done():
                await asyncio.wait({asking}, timeout=SAVE_EVERY_S)
                stopped_by = await keeper.stopped_by(run)
                if stopped_by is not None and asking.cancel():
                    return replace(run, stopped_by=stopped_by)
        return replace(run, traffic=asking.result())


def judged(run: Run, before: Run | None) -> tuple[ProofVerdict, str]:
    """The verdict of a run whose steps are decided, or which was stopped, with its reason in one sentence."""
    if run.stopped_by is not None:
        return ProofVerdict.INCONCLUSIVE, f"Stopped by {run.stopped_by} before it was decided."
    if not run.steps:
        return ProofVerdict.INCONCLUSIVE, "The plan has no automatic step, so nothing ran."
    judgement = judge(validate=run, confirm=before, traffic=run.traffic)
    if before is not None:
        return ProofVerdict(judgement.verdict.value), judgement.reason
    if judgement.verdict is RecoveryVerdict.NOT_RECOVERED:
        return ProofVerdict.FAILED, judgement.reason
    if judgement.verdict is RecoveryVerdict.INCONCLUSIVE:
        return ProofVerdict.INCONCLUSIVE, judgement.reason
    passed = sum(step.verdict is StepVerdict.PASSED for step in run.steps)
    skipped = len(run.steps) - passed
    rest = f"; {skipped} could not be measured" if skipped else ""
    return ProofVerdict.PASSED, f"{passed} of {len(run.steps)} automatic steps passed over their windows{rest}."


def _new_run(plan: Plan, service: Service, kind: RunKind, *, now: float) -> Run:
    steps = [step for step in plan.steps if not step.manual]
    return Run(
        id=f"{service.name}-{now:.0f}",
        incident_id="",
        number=1,
        kind=kind,
        plan=plan,
        step_ids=tuple(step.id for step in steps),
        service=service.name,
        started_by="command line",
        started_at=now,
        steps=tuple(StepProgress(step_id=step.id) for step in steps),
        base_url=service.base_url,
    )


def _unmeasured(run: Run, progress: StepProgress, before: Run | None) -> StepProgress:
    step = run.plan.step(progress.step_id)
    if step is None or step.repeated:
        return progress
    failed = before is not None and (was := before.progress(step.id)) is not None and was.verdict is StepVerdict.FAILED
    verdict = StepVerdict.INCONCLUSIVE if failed else StepVerdict.SKIPPED
    return Settled.as_(step, verdict, NO_KEYS).progress()


class _Kept:
    """Keeps a run in memory, for the evidence; ends it when the kill switch or the person at the terminal says so."""

    def __init__(
        self, store: Store, clock: Clock, *, show: Callable[[Run], None], stopped: Callable[[], str | None]
    ) -> None:
        self.seen: dict[str, list[Sample]] = {}
        self._failed_at: float | None = None
        self._store = store
        self._clock = clock
        self._show = show
        self._stopped = stopped

    async def samples(self, step_id: str) -> Sequence[Sample]:
        return ()

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None:
        self.seen.setdefault(step_id, []).extend(samples)

    async def save(self, run: Run, *, turned: bool) -> None:
        self._show(run)

    async def stopped_by(self, run: Run) -> str | None:
        by_hand = self._stopped()
        if by_hand is not None:
            return by_hand
        halted_by = await self._store.halted_by()
        return f"{halted_by}, who halted all traffic," if halted_by is not None else None

    async def why_stopped(self) -> str:
        return STOPPED if await self._store.halted_by() is not None else "stopped"

    async def ends_early(self, run: Run) -> str:
        """Somebody waits at the terminal: what the other steps show within seconds is enough."""
        now = self._clock.now()
        self._failed_at = self._failed_at or now
        return ENDED_BY_FAILURE if now - self._failed_at >= AFTER_A_FAILURE_S else ""
