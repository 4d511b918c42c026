"""A baseline: what a service's answers looked like while it was healthy, so that the first incident has a before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fixloop_bot.domain.latency import bands
from fixloop_bot.domain.runs import LatencyBand
from fixloop_bot.domain.samples import Outcome, Sample
from fixloop_bot.domain.shapes import merged

KEPT_LATENCIES = 200
KEPT_DIGESTS = 50
KEPT_STATUSES = 6
SETTLED = 5
"""Samples after which another shape is news."""
STRANGE_UNTIL_LEARNED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBaseline:
    """What was learned of one request (``line``: ``POST /checkout``).

    ``shape`` is the merged JSON shape of its answers (``domain.shapes``), empty where none was JSON; ``statuses`` how
    often each came; ``digests`` the last different bodies, at most 50; ``latencies_ms`` the last ones, at most 200, of
    which ``latency`` holds the bands.
    """

    line: str
    samples: int = 0
    statuses: tuple[tuple[str, int], ...] = ()
    shape: str = ""
    server: str = ""
    digests: tuple[str, ...] = ()
    latencies_ms: tuple[float, ...] = ()
    latency: tuple[LatencyBand, ...] = ()
    strange: int = 0
    """How many answers had a shape that was never seen before, and were not learned from."""
    captured: tuple[str, ...] = ()
    """Inputs that were found in answers, as JSON objects in text: data that later samples may vary over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """All that was learned of one service; ``since`` and ``until`` in epoch seconds."""

    service: str
    since: float
    until: float
    probes: tuple[ProbeBaseline, ...] = ()

    def of(self, line: str) -> ProbeBaseline | None:
        return next((probe for probe in self.probes if probe.line == line), None)


def learned(old: ProbeBaseline | None, line: str, samples: Sequence[Sample]) -> ProbeBaseline:
    """What is known of a request once these samples are added to it; only those that passed teach anything.

    What came once stays possible: a shape only becomes wider. Once it has settled, answers of another shape wait: a bug
    is older than its alert. Only where they keep coming, without an incident, were they a change and no bug. Figures
    follow the last 200 samples.
    """
    before = old or ProbeBaseline(line=line)
    passed = [sample for sample in samples if sample.outcome is Outcome.PASSED]
    settled = before.samples >= SETTLED and before.strange < STRANGE_UNTIL_LEARNED
    good = [sample for sample in passed if not (settled and _is_strange(before.shape, sample.shape))]
    strange = before.strange + len(passed) - len(good)
    if not good:
        return replace(before, strange=strange)
    latencies = [*before.latencies_ms, *(sample.latency_ms for sample in good if sample.latency_ms is not None)]
    latencies = latencies[-KEPT_LATENCIES:]
    statuses = Counter(dict(before.statuses))
    statuses.update(str(sample.status) for sample in good if sample.status is not None)
    return ProbeBaseline(
        line=line,
        samples=before.samples + len(good),
        statuses=tuple(statuses.most_common(KEPT_STATUSES)),
        shape=merged([before.shape, *(sample.shape for sample in good)]),
        server=before.server,
        digests=_last_different([*before.digests, *(sample.digest for sample in good if sample.digest)]),
        latencies_ms=tuple(latencies),
        latency=bands(latencies),
        strange=strange if settled else 0,
        captured=before.captured,
    )


def _is_strange(known: str, shape: str) -> bool:
    """Whether an answer has a shape that the known one does not cover: perhaps the bug whose alert is on its way."""
    return bool(known) and bool(shape) and merged([known, shape]) != known


def _last_different(digests: Sequence[str]) -> tuple[str, ...]:
    newest_first = dict.fromkeys(reversed(digests))
    return tuple(reversed(list(newest_first)[:KEPT_DIGESTS]))
