"""The shop's OpenAPI 3.1 document: paths, schemas and examples that are true."""

from typing import Any

from .wares import CATALOG, CURRENCY, MAX_LINES, MAX_QTY

_EXAMPLE_ITEM = {"sku": "A1", "price": 19.99, "qty": 1}
_EXAMPLE_LINE = {**_EXAMPLE_ITEM, "line_total": 19.99}
_EXAMPLE_ERROR = {"error": {"code": "payment_unavailable", "message": "the payment service does not answer"}}
# No multipleOf: 19.99 is not a multiple of 0.01 in binary floating point, and validators disagree about it.
_MONEY = {"type": "number", "description": "Dollars with at most two decimals."}
_HEADERS = {
    "X-Request-Id": {
        "required": True,
        "schema": {"type": "string"},
        "description": "Identifies this request in the logs.",
    },
    "X-Replica": {
        "required": True,
        "schema": {"type": "string", "pattern": "^shop-[1-4]$"},
        "description": "The replica that answered; one connection stays on one replica.",
    },
}


def document(version: str) -> dict[str, Any]:
    """The whole document for one release."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shop",
            "version": version,
            "description": "Catalog, carts and checkout. Totals are price × quantity, exact to the cent.",
        },
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }


def _paths() -> dict[str, Any]:
    return {
        "/healthz": {"get": _operation("health", "Is the service up?", _ok("Health", {"status": "ok"}), 503)},
        "/catalog": {"get": _list_catalog()},
        "/catalog/{sku}": {
            "get": _operation("getItem", "One item", _ok("Item", _item()), 404, parameters=[_path("sku", "A1")])
        },
        "/cart": {"post": _posting("createCart", "Put items into a new cart", _cart(), 201)},
        "/cart/{id}": {
            "get": _operation(
                "getCart", "One cart", _ok("Cart", _cart()), 404, parameters=[_path("id", "cart_00000001")]
            )
        },
        "/quote": {"post": _posting("quote", "The total of some items, without buying them", _quote())},
        "/checkout": {"post": _checkout()},
        "/orders/{id}": {
            "get": _operation(
                "getOrder",
                "One paid order",
                _ok("Order", _order()),
                404,
                parameters=[_path("id", "ord_00000001")],
            )
        },
    }


def _list_catalog() -> dict[str, Any]:
    page = {"items": [_item()], "total": len(CATALOG), "page": 1, "per_page": 12}
    parameters = [
        _query("page", 1, 1000, "Counted from 1; pages do not overlap."),
        _query("per_page", 12, 100, "Items on a page."),
    ]
    summary = f"All {len(CATALOG)} items, page by page"
    return _operation("listCatalog", summary, _ok("CatalogPage", page), 400, parameters=parameters)


def _checkout() -> dict[str, Any]:
    operation = _posting("checkout", "Pay for items; makes an order", _order())
    operation["description"] = (
        "Safe to repeat in this shop: no money moves. With the same Idempotency-Key the same order is returned "
        "and nothing is charged again."
    )
    operation["parameters"] = [
        {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}}
    ]
    operation["responses"]["503"] = _error("The payment service does not answer")
    return operation


def _posting(name: str, summary: str, example: dict[str, Any], status: int = 200) -> dict[str, Any]:
    schema = {"createCart": "Cart", "quote": "Quote", "checkout": "Order"}[name]
    operation = _operation(name, summary, {str(status): _answer(schema, example, "Done")}, 422)
    operation["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": _ref("Items"), "example": {"items": [_EXAMPLE_ITEM]}}},
    }
    return operation


def _operation(
    name: str,
    summary: str,
    responses: dict[str, Any],
    failing: int,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    reasons = {400: "Bad parameters", 404: "Not found", 422: "The items cannot be sold", 503: "Degraded"}
    answers = {**responses, str(failing): _error(reasons[failing])}
    return {"operationId": name, "summary": summary, "parameters": parameters or [], "responses": answers}


def _ok(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    return {"200": _answer(schema, example, "Found")}


def _answer(schema: str, example: dict[str, Any], description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(schema), "example": example}}
    return {"description": description, "headers": _HEADERS, "content": content}


def _error(description: str) -> dict[str, Any]:
    return _answer("Error", _EXAMPLE_ERROR, description)


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _path(name: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": example}


def _query(name: str, default: int, most: int, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _item() -> dict[str, Any]:
    return CATALOG["A1"].as_json()


def _quote() -> dict[str, Any]:
    return {"items": [_EXAMPLE_LINE], "total": 19.99, "currency": CURRENCY}


def _cart() -> dict[str, Any]:
    return {"cart_id": "cart_00000001", **_quote()}


def _order() -> dict[str, Any]:
    return {"order_id": "ord_00000001", "status": "paid", "charges": 1, **_quote()}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _schemas() -> dict[str, Any]:
    text, whole = {"type": "string"}, {"type": "integer", "minimum": 1}
    sku = {"type": "string", "enum": list(CATALOG)}
    qty = {"type": "integer", "minimum": 1, "maximum": MAX_QTY}
    lines = {"type": "array", "items": _ref("Line")}
    priced = {"items": lines, "total": _MONEY, "currency": {"const": CURRENCY}}
    wanted = {**_object(sku=sku, price=_MONEY, qty=qty), "required": ["sku"]}
    return {
        "Health": _object(status={"enum": ["ok", "degraded"]}),
        "Item": _object(sku=sku, name=text, price=_MONEY, currency={"const": CURRENCY}, category=text),
        "CatalogPage": _object(
            items={"type": "array", "items": _ref("Item")},
            total={"type": "integer"},
            page=whole,
            per_page=whole,
        ),
        "Items": _object(items={"type": "array", "minItems": 1, "maxItems": MAX_LINES, "items": wanted}),
        "Line": _object(sku=sku, price=_MONEY, qty=qty, line_total=_MONEY),
        "Quote": _object(**priced),
        "Cart": _object(cart_id=text, **priced),
        "Order": _object(order_id=text, status={"const": "paid"}, charges=whole, **priced),
        "Error": _object(error=_object(code=text, message=text)),
    }
