"""What the sandbox configures: the bot's environment and catalog, and the monitors in the local Datadog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CHANNEL = "#incidents"
WEBHOOK = "fixloop"
ERRORS = "sum:shop.errors{{{scope}}}.as_count() / sum:shop.requests{{{scope}}}.as_count()"
CUSTOMERS = (
    "sum:shop.customer_failures{service:checkout}.as_count() / sum:shop.customer_orders{service:checkout}.as_count()"
)
SCOPE = "service:checkout,env:prod,!client:fixloop"


def error_rate() -> str:
    return ERRORS.format(scope=SCOPE)


def catalog(
    base_url: str, *, window_s: float, soak_s: float, proof: Mapping[str, float] | None = None, watch: bool = False
) -> str:
    """The shop's catalog entry, as a team would write it, with shorter windows. Long because it is one document.

    ``proof`` overrides the entry's proof settings.
    """
    items = [{"sku": "{{sku}}", "price": "{{price}}", "qty": "{{qty}}"}]
    baskets = [
        {"sku": sku, "price": price, "qty": qty}
        for sku, price, qty in (("A1", 19.99, 1), ("B2", 119.9, 2), ("C1", 8.99, 3), ("D1", 13.33, 1), ("A3", 12.25, 4))
    ]
    paid = "json $.total == sum($.items[*].price * $.items[*].qty)"
    body = {
        "services": {
            "checkout": {
                "channel": CHANNEL,
                "match": {"service": "checkout", "env": "prod"},
                "base_url": base_url,
                "openapi": f"{base_url}/openapi.json",
                "slo": {"error_rate": 0.01, "p95_ms": 400},
                "proof": {"window_s": window_s, "per_second": 60, **(proof or {})},
                "watch": watch,
                "soak_s": soak_s,
                "metrics": {"error_rate": error_rate(), "p95_ms": f"p95:shop.latency{{{SCOPE}}}"},
                "logs": "service:checkout status:error",
                "allow": {"methods": ["GET", "HEAD", "POST"], "writes": ["/checkout", "/quote"]},
                "probes": [
                    {
                        "name": "A cart can be paid",
                        "request": {"method": "POST", "path": "/checkout", "json": {"items": items}},
                        "inputs": baskets,
                        "expect": ["status == 200", paid, "json $.items length == 1", "header x-request-id exists"],
                    },
                    {
                        "name": "A quote adds up",
                        "request": {"method": "POST", "path": "/quote", "json": {"items": items}},
                        "inputs": baskets,
                        "expect": ["status == 200", paid],
                    },
                    {
                        "name": "The catalog is whole",
                        "request": {"method": "GET", "path": "/catalog"},
                        "expect": ["status == 200", "json $.items length == 12"],
                    },
                ],
                "runbook": "https://wiki.example.com/checkout",
            }
        }
    }
    return json.dumps(body, indent=2)  # JSON is YAML


def monitors(window: str = "last_10s") -> list[dict[str, Any]]:
    """Three monitors of one service, all sent to FixLoop."""
    queries = (
        ("Error rate of checkout is high", f"avg({window}):{error_rate()} > 0.02", 2),
        ("Customers cannot use what checkout answers", f"avg({window}):{CUSTOMERS} > 0.02", 2),
        ("Checkout is slow", f"avg({window}):p95:shop.latency{{{SCOPE}}} > 400", 3),
    )
    return [
        {
            "name": name,
            "type": "query alert",
            "query": query,
            "message": f"Look at the runbook. @webhook-{WEBHOOK}",
            "tags": ["service:checkout", "env:prod"],
            "priority": priority,
            "options": {"thresholds": {"critical": float(query.rsplit(" ", 1)[1])}, "notify_no_data": False},
        }
        for name, query, priority in queries
    ]
