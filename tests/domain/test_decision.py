"""The promises of the sequential decision. Error probabilities are exact: a second implementation, written
only here, walks every sample of the horizon and knows nothing of how the boundaries were found."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.decision import (
    Decision,
    Leaning,
    ProofSettings,
    ProofSettingsError,
    SequentialTest,
    StepSettings,
    boundaries_for,
    claim,
    claim_in_full,
    leaning,
    log_e_broken,
    percent,
    reproduced,
)

DEFAULTS = ProofSettings()
ZERO = ProofSettings(tolerated=0.0)
CASES = {
    "defaults": DEFAULTS,
    "an SLO of 0": ZERO,
    "p95": DEFAULTS.for_quantile(0.95),
    "p99": DEFAULTS.for_quantile(0.99),
    "one in a thousand": ProofSettings(tolerated=0.001, unacceptable=0.01, max_samples=5000),
    "coarse": ProofSettings(tolerated=0.1, unacceptable=0.5, max_samples=200),
    "close rates": ProofSettings(tolerated=0.3, unacceptable=0.5, max_samples=300),
    "strict": ProofSettings(confidence=0.999, alpha=0.01, unacceptable=0.1),
    "rare errors": ProofSettings(confidence=0.99999, alpha=0.00001, unacceptable=0.2),
    "the least cap": ProofSettings(max_samples=90),
    "past exact calibration": ProofSettings(tolerated=0.04, unacceptable=0.05, max_samples=5000),
}


@pytest.fixture(scope="module", autouse=True)
def calibrated_beforehand() -> None:
    """Calibration is cached and takes up to half a second here; Hypothesis times every example by itself."""
    for proof in CASES.values():
        boundaries_for(proof)


def step(alive: dict[int, float], rate: float) -> dict[int, float]:
    """The distribution of the failures, one sample later."""
    moved: dict[int, float] = {}
    for failures, mass in alive.items():
        moved[failures] = moved.get(failures, 0.0) + mass * (1 - rate)
        moved[failures + 1] = moved.get(failures + 1, 0.0) + mass * rate
    return moved


def walk(proof: ProofSettings, rate: float, window: int = 0) -> tuple[float, float, float, float]:
    """(P recovered, P broken, P inconclusive, mean samples) of the whole procedure, sample by sample:
    broken absorbs at once, recovered from sample ``window`` on."""
    edges = boundaries_for(proof)
    alive = {0: 1.0}
    recovered = broken = mean = 0.0
    for samples in range(1, proof.max_samples + 1):
        mean += sum(alive.values())
        moved = step(alive, rate)
        alive = {}
        for failures, mass in moved.items():
            says = edges.decide(samples, failures)
            if says is Decision.BROKEN:
                broken += mass
            elif says is Decision.RECOVERED and samples >= window:
                recovered += mass
            elif mass > 1e-18:
                alive[failures] = mass
        if not alive:
            break
    return recovered, broken, sum(alive.values()), mean


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("window", [0, 120, 600])
def test_a_broken_service_is_called_recovered_with_at_most_beta(name: str, window: int) -> None:
    """Says "recovered" while broken: never more often than 1 − confidence, for any window and any rate ≥
    p1."""
    proof = CASES[name]
    for rate in (proof.unacceptable, (1 + 3 * proof.unacceptable) / 4):
        assert walk(proof, rate, window)[0] <= proof.beta * (1 + 1e-6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("window", [0, 120, 600])
def test_a_healthy_service_is_called_broken_with_at_most_alpha(name: str, window: int) -> None:
    """Says "broken" while healthy: never more often than alpha, however long the window keeps it sampling."""
    proof = CASES[name]
    for rate in (proof.tested_tolerated, proof.tested_tolerated / 3):
        assert walk(proof, rate, window)[1] <= proof.alpha * (1 + 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_broken_keeps_its_alpha_even_if_nobody_ever_stops(name: str) -> None:
    """Watching to the cap, whatever "recovered" says in between, is the worst case; its error is alpha
    still."""
    proof = CASES[name]
    assert walk(proof, proof.tested_tolerated, window=proof.max_samples + 1)[1] <= proof.alpha * (1 + 1e-6)


def test_the_budgets_are_spent_not_saved() -> None:
    """Calibration is exact: the errors of the defaults come within 5 % of their budgets."""
    assert walk(DEFAULTS, 0.05)[0] > 0.95 * 0.01
    assert walk(DEFAULTS, 0.01, window=601)[1] > 0.95 * 0.05


def test_recovered_alone_stays_within_beta() -> None:
    """β does not lean on the broken boundary: "recovered ever held" has at most β under p1 by itself."""
    edges = boundaries_for(DEFAULTS)
    ever, alive = 0.0, {0: 1.0}
    for samples in range(1, 601):
        moved = step(alive, 0.05)
        held = {k for k in moved if edges.decide(samples, k) is Decision.RECOVERED}
        ever += sum(moved[k] for k in held)
        alive = {k: mass for k, mass in moved.items() if k not in held and k < 60}
    assert 0.0095 < ever <= 0.01


def wald_bound() -> tuple[float, float]:
    """Wald's lower bounds for the mean samples at p0 and at p1, for the defaults."""
    p0, p1, a, b = 0.01, 0.05, 0.05, 0.01

    def divergence(p: float, q: float) -> float:
        return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

    at_p0 = ((1 - a) * math.log((1 - a) / b) + a * math.log(a / (1 - b))) / divergence(p0, p1)
    at_p1 = ((1 - b) * math.log((1 - b) / a) + b * math.log(b / (1 - a))) / divergence(p1, p0)
    return at_p0, at_p1


