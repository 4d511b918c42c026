"""Each fault shows what its row says while it is broken, less when half-fixed, and nothing once it is fixed."""

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from fixloop_bot.sandbox.shop import FAULTS, REPLICAS, Shop

VERDICTS = {"proven", "unproven", "not recovered", "inconclusive"}


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Visit:
    """A shop, its clock, and one connection to every replica."""

    shop: Shop
    clock: Clock
    session: aiohttp.ClientSession
    asked: int = 0
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **more: Any) -> tuple[aiohttp.ClientResponse, bytes, float]:
        """One request to the replicas in turn: the answer, its body and the seconds it took."""
        self.asked += 1
        url = self.shop.replica_urls[REPLICAS[self.asked % 4]] + path
        began = time.monotonic()
        async with self.session.request(method, url, allow_redirects=False, **more) as response:
            return response, await response.read(), time.monotonic() - began

    async def checkout(self, qty: int = 1, **more: Any) -> tuple[aiohttp.ClientResponse, bytes, float]:
        items = {"items": [{"sku": "A1", "price": 19.99, "qty": qty}]}
        return await self.ask("POST", "/checkout", json=items, **more)


async def _checkout_fails(visit: Visit) -> bool:
    response, _, _ = await visit.checkout()
    return response.status >= 500


async def _large_checkout_fails(visit: Visit) -> bool:
    assert (await visit.checkout(qty=2))[0].status == 200
    return (await visit.checkout(qty=3))[0].status == 500


async def _checkout_is_slow(visit: Visit) -> bool:
    _, _, seconds = await visit.checkout()
    return seconds > 0.4


async def _total_is_wrong(visit: Visit) -> bool:
    response, body, _ = await visit.checkout(qty=2)
    assert response.status == 200
    return b'"total": 39.98,' not in body


async def _price_is_stale(visit: Visit) -> bool:
    response, body, _ = await visit.ask("GET", "/catalog/A1")
    assert ("X-Cache" in response.headers) == (b"18.99" in body)
    return b"18.99" in body


async def _request_id_is_missing(visit: Visit) -> bool:
    return "X-Request-Id" not in (await visit.checkout())[0].headers


async def _page_is_repeated(visit: Visit) -> bool:
    _, body, _ = await visit.ask("GET", "/catalog?page=2&per_page=6")
    return b'"A1"' in body


async def _catalog_is_short(visit: Visit) -> bool:
    _, body, _ = await visit.ask("GET", "/catalog")
    return body.count(b'"sku"') == 11


async def _charged_twice(visit: Visit) -> bool:
    key = {"Idempotency-Key": f"key-{visit.asked}"}
    first, second = [(await visit.checkout(headers=key))[1] for _ in range(2)]
    return first != second


async def _body_is_cut(visit: Visit) -> bool:
    response, body, _ = await visit.checkout()
    return response.status == 200 and not body.endswith(b"}")


async def _body_is_empty(visit: Visit) -> bool:
    return (await visit.checkout())[1] == b"{}"


async def _is_redirected(visit: Visit) -> bool:
    response, _, _ = await visit.checkout()
    return response.status == 302 and response.headers["Location"] == "/login"


async def _certificate_is_expired(visit: Visit) -> bool:
    """Strictly checked, as the newest Python does."""
    trust = ssl.create_default_context(cadata=visit.shop.ca_pem)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        fresh = {"Connection": "close"}
        async with visit.session.get(f"{visit.shop.secure_url}/healthz", ssl=trust, headers=fresh) as answer:
            assert answer.status == 200
    except aiohttp.ClientConnectorCertificateError as error:
        return "expired" in str(error)
    return False


async def _flaps(visit: Visit) -> bool:
    visit.clock.now += 0.5
    return await _checkout_fails(visit)


async def _leaks(visit: Visit) -> bool:
    visit.clock.now += 3
    _, _, seconds = await visit.checkout()
    return seconds > 0.09


async def _checkout_or_quote_fails(visit: Visit) -> bool:
    items = {"items": [{"sku": "A1"}]}
    quote, _, _ = await visit.ask("POST", "/quote", json=items)
    return quote.status == 500 or await _checkout_fails(visit)


