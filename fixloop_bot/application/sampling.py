"""One repeated step of a run: when to probe, what has been seen, and when it is decided.

The schedule matters more than the statistic: one sample at a random time in each slot over the whole window, every
other one on a fresh connection, no retries. Broken may be said at any moment; recovered only after the window (rule of
proof 2).
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from fixloop_bot.application.budget import Budget
from fixloop_bot.application.ports import Clock, Prober, Store
from fixloop_bot.application.tally import Tally
from fixloop_bot.domain import expect
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.decision import (
    Leaning,
    ProofSettings,
    SequentialTest,
    boundaries_for,
    claim_in_full,
    leaning,
)
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Step
from fixloop_bot.domain.runs import RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample

SLACK_IN_SLOTS = 1.15
"""So many more slots in a window than a spotless service needs: a void or two must not cost a second window."""
IN_FLIGHT = 16
"""Probes of one step under way at once; a service that answers in seconds is still sampled on schedule."""
VOIDS_TO_GIVE_UP = 8
SOAK_PER_SECOND = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Slots of ``width_s`` seconds; ``window_s`` of them must have passed before anything is called recovered."""

    width_s: float
    window_s: float
    most_samples: int

    def covered_s(self, slots: int) -> float:
        return slots * self.width_s


def settings_for(step: Step, service: Service) -> ProofSettings:
    """The service's proof settings with what the step tightens."""
    tighter = step.proof
    settings = service.proof
    if tighter.unacceptable is not None:
        settings = settings.tightened(unacceptable=tighter.unacceptable)
    if tighter.confidence is not None:
        settings = settings.tightened(confidence=tighter.confidence)
    if tighter.window_s is not None:
        settings = settings.tightened(window_s=tighter.window_s)
    return settings


def requests_per_sample(step: Step) -> int:
    return len(step.check.legs) if isinstance(step.check, JourneyCheck) else 1


def schedule_for(settings: Iterable[ProofSettings], *, share: float, kind: RunKind, soak_s: float) -> Schedule:
    """The slots of a step that may send ``share`` samples a second."""
    strictest = list(settings)
    if kind is RunKind.SOAK:
        width = max(1 / SOAK_PER_SECOND, 1 / share)
        return Schedule(width_s=width, window_s=soak_s, most_samples=max(1, math.ceil(soak_s / width)))
    window = max(each.window_s for each in strictest)
    needed = max(boundaries_for(each).samples_to_recover(0, 0) or each.max_samples for each in strictest)
    width = max(window / math.ceil(needed * SLACK_IN_SLOTS), 1 / share)
    return Schedule(width_s=width, window_s=window, most_samples=max(each.max_samples for each in strictest))


def quantiles_of(step: Step) -> dict[str, float]:
    """The step's latency quantile lines: source → quantile in 0…1."""
    lines = step.check.expect if isinstance(step.check, HttpCheck) else ()
    parsed = ((line, expect.parse(line).quantile) for line in lines)
    return {line: quantile for line, quantile in parsed if quantile is not None}


