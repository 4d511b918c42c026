"""Briefs for the planner's tests: an incident of the checkout service, as the application hands it over."""

from __future__ import annotations

from typing import Any

from fixloop_bot.application.ports import LogLine, PlanBrief
from fixloop_bot.domain.catalog import Allow, Origin, Probe, Service, Slo
from fixloop_bot.domain.incidents import Incident, SignalLine
from fixloop_bot.domain.plans import Request
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Transition

QUERY = "sum:shop.errors{service:checkout}.as_count()"


def service(**changes: Any) -> Service:
    known: dict[str, Any] = {
        "name": "checkout",
        "base_url": "https://checkout.example.com",
        "slo": Slo(error_rate=0.01, p95_ms=400),
        "metrics": (("error_rate", QUERY),),
        "allow": Allow(
            origins=(Origin.of("https://checkout.example.com"),),
            methods=("GET", "HEAD", "POST"),
            writes=("/checkout",),
        ),
        "secrets": (("CHECKOUT_TOKEN", "env:CHECKOUT_TOKEN"),),
        "probes": (
            Probe(
                name="a cart can be paid",
                request=Request(
                    method="POST",
                    path="/checkout",
                    headers=(("X-Token", "${CHECKOUT_TOKEN}"), ("X-Literal", "hard-coded-secret")),
                    json_body='{"items": [{"sku": "A1"}]}',
                ),
                expect=("status == 200", "json $.total == 19.99"),
            ),
        ),
    }
    return Service(**{**known, **changes})


def incident(**changes: Any) -> Incident:
    signal = SignalLine(
        identity="cycle-1",
        identity_kind=IdentityKind.CYCLE,
        title="checkout error rate",
        transition=Transition.TRIGGERED,
        first_at=1_700_000_000.0,
        last_at=1_700_000_000.0,
        value=0.31,
        measure=Measure(query=QUERY, comparator=Comparator.ABOVE, limit=0.01),
        monitor_id="4711",
        scope="env:prod",
    )
    known: dict[str, Any] = {
        "id": "INC-42",
        "number": 42,
        "service_key": "checkout|prod",
        "service": "checkout",
        "label": "checkout",
        "env": "prod",
        "title": "checkout error rate is high",
        "channel": "C1",
        "opened_at": 1_700_000_000.0,
        "signals": (signal,),
    }
    return Incident(**{**known, **changes})


def log(message: str, number: int = 1) -> LogLine:
    return LogLine(id=f"l{number}", at=1_700_000_000.0 + number, status="error", service="checkout", message=message)


def brief(**changes: Any) -> PlanBrief:
    known: dict[str, Any] = {
        "incident": incident(),
        "service": service(),
        "metrics": (("error_rate", QUERY, tuple((1_700_000_000.0 + 60 * n, n / 100) for n in range(60))),),
        "logs": (log("payment gateway answered 503"),),
        "operations": ("POST /checkout pay a cart", "GET /catalog list products"),
    }
    return PlanBrief(**{**known, **changes})
