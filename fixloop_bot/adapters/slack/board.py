"""Shows an incident's cards in Slack: posts what is new, updates what has changed, leaves alone what is the same.

A post is announced in the store before it goes out. If the process dies between Slack's answer and our writing it
down, the next one finds the announcement, looks for the card in the channel by its block ids, and adopts it instead
of posting it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import Card, cards
from fixloop_bot.adapters.slack.blocks.root import status_text
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.views import PartRef, ThreadRefs, ThreadView
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

Save = Callable[[ThreadRefs], Awaitable[None]]

CHANNEL_PAGES = 20
MAY_STILL_COME_S = 15.0
"""A post whose answer did not come in time may take effect later: so long it is looked for, and not sent again."""
CLOCKS_DIFFER_S = 60.0
NO_SUCH_PLACE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "no_permission"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})


class SlackBoard:
    """Implements the ``Board`` port."""

    def __init__(self, api: SlackApi, *, clock: Clock, default_channel: str) -> None:
        self._api = api
        self._clock = clock
        self._default_channel = default_channel

    async def publish(self, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        for card in cards(view):
            refs = await self._show(card, view, refs, save)
        return refs

    async def whisper(
        self, *, channel: str, user: str, text: str, thread_ts: str | None = None, response_url: str | None = None
    ) -> None:
        place = {"thread_ts": thread_ts} if thread_ts else {}
        try:
            await self._api.call("chat.postEphemeral", channel=channel, user=user, text=text, **place)
        except SlackRefused as refusal:
            if response_url is None:
                raise
            log.info("chat.postEphemeral was refused (%s); the answer goes to its response_url", refusal.error)
            await self._api.respond(response_url, text)

    def describe(self, view: ThreadView) -> str:
        return status_text(view)

    async def answer(self, response_url: str, text: str) -> None:
        await self._api.respond(response_url, text)

    async def _show(self, card: Card, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        ref = refs.part(card.part) or PartRef(part=card.part)
        if ref.ts is None and ref.intent_at is not None:
            refs = await self._adopt(ref, card, view, refs)
            ref = refs.part(card.part) or ref
            age = self._clock.now() - (ref.intent_at or 0.0)
            if ref.ts is None and age < MAY_STILL_COME_S:
                raise SlackBusy("chat.postMessage", retry_after=MAY_STILL_COME_S - age)
        if ref.ts is None:
            return await self._post(card, view, refs, save)
        if ref.shown == card.digest():
            return refs
        try:
            await self._update(card, ref, refs)
        except SlackRefused as refusal:
            if refusal.error not in GONE:
                raise
            # Somebody deleted the card: it comes back, since the thread is a projection of the store.
            return await self._post(card, view, refs.with_part(PartRef(part=card.part)), save)
        refs = refs.with_part(replace(ref, shown=card.digest()))
        await save(refs)
        return refs

    async def _update(self, card: Card, ref: PartRef, refs: ThreadRefs) -> None:
        await self._api.call("chat.update", channel=refs.channel, ts=ref.ts, text=card.text, blocks=list(card.blocks))

    async def _post(self, card: Card, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        announced = PartRef(part=card.part, intent_at=self._clock.now())
        refs = refs.with_part(announced)
        await save(refs)
        try:
            channel, answer = await self._post_somewhere(card, view, refs)
        except SlackBusy as busy:
            if busy.undone:  # nothing was posted, so there is nothing to look for
                await save(refs.with_part(PartRef(part=card.part)))
            raise
        posted = replace(announced, ts=str(answer["ts"]), shown=card.digest())
        refs = replace(refs.with_part(posted), channel=channel)
        await save(refs)
        return refs

    async def _post_somewhere(self, card: Card, view: ThreadView, refs: ThreadRefs) -> tuple[str, dict[str, Any]]:
        """Post where the incident belongs; a root whose channel Slack refuses goes to the default channel."""
        wanted = refs.channel or view.incident.channel
        try:
            answer = await self._send(card, wanted, refs)
        except SlackRefused as refusal:
            stays = card.part != "root" or refusal.error not in NO_SUCH_PLACE or wanted == self._default_channel
            if stays or not self._default_channel:
                raise
            log.warning("%s cannot be shown in %s (%s): default channel", view.incident.id, wanted, refusal.error)
            answer = await self._send(card, self._default_channel, refs)
        return str(answer.get("channel") or wanted), answer

    async def _send(self, card: Card, channel: str, refs: ThreadRefs) -> dict[str, Any]:
        root = refs.part("root")
        place = {"thread_ts": root.ts} if card.part != "root" and root is not None else {}
        return await self._api.call(
            "chat.postMessage",
            channel=channel,
            text=card.text,
            blocks=list(card.blocks),
            unfurl_links=False,
            unfurl_media=False,
            **place,
        )

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

    async def _adopt(self, ref: PartRef, card: Card, view: ThreadView, refs: ThreadRefs) -> ThreadRefs:
        """Find a card that was announced but not written down; unchanged refs where Slack has no such card.

        Raises SlackBusy: as long as Slack cannot be asked, posting again would risk a second card.
        """
        for place in [refs.channel] if refs.channel else [view.incident.channel, self._default_channel]:
            try:
                channel = await self._channel_id(place)
                ts = await self._find(card, channel, ref, refs)
            except SlackRefused as refusal:
                log.info("a card that may have been posted cannot be looked for in %s: %s", place, refusal)
                continue
            if ts is not None:
                return replace(refs.with_part(replace(ref, ts=ts)), channel=channel)
        return refs

    async def _find(self, card: Card, channel: str, ref: PartRef, refs: ThreadRefs) -> str | None:
        """The timestamp of the message that begins with this card's first block."""
        root = refs.part("root")
        if card.part == "root":
            oldest = f"{(ref.intent_at or 0) - CLOCKS_DIFFER_S:.6f}"
            found = await self._api.call("conversations.history", channel=channel, oldest=oldest, limit=100)
        else:
            thread = root.ts if root is not None else ""
            found = await self._api.call("conversations.replies", channel=channel, ts=thread, limit=200)
        mark = str(card.blocks[0]["block_id"])
        for message in found.get("messages", []):
            if any(block.get("block_id") == mark for block in message.get("blocks") or []):
                return str(message["ts"])
        return None


class NullBoard:
    """Without SLACK_BOT_TOKEN incidents are kept and tested, but shown nowhere; the log says so."""

    async def publish(self, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        del save
        log.info("SLACK_BOT_TOKEN is not set, so this is only logged: %s", status_text(view))
        return refs

    async def whisper(
        self, *, channel: str, user: str, text: str, thread_ts: str | None = None, response_url: str | None = None
    ) -> None:
        del channel, user, thread_ts, response_url
        log.info("SLACK_BOT_TOKEN is not set, so nobody is told: %s", text)

    def describe(self, view: ThreadView) -> str:
        return status_text(view)

    async def answer(self, response_url: str, text: str) -> None:
        del response_url
        log.info("SLACK_BOT_TOKEN is not set, so nobody is told: %s", text)
