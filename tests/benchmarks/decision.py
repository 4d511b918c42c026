"""The sequential decision against the usual rules and against the figures it has to reach.

Run by hand: ``python -m tests.benchmarks.decision``. Constant failure rates are exact (the distribution is
stepped from sample to sample); faults that vary with time are 20,000 seeded streams each. Takes about a
minute.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator

from fixloop_bot.domain.boundaries import calibrated, evidence_of_breakage, evidence_of_recovery
from fixloop_bot.domain.decision import Decision, ProofSettings, SequentialTest, boundaries_for, reproduced

P0, P1, ALPHA, BETA, CAP = 0.01, 0.05, 0.05, 0.01, 600
RATES = (0.0, 0.01, 0.05, 0.2, 0.5)
STREAMS = 20_000
SEED = 20261122
DEFAULTS = ProofSettings()

OURS = "FixLoop, calibrated"

Rule = Callable[[int, int], Decision]
Outcome = tuple[float, float, float, float]  # recovered, broken, inconclusive, mean samples
Fails = Callable[[float, random.Random], bool]


# --- constant rates, exactly ---


def step(alive: dict[int, float], rate: float) -> dict[int, float]:
    """The distribution of the failures, one sample later."""
    moved: dict[int, float] = {}
    for failures, mass in alive.items():
        moved[failures] = moved.get(failures, 0.0) + mass * (1 - rate)
        moved[failures + 1] = moved.get(failures + 1, 0.0) + mass * rate
    return moved


def exact(rule: Rule, rate: float, *, window: int = 0, cap: int = CAP) -> Outcome:
    """The whole procedure under a constant failure rate: broken at once, recovered from sample ``window``
    on."""
    alive, recovered, broken, mean = {0: 1.0}, 0.0, 0.0, 0.0
    for samples in range(1, cap + 1):
        mean += sum(alive.values())
        moved, alive = step(alive, rate), {}
        for failures, mass in moved.items():
            says = rule(samples, failures)
            if says is Decision.BROKEN:
                broken += mass
            elif says is Decision.RECOVERED and samples >= window:
                recovered += mass
            elif mass > 1e-15:
                alive[failures] = mass
    return recovered, broken, sum(alive.values()), mean


def divergence(p: float, q: float) -> float:
    """Kullback and Leibler's, between two failure rates."""
    return sum(a * math.log(a / b) for a, b in ((p, q), (1 - p, 1 - q)) if a > 0)


def wald_bound(rate: float) -> float:
    """The least mean samples of any sequential test with these errors (Wald 1945), at p0, at p1 and
    outside."""
    if rate <= P0:
        gain = (1 - ALPHA) * math.log((1 - ALPHA) / BETA) + ALPHA * math.log(ALPHA / (1 - BETA))
        return gain / divergence(rate, P1)
    gain = (1 - BETA) * math.log((1 - BETA) / ALPHA) + BETA * math.log(BETA / (1 - ALPHA))
    return gain / divergence(rate, P0)


def wald_sprt(samples: int, failures: int) -> Decision:
    ratio = failures * math.log(P1 / P0) + (samples - failures) * math.log((1 - P1) / (1 - P0))
    if ratio >= math.log((1 - BETA) / ALPHA):
        return Decision.BROKEN
    return Decision.RECOVERED if ratio <= math.log(BETA / (1 - ALPHA)) else Decision.UNDECIDED


def ville(samples: int, failures: int) -> Decision:
    """The same mixtures as ours at the thresholds 1/α and 1/β, without calibration."""
    if evidence_of_breakage(P0, P1).log(samples, failures) >= -math.log(ALPHA):
        return Decision.BROKEN
    held = evidence_of_recovery(P0, P1).log(samples, failures) >= -math.log(BETA)
    return Decision.RECOVERED if held else Decision.UNDECIDED


def fixed(size: int, most: int) -> Rule:
    """Look once, after ``size`` samples; recovered with at most ``most`` failures."""

    def rule(samples: int, failures: int) -> Decision:
        if samples < size:
            return Decision.UNDECIDED
        return Decision.RECOVERED if failures <= most else Decision.BROKEN

    return rule


