"""Single messages of people, read when somebody points at one."""

from __future__ import annotations

import re
from typing import Any

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.application.timeline import Message
from fixloop_bot.domain.errors import SlackRefused

GONE = frozenset({"thread_not_found", "message_not_found"})
_TOKEN = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("&(?:lt|gt|amp);")


class SlackMessages:
    """Implements the ``Messages`` port."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def message(self, channel: str, ts: str) -> Message | None:
        """None where there is no such message (any more). ``conversations.replies`` finds roots and replies alike."""
        try:
            answer = await self._api.call(
                "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=2
            )
        except SlackRefused as refusal:
            if refusal.error in GONE:
                return None
            raise
        found = next((each for each in answer.get("messages") or () if each.get("ts") == ts), None)
        return message_of(channel, found) if found is not None else None


class NullMessages:
    """Without SLACK_BOT_TOKEN there is nothing to read."""

    async def message(self, channel: str, ts: str) -> Message | None:
        del channel, ts
        return None


def message_of(channel: str, shown: dict[str, Any]) -> Message:
    """A message as Slack shows it to an app, in plain words."""
    ts = str(shown.get("ts") or "")
    return Message(
        channel=channel,
        ts=ts,
        thread_ts=str(shown.get("thread_ts") or ts),
        author=str(shown.get("user") or ""),
        text=plain_words(str(shown.get("text") or "")),
    )


def plain_words(markup: str) -> str:
    """What a person typed: tokens as they read, entities as characters."""
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], _TOKEN.sub(_read, markup))


def _read(token: re.Match[str]) -> str:
    target, label = token[1], token[2]
    return label or target.lstrip("!")
