"""What the commands outside Slack work with, wired: the house's store, gate and telemetry."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fixloop_bot import __version__
from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.datadog.client import NullTelemetry
from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner, NullPlanner
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.proposals import Proposals
from fixloop_bot.application.proving import Proving
from fixloop_bot.application.replaying import Replaying
from fixloop_bot.bootstrap.gallery import DAY_S
from fixloop_bot.bootstrap.openings import open_careful_prober, open_model, open_telemetry, store_client, store_url
from fixloop_bot.config import Settings, secret_of
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import FixLoopError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the commands outside Slack work with."""

    clock: Clock
    store: RedisStore
    proposals: Proposals
    proving: Proving
    replaying: Replaying


@asynccontextmanager
async def bench(settings: Settings, catalog: Catalog, *, with_model: bool = False) -> AsyncIterator[Bench]:
    """Open what proves, plans and replays without an incident: the house's store, gate and telemetry, and no Slack."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings))
        client = store_client(url)
        stack.push_async_callback(client.aclose)
        store = RedisStore(client, clock=clock, retention_s=settings.retention_days * DAY_S, shared_time=True)
        await store.ping()
        telemetry = stack.enter_context(open_telemetry(settings))
        model = await stack.enter_async_context(open_model(settings, clock)) if with_model else None
        planner = MiniMaxPlanner(model, settings.minimax_model, secrets=secret_of) if model else NullPlanner()
        prober = await stack.enter_async_context(open_careful_prober(settings, clock))
        asked = telemetry or NullTelemetry()
        proposals = Proposals(store, planner=planner, telemetry=asked, prober=prober, catalog=catalog, clock=clock)
        proving = Proving(
            store,
            prober=prober,
            telemetry=telemetry,
            without_keys=NullTelemetry(),
            clock=clock,
            chance=random.Random(),
            product=__version__,
        )
        replaying = Replaying(store, prober=prober, clock=clock)
        brake = Brake(store, prober, clock=clock)
        await brake.look()
        braking = asyncio.create_task(brake.run(), name="brake")
        try:
            yield Bench(clock=clock, store=store, proposals=proposals, proving=proving, replaying=replaying)
        finally:
            braking.cancel()
            await asyncio.wait({braking})


async def halted_by(settings: Settings) -> str | None:
    """Who has stopped all traffic, if anybody; None, too, where the store does not say."""
    with contextlib.suppress(FixLoopError):
        async with store_url(settings) as url:
            client = store_client(url)
            try:
                return await RedisStore(client, clock=SystemClock(), retention_s=DAY_S).halted_by()
            finally:
                await client.aclose()
    return None
