"""The sequential decision against the usual rules and against the figures it has to reach.

Run by hand: ``python -m tests.benchmarks.decision``. Constant failure rates are exact (the distribution is
stepped from sample to sample); faults that vary with time are 20,000 seeded streams each. Takes some
minutes. Ends with 1 if a figure is missed.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from fixloop_bot.application.change import watched
from fixloop_bot.application.schedule import SOAK_PER_SECOND, Schedule, Slots, schedule_for
from fixloop_bot.domain.boundaries import calibrated, evidence_of_breakage, evidence_of_recovery
from fixloop_bot.domain.cusum import Cusum, chart_for, false_alarm, mean_delay
from fixloop_bot.domain.decision import Decision, ProofSettings, SequentialTest, boundaries_for, reproduced
from fixloop_bot.domain.periods import longest_period
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.signals import Comparator

P0, P1, ALPHA, BETA, CAP = 0.01, 0.05, 0.05, 0.01, 600
RATES = (0.0, 0.01, 0.05, 0.2, 0.5)
STREAMS = 20_000
SEED = 20261122
DEFAULTS = ProofSettings()
SOAK_S = 600.0
PLANNED = round(SOAK_S * SOAK_PER_SECOND)
WATCHED = schedule_for([DEFAULTS], share=20, kind=RunKind.SOAK, soak_s=SOAK_S).most_samples
METRIC_EVERY_S, METRIC_FOR_S = 15.0, 3600.0

OURS = "FixLoop, calibrated"

Rule = Callable[[int, int], Decision]
Outcome = tuple[float, float, float, float]  # recovered, broken, inconclusive, mean samples
Figure = tuple[str, float, float]  # what, reached, at most
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


def random_stops() -> list[Figure]:
    """Looking at 1,000 random times, and stopping at the first that suits a liar, adds nothing: the union of
    the looks is part of the event that the boundary is ever met, which is what was calibrated."""
    rng = random.Random(SEED)
    draws = [{rng.randint(1, CAP) for _ in range(1_000)} for _ in range(10)]
    print("\nStopping at the first of 1,000 random looks that suits a liar; worst of ten draws. Exact.\n")
    figures: list[Figure] = []
    for said, rate, budget in ((Decision.RECOVERED, P1, BETA), (Decision.BROKEN, P0, ALPHA)):
        worst = max(ever_said(said, rate, looks) for looks in draws)
        always = ever_said(said, rate, set(range(1, CAP + 1)))
        print(f"{said.value} at {rate:.0%}: {worst:.5f}; looking after every sample {always:.5f}")
        figures.append((f"false {said.value}, stopped at 1,000 random times", worst, budget))
    return figures


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
    "10 s in every 60 s": (duty(10, 60), 60.0),
    "3 s in every 60 s": (duty(3, 60), 60.0),
    "30 s in every 300 s": (duty(30, 300), 300.0),
    "leak from 120 s, 5 %": (leak(120, 0.05), 60.0),
    "leak from 120 s, 10 %": (leak(120, 0.1), 60.0),
    "leak from 120 s, 20 %": (leak(120, 0.2), 60.0),
    "leak from 120 s, 100 %": (leak(120, 1.0), 60.0),
}
"""The fault, and how long a window has to be to meet it; a leak is for the watch."""


def slots(window: float, rng: random.Random) -> tuple[Iterator[float], Schedule]:
    """The times at which a step's samples are sent, by the product's own schedule."""
    schedule = schedule_for([DEFAULTS], share=20, kind=RunKind.VALIDATE, soak_s=SOAK_S, period_s=window)
    return times_of(Slots(schedule, rng)), schedule


def times_of(made: Slots) -> Iterator[float]:
    now = 0.0
    while True:
        now = made.next_due(now)
        yield now


def steady(rate: float, rng: random.Random) -> Iterator[float]:
    """Evenly, from a phase nobody knows: what a script in a loop, or a cron job, does."""
    at = rng.random() / rate
    while True:
        yield at
        at += 1 / rate


def conclude(times: Iterator[float], until: int, fails: Fails, rng: random.Random) -> tuple[Decision, float]:
    """One run until it is decided or the cap is reached; the verdict and the second it was given. The window is over
    with sample ``until``."""
    test, at = SequentialTest(DEFAULTS), 0.0
    while not test.exhausted:
        at = next(times)
        test.observe(fails(at, rng))
        said = test.verdict(window_over=test.samples >= until)
        if said is not Decision.UNDECIDED:
            return said, at
    return Decision.UNDECIDED, at


def watch_says(start: float, fails: Fails, rng: random.Random) -> Decision:
    """The soak: one sample in two seconds, the sequential test and the CUSUM side by side, each with half of α. It ends
    after ten minutes, or once the sequential test has decided."""
    schedule = schedule_for([DEFAULTS], share=20, kind=RunKind.SOAK, soak_s=SOAK_S)
    settings, times = watched(DEFAULTS), times_of(Slots(schedule, rng))
    test, change = SequentialTest(settings), Cusum(chart_for(settings, samples=WATCHED, alpha=settings.alpha))
    for sample in range(1, schedule.most_samples + 1):
        failed = fails(start + next(times), rng)
        broken = test.observe(failed) is Decision.BROKEN
        if change.observe(failed) or broken:
            return Decision.BROKEN
        if sample >= PLANNED and test.decision is Decision.RECOVERED:
            return Decision.RECOVERED
    return Decision.UNDECIDED


def period_of_signal(fails: Fails, rng: random.Random) -> float:
    """What the incident's own metric, read for the hour before, says of the fault's period: W is at least that."""
    count = round(METRIC_FOR_S / METRIC_EVERY_S)
    times = [place * METRIC_EVERY_S for place in range(count)]
    # A metric's point is the mean over its interval; so many requests fall into it that it sees any failure.
    points = [(at, float(any(fails(at + part, rng) for part in range(round(METRIC_EVERY_S))))) for at in times]
    return longest_period(points, 0.5, Comparator.ABOVE)


def false_recoveries(fault: Callable[[random.Random], Fails], window: float | None, *, watch: bool = False) -> float:
    """P(recovered) by our procedure; without a ``window`` it follows from the fault's signal before the fix."""
    rng, wrong = random.Random(SEED), 0
    for _ in range(STREAMS):
        fails = fault(rng)
        times, schedule = slots(max(60.0, period_of_signal(fails, rng)) if window is None else window, rng)
        said, at = conclude(times, math.ceil(schedule.window_s / schedule.width_s - 1e-9), fails, rng)
        if said is Decision.RECOVERED and (not watch or watch_says(at, fails, rng) is Decision.RECOVERED):
            wrong += 1
    return wrong / STREAMS


