"""The last hour of what is broken, read now and then while somebody looks at the feed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fixloop_bot.application.evidence import merged
from fixloop_bot.application.feed import LEADER_S, LOOKING_S
from fixloop_bot.application.feed_rows import FeedRows
from fixloop_bot.application.feed_views import FeedStore
from fixloop_bot.application.ports import Clock, Telemetry
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import StoreUnavailable, TelemetryUnavailable
from fixloop_bot.domain.feed import FeedRow, open_rows
from fixloop_bot.domain.signals import Comparator, Measure

log = logging.getLogger(__name__)

HOUR_S = 3600.0
CURVE_EVERY_S = 300
"""A curve of an hour looks much the same for so long. Queries are a budget that runs and the watch need more."""
MOST_CURVES = 6
POINTS_KEPT = 120


class Curves:
    """Reads the metric of the worst open incidents, one query at a time."""

    def __init__(
        self, store: FeedStore, rows: FeedRows, *, telemetry: Telemetry, catalog: Catalog, clock: Clock, name: str
    ) -> None:
        self._store = store
        self._rows = rows
        self._telemetry = telemetry
        self._catalog = catalog
        self._clock = clock
        self._name = name

    async def run(self) -> None:
        """Read for ever, while this process leads and somebody looks."""
        while True:
            try:
                if await self._store.lead("curves", self._name, seconds=LEADER_S):
                    await self.once()
            except StoreUnavailable as error:
                log.warning("curves wait: %s", error)
            except Exception:
                log.exception("a curve could not be read")
            await self._clock.sleep(self._telemetry.seconds_between_queries())

    async def once(self) -> None:
        """Read the one curve that is due, if any is."""
        now = self._clock.now()
        if not await self._store.viewers(since=now - LOOKING_S):
            return
        for row in open_rows(await self._rows.rows(), now)[:MOST_CURVES]:
            measure = self._measure(row)
            if measure is not None and await self._store.once(f"curve:{row.id}", seconds=CURVE_EVERY_S):
                await self._read(row.id, measure, now)
                return

    def _measure(self, row: FeedRow) -> Measure | None:
        service = self._catalog.service(row.service or "")
        if row.measure is not None or service is None:
            return row.measure
        return service.measure("error_rate") or service.measure("p95_ms")

    async def _read(self, incident_id: str, measure: Measure, now: float) -> None:
        try:
            points = merged(await self._telemetry.query(measure.query, start=now - HOUR_S, end=now))
        except TelemetryUnavailable as error:
            log.info("the curve of %s was not read: %s", incident_id, error)
            return
        lowest = measure.comparator in (Comparator.BELOW, Comparator.AT_MOST)
        await self._store.save_curve(incident_id, _thinned(points, lowest=lowest))


def _thinned(points: Sequence[tuple[float, float]], *, lowest: bool) -> Sequence[tuple[float, float]]:
    """At most ``POINTS_KEPT`` points and the last one, each the worst of its neighbours: that is what one looks for."""
    worst = min if lowest else max
    step = max(1, -(-len(points) // POINTS_KEPT))
    groups = [points[first : first + step] for first in range(0, len(points), step)]
    kept = [worst(group, key=lambda point: point[1]) for group in groups]
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]
