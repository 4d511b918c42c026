"""Finds the messages that an earlier attempt has left in a thread, by the ids of their blocks."""

from __future__ import annotations

import logging
from typing import Any

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.answer import page_of
from fixloop_bot.application.copilot.speech import Place
from fixloop_bot.domain.errors import SlackRefused

log = logging.getLogger(__name__)

LOOKED_THROUGH = 5
PER_LOOK = 200


async def earlier_pages(api: SlackApi, place: Place, answer_id: str, *, since: float) -> dict[int, dict[str, Any]]:
    """The pages of this answer that stand in the thread, by number. Raises SlackBusy: not looking risks a double."""
    found: dict[int, dict[str, Any]] = {}
    for message in await thread(api, place, since=since):
        number = page_of(message.get("blocks") or [], answer_id)
        if number is not None:
            found[number] = message
    return found


async def thread(api: SlackApi, place: Place, *, since: float = 0.0) -> list[dict[str, Any]]:
    """The thread's messages from ``since`` on, oldest first, as far as LOOKED_THROUGH calls reach.

    Fewer, or none, where Slack does not let us read them.
    """
    messages: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    for _ in range(LOOKED_THROUGH):
        try:
            answer = await api.call(
                "conversations.replies",
                channel=place.channel,
                ts=place.thread_ts,
                oldest=f"{since:.6f}",
                limit=PER_LOOK,
                **more,
            )
        except SlackRefused as refusal:
            log.info("the thread cannot be read: %s", refusal)
            break
        messages += answer.get("messages", [])
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            break
        more = {"cursor": cursor}
    return messages
