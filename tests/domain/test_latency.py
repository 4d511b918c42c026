"""Bands around latency quantiles: they hold at every moment at once, and they are narrow enough to be of use."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.latency import UNBOUNDED_MS, bands, drifting, named, spelled
from fixloop_bot.domain.runs import LatencyBand

STREAMS, LONGEST = 2_000, 300
LOOKS = (1, 2, 3, 5, 8, 12, 17, 24, 33, 45, 60, 75, 90, 105, 130, 160, 200, 250, 300)


def test_a_band_holds_its_quantile_at_every_look_at_once() -> None:
    """2,000 streams, looked at 19 times each, by somebody who stops at the worst moment. α is 5 %."""
    chance = random.Random(20260301)
    missed = {0.5: 0, 0.95: 0}
    for _ in range(STREAMS):
        stream = [chance.random() for _ in range(LONGEST)]  # uniform: the quantile p is p itself
        seen = [band for look in LOOKS for band in bands(stream[:look])]
        for quantile in missed:
            missed[quantile] += any(
                not band.low_ms <= quantile <= band.high_ms for band in seen if band.quantile == quantile
            )
    assert all(0 < count / STREAMS <= 0.05 for count in missed.values()), missed


def test_equal_latencies_and_a_quantile_on_an_atom_are_held_too() -> None:
    """Latencies come in whole milliseconds: 0 with 95 %, 1 with 5 %, the 95th percentile is either of them."""
    chance = random.Random(20260302)
    missed = 0
    for _ in range(STREAMS):
        stream = [float(chance.random() < 0.05) for _ in range(LONGEST)]
        missed += any(band.low_ms > 1 or band.high_ms < 0 for look in LOOKS for band in bands(stream[:look]))
    assert missed == 0


def stitched(ordered: list[float], quantile: float, alpha: float = 0.05) -> tuple[float, float]:
    """Howard and Ramdas' closed form."""
    t = len(ordered)
    ell = (1.4 * math.log(math.log(2.1 * t)) + math.log(10 / alpha)) / t
    f = 1.5 * math.sqrt(quantile * (1 - quantile) * ell) + 0.8 * ell
    low, high = math.floor(t * (quantile - f)), math.floor(t * (quantile + f)) + 1
    return ordered[low - 1] if low >= 1 else 0.0, ordered[high - 1] if high <= t else UNBOUNDED_MS


@pytest.mark.parametrize("samples", [10, 60, 105, 300, 600, 2_000])
def test_a_band_is_nowhere_wider_than_the_closed_form(samples: int) -> None:
    """Nor is p95 without an upper end once a step has sent what it takes to pass."""
    latencies = [float(number) for number in range(1, samples + 1)]
    for band in bands(latencies):
        low, high = stitched(latencies, band.quantile)
        assert low <= band.low_ms <= band.ms <= band.high_ms <= high
    assert (bands(latencies)[1].high_ms < UNBOUNDED_MS) == (samples >= 105)


@given(st.lists(st.floats(0, 60_000), max_size=200), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_a_band_holds_its_estimate(latencies: list[float], chance: random.Random) -> None:
    found = bands(latencies)
    assert len(found) == (2 if latencies else 0)
    for band in found:
        assert band.low_ms <= band.ms <= band.high_ms
        assert band.ms in latencies
        assert band.low_ms == 0.0 or band.low_ms in latencies
        assert band.high_ms == UNBOUNDED_MS or band.high_ms in latencies
    chance.shuffle(latencies)
    assert bands(latencies) == found


def test_a_band_is_spelled_with_the_sides_that_it_has() -> None:
    def of(low: float, high: float) -> str:
        return spelled(LatencyBand(quantile=0.95, ms=1500, low_ms=low, high_ms=high))

    assert of(430, 1800) == "1,500 ms (430–1,800 ms)"
    assert of(430, 12_000) == "1,500 ms (430 ms–12 s)"
    assert of(430, UNBOUNDED_MS) == "1,500 ms (at least 430 ms)"
    assert of(0, 1800) == "1,500 ms (at most 1,800 ms)"
    assert of(0, UNBOUNDED_MS) == "1,500 ms"
    assert [named(band) for band in bands([1.0], quantiles=(0.5, 0.95, 0.999))] == ["p50", "p95", "p99.9"]


def soak(chance: random.Random, *, slower: float = 1.0) -> list[float]:
    return [slower * chance.lognormvariate(4.4, 0.4) for _ in range(100)]


def test_a_soak_that_gets_slower_is_told() -> None:
    """A leak that doubles the latency is seen in a hundred samples; a fifth more is left alone."""
    chance = random.Random(5)
    told = drifting(soak(chance), soak(chance, slower=2))
    assert told.startswith("It gets slower: p50 was ")
    assert told.endswith("in the last.")
    assert drifting(soak(chance), soak(chance, slower=1.2)) == ""
    assert drifting([], soak(chance)) == drifting([80.0], [400.0]) == ""


def test_a_steady_soak_is_not_called_slower() -> None:
    chance = random.Random(6)
    assert sum(bool(drifting(soak(chance), soak(chance))) for _ in range(500)) <= 5
