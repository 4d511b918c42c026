"""What other rules say of the same shop at the same time, and what may stand between a fault and who looks at it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web

from fixloop_bot.sandbox.shop.wares import CATALOG, dollars

CUSTOMERS_A_LOOK, LOOKS, LOOK_S = 30, 2, 10.0
"""A monitor looks at the last ten seconds, here at 30 customers; it says Recovered at the first look that is fine."""
MOST_ERRORS, MOST_P95_S = 0.02, 0.4
"""The limits of the sandbox's monitors."""
PATIENCE = aiohttp.ClientTimeout(total=3)
MASKS = ("polite", "cached", "calm")
"""Errors shown as a friendly 200; good answers replayed by a cache; healthy for half a window after the restart."""
Answer = tuple[int, dict[str, str], bytes]


async def monitor_recovers(url: str, *, speed: float, dice: random.Random) -> bool:
    """Whether a monitor on error rate and p95 would say Recovered within twenty seconds after the fix."""
    async with aiohttp.ClientSession(base_url=url, timeout=PATIENCE) as session:
        for _ in range(LOOKS):
            seen = await asyncio.gather(
                *(_customer(session, dice.random() * LOOK_S / speed, dice) for _ in range(CUSTOMERS_A_LOOK))
            )
            errors = sum(failed for failed, _ in seen) / len(seen)
            p95 = sorted(seconds for _, seconds in seen)[int(0.95 * len(seen))]
            if errors <= MOST_ERRORS and p95 <= MOST_P95_S:
                return True
    return False


async def _customer(session: aiohttp.ClientSession, after_s: float, dice: random.Random) -> tuple[bool, float]:
    """One of the shop's customers, in the mixture of its own traffic: whether it saw a 5xx, and how long it waited."""
    await asyncio.sleep(after_s)
    choice, began = dice.random(), time.perf_counter()
    method, path = next(
        (method, path)
        for share, method, path in (
            (0.6, "POST", "/checkout"),
            (0.75, "POST", "/quote"),
            (0.8, "POST", "/cart"),
            (0.9, "GET", "/catalog/A1"),
            (1.0, "GET", "/catalog"),
        )
        if choice <= share
    )
    more: dict[str, Any] = {"json": basket(dice)} if method == "POST" else {}
    try:
        async with session.request(method, path, allow_redirects=False, **more) as answer:
            await answer.read()
            return answer.status >= 500, time.perf_counter() - began
    except (aiohttp.ClientError, TimeoutError):
        return True, time.perf_counter() - began


def basket(dice: random.Random) -> dict[str, Any]:
    """What a customer buys."""
    skus = dice.sample(list(CATALOG), dice.choice((1, 1, 2, 3)))
    return {"items": [{"sku": s, "price": dollars(CATALOG[s].cents), "qty": dice.choice((1, 1, 2, 3))} for s in skus]}


async def one_request_says_200(url: str, dice: random.Random) -> bool:
    """A single checkout on a new connection, its status alone: what most scripts do after a fix."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with (
            aiohttp.ClientSession(base_url=url, timeout=PATIENCE) as session,
            session.post("/checkout", json=basket(dice)) as answer,
        ):
            return answer.status == 200
    return False


async def two_in_a_row(sample: Callable[[int], Awaitable[bool]]) -> bool:
    """Gatus' rule, with the very assertions of our own first step: the next two pass."""
    return await sample(1) and await sample(2)


class Middlebox:
    """A proxy before the shop that hides its errors, once ``mask`` is set; until then it passes everything on."""

    def __init__(self, shop_url: str) -> None:
        self.mask = ""
        self.url = ""
        self._shop_url = shop_url
        self._kept: dict[tuple[str, str, bytes], Answer] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Middlebox]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        connector = aiohttp.TCPConnector(force_close=True, limit=0)  # a new connection each: every replica is met
        async with aiohttp.ClientSession(base_url=self._shop_url, connector=connector, timeout=PATIENCE) as session:
            self._session = session
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        asked = await request.read()
        key = (request.method, request.path_qs, asked)
        if self.mask == "cached" and key in self._kept:
            status, headers, body = self._kept[key]
            return web.Response(status=status, headers={**headers, "Age": "3600", "X-Cache": "HIT"}, body=body)
        status, headers, body = await self._pass_on(request, asked)
        if self.mask == "polite" and status >= 500:
            page = "<!doctype html><title>Sorry</title><h1>We will be right back</h1>"
            return web.Response(text=page, content_type="text/html")
        if not self.mask and status in (200, 201):
            self._kept.setdefault(key, (status, headers, body))
        return web.Response(status=status, headers=headers, body=body)

    async def _pass_on(self, request: web.Request, asked: bytes) -> Answer:
        kept = ("Content-Type", "Idempotency-Key")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        try:
            async with self._session.request(
                request.method, request.path_qs, data=asked or None, headers=headers, allow_redirects=False
            ) as answer:
                own = ("Content-Type", "X-Request-Id", "Location", "Age", "X-Cache", "X-Replica")
                shown = {name: answer.headers[name] for name in own if name in answer.headers}
                return answer.status, shown, await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return 502, {"Content-Type": "text/plain"}, b"bad gateway"
