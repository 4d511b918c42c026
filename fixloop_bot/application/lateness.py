"""Latency, and how much of it is our own: what a step claims about it, tested on the samples that can be trusted.

Our own lag only ever adds to a latency: a sample within a limit was within it, however late FixLoop's event loop ran.
One over the limit during which the loop was late by more than a tenth of that limit is unclear: nobody knows whose time
it was. Leaving such samples out flatters the service, so above a small share of them the step is inconclusive; and so
it is where we lagged during most samples, whatever they say: an instrument in that state measures nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fixloop_bot.domain.decision import ProofSettings, SequentialTest
from fixloop_bot.domain.expectations.claim import Assertion
from fixloop_bot.domain.figures import milliseconds
from fixloop_bot.domain.samples import FaultKind, Sample

OWN_SHARE = 0.1
"""Of a limit: more lag of our own than this, and the sample says nothing about it."""
SHORTEST_PATIENCE_MS = 3_000.0
"""A connection is waited for so long. Who is late by a share of that may have slept through the answer."""
_RUN_OUT_OF_TIME = frozenset({FaultKind.TIMEOUT, FaultKind.RESET, FaultKind.TRUNCATED})


MOST = 0.5


class Lateness:
    """The latency lines of one step: a sequential test for each quantile, and the lag that each line has seen."""

    def __init__(self, lines: Sequence[Assertion], settings: ProofSettings) -> None:
        self._limits = {line.source: line.limit_ms or 0.0 for line in lines}
        self.slow = {
            line.source: SequentialTest(settings.for_quantile(line.quantile))
            for line in lines
            if line.quantile is not None
        }
        self.answered = 0
        self.lagged: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.worst_ms = 0.0

    @property
    def claims(self) -> bool:
        """Whether the step says anything about latency."""
        return bool(self._limits)

    def late(self, sample: Sample) -> set[str]:
        """The quantile lines that this sample missed."""
        return {failure.source for failure in sample.failures if failure.source in self.slow}

    def lags(self, source: str, sample: Sample) -> bool:
        return sample.lag_ms > OWN_SHARE * self._limits[source]

    def unclear(self, source: str, sample: Sample) -> bool:
        """Whether the sample missed the line, and that may have been us."""
        return self.lags(source, sample) and any(failure.source == source for failure in sample.failures)

    def ours_alone(self, sample: Sample) -> bool:
        """Whether all that is wrong with the sample may be our own slowness: it ran out of time while we lagged."""
        if sample.fault is not None:
            return sample.fault.kind in _RUN_OUT_OF_TIME and sample.lag_ms > OWN_SHARE * SHORTEST_PATIENCE_MS
        plain = {failure.source for failure in sample.failures if failure.source not in self.slow}
        return bool(plain) and all(source in self._limits and self.lags(source, sample) for source in plain)

    def add(self, sample: Sample) -> dict[str, bool]:
        """Count a sample that brought an answer; the quantile tests that it was fed to, and whether it missed."""
        self.answered += 1
        lagged = {source for source in self._limits if self.lags(source, sample)}
        unclear = {source for source in lagged if self.unclear(source, sample)}
        self.lagged.update(lagged)
        self.missed.update(unclear)
        if lagged:
            self.worst_ms = max(self.worst_ms, sample.lag_ms)
        late = self.late(sample)
        fed = {source: source in late for source in self.slow if source not in unclear}
        for source, missed in fed.items():
            self.slow[source].observe(missed)
        return fed

    def own_slowness(self, share: float) -> str:
        """The sentence for a line of which more than this share of the samples is unclear; empty for none."""
        return self._sentence_for(self.missed, share)

    def blind(self, *, least: int = 1) -> str:
        """The sentence for a line during most of whose samples, and so many, we lagged; empty for none."""
        return self._sentence_for(self.lagged, MOST, least=least)

    def _sentence_for(self, counts: Counter[str], share: float, *, least: int = 1) -> str:
        lines = (source for source, count in counts.items() if count >= least and count > share * self.answered)
        return next((self.sentence(source) for source in lines), "")

    def excuse(self, sample: Sample) -> str:
        """Why a sample that is ours alone is void."""
        if sample.fault is not None:
            return f"FixLoop itself was slow (its loop ran {milliseconds(sample.lag_ms)} late)"
        return self.sentence(next(failure.source for failure in sample.failures if failure.source not in self.slow))

    def sentence(self, source: str) -> str:
        worst, limit = milliseconds(self.worst_ms), milliseconds(self._limits[source])
        return f"FixLoop itself was slow (its loop ran {worst} late, the limit is {limit})"