def test_decides_close_to_walds_bound() -> None:
    """Mean samples: at most 1.10 × Wald's bound at p0 and p1, 1.25 × at 0 %, 12 at 20 %, 4 at 50 %."""
    at_p0, at_p1 = wald_bound()
    mean = {rate: walk(DEFAULTS, rate)[3] for rate in (0.0, 0.01, 0.05, 0.2, 0.5)}
    assert mean[0.0] <= 1.25 * 81.4
    assert mean[0.01] <= 1.10 * at_p0
    assert mean[0.05] <= 1.10 * at_p1
    assert mean[0.2] <= 12
    assert mean[0.5] <= 4


@pytest.mark.parametrize("name", ["defaults", "p95", "p99", "one in a thousand"])
def test_few_healthy_services_stay_inconclusive(name: str) -> None:
    """At p0, at most 1 % reach the cap undecided."""
    assert walk(CASES[name], CASES[name].tested_tolerated)[2] <= 0.01


def test_latency_takes_the_samples_it_says() -> None:
    """p95 is decided by about 90 to 180 samples and p99 by 500 to 950, for services from spotless to p0."""
    p95, p99 = CASES["p95"], CASES["p99"]
    assert (p95.tolerated, p95.unacceptable, p95.max_samples) == (0.01, 0.05, 600)
    assert (p99.tolerated, p99.unacceptable, p99.max_samples) == (0.002, 0.01, 3000)
    assert 90 <= walk(p95, 0.0)[3] < walk(p95, 0.01)[3] <= 180
    assert 480 <= walk(p99, 0.0)[3] < walk(p99, 0.002)[3] <= 950


def test_zero_tolerance_lets_one_early_failure_break_a_step() -> None:
    """An SLO of 0 is tested as p1/50: one failure within 48 samples is broken, and so are two within 127."""
    assert ZERO.tested_tolerated == pytest.approx(0.001)
    edges = boundaries_for(ZERO)
    assert edges.decide(48, 1) is Decision.BROKEN
    assert edges.decide(49, 1) is Decision.UNDECIDED
    assert edges.decide(127, 2) is Decision.BROKEN
    assert edges.decide(91, 0) is Decision.RECOVERED


# --- one stream ---