Symptom = Callable[[Visit], Awaitable[bool]]
SYMPTOMS: dict[str, Symptom] = {
    "checkout-500": _checkout_fails,
    "checkout-slow": _checkout_is_slow,
    "checkout-crawls": _checkout_is_slow,
    "wrong-total": _total_is_wrong,
    "missing-quantity": _total_is_wrong,
    "one-in-five-fails": _checkout_fails,
    "health-lies": _checkout_fails,
    "five-percent-errors": _checkout_fails,
    "stale-cache-after-fix": _price_is_stale,
    "one-bad-replica": _checkout_fails,
    "fails-for-one-input": _large_checkout_fails,
    "missing-header": _request_id_is_missing,
    "broken-pagination": _page_is_repeated,
    "short-catalog": _catalog_is_short,
    "double-charge-on-retry": _charged_twice,
    "truncated-body": _body_is_cut,
    "empty-success": _body_is_empty,
    "redirect-to-login": _is_redirected,
    "expired-certificate": _certificate_is_expired,
    "flapping": _flaps,
    "slow-leak": _leaks,
    "half-fix": _checkout_fails,
    "fix-breaks-neighbour": _checkout_or_quote_fails,
}
SLOW = {"checkout-slow": 12, "checkout-crawls": 4, "slow-leak": 8}  # tries, where a try takes its time
RARE = 150  # tries for shares of a few percent


async def _share(visit: Visit, name: str) -> float:
    tries = SLOW.get(name, RARE if FAULTS[name].broken < 0.5 else 48)
    return sum([await SYMPTOMS[name](visit) for _ in range(tries)]) / tries


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_seen_broken_and_gone_when_fixed(name: str) -> None:
    """Off: never. Broken: as often as its row says. Fixed: never again, once a stale cache has run out."""
    clock = Clock()
    shop = Shop(traffic_per_second=0, clock=clock, seed=7)
    await shop.start()
    try:
        async with aiohttp.ClientSession() as session:
            visit = Visit(shop, clock, session)
            assert not await SYMPTOMS[name](visit)
            shop.faults.set(name, "broken")
            broken = await _share(visit, name)
            shop.faults.set(name, "half-fixed")
            half = 0.0 if name in SLOW else await _share(visit, name)
            shop.faults.set(name, "fixed")
            clock.now += 21
            assert not any([await SYMPTOMS[name](visit) for _ in range(8)])
    finally:
        await shop.stop()
    assert broken > 0
    assert half < broken or name == "fix-breaks-neighbour"
    if FAULTS[name].broken == 1 and name not in ("flapping", "slow-leak", "one-bad-replica"):
        assert broken == 1
    if name not in SLOW:
        assert half > 0


async def test_a_stale_cache_outlives_its_fix() -> None:
    """Right after the fix the old price is still served; 20 seconds later it is not."""
    clock = Clock()
    shop = Shop(traffic_per_second=0, clock=clock)
    await shop.start()
    try:
        async with aiohttp.ClientSession() as session:
            visit = Visit(shop, clock, session)
            shop.faults.set("stale-cache-after-fix", "broken")
            shop.faults.set("stale-cache-after-fix", "fixed")
            assert await _price_is_stale(visit)
            clock.now += 20
            assert not await _price_is_stale(visit)
    finally:
        await shop.stop()


async def test_health_tells_the_truth_for_one_fault_and_lies_for_another() -> None:
    """checkout-500 degrades /healthz; health-lies leaves it ok."""
    shop = Shop(traffic_per_second=0)
    await shop.start()
    try:
        async with aiohttp.ClientSession() as session:
            visit = Visit(shop, Clock(), session)
            shop.faults.set("health-lies", "broken")
            assert (await visit.ask("GET", "/healthz"))[0].status == 200
            assert await _checkout_fails(visit)
            shop.faults.set("checkout-500", "broken")
            assert (await visit.ask("GET", "/healthz"))[0].status == 503
    finally:
        await shop.stop()


def test_every_fault_has_a_row_that_says_what_to_expect() -> None:
    """Sentences for the page, verdicts of the four, a half-fixed state no worse than the broken one."""
    assert set(SYMPTOMS) == set(FAULTS)
    for fault in FAULTS.values():
        assert {fault.verdict, fault.half_verdict} <= VERDICTS
        assert all(sentence.endswith(".") for sentence in (fault.sees, fault.fix, fault.half))
        assert 0 < fault.half_fixed <= fault.broken <= 1
