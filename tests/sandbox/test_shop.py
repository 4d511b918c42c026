"""The shop when nothing is broken: what it sells, how it adds up, who answers, what its document promises."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.sandbox.shop import REPLICAS, Shop
from fixloop_bot.sandbox.shop.wares import CATALOG, OrderError, read_lines, total_cents


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop(traffic_per_second=0)
    await shop.start()
    yield shop
    await shop.stop()


@pytest.fixture
async def customer(shop: Shop) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=shop.url) as session:
        yield session


def _items(*lines: tuple[str, float, int]) -> dict[str, Any]:
    return {"items": [{"sku": sku, "price": price, "qty": qty} for sku, price, qty in lines]}


async def test_a_cart_can_be_paid(customer: aiohttp.ClientSession) -> None:
    """Checkout answers with an order whose total equals the cart, and the order can be read back."""
    async with customer.post("/checkout", json=_items(("A1", 19.99, 1))) as response:
        order = await response.json()
        assert response.status == 200
    assert (order["total"], order["currency"], order["status"]) == (19.99, "USD", "paid")
    async with customer.get(f"/orders/{order['order_id']}") as response:
        assert await response.json() == order


async def test_totals_are_exact_to_the_cent(customer: aiohttp.ClientSession) -> None:
    """0.07 × 3 + 0.1 × 3 + 19.99 × 99 is 1979.52 and nothing beside it, in quote, cart and checkout alike."""
    items = _items(("A1", 0.07, 3), ("A2", 0.1, 3), ("A3", 19.99, 99))
    for path in ("/quote", "/cart", "/checkout"):
        async with customer.post(path, json=items) as response:
            assert '"total": 1979.52,' in await response.text()


@given(st.lists(st.tuples(st.sampled_from(sorted(CATALOG)), st.integers(1, 99)), min_size=1, max_size=50))
def test_any_cart_adds_up(lines: list[tuple[str, int]]) -> None:
    """Price × quantity, in cents, for whatever is bought."""
    read = read_lines({"items": [{"sku": sku, "qty": qty} for sku, qty in lines]})
    assert total_cents(read) == sum(CATALOG[sku].cents * qty for sku, qty in lines)


def _dicts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(["items", "sku", "price", "qty"]), values | st.sampled_from(["A1"]))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | _dicts(v)))
def test_any_body_is_items_or_an_order_error(body: Any) -> None:
    """The reader's only failure is its own."""
    try:
        lines = read_lines(body)
    except OrderError:
        return
    assert lines


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b'{"items": []}',
        b'{"items": [{"sku": "Z9"}]}',
        b'{"items": [{"sku": "A1", "qty": 0}]}',
        b'{"items": [{"sku": "A1", "price": 1.999}]}',
        b'{"items": [{"sku": "A1", "price": NaN}]}',
        b"[" * 30_000,
    ],
)
async def test_what_cannot_be_sold_is_a_422(customer: aiohttp.ClientSession, body: bytes) -> None:
    """Bad items are the customer's mistake and come with a sentence."""
    async with customer.post("/checkout", data=body) as response:
        assert response.status == 422
        assert (await response.json())["error"]["message"]


async def test_the_catalog_has_twelve_items_on_any_number_of_pages(customer: aiohttp.ClientSession) -> None:
    """Pages neither overlap nor leave out."""
    seen: list[str] = []
    for page in (1, 2, 3):
        async with customer.get("/catalog", params={"page": page, "per_page": 5}) as response:
            body = await response.json()
            seen += [item["sku"] for item in body["items"]]
            assert body["total"] == 12
    assert seen == list(CATALOG)
    async with customer.get("/catalog", params={"page": 0}) as response:
        assert response.status == 400


async def test_an_idempotency_key_charges_once(customer: aiohttp.ClientSession) -> None:
    """A retry with the same key gets the same order; another key makes another."""
    orders = []
    for key in ("k1", "k1", "k2"):
        items = _items(("A1", 19.99, 1))
        async with customer.post("/checkout", json=items, headers={"Idempotency-Key": key}) as response:
            orders.append((await response.json())["order_id"])
    assert orders[0] == orders[1] != orders[2]


async def test_a_connection_stays_on_its_replica(shop: Shop) -> None:
    """Four connections in turn meet four replicas; requests on one connection meet one; own ports are fixed."""
    met = []
    for _ in range(4):
        async with aiohttp.ClientSession() as session:
            answers = [await _replica(session, shop.url) for _ in range(3)]
            assert len(set(answers)) == 1
            met.append(answers[0])
    assert sorted(met) == list(REPLICAS)
    async with aiohttp.ClientSession() as session:
        for replica, url in shop.replica_urls.items():
            assert await _replica(session, url) == replica


async def _replica(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(f"{url}/healthz") as response:
        assert await response.json() == {"status": "ok"}
        return response.headers["X-Replica"]


async def test_the_document_is_true(customer: aiohttp.ClientSession) -> None:
    """Every example of /openapi.json fits its schema, and so does what the endpoints really answer."""
    async with customer.get("/openapi.json") as response:
        document = await response.json()
    assert document["openapi"] == "3.1.0"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            status, answer = next(iter(operation["responses"].items()))
            content = answer["content"]["application/json"]
            _fits(content["example"], content["schema"], document)
            filled = path.replace("{sku}", "A1").replace("{id}", "")
            if filled.endswith("/"):
                continue
            example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            async with customer.request(method, filled, json=example) as response:
                assert str(response.status) == status
                assert all(name in response.headers for name in answer["headers"])
                _fits(await response.json(), content["schema"], document)


def _fits(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    components = {"components": document["components"]}
    jsonschema.Draft202012Validator({**schema, **components}).validate(value)


async def test_the_control_port_is_another_one(shop: Shop, customer: aiohttp.ClientSession) -> None:
    """A black-box check cannot reach the switches; the control port lists, sets, and refuses what it does not know."""
    async with customer.get("/_sandbox/faults") as response:
        assert response.status == 404
    async with aiohttp.ClientSession(base_url=shop.control_url) as control:
        async with control.put("/_sandbox/faults/checkout-500", json={"state": "broken"}) as response:
            assert await response.json() == {"name": "checkout-500", "state": "broken"}
        async with control.get("/_sandbox/faults") as response:
            listed = {fault["name"]: fault for fault in (await response.json())["faults"]}
        for name, body in (("nonsense", {"state": "broken"}), ("checkout-500", {"state": "on"}), ("wrong-total", {})):
            async with control.put(f"/_sandbox/faults/{name}", json=body) as response:
                assert response.status in (400, 404)
    assert listed["checkout-500"]["state"] == "broken"
    assert listed["wrong-total"]["state"] == "off"
