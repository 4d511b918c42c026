"""Fixtures' parts for the page: a small world without a bot, the page over it, and a browser's end of its WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from fixloop_bot.sandbox.bot import Bot
from fixloop_bot.sandbox.datadog import LocalDatadog
from fixloop_bot.sandbox.page import page
from fixloop_bot.sandbox.page.plays import Player
from fixloop_bot.sandbox.shop import Shop
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.world import World

Json = dict[str, Any]
WITHIN_S = 5.0


@dataclass
class Viewer:
    """What a page was told, newest last, and what it asked for."""

    socket: aiohttp.ClientWebSocketResponse
    told: list[Json] = field(default_factory=list)
    frames: int = 0
    asked: int = 0

    async def wait_for(self, fits: Callable[[Json], object]) -> Json:
        """The first delta, of those told already or still to come, that fits."""
        for delta in self.told:
            if fits(delta):
                return delta
        async with asyncio.timeout(WITHIN_S):
            while True:
                for delta in await self._frame():
                    if fits(delta):
                        return delta

    async def told_of(self, kind: str) -> Json:
        return await self.wait_for(lambda delta: delta["kind"] == kind)

    async def do(self, what: str, **values: Any) -> str:
        """Ask for a deed; returns what was wrong with it, or nothing."""
        self.asked += 1
        number = self.asked
        await self.socket.send_json({"id": number, "do": what, "with": values})
        return str((await self.wait_for(lambda delta: delta["kind"] == "answer" and delta["id"] == number))["error"])

    def forget(self) -> None:
        self.told.clear()

    async def _frame(self) -> list[Json]:
        deltas: list[Json] = await self.socket.receive_json()
        self.frames += 1
        self.told.extend(deltas)
        return deltas


@asynccontextmanager
async def small_world(slack: LocalSlack, folder: Path) -> AsyncIterator[World]:
    """A shop that is not open, a Datadog, and a bot that does not run; ``slack`` is the test's own."""
    datadog = LocalDatadog(api_key="a", app_key="b", limits={})
    await datadog.start()
    try:
        yield World(shop=Shop(), datadog=datadog, slack=slack, bot=Bot({}, folder=folder), folder=folder)
    finally:
        await datadog.stop()


@asynccontextmanager
async def opened(world: World, player: Player | None = None) -> AsyncIterator[str]:
    async with page(world, player=player) as address:
        yield address


@asynccontextmanager
async def watching(address: str, user: str = "") -> AsyncIterator[Viewer]:
    """A page that has been told everything so far."""
    origin = address.rstrip("/")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}live", params={"user": user}, headers={"Origin": origin}) as socket,
    ):
        viewer = Viewer(socket)
        await viewer.told_of("snapshot")
        yield viewer
