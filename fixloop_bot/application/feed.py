"""The incident feed in App Home: shown to whoever opens it, and kept up to date for as long as they may be looking.

Slack tells who opens a Home and never who leaves it. So whoever has opened it within ``LOOKING_S`` is shown what
changes, if it changes what they see: at most every few seconds each, and all together within Slack's limit, so that
with many viewers everybody waits a little longer. One process does that at a time. What a click from the Home changes
is shown to the one who clicked at once, by the process that does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.application.feed_rows import FeedRows
from fixloop_bot.application.feed_views import Drawing, FeedItem, FeedPicture, FeedStore, Front, HomeRef
from fixloop_bot.application.mentions import named
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.wishes import Deed, Wish
from fixloop_bot.domain.errors import SlackBusy, SlackRefused, StoreUnavailable
from fixloop_bot.domain.feed import FeedRow, open_rows, resolved_rows

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
LOOKING_S = 2 * 3600.0
"""Somebody who has opened the Home may still look at it for so long."""
PERSON_EVERY_S = 5.0
AGES_EVERY_S = 30.0
"""Nothing has happened, but "4 min" has become "5 min", or a note has had its time."""
NOTE_S = 60.0
PER_MINUTE = 50.0
"""Slack takes 100 ``views.publish`` a minute; the other half is for those who open their Home or click in it."""
AT_ONCE = 15.0
"""How many may be shown something in one go, if it was quiet before."""
LEADER_S = 15.0
COMPLETE_EVERY_S = 6 * 3600.0
OPEN_SHOWN = 15
RESOLVED_SHOWN = 8
CONFLICTS = 3
STANDING = "All traffic is stopped, by {by}. `/fixloop go` lets it flow again."


class Feed:
    """Shows the feed. ``troubles`` says, in sentences, what keeps FixLoop from its work at this moment."""

    def __init__(
        self,
        store: FeedStore,
        front: Front,
        *,
        clock: Clock,
        name: str,
        troubles: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._store = store
        self._front = front
        self._clock = clock
        self._name = name
        self._troubles = troubles
        self.rows = FeedRows(store, clock=clock)
        self._seen: tuple[object, ...] = ()
        self._places = AT_ONCE
        self._refilled_at = clock.now()
        self._busy_until = 0.0
        self._drawn: FeedPicture | None = None
        self._drawings: dict[str, Drawing] = {}

    def deeds(self) -> Mapping[str, Deed]:
        return {"home_opened": self._opened}

    async def _opened(self, wish: Wish) -> str:
        """Who opens it may see an old one, or none, whatever was shown before; ``tell`` follows, and shows what is."""
        await self._store.note_viewer(wish.user, self._clock.now())
        ref = await self._store.home_ref(wish.user)
        await self._store.save_home_ref(wish.user, replace(ref, hash="", shown=""))
        return ""

    async def tell(self, user: str, sentence: str) -> None:
        """After a click from the Home, or its opening: show what is, and the sentence, if there is one, on top."""
        await self._store.note_viewer(user, self._clock.now())
        if sentence:
            ref = await self._store.home_ref(user)
            noted = replace(ref, note=sentence, note_until=self._clock.now() + NOTE_S)
            await self._store.save_home_ref(user, noted)
        await self._show(user, await self.picture())

    # What it shows

    async def picture(self) -> FeedPicture:
        """Everything that the feed shows, as it is now."""
        await self.rows.catch_up()
        rows, now = await self.rows.rows(), self._clock.now()
        opened, resolved = open_rows(rows, now), resolved_rows(rows)
        by = await self._store.halted_by()
        return FeedPicture(
            now=now,
            open=await self.items(opened[:OPEN_SHOWN]),
            open_count=len(opened),
            resolved=await self.items(resolved[:RESOLVED_SHOWN]),
            resolved_count=len(resolved),
            numbers=await self.rows.numbers(),
            halted=STANDING.format(by=named(by)) if by is not None else "",
            troubles=tuple(self._troubles()),
            mutes=tuple([(mute, await self._store.held_back(mute.service)) for mute in await self._store.mutes()]),
        )

    async def items(self, rows: Sequence[FeedRow]) -> tuple[FeedItem, ...]:
        """Rows with their threads' addresses and their curves."""
        curves = await self._store.curves([row.id for row in rows if row.is_open])
        refs = await self._store.refs_of([row.id for row in rows])
        return tuple(
            FeedItem(row=row, address=self._front.address(each), points=curves.get(row.id, ()))
            for row, each in zip(rows, refs, strict=True)
        )

    # Showing it

    async def run(self) -> None:
        """Keep the feed up to date for ever, as long as this process leads; waits for its turn otherwise."""
        while True:
            try:
                if await self._store.lead("feed", self._name, seconds=LEADER_S):
                    await self.once()
            except StoreUnavailable as error:
                log.warning("the feed waits: %s", error)
            except Exception:
                log.exception("the feed could not be shown")
            await self._clock.sleep(LOOK_EVERY_S)

    async def once(self) -> None:
        """Make rows of what has changed, and show it to whoever may be looking."""
        if await self._store.once("feed:complete", seconds=COMPLETE_EVERY_S):
            await self.rows.complete()
        await self.rows.catch_up()
        now = self._clock.now()
        viewers = await self._store.viewers(since=now - LOOKING_S)
        if not viewers or now < self._busy_until:
            return
        seen = (
            await self._store.feed_changes(),
            await self._store.halted_by(),
            now // AGES_EVERY_S,
            frozenset(viewers),
        )
        if seen != self._seen:
            with errands.on(Errand(urgency=Urgency.PROGRESS)):
                all_shown = await self._show_all(list(viewers))
            self._seen = seen if all_shown else ()

    async def _show_all(self, viewers: Sequence[str]) -> bool:
        """Show the feed to all who are due and see something else; False if somebody has to wait."""
        picture, waiting = await self.picture(), False
        refs = {user: await self._store.home_ref(user) for user in viewers}
        every_s = max(PERSON_EVERY_S, len(viewers) * 60.0 / PER_MINUTE)
        for user in sorted(viewers, key=lambda each: refs[each].shown_at):  # who has waited longest comes first
            if self._drawing(picture, refs[user]).digest == refs[user].shown:
                continue
            due = refs[user].shown_at + every_s <= self._clock.now() and self._take_place()
            waiting = waiting or not due
            if due and not await self._shown(user, picture):
                return False
        return not waiting

    async def _shown(self, user: str, picture: FeedPicture) -> bool:
        """Show it to one of many; False where Slack asks all to wait."""
        try:
            await self._show(user, picture)
        except SlackBusy as busy:
            self._busy_until = self._clock.now() + busy.retry_after
            return False
        except SlackRefused as refusal:
            log.warning("the Home of %s is not shown any more: %s", user, refusal)
            await self._store.forget_viewer(user)
        return True

    def _take_place(self) -> bool:
        now = self._clock.now()
        self._places = min(AT_ONCE, self._places + max(0.0, now - self._refilled_at) * PER_MINUTE / 60.0)
        self._refilled_at = now
        if self._places < 1:
            return False
        self._places -= 1
        return True

    def _drawing(self, picture: FeedPicture, ref: HomeRef) -> Drawing:
        """The picture with this person's note; for all who have none it is drawn once."""
        note = ref.note if self._clock.now() < ref.note_until else ""
        if self._drawn is not picture:
            self._drawn, self._drawings = picture, {}
        if note not in self._drawings:
            self._drawings[note] = self._front.draw(replace(picture, note=note))
        return self._drawings[note]

    async def _show(self, user: str, picture: FeedPicture) -> None:
        """Show a picture, the newest one where somebody else has shown another meanwhile."""
        for number in range(CONFLICTS):
            ref = await self._store.home_ref(user)
            drawing = self._drawing(picture, ref)
            if drawing.digest == ref.shown:
                return
            known = ref.hash if number < CONFLICTS - 1 else ""
            try:
                new_hash = await self._front.show(user, drawing, known=known)
            except SlackRefused as refusal:
                if refusal.error != "hash_conflict":
                    raise
                # Two saw it at once. Whose reference is kept does not say what is seen, so it is forgotten.
                await self._store.save_home_ref(user, replace(ref, hash="", shown=""))
                picture = await self.picture()
                continue
            shown = replace(ref, hash=new_hash, shown=drawing.digest, shown_at=self._clock.now())
            await self._store.save_home_ref(user, shown)
            return
