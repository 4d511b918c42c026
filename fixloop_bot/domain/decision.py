"""The sequential decision: has this step's service recovered, is it broken, or can nobody say yet?

A sample either failed or passed. ``tolerated`` (p0) is the failure rate that the team accepts,
``unacceptable`` (p1) the one it calls broken. A step is watched one sample at a time, and

* **broken** may be said at any moment, and stays said;
* **recovered** may be said at any moment at which it holds *and* the window has passed.

P(recovered is said | rate ≥ p1) ≤ β = 1 − ``confidence`` and P(broken is said | rate ≤ p0) ≤ ``alpha``,
both exact, for every window and every way of stopping: ``boundaries`` has the calibration and the proof.
"Recovered" has to hold at the end, it is not enough that it held once. Either reading keeps β, because
both lie inside the event that the boundary is ever met; the stricter one also withdraws when a service
degrades before its window is over, which no assumption of a constant rate would notice. The price is
nothing in α: broken is calibrated without regard to it.

With the defaults, recovered is 0 failures in 97 samples, 1 in 168, 2 in 208…; broken is a failure of the very
first sample, 2 within 17, 3 within 54…
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypedDict, Unpack, cast

from fixloop_bot.domain.boundaries import Boundaries, Decision, calibrated, evidence_of_breakage
from fixloop_bot.domain.errors import BadInput

__all__ = [
    "Boundaries",
    "Decision",
    "Leaning",
    "ProofSettings",
    "ProofSettingsError",
    "SequentialTest",
    "StepSettings",
    "boundaries_for",
    "claim",
    "claim_in_full",
    "leaning",
    "log_e_broken",
    "reproduced",
]

STRICTEST_RATIO = 50  # p0 is tested as at least p1/50, see ProofSettings.tested_tolerated
QUANTILE_RATIO = 5  # p1/p0 of a latency test, the ratio of the defaults
SAMPLES_PER_UNACCEPTABLE = 30  # a cap of 30/p1 leaves under 1 % undecided at that ratio
RAREST_ERROR = 1e-6  # the smallest α or β; far above what floating point can tell apart
MOST_SAMPLES = 100_000
CLEAR_ODDS = 3.0  # a step leans from this likelihood ratio on: "positive" in Kass and Raftery (1995)
LOWER_IS_TIGHTER = frozenset({"tolerated", "unacceptable", "alpha", "max_samples", "per_second"})


class ProofSettingsError(BadInput, ValueError):
    """Settings that cannot be decided with. ``field`` names the wrong one."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


