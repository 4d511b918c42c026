"""Events: somebody mentions the bot. Whatever else comes is acked: an unhandled event is sent again and again."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from fixloop_bot.application.desk import Wish
from fixloop_bot.entrypoints.slack.counter import Counter

_ANY = re.compile(".*")


def register(app: AsyncApp, counter: Counter) -> None:
    async def mentioned(event: dict[str, Any]) -> None:
        wish = mention_wish(event)
        if wish is not None:
            await counter.take(wish)

    async def anything_else() -> None:
        return

    app.event("app_mention")(mentioned)
    app.event(_ANY)(anything_else)


def mention_wish(event: dict[str, Any]) -> Wish | None:
    """A person's mention of the bot; None for bots, edits and deletions."""
    if event.get("bot_id") or event.get("subtype") or not event.get("user"):
        return None
    channel, ts = str(event.get("channel", "")), str(event.get("ts", ""))
    return Wish(
        id=f"mention:{channel}:{ts}",
        what="mention",
        user=str(event["user"]),
        channel=channel,
        thread_ts=str(event.get("thread_ts") or ""),
        text=str(event.get("text") or "")[:1000],
    )
