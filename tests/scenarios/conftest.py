"""The whole bot against the sandbox, on free ports. Settings are loose enough to decide in seconds; no more differs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fixloop_bot.sandbox.slack.inhabitants import MIRA
from fixloop_bot.sandbox.stage import card_text, reproduced, verdict_of
from fixloop_bot.sandbox.world import World, world

QUICK_PROOF: Mapping[str, float] = {"unacceptable": 0.25, "confidence": 0.95}
"""About a dozen samples prove or break a step; the error bounds are those of the settings, as in production."""
WINDOW_S = 3.0

Open = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens a sandbox with quick proof settings; keyword arguments as for ``world``."""

    @asynccontextmanager
    async def open_world(**settings: object) -> AsyncIterator[World]:
        chosen = {"window_s": WINDOW_S, "soak_s": 4.0, "proof": QUICK_PROOF, **settings}
        async with world(folder=tmp_path / "sandbox", **chosen) as running:  # type: ignore[arg-type]
            yield running

    return open_world


async def eventually(
    holds: Callable[[], bool], what: str, *, within_s: float = 60.0, world: World | None = None
) -> None:
    """Wait until a condition holds, or fail with what was waited for, the thread and the end of the bot's log."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            seen = f"\n{card_text(world)}\n{world.bot.last_words()}" if world is not None else ""
            raise AssertionError(f"after {within_s:.0f} s: {what}{seen}")
        await asyncio.sleep(0.05)


async def broken_and_reproduced(running: World, fault: str = "checkout-500") -> None:
    """Break the shop and wait until the incident's confirm run is over."""
    running.shop.faults.set(fault, "broken")
    await eventually(lambda: reproduced(running), "the bug was not reproduced", world=running)
    await eventually(lambda: running.card("validate") is not None, "there is no Validate button", world=running)


async def verdict(running: World, *, within_s: float = 60.0) -> str:
    """Wait for the verdict on the root card."""
    await eventually(lambda: verdict_of(running) is not None, "no verdict came", within_s=within_s, world=running)
    return verdict_of(running) or ""


async def form(running: World, callback_id: str, *, user: str = MIRA) -> str:
    """Wait for a form on somebody's screen; its id."""

    def there() -> list[str]:
        views = running.slack.open_views(user)
        return [view.id for view in views if view.content.get("callback_id") == f"form:{callback_id}"]

    await eventually(lambda: bool(there()), f"no form {callback_id} is open for {user}", world=running, within_s=10)
    return there()[-1]


async def submit(running: World, callback_id: str, values: Mapping[str, Any], *, user: str = MIRA) -> str:
    """Fill in a form as soon as it is there, and submit it; its id."""
    view = await form(running, callback_id, user=user)
    await running.slack.people.submit_view(user, view, values)
    return view
