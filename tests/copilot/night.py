"""Incidents of other services than the shop's checkout, as they are asked about at 3 a.m."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from fixloop_bot.application.ports import PlanDraft
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import HttpCheck, MetricCheck, Request, Role, Step
from fixloop_bot.domain.signals import Comparator, Measure, Signal
from tests.application.office import ASKED, FEW_ERRORS, LISTED, MONITOR, PAID, draft, signal
from tests.copilot.plant import MINUTE, Plant, service
from tests.copilot.registry import world

LAG = "max:kafka.consumer_lag{group:orders}"
MEMORY = "max:container.memory.usage{service:search}"
LOGINS = "sum:mobile.login.errors{env:prod}"


def _asks(at: int, path: str, title: str, *expect: str, role: Role = Role.CONFIRMATION) -> Step:
    check = HttpCheck(request=Request(path=path), expect=expect or ("status == 200",))
    return Step(id=f"s{at}", title=title, role=role, check=check)


def _plan(first: Step, query: str, limit: float, control: Step = LISTED) -> PlanDraft:
    """Five steps around the one that matters."""
    few = Step(id="s3", title="The metric is low again", role=Role.CONFIRMATION,
               check=MetricCheck(query=query, healthy_when="<", limit=limit))  # fmt: skip
    return draft(first, control, few, MONITOR, ASKED)


def _of(name: str, **changes: Any) -> Service:
    return service(
        name=name, match=(("service", name), ("env", "prod")), logs=f"service:{name} status:error", **changes
    )


def _alert(name: str, title: str, query: str, limit: float, value: float) -> dict[str, Any]:
    measure = Measure(query=query, comparator=Comparator.ABOVE, limit=limit)
    tags = (f"service:{name}", "env:prod")
    return {"service": name, "title": title, "tags": tags, "measure": measure, "value": value}


async def _fails(plant: Plant, path: str, share: float = 1.0, **alert: Any) -> None:
    plant.backend.broken[path] = share
    told: Signal = signal(**alert)
    await plant.receive(told)
    await plant.settle()


@world()
async def queue_lag(redis: Redis) -> Plant:
    """Orders are taken and not processed: the queue grows since the workers were scaled down. Reproduced."""
    plant = Plant(redis, services=(_of("orders-worker", metrics=(("queue_lag", LAG),)),))
    plant.author.answers = [_plan(_asks(1, "/orders/probe", "A new order is processed"), LAG, 1_000)]
    plant.backend.bad = (504, '{"error": "order 4711 still queued after 30 s"}')
    plant.telemetry.value, plant.telemetry.calm = 48_200.0, 120.0
    plant.telemetry.lines = [(float(at), "consumer orders-7 left the group: session timed out") for at in (1, 4, 6)]
    plant.events.happened(11, "scale orders-worker from 6 to 2 replicas", "by the nightly cost job")
    await _fails(plant, "/orders/probe", **_alert("orders-worker", "Order queue lag is high", LAG, 1_000, 48_200.0))
    return plant


@world()
async def acquirer_out(redis: Redis) -> Plant:
    """Payments time out at Stripe; nobody changed anything. Reproduced."""
    plant = Plant(redis)
    plant.backend.bad = (502, '{"error": "upstream timeout", "upstream": "stripe"}')
    plant.telemetry.lines = [(float(at), "stripe.charges.create: timed out after 10000 ms") for at in (2, 3, 7, 9)]
    await plant.reproduced(share=0.8)
    return plant


@world("No: *not recovered*")
async def memory_leak(redis: Redis) -> Plant:
    """Search restarts again and again, also after it was rolled back: the validate run failed."""
    plant = Plant(redis, services=(_of("search", metrics=(("memory", MEMORY),)),))
    plant.author.answers = [_plan(_asks(1, "/search", "A search finds something"), MEMORY, 0.9)]
    plant.backend.bad = (503, '{"error": "no replica is ready"}')
    plant.telemetry.value, plant.telemetry.calm = 0.97, 0.61
    plant.telemetry.lines = [(float(at), "search-5 OOMKilled, restart 14") for at in (2, 40, 80)]
    plant.events.happened(190, "deploy search 5.2.0")
    await _fails(plant, "/search", 0.9, **_alert("search", "Search restarts", MEMORY, 0.9, 0.97))
    plant.clock.advance(12 * MINUTE)
    plant.events.happened(-12, "rollback search to 5.1.9", "by priya")
    plant.backend.broken["/search"] = 0.6
    await plant.validate()
    return plant


@world("Recovery is *proven*", proven=True)
async def wrong_currency(redis: Redis) -> Plant:
    """Prices were in the wrong currency until a flag was switched off; proven, and the watch goes on."""
    plant = Plant(redis, services=(service(soak_s=6_000.0),))
    plant.author.answers = [
        draft(replace(PAID, title="A cart is charged in euros"), LISTED, FEW_ERRORS, MONITOR, ASKED)
    ]
    plant.backend.bad = (200, '{"total": 21.63, "currency": "USD"}')
    plant.telemetry.value = 0.0
    plant.events.happened(4, "flag fx_rates_v2 on for 100 %")
    await plant.reproduced(title="Customers report wrong prices", value=None, measure=None)
    plant.clock.advance(9 * MINUTE)
    plant.events.happened(-8, "flag fx_rates_v2 off")
    await plant.watched()
    return plant


@world()
async def mobile_login(redis: Redis) -> Plant:
    """The mobile API refuses every token since a signing key was rotated. Reproduced."""
    plant = Plant(redis, services=(_of("mobile-api", metrics=(("login_errors", LOGINS),)),))
    up = _asks(2, "/v2/health", "The API is up", role=Role.CONTROL)
    plant.author.answers = [_plan(_asks(1, "/v2/me", "A signed-in user sees their profile"), LOGINS, 50, up)]
    plant.backend.bad = (401, '{"error": "invalid_token", "error_description": "unknown kid 2026-11"}')
    plant.telemetry.value, plant.telemetry.calm = 812.0, 3.0
    plant.telemetry.lines = [(float(at), "token refused: unknown kid 2026-11") for at in (1, 2, 5)]
    plant.events.happened(9, "rotate signing key of auth.example.com", "by the platform team")
    await _fails(plant, "/v2/me", **_alert("mobile-api", "Mobile logins fail", LOGINS, 50, 812.0))
    return plant


@world()
async def failover(redis: Redis) -> Plant:
    """A third of the requests fail since the region was switched; reproduced, nobody has validated."""
    plant = Plant(redis)
    plant.backend.bad = (503, '{"error": "no healthy upstream"}')
    plant.telemetry.value = 0.34
    plant.telemetry.lines = [(float(at), "read replica db-2 is 340 s behind") for at in (2, 6)]
    plant.events.happened(2, "failover of checkout from eu-west-1 to eu-central-1", "by jonas")
    plant.events.happened(95, "deploy checkout 2.15.0")
    await plant.reproduced(share=0.34, value=0.34)
    return plant