def argo(samples: int, failures: int) -> Decision:
    """Argo Rollouts with count 10, failureLimit 3: the fourth failure ends it, ten measurements pass it."""
    if failures > 3:
        return Decision.BROKEN
    return Decision.RECOVERED if samples >= 10 else Decision.UNDECIDED


def two_in_a_row(samples: int, failures: int) -> Decision:
    """Gatus' resolve rule, asked once: both of the next two succeed."""
    if failures:
        return Decision.BROKEN
    return Decision.RECOVERED if samples >= 2 else Decision.UNDECIDED


RULES: dict[str, Rule] = {
    OURS: boundaries_for(DEFAULTS).decide,
    "same mixtures, Ville": ville,
    "Wald SPRT": wald_sprt,
    "fixed n = 259": fixed(259, 5),
    "k6 rate<1 % over 100": fixed(100, 0),
    "Argo 10, limit 3": argo,
    "Gatus two in a row": two_in_a_row,
    "one success": fixed(1, 0),
}


def compare_rules() -> None:
    print(f"Mean samples by true rate; p0 {P0:.0%}, p1 {P1:.0%}, α {ALPHA}, β {BETA}, cap {CAP}. Exact.\n")
    header = "".join(f"{rate:>8.0%}" for rate in RATES)
    print(f"{'rule':<22}{header}  broken@1%  rec.@5%  rec.@20%  rec.@50%  open@1%")
    print(f"{'Wald bound':<22}{''.join(f'{wald_bound(rate):8.1f}' for rate in RATES)}")
    for name, rule in RULES.items():
        at = {rate: exact(rule, rate) for rate in RATES}
        means = "".join(f"{at[rate][3]:8.1f}" for rate in RATES)
        errors = f"{at[0.01][1]:9.4f}{at[0.05][0]:10.4f}{at[0.2][0]:10.4f}{at[0.5][0]:10.4f}{at[0.01][2]:9.4f}"
        print(f"{name:<22}{means}  {errors}")


def compare_windows() -> None:
    rule = RULES[OURS]
    print("\nErrors by the sample at which the window ends (recovered waits for it, broken does not). Exact.\n")
    print(f"{'window ends at':<18}{'rec.@5%':>10}{'broken@1%':>11}{'open@1%':>9}{'mean@0%':>9}")
    for window in (0, 60, 120, 300, 600, CAP + 1):
        bad, good = exact(rule, P1, window=window), exact(rule, P0, window=window)
        mean = exact(rule, 0.0, window=window)[3]
        label = "never stops" if window > CAP else f"sample {window}"
        print(f"{label:<18}{bad[0]:10.5f}{good[1]:11.5f}{good[2]:9.4f}{mean:9.1f}")


def ever_said(said: Decision, rate: float, looks: set[int]) -> float:
    """P(at least one of these looks finds ``said``), exactly, for a stream that nothing else ends."""
    rule, alive, found = RULES[OURS], {0: 1.0}, 0.0
    for samples in range(1, CAP + 1):
        alive = step(alive, rate)
        if samples in looks:
            found += sum(mass for failures, mass in alive.items() if rule(samples, failures) is said)
            alive = {k: mass for k, mass in alive.items() if rule(samples, k) is not said}
        alive = {failures: mass for failures, mass in alive.items() if mass > 1e-15}
    return found


def random_stops() -> None:
    """Looking at 1,000 random times, and stopping at the first that suits a liar, adds nothing: the union of
    the looks is part of the event that the boundary is ever met, which is what was calibrated."""
    rng = random.Random(SEED)
    draws = [{rng.randint(1, CAP) for _ in range(1_000)} for _ in range(10)]
    print("\nStopping at the first of 1,000 random looks that suits a liar; worst of ten draws. Exact.\n")
    for said, rate in ((Decision.RECOVERED, P1), (Decision.BROKEN, P0)):
        worst = max(ever_said(said, rate, looks) for looks in draws)
        always = ever_said(said, rate, set(range(1, CAP + 1)))
        print(f"{said.value} at {rate:.0%}: {worst:.5f}; looking after every sample {always:.5f}")


