"""Gentle customers: seeded random requests over real HTTP, on connections that come and go.

A customer notices more than a status code does: a wrong total, a broken answer or a wait of over three seconds
is counted as `shop.customer_failures` beside `shop.customer_orders`.
"""

import asyncio
import json
import random
import ssl
from typing import Any

import aiohttp

from .telemetry import Telemetry
from .wares import CATALOG, dollars

CUSTOMERS = 6
PATIENCE_S = 3.0
PAGE = 6
_HANG_UP = 0.3  # share of requests after which a customer comes back on a new connection


class Traffic:
    """`per_second` can be changed while it runs; 0 sends everybody home."""

    def __init__(self, telemetry: Telemetry, *, per_second: float, seed: int) -> None:
        self.per_second = per_second
        self._telemetry = telemetry
        self._seed = seed
        self._secure_url = ""
        self._trust: ssl.SSLContext | None = None

    async def run(self, url: str, secure_url: str, trust: ssl.SSLContext) -> None:
        """Until cancelled. `trust` is what a customer's browser believes of certificates."""
        self._secure_url, self._trust = secure_url, trust
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
        if choice < 0.55:
            await self._buy(session, dice)
        elif choice < 0.65:
            await self._ask(session, dice, "POST", "/quote", json=_basket(dice))
        elif choice < 0.7:
            await self._ask(session, dice, "POST", "/cart", json=_basket(dice))
        elif choice < 0.8:
            await self._look(session, dice)
        elif choice < 0.86:
            await self._list(session, dice)
        elif choice < 0.92:
            await self._turn(session, dice)
        elif choice < 0.96:
            await self._pay_again(session, dice)
        else:
            await self._connect(session)

    async def _look(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        """At one item, whose price stands on the advertisement, too. A1 is advertised the most."""
        sku = dice.choice(["A1", "A1", *CATALOG])
        item = await self._ask(session, dice, "GET", f"/catalog/{sku}")
        right = isinstance(item, dict) and item.get("price") == dollars(CATALOG[sku].cents)
        self._telemetry.judge("catalog", "price", satisfied=right)

    async def _list(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        page = await self._ask(session, dice, "GET", "/catalog")
        whole = isinstance(page, dict) and len(page.get("items", ())) == len(CATALOG)
        self._telemetry.judge("catalog", "items", satisfied=whole)

    async def _turn(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        """To the second page, which begins where the first one ends."""
        page = await self._ask(session, dice, "GET", f"/catalog?page=2&per_page={PAGE}")
        items = page.get("items") if isinstance(page, dict) else None
        right = bool(items and items[0]["sku"] == list(CATALOG)[PAGE])
        self._telemetry.judge("catalog", "pages", satisfied=right)

    async def _pay_again(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        """An app that did not hear the answer sends the same order again, and expects one charge."""
        basket, key = _basket(dice), f"retry-{dice.getrandbits(48):x}"
        first, second = [await self._ask(session, dice, "POST", "/checkout", json=basket, key=key) for _ in range(2)]
        both = isinstance(first, dict) and isinstance(second, dict)
        once = both and second.get("charges") == 1
        if both:  # an order that fails is another complaint
            self._telemetry.judge("payments", "charges", satisfied=once)

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        """Open the payment page by HTTPS, on a new connection."""
        try:
            async with session.get(
                f"{self._secure_url}/healthz", ssl=self._trust or True, headers={"Connection": "close"}
            ):
                trusted = True
        except aiohttp.ClientSSLError:
            trusted = False
        except (aiohttp.ClientError, TimeoutError):
            return
        self._telemetry.judge("payments", "certificate", satisfied=trusted)

    async def _buy(self, session: aiohttp.ClientSession, dice: random.Random) -> None:
        basket = _basket(dice)
        expected = dollars(sum(CATALOG[item["sku"]].cents * item["qty"] for item in basket["items"]))
        answer = await self._ask(session, dice, "POST", "/checkout", json=basket)
        self._telemetry.count("shop.customer_orders")
        satisfied = isinstance(answer, dict) and answer.get("total") == expected
        self._telemetry.count("shop.customer_failures", 0 if satisfied else 1)

    async def _ask(
        self, session: aiohttp.ClientSession, dice: random.Random, method: str, path: str, key: str = "", **more: Any
    ) -> Any:
        """The JSON of a 200 that names its request, or None for everything a customer cannot use."""
        headers = {"Connection": "close"} if dice.random() < _HANG_UP else {}
        headers |= {"Idempotency-Key": key} if key else {}
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
