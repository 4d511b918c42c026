"""The message shortcut "Add to timeline"."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.adapters.slack.messages import message_of
from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import Forms

ADD_TO_TIMELINE = "add_to_timeline"
LONGEST_TEXT = 3000


def register(app: AsyncApp, counter: Counter, forms: Forms) -> None:
    async def wanted(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = shortcut_wish(body)
        if await counter.incident_of(wish.channel, wish.thread_ts):
            await counter.take(wish)
        else:
            await forms.open(wish, trigger_id=str(body.get("trigger_id", "")))

    app.message_shortcut(ADD_TO_TIMELINE)(wanted)


def shortcut_wish(body: dict[str, Any]) -> Wish:
    """The message that is meant, with its words as data; a message is added by a person once."""
    channel, user = str((body.get("channel") or {}).get("id", "")), str((body.get("user") or {}).get("id", ""))
    message = message_of(channel, body.get("message") or {})
    fields = (("ts", message.ts), ("author", message.author), ("text", message.text[:LONGEST_TEXT]))
    return Wish(
        id=f"shortcut:{channel}:{message.ts}:{body.get('action_ts', '')}",
        what=ADD_TO_TIMELINE,
        user=user,
        channel=channel,
        thread_ts=message.thread_ts,
        response_url=str(body.get("response_url", "")),
        fields=fields,
        place="shortcut",
    )
