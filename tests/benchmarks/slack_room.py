"""What the Slack benchmarks share: a bot with its built-in store before a local Slack, alerts, and a patient look."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Literal

from fixloop_bot.sandbox.bot import Bot
from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, INCIDENTS

TOKEN, SECRET = "xoxb-bench", "s" * 32


@contextlib.asynccontextmanager
async def workspace(
    *, enforcement: Literal["strict", "relaxed", "off"] = "strict", environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[LocalSlack, Bot]]:
    """A local Slack with its limits enforced, and the bot connected to it by HTTP."""
    with tempfile.TemporaryDirectory(prefix="fixloop-bench-") as folder:
        slack = LocalSlack(bot_token=TOKEN, signing_secret=SECRET, enforcement=enforcement)
        await slack.start()
        known = {
            "FIXLOOP_DATA_DIR": f"{folder}/store",
            "FIXLOOP_DEFAULT_CHANNEL": "#incidents",
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": slack.api_url,
        }
        bot = Bot({**known, **(environment or {})}, folder=Path(folder))
        slack.events_url = f"{bot.url}/slack/events"
        await bot.start()
        try:
            yield slack, bot
        finally:
            await bot.stop()
            await slack.stop()


def alert(number: int, *, service: str, monitors: int = 1, triggered: bool = True) -> dict[str, str]:
    """A Datadog notification; ``number`` makes it a new one, of one of so many monitors."""
    monitor = number % monitors
    return {
        "ALERT_TRANSITION": "Triggered" if triggered and number < monitors else "Renotify",
        "ALERT_CYCLE_KEY": f"cycle-{service}-{monitor}",
        "ALERT_ID": f"{service}-{monitor}",
        "EVENT_TITLE": f"[P2] [Triggered on {{service:{service}}}] Error rate of {service} is high (monitor {monitor})",
        "TEXT_ONLY_MSG": f"The error rate is {10 + number % 50} %.",
        "ALERT_QUERY": f"avg(last_5m):sum:errors{{service:{service}}}.as_count() > 5",
        "TAGS": f"service:{service},env:prod",
        "ID": str(10_000_000 + hash((service, number)) % 1_000_000),
        "DATE": str(int(time.time() * 1000)),
    }


def roots(slack: LocalSlack) -> list[Message]:
    """The bot's messages in the channel itself."""
    messages = slack.messages(INCIDENTS)
    return [each for each in messages if each.content.get("bot_id") == BOT_ID and not each.is_reply]


async def until(holds: Callable[[], bool], what: str, *, within_s: float, every_s: float = 0.02) -> None:
    """Wait until a condition holds; ends with what was waited for."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"after {within_s:.0f} s: {what}")
        await asyncio.sleep(every_s)
