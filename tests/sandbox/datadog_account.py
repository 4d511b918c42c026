"""A running local Datadog for tests, with a client that has the right keys."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from fixloop_bot.sandbox.datadog import LocalDatadog

API_KEY, APP_KEY = "a" * 32, "b" * 40


@dataclass
class Client:
    """Calls the API as a customer would and returns (status, JSON)."""

    datadog: LocalDatadog
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.datadog.url + path, **arguments) as response:
            return response.status, await response.json() if await response.read() else None

    async def send(self, metric: str, kind: int, at: float, value: float, *tags: str) -> None:
        series = {"metric": metric, "type": kind, "tags": list(tags)}
        series["points"] = [{"timestamp": int(at), "value": value}]
        assert await self.call("POST", "/api/v2/series", json={"series": [series]}) == (202, {"errors": []})

    async def query(self, text: str, start: float, end: float) -> list[dict[str, Any]]:
        asked = {"query": text, "from": str(int(start)), "to": str(int(end))}
        status, body = await self.call("GET", "/api/v1/query", params=asked)
        assert status == 200, body
        found: list[dict[str, Any]] = body["series"]
        return found


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Client]:
    datadog = LocalDatadog(api_key=API_KEY, app_key=APP_KEY, **options)
    await datadog.start()
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Client(datadog, session)
    finally:
        await datadog.stop()


@dataclass
class Receiver:
    """A tiny target of webhooks that remembers what it was sent and answers with the statuses it is given."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    """Wait for a condition; fails the test after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.02)
