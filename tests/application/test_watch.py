"""Services without a monitor: two readings over the limit open an incident, two below it recover it."""

from __future__ import annotations

import asyncio

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.jobs import MAKE_PLAN
from fixloop_bot.application.watch import LEADER_S, Watch
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.signals import Transition
from tests.application.office import ERROR_RATE, Office, checkout, signal
from tests.fake_clock import FakeClock


@pytest.fixture
def office(store: RedisStore, clock: FakeClock) -> Office:
    return Office(store, clock, services=(checkout(watch=True), checkout(name="quiet", match=())))


async def read(office: Office, watch: Watch, *values: float | None) -> None:
    for value in values:
        office.datadog.value = value
        async with office.clock.flowing():
            await watch.round()
        await office.settle(but=(MAKE_PLAN,))


async def test_two_readings_over_the_limit_open_an_incident(office: Office) -> None:
    """One alone does not; only what is watched is asked for."""
    watch = office.watch()
    await read(office, watch, 0.5)
    assert await office.store.open_incidents() == []
    await read(office, watch, 0.5)
    incident = await office.incident()
    assert (incident.service, incident.signals[0].value) == ("checkout", 0.5)
    assert set(office.datadog.asked) == {ERROR_RATE}
    await read(office, watch, 0.5, 0.5)
    assert (await office.incident()).signals[0].seen == 1, "it is told once"


async def test_a_monitor_for_the_same_trouble_joins(office: Office) -> None:
    """One incident, two lines."""
    await read(office, office.watch(), 0.5, 0.5)
    await office.receive(signal(at=600))
    assert len((await office.incident()).signals) == 2
    assert await office.store.open_incidents() == ["INC-1"]


async def test_two_readings_below_it_send_recovered(office: Office) -> None:
    """One does not."""
    watch = office.watch()
    await read(office, watch, 0.5, 0.5, 0.0)
    assert (await office.incident()).signals[0].firing
    await read(office, watch, 0.0)
    assert (await office.incident()).signals[0].transition is Transition.RECOVERED


async def test_a_reading_that_could_not_be_taken_breaks_no_streak(office: Office) -> None:
    """Neither does one without data."""
    watch = office.watch()
    await read(office, watch, 0.5, None)
    office.datadog.down = True
    await read(office, watch, 0.0)
    office.datadog.down = False
    await read(office, watch, 0.5)
    assert await office.store.open_incidents() == ["INC-1"]


async def test_a_restarted_watch_ends_what_the_old_one_began(office: Office) -> None:
    """It finds the trouble in the store, and tells of its end."""
    await read(office, office.watch("before"), 0.5, 0.5)
    await read(office, office.watch("after"), 0.0, 0.0)
    assert not (await office.incident()).signals[0].firing


async def test_a_store_that_failed_does_not_swallow_the_alert(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next reading tells of it."""
    watch, working = office.watch(), RedisStore.remember_signal

    async def failing(*_: object) -> bool:
        raise StoreUnavailable("The store did not answer.")

    await read(office, watch, 0.5)
    monkeypatch.setattr(RedisStore, "remember_signal", failing)
    with pytest.raises(StoreUnavailable):
        await read(office, watch, 0.5)
    monkeypatch.setattr(RedisStore, "remember_signal", working)
    await read(office, watch, 0.5)
    assert await office.store.open_incidents() == ["INC-1"]


async def test_only_the_leader_asks(office: Office) -> None:
    """The second process waits for its turn; all share one budget."""
    await office.store.lead("watch", "somebody else", seconds=LEADER_S)
    watching = asyncio.create_task(office.watch().run(), name="watch")
    async with office.clock.flowing():
        await asyncio.sleep(0.05)
    assert office.datadog.asked == []
    await office.store._redis.delete("fixloop:lead:watch")
    async with office.clock.flowing():
        while not office.datadog.asked:
            await asyncio.sleep(0.005)
    watching.cancel()
    await asyncio.wait({watching})