class StepSampler:
    """Samples one http or journey step until it is decided."""

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
        earlier: Iterable[Sample] = (),
    ) -> None:
        self.step = step
        self._service = service
        self._kind = kind
        self._prober = prober
        self._store = store
        self._clock = clock
        self._chance = chance
        self._budget = budget
        settings = settings_for(step, service)
        self._tally = Tally(settings=settings, quantiles=quantiles_of(step))
        self._schedule = schedule_for(
            [test.settings for test in self._tally.tests()], share=share, kind=kind, soak_s=service.soak_s
        )
        self._unsaved: list[Sample] = []
        self._slots = 0
        self._verdict: StepVerdict | None = None
        self._reason = ""
        self._started = False
        for sample in earlier:
            self._tally.add(sample)
            self._slots += 1

    async def run(self) -> None:
        """Sample until decided; cancelling it leaves the step without a verdict."""
        self._started = True
        places = asyncio.Semaphore(IN_FLIGHT)
        self._decide()
        async with asyncio.TaskGroup() as probes:
            flying: set[asyncio.Task[None]] = set()
            async for number in self._slot_numbers():
                await places.acquire()
                task = probes.create_task(self._probe(number, places), name=f"{self.step.id}-{number}")
                flying.add(task)
                task.add_done_callback(flying.discard)
            if self._verdict is None:
                while flying and self._verdict is None:
                    await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                    self._decide()
            for task in list(flying):
                task.cancel()
        self._decide(ended=True)

    async def _slot_numbers(self) -> AsyncIterator[int]:
        """The numbers of the samples to send, each when its time has come, until the step is decided."""
        origin, first = self._clock.now(), self._slots
        while self._verdict is None and self._tally.main.samples < self._schedule.most_samples:
            if self._slots >= self._schedule.most_samples * 2:
                return
            if not self._budget.take(requests_per_sample(self.step)):
                self.give_up("the request budget of the plan is spent")
                return
            slot = origin + (self._slots - first) * self._schedule.width_s
            due = slot + self._chance.random() * self._schedule.width_s
            await self._sleep_until(due)
            if self.decided:
                return
            await self._take_place()
            self._slots += 1
            yield self._slots

    async def _sleep_until(self, due: float) -> None:
        while self._verdict is None and (left := due - self._clock.now()) > 0:
            await self._clock.sleep(min(left, 0.25))
            self._decide()

    async def _take_place(self) -> None:
        """Wait for a place in the service's rate, which all incidents and processes share."""
        rate = self._service.proof.per_second / requests_per_sample(self.step)
        wait = await self._store.pace(f"service:{self._service.name}", per_second=rate, burst=2)
        if wait > 0:
            await self._clock.sleep(wait)

    async def _probe(self, number: int, places: asyncio.Semaphore) -> None:
        check = self.step.check
        assert isinstance(check, HttpCheck | JourneyCheck)  # noqa: S101 - StepSampler is only made for these
        try:
            sample = await self._prober.sample(self._service, check, number=number, fresh=number % 2 == 1)
        finally:
            places.release()
        if self._verdict is None:
            self._tally.add(sample)
            self._unsaved.append(sample)
            self._decide()

    @property
    def decided(self) -> bool:
        return self._verdict is not None

    def _window_over(self) -> bool:
        return self._schedule.covered_s(self._slots) >= self._schedule.window_s - 1e-9

    def _decide(self, *, ended: bool = False) -> None:
        if self._verdict is not None:
            return
        tally = self._tally
        if tally.broken(self._kind):
            self._settle(StepVerdict.FAILED, self._failure())
        elif tally.void >= VOIDS_TO_GIVE_UP and tally.void > tally.main.samples:
            self._settle(StepVerdict.INCONCLUSIVE, f"could not look: {_most_common(tally.reasons)}")
        elif self._kind is RunKind.SOAK:
            self._decide_soak()
        elif tally.recovered and self._window_over():
            if tally.could_not_look:
                self._settle(StepVerdict.INCONCLUSIVE, f"{tally.void} of {tally.seen} probes could not look")
            else:
                self._settle(StepVerdict.PASSED, "")
        elif ended:
            self._settle(StepVerdict.INCONCLUSIVE, self._undecided())

    def _decide_soak(self) -> None:
        if self._window_over() and self._tally.main.samples:
            self._settle(StepVerdict.PASSED, "")

    def _settle(self, verdict: StepVerdict, reason: str) -> None:
        self._verdict = verdict
        self._reason = reason

    def _failure(self) -> str:
        test = self._tally.leading
        common = _most_common(self._tally.reasons)
        return (
            f"{common} ({test.failures} of {test.samples} failed)" if common else f"{test.failures} of {test.samples}"
        )

    def _undecided(self) -> str:
        test = self._tally.leading
        if not test.samples:
            return f"could not look: {_most_common(self._tally.reasons)}" if self._tally.void else "nothing was sent"
        return f"{test.failures} of {test.samples} failed: too few to call it broken, too many to call it recovered"

    def take_unsaved(self) -> list[Sample]:
        """Samples that are not in the store yet; the caller stores them."""
        taken, self._unsaved = self._unsaved, []
        return taken

    def give_up(self, reason: str) -> None:
        """End the step without a decision: stopped, or out of time."""
        if self._verdict is None:
            self._settle(StepVerdict.INCONCLUSIVE, reason)

    def progress(self) -> StepProgress:
        """What to show and save now."""
        tally, test = self._tally, self._tally.leading
        covered = self._schedule.covered_s(self._slots)
        phase = StepPhase.DONE if self._verdict else StepPhase.RUNNING if self._started else StepPhase.WAITING
        return StepProgress(
            step_id=self.step.id,
            phase=phase,
            verdict=self._verdict,
            reason=self._reason,
            samples=test.samples,
            failed=test.failures,
            void=tally.void,
            leaning=_leaning(test) if phase is StepPhase.RUNNING else "",
            window_left_s=0.0 if self._verdict else self._left_s(covered),
            covered_s=covered,
            statuses=tuple(tally.statuses.most_common(6)),
            p95_ms=tally.percentile(0.95),
            claim=self._claim(test, covered),
            failures=tuple(tally.failures),
            passes=tuple(tally.passes),
            voids=tuple(tally.voids),
        )

    def _left_s(self, covered: float) -> float:
        missing = max((test.samples_to_recover or 0) for test in self._tally.tests())
        return max(self._schedule.window_s - covered, missing * self._schedule.width_s, 0.0)

    def _claim(self, test: SequentialTest, covered: float) -> str:
        if self._verdict not in (StepVerdict.PASSED, StepVerdict.FAILED) or self._kind is RunKind.SOAK:
            return ""
        return claim_in_full(
            test.settings,
            test.samples,
            test.failures,
            seconds=covered,
            replicas=len(self._tally.replicas),
            decision=test.decision,
            of="error" if test is self._tally.main else "too slow",
        )


def _leaning(test: SequentialTest) -> str:
    if not test.samples:
        return ""
    lean = leaning(test.settings, test.samples, test.failures)
    return "" if lean is Leaning.OPEN else lean.value


def _most_common(reasons: Counter[str]) -> str:
    return reasons.most_common(1)[0][0] if reasons else ""
