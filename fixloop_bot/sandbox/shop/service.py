"""The shop's endpoints: catalog, carts, quotes, checkout, orders, health."""

import json
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

from aiohttp import web

from .faults import FaultSwitches
from .openapi import document
from .symptoms import Situation, Symptoms, failure
from .telemetry import Telemetry
from .wares import CATALOG, CURRENCY, Line, OrderError, dollars, read_lines, total_cents

KEPT = 5000
MAX_BODY = 64 * 1024
T = TypeVar("T")
Handler = Callable[[web.Request, Situation], Awaitable[web.Response]]


class ShopService:
    """Serves customers; faults strike through `Symptoms`, every request is observed by `Telemetry`."""

    def __init__(
        self,
        switches: FaultSwitches,
        telemetry: Telemetry,
        replica_of: Callable[[web.Request], str],
        dice: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self._symptoms = Symptoms(switches)
        self._telemetry = telemetry
        self._replica_of = replica_of
        self._dice = dice
        self._clock = clock
        self._carts: OrderedDict[str, list[Line]] = OrderedDict()
        self._orders: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._paid: OrderedDict[str, str] = OrderedDict()
        self._numbered = 0

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.get("/healthz", self._served("health", self._health)),
                web.get("/openapi.json", self._served("openapi", self._openapi)),
                web.get("/catalog", self._served("catalog", self._catalog)),
                web.get("/catalog/{sku}", self._served("item", self._item)),
                web.post("/cart", self._served("cart", self._create_cart)),
                web.get("/cart/{id}", self._served("cart", self._cart)),
                web.post("/quote", self._served("quote", self._quote)),
                web.post("/checkout", self._served("checkout", self._checkout)),
                web.get("/orders/{id}", self._served("order", self._order)),
                web.get("/login", self._served("login", self._login)),
            ]
        )
        return app

    def _served(self, endpoint: str, handle: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler with everything around it: faults, headers, measurement, the error log."""

        async def serve(request: web.Request) -> web.Response:
            began = time.perf_counter()
            replica = self._replica_of(request)
            situation = Situation(endpoint=endpoint, replica=replica, now=self._clock(), dice=self._dice)
            trace = f"{self._dice.getrandbits(63)}"
            response = await self._respond(request, situation, handle)
            response = self._dress(self._symptoms.after(situation, response), replica, trace)
            self._observe(request, situation, response, time.perf_counter() - began, trace)
            return response

        return serve

    async def _respond(self, request: web.Request, situation: Situation, handle: Handler) -> web.Response:
        try:
            if request.method == "POST":  # everything that is posted here is a list of items
                situation.lines = read_lines(await _read_body(request))
            return await self._symptoms.before(situation) or await handle(request, situation)
        except OrderError as error:
            return failure(422, "invalid_items", str(error))

    def _dress(self, response: web.Response, replica: str, trace: str) -> web.Response:
        response.headers["X-Replica"] = replica
        response.headers.setdefault("Cache-Control", "no-store")
        # An empty one is the mark of the fault that removes it.
        if response.headers.setdefault("X-Request-Id", f"req-{int(trace):016x}") == "":
            del response.headers["X-Request-Id"]
        return response

    def _observe(
        self, request: web.Request, situation: Situation, response: web.Response, seconds: float, trace: str
    ) -> None:
        agent = request.headers.get("User-Agent", "")
        self._telemetry.observe(
            endpoint=situation.endpoint,
            status=response.status,
            milliseconds=seconds * 1000,
            replica=situation.replica,
            client="fixloop" if agent.startswith("FixLoop/") else "customer",
        )
        if response.status >= 500 and situation.endpoint != "health":
            error = json.loads(response.text or "{}").get("error", {})
            self._telemetry.log(
                "error",
                f"{request.method} {request.path} {response.status}: {error.get('message', 'no message')}",
                replica=situation.replica,
                trace_id=trace,
                error={"kind": error.get("code", "unknown")},
                http={
                    "method": request.method,
                    "status_code": response.status,
                    "url_details": {"path": request.path},
                },
            )

    async def _health(self, _: web.Request, __: Situation) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _openapi(self, _: web.Request, __: Situation) -> web.Response:
        return web.json_response(document(self._telemetry.version))

    async def _login(self, _: web.Request, __: Situation) -> web.Response:
        return web.Response(text="<!doctype html><title>Log in</title><h1>Log in</h1>", content_type="text/html")

    async def _catalog(self, request: web.Request, situation: Situation) -> web.Response:
        page, size = (_whole(request, name, default) for name, default in (("page", 1), ("per_page", 12)))
        if page is None or size is None or not 1 <= page <= 1000 or not 1 <= size <= 100:
            return failure(400, "invalid_page", "page must be 1 to 1000 and per_page 1 to 100")
        shown = 1 if page > 1 and self._symptoms.hits("broken-pagination", situation) else page
        items = [ware.as_json() for ware in CATALOG.values()][(shown - 1) * size : shown * size]
        return web.json_response({"items": items, "total": len(CATALOG), "page": page, "per_page": size})

    async def _item(self, request: web.Request, _: Situation) -> web.Response:
        ware = CATALOG.get(request.match_info["sku"])
        return web.json_response(ware.as_json()) if ware else failure(404, "not_found", "no such item")

    async def _create_cart(self, _: web.Request, situation: Situation) -> web.Response:
        number = self._number("cart")
        _keep(self._carts, number, situation.lines)
        return web.json_response(_cart(number, situation.lines), status=201)

    async def _cart(self, request: web.Request, _: Situation) -> web.Response:
        number = request.match_info["id"]
        lines = self._carts.get(number)
        return web.json_response(_cart(number, lines)) if lines else failure(404, "not_found", "no such cart")

    async def _quote(self, _: web.Request, situation: Situation) -> web.Response:
        return web.json_response(_priced(situation.lines, total_cents(situation.lines)))

    async def _checkout(self, request: web.Request, situation: Situation) -> web.Response:
        """Pay. The same Idempotency-Key gives the same order again, without a second charge.

        `charges` says how often the key's owner has paid; whoever was charged twice gets the second one back with the
        fix, so that the key stands for its first order again.
        """
        key = request.headers.get("Idempotency-Key", "")
        known = self._orders.get(self._paid.get(key, "")) if key else None
        if known and not self._symptoms.hits("double-charge-on-retry", situation):
            return web.json_response(known)
        true_cents = total_cents(situation.lines)
        charged = self._symptoms.total(situation, true_cents)
        number, charges = self._number("ord"), 2 if known else 1
        order = {"order_id": number, "status": "paid", "charges": charges, **_priced(situation.lines, charged)}
        _keep(self._orders, number, order)
        if key and not known:
            _keep(self._paid, key, number)
        if charged != true_cents:
            self._reconcile(order, situation, charged, true_cents)
        return web.json_response(order)

    def _reconcile(self, order: dict[str, Any], situation: Situation, charged: int, true_cents: int) -> None:
        """The ledger notices a wrong total, though no status code does."""
        self._telemetry.count("shop.ledger_mismatches")
        self._telemetry.log(
            "error",
            f"ledger mismatch: order {order['order_id']} charged {dollars(charged):.2f}, "
            f"expected {dollars(true_cents):.2f}",
            replica=situation.replica,
            trace_id=f"{self._dice.getrandbits(63)}",
            error={"kind": "ledger_mismatch"},
        )

    async def _order(self, request: web.Request, _: Situation) -> web.Response:
        order = self._orders.get(request.match_info["id"])
        return web.json_response(order) if order else failure(404, "not_found", "no such order")

    def _number(self, kind: str) -> str:
        self._numbered += 1
        return f"{kind}_{self._numbered:08d}"


async def _read_body(request: web.Request) -> Any:
    try:
        return json.loads(await request.text(), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise OrderError("the body is not JSON") from error


def _whole(request: web.Request, name: str, default: int) -> int | None:
    text = request.query.get(name, str(default))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _priced(lines: list[Line], cents: int) -> dict[str, Any]:
    return {"items": [line.as_json() for line in lines], "total": dollars(cents), "currency": CURRENCY}


def _cart(number: str, lines: list[Line]) -> dict[str, Any]:
    return {"cart_id": number, **_priced(lines, total_cents(lines))}


def _keep(kept: OrderedDict[str, T], key: str, value: T) -> None:
    """Remember the newest few thousand."""
    kept[key] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)
