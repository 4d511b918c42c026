"""App Home: who opens it is shown the feed."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.counter import Counter

HOME = "home"


def register(app: AsyncApp, counter: Counter) -> None:
    async def opened(body: dict[str, Any]) -> None:
        wish = opened_wish(body)
        if wish is not None:
            await counter.take(wish)

    async def thread_opened(ack: AsyncAck) -> None:
        await ack()  # the button is a link, which Slack follows by itself

    app.event("app_home_opened")(opened)
    app.action("open_thread")(thread_opened)


def opened_wish(body: dict[str, Any]) -> Wish | None:
    """Somebody looks at the Home tab; None for the Messages tab, which the same event tells of."""
    event = body.get("event") or {}
    if event.get("tab", HOME) != HOME or not event.get("user"):
        return None
    return Wish(
        id=f"home:{body.get('event_id') or event.get('event_ts', '')}",
        what="home_opened",
        user=str(event["user"]),
        channel="",
        place=HOME,
        team=str(body.get("team_id", "")),
    )
