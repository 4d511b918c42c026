"""The error bounds in whole numbers, for settings beside the defaults: a computation without a rounding anywhere.

A rate a/b makes the probability of any stream of n samples a whole number over b^n. So the distribution of failures is
stepped through the product's boundaries in integers (``Walk``), and the best that somebody could do who stops when it
suits him is found from the end backwards (``liar``). Both know Bernoulli samples and VERDICTS' errors α and β, nothing
of mixtures, likelihoods or calibration. ``test_decision`` walks its own settings in floats; none of them is repeated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import pytest

from fixloop_bot.domain.decision import Boundaries, Decision, ProofSettings, boundaries_for

RARE = ProofSettings(tolerated=0.001, unacceptable=0.02, max_samples=900)
CASES = {
    "0.1 % against 2 %": RARE,
    "a thousandth of error": ProofSettings(confidence=0.999, max_samples=800),
    "both errors small": ProofSettings(confidence=0.999, alpha=0.01, max_samples=700),
    "p95 of a strict service": ProofSettings(confidence=0.995).for_quantile(0.95),
    "p90": ProofSettings().for_quantile(0.9),
    "p99, strictly": ProofSettings(confidence=0.999, alpha=0.02).for_quantile(0.99),
    "a near cap": ProofSettings(max_samples=150),
    "a far cap": ProofSettings(max_samples=2_000),
    "a cap at the fewest": ProofSettings(tolerated=0.001, unacceptable=0.02, max_samples=228),
    "an SLO of 0, strictly": ProofSettings(tolerated=0.0, unacceptable=0.02, confidence=0.999, max_samples=600),
    "half is tolerable": ProofSettings(tolerated=0.2, unacceptable=0.5, confidence=0.95, alpha=0.1, max_samples=120),
}
BUDGET = 1 + Fraction(1, 10**9)
"""So much of a budget is left to the product's rounding."""
BITS = 10**12
"""Masses below 1/BITS of the whole are dropped, and counted as the error that they might be."""


def fraction(number: float) -> Fraction:
    """The decimal fraction that a person wrote: 0.05 is 1/20, not the nearest double."""
    return Fraction(repr(round(number, 12)))


@dataclass(frozen=True)
class Walk:
    """Exact chances of each end. ``lost`` is mass that was dropped on the way: it may belong to any of them."""

    recovered: Fraction
    broken: Fraction
    lost: Fraction

    @property
    def undecided(self) -> Fraction:
        return 1 - self.recovered - self.broken - self.lost


@lru_cache(maxsize=512)
def walk(proof: ProofSettings, rate: Fraction, window: int = 0) -> Walk:
    """The whole procedure: broken at once, recovered from sample ``window`` on."""
    edges, fails, ways = boundaries_for(proof), rate.numerator, rate.denominator
    alive, recovered, broken, lost, whole = {0: 1}, 0, 0, 0, 1
    for samples in range(1, proof.max_samples + 1):
        recovered, broken, lost, whole = recovered * ways, broken * ways, lost * ways, whole * ways
        moved: dict[int, int] = {}
        for failures, mass in alive.items():
            moved[failures] = moved.get(failures, 0) + mass * (ways - fails)
            moved[failures + 1] = moved.get(failures + 1, 0) + mass * fails
        alive = {}
        for failures, mass in moved.items():
            says = edges.decide(samples, failures)
            if says is Decision.BROKEN:
                broken += mass
            elif says is Decision.RECOVERED and samples >= window:
                recovered += mass
            elif mass * BITS < whole:
                lost += mass
            else:
                alive[failures] = mass
    return Walk(Fraction(recovered, whole), Fraction(broken, whole), Fraction(lost, whole))


Reward = Callable[[Boundaries, int, int], bool]


def liar(
    proof: ProofSettings, rates: Collection[float], suits: Decision, looks: Collection[int] | None = None
) -> float:
    """The chance of the best stopping rule there is to catch ``suits``, under the worst of ``rates`` at every sample.

    Backwards from the cap: stop where it suits, else go on with the dearer of the rates. Nothing stops him earlier, not
    even the other verdict. ``looks`` are the samples after which he may look; all of them by default.
    """
    edges, most = boundaries_for(proof), _most_failures(proof)
    value = [0.0] * (most + 2)
    for samples in range(proof.max_samples, -1, -1):
        may_look = samples and (looks is None or samples in looks)
        value = [
            1.0
            if may_look and failures <= samples and edges.decide(samples, failures) is suits
            else 0.0
            if samples == proof.max_samples
            else max(rate * value[failures + 1] + (1 - rate) * value[failures] for rate in rates)
            for failures in range(most + 1)
        ]
        value.append(value[-1])
    return value[0]


def _most_failures(proof: ProofSettings) -> int:
    """More failures than these change no verdict before the cap."""
    edges = boundaries_for(proof)
    return max(len(edges.broken_until), len(edges.recovered_from)) + 1


