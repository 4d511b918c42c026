"""The two stopping boundaries of a sequential decision, calibrated exactly.

A stream of samples fails with an unknown rate. Two one-sided tests read it at the same time::

    recovered    rejects "the rate is p1 or worse"    and may be wrong with probability β
    broken       rejects "the rate is p0 or better"   and may be wrong with probability α

Each test compares a mixture likelihood ratio with a threshold. Ville's threshold (1/β, 1/α) is valid
without any computation, yet it wastes about half of α to overshoot: failures are whole. So the threshold
is lowered by bisection until the exact probability of *ever* crossing it, within ``max_samples``, equals
its budget.

**Each boundary is calibrated over the whole horizon and as if the other did not exist.** That is what makes
the errors independent of the schedule: whatever the window, "recovered" is said only at a moment where its
boundary holds, which is part of the event "it ever holds", of probability ≤ β under p1; "broken" is said when
its boundary holds, part of an event of probability ≤ α under p0. Stopping early, late or at a random time
only shrinks these events. Both are monotone in the samples (fewer failures keep "recovered" true, more keep
"broken" true), so by coupling the bounds hold for every rate ≥ p1 and every rate ≤ p0, constant or varying.

Sources: Wald 1945 (the likelihood ratio), Ville 1939 (the supermartingale bound), Robbins 1970 (mixtures).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from operator import mul

NEGLIGIBLE = 1e-15  # crossings rarer than this change no digit of an error probability
MINUS_INFINITY = -1e12  # stands for log 0 where it may be multiplied by zero failures, which infinity may not
ROUNDING = 1e-9  # of a budget; 0.1² is a little more than 0.01 in floating point
MANY_LINES = 200  # calibrating takes up to about 1.5 s for so many, and grows with their cube
BISECTIONS = 30  # leaves 1e-8 of a nat between the threshold and the best one


class Decision(Enum):
    """What the samples so far say about the service."""

    RECOVERED = "recovered"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Mixture:
    """Σ w·L(q)/L(reference), the evidence for a few rates q against one reference rate; an e-process.

    ``terms`` holds (log w, log of the factor that a failure contributes, the same for a pass).
    """

    terms: tuple[tuple[float, float, float], ...]

    @classmethod
    def against(cls, reference: float, weights: dict[float, float]) -> Mixture:
        """Evidence against a failure rate of ``reference``, for the rates in ``weights`` (which sum to 1)."""
        return cls(
            tuple(
                (
                    math.log(weight),
                    math.log(rate / reference) if rate > 0 else MINUS_INFINITY,
                    math.log1p(-rate) - math.log1p(-reference),
                )
                for rate, weight in weights.items()
            )
        )

    def log(self, samples: int, failures: int) -> float:
        """The natural logarithm of the evidence."""
        passes = samples - failures
        logs = [weight + failures * fail + passes * ok for weight, fail, ok in self.terms]
        top = max(logs)
        return top + math.log(sum(math.exp(each - top) for each in logs))


def evidence_of_recovery(p0: float, p1: float) -> Mixture:
    """Against p1: half for a service that never fails, the usual one, and half for one at p0."""
    return Mixture.against(p1, {0.0: 0.5, p0: 0.5})


def evidence_of_breakage(p0: float, p1: float) -> Mixture:
    """Against p0: mostly for p1, the hardest to tell; the rest for services that fail often, so that these
    end soon."""
    return Mixture.against(p0, {p1: 0.8, p1 ** (1 / 2): 0.08, p1 ** (1 / 6): 0.12})


def recovered_lines(evidence: Mixture, threshold: float, cap: int) -> list[int]:
    """For 0, 1, 2… failures, the number of samples from which "recovered" holds; ends with the cap.

    Every line is longer than the one before it: a failure lowers the evidence and a pass raises it.
    """
    lines: list[int] = []
    shortest = 0
    while shortest <= cap and evidence.log(cap, len(lines)) >= threshold:
        lines.append(_first(evidence, threshold, failures=len(lines), shortest=shortest, cap=cap))
        shortest = lines[-1] + 1
    return lines


def _first(evidence: Mixture, threshold: float, *, failures: int, shortest: int, cap: int) -> int:
    samples = range(shortest, cap + 1)
    return samples[bisect_left(samples, True, key=lambda count: evidence.log(count, failures) >= threshold)]


def broken_lines(evidence: Mixture, threshold: float, cap: int) -> list[int]:
    """For 0, 1, 2… failures, the number of samples up to which "broken" holds; −1: never. Ends at the cap."""
    lines = [-1]
    while lines[-1] < cap and len(lines) <= cap:
        lines.append(_last(evidence, threshold, failures=len(lines), cap=cap))
    return lines


def _last(evidence: Mixture, threshold: float, *, failures: int, cap: int) -> int:
    samples = range(failures, cap + 1)
    over = bisect_left(samples, True, key=lambda count: evidence.log(count, failures) < threshold)
    return samples[over - 1] if over else -1


def binomial(trials: int, rate: float, count: int) -> float:
    """P(exactly ``count`` failures in ``trials`` samples)."""
    if not 0 <= count <= trials:
        return 0.0
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return math.exp(ways + count * math.log(rate) + (trials - count) * math.log1p(-rate))


def chance_of_recovered(lines: Sequence[int], rate: float) -> float:
    """P(the stream ever meets a recovered line). It can meet line k only at exactly k failures in lines[k]
    samples, so the first meetings follow from the renewal equation, without a table over every sample."""
    firsts: list[float] = []
    for failures, samples in enumerate(lines):
        here = binomial(samples, rate, failures)
        if here < NEGLIGIBLE:
            break  # further lines are rarer still
        earlier = sum(
            first * binomial(samples - lines[before], rate, failures - before) for before, first in enumerate(firsts)
        )
        firsts.append(here - earlier)
    return sum(firsts)


def chance_of_broken(lines: Sequence[int], rate: float) -> float:
    """P(the stream ever meets a broken line). Between two lines the ceiling is level and failures only
    grow, so it is enough to look at the stream where each line ends: ``alive[s]`` is P(never broken, s
    failures) there."""
    alive, now = [1.0], 0
    for failures, until in enumerate(lines):
        if until <= now:
            continue  # this many failures are never, or no longer, enough
        if binomial(until, rate, failures) < NEGLIGIBLE:
            break
        gains = [binomial(until - now, rate, more) for more in reversed(range(failures))]
        alive = [sum(map(mul, alive, gains[failures - 1 - total :])) for total in range(failures)]
        now = until
    return 1.0 - sum(alive)


def calibrated_lines(
    lines_at: Callable[[float], list[int]], error_of: Callable[[Sequence[int]], float], budget: float
) -> list[int]:
    """The widest lines whose error is within ``budget``.

    Ville's threshold is within it without a computation: the search starts there and only ever keeps a
    threshold whose exact error it has seen. Above ``MANY_LINES`` (p0 close to p1 and a far cap) Ville's
    threshold stays.
    """
    low, high = 0.0, -math.log(budget)
    best = lines_at(high)
    if len(best) > MANY_LINES:
        return best
    for _ in range(BISECTIONS):
        threshold = (low + high) / 2
        lines = lines_at(threshold)
        if error_of(lines) <= budget * (1 + ROUNDING):
            best, high = lines, threshold
        else:
            low = threshold
    return best


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The two boundaries for one set of settings; ``decide`` is two look-ups.

    ``recovered_from[s]``: s failures are "recovered" from that many samples on.
    ``broken_until[s]``: s failures are "broken" up to that many samples; −1: s failures never are.
    """

    cap: int
    recovered_from: tuple[int, ...]
    broken_until: tuple[int, ...]

    def decide(self, samples: int, failures: int) -> Decision:
        """What these counts say, for a stream stepped one sample at a time; beyond the cap: undecided.

        Broken has precedence, although the boundaries never meet: evidence for both sides cannot exceed 1
        at once. Raises ValueError unless 0 ≤ failures ≤ samples.
        """
        if not 0 <= failures <= samples:
            raise ValueError(f"{failures} failures in {samples} samples cannot be")
        if samples > self.cap:
            return Decision.UNDECIDED
        if failures >= len(self.broken_until) or samples <= self.broken_until[failures]:
            return Decision.BROKEN
        if failures < len(self.recovered_from) and samples >= self.recovered_from[failures]:
            return Decision.RECOVERED
        return Decision.UNDECIDED

    def samples_to_recover(self, samples: int, failures: int) -> int | None:
        """How many more samples it takes if none fails; None when broken or when the cap comes first."""
        if self.decide(samples, failures) is Decision.BROKEN or failures >= len(self.recovered_from):
            return None
        if samples > self.cap:
            return None
        return max(0, self.recovered_from[failures] - samples)


@lru_cache(maxsize=256)
def calibrated(*, p0: float, p1: float, alpha: float, beta: float, cap: int) -> Boundaries:
    """The boundaries whose errors over ``cap`` samples are at most β under p1 and at most α under p0.

    Takes about 20 ms for the defaults and 30 ms for 0.1 % against 1 % over 5,000 samples, but up to 1.5 s
    where p0 is close to p1 and the cap is far; cached for the life of the process.
    """
    recovery, breakage = evidence_of_recovery(p0, p1), evidence_of_breakage(p0, p1)
    recovered = calibrated_lines(
        lambda threshold: recovered_lines(recovery, threshold, cap),
        lambda lines: chance_of_recovered(lines, p1),
        beta,
    )
    broken = calibrated_lines(
        lambda threshold: broken_lines(breakage, threshold, cap),
        lambda lines: chance_of_broken(lines, p0),
        alpha,
    )
    return Boundaries(cap, tuple(recovered), tuple(broken))
