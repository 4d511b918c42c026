"""Reminders: each once, in time, to the right people, and never about what is muted, recovered or being looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.application import jobs
from fixloop_bot.application.ledger import Change
from fixloop_bot.domain.catalog import QuietHours
from fixloop_bot.domain.errors import SlackBusy
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.reminders import Topic
from fixloop_bot.domain.signals import Transition
from tests.application.office import MIRA, Office, checkout, signal
from tests.fake_clock import START

MINUTE_S = 60.0
GROUP = "S0ONCALL"


async def look(office: Office, *, after_minutes: float) -> list[Topic]:
    """So much later the loop looks, and its jobs are done; what was said in this while."""
    before = len(office.crier.said)
    office.clock.advance(after_minutes * MINUTE_S)
    await office.feeds.reminders.once()
    await office.settle(but=(jobs.MAKE_PLAN, jobs.EXECUTE_RUN))
    return [each.topic for each in office.crier.said[before:]]


async def change(office: Office, **fields: object) -> None:
    def decide(incident: Incident) -> Change:
        return Change(incident=replace(incident, **fields))  # type: ignore[arg-type]

    await office.ledger.change("INC-1", decide)


async def test_nobody_on_it_for_five_minutes_is_said_once_to_the_responders(office: Office) -> None:
    """And it is noted in the timeline."""
    on_call = Office(office.store, office.clock, services=(checkout(responders=(GROUP,)),))
    await on_call.receive(signal())
    assert await look(on_call, after_minutes=4.9) == []
    assert await look(on_call, after_minutes=0.2) == [Topic.UNACKNOWLEDGED]
    (said,) = on_call.crier.said
    assert (said.to, said.since) == ((GROUP,), START)
    assert await look(on_call, after_minutes=60) == []
    assert (await on_call.incident()).timeline[-1].what == "reminded: unacknowledged"


async def test_whoever_touched_it_is_on_it(office: Office) -> None:
    """A click on Validate says as much as "I'm on it"."""
    await office.receive(signal())
    await office.settle()
    await office.validate()
    assert await look(office, after_minutes=10) == []


async def test_who_acknowledges_while_the_reminder_is_on_its_way_is_not_reminded(office: Office) -> None:
    """What has become untrue is not said."""
    await office.receive(signal())
    office.clock.advance(6 * MINUTE_S)
    await office.feeds.reminders.once()
    await change(office, acknowledged_by=MIRA)
    await office.settle(but=(jobs.MAKE_PLAN,))
    assert office.crier.said == []


async def test_what_recovered_by_itself_wakes_nobody(office: Office) -> None:
    """No signal fires, and nothing was reproduced."""
    await office.receive(signal(), signal(Transition.RECOVERED, at=100))
    assert await look(office, after_minutes=10) == []


async def test_reproduced_but_not_validated_reminds_the_lead(office: Office) -> None:
    """Half an hour after it was seen; and not while a run is going."""
    await office.broken()
    await change(office, acknowledged_by=MIRA, lead=MIRA)
    assert await look(office, after_minutes=28) == []
    assert await look(office, after_minutes=3) == [Topic.UNVALIDATED]
    assert office.crier.said[0].to == (MIRA,)
    assert await look(office, after_minutes=60) == []


async def test_a_validate_run_starts_the_half_hour_again(office: Office) -> None:
    """Somebody has looked: it still fails, and they know."""
    await office.broken()
    await change(office, lead=MIRA)
    office.clock.advance(25 * MINUTE_S)
    await office.validate()
    assert await look(office, after_minutes=20) == []
    assert await look(office, after_minutes=12) == [Topic.UNVALIDATED]


async def test_a_proven_or_resolved_incident_reminds_nobody(office: Office) -> None:
    """The watch goes on by itself."""
    await office.broken()
    await change(office, lead=MIRA)
    await office.fixed()
    await office.validate()
    assert await look(office, after_minutes=60) == []
    await office.resolution.resolve("INC-1", by=MIRA)
    assert await look(office, after_minutes=60) == []


async def test_mutes_silence_reminders(office: Office) -> None:
    """A muted incident and a muted service both; when the mute ends, what still holds is said."""
    await office.receive(signal())
    await change(office, muted_until=office.clock.now() + 20 * MINUTE_S)
    assert await look(office, after_minutes=10) == []
    await office.wish("command", user="U0OTHER", text="mute checkout 30m")
    await change(office, timeline=(await office.incident()).timeline[:1])  # whoever mutes has seen it
    assert await look(office, after_minutes=15) == []
    assert await look(office, after_minutes=20) == [Topic.UNACKNOWLEDGED]


async def test_quiet_hours_hold_a_reminder_until_they_end(office: Office) -> None:
    """START is 23:13 in Berlin; they end at seven."""
    hours = QuietHours(begins=22 * 60, ends=7 * 60, zone="Europe/Berlin")
    asleep = Office(office.store, office.clock, services=(checkout(quiet_hours=hours),))
    await asleep.receive(signal())
    assert await look(asleep, after_minutes=30) == []
    assert await look(asleep, after_minutes=8 * 60 - 30) == [Topic.UNACKNOWLEDGED]


async def test_an_outage_reminds_at_any_hour(office: Office) -> None:
    """SEV1 is not what quiet hours are for."""
    hours = QuietHours(begins=22 * 60, ends=7 * 60, zone="Europe/Berlin")
    asleep = Office(office.store, office.clock, services=(checkout(quiet_hours=hours),))
    await asleep.receive(signal(priority="P1"))
    assert await look(asleep, after_minutes=6) == [Topic.UNACKNOWLEDGED]


async def test_a_reminder_whose_answer_was_lost_is_not_said_twice(office: Office) -> None:
    """It is repeated, and the repetition looks first."""
    await office.receive(signal())
    office.crier.lost = 1
    assert await look(office, after_minutes=6) == [Topic.UNACKNOWLEDGED]
    await office.settle(but=(jobs.MAKE_PLAN,))
    assert len(office.crier.said) == 1


async def test_a_busy_slack_delays_a_reminder_and_loses_none(office: Office) -> None:
    """The job comes back by itself, for as long as that takes."""
    await office.receive(signal())
    office.crier.troubles = [SlackBusy("chat.postMessage", retry_after=30.0) for _ in range(8)]
    assert await look(office, after_minutes=6) == [Topic.UNACKNOWLEDGED]


async def test_a_process_killed_after_saving_loses_no_reminder(office: Office) -> None:
    """State and job are one write: what was not handed over stands in the outbox, and the sweep takes it."""
    await office.receive(signal())
    office.clock.advance(6 * MINUTE_S)
    hand_over, office.tray.hand_over = office.tray.hand_over, _nothing  # type: ignore[assignment, method-assign]
    await office.feeds.reminders.once()
    office.tray.hand_over = hand_over  # type: ignore[method-assign]
    assert office.crier.said == []
    await office.sweep.once()
    await office.settle(but=(jobs.MAKE_PLAN,))
    assert [each.topic for each in office.crier.said] == [Topic.UNACKNOWLEDGED]


async def _nothing(_: object) -> None:
    """A process that is killed before it hands over."""


async def test_an_incident_that_comes_back_reminds_again(office: Office) -> None:
    """Each once, in each of its lives; who had been on it before may be asleep by now."""
    await office.broken()
    assert await look(office, after_minutes=6) == [Topic.UNACKNOWLEDGED]
    await office.fixed()
    await office.validate(by="datadog")
    office.shop.broken["/checkout"] = 1.0
    again = office.clock.now() - START + 100
    await office.receive(signal(Transition.RE_TRIGGERED, at=again))
    assert await look(office, after_minutes=6) == [Topic.UNACKNOWLEDGED]
    assert office.crier.said[-1].since == pytest.approx(START + again, abs=0.01)
