"""One repeated step of a run: when to probe, what has been seen, and when it is decided.

The schedule matters more than the statistic: one sample at a random time in each slot over the whole window, most of
them on fresh connections, no retries. Broken may be said at any moment; recovered only after the window (rule of
proof 2).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from fixloop_bot.application import findings
from fixloop_bot.application.budget import Budget
from fixloop_bot.application.ports import Clock, Prober, Store
from fixloop_bot.application.schedule import (
    Schedule,
    Slots,
    inputs_of,
    latency_lines,
    on_fresh_connection,
    requests_per_sample,
    schedule_for,
    settings_for,
)
from fixloop_bot.application.tally import Tally
from fixloop_bot.domain.across import Sameness
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.decision import RAREST_ERROR, Decision, ProofSettings, claim_in_full
from fixloop_bot.domain.latency import bands
from fixloop_bot.domain.plans import ProbedCheck, Step
from fixloop_bot.domain.runs import LatencyBand, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample

IN_FLIGHT = 16
"""Probes of one step under way at once; a service that answers in seconds is still sampled on schedule."""
VOIDS_TO_GIVE_UP = 8
PLAN_SPENT = "the request budget of the plan is spent"
LOOK_AGAIN_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is known beside the step: what the run before found of it, what was learned of the service while it was
    healthy, and how far apart (seconds) the incident's own breaches began (``domain.periods``)."""

    before: StepProgress | None = None
    baseline: Baseline | None = None
    period_s: float = 0.0


NOTHING_KNOWN = Background()


