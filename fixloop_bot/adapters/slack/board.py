"""Shows an incident's cards in Slack: posts what is new, updates what has changed, leaves alone what is the same.

News goes first, and what cannot be shown now is left for later: no worker is held for Slack.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import Card, cards
from fixloop_bot.adapters.slack.blocks.root import status_text
from fixloop_bot.adapters.slack.placing import Hanging, PlaceLost, Placing
from fixloop_bot.adapters.slack.standing import ASK_AGAIN_S, NO_ACCESS
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency, errand
from fixloop_bot.application.novelty import ROOT, Novelty, gap_s, posted_from, stale_since
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.views import PartRef, ThreadRefs, ThreadView
from fixloop_bot.domain.errors import FiguresWait, SlackBusy, SlackRefused

log = logging.getLogger(__name__)

Save = Callable[[ThreadRefs], Awaitable[None]]

NOT_THERE = frozenset({"user_not_in_channel", "channel_not_found", "not_in_channel", "is_archived"})
"""Who is not where the answer would be whispered is told in a direct message."""


class SlackBoard:
    """Implements the ``Board`` port."""

    def __init__(self, api: SlackApi, *, clock: Clock, default_channel: str) -> None:
        self._api = api
        self._clock = clock
        self._placing = Placing(api, clock=clock, default_channel=default_channel)

    async def publish(self, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        """Show all cards; raises FiguresWait where everything is shown but figures whose turn has not come."""
        try:
            try:
                return await self._publish(view, refs, save)
            except PlaceLost as lost:
                await save(lost.refs)
                return await self._publish(view, lost.refs, save)
        except SlackRefused as refusal:
            if refusal.error not in NO_ACCESS:
                raise
            raise SlackBusy(refusal.method, retry_after=ASK_AGAIN_S, undone=True) from refusal

    async def _publish(self, view: ThreadView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        novelty, waits = Novelty.of(view), []
        shown = [card for card in cards(view) if card.part == ROOT or not view.root_only or _ref(card, refs).ts]
        # A verdict goes before figures; what is posted first stands first in the thread.
        for card in sorted(shown, key=lambda card: not _is_news(card, refs, novelty)):
            wait_s = self._wait_s(card, view, refs, novelty)
            if wait_s > 0:
                waits.append(wait_s)
                continue
            urgency = _urgency(card, refs, novelty)
            try:
                refs = await self._show(card, view, refs, save, novelty, urgency)
            except SlackBusy as busy:
                if _is_news(card, refs, novelty):
                    raise
                waits.append(busy.retry_after)
        if waits:
            raise FiguresWait("chat.update", retry_after=min(waits))
        return refs

    def _wait_s(self, card: Card, view: ThreadView, refs: ThreadRefs, novelty: Novelty) -> float:
        """The seconds until this card's turn; none for one that shows what it should."""
        ref = _ref(card, refs)
        if ref.ts is None:
            return posted_from(view, card.part) - self._clock.now()
        if self._placing.shows(card, ref, refs):
            return 0.0
        gap = gap_s(view, novelty, ref, clicked=errand().urgency is Urgency.ANSWER)
        return ref.shown_at + gap - self._clock.now()

    async def _show(
        self, card: Card, view: ThreadView, refs: ThreadRefs, save: Save, novelty: Novelty, urgency: Urgency
    ) -> ThreadRefs:
        calm, mark = not _is_news(card, refs, novelty), novelty.mark(card.part)
        hanging = Hanging(card=card, home=view.incident.channel, news=mark, calm=calm)
        name, since = f"{view.incident.id}:{card.part}", _since(card, view, refs, novelty)
        with errands.on(Errand(urgency=urgency, name=name, since=since)):
            return await self._placing.show(hanging, refs, save)

    async def whisper(
        self, *, channel: str, user: str, text: str, thread_ts: str | None = None, response_url: str | None = None
    ) -> None:
        place = {"thread_ts": thread_ts} if thread_ts else {}
        try:
            await self._api.call("chat.postEphemeral", channel=channel, user=user, text=text, **place)
        except (SlackRefused, SlackBusy) as trouble:
            # One that may have been shown is not said twice; the address of a click has no limit that others share.
            shown = isinstance(trouble, SlackBusy) and not trouble.undone
            if response_url is None and isinstance(trouble, SlackRefused) and trouble.error in NOT_THERE:
                await self._api.call("chat.postMessage", channel=user, text=text)
                return
            if response_url is None or shown:
                raise
            log.info("the answer goes to its response_url: %s", trouble)
            await self._api.respond(response_url, text)

    def describe(self, view: ThreadView, address: str) -> str:
        return status_text(view, address)

    async def answer(self, response_url: str, text: str) -> None:
        await self._api.respond(response_url, text)


def _ref(card: Card, refs: ThreadRefs) -> PartRef:
    return refs.part(card.part) or PartRef(part=card.part)


def _is_news(card: Card, refs: ThreadRefs, novelty: Novelty) -> bool:
    ref = _ref(card, refs)
    return ref.ts is None or novelty.is_news_to(ref)


def _since(card: Card, view: ThreadView, refs: ThreadRefs, novelty: Novelty) -> float:
    """Since when this card is wanted, which is its place in line; 0 for since it stands there."""
    ref = _ref(card, refs)
    if ref.ts is None:
        return view.incident.opened_at
    return stale_since(view, ref) if novelty.has_alerts_for(ref) else 0.0


def _urgency(card: Card, refs: ThreadRefs, novelty: Novelty) -> Urgency:
    ref = _ref(card, refs)
    if not _is_news(card, refs, novelty):
        return Urgency.NEWS if novelty.has_alerts_for(ref) else Urgency.PROGRESS
    if ref.ts is None and card.part != ROOT and errand().urgency is not Urgency.ANSWER:
        return Urgency.PROGRESS  # where a channel's second is wanted by many, a new incident's root goes first
    return errand().urgency


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

    def describe(self, view: ThreadView, address: str) -> str:
        return status_text(view, address)

    async def answer(self, response_url: str, text: str) -> None:
        del response_url
        log.info("SLACK_BOT_TOKEN is not set, so nobody is told: %s", text)