def proofs_of_an_incident() -> None:
    print("\nProving that an incident is real, E_brk ≥ 1/α: mean samples. Exact.\n")

    def rule(samples: int, failures: int) -> Decision:
        return Decision.BROKEN if reproduced(samples, failures, DEFAULTS) else Decision.UNDECIDED

    rates = (0.05, 0.1, 0.2, 0.5, 1.0)
    print("".join(f"{rate:>9.0%}" for rate in rates) + "   false at 1 %, cap 600")
    means = "".join(f"{exact(rule, rate, cap=1500)[3]:9.2f}" for rate in rates)
    print(f"{means}   {exact(rule, P0)[1]:.4f}")


# --- faults that vary with time, simulated ---


def duty(seconds: float, period: float) -> Callable[[random.Random], Fails]:
    """Fails every request for ``seconds`` in every ``period``, from a phase nobody knows."""

    def drawn(rng: random.Random) -> Fails:
        phase = rng.random() * period
        return lambda at, _: (at + phase) % period < seconds

    return drawn


def leak(start: float, rate: float) -> Callable[[random.Random], Fails]:
    """Healthy until ``start`` seconds after the fix, then fails this share of requests."""
    return lambda _: lambda at, rng: at >= start and rng.random() < rate


FAULTS = {
    "10 s in every 60 s": duty(10, 60),
    "3 s in every 60 s": duty(3, 60),
    "30 s in every 300 s": duty(30, 300),
    "leak from 120 s, 20 %": leak(120, 0.2),
    "leak from 120 s, 100 %": leak(120, 1.0),
}


def slots(window: float, per_window: int, rng: random.Random) -> Iterator[float]:
    """One random time in every slot; ``per_window`` slots make a window, and they go on after it."""
    width, number = window / per_window, 0
    while True:
        yield (number + rng.random()) * width
        number += 1


def burst(rate: float, rng: random.Random) -> Iterator[float]:
    """Evenly, as fast as it goes: what a script in a loop does."""
    at = rng.random() / rate
    while True:
        yield at
        at += 1 / rate


def conclude(times: Iterator[float], window: float, fails: Fails, rng: random.Random) -> tuple[Decision, float]:
    """One run until it is decided or the cap is reached; the verdict and the second it was given."""
    test, at = SequentialTest(DEFAULTS), 0.0
    while not test.exhausted:
        at = next(times)
        test.observe(fails(at, rng))
        said = test.verdict(window_over=at >= window)
        if said is not Decision.UNDECIDED:
            return said, at
    return Decision.UNDECIDED, at


def watched(start: float, fails: Fails, rng: random.Random) -> bool:
    """Whether a watch of ten minutes at one sample a second stays quiet: the broken boundary alone, begun
    anew, whose false alarms over its 600 samples are at most α."""
    test = SequentialTest(DEFAULTS)
    for second in range(CAP):
        at = start + second + rng.random()
        if test.observe(fails(at, rng)) is Decision.BROKEN:
            return False
    return True


def false_recoveries(
    fault: Callable[[random.Random], Fails], window: float, pace: str, *, watch: bool = False
) -> float:
    rng, wrong = random.Random(SEED), 0
    fewest = boundaries_for(DEFAULTS).recovered_from[0]
    for _ in range(STREAMS):
        fails = fault(rng)
        times = slots(window, fewest + 5, rng) if pace == "slots" else burst(float(pace), rng)
        said, at = conclude(times, window if pace == "slots" else 0.0, fails, rng)
        if said is Decision.RECOVERED and not (watch and not watched(at, fails, rng)):
            wrong += 1
    return wrong / STREAMS


