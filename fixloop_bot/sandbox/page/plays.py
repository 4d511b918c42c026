"""Scenarios played from the page, one at a time, with what happens said aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fixloop_bot.sandbox.page.clearing import clear
from fixloop_bot.sandbox.scenarios import Scenario
from fixloop_bot.sandbox.world import World

Json = dict[str, Any]
Player = Callable[[World, Scenario, Callable[[str], None]], Awaitable[str]]
"""Plays a scenario in a running world, tells of its stages, and returns the verdict; raises RuntimeError with a
sentence where something that it waits for does not come.
"""


class Plays:
    """``on_change`` is called whenever ``shown`` says something new."""

    def __init__(self, world: World, known: Mapping[str, Scenario], player: Player | None) -> None:
        self._world = world
        self._known = known if player is not None else {}
        self._player = player
        self._task: asyncio.Task[None] | None = None
        self._shown: Json | None = None
        self.on_change: Callable[[], None] = lambda: None

    def listing(self) -> list[Json]:
        return [
            {"name": each.name, "sees": each.sees, "expected": each.expected, "mended": str(each.mended)}
            for each in self._known.values()
        ]

    def shown(self) -> Json | None:
        """name, stage, expected, verdict and whether it is still going; None before the first one."""
        return self._shown

    def start(self, name: str) -> None:
        """Raises LookupError where there is no such scenario or another one is going."""
        if name not in self._known:
            raise LookupError(f"there is no scenario {name!r}")
        if self._task is not None and not self._task.done():
            raise LookupError("a scenario is being played already")
        scenario = self._known[name]
        self._say(name=name, expected=scenario.expected, stage="Customers shop, nothing is broken yet.", going=True)
        # Its end is awaited in `stop`, at the latest when the page closes.
        self._task = asyncio.create_task(self._run(scenario), name=f"play {name}")

    async def stop(self) -> None:
        """End what is being played; the shop stays as it is."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._say(stage="Stopped. The shop stays as it is.", going=False)

    async def _run(self, scenario: Scenario) -> None:
        if self._player is None:
            return
        try:
            await clear(self._world, lambda stage: self._say(stage=stage))
            verdict = await self._player(self._world, scenario, lambda stage: self._say(stage=stage))
        except (RuntimeError, LookupError) as lost:
            self._say(stage=str(lost), verdict="none", going=False)
            return
        right = "As expected" if verdict == scenario.expected else f"Expected {scenario.expected}"
        self._say(stage=f"{right}: {verdict}.", verdict=verdict, going=False)

    def _say(self, **news: Any) -> None:
        fresh = {"verdict": None} if "name" in news else (self._shown or {})
        self._shown = {**fresh, **news}
        self.on_change()