def false_by_rule(fault: Callable[[random.Random], Fails], rule: Rule, per_second: float) -> float:
    """P(recovered) by another rule at its own pace."""
    rng, wrong = random.Random(SEED), 0
    for _ in range(STREAMS):
        fails, samples, failures, said = fault(rng), 0, 0, Decision.UNDECIDED
        for at in steady(per_second, rng):
            samples, failures = samples + 1, failures + fails(at, rng)
            said = rule(samples, failures)
            if said is not Decision.UNDECIDED or samples >= CAP:
                break
        wrong += said is Decision.RECOVERED
    return wrong / STREAMS


OTHERS: dict[str, tuple[Rule, float]] = {
    "SPRT, 200/s": (wald_sprt, 200),
    "SPRT, 10/s": (wald_sprt, 10),
    "fixed, 10/s": (fixed(259, 5), 10),
    "k6, 10/s": (fixed(100, 0), 10),
    "Argo, 30 s": (argo, 1 / 30),
    "Gatus, 60 s": (two_in_a_row, 1 / 60),
}


def compare_schedules() -> list[Figure]:
    print(
        f"\nP(false recovered) for faults that vary with time; {STREAMS:,} streams each. Ours is one sample at a random"
    )
    print("time in each slot over W; with a watch, the soak of 10 min at 0.5/s has to stay quiet, too. The others at")
    print("their own pace.\n")
    ours = ("W 60 s", "W 120 s", "W 300 s", "W 60, watch")
    print(f"{'fault':<23}" + "".join(f"{name:>13}" for name in (*ours, *OTHERS)))
    figures: list[Figure] = []
    for name, (fault, needed) in FAULTS.items():
        row = [false_recoveries(fault, window) for window in (60.0, 120.0, 300.0)]
        row.append(false_recoveries(fault, 60.0, watch=True))
        leaks = name.startswith("leak")
        figures.append(
            (
                f"{name}, {'with its watch' if leaks else f'W {needed:.0f} s'}",
                row[3 if leaks else {60: 0, 300: 2}[needed]],
                0.01,
            )
        )
        row += [false_by_rule(fault, rule, pace) for rule, pace in OTHERS.values()]
        print(f"{name:<23}" + "".join(f"{value:13.4f}" for value in row))
    for name, (fault, _) in FAULTS.items():
        if not name.startswith("leak"):
            figures.append((f"{name}, W from its own signal", false_recoveries(fault, None), 0.01))
    print("The window has to be at least the fault's period: 60 s for the first two, 300 s for the third.")
    return figures


def compare_watches() -> list[Figure]:
    """The CUSUM of the soak, exactly; and both of its tests together, simulated."""
    settings = watched(DEFAULTS)
    chart = chart_for(settings, samples=WATCHED, alpha=settings.alpha)
    rates = (0.05, 0.1, 0.2, 0.5, 1.0)
    print(
        f"\nThe watch: CUSUM (+{chart.up}, −{chart.down}, alarm at {chart.alarm}). Mean samples to the alarm. Exact.\n"
    )
    print("".join(f"{rate:>9.0%}" for rate in rates) + f"   false in {WATCHED} samples at 1 %")
    alarm = false_alarm(chart, rate=P0, samples=WATCHED)
    print("".join(f"{mean_delay(chart, rate=rate):9.1f}" for rate in rates) + f"   {alarm:.4f}")
    rng = random.Random(SEED)
    healthy: Fails = lambda _, rng: rng.random() < P0  # noqa: E731
    said = [watch_says(0.0, healthy, rng) for _ in range(STREAMS)]
    loud, unsure = said.count(Decision.BROKEN) / STREAMS, said.count(Decision.UNDECIDED) / STREAMS
    return [
        ("false alarm of the CUSUM within a soak", alarm, settings.alpha),
        ("false alarm of the whole watch", loud, ALPHA),
        ("the watch is inconclusive at 1 %", unsure, 0.01),
    ]


# --- the figures to reach ---


def judge(found: list[Figure]) -> bool:
    rule = RULES[OURS]
    at = {rate: exact(rule, rate) for rate in RATES}
    rates = [P1 + step * (1 - P1) / 200 for step in range(200)]
    figures: list[Figure] = [
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
    figures += found
    print(f"\n{'figure to reach':<52}{'at most':>9}{'reached':>10}")
    for label, reached, most in figures:
        print(f"{label:<52}{most:9.3f}{reached:10.4f}  {'yes' if reached <= most else 'NO'}")
    return all(reached <= most for _, reached, most in figures)


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


def main() -> bool:
    compare_rules()
    compare_windows()
    proofs_of_an_incident()
    held = judge([*random_stops(), *compare_watches(), *compare_schedules()])
    measure_speed()
    return held


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
