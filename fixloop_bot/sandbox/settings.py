"""What the sandbox configures: the bot's environment and catalog, and the monitors in the local Datadog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHANNEL = "#incidents"
WEBHOOK = "fixloop"
ERRORS = "sum:shop.errors{{{scope}}}.as_count() / sum:shop.requests{{{scope}}}.as_count()"
CUSTOMERS = (
    "sum:shop.customer_failures{service:checkout}.as_count() / sum:shop.customer_orders{service:checkout}.as_count()"
)
SCOPE = "service:checkout,env:prod,!client:fixloop"
P95 = f"p95:shop.latency{{{SCOPE},endpoint:checkout}}"
DISAPPOINTED = "sum:shop.customer_disappointments{{{scope}}}.as_count() / sum:shop.customer_tries{{{scope}}}.as_count()"
BASKETS = [
    {"sku": sku, "price": price, "qty": qty}
    for sku, price, qty in (("A1", 19.99, 1), ("B2", 119.9, 2), ("C1", 8.99, 3), ("D1", 13.33, 1), ("A3", 12.25, 4))
]
ITEMS = [{"sku": "{{sku}}", "price": "{{price}}", "qty": "{{qty}}"}]
PAID = "json $.total == sum($.items[*].price * $.items[*].qty)"
COMPLAINTS = {
    "Customers see wrong prices": ("catalog", "price"),
    "Customers miss items in the list": ("catalog", "items"),
    "Customers see the first page twice": ("catalog", "pages"),
    "Customers are charged twice": ("payments", "charges"),
    "Customers do not trust the certificate": ("payments", "certificate"),
}
"""Monitor → the service, and what its customers complain about."""


def shipped_manifest() -> Path | None:
    """The app's manifest.yml: inside an installed package, or at the top of a clone; None where there is neither."""
    package = Path(__file__).parents[1]
    return next((each / "manifest.yml" for each in (package, package.parent) if (each / "manifest.yml").exists()), None)


def error_rate() -> str:
    return ERRORS.format(scope=SCOPE)


def catalog(
    base_url: str,
    secure_url: str,
    *,
    window_s: float,
    soak_s: float,
    proof: Mapping[str, float] | None = None,
    watch: bool = False,
) -> str:
    """The shop's catalog, as a team would write it, with shorter windows; ``proof`` overrides its proof settings."""
    common = {
        "channel": CHANNEL,
        "slo": {"error_rate": 0.01},
        "proof": {"window_s": window_s, "per_second": 60, **(proof or {})},
        "soak_s": soak_s,
        "runbook": "https://wiki.example.com/checkout",
    }
    services = {
        "checkout": {**common, **_checkout(base_url), "watch": watch},
        "catalog": {**common, **_catalog(base_url)},
        "payments": {**common, **_payments(secure_url)},
    }
    return json.dumps({"services": services}, indent=2)  # JSON is YAML


def _checkout(base_url: str) -> dict[str, Any]:
    return {
        "match": {"service": "checkout", "env": "prod"},
        "base_url": base_url,
        "openapi": f"{base_url}/openapi.json",
        "slo": {"error_rate": 0.01, "p95_ms": 400},
        "metrics": {"error_rate": error_rate(), "p95_ms": P95},
        "logs": "service:checkout status:error",
        "allow": {"methods": ["GET", "HEAD", "POST"], "writes": ["/checkout", "/quote"]},
        "probes": [
            {
                "name": "A cart can be paid",
                "request": {"method": "POST", "path": "/checkout", "json": {"items": ITEMS}},
                "inputs": BASKETS,
                "expect": ["status == 200", PAID, "json $.items length == 1", "header x-request-id exists"],
            },
            {
                "name": "A quote adds up",
                "request": {"method": "POST", "path": "/quote", "json": {"items": ITEMS}},
                "inputs": BASKETS,
                "expect": ["status == 200", PAID],
            },
            {
                "name": "The catalog is whole",
                "request": {"method": "GET", "path": "/catalog"},
                "expect": ["status == 200", "json $.items length == 12"],
            },
        ],
    }


def _catalog(base_url: str) -> dict[str, Any]:
    return {
        "match": {"service": "catalog", "env": "prod"},
        "base_url": base_url,
        "probes": [
            {
                "name": "Prices are right",
                "request": {"method": "GET", "path": "/catalog/{{sku}}"},
                "inputs": [{"sku": each["sku"], "price": each["price"]} for each in BASKETS],
                "expect": ["status == 200", "json $.price == {{price}}"],
            },
            {
                "name": "The list has all items",
                "request": {"method": "GET", "path": "/catalog"},
                "expect": ["status == 200", "json $.items length == 12"],
            },
            {
                "name": "The second page begins where the first page ends",
                "request": {"method": "GET", "path": "/catalog?page=2&per_page=6"},
                "expect": ["status == 200", 'json $.items[0].sku == "C1"'],
            },
        ],
    }


def _payments(secure_url: str) -> dict[str, Any]:
    keys = [{**basket, "key": f"fixloop-{number}"} for number, basket in enumerate(BASKETS, start=1)]
    paying = {"method": "POST", "path": "/checkout", "json": {"items": ITEMS}}
    return {
        "match": {"service": "payments", "env": "prod"},
        "base_url": secure_url,
        "allow": {"methods": ["GET", "HEAD", "POST"], "writes": ["/checkout"]},
        "probes": [
            {
                "name": "Paying again with the same key is charged once",
                "request": {**paying, "headers": {"idempotency-key": "{{key}}"}},
                "inputs": keys,
                "expect": ["status == 200", PAID, "json $.charges == 1"],
            },
            {"name": "The certificate is trusted and lasts", "tls": {"expect": ["json $.days_left >= 7"]}},
        ],
    }


def monitors(window: str = "last_10s") -> list[dict[str, Any]]:
    """What the shop's teams watch, all of it sent to FixLoop. A p95 needs more requests: it looks back twice as far."""
    queries = [
        ("Error rate of checkout is high", f"avg({window}):{error_rate()} > 0.02", 2, "checkout"),
        ("Customers cannot use what checkout answers", f"avg({window}):{CUSTOMERS} > 0.02", 2, "checkout"),
        ("Checkout is slow", f"avg(last_20s):{P95} > 400", 3, "checkout"),
    ]
    for name, (service, about) in COMPLAINTS.items():
        scope = f"service:{service},env:prod,about:{about}"
        rate = DISAPPOINTED.format(scope=scope)
        queries.append((name, f"avg({window}):{rate} > 0.02", 2, service))
    return [
        monitor(name, query, priority=priority, tags=[f"service:{service}", "env:prod"])
        for name, query, priority, service in queries
    ]


def monitor(name: str, query: str, *, priority: int, tags: list[str]) -> dict[str, Any]:
    """A monitor's definition; the query ends with its critical threshold."""
    return {
        "name": name,
        "type": "query alert",
        "query": query,
        "message": f"Look at the runbook. @webhook-{WEBHOOK}",
        "tags": tags,
        "priority": priority,
        "options": {"thresholds": {"critical": float(query.rsplit(" ", 1)[1])}, "notify_no_data": False},
    }
