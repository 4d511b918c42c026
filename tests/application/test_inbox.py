"""Signals are taken as they come, and none keeps the others waiting."""

from __future__ import annotations

import asyncio

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.application.inbox import LOOK_EVERY_S, Inbox
from fixloop_bot.application.jobs import MAKE_PLAN
from tests.application.office import Office, signal


async def test_a_signal_wakes_the_inbox_at_once(office: Office) -> None:
    """Long before the next look it is in its incident."""
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(Inbox(office.store, office.intake, clock=SystemClock()).run(), name="inbox")
    await asyncio.sleep(0.05)  # it waits by now, or will look at what came before it waited
    began = loop.time()
    await office.intake.receive(signal())
    async with asyncio.timeout(10):
        while await office.store.incident("INC-1") is None:
            await asyncio.sleep(0.005)
    assert loop.time() - began < LOOK_EVERY_S / 2
    running.cancel()
    await asyncio.wait({running})


async def test_two_workers_take_the_same_signals_once(office: Office) -> None:
    """Both look at the same inbox: every signal counts once, and there is one incident."""
    for number in range(20):
        await office.intake.receive(signal(id=str(number), at=number))
    other = Inbox(office.store, office.intake, clock=office.clock)
    await asyncio.gather(office.inbox.take_all(), other.take_all())
    incident = await office.incident()
    assert incident.signals[0].seen == 20
    assert await office.store.open_incidents() == ["INC-1"]
    assert await office.store.unread_signals() == []


async def test_one_that_cannot_be_taken_does_not_stop_the_others(office: Office) -> None:
    """What is no signal at all stays behind, and is said to be tried again."""
    await office.store._redis.hset("fixloop:inbox", "broken", "no document")
    await office.store._redis.zadd("fixloop:arrivals", {"broken": 1})
    await office.intake.receive(signal())
    assert await office.inbox.take_all() is False
    await office.settle(but=(MAKE_PLAN,))
    assert (await office.incident()).is_open
