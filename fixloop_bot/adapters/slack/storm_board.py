"""Shows a storm's summary in the channel."""

from __future__ import annotations

import logging

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.storm import storm_card
from fixloop_bot.adapters.slack.placing import Hanging, PlaceLost, Placing, Save
from fixloop_bot.adapters.slack.standing import ASK_AGAIN_S, NO_ACCESS
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.storms import PART, StormView
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)


class SlackStormBoard:
    """Implements the ``StormBoard`` port."""

    def __init__(self, api: SlackApi, *, clock: Clock, default_channel: str) -> None:
        self._api = api
        self._placing = Placing(api, clock=clock, default_channel=default_channel)

    async def publish_storm(self, view: StormView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        card = storm_card(view, self._api.permalink)
        posted = (ref := refs.part(PART)) is not None and ref.ts is not None
        hanging = Hanging(card=card, home=view.storm.channel, calm=True)
        # The summary goes before the cards that it sums up.
        first = Errand(urgency=Urgency.NEWS if posted else Urgency.ANSWER, name=view.storm.id)
        try:
            with errands.on(first):
                return await self._placing.show(hanging, refs, save)
        except PlaceLost as lost:
            await save(lost.refs)
            with errands.on(first):
                return await self._placing.show(hanging, lost.refs, save)
        except SlackRefused as refusal:
            if refusal.error not in NO_ACCESS:
                raise
            raise SlackBusy(refusal.method, retry_after=ASK_AGAIN_S, undone=True) from refusal


class NullStormBoard:
    """Without SLACK_BOT_TOKEN; the log says how many incidents began at once."""

    async def publish_storm(self, view: StormView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        del save
        log.info("a storm of %d incidents belongs in %s", len(view.members), view.storm.channel)
        return refs
