"""Quantiles of latency with intervals that hold whenever one stops to look.

A band is a time-uniform confidence interval: with probability 1 − α it holds the true quantile at *every* number of
samples at once, so that a run that is stopped as soon as it looks good, or bad, says nothing wrong (Howard and Ramdas,
"Sequential estimation of quantiles with applications to A/B testing and best-arm identification", Bernoulli 28(3),
2022; the idea is Darling and Robbins', 1967). No distribution is assumed.

Of t samples, those above the quantile Q(p) are a share of at least 1 − p. For any q < 1 − p the likelihood ratio
against that, with k samples above,

    M_t(k) = (q / (1 − p))^k · ((1 − q) / p)^(t − k),

is a supermartingale that starts at 1; so is a mean of several of them, and by Ville's inequality (1939) it ever reaches
2/α with probability at most α/2. So at every t more samples than k* lie at or above Q(p), k* being the greatest count
with M_t(k*) ≥ 2/α, and Q(p) is at most the (k* + 1)-th greatest sample. The lower side mirrors it.

Their closed form for the same statement, X_(t(p ± f_t)) with f_t(p) = 1.5·√(p(1−p)·ℓ(t)) + 0.8·ℓ(t) and
ℓ(t) = (1.4·ln ln(2.1·t) + ln(10/α)) / t, is simpler and wider: it bounds p95 from above only after some 580 samples,
a mixture after some 90, which is what a step sends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from fixloop_bot.domain.figures import milliseconds, number
from fixloop_bot.domain.runs import LatencyBand

UNBOUNDED_MS = 1e12
"""The upper end of a band that the samples do not bound: over 30 years, and finite, since JSON has no infinity."""
TIMES_SLOWER = 1.3
"""A drift below this is left alone even where it is certain."""
CERTAIN_DRIFT = 0.025
"""α of each of a drift's two quantiles: together 5 %."""
_MIXTURE = ((0.0, 0.3), (0.25, 0.25), (0.5, 0.15), (0.7, 0.1), (0.85, 0.1), (0.93, 0.05), (0.97, 0.05))
"""q as a multiple of the rate it is held against, and its weight; the first decide early, the last ones narrow late."""


def bands(
    latencies_ms: Sequence[float], *, quantiles: Sequence[float] = (0.5, 0.95), alpha: float = 0.05
) -> tuple[LatencyBand, ...]:
    """The quantiles (each in 0…1, exclusive) of latencies in milliseconds, each with its always-valid band.

    α is the chance that one band misses its quantile at any time, half of it on either side. A side that the samples
    do not bound yet is 0 or ``UNBOUNDED_MS``. Empty without latencies.
    """
    ordered = sorted(latencies_ms)
    return tuple(_band(ordered, quantile, alpha) for quantile in quantiles) if ordered else ()


def _band(ordered: Sequence[float], quantile: float, alpha: float) -> LatencyBand:
    samples = len(ordered)
    above = _ruled_out(samples, 1 - quantile, alpha / 2)
    below = _ruled_out(samples, quantile, alpha / 2)
    return LatencyBand(
        quantile=quantile,
        ms=ordered[min(samples - 1, math.ceil(quantile * samples - 1e-9) - 1)],
        low_ms=ordered[below - 1] if below else 0.0,
        high_ms=ordered[samples - above] if above else UNBOUNDED_MS,
    )


@lru_cache(maxsize=8192)
def _ruled_out(samples: int, rate: float, alpha: float) -> int:
    """How many counts 0, 1, 2 … are too few for events of at least this rate: k* + 1, 0 where none is."""
    low, high = 0, samples + 1
    while low < high:
        count = (low + high) // 2
        if count <= samples and _evidence(samples, count, rate) >= 1 / alpha:
            low = count + 1
        else:
            high = count
    return low


def _evidence(samples: int, count: int, rate: float) -> float:
    """The mixture's likelihood ratio against a rate of at least ``rate``; falls as the count grows."""
    return sum(weight * _ratio(samples, count, rate, rate * multiple) for multiple, weight in _MIXTURE)


def _ratio(samples: int, count: int, rate: float, other: float) -> float:
    if not other:
        return 0.0 if count else math.exp(min(700.0, -samples * math.log1p(-rate)))
    others = (samples - count) * (math.log1p(-other) - math.log1p(-rate))
    return math.exp(max(-700.0, min(700.0, count * math.log(other / rate) + others)))


def certainly_slower(band: LatencyBand, than: LatencyBand) -> bool:
    """Whether the whole band lies above another; false with probability at most α."""
    return band.low_ms > than.high_ms


def spelled(band: LatencyBand) -> str:
    """``212 ms (180–260 ms)``; ``at least`` and ``at most`` where the samples bound one side only."""
    value, low, high = milliseconds(band.ms), milliseconds(band.low_ms), milliseconds(band.high_ms)
    if band.low_ms <= 0 and band.high_ms >= UNBOUNDED_MS:
        return value
    if band.high_ms >= UNBOUNDED_MS:
        return f"{value} (at least {low})"
    if band.low_ms <= 0:
        return f"{value} (at most {high})"
    shared = low.rpartition(" ")[2] == high.rpartition(" ")[2]
    return f"{value} ({low.rpartition(' ')[0] if shared else low}–{high})"


def named(band: LatencyBand) -> str:
    """``p95``, ``p99.9``."""
    return f"p{number(band.quantile * 100)}"


def drifting(first: Sequence[float], last: Sequence[float]) -> str:
    """A sentence where the last third of a soak is certainly slower than its first third, as with a leak; else empty.

    Certain means that the bands of p95 or p50 are disjoint (false with probability at most 5 %); a difference below
    1.3 times is not told. Latencies are in milliseconds.
    """
    for was, now in zip(bands(first, alpha=CERTAIN_DRIFT), bands(last, alpha=CERTAIN_DRIFT), strict=False):
        if certainly_slower(now, was) and now.ms >= TIMES_SLOWER * was.ms:
            began, ended = milliseconds(was.ms), milliseconds(now.ms)
            return (
                f"It gets slower: {named(now)} was {began} in the first third of the time and is {ended} in the last."
            )
    return ""
