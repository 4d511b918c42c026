"""A server on a free loopback port that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

LIMITS = {
    "X-RateLimit-Limit": "600",
    "X-RateLimit-Period": "3600",
    "X-RateLimit-Remaining": "599",
    "X-RateLimit-Reset": "3000",
    "X-RateLimit-Name": "query_metrics",
}


@dataclass(slots=True, kw_only=True)
class Say:
    """One scripted answer. ``body`` is JSON unless it is bytes; ``hang`` stays silent, ``cut`` drops the connection."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class ScriptedDatadog:
    """Answers each path from its list of answers; the last one is repeated."""

    script: dict[str, list[Say]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    host: str = ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, path: str, *answers: Say, method: str = "GET") -> None:
        self.script[f"{method} {path}"] = list(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                body=json.loads(text) if text else None,
            )
        )
        answers = self.script.get(f"{request.method} {request.path}", [Say(status=404, body={"errors": ["Not found"]})])
        return await self.answer(request, answers.pop(0) if len(answers) > 1 else answers[0])

    async def answer(self, request: web.Request, say: Say) -> web.StreamResponse:
        if say.hang:
            await self.stop.wait()
        if say.cut and request.transport is not None:
            request.transport.abort()
        kind = "text/html" if isinstance(say.body, bytes) else "application/json"
        body = say.body if isinstance(say.body, bytes) else json.dumps(say.body).encode()
        return web.Response(status=say.status, body=body, headers={"Content-Type": kind, **say.headers})


@asynccontextmanager
async def scripted_datadog() -> AsyncIterator[ScriptedDatadog]:
    datadog = ScriptedDatadog()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", datadog.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        datadog.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield datadog
    finally:
        datadog.stop.set()
        await runner.cleanup()