class StepSettings(TypedDict, total=False):
    """What a step may set for itself, see ProofSettings.tightened."""

    tolerated: float
    unacceptable: float
    confidence: float
    alpha: float
    window_s: float
    max_samples: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSettings:
    """How sure a step has to be, and what it may spend.

    Rates and probabilities are fractions of 1. Raises ProofSettingsError when the numbers contradict each
    other, and when ``max_samples`` is too low for a "recovered" even without a single failure.
    """

    tolerated: float = 0.01  # p0
    unacceptable: float = 0.05  # p1
    confidence: float = 0.99  # 1 − β; β bounds "says recovered while broken"
    alpha: float = 0.05  # bounds "says broken while healthy"
    window_s: float = 60.0  # W, seconds before which nothing is recovered
    max_samples: int = 600  # at the cap without a decision: inconclusive
    per_second: float = 20.0  # rate cap a service

    def __post_init__(self) -> None:
        self._require("unacceptable", 0 < self.unacceptable <= 0.99, "above 0 and at most 0.99")
        self._require(
            "tolerated",
            0 <= self.tolerated < self.unacceptable,
            f"at least 0 and below unacceptable ({self.unacceptable:g})",
        )
        self._require(
            "confidence",
            self.confidence >= 0.5 and self.beta >= RAREST_ERROR,
            f"between 0.5 and {1 - RAREST_ERROR:.6f}",
        )
        self._require("alpha", RAREST_ERROR <= self.alpha <= 0.5, f"between {RAREST_ERROR:g} and 0.5")
        self._require("window_s", 0 <= self.window_s < math.inf, "a number of seconds, 0 or more")
        self._require("per_second", 0 < self.per_second < math.inf, "a rate above 0")
        fewest = self.fewest_samples
        self._require(
            "max_samples",
            fewest <= self.max_samples <= MOST_SAMPLES,
            f"between {fewest} and {MOST_SAMPLES}: fewer cannot show "
            f"error < {percent(self.unacceptable)} at {percent(self.confidence)} confidence",
        )

    def _require(self, field: str, holds: bool, what: str) -> None:
        if not holds:
            raise ProofSettingsError(field, f"{field} must be {what}, not {getattr(self, field)!r}.")

    @property
    def beta(self) -> float:
        """1 − confidence."""
        return round(1 - self.confidence, 12)

    @property
    def tested_tolerated(self) -> float:
        """The p0 that the test uses: ``tolerated``, but at least p1/50.

        Below that a lower p0 saves no samples; it only lets one failure, at any time, count as broken.
        With an SLO of 0 and p1 = 5 % this is 0.1 %: one failure breaks a step within its first 48 samples,
        two until the 127th. β is untouched by it, and α is kept for every rate up to p1/50.
        """
        return max(self.tolerated, self.unacceptable / STRICTEST_RATIO)

    @property
    def fewest_samples(self) -> int:
        """Samples below which not even a spotless stream is recovered: ln β / ln(1 − p1)."""
        return math.ceil(math.log(self.beta) / math.log1p(-self.unacceptable) - 1e-9)

    def tightened(self, **asked: Unpack[StepSettings]) -> ProofSettings:
        """These settings with a step's own, which may ask for more certainty or spend less, not the reverse.

        Tighter is lower, except for confidence and window_s. Raises ProofSettingsError for a looser value.
        """
        for name, wanted in cast(dict[str, float], asked).items():
            standing = getattr(self, name)
            lower = name in LOWER_IS_TIGHTER
            if wanted > standing if lower else wanted < standing:
                bound = "at most" if lower else "at least"
                sentence = f"{name} may only be tightened: {bound} {standing:g}, not {wanted:g}."
                raise ProofSettingsError(name, sentence)
        return replace(self, **asked)

    def for_quantile(self, quantile: float) -> ProofSettings:
        """The settings that test "the quantile is below a limit": P(slower) < 1 − quantile.

        p1 = 1 − quantile, p0 = p1/5 as in the defaults: a service whose p95 only just meets its limit is
        slow in 5 % of its samples, so "healthy" has to mean clearly less. The samples needed grow with
        1/p1: p95 decides in about 100 to 180 and p99 in 500 to 900, so the cap is raised to 30/p1 (600 and
        3,000) where it was lower.
        """
        if not 0 < quantile < 1:
            raise ProofSettingsError("quantile", f"quantile must be between 0 and 1, not {quantile!r}.")
        slower = round(1 - quantile, 12)
        return replace(
            self,
            tolerated=slower / QUANTILE_RATIO,
            unacceptable=slower,
            max_samples=max(self.max_samples, math.ceil(round(SAMPLES_PER_UNACCEPTABLE / slower, 6))),
        )


def boundaries_for(settings: ProofSettings) -> Boundaries:
    """The calibrated boundaries; computed once for each set of numbers, in about 20 ms for the defaults."""
    return calibrated(
        p0=settings.tested_tolerated,
        p1=settings.unacceptable,
        alpha=settings.alpha,
        beta=settings.beta,
        cap=settings.max_samples,
    )


class SequentialTest:
    """One step under watch: feed it every sample in order, ask it at any time.

    ``decision`` is the statistical statement of the moment: BROKEN sticks, RECOVERED can be lost again to
    further failures. ``verdict`` adds the rule of the window. ``reproduced`` sticks too, see the function
    of that name. At ``max_samples`` the test is closed: samples that were still in flight neither count
    nor change anything.
    """

    __slots__ = ("_boundaries", "decision", "failures", "reproduced", "samples", "settings")

    def __init__(self, settings: ProofSettings) -> None:
        self.settings = settings
        self.samples = 0
        self.failures = 0
        self.decision = Decision.UNDECIDED
        self.reproduced = False
        self._boundaries = boundaries_for(settings)

    @classmethod
    def of(cls, settings: ProofSettings, outcomes: Iterable[bool]) -> SequentialTest:
        """The test after these outcomes (True: failed), for a worker that takes over a run from its
        samples."""
        test = cls(settings)
        for failed in outcomes:
            test.observe(failed)
        return test

    @property
    def exhausted(self) -> bool:
        """The cap is reached; without a decision the step is inconclusive."""
        return self.samples >= self.settings.max_samples

    @property
    def samples_to_recover(self) -> int | None:
        """Further samples until recovered holds if none of them fails; None when it cannot any more."""
        if self.decision is Decision.BROKEN:
            return None
        return self._boundaries.samples_to_recover(self.samples, self.failures)

    def observe(self, failed: bool) -> Decision:
        """Count one sample; O(1), about a microsecond."""
        if self.exhausted:
            return self.decision
        self.samples += 1
        self.failures += failed
        if failed and not self.reproduced:
            self.reproduced = reproduced(self.samples, self.failures, self.settings)
        if self.decision is not Decision.BROKEN:
            self.decision = self._boundaries.decide(self.samples, self.failures)
        return self.decision

    def verdict(self, *, window_over: bool) -> Decision:
        """What may be said aloud: broken at any moment, recovered only once the window is over."""
        if self.decision is Decision.RECOVERED and not window_over:
            return Decision.UNDECIDED
        return self.decision


