"""Slack's limits, shared by all processes: never more than is allowed, the urgent first, then who waited longest."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.own_paces import OwnPaces
from fixloop_bot.application.errands import Errand, Limit, Paces, Urgency
from tests.fake_clock import START, FakeClock

UPDATE = Limit(name="chat.update", method="chat.update", calls=50, per_s=60.0, shared=True)
POST = Limit(name="chat.postMessage C1", method="chat.postMessage", calls=1, per_s=1.0)
NEWS, PROGRESS, ANSWER = (Errand(urgency=each) for each in (Urgency.NEWS, Urgency.PROGRESS, Urgency.ANSWER))
BOTH = pytest.mark.parametrize("kind", ["shared", "own"])


@pytest.fixture
def paces(store: RedisStore, clock: FakeClock) -> Callable[[str], Paces]:
    """Either implementation of the port: what is promised of both is tested on both."""
    return lambda kind: store if kind == "shared" else OwnPaces(clock.now)


def line(name: str, urgency: Urgency = Urgency.NEWS) -> Errand:
    return Errand(urgency=urgency, name=name)


async def taken(paces: Paces, errand: Errand, limit: Limit = UPDATE, *, patience_s: float = 0.0) -> int:
    """How many calls go out now, one after the other, until one is told to wait."""
    count = 0
    while (await paces.take_call(limit, errand, patience_s=patience_s)).booked:
        count += 1
    return count


@BOTH
async def test_the_last_places_are_kept_for_who_clicked(paces: Callable[[str], Paces], kind: str) -> None:
    """Figures take thirty of fifty, a quarter of that at once; news forty-six; answers to people all of them."""
    one = paces(kind)
    assert await taken(one, PROGRESS) == 8
    assert await taken(one, NEWS) == 38
    assert await taken(one, PROGRESS) == 0
    assert await taken(one, ANSWER) == 4


@BOTH
async def test_a_minute_later_there_is_room_again(paces: Callable[[str], Paces], clock: FakeClock, kind: str) -> None:
    one = paces(kind)
    assert await taken(one, ANSWER) == 50
    place = await one.take_call(UPDATE, ANSWER, patience_s=5)
    assert (place.booked, place.wait_s > 50) == (False, True)
    clock.advance(60)
    assert await taken(one, ANSWER) == 50


@BOTH
async def test_figures_leave_no_minute_of_silence(paces: Callable[[str], Paces], clock: FakeClock, kind: str) -> None:
    """Their share comes in quarters: after a burst the next ones are fifteen seconds away, and not sixty."""
    one = paces(kind)
    counts = []
    for _ in range(5):
        counts.append(await taken(one, PROGRESS))
        clock.advance(15)
    assert counts == [8, 8, 8, 6, 8]


@BOTH
async def test_a_channel_takes_one_message_a_second(paces: Callable[[str], Paces], clock: FakeClock, kind: str) -> None:
    """Whoever can go soon is told when; the others come back. Another channel has a rate of its own."""
    one = paces(kind)
    waits = [await one.take_call(POST, NEWS, patience_s=2.5) for _ in range(4)]
    assert [place.booked for place in waits] == [True, True, True, False]
    assert [round(place.wait_s, 3) for place in waits[:3]] == [0, 1, 2]
    other = Limit(name="chat.postMessage C2", method="chat.postMessage", calls=1, per_s=1.0)
    assert (await one.take_call(other, NEWS, patience_s=2.5)).wait_s == 0


@BOTH
async def test_a_hold_is_everybodys(paces: Callable[[str], Paces], clock: FakeClock, kind: str) -> None:
    """A 429 holds the method in all channels, the longest Retry-After counts, and it ends by itself."""
    one = paces(kind)
    await one.hold_calls("chat.postMessage", seconds=30)
    await one.hold_calls("chat.postMessage", seconds=5)
    assert await one.held_for("chat.postMessage") == pytest.approx(30)
    assert not (await one.take_call(POST, ANSWER, patience_s=5)).booked
    assert (await one.take_call(UPDATE, NEWS, patience_s=0)).booked
    clock.advance(30)
    assert await one.held_for("chat.postMessage") == 0
    assert (await one.take_call(POST, NEWS, patience_s=0)).booked


async def test_after_a_hold_calls_go_out_one_by_one(store: RedisStore) -> None:
    """Slack has counted otherwise than we: a burst at the end of its wait would be refused again."""
    await store.hold_calls("chat.update", seconds=4)
    waits = [(await store.take_call(UPDATE, ANSWER, patience_s=10)).wait_s for _ in range(4)]
    assert [round(each, 3) for each in waits] == [4, 5.2, 6.4, 7.6]


async def test_who_waited_longest_is_next(store: RedisStore, clock: FakeClock) -> None:
    """A new incident does not overtake the one that waits, however often it asks."""
    assert await taken(store, NEWS) == 46
    first = await store.take_call(UPDATE, line("INC-1:root"), patience_s=2.5)
    assert not first.booked
    clock.advance(first.wait_s)
    second = await store.take_call(UPDATE, line("INC-2:root"), patience_s=2.5)
    assert (second.booked, second.wait_s > 0) == (False, True)
    assert (await store.take_call(UPDATE, line("INC-1:root"), patience_s=2.5)).booked
    assert (await store.take_call(UPDATE, line("INC-2:root"), patience_s=2.5)).booked


async def test_who_waits_keeps_its_place_though_it_changes_again(store: RedisStore, clock: FakeClock) -> None:
    """The line is by the age of what is not shown: that began before it asked, and a later alert does not reset it."""

    async def ask(name: str, *, since: float) -> bool:
        return (await store.take_call(POST, Errand(name=name, since=since), patience_s=0)).booked

    await taken(store, NEWS, POST)
    assert not await ask("INC-1:root", since=clock.now() - 5)
    assert not await ask("INC-2:root", since=clock.now() - 9)
    clock.advance(0.5)
    assert not await ask("INC-2:root", since=clock.now())
    clock.advance(0.5)
    assert not await ask("INC-1:root", since=clock.now() - 6)
    assert await ask("INC-2:root", since=clock.now())
    clock.advance(1)
    assert await ask("INC-1:root", since=0)


async def test_news_goes_before_figures_that_waited_longer(store: RedisStore, clock: FakeClock) -> None:
    await taken(store, NEWS, POST)
    assert not (await store.take_call(POST, line("INC-1:plan", Urgency.PROGRESS), patience_s=0)).booked
    clock.advance(0.2)
    assert not (await store.take_call(POST, line("INC-2:root"), patience_s=0)).booked
    clock.advance(0.7)
    assert not (await store.take_call(POST, line("INC-1:plan", Urgency.PROGRESS), patience_s=0.5)).booked
    assert (await store.take_call(POST, line("INC-2:root"), patience_s=0.5)).booked


async def test_an_answer_stands_in_no_line(store: RedisStore, clock: FakeClock) -> None:
    await taken(store, NEWS)
    assert not (await store.take_call(UPDATE, line("INC-1:root"), patience_s=0)).booked
    assert (await store.take_call(UPDATE, line("INC-2:root", Urgency.ANSWER), patience_s=0)).booked


async def test_who_does_not_come_back_holds_nobody_up(store: RedisStore, clock: FakeClock) -> None:
    """Its process was killed: a little after its time the next one goes."""
    await taken(store, NEWS, POST)
    assert not (await store.take_call(POST, line("killed"), patience_s=0.5)).booked
    clock.advance(0.9)
    assert not (await store.take_call(POST, line("next"), patience_s=0.5)).booked
    clock.advance(3)
    assert (await store.take_call(POST, line("next"), patience_s=0.5)).booked


async def test_a_clock_that_jumps_back_stops_nothing(store: RedisStore, clock: FakeClock) -> None:
    await taken(store, ANSWER)
    clock._now = START - 3_600
    assert await taken(store, ANSWER) == 50


@pytest.fixture
async def processes(valkey: str, redis: Redis) -> AsyncIterator[list[RedisStore]]:
    """Four stores, each with connections of its own and a clock that is minutes off."""
    clients = [Redis.from_url(valkey) for _ in range(4)]
    yield [
        RedisStore(client, clock=FakeClock(START + 600 * number), retention_s=60, shared_time=True)
        for number, client in enumerate(clients)
    ]
    for client in clients:
        await client.aclose()


async def test_processes_whose_clocks_differ_share_one_budget(processes: list[RedisStore]) -> None:
    """200 calls at once from four processes: fifty go out, and no place is given twice."""
    asked = [each.take_call(UPDATE, ANSWER, patience_s=0) for each in processes for _ in range(50)]
    places = await asyncio.gather(*asked)
    assert sum(place.booked for place in places) == 50
    posts = await asyncio.gather(*(each.take_call(POST, NEWS, patience_s=30) for each in processes for _ in range(5)))
    waits = sorted(place.wait_s for place in posts)
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(waits))


@given(
    asked=st.lists(
        st.tuples(st.floats(0, 9), st.sampled_from(list(Urgency)), st.floats(0, 6)), min_size=1, max_size=120
    )
)
def test_no_window_ever_holds_too_many(asked: list[tuple[float, Urgency, float]]) -> None:
    """Whoever asks when, how urgently and however patiently."""

    async def go() -> list[float]:
        clock = FakeClock()
        paces, sent = OwnPaces(clock.now), []
        for pause_s, urgency, patience_s in asked:
            clock.advance(pause_s)
            place = await paces.take_call(small, Errand(urgency=urgency), patience_s=patience_s)
            sent += [clock.now() + place.wait_s] if place.booked else []
        return sorted(sent)

    small = Limit(name="m", method="m", calls=10, per_s=60.0, shared=True)
    sent = asyncio.run(go())
    assert all(later - earlier >= 60 - 1e-4 for earlier, later in zip(sent, sent[10:], strict=False))
