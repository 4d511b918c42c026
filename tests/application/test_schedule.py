"""Slots, windows and connections: the schedule by itself."""

from __future__ import annotations

import random

import pytest

from fixloop_bot.application.schedule import (
    LONGEST_WINDOW_S,
    Slots,
    latency_lines,
    on_fresh_connection,
    schedule_for,
    settings_for,
)
from fixloop_bot.domain.decision import ProofSettings, ProofSettingsError
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, ProofOverride, Request, Role, Step
from fixloop_bot.domain.runs import RunKind
from tests.application.office import checkout

DEFAULTS = ProofSettings()


def step(*lines: str, **changes: object) -> Step:
    check = HttpCheck(request=Request(path="/"), expect=lines)
    return Step(**{"id": "s1", "title": "t", "role": Role.CONTROL, "check": check, **changes})  # type: ignore[arg-type]


def test_a_window_takes_the_samples_that_a_spotless_service_needs() -> None:
    """97 for the defaults, and 15 % more slots, so that a void or two do not cost a second window."""
    schedule = schedule_for([DEFAULTS], share=20, kind=RunKind.VALIDATE, soak_s=600)
    assert schedule.window_s == 60
    assert 97 * 1.1 < 60 / schedule.width_s < 97 * 1.2


def test_the_share_of_the_rate_bounds_the_pace() -> None:
    schedule = schedule_for([DEFAULTS], share=0.5, kind=RunKind.VALIDATE, soak_s=600)
    assert schedule.width_s == 2
    assert schedule_for([DEFAULTS], share=0.2, kind=RunKind.SOAK, soak_s=600).width_s == 5


@pytest.mark.parametrize(("period", "window"), [(0, 60), (45, 60), (300, 300), (86_400, LONGEST_WINDOW_S)])
def test_the_incidents_period_lengthens_the_window(period: float, window: float) -> None:
    """Up to half an hour; the watch is as long as it is."""
    schedule = schedule_for([DEFAULTS], share=20, kind=RunKind.CONFIRM, soak_s=600, period_s=period)
    assert schedule.window_s == window
    soak = schedule_for([DEFAULTS], share=20, kind=RunKind.SOAK, soak_s=600, period_s=period)
    assert (soak.window_s, soak.width_s) == (600, 2)


@pytest.mark.parametrize(("soak", "most"), [(600, 600), (590, 295), (900, 600), (3600, 1800), (20, 10)])
def test_a_soak_goes_on_where_that_decides_it(soak: float, most: int) -> None:
    """For up to twice its time; a short one could not decide in that, a long one has decided before its end."""
    assert schedule_for([DEFAULTS], share=20, kind=RunKind.SOAK, soak_s=soak).most_samples == most


def test_a_step_may_tighten_its_settings_and_not_loosen_them() -> None:
    tight = ProofOverride(unacceptable=0.1, confidence=0.999, window_s=90)
    settings = settings_for(step(proof=tight), checkout())
    assert (settings.unacceptable, settings.confidence, settings.window_s) == (0.1, 0.999, 90)
    with pytest.raises(ProofSettingsError, match="may only be tightened"):
        settings_for(step(proof=ProofOverride(window_s=1)), checkout())


def test_latency_lines_are_upper_bounds_of_any_leg() -> None:
    """A lower bound is no claim of being fast."""
    lines = latency_lines(step("status == 200", "p95 < 400", "latency <= 1 s", "latency > 1"))
    assert [(line.source, line.limit_ms, line.quantile) for line in lines] == [
        ("p95 < 400", 400, 0.95),
        ("latency <= 1 s", 1000, None),
    ]
    legs = tuple(Leg(request=Request(path="/"), expect=(line,)) for line in ("p95 < 400", "p99 < 900"))
    assert len(latency_lines(step(check=JourneyCheck(legs=legs)))) == 2


@pytest.mark.parametrize("seed", ["s1", "s2", "INC-7-r2:s1"])
@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 6, 7, 12, 25, 26, 40])
def test_most_connections_are_fresh_and_none_is_tied_to_an_input(inputs: int, seed: str) -> None:
    """At least half at any time; each input gets both kinds within three turns."""
    numbers = range(1, max(112, 3 * inputs) + 1)
    fresh = {number: on_fresh_connection(number, inputs=inputs, seed=seed) for number in numbers}
    for upto in (30, 60, 112):
        assert sum(fresh[number] for number in range(1, upto + 1)) >= upto / 2
    by_input = {((number - 1) % inputs, fresh[number]) for number in range(1, 3 * inputs + 1)}
    assert len(by_input) == 2 * inputs


def test_one_random_time_in_each_slot() -> None:
    """Evenly over the slot, and never two in one."""
    schedule = schedule_for([DEFAULTS], share=20, kind=RunKind.VALIDATE, soak_s=600)
    slots, now, places = Slots(schedule, random.Random(5)), 1000.0, []
    for place in range(2000):
        now = slots.next_due(now)
        places.append((now - 1000.0) / schedule.width_s - place)
    assert 0 <= min(places) < 0.01
    assert 0.99 < max(places) < 1
    assert sum(places) / len(places) == pytest.approx(0.5, abs=0.02)


def test_a_late_sample_moves_the_slots_after_it() -> None:
    """They keep their width; what was lost is added to how long the window lasted, not to what it covered."""
    schedule = schedule_for([DEFAULTS], share=1, kind=RunKind.VALIDATE, soak_s=600)
    slots = Slots(schedule, random.Random(5))
    first = slots.next_due(1000.0)
    assert 1000 <= first < 1001
    second = slots.next_due(1007.5)
    assert 1007.5 <= second < 1008.5
    slots.done = 2
    assert (slots.covered_s, slots.lasted_s) == (2, 8.5)
    assert slots.left_s(0) == pytest.approx(58 * 8.5 / 2)
