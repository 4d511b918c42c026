"""How each fault behaves: what happens before a request is served, to its total, and to its answer.

Every function is asked only while its fault makes a difference, and for every request; it decides by the
situation whether this one is affected.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from .faults import Fault, FaultSwitches, State, Switch
from .wares import Line

CHECKOUT = frozenset({"checkout"})
STALE_S = 20.0  # how long a cache entry outlives the correction
LEAK = 0.040  # seconds that the leak adds every second
_FLAP_S = 6.0


@dataclass(slots=True)
class Situation:
    """One request as the faults see it. `mutes` collects what later stages must leave out."""

    endpoint: str
    replica: str
    now: float
    dice: random.Random
    lines: list[Line] = field(default_factory=list)
    fault: Fault | None = None
    switch: Switch = field(default_factory=Switch)

    def hit(self) -> bool:
        """Whether this request is among the affected share."""
        if self.fault is None or self.switch.state not in (State.BROKEN, State.HALF_FIXED):
            return False
        broken = self.switch.state == State.BROKEN
        return self.dice.random() < (self.fault.broken if broken else self.fault.half_fixed)

    @property
    def age(self) -> float:
        """Seconds since the fault was switched."""
        return self.now - self.switch.since


Before = Callable[[Situation], Awaitable[web.Response | None]]
After = Callable[[Situation, web.Response], web.Response]


def failure(status: int, code: str, message: str) -> web.Response:
    """An error in the shop's own form."""
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


class Symptoms:
    """Applies the faults that are on."""

    def __init__(self, switches: FaultSwitches) -> None:
        self._switches = switches

    async def before(self, situation: Situation) -> web.Response | None:
        """An answer that replaces the real one, or None; may take its time."""
        for fault, switch in self._switches.active():
            situation.fault, situation.switch = fault, switch
            handle = BEFORE.get(fault.name)
            if handle is not None and (response := await handle(situation)) is not None:
                return response
        return None

    def total(self, situation: Situation, cents: int) -> int:
        """The total that is charged, in cents."""
        for fault, switch in self._switches.active():
            situation.fault, situation.switch = fault, switch
            if fault.name == "wrong-total" and situation.hit():
                cents -= 1
            elif fault.name == "missing-quantity" and situation.hit():
                cents = sum(line.cents for line in situation.lines)
        return cents

    def after(self, situation: Situation, response: web.Response) -> web.Response:
        for fault, switch in self._switches.active():
            situation.fault, situation.switch = fault, switch
            handle = AFTER.get(fault.name)
            if handle is not None:
                response = handle(situation, response)
        return response

    def hits(self, name: str, situation: Situation) -> bool:
        """Whether a fault that works inside a handler strikes this request."""
        for fault, switch in self._switches.active():
            if fault.name == name:
                situation.fault, situation.switch = fault, switch
                return situation.hit()
        return False


def _fails(status: int, message: str, endpoints: frozenset[str] = CHECKOUT) -> Before:
    async def handle(situation: Situation) -> web.Response | None:
        if situation.endpoint in endpoints and situation.hit():
            return failure(status, "payment_unavailable" if status == 503 else "internal_error", message)
        return None

    return handle


def _slow(seconds: float) -> Before:
    async def handle(situation: Situation) -> web.Response | None:
        if situation.endpoint == "checkout" and situation.hit():
            await asyncio.sleep(seconds * situation.dice.uniform(0.9, 1.1))
        return None

    return handle


async def _outage(situation: Situation) -> web.Response | None:
    if situation.endpoint == "health" and situation.switch.state == State.BROKEN:
        return web.json_response({"status": "degraded"}, status=503)
    if situation.endpoint != "checkout" or not situation.hit():
        return None
    if situation.dice.random() < 0.5:
        return failure(500, "internal_error", "PaymentClient: connection refused")
    return failure(503, "payment_unavailable", "the payment service does not answer")


async def _bad_replica(situation: Situation) -> web.Response | None:
    if situation.endpoint == "checkout" and situation.replica == "shop-4" and situation.hit():
        return failure(503, "payment_unavailable", "shop-4: cannot read the payment certificate")
    return None


