"""Mutes that two people set, or end, while Datadog thinks about a downtime; and downtimes that nobody wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, signal
from tests.application.test_muting import HOUR_S, after
from tests.fake_clock import START


async def mute(office: Office, words: str, *, user: str = MIRA) -> str:
    """What was said to this one last: somebody else may have been answered meanwhile."""
    return (await office.wish("command", user=user, text=f"mute {words}", place="command"))[-1]


class Thinks:
    """Makes the downtime, then something happens, and only then it answers."""

    def __init__(self, office: Office, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._mutes = office.datadog_mutes
        self._meanwhile: list[Callable[[], Awaitable[object]]] = [meanwhile]
        self._create = office.datadog_mutes.create
        office.datadog_mutes.create = self.create  # type: ignore[method-assign]

    async def create(self, tags: Sequence[tuple[str, str]], *, until: float, message: str) -> str:
        made = await self._create(tags, until=until, message=message)
        while self._meanwhile:
            await self._meanwhile.pop()()
        return made


async def test_a_mute_that_was_ended_meanwhile_stays_ended(office: Office) -> None:
    """Its person was told that it is over; the downtime that was made for it is taken back."""
    Thinks(office, lambda: mute(office, "checkout off", user=JONAS))
    said = await mute(office, "checkout 2h downtime")
    assert await office.store.mutes() == []
    assert office.datadog_mutes.cancelled == ["d-1"]
    assert "ended meanwhile" in said
    await office.receive(signal(at=60))
    await office.settle(but=("make_plan",))
    assert await office.store.open_incidents() == ["INC-1"]


async def test_a_mute_that_was_replaced_meanwhile_keeps_its_end(office: Office) -> None:
    """The later word counts, and the downtime belongs to it from now on."""
    Thinks(office, lambda: mute(office, "checkout 30m", user=JONAS))
    await mute(office, "checkout 2h downtime")
    (kept,) = await office.store.mutes()
    assert (kept.by, kept.until, kept.downtime) == (JONAS, office.clock.now() + HOUR_S / 2, "d-1")
    await mute(office, "checkout off")
    assert office.datadog_mutes.cancelled == ["d-1"]


async def test_two_who_want_a_downtime_at_once_leave_one(office: Office) -> None:
    """Whichever is not the mute's is taken back; none is left that nobody knows."""
    Thinks(office, lambda: mute(office, "checkout 2h downtime", user=JONAS))
    await mute(office, "checkout 1h downtime")
    (kept,) = await office.store.mutes()
    assert (kept.by, kept.downtime, office.datadog_mutes.cancelled) == (JONAS, "d-2", ["d-1"])
    await mute(office, "checkout off")
    assert sorted(office.datadog_mutes.cancelled) == sorted(office.datadog_mutes.made)


async def test_a_downtime_ends_with_a_mute_that_was_made_shorter(office: Office) -> None:
    """Datadog would be silent for another hour, and nobody would know."""
    await mute(office, "checkout 2h downtime")
    await mute(office, "checkout 30m")
    await after(office, HOUR_S)
    assert await office.store.mutes() == []
    assert office.datadog_mutes.cancelled == ["d-1"]


async def test_a_downtime_that_cannot_be_cancelled_keeps_no_mute(office: Office) -> None:
    """What fires opens its incident all the same; whoever ends it by hand is told which downtime is left."""
    await mute(office, "checkout 1h downtime")
    await office.receive(signal(at=60))
    office.datadog_mutes.trouble = TelemetryUnavailable("Datadog refused: 403.")
    await after(office, 2 * HOUR_S)
    assert await office.store.open_incidents() == ["INC-1"]
    office.datadog_mutes.trouble = None
    await mute(office, "checkout 1h downtime")
    office.datadog_mutes.trouble = TelemetryUnavailable("Datadog refused: 403.")
    said = await mute(office, "checkout off")
    assert "not muted any more" in said
    assert "downtime d-2" in said


@pytest.mark.parametrize("first", [MIRA, JONAS])
async def test_a_mute_that_begins_as_another_one_ends_holds_what_comes(office: Office, first: str) -> None:
    """The old one's end gives back what fired; the new one holds what comes then."""
    await mute(office, "checkout 1h", user=first)
    await office.receive(signal(at=60))
    await after(office, 2 * HOUR_S)
    assert await office.store.open_incidents() == ["INC-1"]
    await mute(office, "checkout 1h", user=JONAS)
    (kept,) = await office.store.mutes()
    assert kept.by == JONAS


async def test_a_recovery_that_was_kept_back_reaches_an_incident_that_was_reopened_meanwhile(office: Office) -> None:
    """Its card would say for ever that the alert fires, though Datadog had said that it does not."""
    await office.broken()
    await office.resolve()
    await mute(office, "checkout 1h")
    now = office.clock.now() - START
    await office.receive(signal(Transition.RE_TRIGGERED, at=now + 60), signal(Transition.RECOVERED, at=now + 120))
    await office.wish("reopen", incident="INC-1")
    assert [line.firing for line in (await office.incident()).signals] == [True]
    await after(office, 2 * HOUR_S)
    assert [line.transition for line in (await office.incident()).signals] == [Transition.RECOVERED]


async def test_a_blip_under_a_mute_leaves_a_resolved_incident_as_it_is(office: Office) -> None:
    """It fired and recovered: nobody is called, and nothing is opened again."""
    await office.broken()
    await office.resolve()
    await mute(office, "checkout 1h")
    now = office.clock.now() - START
    await office.receive(signal(Transition.RE_TRIGGERED, at=now + 60), signal(Transition.RECOVERED, at=now + 120))
    await after(office, 2 * HOUR_S)
    assert (await office.incident()).state is State.RESOLVED
    assert await office.store.open_incidents() == []


@pytest.mark.parametrize("words", ["1.5h", "forever", "until tomorrow", "4h because of the deploy"])
async def test_a_time_that_is_none_does_not_read_like_a_longer_mute(office: Office, words: str) -> None:
    """Whoever wants to prolong a mute must not take the old one's end for an answer."""
    await mute(office, "checkout 2h")
    before = await office.store.mutes()
    said = await mute(office, f"checkout {words}")
    assert said.startswith("Nothing was changed")
    assert "For how long?" in said
    assert await office.store.mutes() == before


async def test_for_how_long_may_begin_with_for(office: Office) -> None:
    """As people say it."""
    await mute(office, "checkout for 4h")
    assert [each.until for each in await office.store.mutes()] == [office.clock.now() + 4 * HOUR_S]
