"""What was pressed first is done first: a run begins with the ticks that its person saw, and of one person's
ticks the last one counts.

Every click is a job of its own. Whichever worker is free takes it, and one that must be tried again is overtaken: a
step that somebody has just left out would run after all. So a tick is noted when it comes, and whatever depends on it
waits until it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fixloop_bot.application.ports import Store
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import Conflict

TICK = "tick"
RUNS = frozenset({"validate", "confirm"})
"""Deeds that begin a run of what is ticked."""
PATIENCE_S = 3.0
LOOK_S = 0.02


class Precedence:
    """Lets ticks, and runs of what is ticked, happen in the order in which people pressed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def come(self, wish: Wish) -> None:
        """A wish is accepted, and not yet queued."""
        if wish.what == TICK:
            await self._store.note_tick(wish.incident, _name(wish), pressed_at=wish.pressed_at)

    async def wait(self, wish: Wish, name: str) -> str:
        """Wait for ticks: a run for everybody's, a tick for the same person's before it.

        Returns why there can be no run yet; raises Conflict for a tick to be tried again.
        """
        if name != TICK and name not in RUNS:
            return ""
        for _ in range(round(PATIENCE_S / LOOK_S)):
            to_do = await self._store.ticks_to_do(wish.incident)
            if not (_earlier(to_do, wish) if name == TICK else to_do):
                return ""
            await asyncio.sleep(LOOK_S)
        if name == TICK:
            raise Conflict("an earlier tick is not done yet")
        return "A tick on the checklist is still being saved, so no run was started. Try again in a moment."

    async def leave(self, wish: Wish) -> None:
        """A wish is done, or refused."""
        if wish.what == TICK:
            await self._store.tick_done(wish.incident, _name(wish))


def _name(tick: Wish) -> str:
    return f"{tick.user}|{tick.id}"


def _earlier(to_do: Mapping[str, float], tick: Wish) -> list[str]:
    """Other people's are not waited for: of their clicks, too, only the difference is applied."""
    return [name for name, at in to_do.items() if name.startswith(f"{tick.user}|") and at < tick.pressed_at]
