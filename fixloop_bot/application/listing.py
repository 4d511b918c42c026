"""``/fixloop list`` and ``/fixloop services``: what is there, and what a service lacks to prove anything."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Protocol

from fixloop_bot.application.brake import Brake
from fixloop_bot.application.feed import Feed
from fixloop_bot.application.feed_views import Front
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.wishes import Command, Deed, Wish
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.feed import FeedRow, open_rows, resolved_rows, rows_of_person
from fixloop_bot.domain.mutes import Mute

KINDS = ("open", "resolved", "mine")
MOST_LISTED = 20


class ServiceStore(Protocol):
    """What is stored of services. Raises StoreUnavailable."""

    async def baseline(self, service: str) -> Baseline | None: ...
    async def mutes(self) -> Sequence[Mute]: ...


class ServiceWords(Protocol):
    """How a service is written in Slack."""

    def service(self, service: Service, *, baseline: Baseline | None, mute: Mute | None, now: float) -> str: ...


class Listing:
    """Answers with lists."""

    def __init__(
        self,
        feed: Feed,
        front: Front,
        kept: ServiceStore,
        words: ServiceWords,
        brake: Brake,
        *,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._front = front
        self._kept = kept
        self._words = words
        self._brake = brake
        self._catalog = catalog
        self._clock = clock

    def deeds(self) -> Mapping[str, Deed]:
        return {}

    def commands(self) -> Sequence[Command]:
        return (Command(word="list", deed=self._list), Command(word="services", deed=self._services))

    async def _list(self, wish: Wish) -> str:
        """``list``, ``list open``, ``list resolved``, ``list mine``."""
        kind = wish.text.strip().lower() or "open"
        if kind not in KINDS:
            return _no_such_list(kind)
        await self._feed.rows.catch_up()
        rows, now = await self._feed.rows.rows(), self._clock.now()
        chosen = self._chosen(kind, rows, wish.user, now)
        heading = {
            "open": f"{len(chosen)} open" if chosen else "No open incident.",
            "resolved": f"{len(chosen)} resolved" if chosen else "Nothing was resolved in the last 30 days.",
            "mine": f"{len(chosen)} with you" if chosen else "You are on no incident.",
        }[kind]
        items = await self._feed.items(chosen[:MOST_LISTED])
        told = self._front.lines(heading, items, more=len(chosen) - len(items), now=now)
        standing = await self._brake.standing()
        return f"{standing}\n{told}" if standing else told

    @staticmethod
    def _chosen(kind: str, rows: Sequence[FeedRow], user: str, now: float) -> list[FeedRow]:
        if kind == "mine":
            return rows_of_person(rows, user, now)
        return open_rows(rows, now) if kind == "open" else resolved_rows(rows)

    async def _services(self, wish: Wish) -> str:
        """``services``, or ``services checkout`` for one."""
        wanted = wish.text.strip()
        known = {service.name: service for service in self._catalog.services}
        if wanted and wanted not in known:
            near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.5)
            meant = f" Did you mean `/fixloop services {near[0]}`?" if near else ""
            return f"The catalog has no such service.{meant}"
        if not known:
            return "The catalog (fixloop.yml) has no service yet: alerts open threads, and no check can test anything."
        muted, now = {mute.service: mute for mute in await self._kept.mutes()}, self._clock.now()
        shown = [known[wanted]] if wanted else list(known.values())
        lines = [
            self._words.service(each, baseline=await self._baseline(each), mute=muted.get(each.name), now=now)
            for each in shown[:MOST_LISTED]
        ]
        more = [f"and {len(shown) - MOST_LISTED:,} more: `/fixloop services NAME`"] if len(shown) > MOST_LISTED else []
        return "\n\n".join([*lines, *more])

    async def _baseline(self, service: Service) -> Baseline | None:
        try:
            return await self._kept.baseline(service.name)
        except BadInput:
            return None


def _no_such_list(kind: str) -> str:
    near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.4)
    meant = f" Did you mean `/fixloop list {near[0]}`?" if near else ""
    return f"There is no such list.{meant} Lists are `list open`, `list resolved` and `list mine`."