def test_broken_sticks_and_recovered_does_not() -> None:
    """Broken is final. Recovered is a statement of the moment, which further failures withdraw."""
    test = SequentialTest.of(DEFAULTS, [True, True])
    assert test.decision is Decision.BROKEN
    assert {test.observe(False) for _ in range(500)} == {Decision.BROKEN}
    assert test.samples_to_recover is None
    test = SequentialTest.of(DEFAULTS, [False] * 97)
    assert test.decision is Decision.RECOVERED
    assert test.observe(True) is Decision.UNDECIDED
    assert test.samples_to_recover == 168 - 98
    assert [test.observe(True) for _ in range(4)][-1] is Decision.BROKEN


def test_recovered_is_not_said_before_the_window_is_over() -> None:
    """The rule of the window: broken at any moment, recovered only after it."""
    healthy = SequentialTest.of(DEFAULTS, [False] * 97)
    assert healthy.verdict(window_over=False) is Decision.UNDECIDED
    assert healthy.verdict(window_over=True) is Decision.RECOVERED
    assert SequentialTest.of(DEFAULTS, [True, True]).verdict(window_over=False) is Decision.BROKEN


def test_the_cap_closes_the_test() -> None:
    """At the cap nothing changes any more, not even by samples that were in flight."""
    test = SequentialTest.of(ProofSettings(max_samples=90), [*[False] * 45, True, *[False] * 44])
    assert (test.exhausted, test.decision) == (True, Decision.UNDECIDED)
    assert test.observe(True) is Decision.UNDECIDED
    assert (test.samples, test.failures) == (90, 1)
    assert boundaries_for(DEFAULTS).decide(601, 0) is Decision.UNDECIDED


@pytest.mark.parametrize(("rate", "expected"), [(0.0, Decision.RECOVERED), (0.3, Decision.BROKEN)])
def test_seeded_streams_end_as_they_should(rate: float, expected: Decision) -> None:
    """A spotless service always recovers and one that fails 30 % is always found broken, over 300 streams."""
    rng = random.Random(20261122)
    for _ in range(300):
        test = SequentialTest(DEFAULTS)
        while test.decision is Decision.UNDECIDED and not test.exhausted:
            test.observe(rng.random() < rate)
        assert test.decision is expected


def test_simulated_errors_agree_with_the_exact_ones() -> None:
    """SequentialTest and the exact walk are the same procedure: 20,000 seeded streams at p0 agree within 4
    sigma."""
    rng = random.Random(7)
    streams, broken = 20_000, 0
    for _ in range(streams):
        # Only failures are drawn, by the gaps between them: the same distribution in far fewer steps.
        samples, failures = 0, 0
        edges = boundaries_for(DEFAULTS)
        while True:
            gap = 1 + int(math.log(1 - rng.random()) / math.log1p(-0.01))
            wait = edges.samples_to_recover(samples, failures)
            if wait is not None and wait < gap:
                break
            samples, failures = samples + gap, failures + 1
            if samples > 600:
                break
            if edges.decide(samples, failures) is Decision.BROKEN:
                broken += 1
                break
    exact = walk(DEFAULTS, 0.01)[1]
    assert abs(broken / streams - exact) < 4 * math.sqrt(exact * (1 - exact) / streams)


# --- monotone ---

RANK = {Decision.BROKEN: 0, Decision.UNDECIDED: 1, Decision.RECOVERED: 2}


@given(name=st.sampled_from(sorted(CASES)), data=st.data())
def test_more_failures_never_improve_a_decision(name: str, data: st.DataObject) -> None:
    """At the same number of samples, one more failure never moves a decision towards recovered."""
    edges = boundaries_for(CASES[name])
    samples = data.draw(st.integers(1, edges.cap))
    failures = data.draw(st.integers(0, min(samples - 1, 80)))
    assert RANK[edges.decide(samples, failures + 1)] <= RANK[edges.decide(samples, failures)]