class StepSampler:
    """Samples one probed step until it is decided.

    ``earlier`` are the samples that a worker which has left had stored: everything is rebuilt from them. ``seed`` draws
    the pattern of fresh connections, and has to be the same for that worker. ``sharing`` is how many steps of the run
    share α: any of them may call the service broken, and all together at most once in 1/α healthy runs (Bonferroni).
    """

    def __init__(
        self,
        step: Step,
        *,
        service: Service,
        kind: RunKind,
        share: float,
        prober: Prober,
        store: Store,
        clock: Clock,
        chance: random.Random,
        budget: Budget,
        earlier: Sequence[Sample] = (),
        background: Background = NOTHING_KNOWN,
        seed: str = "",
        sharing: int = 1,
    ) -> None:
        self.step = step
        self._check = _probed(step)
        self._service = service
        self._kind = kind
        self._prober = prober
        self._store = store
        self._clock = clock
        self._budget = budget
        self._seed = seed or step.id
        self._requests = requests_per_sample(step)
        settings, lines = _shared(settings_for(step, service), sharing, step), latency_lines(step)
        strictest = [settings, *(settings.for_quantile(line.quantile) for line in lines if line.quantile is not None)]
        rate, soak_s, period_s = share / self._requests, service.soak_s, background.period_s
        schedule = schedule_for(strictest, share=rate, kind=kind, soak_s=soak_s, period_s=period_s)
        affordable = min(schedule.most_samples, service.allow.requests_per_plan // self._requests)
        self._tally = Tally(settings=settings, lines=lines, kind=kind, soak_samples=max(1, affordable))
        self._sameness = Sameness(self._check, baseline=background.baseline)
        longer = kind is not RunKind.SOAK and schedule.window_s > max(settings.window_s, service.proof.window_s)
        self._why_so_long = findings.long_window(schedule.window_s) if longer else ""
        self._slots = Slots(schedule, chance, done=len(earlier), stretched_s=_stretch(earlier, schedule))
        self._number = max((sample.number for sample in earlier), default=0)
        self._unsaved: list[Sample] = []
        self._end: _End | None = None
        self._spent = ""
        self._started = False
        for sample in earlier:
            self._count(sample)

    def _count(self, sample: Sample) -> None:
        self._tally.add(sample)
        self._sameness.add(sample)

    async def run(self) -> None:
        """Sample until decided; cancelling it leaves the step without a verdict."""
        self._started = True
        places = asyncio.Semaphore(IN_FLIGHT)
        self._decide()
        async with asyncio.TaskGroup() as probes:
            flying: set[asyncio.Task[None]] = set()
            async for number in self._numbers():
                await places.acquire()
                task = probes.create_task(self._probe(number, places), name=f"{self.step.id}-{number}")
                flying.add(task)
                task.add_done_callback(flying.discard)
            while flying and self._end is None:
                await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                self._decide()
            for task in list(flying):
                task.cancel()
        self._decide(ended=True)

    async def _numbers(self) -> AsyncIterator[int]:
        """The numbers of the samples to send, each when its time has come, until the step is decided."""
        most = self._slots.schedule.most_samples
        while self._end is None and self._tally.judged < most and self._slots.done < most * 2:
            if not self._budget.take(self._requests):
                self._spent = PLAN_SPENT
                return
            await self._sleep_until(self._slots.next_due(self._clock.now()))
            if self.decided or not await self._take_place():
                return
            self._slots.done += 1
            self._number += 1
            yield self._number

    async def _sleep_until(self, due: float) -> None:
        while self._end is None and (left := due - self._clock.now()) > 0:
            await self._clock.sleep(min(left, LOOK_AGAIN_S))
            self._decide()

    async def _take_place(self) -> bool:
        """Wait for a place in the service's rate, which all incidents and processes share; False: do not send."""
        per_hour = self._service.allow.requests_per_hour
        wait = await self._store.take_place(
            self._service.name,
            per_second=self._service.proof.per_second,
            per_hour=per_hour,
            requests=self._requests,
        )
        if wait is None:
            self._spent = findings.spent(per_hour)
            return False
        await self._sleep_until(self._clock.now() + wait)
        return not self.decided

    async def _probe(self, number: int, places: asyncio.Semaphore) -> None:
        fresh = on_fresh_connection(number, inputs=inputs_of(self._check), seed=self._seed)
        try:
            sample = await self._prober.sample(self._service, self._check, number=number, fresh=fresh)
        finally:
            places.release()
        if self._end is None:
            self._count(sample)
            self._unsaved.append(sample)
            self._decide()

    @property
    def decided(self) -> bool:
        return self._end is not None

    def _decide(self, *, ended: bool = False) -> None:
        if self._end is not None:
            return
        tally = self._tally
        if tally.broken:
            self._settle(StepVerdict.FAILED, findings.failure(tally))
        elif reason := self._cannot_look():
            self._settle(StepVerdict.INCONCLUSIVE, reason)
        elif self._slots.window_over and self._has_passed():
            doubt = self._doubt()
            self._settle(StepVerdict.INCONCLUSIVE if doubt else StepVerdict.PASSED, doubt)
        elif ended:
            self._settle(StepVerdict.INCONCLUSIVE, self._spent or findings.undecided(tally))

    def _cannot_look(self) -> str:
        """Why it is no use to go on: most of what was sent says nothing."""
        tally = self._tally
        if tally.void >= VOIDS_TO_GIVE_UP and tally.void > tally.judged:
            return findings.could_not_look(tally)
        return tally.lateness.blind(least=VOIDS_TO_GIVE_UP)

    def _has_passed(self) -> bool:
        """Whether all claims hold. A line that FixLoop's own lag has starved of samples is not waited for.

        A soak holds what was proven before. Where it has the samples to say so by itself, it has to: else a leak to
        just the unacceptable rate, too slow for the broken boundary, would pass by running out of time.
        """
        main = self._tally.main
        if self._kind is RunKind.SOAK:
            decides = self._slots.schedule.most_samples >= main.settings.max_samples
            undecided = decides and main.decision is not Decision.RECOVERED and not main.exhausted
            return self._tally.judged > 0 and not undecided
        return self._tally.recovered or (main.decision is Decision.RECOVERED and bool(self._tally.own_slowness))

    def _doubt(self) -> str:
        """What keeps a step that holds from having passed."""
        tally = self._tally
        voids = findings.too_many_voids(tally) if tally.could_not_look else ""
        return voids or tally.own_slowness or self._sameness.suspicion() or findings.always_fails(tally)

    def _settle(self, verdict: StepVerdict, reason: str) -> None:
        note = findings.note(self._tally) if verdict is not StepVerdict.FAILED else ""
        self._end = _End(verdict=verdict, reason=reason, latency=bands(self._tally.latencies), note=note)

    def take_unsaved(self) -> list[Sample]:
        """Samples that are not in the store yet; the caller stores them."""
        taken, self._unsaved = self._unsaved, []
        return taken

    def give_up(self, reason: str) -> None:
        """End the step without a decision: stopped, or out of time."""
        if self._end is None:
            self._settle(StepVerdict.INCONCLUSIVE, reason)

    def progress(self) -> StepProgress:
        """What to show and save now."""
        tally, end = self._tally, self._end
        samples, failed = tally.counts
        phase = StepPhase.DONE if end else StepPhase.RUNNING if self._started else StepPhase.WAITING
        return StepProgress(
            step_id=self.step.id,
            phase=phase,
            verdict=end.verdict if end else None,
            reason=end.reason if end else "",
            samples=samples,
            failed=failed,
            void=tally.void,
            leaning=findings.lean(tally.leading) if phase is StepPhase.RUNNING else "",
            window_left_s=0.0 if end else self._left_s(),
            covered_s=self._slots.lasted_s,
            statuses=tuple(tally.statuses.most_common(6)),
            p95_ms=tally.percentile(0.95),
            claim=self._claim(),
            failures=tuple(tally.failures),
            passes=tuple(tally.passes),
            voids=tuple(tally.voids),
            inputs=len(tally.inputs),
            replicas=len(tally.replicas),
            latency=end.latency if end else (),
            shapes=tuple(tally.shapes),
            note=(end.note if end else "") or self._why_so_long,
        )

    def _left_s(self) -> float:
        missing = (
            0 if self._kind is RunKind.SOAK else max((each.samples_to_recover or 0) for each in self._tally.tests())
        )
        return self._slots.left_s(missing)

    def _claim(self) -> str:
        if self._end is None or self._end.verdict is StepVerdict.INCONCLUSIVE or self._kind is RunKind.SOAK:
            return ""
        tally, test = self._tally, self._tally.leading
        return claim_in_full(
            test.settings,
            test.samples,
            test.failures,
            seconds=self._slots.lasted_s,
            replicas=len(tally.replicas),
            inputs=len(tally.inputs),
            decision=test.decision,
            of="error" if test is tally.main else "too slow",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How a step ended."""

    verdict: StepVerdict
    reason: str
    latency: tuple[LatencyBand, ...]
    note: str


def _shared(settings: ProofSettings, sharing: int, step: Step) -> ProofSettings:
    """α divided among all tests that may call the service broken: the run's steps, and each quantile of this one."""
    tests = sharing + sum(line.quantile is not None for line in latency_lines(step))
    return settings.tightened(alpha=max(settings.alpha / tests, RAREST_ERROR))


def _probed(step: Step) -> ProbedCheck:
    assert isinstance(step.check, ProbedCheck)  # noqa: S101 - a StepSampler is only made for these
    return step.check


def _stretch(earlier: Iterable[Sample], schedule: Schedule) -> float:
    """How much longer than planned the slots of a worker that has left took: its samples say when they were sent."""
    times = [sample.at for sample in earlier]
    return max(0.0, max(times) - min(times) - schedule.covered_s(len(times))) if times else 0.0
