"""``/fixloop …``"""

from __future__ import annotations

import logging
import re
from typing import Any
from uuid import uuid4

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.entrypoints.slack.actions import digest
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import Forms

log = logging.getLogger(__name__)

LONGEST_TEXT = 1000
_LINK = re.compile(r"<((?:https?|mailto):[^<>|]*)(?:\|[^<>]*)?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("&(?:lt|gt|amp);")


def register(app: AsyncApp, counter: Counter, forms: Forms) -> None:
    async def commanded(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = command_wish(body)
        asked = await _form_of(forms, wish)
        if asked is not None:
            await forms.open(asked, trigger_id=str(body.get("trigger_id", "")))
        else:
            await counter.take(wish)

    app.command("/fixloop")(commanded)


async def _form_of(forms: Forms, wish: Wish) -> Wish | None:
    """The wish whose form the command opens; the desk answers where that cannot be told."""
    try:
        return await forms.of_command(wish)
    except FixLoopError as error:
        log.warning("it is not known whether a command has a form: %s", error)
        return None


def command_wish(body: dict[str, Any]) -> Wish:
    """A slash command; where it came from and what it says are the same for a repeated delivery."""
    same = {name: body.get(name) for name in ("trigger_id", "response_url", "channel_id", "text")}
    known = body.get("trigger_id") or body.get("response_url")
    return Wish(
        id=f"command:{body.get('user_id', '')}:{digest(same) if known else uuid4()}",
        what="command",
        user=str(body.get("user_id", "")),
        channel=str(body.get("channel_id", "")),
        response_url=str(body.get("response_url", "")),
        text=typed(str(body.get("text") or ""))[:LONGEST_TEXT],
        place="command",
        team=str(body.get("team_id") or ""),
    )


def typed(escaped: str) -> str:
    """A command's words as they were typed. Slack escapes them, and names people and channels by their ids: those
    tokens stay, links become plain addresses."""
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], _LINK.sub(r"\1", escaped))