async def _half_rolled_back(situation: Situation) -> web.Response | None:
    old = situation.switch.state == State.BROKEN or situation.replica in ("shop-3", "shop-4")
    if situation.endpoint == "checkout" and old and situation.switch.state in (State.BROKEN, State.HALF_FIXED):
        return failure(503, "payment_unavailable", "release 2.14.0: the payment route is gone")
    return None


async def _large_quantity(situation: Situation) -> web.Response | None:
    large = any(line.qty >= 3 for line in situation.lines)
    if situation.endpoint == "checkout" and large and situation.hit():
        return failure(500, "internal_error", "StockQuery: value out of range for qty")
    return None


async def _redirect(situation: Situation) -> web.Response | None:
    if situation.endpoint == "checkout" and situation.hit():
        return web.Response(status=302, headers={"Location": "/login"})
    return None


async def _flap(situation: Situation) -> web.Response | None:
    down_s = {State.BROKEN: _FLAP_S, State.HALF_FIXED: _FLAP_S / 6}.get(situation.switch.state, 0.0)
    if situation.endpoint == "checkout" and situation.age % (2 * _FLAP_S) < down_s:
        return failure(503, "payment_unavailable", "the payment worker is restarting")
    return None


async def _leak(situation: Situation) -> web.Response | None:
    begins, pace = {State.BROKEN: (0.0, LEAK), State.HALF_FIXED: (0.5, LEAK / 3)}.get(
        situation.switch.state, (0.0, 0.0)
    )
    if situation.endpoint == "checkout":
        await asyncio.sleep(min(2.0, begins + situation.age * pace))
    return None


async def _neighbour(situation: Situation) -> web.Response | None:
    victim = {State.BROKEN: "checkout", State.HALF_FIXED: "quote"}.get(situation.switch.state)
    if situation.endpoint == victim:
        return failure(500, "internal_error", "TaxTable: no rate for the default region")
    return None


def _stale(situation: Situation, response: web.Response) -> web.Response:
    """The wrong price outlives its correction: for 20 s when fixed, for ever on two replicas when half-fixed."""
    old = situation.replica in ("shop-3", "shop-4")
    stale = {
        State.BROKEN: True,
        State.HALF_FIXED: old,
        State.FIXED: situation.age < STALE_S,
    }.get(situation.switch.state, False)
    if not stale or situation.endpoint not in ("catalog", "item") or response.status != 200:
        return response
    cached = web.Response(body=_bytes(response).replace(b"19.99", b"18.99"), content_type="application/json")
    cached.headers.update({"X-Cache": "HIT", "Age": str(int(situation.age) + 30)})
    return cached


def _without_header(situation: Situation, response: web.Response) -> web.Response:
    if situation.endpoint == "checkout" and situation.hit():
        response.headers["X-Request-Id"] = ""
    return response


def _truncated(situation: Situation, response: web.Response) -> web.Response:
    if situation.endpoint != "checkout" or response.status != 200 or not situation.hit():
        return response
    body = _bytes(response)
    return web.Response(body=body[: len(body) // 2], content_type="application/json")


def _empty(situation: Situation, response: web.Response) -> web.Response:
    if situation.endpoint == "checkout" and response.status == 200 and situation.hit():
        return web.json_response({})
    return response


def _short(situation: Situation, response: web.Response) -> web.Response:
    if situation.endpoint != "catalog" or response.status != 200 or not situation.hit():
        return response
    page = json.loads(_bytes(response))
    page["items"] = [item for item in page["items"] if item["sku"] != "D3"]
    return web.json_response({**page, "total": page["total"] - 1})


def _bytes(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


BEFORE: dict[str, Before] = {
    "checkout-500": _outage,
    "checkout-slow": _slow(0.9),
    "checkout-crawls": _slow(0.7),
    "one-in-five-fails": _fails(503, "the payment route is overloaded"),
    "health-lies": _fails(500, "OrderQueue: not connected"),
    "five-percent-errors": _fails(503, "the payment service closed the connection"),
    "one-bad-replica": _bad_replica,
    "fails-for-one-input": _large_quantity,
    "redirect-to-login": _redirect,
    "flapping": _flap,
    "slow-leak": _leak,
    "half-fix": _half_rolled_back,
    "fix-breaks-neighbour": _neighbour,
}
AFTER: dict[str, After] = {
    "stale-cache-after-fix": _stale,
    "missing-header": _without_header,
    "short-catalog": _short,
    "empty-success": _empty,
    "truncated-body": _truncated,
}
