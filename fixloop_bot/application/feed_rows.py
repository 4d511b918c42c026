"""The feed's rows, kept up to date: whoever changes an incident leaves word, and whoever reads the feed makes the row.

So no opening of the feed loads old incidents: it reads small rows, and these only when one of them has changed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fixloop_bot.application.feed_views import FeedStore
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import BadInput, NewerDocument
from fixloop_bot.domain.feed import FeedRow, row_of
from fixloop_bot.domain.numbers import PERIOD_S, Numbers, numbers_of

log = logging.getLogger(__name__)

NUMBERS_FOR_S = 60.0
"""The period's beginning moves on, so that numbers are counted again also when no row has changed."""


class FeedRows:
    """Reads and makes rows. What it has read it keeps until the store's count of changes moves."""

    def __init__(self, store: FeedStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changes = -1
        self._rows: Sequence[FeedRow] = ()
        self._numbers = Numbers()
        self._counted_at = 0.0

    async def catch_up(self) -> None:
        """Make the rows of the incidents that have changed."""
        for incident_id in await self._store.feed_news():
            await self._make(incident_id)

    async def _make(self, incident_id: str) -> None:
        try:
            incident = await self._store.incident(incident_id)
        except (NewerDocument, BadInput) as error:
            log.warning("%s is not in the feed: %s", incident_id, error)
            incident = None
        if incident is None:
            await self._store.drop_feed_rows([incident_id])
        else:
            await self._store.put_feed_row(row_of(incident, await self._store.feed_row(incident_id)))

    async def complete(self) -> None:
        """Make the rows that a FixLoop without a feed has not left, and drop those that nobody counts any more."""
        known = {row.id: row for row in await self._store.feed_rows()}
        oldest = self._clock.now() - PERIOD_S
        for incident_id in [*await self._store.incidents_since(oldest), *await self._store.open_incidents()]:
            if incident_id not in known:
                await self._make(incident_id)
        old = [
            row.id for row in known.values() if not row.is_open and max(row.opened_at, row.resolved_at or 0) < oldest
        ]
        await self._store.drop_feed_rows(old)

    async def rows(self) -> Sequence[FeedRow]:
        """All rows as they are now."""
        changes = await self._store.feed_changes()
        if changes != self._changes:
            self._rows = await self._store.feed_rows()
            self._changes, self._counted_at = changes, 0.0
        return self._rows

    async def numbers(self) -> Numbers:
        rows, now = await self.rows(), self._clock.now()
        if not 0 <= now - self._counted_at < NUMBERS_FOR_S:
            self._numbers, self._counted_at = numbers_of(rows, now=now), now
        return self._numbers
