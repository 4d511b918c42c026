"""A reminder waits where nobody may be called, is dropped where it has become untrue, and is never lost for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from fixloop_bot.application import jobs
from fixloop_bot.domain.catalog import QuietHours
from fixloop_bot.domain.errors import Conflict, SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.reminders import Topic
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.application.test_reminders import change, look
from tests.fake_clock import START, FakeClock

MINUTE_S, HOUR_S = 60.0, 3600.0
LONG = 13 * 60
"""Minutes of a night."""
UNACKNOWLEDGED = [Topic.UNACKNOWLEDGED]


def asleep(office: Office, begins: str, ends: str, *, zone: str = "UTC") -> Office:
    hours = QuietHours(begins=_minutes(begins), ends=_minutes(ends), zone=zone)
    return Office(office.store, office.clock, services=(checkout(quiet_hours=hours),))


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


async def remembered(office: Office, *, minutes: float = 6.0) -> None:
    """The loop has looked, and its job waits for a worker."""
    office.clock.advance(minutes * MINUTE_S)
    await office.feeds.reminders.once()


async def work(office: Office) -> list[Topic]:
    """A worker does what is there; what is put off stays, since hours are not let pass here."""
    before = len(office.crier.said)
    for job in [each for each in office.tray.jobs.values() if each.name == jobs.REMIND]:
        if job.at <= office.clock.now():
            del office.tray.jobs[job.key]
            await office.handlers[job.name](*job.args)
    return [each.topic for each in office.crier.said[before:]]


async def through_the_night(office: Office, minutes: int) -> list[tuple[float, Topic]]:
    """Each reminder, with when it was said (epoch seconds)."""
    said = []
    for _ in range(minutes):
        office.clock.advance(MINUTE_S)
        await office.feeds.reminders.once()
        said += [(office.clock.now(), topic) for topic in await work(office)]
    return said


async def test_a_reminder_that_slack_put_off_into_the_quiet_hours_waits_for_their_end(office: Office) -> None:
    """Due at 22:18, quiet from 22:20 on (START is 22:13:20 UTC); Slack is down at 22:19. It is said at seven, once."""
    night = asleep(office, "22:20", "07:00")
    await night.receive(signal())
    night.crier.troubles = [SlackBusy("chat.postMessage", retry_after=120.0)]
    said = await through_the_night(night, LONG)
    assert [topic for _, topic in said] == UNACKNOWLEDGED
    there = datetime.fromtimestamp(said[0][0], ZoneInfo("UTC"))
    assert (there.hour, there.minute) in ((7, 0), (7, 1))


async def test_a_worker_that_comes_back_in_the_quiet_hours_wakes_nobody(office: Office) -> None:
    """It was remembered in time, and its job waited for a worker until late in the evening."""
    night = asleep(office, "22:30", "07:00")
    await night.receive(signal())
    await remembered(night)
    night.clock.advance(2 * HOUR_S)
    assert await work(night) == []
    assert [topic for _, topic in await through_the_night(night, LONG)] == UNACKNOWLEDGED


async def test_an_outage_is_said_late_as_well(office: Office) -> None:
    """SEV1 reminds at any hour, also where Slack had put it off."""
    night = asleep(office, "22:20", "07:00")
    await night.receive(signal(priority="P1"))
    await remembered(night)
    night.clock.advance(HOUR_S)
    assert await work(night) == UNACKNOWLEDGED


@pytest.mark.parametrize("what", ["checkout 2h", "INC-1 2h"], ids=["the service", "the incident"])
async def test_what_was_muted_on_the_way_is_said_when_the_mute_has_ended(office: Office, what: str) -> None:
    """Whoever mutes has seen it, so that the one for nobody falls away; the one about the proof waits."""
    await office.broken()
    await change(office, lead=MIRA)
    await remembered(office, minutes=31)
    await office.wish("command", user=JONAS, text=f"mute {what}")
    assert await work(office) == []
    assert [topic for _, topic in await through_the_night(office, 118)] == []
    assert [topic for _, topic in await through_the_night(office, 10)] == [Topic.UNVALIDATED]


async def test_whoever_validates_before_it_is_said_is_not_told_that_nobody_is_on_it(office: Office) -> None:
    """A click on Validate counts as much here as five minutes earlier."""
    office.shop.broken["/checkout"] = 1.0
    await office.receive(signal())
    await office.settle()
    await remembered(office)
    await office.validate(settle=False)
    await office.settle(but=(jobs.REMIND,))
    assert await work(office) == []


async def test_a_validate_run_before_it_is_said_starts_the_half_hour_again(office: Office) -> None:
    """It is neither told that it was not validated, nor is that forgotten for ever."""
    await office.broken()
    await change(office, lead=MIRA)
    await remembered(office, minutes=31)
    assert [each.name for each in office.tray.jobs.values() if each.name == jobs.REMIND]
    await office.validate(settle=False)
    await office.settle(but=(jobs.REMIND,))
    assert await work(office) == []
    assert not [entry for entry in (await office.incident()).timeline if entry.what.startswith("reminded")]
    assert await look(office, after_minutes=20) == []
    assert await look(office, after_minutes=12) == [Topic.UNVALIDATED]


async def test_a_channel_that_refuses_for_a_while_loses_no_reminder(office: Office) -> None:
    """FixLoop was taken out of the channel, and is let in again; it is said then, once."""
    await office.receive(signal())
    office.crier.troubles = [SlackRefused("not_in_channel", method="chat.postMessage") for _ in range(3)]
    assert [topic for _, topic in await through_the_night(office, 120)] == UNACKNOWLEDGED


async def test_one_incident_that_cannot_be_changed_keeps_no_other_from_its_reminder(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first."""
    two = Office(office.store, office.clock, services=(checkout(), checkout(name="cart", match=(("service", "cart"),))))
    await two.receive(signal(), signal(at=1, identity="c2", service="cart", tags=("service:cart",)))
    save = two.store.save_incident

    async def contended(incident: Incident, **more: object) -> Incident:
        if incident.id == "INC-1":
            raise Conflict("INC-1 was changed by somebody else.")
        return await save(incident, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(two.store, "save_incident", contended)
    await remembered(two)
    assert await work(two) == UNACKNOWLEDGED


async def test_words_in_a_title_or_a_note_are_no_events(office: Office) -> None:
    """ "Orders arrived late" is an alert of today, and a note that something is proven in staging proves nothing."""
    await office.broken()
    await office.fixed()
    await office.validate(by="datadog")
    office.shop.broken["/checkout"] = 1.0
    again = office.clock.now() - START + 100
    await office.receive(signal(Transition.RE_TRIGGERED, at=again, title="Orders arrived late"))
    assert await look(office, after_minutes=6) == UNACKNOWLEDGED
    assert office.crier.said[-1].since == pytest.approx(START + again, abs=0.01)


async def test_a_note_that_quotes_a_proof_does_not_unsay_that_somebody_is_on_it(office: Office) -> None:
    """A second monitor that joins afterwards begins no new trouble."""
    await office.receive(signal())
    await office.wish("note", incident="INC-1", fields=(("note", "the rollback: proven in staging"),))
    await office.receive(signal(at=60, identity="cycle:2"))
    assert await look(office, after_minutes=10) == []


NIGHTS = {
    "the hour that is skipped": ("2024-03-31T01:57", "02:30", "03:30", "2024-03-31T03:30"),
    "the hour that comes twice": ("2024-10-27T01:57", "02:00", "03:00", "2024-10-27T03:00"),
    "over midnight in winter": ("2024-01-10T23:50", "23:55", "00:30", "2024-01-11T00:30"),
    "opened on the edge": ("2024-01-10T21:55", "22:00", "07:00", "2024-01-11T07:00"),
    "opened as they end": ("2024-01-10T06:57", "22:00", "07:00", "2024-01-10T07:02"),
}


@pytest.mark.parametrize("night", NIGHTS)
async def test_quiet_hours_in_every_night_of_the_year(office: Office, night: str) -> None:
    """Nobody is called in them, and everybody once they are over, by the clock on the wall."""
    opened, begins, ends, said_at = NIGHTS[night]
    berlin = ZoneInfo("Europe/Berlin")
    clock = FakeClock(datetime.fromisoformat(opened).replace(tzinfo=berlin).timestamp())
    hours = QuietHours(begins=_minutes(begins), ends=_minutes(ends), zone="Europe/Berlin")
    office.store._clock = clock
    there = Office(office.store, clock, services=(checkout(quiet_hours=hours),))
    at = clock.now()
    await there.receive(replace(signal(), occurred_at=at, received_at=at))
    ((when, _),) = await through_the_night(there, LONG)
    due = datetime.fromisoformat(said_at).replace(tzinfo=berlin).timestamp()
    assert due - 1 <= when <= due + 2 * MINUTE_S


async def test_two_workers_and_one_that_is_killed_remind_once(office: Office) -> None:
    """Both look in the same second; the one that has remembered dies, and its job is done by the other one, twice."""
    other = Office(office.store, office.clock)
    await office.receive(signal())
    await remembered(office)
    await other.feeds.reminders.once()
    waiting = [job for job in await office.store.waiting_jobs() if job.name == jobs.REMIND]
    handed = [*office.tray.jobs.values(), *other.tray.jobs.values()]
    given = [*waiting, *(job for job in handed if job.name == jobs.REMIND)]
    assert {job.key for job in given} == {"remind:INC-1:unacknowledged:0"}
    office.crier.lost = 1
    await office.feeds.reminders.say(*given[0].args)
    await office.feeds.reminders.say(*given[0].args)
    assert len(office.crier.said) == 1


async def test_what_slack_refused_and_then_became_untrue_may_come_again(office: Office) -> None:
    """Nobody has seen it: a validate run starts the half hour again, and the reminder behind it is due."""
    await office.broken()
    await change(office, lead=MIRA)
    office.crier.troubles = [SlackRefused("not_in_channel", method="chat.postMessage")]
    await remembered(office, minutes=31)
    assert await work(office) == []
    await office.validate(settle=False)
    await office.settle(but=(jobs.REMIND,))
    assert [topic for _, topic in await through_the_night(office, 50)] == [Topic.UNVALIDATED]


async def test_a_reminder_that_comes_again_is_put_off_again(office: Office) -> None:
    """The tries of its first life do not stand in its way."""
    await office.broken()
    await change(office, lead=MIRA)
    office.crier.troubles = [SlackBusy("chat.postMessage", retry_after=30.0, undone=True) for _ in range(2)]
    await remembered(office, minutes=31)
    assert await work(office) == []
    await office.validate(settle=False)
    await office.settle(but=(jobs.REMIND,))
    office.clock.advance(60)
    assert await work(office) == []
    assert [topic for _, topic in await through_the_night(office, 50)] == [Topic.UNVALIDATED]


async def test_a_try_that_is_done_again_and_succeeds_leaves_nothing_for_the_next_one(office: Office) -> None:
    """Slack refused, the next try was queued, and the worker died: the same try comes again, and is heard."""
    await office.receive(signal())
    office.crier.troubles = [SlackRefused("not_in_channel", method="chat.postMessage")]
    await remembered(office)
    (first,) = [job for job in office.tray.jobs.values() if job.name == jobs.REMIND]
    assert await work(office) == []
    await office.handlers[jobs.REMIND](*first.args)
    assert len(office.crier.said) == 1
    assert await through_the_night(office, 30) == []