@pytest.fixture(scope="module", autouse=True)
def calibrated_beforehand() -> None:
    for proof in CASES.values():
        boundaries_for(proof)


@pytest.mark.parametrize("name", CASES)
def test_recovered_while_broken_is_within_beta(name: str) -> None:
    """P(recovered) ≤ β at p1 and at a worse rate, whenever the window ends."""
    proof = CASES[name]
    p1, beta = fraction(proof.unacceptable), fraction(proof.beta)
    for rate in (p1, min(Fraction(99, 100), p1 * 3 / 2)):
        for window in (0, proof.max_samples // 3):
            found = walk(proof, rate, window)
            assert found.recovered + found.lost <= beta * BUDGET


@pytest.mark.parametrize("name", CASES)
def test_broken_while_healthy_is_within_alpha(name: str) -> None:
    """P(broken) ≤ α at p0 and at half of it, also for who samples to the cap whatever is said before."""
    proof = CASES[name]
    p0, alpha = fraction(proof.tested_tolerated), fraction(proof.alpha)
    for rate in (p0, p0 / 2):
        for window in (0, proof.max_samples + 1):
            found = walk(proof, rate, window)
            assert found.broken + found.lost <= alpha * BUDGET


@pytest.mark.parametrize("name", ["0.1 % against 2 %", "a thousandth of error", "p90", "a far cap"])
def test_the_errors_are_spent(name: str) -> None:
    """Where the cap leaves room, calibration gives at least 90 % of α and of β away: that is what saves samples."""
    proof = CASES[name]
    never = walk(proof, fraction(proof.tested_tolerated), proof.max_samples + 1)
    assert never.broken >= fraction(proof.alpha) * 9 / 10
    assert walk(proof, fraction(proof.unacceptable)).recovered >= fraction(proof.beta) * 9 / 10


@pytest.mark.parametrize("name", ["0.1 % against 2 %", "a thousandth of error", "a near cap", "half is tolerable"])
@pytest.mark.parametrize("share", [0, Fraction(1, 3)])
def test_a_worse_service_never_looks_better(name: str, share: Fraction) -> None:
    """Along a grid of rates P(recovered) only falls and P(broken) only grows, to the last digit."""
    proof = CASES[name]
    window = int(proof.max_samples * share)
    p1 = fraction(proof.unacceptable)
    grid = [p1 * step / 8 for step in range(13) if p1 * step / 8 < 1] + [Fraction(9, 10)]
    walks = [walk(proof, rate, window) for rate in grid]
    for better, worse in pairwise(walks):
        assert worse.recovered <= better.recovered + better.lost
        assert better.broken <= worse.broken + worse.lost
    assert walks[0].recovered == 1
    assert walks[-1].broken > Fraction(999, 1000)


@pytest.mark.parametrize("name", CASES)
def test_stopping_when_it_suits_adds_nothing(name: str) -> None:
    """The best of all stopping rules, over rates that change as it suits the liar, stays within β and within α."""
    proof = CASES[name]
    p0, p1 = proof.tested_tolerated, proof.unacceptable
    worse = (p1, min(0.99, 2 * p1), 0.99)
    better = (p0, p0 / 3, 0.0)
    assert liar(proof, worse, Decision.RECOVERED) <= proof.beta * (1 + 1e-6)
    assert liar(proof, better, Decision.BROKEN) <= proof.alpha * (1 + 1e-6)


@pytest.mark.parametrize("name", ["0.1 % against 2 %", "a thousandth of error", "a near cap"])
def test_random_looks_find_no_more_than_all_looks(name: str) -> None:
    """A thousand random times to look are a part of looking after every sample."""
    proof, chance = CASES[name], random.Random(20261122)
    always = liar(proof, (proof.unacceptable,), Decision.RECOVERED)
    for _ in range(3):
        looks = {chance.randint(1, proof.max_samples) for _ in range(1_000)}
        assert 0 < liar(proof, (proof.unacceptable,), Decision.RECOVERED, looks) <= always + 1e-12


def test_both_computations_agree() -> None:
    """Forwards in integers and backwards in floats: the chance that "broken" is ever said at p0 is the same number."""
    proof = CASES["a near cap"]
    forwards = walk(proof, fraction(proof.tolerated), proof.max_samples + 1)
    assert float(forwards.broken) == pytest.approx(liar(proof, (proof.tolerated,), Decision.BROKEN), abs=1e-9)


def test_the_walk_knows_what_can_be_done_by_hand() -> None:
    """A spotless stream is recovered for sure; one that always fails is broken for sure; and all chances add up."""
    assert walk(RARE, Fraction(0)) == Walk(Fraction(1), Fraction(0), Fraction(0))
    assert walk(RARE, Fraction(1)) == Walk(Fraction(0), Fraction(1), Fraction(0))
    found = walk(RARE, Fraction(1, 200))
    assert found.undecided + found.recovered + found.broken + found.lost == 1
    assert 0 <= found.lost < Fraction(1, 10**6)
