"""What a sampler needs around it: a service that answers by a rule, and a store that only hands out places."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fixloop_bot.application.budget import Budget
from fixloop_bot.application.sampling import StepSampler
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import ProbedCheck, Step
from fixloop_bot.domain.runs import RunKind, StepProgress
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from tests.application.office import LISTED, checkout
from tests.fake_clock import FakeClock

Answer = Callable[[Sample], Sample]
"""What becomes of a sample that would have passed; its ``at`` says when it was sent."""


def passed(sample: Sample) -> Sample:
    return sample


def failed(sample: Sample, source: str = "status == 200", **changes: Any) -> Sample:
    wrong = AssertionResult(source=source, held=False, subject="status", seen="503", expected="200")
    return changed(sample, outcome=Outcome.FAILED, failures=(wrong,), status=503, **changes)


def void(sample: Sample) -> Sample:
    return changed(sample, outcome=Outcome.VOID, fault=Fault(kind=FaultKind.UNREACHABLE), status=None)


def changed(sample: Sample, **changes: Any) -> Sample:
    return replace(sample, **changes)


@dataclass
class Places:
    """The store's rate: each sample waits for what ``wait`` says; ``spent_after`` so many the hour's total is spent."""

    wait: Callable[[], float] = lambda: 0.0
    spent_after: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def take_place(self, service: str, **asked: Any) -> float | None:
        self.asked.append({"service": service, **asked})
        spent = self.spent_after is not None and len(self.asked) > self.spent_after
        return None if spent else self.wait()


@dataclass
class Rule:
    """A prober whose samples pass, until ``answer`` says otherwise."""

    clock: FakeClock
    answer: Answer = passed
    latency_s: float = 0.02
    sent: list[tuple[float, int, bool]] = field(default_factory=list)

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        del service
        at = self.clock.now()
        self.sent.append((at, number, fresh))
        await self.clock.sleep(self.latency_s)
        inputs = len(getattr(check, "inputs", ()))
        return self.answer(
            Sample(
                number=number,
                at=at,
                outcome=Outcome.PASSED,
                status=200,
                latency_ms=self.latency_s * 1000,
                fresh_connection=fresh,
                input=(number - 1) % inputs if inputs else None,
            )
        )


@dataclass
class Bench:
    """One sampler at a time, on time that flows by itself."""

    clock: FakeClock
    step: Step = LISTED
    service: Service = field(default_factory=checkout)
    places: Places = field(default_factory=Places)
    kind: RunKind = RunKind.VALIDATE
    requests: int = 10_000

    def sampler(self, answer: Answer = passed, *, earlier: Sequence[Sample] = (), **more: Any) -> StepSampler:
        self.rule = Rule(self.clock, answer)
        return StepSampler(
            self.step,
            service=self.service,
            kind=self.kind,
            share=more.pop("share", self.service.proof.per_second),
            prober=self.rule,  # type: ignore[arg-type]
            store=self.places,  # type: ignore[arg-type]
            clock=self.clock,
            chance=random.Random(more.pop("chance", 1)),
            budget=Budget(self.requests),
            earlier=earlier,
            **more,
        )

    async def run(self, answer: Answer = passed, **more: Any) -> StepProgress:
        sampler = self.sampler(answer, **more)
        async with self.clock.flowing():
            await asyncio.wait_for(sampler.run(), timeout=30)
        self.samples = sampler.take_unsaved()
        return sampler.progress()
