"""Playing one scenario in a running world: break, mend, validate, and read the verdict off the thread."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from fixloop_bot.sandbox.scenarios import Scenario
from fixloop_bot.sandbox.world import World

PATIENCE_S = 240.0
HEALTHY_S = 4.0
"""Customers shop for so long before anything breaks, so that the monitors know what healthy looks like."""
PRESS_AGAIN_S = 2.0
VERDICTS = {
    "Recovery proven": "proven",
    "Not recovered": "not recovered",
    "Unproven": "unproven",
    "Inconclusive": "inconclusive",
}
_RUN = re.compile(r"Validate run (\d+)")


class Impatience(RuntimeError):  # noqa: N818 - it is what happened
    """Something that the scenario waits for did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a scenario came out: seconds from the mending to the verdict, and requests that FixLoop sent in all."""

    verdict: str
    proof_s: float
    requests: int


async def act(running: World, scenario: Scenario, stage: Callable[[str], None]) -> str:
    """Play one scenario to its verdict, and return it. Raises Impatience where something never comes."""
    return (await perform(running, scenario, stage)).verdict


async def perform(running: World, scenario: Scenario, stage: Callable[[str], None]) -> Played:
    """Play one scenario to its verdict. Raises Impatience where something never comes."""
    await asyncio.sleep(HEALTHY_S)
    sent_before = running.shop.telemetry.served["fixloop"]
    known = running.root()
    stage(f"Somebody breaks the shop. {scenario.sees}")
    running.shop.faults.set(scenario.fault, "broken")
    await until(lambda: running.root() not in (None, known), "no incident was opened")
    await until(lambda: reproduced(running) or newest_run(running) > 0, "the bug was not reproduced")
    await until(lambda: running.card("validate") is not None, "no Validate button was shown")
    stage(f"Somebody mends it{' by half' if scenario.mended != 'fixed' else ''}. {scenario.fix}")
    before, began = newest_run(running), time.monotonic()
    running.shop.faults.set(scenario.fault, scenario.mended)
    await asyncio.sleep(scenario.waits_s)
    before = max(before, newest_run(running)) if scenario.waits_s else before
    stage("Mira presses Validate")
    verdict = await _validated(running, before)
    requests = running.shop.telemetry.served["fixloop"] - sent_before
    return Played(verdict=verdict, proof_s=time.monotonic() - began, requests=requests)


async def _validated(running: World, before: int) -> str:
    """The verdict of a run later than ``before``.

    Datadog's own Recovered may have started a run a moment earlier, while the shop was still broken: that one is
    waited for, and Validate is pressed again. Where it came after the mending, there is nothing left to press.
    """
    deadline, pressed = time.monotonic() + PATIENCE_S, 0.0
    while True:
        later = newest_run(running) > before
        verdict = verdict_of(running)
        if later and verdict is not None and shown_everywhere(running, verdict):
            return verdict
        if time.monotonic() > deadline:
            raise Impatience(f"After {PATIENCE_S:.0f} s no verdict came.")
        if not later and time.monotonic() > pressed + PRESS_AGAIN_S:
            pressed = time.monotonic()
            with contextlib.suppress(LookupError):
                await running.press("validate")
        await asyncio.sleep(0.1)


def newest_run(running: World) -> int:
    """The number of the newest validate run that the thread shows; 0 for none."""
    return max(map(int, _RUN.findall(card_text(running))), default=0)


def card_text(running: World) -> str:
    """Everything that the root card and the results say."""
    return "\n".join(message.text for message in running.thread())


def reproduced(running: World) -> bool:
    """Whether the confirm run is over and has seen the bug; the results say so first."""
    return "Reproduced. Fix it" in card_text(running)


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
