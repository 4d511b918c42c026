"""Targets on loopback, each with a prober for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from fixloop_bot.adapters.http.guard import Guard
from tests.adapters.probing import Bench, prober_with, service_at
from tests.adapters.targets import Shop, Speak, serving, speaking


@pytest.fixture
async def shop() -> AsyncIterator[Bench]:
    """A polite shop on loopback with a prober for it."""
    target = Shop()
    async with serving(target.app()) as port:
        prober = prober_with(Guard())
        yield Bench(prober, service_at(port), target)
        await prober.aclose()


@pytest.fixture
async def against() -> AsyncIterator[Callable[..., object]]:
    """Opens a bench against a raw server."""
    async with AsyncExitStack() as stack:

        async def bench(speak: Speak, *, total_s: float = 5.0) -> Bench:
            port = await stack.enter_async_context(speaking(speak))
            prober = prober_with(Guard(total_s=total_s))
            stack.push_async_callback(prober.aclose)
            return Bench(prober, service_at(port))

        yield bench