def log_e_broken(samples: int, failures: int, settings: ProofSettings) -> float:
    """ln of E_brk, the evidence that the rate exceeds p0: a mixture over fixed rates ≥ p1 of likelihood
    ratios.

    Under any rate ≤ p0, P(E_brk ever reaches x) ≤ 1/x (Ville 1939), without a cap and however one stops;
    1/E_brk is an always-valid p-value. E-values of several steps may be averaged.
    """
    if not 0 <= failures <= samples:
        raise ValueError(f"{failures} failures in {samples} samples cannot be")
    return evidence_of_breakage(settings.tested_tolerated, settings.unacceptable).log(samples, failures)


def reproduced(samples: int, failures: int, settings: ProofSettings) -> bool:
    """Whether these counts prove that the fault is real, E_brk ≥ 1/α: only then can the step prove a
    recovery later.

    Takes 91, 30, 12, 4 and 2 samples on average at 5, 10, 20, 50 and 100 % failures. Having reached it
    once is enough, as ``SequentialTest.reproduced`` remembers.
    """
    return log_e_broken(samples, failures, settings) >= -math.log(settings.alpha)


class Leaning(Enum):
    """Where an undecided step seems to go: yes, recovered; no, broken. A hint for the reader, never a
    verdict."""

    YES = "leaning yes"
    NO = "leaning no"
    OPEN = "open"


def leaning(settings: ProofSettings, samples: int, failures: int) -> Leaning:
    """From Wald's likelihood ratio of p1 to p0: it leans when one is at least three times as likely as the
    other."""
    p0, p1 = settings.tested_tolerated, settings.unacceptable
    ratio = failures * math.log(p1 / p0) + (samples - failures) * (math.log1p(-p1) - math.log1p(-p0))
    if abs(ratio) < math.log(CLEAR_ODDS):
        return Leaning.OPEN
    return Leaning.NO if ratio > 0 else Leaning.YES


def claim(
    settings: ProofSettings,
    samples: int,
    failures: int,
    *,
    decision: Decision | None = None,
    of: str = "error",
) -> str | None:
    """What the counts prove, such as "error < 5 % at 99 % confidence"; None while nothing is decided.

    Pass ``decision`` from a SequentialTest, whose BROKEN sticks; without it the counts alone decide.
    ``of`` names the rate, for instance "slower than 400 ms".
    """
    decided = decision or boundaries_for(settings).decide(samples, failures)
    if decided is Decision.RECOVERED:
        return f"{of} < {percent(settings.unacceptable)} at {percent(settings.confidence)} confidence"
    if decided is Decision.BROKEN:
        return f"{of} > {percent(settings.tested_tolerated)} at {percent(1 - settings.alpha)} confidence"
    return None


def claim_in_full(
    settings: ProofSettings,
    samples: int,
    failures: int,
    *,
    seconds: float,
    replicas: int = 1,
    inputs: int = 1,
    decision: Decision | None = None,
    of: str = "error",
) -> str:
    """The claim with what it rests on: "…: 105 samples over 120 s, 4 replicas, 25 inputs, 0 failures"."""
    said = claim(settings, samples, failures, decision=decision, of=of) or "not decided"
    grounds = [f"{counted(samples, 'sample')} over {seconds:.0f} s"]
    grounds += [counted(replicas, "replica")] if replicas > 1 else []
    grounds += [counted(inputs, "input")] if inputs > 1 else []
    return f"{said}: {', '.join([*grounds, counted(failures, 'failure')])}"


def counted(count: int, noun: str) -> str:
    """ "1 sample", "2 samples", "1,200 samples"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(rate: float) -> str:
    """A fraction as people write it: 0.05 → "5 %", 0.98333 → "98.33 %". Never rounded up, least of all to 100 %."""
    whole = round(rate * 100, 6)
    return f"{math.floor(whole * 100) / 100 if whole >= 1 else whole:.10g} %"
