"""``/fixloop …``"""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.counter import Counter

LONGEST_TEXT = 1000


def register(app: AsyncApp, counter: Counter) -> None:
    async def commanded(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await counter.take(command_wish(body))

    app.command("/fixloop")(commanded)


def command_wish(body: dict[str, Any]) -> Wish:
    """A slash command; its trigger id is the same for a repeated delivery."""
    return Wish(
        id=f"command:{body.get('trigger_id', '')}:{body.get('user_id', '')}",
        what="command",
        user=str(body.get("user_id", "")),
        channel=str(body.get("channel_id", "")),
        response_url=str(body.get("response_url", "")),
        text=str(body.get("text") or "")[:LONGEST_TEXT],
    )
