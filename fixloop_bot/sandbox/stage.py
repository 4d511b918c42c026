"""``fixloop sandbox``: start everything, play a scenario or take commands, stop cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fixloop_bot.sandbox.bot import BotDied
from fixloop_bot.sandbox.desk import take_commands
from fixloop_bot.sandbox.narrator import Narrator
from fixloop_bot.sandbox.scenarios import DEFAULT, Scenario, scenarios
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from fixloop_bot.sandbox.world import World, world

EXPECTED, UNEXPECTED, USAGE, INTERRUPTED = 0, 1, 3, 130
PATIENCE_S = 240.0
HEALTHY_S = 4.0
"""Customers shop for so long before anything breaks, so that the monitors know what healthy looks like."""
VERDICTS = {
    "Recovery proven": "proven",
    "Not recovered": "not recovered",
    "Unproven": "unproven",
    "Inconclusive": "inconclusive",
}


class Impatience(RuntimeError):  # noqa: N818 - it is what happened
    """Something that the scenario waits for did not come."""


def command(*, play: bool, scenario: str | None, listing: bool, keep: str | None) -> int:
    """The command line's entry; returns the exit code."""
    known = scenarios()
    if listing:
        print(table(known))
        return EXPECTED
    if scenario is not None and scenario not in known:
        print(f"fixloop: there is no scenario {scenario!r}; `fixloop sandbox --list` shows them.", file=sys.stderr)
        return USAGE
    folder = Path(keep) if keep else None
    try:
        if play or scenario is not None:
            return asyncio.run(_play(known[scenario or DEFAULT], folder))
        return asyncio.run(_open(folder))
    except BotDied as death:
        print(f"fixloop: {death}", file=sys.stderr)
        return UNEXPECTED
    except KeyboardInterrupt:
        return INTERRUPTED


def table(known: dict[str, Scenario]) -> str:
    """The scenarios with what one sees and the verdict that is right."""
    width = max(map(len, known))
    verdicts = max(len(each.expected) for each in known.values())
    return "\n".join(f"{each.name:<{width}}  {each.expected:<{verdicts}}  {each.sees}" for each in known.values())


async def _open(folder: Path | None) -> int:
    print("Starting a shop, a local Datadog, a local Slack and FixLoop…", flush=True)
    async with world(folder=folder) as running:
        narrator = Narrator(running.slack, _say, colour=sys.stdout.isatty())
        with contextlib.closing(narrator):
            await take_commands(running, narrator)
    return EXPECTED


async def _play(scenario: Scenario, folder: Path | None) -> int:
    began = time.monotonic()
    print("Starting a shop, a local Datadog, a local Slack and FixLoop…", flush=True)
    async with world(folder=folder) as running:
        narrator = Narrator(running.slack, _say, colour=sys.stdout.isatty())
        with contextlib.closing(narrator):
            try:
                verdict = await act(running, scenario, narrator.stage)
            except Impatience as lost:
                print(f"\nfixloop: {lost}\n{running.bot.last_words()}", file=sys.stderr)
                return UNEXPECTED
            root = running.root()
            if root is not None:
                narrator.stage("The thread in the end")
                _say(narrator.thread(INCIDENTS, root.ts))
        right = verdict == scenario.expected
        took = time.monotonic() - began
        came_out = "As expected" if right else f"Expected {scenario.expected}, but it came out"
        narrator.stage(f"{came_out}: {verdict}. {took:.0f} s in all.")
    return EXPECTED if right else UNEXPECTED


async def act(running: World, scenario: Scenario, stage: Callable[[str], None]) -> str:
    """Play one scenario to its verdict, and return it. Raises Impatience where something never comes."""
    await asyncio.sleep(HEALTHY_S)
    stage(f"Somebody breaks the shop. {scenario.sees}")
    running.shop.faults.set(scenario.fault, "broken")
    await until(lambda: running.root() is not None, "no incident was opened")
    await until(lambda: reproduced(running), "the bug was not reproduced")
    await until(lambda: running.card("validate") is not None, "no Validate button was shown")
    stage(f"Somebody mends it{' by half' if scenario.mended != 'fixed' else ''}. {scenario.fix}")
    running.shop.faults.set(scenario.fault, scenario.mended)
    stage("Mira presses Validate")
    await _press_validate(running)
    await until(lambda: verdict_of(running) is not None, "no verdict came")
    verdict = verdict_of(running) or ""
    await until(lambda: shown_everywhere(running, verdict), "the results card did not say the verdict")
    return verdict


async def _press_validate(running: World) -> None:
    """Datadog's own Recovered may have started the run a moment before: then there is nothing left to press."""
    with contextlib.suppress(LookupError):
        await running.press("validate")


def card_text(running: World) -> str:
    """Everything that the root card and the results say."""
    return "\n".join(message.text for message in running.thread())


def reproduced(running: World) -> bool:
    """Whether the confirm run is over and has seen the bug."""
    said = card_text(running)
    return "Reproduced: " in said and "Still counting" not in said


def shown_everywhere(running: World, verdict: str) -> bool:
    """Whether the root card and the results both say the verdict: they are drawn one after the other."""
    words = next(words for words, each in VERDICTS.items() if each == verdict)
    return sum(words in message.text for message in running.thread()) >= 2


def verdict_of(running: World) -> str | None:
    """The verdict as the root card says it."""
    root = running.root()
    lines = root.text.split("\n") if root is not None else []
    return next((verdict for words, verdict in VERDICTS.items() for line in lines if line.startswith(words)), None)


async def until(holds: Callable[[], bool], otherwise: str, *, patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds; raises Impatience with ``otherwise``."""
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise Impatience(f"After {patience_s:.0f} s {otherwise}.")
        await asyncio.sleep(0.1)


def _say(text: str) -> None:
    print(text, flush=True)