@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=60), passes=st.integers(0, 300), data=st.data())
@settings(max_examples=200)
def test_a_worse_sample_never_improves_a_verdict(outcomes: list[bool], passes: int, data: st.DataObject) -> None:
    """Turning one passed sample of a stream into a failed one never improves what the stream ends with."""
    stream = [*[False] * passes, *outcomes]
    at = data.draw(st.integers(0, len(stream) - 1))
    worse = [*stream[:at], True, *stream[at + 1 :]]
    before, after = SequentialTest.of(DEFAULTS, stream), SequentialTest.of(DEFAULTS, worse)
    assert RANK[after.decision] <= RANK[before.decision]
    assert after.reproduced >= before.reproduced


@given(stream=st.lists(st.booleans(), max_size=200))
def test_taking_over_a_run_gives_the_same_decision(stream: list[bool]) -> None:
    """A worker that replays the samples of a killed one stands where that one stood."""
    cut = len(stream) // 2
    resumed = SequentialTest.of(DEFAULTS, stream[:cut])
    for failed in stream[cut:]:
        resumed.observe(failed)
    whole = SequentialTest.of(DEFAULTS, stream)
    assert (resumed.decision, resumed.samples, resumed.failures, resumed.reproduced) == (
        whole.decision,
        whole.samples,
        whole.failures,
        whole.reproduced,
    )


def test_impossible_counts_are_refused() -> None:
    """More failures than samples is a bug of the caller, and says so."""
    with pytest.raises(ValueError, match="3 failures in 2 samples cannot be"):
        boundaries_for(DEFAULTS).decide(2, 3)
    with pytest.raises(ValueError, match="cannot be"):
        log_e_broken(2, 3, DEFAULTS)


# --- reproduced before the fix ---


@pytest.mark.parametrize(("rate", "most"), [(0.05, 92), (0.1, 30), (0.2, 12), (0.5, 4.03), (1.0, 2)])
def test_an_incident_is_proved_real_in_few_samples(rate: float, most: float) -> None:
    """E_brk reaches 1/α after 92, 30, 12, 4 and 2 samples on average, at 5, 10, 20, 50 and 100 % failures."""
    alive, mean = {0: 1.0}, 0.0
    for samples in range(1, 2001):
        mean += sum(alive.values())
        moved = step(alive, rate)
        alive = {k: m for k, m in moved.items() if m > 1e-15 and not reproduced(samples, k, DEFAULTS)}
        if not alive:
            break
    assert mean <= most


def test_evidence_against_a_healthy_service_stays_small() -> None:
    """E_brk is a supermartingale at p0: its mean is 1 at p0 and below 1 for better services (an e-value)."""
    for samples in (1, 10, 100):
        for rate, most in ((0.01, 1.0), (0.005, 0.999)):
            mean = sum(
                math.comb(samples, k)
                * rate**k
                * (1 - rate) ** (samples - k)
                * math.exp(log_e_broken(samples, k, DEFAULTS))
                for k in range(samples + 1)
            )
            assert mean <= most + 1e-9


def test_reproduced_sticks() -> None:
    """It is enough that the evidence was reached once; one failure alone is not enough."""
    assert not SequentialTest.of(DEFAULTS, [True]).reproduced
    assert SequentialTest.of(DEFAULTS, [True, True]).reproduced
    assert SequentialTest.of(DEFAULTS, [True, True, *[False] * 400]).reproduced
    assert not reproduced(402, 2, DEFAULTS)


