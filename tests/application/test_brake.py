"""The kill switch: who pulls it, who obeys, and what happens where nobody can be asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import brake
from fixloop_bot.application.brake import BLIND, BLIND_S, LOOK_EVERY_S, STOPPED, Brake
from fixloop_bot.domain.errors import StoreUnavailable
from tests.application.office import JONAS, MIRA, Office, Shop
from tests.fake_clock import FakeClock


@dataclass
class Noting(Shop):
    """A prober that remembers each word it was given."""

    words: list[str] = field(default_factory=list)

    def halt(self, reason: str) -> None:
        self.words.append(reason)

    def release(self) -> None:
        self.words.append("")


@pytest.fixture
def prober(clock: FakeClock) -> Noting:
    return Noting(clock)


async def test_a_pull_here_is_obeyed_elsewhere(valkey: str, store: RedisStore, clock: FakeClock) -> None:
    """By every process, within a second of real time; and lifted for all of them."""
    client = Redis.from_url(valkey)
    there = Noting(clock)
    other = Brake(RedisStore(client, clock=clock, retention_s=60), there, clock=SystemClock())
    running = asyncio.create_task(other.run(), name="brake")
    here = Brake(store, Noting(clock), clock=clock)
    try:
        async with asyncio.timeout(1):
            await here.pull(by=MIRA)
            while there.words != [STOPPED]:
                await asyncio.sleep(0.01)
        async with asyncio.timeout(1):
            await here.lift(by=JONAS)
            while there.words != [STOPPED, ""]:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await client.aclose()


async def test_who_pulls_stops_at_once(store: RedisStore, clock: FakeClock, prober: Noting) -> None:
    """Without waiting for the next look; and says each thing once."""
    here = Brake(store, prober, clock=clock)
    await here.pull(by=MIRA)
    assert prober.words == [STOPPED]
    await here.look()
    await here.pull(by=JONAS)
    assert prober.words == [STOPPED]
    await here.lift(by=JONAS)
    await here.look()
    assert prober.words == [STOPPED, ""]


async def test_a_pull_that_was_taken_a_moment_ago_is_this_pull(
    store: RedisStore, clock: FakeClock, prober: Noting
) -> None:
    """The listener halts before the job that tells of it; somebody else, or later, it was stopped already."""
    here = Brake(store, prober, clock=clock)
    await store.halt(MIRA)
    assert (await here.pull(by=MIRA)).startswith("*All traffic is stopped.*")
    assert (await here.pull(by=JONAS)).startswith("All traffic was stopped already, by")
    clock.advance(60)
    assert (await here.pull(by=MIRA)).startswith("All traffic was stopped already, by")


async def test_a_key_set_by_hand_is_obeyed(redis: Redis, store: RedisStore, clock: FakeClock, prober: Noting) -> None:
    """``SET fixloop:halt me``, and its deletion; the operator's text is data and cannot mark anything up."""
    here = Brake(store, prober, clock=clock)
    await redis.set("fixloop:halt", "<!channel> *me*")
    await here.look()
    assert prober.words == [STOPPED]
    assert await here.standing() == "*All traffic is stopped*, by !channel me. `/fixloop go` lets it flow again."
    await redis.set("fixloop:halt", "***")
    assert "by somebody" in await here.standing()
    await redis.delete("fixloop:halt")
    await here.look()
    assert prober.words[-1] == ""
    assert await here.standing() == ""


async def test_a_process_that_starts_while_all_is_stopped_obeys(
    store: RedisStore, clock: FakeClock, prober: Noting
) -> None:
    """The switch survives a restart."""
    await store.halt(MIRA)
    await Brake(store, prober, clock=clock).look()
    assert prober.words == [STOPPED]
    await store.resume()


async def test_a_short_silence_of_the_store_changes_nothing(clock: FakeClock, prober: Noting) -> None:
    """A restart of the store voids no samples; after ten seconds nobody could stop the traffic, so it stops."""
    nowhere = Redis.from_url("redis://127.0.0.1:1/0")
    here = Brake(RedisStore(nowhere, clock=clock, retention_s=60), prober, clock=clock)
    looks = round(BLIND_S / LOOK_EVERY_S)
    for _ in range(looks):
        clock.advance(LOOK_EVERY_S)
        await here.look()
    assert prober.words == []
    clock.advance(LOOK_EVERY_S)
    await here.look()
    assert prober.words == [BLIND]
    await nowhere.aclose()


async def test_after_a_silence_the_stores_word_counts_again(
    redis: Redis, store: RedisStore, clock: FakeClock, prober: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that of a store which hung: a look does not wait for it."""
    monkeypatch.setattr(brake, "PATIENCE_S", 0.2)
    here = Brake(store, prober, clock=clock)
    clock.advance(600)
    await here.look()
    await redis.client_pause(timeout=900, all=True)
    clock.advance(BLIND_S - 1)
    await here.look()
    assert prober.words == [], "it answered nine seconds ago"
    clock.advance(2)
    await here.look()
    assert prober.words == [BLIND]
    async with asyncio.timeout(5):
        while prober.words == [BLIND]:
            await here.look()
    assert prober.words == [BLIND, ""]


async def test_a_halted_run_says_who(office: Office) -> None:
    """The run ends by itself, within the next save, and names who stopped everything."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.store.halt(JONAS)
    await office.settle()
    run = await office.run(2)
    assert run.stopped_by == JONAS
    assert run.finished
    assert await office.brake.lift(by=MIRA)


def test_ages_are_told_as_people_do() -> None:
    """Seconds, minutes, hours; a clock that is ahead is now."""
    told = [brake._ago(seconds) for seconds in (-5, 0, 89, 90, 5399, 7200)]
    assert told == ["0 s ago", "0 s ago", "89 s ago", "2 min ago", "90 min ago", "2 h ago"]


@pytest.mark.parametrize("kind", ["list", "hash", "stream", "empty"])
async def test_a_key_of_any_type_is_a_halt(
    redis: Redis, store: RedisStore, clock: FakeClock, prober: Noting, kind: str
) -> None:
    """Who is in a hurry may take another command than SET."""
    key = "fixloop:halt"
    if kind == "list":
        await redis.rpush(key, "me")
    elif kind == "hash":
        await redis.hset(key, "by", "me")
    elif kind == "stream":
        await redis.xadd(key, {"by": "me"})
    else:
        await redis.set(key, "")
    here = Brake(store, prober, clock=clock)
    await here.look()
    assert prober.words == [STOPPED]
    assert await store.stopped_by("INC-1-r1") == "somebody"
    assert "by somebody" in await here.standing()
    await here.lift(by=MIRA)
    assert prober.words == [STOPPED, ""]


async def test_a_pull_stops_here_although_the_store_is_gone(clock: FakeClock, prober: Noting) -> None:
    """Traffic of this process ends at once; that it could not be told to the others is an error that is seen."""
    client = Redis.from_url("redis://127.0.0.1:1/0")
    here = Brake(RedisStore(client, clock=clock, retention_s=60), prober, clock=clock)
    with pytest.raises(StoreUnavailable):
        await here.pull(by=MIRA)
    assert prober.words == [STOPPED]
    await client.aclose()


async def test_a_clock_that_is_set_back_does_not_stall_all_traffic(store: RedisStore, clock: FakeClock) -> None:
    for _ in range(5):
        assert await store.take_place("checkout", per_second=20, per_hour=1000) is not None
    clock.advance(-7200)
    assert (await store.take_place("checkout", per_second=20, per_hour=1000) or 0.0) < 1
