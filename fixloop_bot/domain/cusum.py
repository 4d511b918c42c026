"""A watch for a change: notices when a failure rate that was fine turns bad, however long it was fine before.

The sequential test of ``decision`` asks what the rate *is*, over all samples; after a long healthy stretch it takes
many failures to outweigh that stretch. Page's cumulative sum (Page 1954) asks whether the rate has *become* bad. After
each sample ::

    S ← S + up      for a failure
    S ← max(0, S − down)   for a pass             alarm at S ≥ alarm

with up/down close to the log-likelihood ratios of p1 to p0 (Moustakides 1986: then no other rule with as few false
alarms notices p1 sooner in the worst case). S starts again at 0 whenever the evidence says "fine", so that the past is
forgotten; where it last was 0 is the best guess of when the trouble began.

**Calibrated exactly.** ``up`` and ``down`` are whole numbers, hence S lives on a lattice and its distribution can be
stepped from sample to sample. ``chart_for`` takes the lowest alarm line at which P(any alarm within ``samples``) ≤ α at
p0. S grows with every sample that fails instead of passing, so by coupling the bound holds for every rate ≤ p0, also a
varying one, and stopping earlier can only lower it.

Delay for the defaults (p0 1 %, p1 5 %, α 0.025, 600 samples), the mean number of samples from the start of the trouble
to the alarm when S was 0, as ``mean_delay`` computes it: 131 at 5 %, 49 at 10 %, 21 at 20 %, 8 at 50 %, 4 at 100 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from fixloop_bot.domain.decision import ProofSettings

FINEST = 20  # a failure is worth at least so many units of the lattice, so that rounding it costs nothing
SETTLED = 1e-9  # of a chance of alarm that changes no more from sample to sample
NEGLIGIBLE = 1e-12  # of the samples' mass: no digit of a mean delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a failure adds, what a pass takes away, and where the alarm is."""

    up: int
    down: int
    alarm: int


class Cusum:
    """One stream under watch. Once it has alarmed it stays so, and its figures stand still.

    ``samples`` and ``failures`` count since S last was 0, ``began`` is the place (from 0) of the first of them: the run
    of trouble, where there is one.
    """

    __slots__ = ("alarmed", "began", "chart", "failures", "level", "samples", "seen")

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.level = self.samples = self.failures = self.seen = self.began = 0
        self.alarmed = False

    def observe(self, failed: bool) -> bool:
        """Count one sample; whether there is an alarm. O(1)."""
        if self.alarmed:
            return True
        if self.level == 0:
            self.samples = self.failures = 0
            self.began = self.seen
        self.seen += 1
        self.samples += 1
        self.failures += failed
        self.level = self.level + self.chart.up if failed else max(0, self.level - self.chart.down)
        self.alarmed = self.level >= self.chart.alarm
        return self.alarmed


def chart_for(settings: ProofSettings, *, samples: int, alpha: float) -> Chart:
    """The chart that tells p1 from p0, with at most ``alpha`` of false alarms within so many samples at any rate ≤ p0.

    Takes about 0.1 s for the defaults over 600 samples, 0.5 s for a p99; computed once for the life of the process.
    """
    return _calibrated(settings.tested_tolerated, settings.unacceptable, samples, alpha)


@lru_cache(maxsize=64)
def _calibrated(p0: float, p1: float, samples: int, alpha: float) -> Chart:
    up, down = _lattice(p0, p1)
    low, high = 0, up
    while false_alarm(Chart(up=up, down=down, alarm=high), rate=p0, samples=samples) > alpha:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if false_alarm(Chart(up=up, down=down, alarm=middle), rate=p0, samples=samples) > alpha:
            low = middle
        else:
            high = middle
    return Chart(up=up, down=down, alarm=high)


def _lattice(p0: float, p1: float) -> tuple[int, int]:
    """Whole numbers in the ratio of ln(p1/p0) to ln((1−p0)/(1−p1))."""
    ratio = math.log(p1 / p0) / (math.log1p(-p0) - math.log1p(-p1))
    down = max(1, math.ceil(FINEST / ratio))
    return round(ratio * down), down


def false_alarm(chart: Chart, *, rate: float, samples: int) -> float:
    """P(at least one alarm within so many samples) at a constant failure rate, exactly.

    After some hundred samples the chance of an alarm at the next one no longer changes (S, given that there was none,
    has forgotten where it began). From there on it is a power, so that a watch of a day costs no more than an hour's.
    """
    alive, quiet, hazard = [1.0], 1.0, 0.0
    for left in range(samples, 0, -1):
        alive = _step(chart, alive, rate)
        before, quiet, last = quiet, sum(alive), hazard
        hazard = 1 - quiet / before
        if hazard > 0 and abs(hazard - last) < SETTLED * hazard:
            return 1.0 - quiet * (1 - hazard) ** (left - 1)
        if quiet < NEGLIGIBLE:
            break
    return 1.0 - quiet


def mean_delay(chart: Chart, *, rate: float, most: int = 100_000) -> float:
    """The mean samples to the alarm at a constant failure rate, from S = 0, which is the worst place to start from."""
    alive, mean = [1.0], 0.0
    for _ in range(most):
        left = sum(alive)
        mean += left
        if left < NEGLIGIBLE:
            break
        alive = _step(chart, alive, rate)
    return mean


def _step(chart: Chart, alive: list[float], rate: float) -> list[float]:
    """The distribution of S one sample later; what has reached the alarm is gone. ``alive[s]`` is P(S = s)."""
    passed = [(1 - rate) * mass for mass in alive]
    moved = [sum(passed[: chart.down + 1]), *passed[chart.down + 1 :]]
    failed = [rate * mass for mass in alive[: max(0, chart.alarm - chart.up)]]
    moved += [0.0] * (chart.up + len(failed) - len(moved) if failed else 0)
    for place, mass in enumerate(failed, start=chart.up):
        moved[place] += mass
    return moved
