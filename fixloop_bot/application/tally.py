"""What the samples of one step add up to: its tests, its figures, and the examples that a person may want to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from fixloop_bot.application.change import ChangeWatch, watched
from fixloop_bot.application.lateness import OWN_SHARE, Lateness
from fixloop_bot.domain.decision import Decision, ProofSettings, SequentialTest
from fixloop_bot.domain.expectations.claim import Assertion
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.samples import Outcome, Sample

VOID_SHARE = 0.05
"""Above this share of void samples the step is inconclusive."""
KEPT_FAILURES, KEPT_PASSES, KEPT_VOIDS = 3, 1, 1
KEPT_SHAPES = 4


class Tally:
    """What the samples so far add up to. Fed in the order of arrival; resumes from stored samples.

    ``lines`` are the step's upper bounds of latency. A soak's tests are split between the sequential test and a CUSUM;
    ``soak_samples`` is how many it will have.
    """

    def __init__(
        self, *, settings: ProofSettings, lines: Sequence[Assertion], kind: RunKind, soak_samples: int = 0
    ) -> None:
        self.kind = kind
        settings = watched(settings) if kind is RunKind.SOAK else settings
        self.main = SequentialTest(settings)
        self.lateness = Lateness(lines, settings)
        self._changes: dict[str, ChangeWatch] = {}
        if kind is RunKind.SOAK:
            self._changes[""] = ChangeWatch(settings, samples=soak_samples, what="failed")
            for source, test in self.lateness.slow.items():
                self._changes[source] = ChangeWatch(test.settings, samples=soak_samples, what="were too slow")
        self.judged = self.failed = self.void = 0
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.trusted_latencies: list[float] = []
        self.reasons: Counter[str] = Counter()
        self.void_reasons: Counter[str] = Counter()
        self.inputs: set[int] = set()
        self.asked: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.replicas: Counter[str] = Counter()
        self.failed_replicas: Counter[str | None] = Counter()
        self.shapes: dict[str, None] = {}
        self.failures: list[Sample] = []
        self.passes: list[Sample] = []
        self.voids: list[Sample] = []

    @property
    def seen(self) -> int:
        return self.judged + self.void

    def add(self, sample: Sample) -> None:
        """Count one sample. A void one is no evidence; slowness is only judged where there was an answer."""
        if sample.outcome is Outcome.VOID:
            self._add_void(sample, sample.reason())
            return
        fed = self.lateness.add(sample) if sample.fault is None else {}
        if self.lateness.ours_alone(sample):
            self._add_void(sample, self.lateness.excuse(sample))
            return
        late = self.lateness.late(sample)
        wrong = sample.fault is not None or any(failure.source not in late for failure in sample.failures)
        for name in (f"input {sample.input + 1}" if sample.input is not None else "", sample.replica or ""):
            self.asked[name] += 1
            self.wrong[name] += wrong
        self._judge(sample, wrong, fed)
        self._describe(sample)
        if wrong or late:
            self.reasons[sample.reason()] += 1
            self.failed_replicas[sample.replica or None] += 1
            _keep(self.failures, sample, KEPT_FAILURES)
        else:
            _keep(self.passes, sample, KEPT_PASSES)

    def _add_void(self, sample: Sample, reason: str) -> None:
        self.void += 1
        self.void_reasons[reason] += 1
        _keep(self.voids, sample, KEPT_VOIDS)

    def _judge(self, sample: Sample, wrong: bool, fed: dict[str, bool]) -> None:
        self.judged += 1
        self.failed += wrong
        self.main.observe(wrong)
        for source, failed in {"": wrong, **fed}.items():
            if source in self._changes:
                self._changes[source].add(sample, failed)

    def _describe(self, sample: Sample) -> None:
        self.statuses[str(sample.status) if sample.status is not None else sample.reason()] += 1
        if sample.latency_ms is not None:
            self.latencies.append(sample.latency_ms)
            if sample.lag_ms <= OWN_SHARE * sample.latency_ms:
                self.trusted_latencies.append(sample.latency_ms)
        if sample.replica:
            self.replicas[sample.replica] += 1
        if sample.input is not None and sample.fault is None:
            self.inputs.add(sample.input)
        if sample.shape and len(self.shapes) < KEPT_SHAPES:
            self.shapes[sample.shape] = None

    def tests(self) -> list[SequentialTest]:
        return [self.main, *self.lateness.slow.values()]

    @property
    def could_not_look(self) -> bool:
        return self.void > 0 and self.void > VOID_SHARE * self.seen

    @property
    def own_slowness(self) -> str:
        """Why nothing can be said about latency; empty where it can."""
        return self.lateness.own_slowness(VOID_SHARE) or self.lateness.blind()

    @property
    def broken(self) -> bool:
        """Whether the step is certainly failing: proven against p0 for a confirm run, beyond the boundary after it."""
        if self.kind is RunKind.CONFIRM:
            return any(test.reproduced for test in self.tests())
        return any(test.decision is Decision.BROKEN for test in self.tests()) or any(
            change.alarmed for change in self._changes.values()
        )

    @property
    def recovered(self) -> bool:
        return all(test.decision is Decision.RECOVERED for test in self.tests())

    @property
    def leading(self) -> SequentialTest:
        """The test that the numbers on the card are about: the latency test where that is what fails or lags."""
        for test in self.lateness.slow.values():
            if test.failures and not self.main.failures:
                return test
        return self.main

    @property
    def change(self) -> ChangeWatch | None:
        """In a soak, what is told about the claim that the numbers are about: the one that has alarmed, if any."""
        alarmed = next((change for change in self._changes.values() if change.alarmed), None)
        leading = next((source for source, test in self.lateness.slow.items() if test is self.leading), "")
        return alarmed or self._changes.get(leading)

    @property
    def counts(self) -> tuple[int, int]:
        """Samples and failures to show. Of a long soak all count, also those after its sequential test has closed."""
        test = self.leading
        whole = test is self.main and self.kind is RunKind.SOAK
        return (self.judged, self.failed) if whole else (test.samples, test.failures)

    def percentile(self, share: float) -> float | None:
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def _keep(examples: list[Sample], sample: Sample, most: int) -> None:
    if len(examples) < most:
        examples.append(sample)
