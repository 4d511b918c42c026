"""Stand-ins for where the feed hangs, where reminders are heard, and for Datadog's own mutes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fixloop_bot.adapters.slack.home import NullFront
from fixloop_bot.application.feed_views import Drawing, FeedItem, FeedPicture
from fixloop_bot.application.reminders import Reminder
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import SlackBusy, SlackRefused


@dataclass
class Hall:
    """Each person's Home with its hash, as Slack keeps it: a publication that replaces another one is refused.

    ``pictures`` are what was drawn, by digest; ``meanwhile`` happens just before the next publication.
    """

    homes: dict[str, tuple[str, Drawing]] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    pictures: dict[str, FeedPicture] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    _hashes: itertools.count[int] = field(default_factory=itertools.count)

    def draw(self, picture: FeedPicture) -> Drawing:
        drawing = NullFront().draw(picture)
        self.pictures[drawing.digest] = picture
        return drawing

    async def show(self, user: str, drawing: Drawing, *, known: str = "") -> str:
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            happening()
        if self.troubles:
            raise self.troubles.pop(0)
        if known and known != self.homes.get(user, ("", None))[0]:
            raise SlackRefused("hash_conflict", method="views.publish")
        return self.hang(user, drawing)

    def hang(self, user: str, drawing: Drawing) -> str:
        self.homes[user] = (f"h{next(self._hashes)}", drawing)
        self.shown.append(user)
        return self.homes[user][0]

    def seen_by(self, user: str) -> FeedPicture:
        return self.pictures[self.homes[user][1].digest]

    def address(self, refs: ThreadRefs) -> str:
        root = refs.part("root")
        return f"https://slack.test/{refs.channel}/{root.ts}" if root is not None else ""

    def lines(self, title: str, items: Sequence[FeedItem], *, more: int, now: float) -> str:
        return NullFront().lines(title, items, more=more, now=now)


@dataclass
class Crier:
    """Hears reminders. Each may be refused by one of ``troubles``; with ``lost`` it is said and the answer is lost."""

    said: list[Reminder] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    lost: int = 0

    async def remind(self, reminder: Reminder, refs: ThreadRefs, *, perhaps_said: bool) -> None:
        del refs
        if self.troubles:
            raise self.troubles.pop(0)
        if perhaps_said and any(each.name == reminder.name for each in self.said):
            return
        self.said.append(reminder)
        if self.lost:
            self.lost -= 1
            raise SlackBusy("chat.postMessage", retry_after=3.0)


@dataclass
class DatadogMutes:
    """Downtimes by id; ``trouble`` is raised instead."""

    made: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    trouble: Exception | None = None

    async def create(self, tags: Sequence[tuple[str, str]], *, until: float, message: str) -> str:
        del until, message
        if self.trouble is not None:
            raise self.trouble
        name = f"d-{len(self.made) + 1}"
        self.made[name] = tuple(tags)
        return name

    async def cancel(self, downtime: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.cancelled.append(downtime)
