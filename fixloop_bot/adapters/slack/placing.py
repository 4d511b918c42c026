"""Puts one card where it belongs: posts it, updates it, finds it again, brings it back, or moves it elsewhere.

A post is announced in the store before it goes out. If the process dies between Slack's answer and our writing it
down, the next one finds the announcement, looks for the card in the channel by its block ids, and adopts it instead
of posting it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.card import Card
from fixloop_bot.adapters.slack.pictures import RefusedPictures
from fixloop_bot.adapters.slack.refusals import BAD_BLOCKS, GONE, NO_SUCH_PLACE, milder, refused_block, with_place
from fixloop_bot.application.novelty import hurried
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.views import PartRef, ThreadRefs
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

Save = Callable[[ThreadRefs], Awaitable[None]]

CHANNEL_PAGES = 20
MAY_STILL_COME_S = 30.0
"""A post whose answer did not come in time may take effect later: so long it is looked for, and not sent again."""
CLOCKS_DIFFER_S = 60.0
TOP = frozenset({"root", "storm"})
"""Cards that stand in the channel itself."""


class PlaceLost(Exception):  # noqa: N818 - it is what happened; the board goes on elsewhere
    """The channel that the thread stands in takes no more messages."""

    def __init__(self, refs: ThreadRefs) -> None:
        self.refs = refs
        super().__init__(refs.trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """A card on its way: ``home`` is the channel that it belongs in, ``news`` what it will have shown, ``calm`` whether
    nothing but figures has changed."""

    card: Card
    home: str
    news: str = ""
    calm: bool = False

    @property
    def top(self) -> bool:
        return self.card.part in TOP


class Placing:
    """Every method raises SlackBusy, SlackRefused or PlaceLost."""

    def __init__(self, api: SlackApi, *, clock: Clock, default_channel: str) -> None:
        self._api = api
        self._clock = clock
        self._default_channel = default_channel
        self._pictures = RefusedPictures(clock.now)

    async def show(self, hanging: Hanging, refs: ThreadRefs, save: Save) -> ThreadRefs:
        """Bring the card up to date; one that shows what it should costs no call."""
        part = hanging.card.part
        ref = refs.part(part) or PartRef(part=part)
        if ref.ts is None and ref.intent_at is not None:
            refs = await self._adopt(ref, hanging, refs)
            ref = refs.part(part) or ref
            age = self._clock.now() - (ref.intent_at or 0.0)
            if ref.ts is None and age < MAY_STILL_COME_S:
                raise SlackBusy("chat.postMessage", retry_after=MAY_STILL_COME_S - age)
        if ref.ts is None:
            return await self._post(hanging, refs, save)
        if self.shows(hanging.card, ref, refs):
            return refs
        card = self._placed(hanging, refs)
        try:
            refs = await self._update(card, ref, refs)
        except SlackRefused as refusal:
            if refusal.error in NO_SUCH_PLACE:
                raise self._lost(refusal, refs) from refusal
            if refusal.error not in GONE:
                raise
            # Somebody deleted the card: it comes back, since the thread is a projection of the store.
            return await self._post(hanging, refs.with_part(PartRef(part=part)), save)
        refs = refs.with_part(self._shown(ref, card, hanging))
        await save(refs)
        return refs

    def shows(self, card: Card, ref: PartRef, refs: ThreadRefs) -> bool:
        """Whether Slack has the card just as it should be."""
        card = self._pictures.allowed(card)
        return ref.shown == (with_place(card, refs) if card.part in TOP else card).digest()

    def _placed(self, hanging: Hanging, refs: ThreadRefs) -> Card:
        card = self._pictures.allowed(hanging.card)
        return with_place(card, refs) if hanging.top else card

    def _shown(self, ref: PartRef, card: Card, hanging: Hanging) -> PartRef:
        repeats = ref.repeats + 1 if hanging.calm else 0
        card = self._pictures.allowed(card)  # one that was refused just now is tried again later
        now = self._clock.now()
        haste = hurried(ref, now=now, calm=hanging.calm)
        return replace(ref, shown=card.digest(), news=hanging.news, shown_at=now, repeats=repeats, hurried=haste)

    async def _update(self, card: Card, ref: PartRef, refs: ThreadRefs) -> ThreadRefs:
        _, trouble = await self._say("chat.update", card, channel=refs.channel, ts=ref.ts)
        return refs if refs.belongs else replace(refs, trouble=trouble)

    async def _post(self, hanging: Hanging, refs: ThreadRefs, save: Save) -> ThreadRefs:
        announced = PartRef(part=hanging.card.part, intent_at=self._clock.now())
        refs = refs.with_part(announced)
        await save(refs)
        try:
            refs, ts = await self._post_somewhere(hanging, refs)
        except SlackBusy as busy:
            if busy.undone:  # nothing was posted, so there is nothing to look for
                await save(refs.with_part(PartRef(part=hanging.card.part)))
            elif busy.over:  # it is looked for once, and need not be waited for
                waited = self._clock.now() - MAY_STILL_COME_S
                await save(refs.with_part(replace(announced, intent_at=waited)))
            raise
        posted = self._shown(replace(announced, ts=ts), self._placed(hanging, refs), replace(hanging, calm=False))
        refs = refs.with_part(posted)
        await save(refs)
        return refs

    async def _post_somewhere(self, hanging: Hanging, refs: ThreadRefs) -> tuple[ThreadRefs, str]:
        """Post where the thread is, or belongs; what Slack takes nowhere else goes to the default channel."""
        home = self._default_channel if refs.belongs else hanging.home
        wanted = refs.channel or home
        try:
            answer, trouble = await self._send(hanging, wanted, refs)
        except SlackRefused as refusal:
            if refusal.error not in NO_SUCH_PLACE:
                raise
            if refs.channel is not None:
                raise self._lost(refusal, refs) from refusal
            if wanted == self._default_channel or not self._default_channel:
                raise
            log.warning("%s is shown in the default channel: %s", hanging.home, refusal)
            refs = replace(refs, belongs=hanging.home, trouble=refusal.error)
            answer, trouble = await self._send(hanging, self._default_channel, refs)
        refs = refs if refs.belongs else replace(refs, trouble=trouble)
        return replace(refs, channel=str(answer.get("channel") or wanted)), str(answer["ts"])

    def _lost(self, refusal: SlackRefused, refs: ThreadRefs) -> Exception:
        """What follows from a place that is no more: the thread goes on elsewhere, or there is nowhere to go."""
        elsewhere = self._default_channel and not refs.belongs and refs.channel != self._default_channel
        if not elsewhere:
            return refusal
        top = next((ref for ref in refs.parts if ref.part in TOP and ref.ts), None)
        before = self._api.permalink(refs.channel or "", top.ts or "") if top is not None else ""
        log.warning("the thread in %s goes on in the default channel: %s", refs.channel, refusal)
        return PlaceLost(ThreadRefs(belongs=refs.channel or "", before=before, trouble=refusal.error))

    async def _send(self, hanging: Hanging, channel: str, refs: ThreadRefs) -> tuple[dict[str, Any], str]:
        root = refs.part("root")
        place = {"thread_ts": root.ts} if not hanging.top and root is not None else {}
        card = self._placed(hanging, refs)
        return await self._say(
            "chat.postMessage", card, channel=channel, unfurl_links=False, unfurl_media=False, **place
        )

    async def _say(self, method: str, card: Card, **place: Any) -> tuple[dict[str, Any], str]:
        """Send the card in the first form that Slack takes; returns its answer, and what it refused before."""
        trouble = ""
        while True:
            try:
                answer = await self._api.call(method, text=card.text, blocks=list(card.blocks), **place)
            except SlackRefused as refusal:
                milder_card = milder(card, refusal)
                if refusal.error in BAD_BLOCKS:
                    self._pictures.refused(card)
                if milder_card is None:
                    raise
                named = f" ({refused_block(card, refusal)})" if refusal.error in BAD_BLOCKS else ""
                trouble, card = f"{refusal.error}{named}", milder_card
                continue
            return answer, trouble

    async def _channel_id(self, channel: str) -> str:
        """The id of a ``#name``: Slack posts to a name, but reads only from an id."""
        if not channel.startswith("#"):
            return channel
        cursor = ""
        for _ in range(CHANNEL_PAGES):
            page = await self._api.call(
                "conversations.list", types="public_channel,private_channel", limit=1000, cursor=cursor
            )
            for each in page.get("channels", []):
                if each.get("name") == channel[1:]:
                    return str(each["id"])
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        raise SlackRefused("channel_not_found", method="conversations.list")

    async def _adopt(self, ref: PartRef, hanging: Hanging, refs: ThreadRefs) -> ThreadRefs:
        """Find a card that was announced but not written down; unchanged refs where Slack has no such card.

        Raises SlackBusy: as long as Slack cannot be asked, posting again would risk a second card.
        """
        places = [refs.channel] if refs.channel else [hanging.home, self._default_channel]
        for place in dict.fromkeys(filter(None, places)):
            try:
                channel = await self._channel_id(place)
                ts = await self._find(hanging, channel, ref, refs)
            except SlackRefused as refusal:
                log.info("a card that may have been posted cannot be looked for in %s: %s", place, refusal)
                continue
            if ts is not None:
                return replace(refs.with_part(replace(ref, ts=ts)), channel=channel)
        return refs

    async def _find(self, hanging: Hanging, channel: str, ref: PartRef, refs: ThreadRefs) -> str | None:
        """The timestamp of the message that begins with this card's first block, or, without blocks, with its words."""
        root, card = refs.part("root"), hanging.card
        oldest = f"{(ref.intent_at or 0) - CLOCKS_DIFFER_S:.6f}"
        if hanging.top:
            found = await self._api.call("conversations.history", channel=channel, oldest=oldest, limit=100)
        else:
            thread = root.ts if root is not None else ""
            found = await self._api.call("conversations.replies", channel=channel, ts=thread, oldest=oldest, limit=200)
        mark, words = str(card.blocks[0]["block_id"]), card.text.partition("\n")[0]
        for message in found.get("messages", []):
            blocks = message.get("blocks") or []
            bare = not blocks and bool(message.get("bot_id")) and str(message.get("text", "")).startswith(words)
            if bare or any(block.get("block_id") == mark for block in blocks):
                return str(message["ts"])
        return None
