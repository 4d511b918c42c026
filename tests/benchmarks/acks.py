"""Clicks: ``python -m tests.benchmarks.acks [--seconds 20] [--rate 50]``.

How soon a click is acknowledged while fifty a second come in, and how soon somebody who clicks sees something change:
their card, a line to them alone, or a modal. The bot and the local Slack run side by side, one core each. The clicks
of the flood are spread over the open incidents; Slack's limits are off for them, since fifty visible changes a second
are none that it would take. The second figure is taken one click at a time, with the limits enforced.
About a minute; bounded, loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from pathlib import Path

import aiohttp

from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.elements import interactive
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA
from tests.benchmarks.slack_room import alert, roots, until, workspace

ACK_TO_REACH_MS, CHANGE_TO_REACH_MS = 200.0, 700.0
INCIDENTS_OPEN = 20
SEEN_WITHIN_S = 20.0
PREFERRED = ("acknowledge", "validate", "resolve")
SERVICES = INCIDENTS_OPEN


async def open_incidents(slack: LocalSlack, url: str, count: int) -> list[Message]:
    """As many root cards, each with a button to press."""
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            async with session.post(f"{url}/datadog/webhook", json=alert(0, service=f"service-{number}")) as answer:
                await answer.read()
    await until(lambda: len(pressable(slack)) >= count, "not every incident has a card", within_s=3 * count + 30)
    return pressable(slack)


def pressable(slack: LocalSlack) -> list[Message]:
    return [message for message in roots(slack) if button_of(message)]


def button_of(message: Message) -> str:
    """The card's button that somebody would press first."""
    there = {placed.action_id for placed in interactive(message.blocks)}
    return next((each for each in PREFERRED if each in there), "")


async def flood(*, seconds: float, rate: float) -> tuple[list[float], float]:
    """Seconds from each click to its acknowledgement, and the bot's processor seconds for all that followed from them.

    An open loop, so that a stall shows in every click behind it.
    """
    latencies: list[float] = []

    async def click(slack: LocalSlack, message: Message, due: float) -> None:
        await slack.people.click(MIRA, INCIDENTS, message.ts, button_of(message))
        latencies.append(time.perf_counter() - due)

    async with workspace(enforcement="off") as (slack, bot):
        cards = await open_incidents(slack, bot.url, INCIDENTS_OPEN)
        await asyncio.sleep(3.0)
        spent = cpu_s(bot.pid)
        async with asyncio.TaskGroup() as group:
            began = time.perf_counter()
            for number in range(int(seconds * rate)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                now = pressable(slack) or cards
                group.create_task(click(slack, now[number % len(now)], due))
        spent = cpu_s(bot.pid) - spent
    return latencies, spent


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def changes() -> list[float]:
    """Seconds from a click to the first thing that its author sees."""
    latencies = []
    async with workspace(enforcement="strict") as (slack, bot):
        cards = await open_incidents(slack, bot.url, INCIDENTS_OPEN)
        for message in cards:
            before = sight(slack, message)
            began = time.perf_counter()
            await slack.people.click(JONAS, INCIDENTS, message.ts, button_of(message))
            while sight(slack, message) == before and time.perf_counter() - began < SEEN_WITHIN_S:
                await asyncio.sleep(0.005)
            latencies.append(time.perf_counter() - began)
            await asyncio.sleep(0.3)
    return latencies


def sight(slack: LocalSlack, message: Message) -> tuple[object, ...]:
    """What Jonas sees of the thread, and what only he sees."""
    card = next((each for each in roots(slack) if each.ts == message.ts), message)
    views = [view.id for view in slack.open_views(JONAS)]
    return str(card.blocks), card.text, len(slack.thread(INCIDENTS, message.ts)), len(slack.ephemerals(JONAS)), views


async def main(chosen: argparse.Namespace) -> None:
    acks, spent = await flood(seconds=min(chosen.seconds, 120), rate=min(chosen.rate, 200))
    quantiles = statistics.quantiles(acks, n=1000)
    p50, p99, worst = quantiles[499] * 1000, quantiles[989] * 1000, max(acks) * 1000
    print(f"{len(acks)} clicks at {chosen.rate:.0f}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms")
    print(f"p99 / figure to reach ({ACK_TO_REACH_MS:.0f} ms) = {p99 / ACK_TO_REACH_MS:.2f}")
    print(f"processor time of the bot: {1000 * spent / len(acks):.1f} ms a click; load {os.getloadavg()[0]:.1f}")
    seen = await changes()
    median, worst = statistics.median(seen) * 1000, max(seen) * 1000
    print(f"{len(seen)} clicks to the first visible change: median {median:.0f} ms, worst {worst:.0f} ms")
    print(f"median / figure to reach ({CHANGE_TO_REACH_MS:.0f} ms) = {median / CHANGE_TO_REACH_MS:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=50)
    asyncio.run(main(parser.parse_args()))
