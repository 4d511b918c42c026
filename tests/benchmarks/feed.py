"""How long App Home takes to gather and draw, with a thousand incidents in the last 30 days.

python -m tests.benchmarks.feed
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.home import NullFront
from fixloop_bot.application.feed import Feed
from fixloop_bot.domain.happenings import Entry
from fixloop_bot.domain.incidents import Incident, State
from tests.adapters.thread_states import SIGNAL

INCIDENTS = 1_000
OPEN = 10
TIMES = 50
DAY_S = 86_400.0
LINE = Entry(at=0.0, who="datadog", what="Re-Triggered: Error rate of checkout is high, once more than before")


def incident(number: int, now: float) -> Incident:
    """One of each hour or so, with a timeline as long as a normal incident's; the last ones are open."""
    opened = now - 29 * DAY_S * (1 - number / INCIDENTS)
    is_open = number > INCIDENTS - OPEN
    return Incident(
        id=f"INC-{number}",
        number=number,
        service_key=f"service-{number}",
        service=f"service-{number}",
        label=f"service-{number}",
        title="Error rate is high",
        channel="C0",
        opened_at=opened,
        state=State.OPEN if is_open else State.RESOLVED,
        resolved_at=None if is_open else opened + 2_000,
        signals=(replace(SIGNAL, identity=str(number)),),
        timeline=(LINE,) * 40,
    )


async def took(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def measured(store: RedisStore, clock: SystemClock) -> dict[str, list[float]]:
    now = clock.now()
    for number in range(1, INCIDENTS + 1):
        await store.create_incident(incident(number, now))
    feed, front = Feed(store, NullFront(), clock=clock, name="me"), NullFront()

    async def drawn() -> None:
        front.draw(await feed.picture())

    async def loaded() -> None:
        for number in range(1, INCIDENTS + 1):
            await store.incident(f"INC-{number}")

    found = {"all rows made, once, after an update": [await took(feed.rows.catch_up)]}
    found["first opening in a process"] = [await took(drawn)]
    found["opening, nothing changed"] = [await took(drawn) for _ in range(TIMES)]
    changed = found["opening, one incident changed"] = []
    for number in range(TIMES):
        newest = await store.incident(f"INC-{INCIDENTS}")
        assert newest is not None
        await store.save_incident(replace(newest, severity=f"SEV{number % 5 + 1}"))
        changed.append(await took(drawn))
    found["a look while nobody has it open"] = [await took(feed.once) for _ in range(TIMES)]
    found["for comparison: loading every incident"] = [await took(loaded)]
    return found


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fixloop-bench-") as folder:
        server, clock = EmbeddedValkey(Path(folder)), SystemClock()
        await server.start()
        client = Redis.from_url(server.url)
        try:
            store = RedisStore(client, clock=clock, retention_s=90 * DAY_S)
            for what, times in (await measured(store, clock)).items():
                print(f"{what:42} median {statistics.median(times):8.1f} ms   worst {max(times):8.1f} ms")
        finally:
            await client.aclose()
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
