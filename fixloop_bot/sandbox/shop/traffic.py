"""Gentle customers: seeded random requests over real HTTP, on connections that come and go.

A customer notices more than a status code does: a wrong total, a broken answer or a wait of over three seconds
is counted as `shop.customer_failures` beside `shop.customer_orders`.
"""

import asyncio
import json
import random
from typing import Any

import aiohttp

from .telemetry import Telemetry
from .wares import CATALOG, dollars

CUSTOMERS = 6
PATIENCE_S = 3.0
_HANG_UP = 0.3  # share of requests after which a customer comes back on a new connection


class Traffic:
    """`per_second` can be changed while it runs; 0 sends everybody home."""

    def __init__(self, telemetry: Telemetry, *, per_second: float, seed: int) -> None:
        self.per_second = per_second
        self._telemetry = telemetry
        self._seed = seed

    async def run(self, url: str) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(CUSTOMERS):
                dice = random.Random(f"{self._seed}:{number}")
                group.create_task(self._customer(url, dice), name=f"shop-customer-{number}")

    async def _customer(self, url: str, dice: random.Random) -> None:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        headers = {"User-Agent": "ShopApp/5.2 (Android 15)"}
        async with aiohttp.ClientSession(base_url=url, headers=headers, timeout=timeout) as session:
            while True:
                await self._pause(dice)
                if self.per_second > 0:
                    await self._act(session, dice)

    async def _pause(self, dice: random.Random) -> None:
        share = self.per_second / CUSTOMERS
        await asyncio.sleep(min(dice.expovariate(share), 5.0) if share > 0 else 0.2)

    async def _act(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        choice = dice.random()
        if choice < 0.6:
            await self._buy(session, dice)
        elif choice < 0.75:
            await self._ask(session, dice, "POST", "/quote", json=_basket(dice))
        elif choice < 0.8:
            await self._ask(session, dice, "POST", "/cart", json=_basket(dice))
        elif choice < 0.9:
            await self._ask(session, dice, "GET", f"/catalog/{dice.choice(list(CATALOG))}")
        else:
            await self._ask(session, dice, "GET", "/catalog")

    async def _buy(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        basket = _basket(dice)
        expected = dollars(sum(CATALOG[item["sku"]].cents * item["qty"] for item in basket["items"]))
        answer = await self._ask(session, dice, "POST", "/checkout", json=basket)
        self._telemetry.count("shop.customer_orders")
        satisfied = isinstance(answer, dict) and answer.get("total") == expected
        self._telemetry.count("shop.customer_failures", 0 if satisfied else 1)

    async def _ask(
        self, session: aiohttp.ClientSession, dice: random.Random, method: str, path: str, **more: Any
    ) -> Any:
        """The JSON of a 200 that names its request, or None for everything a customer cannot use."""
        headers = {"Connection": "close"} if dice.random() < _HANG_UP else {}
        try:
            async with session.request(method, path, headers=headers, allow_redirects=False, **more) as response:
                body = await response.read()
                usable = response.status in (200, 201) and "X-Request-Id" in response.headers
                return json.loads(body) if usable else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None


def _basket(dice: random.Random) -> dict[str, Any]:
    skus = dice.sample(list(CATALOG), dice.choice((1, 1, 2, 3)))
    return {
        "items": [{"sku": sku, "price": dollars(CATALOG[sku].cents), "qty": dice.choice((1, 1, 2, 3))} for sku in skus]
    }
