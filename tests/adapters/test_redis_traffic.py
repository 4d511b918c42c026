"""What all processes share about traffic: a service's rate, its hour, its baseline, and the kill switch."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.redis.traffic import EARLY_PLACES, LONGEST_NAME, halt_written
from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.errors import NewerDocument, StoreUnavailable
from fixloop_bot.domain.runs import LatencyBand
from tests.fake_clock import START, FakeClock

PLENTY = 1_000_000
PROCESSES = 8


@pytest.fixture
async def processes(valkey: str, redis: Redis) -> AsyncIterator[list[RedisStore]]:
    """Eight stores, each with connections of its own and a clock that is minutes off."""
    clients = [Redis.from_url(valkey) for _ in range(PROCESSES)]
    yield [
        RedisStore(client, clock=FakeClock(START + 600 * number), retention_s=60, shared_time=True)
        for number, client in enumerate(clients)
    ]
    for client in clients:
        await client.aclose()


async def test_a_rate_is_kept_to_the_place(store: RedisStore) -> None:
    """Ten samples at two a second: the first may go, two may go early, and the others half a second apart."""
    waits = [await store.take_place("checkout", per_second=2, per_hour=PLENTY) for _ in range(10)]
    assert waits == pytest.approx([0, 0, 0, *(step * 0.5 for step in range(1, 8))], abs=1e-3)


async def test_a_sample_of_many_requests_takes_as_many_places(store: RedisStore, clock: FakeClock) -> None:
    """A journey of four at two a second keeps the next sample away for two seconds, less what may go early."""
    assert await store.take_place("checkout", per_second=2, per_hour=PLENTY, requests=4) == 0
    assert await store.take_place("checkout", per_second=2, per_hour=PLENTY) == pytest.approx(1.0)
    assert await store.take_place("cart", per_second=2, per_hour=PLENTY) == 0, "each service has a rate of its own"
    clock.advance(60)
    assert await store.take_place("checkout", per_second=2, per_hour=PLENTY) == 0


async def test_processes_with_different_clocks_share_one_rate(processes: list[RedisStore]) -> None:
    """Eight at once, their clocks minutes apart, never exceed the rate in any stretch of time."""
    per_second, sent = 50.0, []
    clock = SystemClock()

    async def send(store: RedisStore) -> None:
        for _ in range(15):
            asked = clock.now()
            waited = await store.take_place("checkout", per_second=per_second, per_hour=PLENTY)
            assert waited is not None
            sent.append((asked + waited, clock.now() + waited))

    await asyncio.gather(*(send(store) for store in processes))
    assert len(sent) == PROCESSES * 15
    sent.sort()
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            longest = sent[last][1] - sent[first][0]
            assert last - first + 1 <= per_second * longest + EARLY_PLACES + 1 + 1e-6


async def test_processes_never_exceed_the_hour(processes: list[RedisStore]) -> None:
    """Of 160 that ask at once for a total of 100, exactly 100 are given, and refusals book nothing."""
    asked = (store.take_place("checkout", per_second=1000, per_hour=100) for store in processes for _ in range(20))
    given_ = [waited for waited in await asyncio.gather(*asked) if waited is not None]
    assert len(given_) == 100
    assert await processes[0].take_place("checkout", per_second=1000, per_hour=101) is not None


async def test_the_hour_rolls(store: RedisStore, clock: FakeClock) -> None:
    """At no time has more than the total been sent within the last 3,600 seconds; later there is room again."""
    sent: deque[float] = deque()
    for _ in range(400):
        waited = await store.take_place("checkout", per_second=5, per_hour=60, requests=2)
        if waited is not None:
            sent.append(clock.now() + waited)
        clock.advance(23)
        within = [at for at in sent if at > sent[-1] - 3600]
        assert 2 * len(within) <= 60
    assert len(sent) >= 60, "400 × 23 s are two and a half hours"


async def test_what_is_larger_than_the_hour_is_never_sent(store: RedisStore, redis: Redis) -> None:
    """And leaves no trace."""
    assert await store.take_place("checkout", per_second=5, per_hour=3, requests=4) is None
    assert await redis.keys("fixloop:*") == []


async def test_no_stretch_of_time_is_overfull(store: RedisStore, clock: FakeClock) -> None:
    """Samples of one to five requests, asked for at random times: what begins before the last one fits the rate."""
    chance, sent = random.Random(3), []
    for _ in range(60):
        requests = chance.randint(1, 5)
        waited = await store.take_place("checkout", per_second=2, per_hour=PLENTY, requests=requests)
        assert waited is not None
        sent.append((clock.now() + waited, requests))
        clock.advance(chance.choice((0.0, 0.1, waited, waited + 3)))
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            before_last = sum(requests for _, requests in sent[first:last])
            assert before_last <= (sent[last][0] - sent[first][0]) * 2 + EARLY_PLACES + 1e-3


async def test_the_kill_switch_is_remembered_until_somebody_lifts_it(store: RedisStore, redis: Redis) -> None:
    """With who and when; the first stays the one who did it; it does not expire."""
    assert await store.halted_by() is None
    assert await store.resume() is False
    await store.halt("U0MIRA")
    await store.halt("U0JONAS")
    assert (await store.halted_by(), await store.halted_since()) == ("U0MIRA", START)
    assert await redis.ttl("fixloop:halt") == -1
    assert await store.resume() is True
    assert (await store.halted_by(), await store.halted_since()) == (None, None)


@pytest.mark.parametrize(
    ("written", "by"),
    [
        (b"me", "me"),
        (b"", "somebody"),
        (b"  \n", "somebody"),
        (b"change\nfreeze", "change freeze"),
        (b"\xff", "�"),
        (b"0", "0"),
        (b"x" * 500, "x" * LONGEST_NAME),
    ],
)
async def test_an_operator_may_set_the_key_by_hand(store: RedisStore, redis: Redis, written: bytes, by: str) -> None:
    """Whatever is in it, all is stopped."""
    await redis.set("fixloop:halt", written)
    assert await store.halted_by() == by
    assert await store.halted_since() is None
    assert await store.resume()


@given(st.binary(max_size=200))
def test_any_value_of_the_key_is_a_halt_by_somebody(stored: bytes) -> None:
    """Reading it raises nothing, and the name is one short line that is never empty."""
    by = halt_written(stored).by
    assert by == " ".join(by.split())
    assert 0 < len(by) <= LONGEST_NAME


async def test_a_stopped_run_learns_who_stopped_everything(store: RedisStore) -> None:
    """A run asks one question; who stopped it alone is named first."""
    assert await store.stopped_by("INC-1-r1") is None
    await store.halt("U0MIRA")
    assert await store.stopped_by("INC-1-r1") == "U0MIRA"
    await store.stop_run("INC-1-r1", "U0JONAS")
    assert await store.stopped_by("INC-1-r1") == "U0JONAS"
    await store.resume()


async def test_a_baseline_comes_back_as_it_was_and_ends(store: RedisStore, redis: Redis) -> None:
    """For ninety days; one of a newer FixLoop is refused with a sentence."""
    band = LatencyBand(quantile=0.95, ms=80.0, low_ms=70.0, high_ms=95.5)
    probe = ProbeBaseline(
        line="POST /checkout",
        samples=3,
        statuses=(("200", 3),),
        shape='{"total":"number"}',
        digests=("ab", "cd"),
        latencies_ms=(1.5, 2.0, 80.0),
        latency=(band,),
        captured=('{"id": 1}',),
    )
    learned = Baseline(service="checkout", since=START, until=START + 60, probes=(probe,))
    assert await store.baseline("checkout") is None
    await store.save_baseline(learned)
    assert await store.baseline("checkout") == learned
    assert 89 * 86_400 < await redis.ttl("fixloop:baseline:checkout") <= 90 * 86_400
    await redis.set("fixloop:baseline:checkout", b'{"v": 99, "doc": {}}', ex=60)
    with pytest.raises(NewerDocument, match="update this FixLoop"):
        await store.baseline("checkout")


async def test_without_a_store_nobody_gets_a_place(clock: FakeClock) -> None:
    """The rate that cannot be asked is no free rate."""
    client = Redis.from_url("redis://127.0.0.1:1/0")
    nowhere = RedisStore(client, clock=clock, retention_s=60)
    with pytest.raises(StoreUnavailable):
        await nowhere.take_place("checkout", per_second=1, per_hour=1)
    with pytest.raises(StoreUnavailable):
        await nowhere.halted_by()
    await client.aclose()
