"""What the shop sells, and how it adds up. Money is whole cents inside and two decimals outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

CURRENCY = "USD"
MAX_LINES, MAX_QTY, MAX_PRICE_CENTS = 50, 99, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """One item of the catalog."""

    sku: str
    name: str
    cents: int
    category: str

    def as_json(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "name": self.name,
            "price": dollars(self.cents),
            "currency": CURRENCY,
            "category": self.category,
        }


CATALOG: Mapping[str, Ware] = {
    sku: Ware(sku=sku, name=name, cents=cents, category=category)
    for sku, name, cents, category in (
        ("A1", "Enamel mug", 1999, "kitchen"),
        ("A2", "French press", 3450, "kitchen"),
        ("A3", "Linen towel", 1225, "kitchen"),
        ("B1", "Canvas tote", 2405, "bags"),
        ("B2", "Weekender", 11990, "bags"),
        ("B3", "Laptop sleeve", 3995, "bags"),
        ("C1", "Notebook, ruled", 899, "paper"),
        ("C2", "Fountain pen", 4610, "paper"),
        ("C3", "Wall calendar", 1749, "paper"),
        ("D1", "Wool socks", 1333, "clothing"),
        ("D2", "Rain jacket", 8925, "clothing"),
        ("D3", "Beanie", 2167, "clothing"),
    )
}


class OrderError(ValueError):
    """The items cannot be sold; the message is one sentence for the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One position of a cart or an order."""

    sku: str
    cents: int
    qty: int

    @property
    def total_cents(self) -> int:
        return self.cents * self.qty

    def as_json(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "price": dollars(self.cents),
            "qty": self.qty,
            "line_total": dollars(self.total_cents),
        }


def dollars(cents: int) -> float:
    """The number that prints with at most two decimals and is nearest to the cents."""
    return cents / 100


def read_lines(body: Any) -> list[Line]:
    """The lines of `{"items": [{"sku", "price"?, "qty"?}]}`; raises OrderError.

    `price` is the price the customer was shown; without it the catalog's counts. It must come as a Decimal (or
    an int), so that 19.99 is exactly 1999 cents.
    """
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_LINES:
        raise OrderError(f"items must be a list of 1 to {MAX_LINES} positions")
    return [_read_line(item) for item in items]


def _read_line(item: Any) -> Line:
    sku = item.get("sku") if isinstance(item, dict) else None
    if not isinstance(sku, str) or sku not in CATALOG:
        raise OrderError("an item's sku is not in the catalog")
    ware = CATALOG[sku]
    qty = item.get("qty", 1)
    if not isinstance(qty, int) or isinstance(qty, bool) or not 1 <= qty <= MAX_QTY:
        raise OrderError(f"qty of {ware.sku} must be a whole number from 1 to {MAX_QTY}")
    return Line(sku=ware.sku, cents=_read_cents(item["price"]) if "price" in item else ware.cents, qty=qty)


def _read_cents(price: Any) -> int:
    if isinstance(price, bool) or not isinstance(price, (int, Decimal)):
        raise OrderError("price must be a number")
    try:
        cents = Decimal(price) * 100
    except InvalidOperation as error:
        raise OrderError("price must be a number") from error
    if not cents.is_finite() or cents != int(cents) or not 0 < cents <= MAX_PRICE_CENTS:
        raise OrderError("price must be above 0 with at most two decimals")
    return int(cents)


def total_cents(lines: list[Line]) -> int:
    """Sum of price × quantity, exact."""
    return sum(line.total_cents for line in lines)
