"""Events: what people say. Whatever else comes is acked: an unhandled event is sent again and again.

Bolt acks an event before its listener runs, so that a look into the store does not keep Slack waiting.
"""

from __future__ import annotations

import re
import time
from typing import Any

from slack_bolt.async_app import AsyncApp

from fixloop_bot.entrypoints.slack.amendments import amendment
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.questions import greeting, is_reply, linking, mentions, question, withdrawal

_ANY = re.compile(".*")


def register(app: AsyncApp, counter: Counter) -> None:
    async def said(body: dict[str, Any]) -> None:
        await hear(body, counter, now=time.time())

    async def anything_else() -> None:
        return

    app.event("app_mention")(said)
    app.event("message")(said)
    app.event(_ANY)(anything_else)


async def hear(body: dict[str, Any], counter: Counter, *, now: float) -> None:
    """Take what a person asks; a mention that comes twice is taken once, since both have the same id."""
    amended = amendment(body)
    if amended is not None and (its_incident := await counter.incident_of(amended.channel, amended.thread_ts)):
        await counter.ask(amended, incident=its_incident)
    taken_back = withdrawal(body)
    if taken_back is not None:
        if await counter.incident_of(taken_back.channel, taken_back.thread_ts):
            await counter.take(taken_back)
        return
    asked = question(body, now=now)
    if asked is None:
        return
    if mentions(body) and not asked.text:
        await counter.take(greeting(asked))
        return
    if mentions(body) and (wish := linking(asked)) is not None:
        await counter.take(wish)
        return
    incident = await counter.incident_of(asked.channel, asked.thread_ts) if is_reply(body) else None
    if incident is not None or mentions(body):
        await counter.ask(asked, incident=incident or "")
