"""A muted service opens no thread and loses nothing; a muted incident reminds nobody; people are told in words."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.closing import Ending
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.mutes import read_span, read_time_of_day
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import START

HOUR_S = 3600.0


async def mute(office: Office, words: str, *, user: str = MIRA, **fields: str) -> str:
    (said,) = await office.wish("command", user=user, text=f"mute {words}", place="command", **fields)
    return said


async def after(office: Office, seconds: float) -> None:
    """Time passes, and the mutes that are over end."""
    office.clock.advance(seconds)
    await office.feeds.reminders.once()
    await office.settle(but=("make_plan",))


async def test_a_muted_service_opens_nothing_and_what_still_fires_opens_when_it_ends(office: Office) -> None:
    """Nothing is lost: the incident is dated from its first signal, has the last reading, and says who had muted."""
    assert "muted until" in await mute(office, "checkout 2h")
    await office.receive(
        signal(at=60), signal(Transition.RENOTIFY, at=660, value=0.44), signal(Transition.RENOTIFY, at=1260, value=0.5)
    )
    assert await office.store.open_incidents() == []
    (held,) = (await office.feeds.feed.picture()).mutes
    assert (held[1].signals, held[1].troubles, held[1].firing) == (3, 1, 1)
    await after(office, 2 * HOUR_S)
    incident = await office.incident()
    assert (incident.opened_at, incident.signals[0].value, incident.signals[0].seen) == (START + 60, 0.5, 2)
    muted = next(entry for entry in incident.timeline if "muted" in entry.what)
    assert (muted.who, muted.what) == (MIRA, "muted checkout; 3 signals kept back until it ended")


async def test_what_recovered_meanwhile_opens_nothing(office: Office) -> None:
    """A deploy's blip under a mute stays a blip."""
    await mute(office, "checkout 30m")
    await office.receive(signal(at=60), signal(Transition.RECOVERED, at=200))
    await after(office, HOUR_S)
    assert await office.store.open_incidents() == []
    assert await office.store.mutes() == []


async def test_a_late_trigger_does_not_outweigh_a_newer_recovery(office: Office) -> None:
    """Signals may come in any order, under a mute as well."""
    await mute(office, "checkout 30m")
    await office.receive(
        signal(Transition.RENOTIFY, at=60), signal(Transition.RECOVERED, at=200), signal(Transition.RENOTIFY, at=100)
    )
    await after(office, HOUR_S)
    assert await office.store.open_incidents() == []


async def test_an_open_incident_goes_on_while_its_service_is_muted(office: Office) -> None:
    """Its signals join it, and its timeline says who had muted it, and from where."""
    await office.broken()
    await mute(office, "checkout 2h")
    await office.receive(signal(at=120, identity="cycle:2"))
    incident = await office.incident()
    assert len(incident.signals) == 2
    (note,) = [entry for entry in incident.timeline if "muted" in entry.what]
    assert (note.who, note.place) == (MIRA, "command")


async def test_a_resolved_incident_stays_resolved_while_muted(office: Office) -> None:
    """An alert that would reopen it waits, and reopens it when the mute ends."""
    await office.broken()
    assert await office.resolution.resolve("INC-1", by=MIRA, ending=Ending(override="the shop is shut")) == ""
    await mute(office, "checkout 1h")
    now = office.clock.now() - START
    await office.receive(signal(Transition.RE_TRIGGERED, at=now + 60))
    assert (await office.incident()).state is State.RESOLVED
    await after(office, 2 * HOUR_S)
    assert (await office.incident()).is_open


async def test_a_signal_that_comes_as_the_mute_ends_is_not_lost(office: Office) -> None:
    """It is held only while there is a mute; else it opens its incident at once."""
    await mute(office, "checkout 1h")
    (kept,) = await office.store.mutes()
    await office.store.remember_signal(signal(at=30))
    await office.store.end_mute(kept)
    assert await office.store.hold_signal("checkout", signal(at=30), begins=True) is False
    await office.settle(but=("make_plan",))
    assert await office.store.open_incidents() == ["INC-1"]


async def test_ending_a_mute_by_hand_gives_back_what_fires(office: Office) -> None:
    """``off``, and the word that people try: ``unmute``."""
    await mute(office, "checkout 1d")
    await office.receive(signal(at=60))
    (said,) = await office.wish("command", text="unmute checkout")
    assert said == "`checkout` is not muted any more. 1 alert that came meanwhile still fires."
    await office.settle(but=("make_plan",))
    assert await office.store.open_incidents() == ["INC-1"]
    assert [each.by for each in await office.store.ended_mutes()] == [MIRA]
    assert "is not muted" in await mute(office, "checkout off")


async def test_a_new_mute_replaces_the_old_one_and_keeps_what_it_holds(office: Office) -> None:
    """Maintenance takes longer; the first end means nothing any more."""
    await mute(office, "checkout 1h")
    await office.receive(signal(at=60))
    await mute(office, "checkout 3h", user=JONAS)
    await after(office, 2 * HOUR_S)
    assert await office.store.open_incidents() == []
    await after(office, 2 * HOUR_S)
    assert await office.store.open_incidents() == ["INC-1"]


