"""Before and after as a picture: how many tries of a step failed, and how long they took, in both runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fixloop_bot.domain.figures import milliseconds, number
from fixloop_bot.domain.plans import Role, Step
from fixloop_bot.domain.reasons import place
from fixloop_bot.domain.runs import Run, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample

MOST_BINS, FEW_BINS, FEW = 24, 12, 40
"""Few tries in many bins are a fence, and no shape."""
LEAST_NOW = 3
"""Fewer tries make no distribution. Before the fix one is enough: what always fails is certain after two or three."""
WIDE = 12.0
"""From here on (slowest over fastest) a scale of equal steps would squeeze the fast answers into one bar."""
FASTEST_MS = 0.1
LEAST_FOR_P95, _P95 = 20, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One run's tries: ``passed`` and ``failed`` count them by how long they took, one number a bin.

    ``samples`` and ``failures`` count all tries that are not void; those that ended without an answer have no time and
    are in no bin. ``tail_ms`` is the 95th percentile of those that have one, or the slowest where they are few.
    """

    samples: int
    failures: int
    passed: tuple[int, ...]
    failed: tuple[int, ...]
    tail_ms: float | None = None

    @property
    def tail(self) -> str:
        """What ``tail_ms`` is: a 95th percentile of less than twenty tries would be none."""
        return "p95" if sum(self.passed) + sum(self.failed) >= LEAST_FOR_P95 else "slowest"

    @property
    def tallest(self) -> int:
        return max((one + other for one, other in zip(self.passed, self.failed, strict=True)), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadChart:
    """One step before the fix and now. ``edges`` are the bins' ends in milliseconds, one more than there are bins."""

    number: int
    edges: tuple[float, ...]
    logarithmic: bool
    before: Side
    now: Side


def telling_step(run: Run, before: Run) -> Step | None:
    """The step that the picture is about: one that proves the fix, else one that still fails; None where neither."""
    ranked = [
        (_rank(step, was, now), index, step)
        for index, step in enumerate(run.chosen_steps())
        if step.repeated
        and (now := run.progress(step.id)) is not None
        and (was := before.progress(step.id)) is not None
        and was.samples >= 1
        and now.samples >= LEAST_NOW
    ]
    return min(ranked, key=lambda each: each[:2])[2] if ranked else None


def _rank(step: Step, was: StepProgress, now: StepProgress) -> int:
    if now.verdict is StepVerdict.FAILED:
        return 0
    if was.verdict is StepVerdict.FAILED:
        return 1
    return 2 if step.role is Role.CONFIRMATION else 3


def spread_chart(run: Run, step: Step, before: Sequence[Sample], now: Sequence[Sample]) -> SpreadChart | None:
    """The picture of one step; None where too few tries have a time."""
    told = [_told(samples) for samples in (before, now)]
    times = [[_ms(sample) for sample in side if sample.latency_ms is not None] for side in told]
    if not times[0] or len(times[1]) < LEAST_NOW:
        return None
    edges, logarithmic = _edges([*times[0], *times[1]])
    was, has = (_side(side, edges) for side in told)
    return SpreadChart(number=place(run, step.id), edges=edges, logarithmic=logarithmic, before=was, now=has)


def _told(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.outcome is not Outcome.VOID]


def _ms(sample: Sample) -> float:
    value = sample.latency_ms if sample.latency_ms is not None else 0.0
    return max(FASTEST_MS, value) if math.isfinite(value) else FASTEST_MS


def _edges(times: Sequence[float]) -> tuple[tuple[float, ...], bool]:
    """The ends of the bins: steps of equal size from 0, so that no small difference looks like a large one.

    Where times differ by more than ``WIDE`` the steps are equal factors.
    """
    low, high, bins = min(times), max(times), MOST_BINS if len(times) >= FEW else FEW_BINS
    if high / low >= WIDE:
        factor = (high / low) ** (1 / bins)
        return (*(low * factor**index for index in range(bins)), high), True
    return (*(high * index / bins for index in range(bins)), high), False


def _side(samples: Sequence[Sample], edges: tuple[float, ...]) -> Side:
    passed, failed = [0] * (len(edges) - 1), [0] * (len(edges) - 1)
    times = sorted(_ms(sample) for sample in samples if sample.latency_ms is not None)
    for sample in samples:
        if sample.latency_ms is not None:
            bins = failed if sample.outcome is Outcome.FAILED else passed
            bins[_bin(_ms(sample), edges)] += 1
    return Side(
        samples=len(samples),
        failures=sum(sample.outcome is Outcome.FAILED for sample in samples),
        passed=tuple(passed),
        failed=tuple(failed),
        tail_ms=times[_tail(len(times))] if times else None,
    )


def _bin(value: float, edges: tuple[float, ...]) -> int:
    return next((index for index in range(len(edges) - 1) if value < edges[index + 1]), len(edges) - 2)


def _tail(count: int) -> int:
    """The place of the 95th percentile among so many sorted times; the last where they are few."""
    return math.ceil(_P95 * count - 1e-9) - 1 if count >= LEAST_FOR_P95 else count - 1


def side_said(side: Side) -> str:
    """``7 of 20 failed, p95 912 ms``."""
    failed = f"{number(side.failures)} of {number(side.samples)} failed"
    return f"{failed}, {side.tail} {milliseconds(side.tail_ms)}" if side.tail_ms is not None else failed


def spread_alt_text(chart: SpreadChart) -> str:
    """``Step 1, tries by how long they took. Before the fix: 7 of 20 failed, p95 912 ms. Now: …``."""
    before, now = side_said(chart.before), side_said(chart.now)
    return f"Step {chart.number}, tries by how long they took. Before the fix: {before}. Now: {now}."
