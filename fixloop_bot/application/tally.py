"""What the samples of one step add up to: its tests, its figures, and the examples that a person may want to read."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from fixloop_bot.domain.decision import Decision, ProofSettings, SequentialTest
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.samples import Outcome, Sample

VOID_SHARE = 0.05
"""Above this share of void samples the step is inconclusive."""
KEPT_FAILURES, KEPT_PASSES, KEPT_VOIDS = 3, 1, 1


@dataclass(slots=True)
class Tally:
    """What the samples so far add up to. Fed in the order of arrival; resumes from stored samples."""

    settings: ProofSettings
    quantiles: dict[str, float]
    main: SequentialTest = field(init=False)
    slow: dict[str, SequentialTest] = field(init=False)
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    replicas: set[str] = field(default_factory=set)
    void: int = 0
    failures: list[Sample] = field(default_factory=list)
    passes: list[Sample] = field(default_factory=list)
    voids: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.main = SequentialTest(self.settings)
        self.slow = {
            source: SequentialTest(self.settings.for_quantile(quantile)) for source, quantile in self.quantiles.items()
        }

    @property
    def seen(self) -> int:
        return self.main.samples + self.void

    def add(self, sample: Sample) -> None:
        """Count one sample. A void one is no evidence; slowness is only judged where there was an answer."""
        if sample.outcome is Outcome.VOID:
            self.void += 1
            self.reasons[sample.reason()] += 1
            _keep(self.voids, sample, KEPT_VOIDS)
            return
        late = {failure.source for failure in sample.failures if failure.source in self.slow}
        wrong = sample.fault is not None or any(failure.source not in self.slow for failure in sample.failures)
        self.main.observe(wrong)
        if sample.fault is None:
            for source, test in self.slow.items():
                test.observe(source in late)
        self.statuses[str(sample.status) if sample.status is not None else sample.reason()] += 1
        if sample.latency_ms is not None:
            self.latencies.append(sample.latency_ms)
        if sample.replica:
            self.replicas.add(sample.replica)
        if wrong or late:
            self.reasons[sample.reason()] += 1
            _keep(self.failures, sample, KEPT_FAILURES)
        else:
            _keep(self.passes, sample, KEPT_PASSES)

    def tests(self) -> list[SequentialTest]:
        return [self.main, *self.slow.values()]

    @property
    def could_not_look(self) -> bool:
        return self.void > 0 and self.void > VOID_SHARE * self.seen

    def broken(self, kind: RunKind) -> bool:
        """Whether the step is certainly failing: proven against p0 for a confirm run, beyond the boundary after it."""
        if kind is RunKind.CONFIRM:
            return any(test.reproduced for test in self.tests())
        return any(test.decision is Decision.BROKEN for test in self.tests())

    @property
    def recovered(self) -> bool:
        return all(test.decision is Decision.RECOVERED for test in self.tests())

    @property
    def leading(self) -> SequentialTest:
        """The test that the numbers on the card are about: the latency test where that is what fails or lags."""
        for test in self.slow.values():
            if test.failures and not self.main.failures:
                return test
        return self.main

    def percentile(self, share: float) -> float | None:
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def _keep(examples: list[Sample], sample: Sample, most: int) -> None:
    if len(examples) < most:
        examples.append(sample)