def compare_schedules() -> dict[str, list[float]]:
    print(f"\nP(false recovered) for faults that vary with time; {STREAMS:,} streams each.\n")
    print(f"{'fault':<24}{'200/s':>8}{'10/s':>8}{'W 60 s':>9}{'W 120 s':>9}{'W 300 s':>9}{'60 s, watch':>13}")
    table: dict[str, list[float]] = {}
    for name, fault in FAULTS.items():
        row = [false_recoveries(fault, 0, pace) for pace in ("200", "10")]
        row += [false_recoveries(fault, window, "slots") for window in (60, 120, 300)]
        row.append(false_recoveries(fault, 60, "slots", watch=True))
        table[name] = row
        print(f"{name:<24}{row[0]:8.4f}{row[1]:8.4f}{row[2]:9.4f}{row[3]:9.4f}{row[4]:9.4f}{row[5]:13.4f}")
    print("The window has to be at least the fault's period: 60 s for the first two, 300 s for the third.")
    return table


# --- the figures to reach ---


def judge(schedules: dict[str, list[float]]) -> None:
    rule = RULES[OURS]
    at = {rate: exact(rule, rate) for rate in RATES}
    rates = [P1 + step * (1 - P1) / 200 for step in range(200)]
    figures = [
        ("false recovered, worst of 200 rates ≥ 5 %", max(exact(rule, rate)[0] for rate in rates), 0.010),
        (
            "false broken, worst of 50 rates ≤ 1 %",
            max(exact(rule, P0 * k / 50)[1] for k in range(1, 51)),
            0.050,
        ),
        ("the same, never stopping", exact(rule, P0, window=CAP + 1)[1], 0.050),
        ("mean samples at 1 % / Wald's bound", at[P0][3] / wald_bound(P0), 1.10),
        ("mean samples at 5 % / Wald's bound", at[P1][3] / wald_bound(P1), 1.10),
        ("mean samples at 0 % / Wald's bound", at[0.0][3] / wald_bound(0.0), 1.25),
        ("mean samples at 20 %", at[0.2][3], 12.0),
        ("mean samples at 50 %", at[0.5][3], 4.0),
        ("inconclusive at 1 %", at[P0][2], 0.01),
    ]
    for name, row in schedules.items():
        column = 5 if "leak" in name else 4 if "300" in name else 2
        figures.append((f"false recovered, {name}", row[column], 0.01))
    print(f"\n{'figure to reach':<48}{'at most':>9}{'reached':>10}")
    for label, reached, most in figures:
        print(f"{label:<48}{most:9.3f}{reached:10.4f}  {'yes' if reached <= most else 'NO'}")


# --- cost ---


def measure_speed() -> None:
    """Also as a ratio to an empty call, which means the same on another machine."""
    rule = boundaries_for(DEFAULTS)
    plain = per_call(lambda: rule)
    print("\nCost\n")
    print(f"one decision           {per_call(lambda: rule.decide(150, 1)) * 1e6:7.2f} µs")
    test = SequentialTest(ProofSettings(max_samples=100_000))
    cost = per_call(lambda: test.observe(False), calls=90_000)
    print(f"one observed sample    {cost * 1e6:7.2f} µs, {cost / plain:.0f} × an empty call")
    for p0, p1, cap in ((0.01, 0.05, 600), (0.001, 0.01, 5000), (0.01, 0.02, 5000), (0.1, 0.5, 600)):
        calibrated.cache_clear()
        begun = time.perf_counter()
        calibrated(p0=p0, p1=p1, alpha=ALPHA, beta=BETA, cap=cap)
        print(f"boundaries {p0:g}/{p1:g}/{cap:<6} {(time.perf_counter() - begun) * 1e3:6.0f} ms, once")


def per_call(work: Callable[[], object], calls: int = 20_000) -> float:
    """Median seconds of a call, over five rounds."""
    rounds = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(calls // 5):
            work()
        rounds.append((time.perf_counter() - begun) / (calls // 5))
    return statistics.median(rounds)


def main() -> None:
    compare_rules()
    compare_windows()
    proofs_of_an_incident()
    random_stops()
    judge(compare_schedules())
    measure_speed()


if __name__ == "__main__":
    main()
