"""App Home by the Web API: the feed's pictures as views, and what else of the feed is said in Slack."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

import orjson

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.feed_words import muted_words
from fixloop_bot.adapters.slack.blocks.home import home_view, lines_of
from fixloop_bot.adapters.slack.blocks.service_words import service_words
from fixloop_bot.adapters.slack.blocks.text import code, day_and_clock
from fixloop_bot.application.feed_views import Drawing, FeedItem, FeedPicture
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.mutes import HeldBack, Mute

log = logging.getLogger(__name__)


def drawn(picture: FeedPicture) -> Drawing:
    view = home_view(picture)
    digest = hashlib.sha256(orjson.dumps(view, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return Drawing(view=view, digest=digest)


class FeedWords:
    """How mutes and services are written: implements ``MuteWords`` and ``ServiceWords``."""

    def moment(self, at: float, now: float) -> str:
        return day_and_clock(at, now)

    def name(self, text: str) -> str:
        return code(text, 100)

    def mutes(self, mutes: Sequence[tuple[Mute, HeldBack]], now: float) -> str:
        return "\n".join(muted_words(mute, held, now) for mute, held in mutes)

    def service(self, service: Service, *, baseline: Baseline | None, mute: Mute | None, now: float) -> str:
        return service_words(service, baseline=baseline, mute=mute, now=now)


class SlackFront:
    """Implements the ``Front`` port."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    def draw(self, picture: FeedPicture) -> Drawing:
        return drawn(picture)

    async def show(self, user: str, drawing: Drawing, *, known: str = "") -> str:
        replaces = {"hash": known} if known else {}
        answer = await self._api.call("views.publish", user_id=user, view=dict(drawing.view), **replaces)
        view = answer.get("view")
        return str(view.get("hash", "")) if isinstance(view, dict) else ""

    def address(self, refs: ThreadRefs) -> str:
        root = refs.part("root")
        if refs.channel is None or root is None or root.ts is None:
            return ""
        return self._api.permalink(refs.channel, root.ts)

    def lines(self, title: str, items: Sequence[FeedItem], *, more: int, now: float) -> str:
        return lines_of(title, items, more=more, now=now)


class NullFront:
    """Without SLACK_BOT_TOKEN there is no Home; lists are for the log."""

    def draw(self, picture: FeedPicture) -> Drawing:
        return drawn(picture)

    async def show(self, user: str, drawing: Drawing, *, known: str = "") -> str:
        del user, drawing, known
        return ""

    def address(self, refs: ThreadRefs) -> str:
        del refs
        return ""

    def lines(self, title: str, items: Sequence[FeedItem], *, more: int, now: float) -> str:
        return lines_of(title, items, more=more, now=now)
