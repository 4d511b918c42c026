"""What tests share: a real Valkey, emptied for each test, a clock that tests drive, and no network but loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.adapters.redis.store import RedisStore
from tests.fake_clock import FakeClock

RETENTION_S = 90 * 86_400.0
WITHOUT_END = frozenset(
    f"fixloop:{name}"
    for name in (*("counter", "inbox", "arrivals", "outbox", "dirty", "incidents", "open_incidents", "halt"),)
)
"""Keys without a TTL, each with its reason in the store's docstring."""


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """A test that reaches for the network fails with the address it reached for."""
    patch = pytest.MonkeyPatch()
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and str(address[0]) not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError(f"a test reached for {address[0]}")
        connect(self, address)

    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server, the one that FixLoop brings along."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    server = EmbeddedValkey(folder)
    asyncio.run(server.start())
    with BlockingRedis.from_url(server.url) as client:
        client.config_set("appendfsync", "no")  # tests of durability start servers of their own
    yield server.url
    asyncio.run(server.stop())


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    """An empty server; the test fails if it leaves a key of FixLoop's that never ends."""
    client = Redis.from_url(valkey)
    await client.flushall()
    yield client
    endless = await endless_keys(client)
    await client.aclose()
    assert not endless, f"keys without an end: {', '.join(sorted(endless))}"


async def endless_keys(client: Redis) -> set[str]:
    """FixLoop's keys that have neither a TTL nor a reason."""
    found = {key.decode() async for key in client.scan_iter("fixloop:*", count=1000)}
    return {key for key in found - WITHOUT_END if await client.ttl(key) == -1}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(redis: Redis, clock: FakeClock) -> RedisStore:
    return RedisStore(redis, clock=clock, retention_s=RETENTION_S)
