"""The promises of the watch for a change. Error probabilities come from a second implementation, written only here."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.cusum import Chart, Cusum, chart_for, false_alarm, mean_delay
from fixloop_bot.domain.decision import Decision, ProofSettings, SequentialTest

DEFAULTS = ProofSettings()
SOAK = 600
CASES = {
    "defaults": DEFAULTS,
    "an SLO of 0": ProofSettings(tolerated=0.0),
    "one in a thousand": ProofSettings(tolerated=0.001, unacceptable=0.01, max_samples=3000),
    "close rates": ProofSettings(tolerated=0.3, unacceptable=0.5, max_samples=300),
    "p99": DEFAULTS.for_quantile(0.99),
}


def alarm_chance(chart: Chart, rates: list[float]) -> float:
    """P(an alarm) for a stream whose n-th sample fails with the n-th rate: sample by sample, over a dictionary."""
    alive, alarmed = {0: 1.0}, 0.0
    for rate in rates:
        moved: dict[int, float] = {}
        for level, mass in alive.items():
            for after, part in ((level + chart.up, mass * rate), (max(0, level - chart.down), mass * (1 - rate))):
                if after >= chart.alarm:
                    alarmed += part
                else:
                    moved[after] = moved.get(after, 0.0) + part
        alive = moved
    return alarmed


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("samples", [1, 30, SOAK])
def test_a_healthy_service_alarms_with_at_most_alpha_within_the_soak(name: str, samples: int) -> None:
    """Exactly, and with the lowest alarm line that keeps it."""
    settings = CASES[name]
    chart = chart_for(settings, samples=samples, alpha=0.025)
    p0 = settings.tested_tolerated
    assert alarm_chance(chart, [p0] * samples) <= 0.025
    assert alarm_chance(chart, [p0 / 3] * samples) <= 0.025
    if chart.alarm > 1:
        lower = Chart(up=chart.up, down=chart.down, alarm=chart.alarm - 1)
        assert alarm_chance(lower, [p0] * samples) > 0.025


def test_a_rate_that_varies_below_the_tolerated_one_alarms_no_more_often() -> None:
    """Good and spotless minutes in turn, and a slow rise to p0."""
    chart = chart_for(DEFAULTS, samples=SOAK, alpha=0.025)
    for rates in ([0.01 * (n // 30 % 2) for n in range(SOAK)], [0.01 * n / SOAK for n in range(SOAK)]):
        assert alarm_chance(chart, rates) <= 0.025


@pytest.mark.parametrize("samples", [1, 57, 300, 3000])
def test_the_chance_of_a_false_alarm_is_exact_however_long_the_soak(samples: int) -> None:
    """Also where it is taken as a power, since stepping through a day of samples would take too long."""
    chart = chart_for(DEFAULTS, samples=SOAK, alpha=0.025)
    exact = alarm_chance(chart, [0.01] * samples)
    assert false_alarm(chart, rate=0.01, samples=samples) == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_a_soak_of_a_day_is_calibrated_too() -> None:
    chart = chart_for(DEFAULTS, samples=43_200, alpha=0.025)
    assert 0.01 < false_alarm(chart, rate=0.01, samples=43_200) <= 0.025


def test_simulated_alarms_agree_with_the_exact_chance() -> None:
    """20,000 seeded soaks at p0, within 4 sigma."""
    chart, rng, streams = chart_for(DEFAULTS, samples=SOAK, alpha=0.025), random.Random(20261122), 20_000
    alarms = 0
    for _ in range(streams):
        level = at = 0
        # Only failures are drawn, by the gaps between them: the same distribution in far fewer steps.
        while (gap := 1 + int(math.log(1 - rng.random()) / math.log1p(-0.01))) <= SOAK - at:
            at, level = at + gap, max(0, level - (gap - 1) * chart.down) + chart.up
            if level >= chart.alarm:
                alarms += 1
                break
    exact = false_alarm(chart, rate=0.01, samples=SOAK)
    assert abs(alarms / streams - exact) < 4 * math.sqrt(exact * (1 - exact) / streams)


@pytest.mark.parametrize(("rate", "delay"), [(0.05, 131), (0.1, 48.7), (0.2, 21.2), (0.5, 8), (1.0, 4)])
def test_the_delay_is_the_documented_one(rate: float, delay: float) -> None:
    """From the start of the trouble, after a healthy stretch of any length: exact, and by 2,000 seeded streams."""
    chart = chart_for(DEFAULTS, samples=SOAK, alpha=0.025)
    exact = mean_delay(chart, rate=rate)
    assert exact == pytest.approx(delay, rel=0.01)
    rng, waits = random.Random(7), []
    for _ in range(2_000):
        watch = Cusum(chart)
        for _ in range(250):
            watch.observe(False)
        waits.append(next(n for n in range(1, 100_000) if watch.observe(rng.random() < rate)))
    assert sum(waits) / len(waits) == pytest.approx(exact, rel=0.08)


def test_trouble_after_a_long_good_time_is_noticed_sooner_than_by_the_sequential_test() -> None:
    """Four failures in a row after 250 healthy samples: the watch alarms, the test over all samples does not."""
    watch, test = Cusum(chart_for(DEFAULTS, samples=SOAK, alpha=0.025)), SequentialTest(DEFAULTS)
    for failed in [*[False] * 250, *[True] * 4]:
        watch.observe(failed)
        test.observe(failed)
    assert watch.alarmed
    assert test.decision is not Decision.BROKEN


def test_an_alarm_says_where_the_trouble_began_and_sticks() -> None:
    """The run of trouble is what came since S last was 0; a failure long before is not part of it."""
    watch = Cusum(Chart(up=10, down=1, alarm=25))
    stream = [*[False] * 20, True, *[False] * 30, True, False, True, False, False, True]
    assert [watch.observe(failed) for failed in stream].index(True) == len(stream) - 1
    assert (watch.began, watch.samples, watch.failures) == (51, 6, 3)
    assert all(watch.observe(False) for _ in range(500))
    assert (watch.began, watch.samples, watch.failures) == (51, 6, 3)


@given(stream=st.lists(st.booleans(), min_size=1, max_size=150), data=st.data())
def test_a_worse_sample_never_silences_an_alarm(stream: list[bool], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream) - 1))
    chart = chart_for(DEFAULTS, samples=SOAK, alpha=0.025)
    before, after = Cusum(chart), Cusum(chart)
    for place, failed in enumerate(stream):
        before.observe(failed)
        after.observe(failed or place == at)
    assert after.alarmed >= before.alarmed