# --- settings ---


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tolerated": 0.05}, "tolerated"),
        ({"tolerated": -0.01}, "tolerated"),
        ({"tolerated": math.nan}, "tolerated"),
        ({"unacceptable": 0.0}, "unacceptable"),
        ({"unacceptable": 5.0}, "unacceptable"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 99.0}, "confidence"),
        ({"confidence": 0.1}, "confidence"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": 0.6}, "alpha"),
        ({"window_s": -1.0}, "window_s"),
        ({"window_s": math.inf}, "window_s"),
        ({"per_second": 0.0}, "per_second"),
        ({"max_samples": 89}, "max_samples"),
        ({"max_samples": 100_001}, "max_samples"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: StepSettings, field: str) -> None:
    """One sentence, which begins with the field that is wrong."""
    with pytest.raises(ProofSettingsError, match=rf"^{field} must be .*, not .*\.$") as refused:
        ProofSettings(**wrong)
    assert refused.value.field == field
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("tighter", "looser"),
    [
        ({"tolerated": 0.005}, {"tolerated": 0.02}),
        ({"unacceptable": 0.04}, {"unacceptable": 0.06}),
        ({"confidence": 0.995}, {"confidence": 0.98}),
        ({"alpha": 0.01}, {"alpha": 0.1}),
        ({"window_s": 120.0}, {"window_s": 30.0}),
        ({"max_samples": 300}, {"max_samples": 900}),
        ({"per_second": 5.0}, {"per_second": 50.0}),
    ],
)
def test_a_step_may_tighten_and_never_loosen(tighter: StepSettings, looser: StepSettings) -> None:
    """More certainty or less load, or the same: taken. The reverse: refused, with the field's name."""
    (name, value), *_ = tighter.items()
    assert getattr(DEFAULTS.tightened(**tighter), name) == value
    assert DEFAULTS.tightened(window_s=60.0, max_samples=600) == DEFAULTS
    with pytest.raises(ProofSettingsError, match=f"^{next(iter(looser))} may only be tightened"):
        DEFAULTS.tightened(**looser)


@pytest.mark.parametrize("quantile", [0.0, 1.0, 95.0, math.nan])
def test_a_quantile_is_a_fraction(quantile: float) -> None:
    """95 is not 0.95."""
    with pytest.raises(ProofSettingsError, match="quantile must be between 0 and 1"):
        DEFAULTS.for_quantile(quantile)


# --- words ---


def test_the_claim_says_what_is_proved_and_nothing_more() -> None:
    """No claim while undecided; numbers without trailing zeros; a broken step states its own claim."""
    assert claim(DEFAULTS, 105, 0) == "error < 5 % at 99 % confidence"
    assert claim(DEFAULTS, 96, 0) is None
    assert claim(DEFAULTS, 20, 7) == "error > 1 % at 95 % confidence"
    assert claim(DEFAULTS, 400, 3, decision=Decision.BROKEN) == "error > 1 % at 95 % confidence"
    fine = ProofSettings(unacceptable=0.025, confidence=0.9995, tolerated=0.001)
    assert claim(fine, 600, 0, of="slower than 400 ms") == "slower than 400 ms < 2.5 % at 99.95 % confidence"


def test_the_full_claim_names_its_grounds() -> None:
    """Samples, time, replicas, inputs and failures; what was not varied is left out."""
    assert claim_in_full(DEFAULTS, 105, 0, seconds=120, replicas=4, inputs=25) == (
        "error < 5 % at 99 % confidence: 105 samples over 120 s, 4 replicas, 25 inputs, 0 failures"
    )
    assert claim_in_full(DEFAULTS, 30, 1, seconds=2.4) == "not decided: 30 samples over 2 s, 1 failure"


def test_leaning_tells_where_an_undecided_step_goes() -> None:
    """It leans once one side is three times as likely as the other."""
    assert leaning(DEFAULTS, 0, 0) is Leaning.OPEN
    assert leaning(DEFAULTS, 26, 0) is Leaning.OPEN
    assert leaning(DEFAULTS, 27, 0) is Leaning.YES
    assert leaning(DEFAULTS, 10, 1) is Leaning.NO
    assert leaning(DEFAULTS, 40, 1) is Leaning.OPEN
    assert [each.value for each in Leaning] == ["leaning yes", "leaning no", "open"]


@pytest.mark.parametrize(
    ("rate", "said"),
    [(0.05, "5 %"), (0.999, "99.9 %"), (0.98333333, "98.33 %"), (0.999999, "99.99 %"), (0.0004, "0.04 %")],
)
def test_a_confidence_is_never_rounded_up(rate: float, said: str) -> None:
    """A claim may be weaker than what was computed, and is never stronger."""
    assert percent(rate) == said
