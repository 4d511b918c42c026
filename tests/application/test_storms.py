"""Six incidents in a minute are a storm: one summary, the roots first, everything else when it is calm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.storms import CALM_AFTER_S, LEAST, PART, Storms, StormView, is_storm, shared
from fixloop_bot.application.views import PartRef, ThreadRefs
from fixloop_bot.domain.errors import FiguresWait
from fixloop_bot.domain.incidents import Incident
from tests.application.office import Tray
from tests.fake_clock import START, FakeClock

POSTED = ThreadRefs(channel="C1", parts=(PartRef(part="root", ts="1.0001"),))


def incident(number: int, **changes: object) -> Incident:
    known: dict[str, object] = {
        "id": f"INC-{number}",
        "number": number,
        "service_key": f"service-{number}|prod",
        "service": None,
        "label": f"service-{number}",
        "env": "prod",
        "title": f"Error rate of service-{number} is high",
        "severity": "SEV2",
        "channel": "C1",
        "opened_at": START + number,
    }
    return Incident(**{**known, **changes})  # type: ignore[arg-type]


@dataclass
class Board:
    """Where summaries hang."""

    drawn: list[StormView] = field(default_factory=list)

    async def publish_storm(self, view: StormView, refs: ThreadRefs, save: object) -> ThreadRefs:
        del save
        self.drawn.append(view)
        return refs


class Weather:
    """Storms on the real store."""

    def __init__(self, store: RedisStore, clock: FakeClock) -> None:
        self.store, self.clock, self.board, self.tray = store, clock, Board(), Tray(store)
        self.storms = Storms(store, store, self.board, queue=self.tray, clock=clock)

    async def new(self, number: int, **changes: object) -> float | None:
        """A new incident is about to be drawn for the first time; when its storm will be calm, if it is in one."""
        kept = await self.store.create_incident(incident(number, **changes))
        assert kept is not None
        return await self.storms.meet(kept, ThreadRefs())

    async def show(self, storm_id: str, refs: ThreadRefs | None = None) -> StormView:
        async def save(new: ThreadRefs) -> None:
            del new

        await self.storms.show(storm_id, refs or ThreadRefs(), save)
        return self.board.drawn[-1]

    def summaries(self) -> list[str]:
        return list(dict.fromkeys(job.args[0] for job in self.tray.jobs.values() if is_storm(job.args[0])))


@pytest.fixture
def weather(store: RedisStore, clock: FakeClock) -> Weather:
    return Weather(store, clock)


async def test_five_incidents_are_no_storm(weather: Weather) -> None:
    """Each is worth its own thread, and is drawn whole; so are six that come in the course of a day."""
    assert [await weather.new(number) for number in range(1, LEAST)] == [None] * (LEAST - 1)
    weather.clock.advance(3600)
    assert await weather.new(LEAST) is None
    assert weather.summaries() == []


async def test_the_sixth_within_a_minute_makes_a_storm_of_all_six(weather: Weather) -> None:
    """State first: the storm is stored, marked as out of date, and a job shows it."""
    for number in range(1, LEAST):
        await weather.new(number)
        weather.clock.advance(2)
    calm_at = await weather.new(LEAST)
    assert calm_at == weather.clock.now() + CALM_AFTER_S
    (storm_id,) = weather.summaries()
    assert storm_id in await weather.store.dirty_threads()
    storm = await weather.store.storm(storm_id)
    assert storm is not None
    assert sorted(storm.incidents) == sorted(f"INC-{number}" for number in range(1, LEAST + 1))
    assert await weather.storms.meet(incident(1), ThreadRefs()) == calm_at, "the first ones are in it, too"


async def test_asking_again_does_not_prolong_a_storm(weather: Weather) -> None:
    """A root that waits its turn in Slack's line is drawn again and again."""
    for number in range(1, LEAST + 1):
        await weather.new(number)
    calm_at = await weather.storms.meet(incident(1), ThreadRefs())
    weather.clock.advance(30)
    assert await weather.storms.meet(incident(1), ThreadRefs()) == calm_at
    assert await weather.new(LEAST + 1) == weather.clock.now() + CALM_AFTER_S, "a new one does"


async def test_an_incident_counts_when_it_comes_and_not_when_it_is_drawn(weather: Weather) -> None:
    """Five whose roots wait for their turn are no part of what begins a minute later."""
    for number in range(1, LEAST):
        await weather.new(number)
    weather.clock.advance(50)
    for number in range(1, LEAST):
        await weather.storms.meet(incident(number), ThreadRefs())
    weather.clock.advance(20)
    assert await weather.new(LEAST) is None


async def test_a_storm_is_over_a_minute_after_its_last_incident(weather: Weather) -> None:
    """Then its incidents are drawn whole, a late one stands alone, and another storm has a summary of its own."""
    for number in range(1, LEAST + 1):
        await weather.new(number)
    (first,) = weather.summaries()
    weather.clock.advance(CALM_AFTER_S)
    assert await weather.storms.meet(incident(1), POSTED) is None
    assert await weather.new(10) is None
    weather.clock.advance(600)
    for number in range(20, 20 + LEAST):
        await weather.new(number)
    assert len(weather.summaries()) == 2
    assert (await weather.show(first)).calm


async def test_each_channel_has_its_own_weather(weather: Weather) -> None:
    for number in range(1, LEAST):
        await weather.new(number)
    assert await weather.new(LEAST, channel="C2") is None


async def test_the_summary_is_drawn_ever_more_seldom(weather: Weather) -> None:
    """It shares Slack's updates with everybody else; a first one is posted at once."""
    for number in range(1, LEAST + 1):
        await weather.new(number)
    (storm_id,) = weather.summaries()
    assert len((await weather.show(storm_id)).members) == LEAST
    now = weather.clock.now()
    refs = ThreadRefs(channel="C1", parts=(PartRef(part=PART, ts="1.1", shown_at=now, repeats=2),))
    with pytest.raises(FiguresWait) as waits:
        await weather.show(storm_id, refs)
    assert 3 < waits.value.retry_after <= 15
    weather.clock.advance(waits.value.retry_after)
    await weather.show(storm_id, refs)
    assert len(weather.board.drawn) == 2


async def test_what_becomes_of_its_incidents_reaches_the_summary(weather: Weather) -> None:
    """A member that is drawn later asks for the summary, four times a minute at most."""
    for number in range(1, LEAST + 1):
        await weather.new(number)
    (storm_id,) = weather.summaries()
    weather.clock.advance(900)
    weather.tray.jobs.clear()
    for _ in range(5):
        await weather.storms.meet(incident(1), POSTED)
        weather.clock.advance(1)
    asked = [job for job in weather.tray.jobs.values() if job.args == (storm_id,)]
    assert 1 <= len(asked) <= 2
    assert all(job.at > START + 900 for job in asked)
    assert await weather.store.storm("storm:C9@1") is None


def test_what_they_share_is_said_where_nearly_all_do() -> None:
    """The same alert of different services is the same; what only some have is no lead."""
    members = [incident(number) for number in range(1, 6)]
    assert shared(members) == ("environment: prod", "alert: Error rate of … is high", "severity: SEV2")
    odd = [*members, replace(incident(6), env="staging", title="Disk full", severity="SEV3")]
    assert shared(odd)[0] == "environment: prod (5 of 6)"
    mixed = [replace(each, env=str(each.number), title=str(each.number), severity=None) for each in members]
    assert shared(mixed) == ()
    assert shared([]) == ()