async def test_until_is_the_askers_own_time(office: Office) -> None:
    """14:00 where they are: START is 2023-11-14 22:13:20 UTC, an hour later in Berlin."""
    await mute(office, "checkout until 23:30")
    (kept,) = await office.store.mutes()
    assert kept.until == START + 16 * 60 + 40
    await mute(office, "checkout 14:00")
    (kept,) = await office.store.mutes()
    assert kept.until == START + 16 * 60 + 40 + 14.5 * HOUR_S


async def test_a_downtime_is_made_and_cancelled_with_the_mute(office: Office) -> None:
    """Datadog is quiet for as long, by the tags of the catalog entry."""
    assert "Datadog has a downtime" in await mute(office, "checkout 2h downtime")
    assert office.datadog_mutes.made == {"d-1": (("service", "checkout"), ("env", "prod"))}
    await mute(office, "checkout off")
    assert office.datadog_mutes.cancelled == ["d-1"]


async def test_a_longer_mute_keeps_or_replaces_the_downtime(office: Office) -> None:
    """Whichever is there at the end is cancelled with the mute, and none is left behind."""
    await mute(office, "checkout 1h downtime")
    await mute(office, "checkout 2h")
    assert [each.downtime for each in await office.store.mutes()] == ["d-1"]
    await mute(office, "checkout 3h downtime")
    assert office.datadog_mutes.cancelled == ["d-1"]
    await mute(office, "checkout off")
    assert office.datadog_mutes.cancelled == ["d-1", "d-2"]


async def test_the_mute_stands_where_datadog_refuses_its_downtime(office: Office) -> None:
    """State first; and the person is told both."""
    office.datadog_mutes.trouble = TelemetryUnavailable("Datadog did not answer within 10 s.")
    said = await mute(office, "checkout 2h downtime")
    assert "did not answer within 10 s. The mute stands." in said
    assert [each.downtime for each in await office.store.mutes()] == [""]


async def test_a_muted_incident_says_so_in_its_timeline(office: Office) -> None:
    """By name, or where it is meant; and off again."""
    await office.broken()
    said = await mute(office, "INC-1 30m")
    assert "`INC-1` reminds nobody until" in said
    incident = await office.incident()
    assert incident.muted_until == office.clock.now() + 1800
    assert (incident.timeline[-1].who, incident.timeline[-1].place) == (MIRA, "command")
    assert "INC-1" in await mute(office, "")
    await mute(office, "off")
    assert (await office.incident()).muted_until is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Nothing is muted."),
        ("checkout", "For how long?"),
        ("checkout 8d", "at most 7 days"),
        ("checkout 5 bananas", "For how long?"),
        ("chekout 2h", "Did you mean `/fixloop mute checkout 2h`?"),
        ("INC-7 2h", "There is no incident INC-7."),
        ("2h", "Mute what?"),
        ("<!channel> 2h", "I know no service"),
        ("checkout off", "is not muted"),
    ],
)
async def test_what_cannot_be_done_is_said(office: Office, words: str, said: str) -> None:
    """With the words that would do it."""
    answer = await mute(office, words)
    assert said in answer
    assert "<!channel>" not in answer


async def test_only_responders_mute(office: Office) -> None:
    """Who may not validate a service may not silence it either."""
    others = Office(office.store, office.clock, services=(checkout(responders=("U0OTHER",)),))
    (said,) = await others.wish("command", text="mute checkout 2h")
    assert "Only <@U0OTHER> may mute checkout" in said
    assert await office.store.mutes() == []


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("2h", 7200), ("30m", 1800), ("1d", 86_400), ("1h 30m", 5400), ("90 minutes", 5400), ("2", None), ("2h x", None)],
)
def test_spans(words: str, seconds: float | None) -> None:
    """What people write."""
    assert read_span(words) == seconds


@pytest.mark.parametrize(
    ("words", "minute"), [("until 14:00", 840), ("9.30", 570), ("24:00", None), ("until", None), ("12:60", None)]
)
def test_times_of_day(words: str, minute: int | None) -> None:
    """A day has 24 hours."""
    assert read_time_of_day(words) == minute


async def test_a_restart_under_a_mute_does_not_make_a_trouble_last(office: Office) -> None:
    """FixLoop watches by itself, and is deployed in the middle of the maintenance: what has recovered opens nothing."""
    await mute(office, "checkout 1h")
    (service,) = office.catalog.services
    measure = service.measure("error_rate")
    assert measure is not None
    before, afterwards = office.watch("before"), office.watch("afterwards")
    for watch, value in ((before, 0.5), (before, 0.5), (afterwards, 0.0), (afterwards, 0.0)):
        office.datadog.value = value
        office.clock.advance(10)
        await watch.read(service, "error_rate", measure)
        await office.settle(but=("make_plan",))
    (held,) = (await office.feeds.feed.picture()).mutes
    assert (held[1].troubles, held[1].firing) == (1, 0)
    await after(office, 2 * HOUR_S)
    assert await office.store.open_incidents() == []


async def test_everybody_may_see_what_is_muted(office: Office) -> None:
    """To look does no harm; who may not mute may still know."""
    others = Office(office.store, office.clock, services=(checkout(responders=("U0OTHER",)),))
    await others.receive(signal())
    (said,) = await others.wish("command", text="mute")
    assert said.startswith("Nothing is muted.")
