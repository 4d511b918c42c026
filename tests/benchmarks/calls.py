"""Slack calls: ``python -m tests.benchmarks.calls [--window 30] [--soak 20] [--fix-after 20] [--seconds 60]``.

How many calls a normal incident costs, from the alert to the report, with a shop that is really broken and fixed; and
how many a storm of 100 alerts on one service. Counted by the local Slack, by method, with its limits enforced. A window
of a minute (``--window 60``) costs as many calls. Whoever fixes it at once (``--fix-after 0``) saves the bug's picture.
Takes about two minutes; bounded, loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter

import aiohttp
import orjson

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.stage import card_text, reproduced, verdict_of
from fixloop_bot.sandbox.world import World, world
from tests.benchmarks.slack_room import alert, until, workspace

NORMAL_TO_REACH, STORM_TO_REACH = 25, 40
ALERTS = 100
PATIENCE_S = 300.0
SETTLED_S = 20.0


async def normal(*, window_s: float, soak_s: float, fix_after_s: float, verbose: bool = False) -> Counter[str]:
    """A bug is reproduced, fixed, proven, watched and resolved, and each card read meanwhile."""
    async with world(window_s=window_s, soak_s=soak_s) as running:
        # Who we are is asked when the process starts: that is not the incident's.
        await until(lambda: running.slack.call_counts["auth.test"] > 0, "auth.test was not called", within_s=PATIENCE_S)
        running.slack.call_counts.clear()
        running.shop.faults.set("checkout-500", "broken")
        await until(lambda: reproduced(running), "the bug was not reproduced", within_s=PATIENCE_S)
        await until(lambda: _is_idle(running), "the confirm run did not end", within_s=PATIENCE_S)
        said = calls_of(running.slack)
        print(f"  alert to the end of the confirm run: {said.total()}")
        await asyncio.sleep(fix_after_s)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        await until(lambda: verdict_of(running) is not None, "no verdict came", within_s=PATIENCE_S)
        print(f"  to the verdict, {verdict_of(running)}: {(calls_of(running.slack) - said).total()} more")
        said = calls_of(running.slack)
        await until(lambda: "stayed quiet" in card_text(running), "the watch did not end", within_s=PATIENCE_S)
        await running.slack.people.command(MIRA, INCIDENTS, "/fixloop resolve INC-1 rolled back 2.14.0")
        await until(lambda: "resolved, proven" in card_text(running), "it was not resolved", within_s=PATIENCE_S)
        await settled(running.slack)
        print(f"  through the watch, to the report: {(calls_of(running.slack) - said).total()} more")
        if verbose:
            tell(running.slack)
        return calls_of(running.slack)


def _is_idle(running: World) -> bool:
    return running.card("validate") is not None and running.card("stop") is None


async def storm(*, seconds: float) -> Counter[str]:
    """100 alerts of one service, evenly over the time, each a new reading or another monitor."""
    async with workspace() as (slack, bot), aiohttp.ClientSession() as session:
        began = time.monotonic()
        for number in range(ALERTS):
            await asyncio.sleep(max(0.0, began + number * seconds / ALERTS - time.monotonic()))
            body = alert(number, service="checkout", monitors=10)
            async with session.post(f"{bot.url}/datadog/webhook", json=body) as answer:
                await answer.read()
        await settled(slack)
        return calls_of(slack)


async def settled(slack: LocalSlack) -> None:
    """Return when Slack has not been called for some time: what was to be shown is shown."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < SETTLED_S:
        if (now := calls_of(slack).total()) != seen:
            seen, since = now, time.monotonic()
        await asyncio.sleep(0.2)


def tell(slack: LocalSlack) -> None:
    """Each call: when, what, and which card."""
    began = slack.calls[0].at
    for call in slack.calls:
        blocks = call.arguments.get("blocks") or []
        blocks = orjson.loads(blocks) if isinstance(blocks, str) else blocks
        card = str(blocks[0].get("block_id", "")) if blocks else ""
        said = " ".join(str(call.arguments.get("text", "")).split())[:400]
        print(f"  {call.at - began:6.1f} s {call.status} {call.method} {card} {said}")


def calls_of(slack: LocalSlack) -> Counter[str]:
    return Counter(slack.call_counts)


def report(name: str, counts: Counter[str], to_reach: int) -> None:
    by_method = ", ".join(f"{method} {count}" for method, count in counts.most_common())
    print(f"{name}: {counts.total()} calls / {to_reach} = {counts.total() / to_reach:.2f} ({by_method})")


async def main(chosen: argparse.Namespace) -> None:
    """Both at once: each has a bot and a Slack of its own, and they mostly wait."""

    async def one() -> None:
        counts = await normal(
            window_s=min(chosen.window, 120),
            soak_s=min(chosen.soak, 600),
            fix_after_s=min(chosen.fix_after, 600),
            verbose=chosen.verbose,
        )
        report("a normal incident, alert to report", counts, NORMAL_TO_REACH)

    async def many() -> None:
        report(f"{ALERTS} alerts on one service", await storm(seconds=min(chosen.seconds, 300)), STORM_TO_REACH)

    async with asyncio.TaskGroup() as group:
        for name, measure in (("normal", one), ("storm", many)):
            if chosen.only in ("", name):
                group.create_task(measure(), name=name)
    print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=30)
    parser.add_argument("--soak", type=float, default=20)
    parser.add_argument("--fix-after", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--only", choices=("normal", "storm"), default="")
    asyncio.run(main(parser.parse_args()))
