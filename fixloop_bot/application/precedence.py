"""What was pressed first is done first: a run begins with the ticks that its person saw, and of two ticks the later
one counts.

Every click is a job of its own. Whichever worker is free takes it, and one that must be tried again is overtaken: a
step that somebody has just left out would run after all. So a tick is noted when it comes, and whatever depends on it
waits until it is done.
"""

from __future__ import annotations

import asyncio

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
            await self._store.note_tick(wish.incident, wish.id, pressed_at=wish.pressed_at)

    async def wait(self, wish: Wish, name: str) -> str:
        """Wait for ticks: a run for all, a tick for those before it.

        Returns why there can be no run yet; raises Conflict for a tick to be tried again.
        """
        if name not in RUNS and not (name == TICK and wish.pressed_at):
            return ""
        before = wish.pressed_at if name == TICK else 0.0
        for _ in range(round(PATIENCE_S / LOOK_S)):
            if not await self._store.ticks_before(wish.incident, pressed_at=before):
                return ""
            await asyncio.sleep(LOOK_S)
        if name == TICK:
            raise Conflict("an earlier tick is not done yet")
        return "A tick on the checklist is still being saved, so no run was started. Try again in a moment."

    async def leave(self, wish: Wish) -> None:
        """A wish is done, or refused."""
        if wish.what == TICK:
            await self._store.tick_done(wish.incident, wish.id)
