"""Webhook to stored-and-answered: ``python -m tests.benchmarks.intake [--seconds 30] [--rate 100]``.

``fixloop serve`` with its built-in store, 100 alerts a second over 50 services for 30 seconds from another process's
connections, as Datadog sends them. Prints the percentiles of the answer's latency against the figure to reach (p99 50
ms), and whether every notification is accounted for afterwards. Bounded, loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from fixloop_bot.sandbox.bot import Bot
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, INCIDENTS

P99_TO_REACH_MS = 50.0
SERVICES = 50
SECRET = "benchmark-secret"


async def main(seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory(prefix="fixloop-bench-") as folder:
        slack = LocalSlack(bot_token="xoxb-bench", signing_secret="s" * 32, enforcement="off")
        await slack.start()
        bot = Bot(
            {
                "FIXLOOP_WEBHOOK_SECRET": SECRET,
                "FIXLOOP_DATA_DIR": f"{folder}/store",
                "FIXLOOP_DEFAULT_CHANNEL": "#incidents",
                "SLACK_BOT_TOKEN": "xoxb-bench",
                "SLACK_SIGNING_SECRET": "s" * 32,
                "SLACK_API_URL": slack.api_url,
            },
            folder=Path(folder),
        )
        await bot.start()
        try:
            latencies, statuses = await fire(bot.url, seconds=seconds, rate=rate)
            report(latencies, statuses, rate=rate)
            await drained(slack)
        finally:
            await bot.stop()
            await slack.stop()


async def fire(url: str, *, seconds: float, rate: float) -> tuple[list[float], list[int]]:
    """Send on schedule, whatever the answers do: an open loop, so that a stall shows in every latency behind it."""
    latencies: list[float] = []
    statuses: list[int] = []
    headers = {"X-FixLoop-Secret": SECRET}

    async def send(session: aiohttp.ClientSession, number: int, due: float) -> None:
        async with session.post(f"{url}/datadog/webhook", json=alert(number), headers=headers) as answer:
            await answer.read()
        latencies.append(time.perf_counter() - due)
        statuses.append(answer.status)

    connector = aiohttp.TCPConnector(limit=50)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(seconds * rate)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(send(session, number, due))
    return latencies, statuses


def alert(number: int) -> dict[str, str]:
    service = f"service-{number % SERVICES}"
    return {
        "ALERT_TRANSITION": "Triggered" if number < SERVICES else "Renotify",
        "ALERT_CYCLE_KEY": f"cycle-{number % (SERVICES * 4)}",
        "ALERT_ID": str(1000 + number % (SERVICES * 4)),
        "EVENT_TITLE": f"[P2] [Triggered on {{service:{service}}}] Error rate of {service} is high",
        "TEXT_ONLY_MSG": "The error rate is 31 %. " * 20,
        "ALERT_QUERY": f"avg(last_5m):sum:errors{{service:{service}}}.as_count() > 5",
        "TAGS": f"service:{service},env:prod",
        "ID": str(10_000_000 + number),
        "DATE": str(int(time.time() * 1000)),
    }


def report(latencies: list[float], statuses: list[int], *, rate: float) -> None:
    quantiles = statistics.quantiles(latencies, n=1000)
    p50, p99, worst = quantiles[499] * 1000, quantiles[989] * 1000, max(latencies) * 1000
    stored = sum(status == 202 for status in statuses)
    print(f"{len(statuses)} alerts at {rate:.0f}/s: {stored} stored, {len(statuses) - stored} not")
    print(f"answered in p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms")
    print(f"p99 / figure to reach ({P99_TO_REACH_MS:.0f} ms) = {p99 / P99_TO_REACH_MS:.2f}")


async def drained(slack: LocalSlack) -> None:
    """Nothing lost: one thread for each service, in the end."""
    deadline = time.monotonic() + 120
    roots = 0
    while time.monotonic() < deadline:
        messages = [m for m in slack.messages(INCIDENTS) if m.content.get("bot_id") == BOT_ID and not m.is_reply]
        roots = len(messages)
        if roots >= SERVICES:
            break
        await asyncio.sleep(0.2)
    print(f"threads opened: {roots} of {SERVICES}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=100)
    chosen = parser.parse_args()
    asyncio.run(main(min(chosen.seconds, 120), min(chosen.rate, 500)))
