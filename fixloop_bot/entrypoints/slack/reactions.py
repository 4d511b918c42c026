"""📌 on a message of an incident's thread puts it into the timeline. Taking it off takes nothing back."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.counter import Counter

PINS = frozenset({"pushpin", "round_pushpin"})


def register(app: AsyncApp, counter: Counter) -> None:
    async def reacted(body: dict[str, Any]) -> None:
        wish = pin_wish(body)
        if wish is not None:
            await counter.take(wish)

    app.event("reaction_added")(reacted)


def pin_wish(body: dict[str, Any]) -> Wish | None:
    """The pinned message; None for every other reaction, which concerns nobody."""
    event = body.get("event") or {}
    item = event.get("item") or {}
    user, channel, ts = (str(each or "") for each in (event.get("user"), item.get("channel"), item.get("ts")))
    if event.get("reaction") not in PINS or item.get("type") != "message" or not (user and channel and ts):
        return None
    return Wish(
        id=f"pin:{channel}:{ts}:{user}:{event.get('event_ts', '')}",
        what="pin",
        user=user,
        channel=channel,
        fields=(("ts", ts),),
        place="reaction",
    )
