"""What was cut off is brought to its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.application.jobs import EXECUTE_RUN, MAKE_PLAN, REFRESH_THREAD
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.sweep import FORSAKEN_EVERY_S, PLAN_OVERDUE_S
from fixloop_bot.domain.errors import StoreUnavailable
from tests.application.office import Office, signal


class Unreachable:
    """A queue that cannot be reached."""

    async def hand_over(self, jobs: object) -> None:
        raise StoreUnavailable("The store did not answer.")


async def test_what_a_saved_change_asks_for_is_queued(office: Office) -> None:
    """The queue could not be reached when the incident was saved; the change stands, and its jobs follow."""
    await office.receive(signal())
    office.tray.jobs.clear()
    ledger = Ledger(office.store, Unreachable())
    changed = await ledger.change("INC-1", lambda incident: Change(incident=replace(incident, title="new")))
    assert changed is not None
    assert changed.title == "new"
    await office.sweep.once()
    assert REFRESH_THREAD in office.tray.names()
    assert await office.store.waiting_jobs() == []


async def test_a_run_that_no_queue_knows_goes_on(office: Office, redis: Redis) -> None:
    """Its job was lost: the incident still waits for it, and gets it."""
    await office.broken()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    await redis.delete("fixloop:once:sweep:forsaken")
    await office.sweep.once()
    assert office.tray.names().count(EXECUTE_RUN) == 1
    await office.settle()
    assert (await office.incident()).active_run is None
    assert 0 < await redis.ttl("fixloop:once:sweep:forsaken") <= FORSAKEN_EVERY_S


async def test_a_plan_that_is_overdue_is_written(office: Office, redis: Redis) -> None:
    """And not while somebody may still be writing it."""
    await office.receive(signal())
    for waited, expected in ((PLAN_OVERDUE_S / 2, 0), (PLAN_OVERDUE_S, 1)):
        office.tray.jobs.clear()
        office.clock.advance(waited)
        await redis.delete("fixloop:once:sweep:forsaken")
        await office.sweep.once()
        assert office.tray.names().count(MAKE_PLAN) == expected


async def test_what_cannot_be_swept_stops_no_sweep(
    office: Office, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A document that nobody can read is logged; the next sweep comes."""
    await redis.hset("fixloop:outbox", "x", b"not a job")
    sweeping = asyncio.create_task(office.sweep.run(), name="sweep")
    async with office.clock.flowing():
        while caplog.text.count("a sweep was cut short") < 2:
            await asyncio.sleep(0.005)
    assert not sweeping.done()
    sweeping.cancel()
    await asyncio.wait({sweeping})
