"""Before a scenario is played in a world where something is still open: mend everything, and resolve it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from fixloop_bot.sandbox.slack.elements import interactive
from fixloop_bot.sandbox.slack.inhabitants import MIRA
from fixloop_bot.sandbox.slack.views import View
from fixloop_bot.sandbox.world import World, has_action

PATIENCE_S = 60.0
REASON = "The shop was mended for the next scenario."


async def clear(world: World, say: Callable[[str], None]) -> None:
    """Raises RuntimeError with a sentence where it does not become quiet."""
    broken = [fault.name for fault, _ in world.shop.faults.active()]
    if not broken and not _resolvable(world):
        return
    say("What is still open is mended and resolved first.")
    for name in broken:
        world.shop.faults.set(name, "fixed")
    await _until(lambda: _quiet(world), "the monitors did not recover")
    if _resolvable(world):
        await _resolve(world)
    for name in broken:
        world.shop.faults.set(name, "off")


def _quiet(world: World) -> bool:
    """No monitor alerts, and no run is going any more."""
    return not _busy(world) and all(each.overall != "Alert" for each in world.datadog.account.monitors.values())


def _resolvable(world: World) -> bool:
    """Whether the newest thread offers Resolve, on whichever of its cards."""
    return world.card("resolve") is not None


def _busy(world: World) -> bool:
    root = world.root()
    return root is not None and has_action(root, "stop")


async def _resolve(world: World) -> None:
    """Press Resolve, and fill in the modal if it asks for something."""
    await world.press("resolve", user=MIRA)
    await _until(lambda: world.slack.open_views(MIRA) or not _resolvable(world), "Resolve did nothing")
    for view in world.slack.open_views(MIRA):
        await world.slack.people.submit_view(MIRA, view.id, _filled(view))
    await _until(lambda: not _resolvable(world), "the incident was not resolved")


def _filled(view: View) -> dict[str, Any]:
    """Something in every field that takes a text; pickers keep what they begin with."""
    return {each.block_id: REASON for each in interactive(view.content["blocks"]) if each.type == "plain_text_input"}


async def _until(holds: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"After {PATIENCE_S:.0f} s {otherwise}.")
        await asyncio.sleep(0.1)
