"""Start and size: ``python -m tests.benchmarks.start``. Prints each figure as a ratio to the one to reach."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from fixloop_bot.sandbox.bot import Bot
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, INCIDENTS

HELP_S, READY_S, MEMORY_MIB, CARD_S = 0.5, 3.0, 150.0, 1.0
ROUNDS = 5
CARDS, CALM_S = 5, 4.0


def help_seconds() -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "fixloop_bot", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def serving() -> tuple[float, float, float]:
    """Seconds until ready (median), MiB resident when idle, median seconds from webhook to card."""
    ready, memory, cards = [], 0.0, [0.0]
    for round_number in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="fixloop-bench-") as folder:
            slack = LocalSlack(bot_token="xoxb-bench", signing_secret="s" * 32, enforcement="off")
            await slack.start()
            bot = Bot(environment(folder, slack), folder=Path(folder))
            began = time.perf_counter()
            await bot.start()
            ready.append(time.perf_counter() - began)
            if round_number == ROUNDS - 1:
                await asyncio.sleep(3)
                memory = resident_mib(bot.pid)
                cards = [await card_seconds(bot, slack, number) for number in range(CARDS)]
            await bot.stop()
            await slack.stop()
    return statistics.median(ready), memory, statistics.median(cards)


def environment(folder: str, slack: LocalSlack) -> dict[str, str]:
    return {
        "FIXLOOP_DATA_DIR": f"{folder}/store",
        "FIXLOOP_DEFAULT_CHANNEL": "#incidents",
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_SIGNING_SECRET": "s" * 32,
        "SLACK_API_URL": slack.api_url,
    }


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def card_seconds(bot: Bot, slack: LocalSlack, number: int) -> float:
    """In a channel that is calm: Slack takes one post a second, and each of the threads before has three."""
    await asyncio.sleep(CALM_S)
    shown = len([m for m in slack.messages(INCIDENTS) if m.content.get("bot_id") == BOT_ID and not m.is_reply])
    body = {
        "ALERT_TRANSITION": "Triggered",
        "ALERT_CYCLE_KEY": f"cycle-{number}",
        "title": f"Alert {number}",
        "TAGS": f"service:service-{number},env:prod",
        "ID": str(number),
    }
    began = time.perf_counter()
    async with aiohttp.ClientSession() as session, session.post(f"{bot.url}/datadog/webhook", json=body) as answer:
        await answer.read()
    while True:
        roots = [m for m in slack.messages(INCIDENTS) if m.content.get("bot_id") == BOT_ID and not m.is_reply]
        if len(roots) > shown or time.perf_counter() - began > 30:
            return time.perf_counter() - began
        await asyncio.sleep(0.005)


def main() -> None:
    said = help_seconds()
    ready, memory, card = asyncio.run(serving())
    rows = (
        ("fixloop --help", f"{said:.2f} s", said / HELP_S, f"{HELP_S} s"),
        ("serve ready, built-in store", f"{ready:.2f} s", ready / READY_S, f"{READY_S:.0f} s"),
        ("serve resident when idle", f"{memory:.0f} MiB", memory / MEMORY_MIB, f"{MEMORY_MIB:.0f} MiB"),
        ("webhook to card in Slack, median", f"{card:.2f} s", card / CARD_S, f"{CARD_S:.0f} s"),
    )
    print(f"{'':<34}{'measured':>10}{'to reach':>10}{'ratio':>8}")
    for name, measured, ratio, target in rows:
        print(f"{name:<34}{measured:>10}{target:>10}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
