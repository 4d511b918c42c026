"""Who is on it, how severe it is, what its people say: by whom, when, and from where."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fixloop_bot.adapters.slack.blocks.feed_words import owners
from fixloop_bot.adapters.slack.blocks.home import home_view, lines_of
from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.domain.feed import FeedRow
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, signal
from tests.fake_clock import START

SAY = {"response_url": "https://slack.test/1", "place": "command"}


@pytest.fixture
async def opened(office: Office) -> Office:
    await office.receive(signal())
    return office


async def test_one_has_it_and_the_second_is_told(opened: Office) -> None:
    """Who has it leads, where nobody did; pressing twice is once."""
    assert await opened.wish("acknowledge", incident="INC-1", place="button") == []
    assert await opened.wish("acknowledge", incident="INC-1", place="button") == []
    opened.clock.advance(3)
    (at_once,) = await opened.wish("acknowledge", incident="INC-1", user=JONAS)
    assert at_once == f"<@{MIRA}> is on INC-1, for 3 s now."
    opened.clock.advance(237)
    (told,) = await opened.wish("acknowledge", incident="INC-1", user=JONAS)
    assert told == f"<@{MIRA}> is on INC-1, for 4 min now."
    incident = await opened.incident()
    assert (incident.acknowledged_by, incident.acknowledged_at, incident.lead) == (MIRA, START, MIRA)
    entries = [(each.who, each.what, each.place) for each in incident.timeline if each.who == MIRA]
    assert entries == [(MIRA, "is on it", "button")]


async def test_two_at_once_are_one_and_one_told(opened: Office) -> None:
    """Neither is lost, whoever was first."""
    asked = [opened.wish("acknowledge", incident="INC-1", user=user) for user in (MIRA, JONAS)]
    await asyncio.gather(*asked)
    incident = await opened.incident()
    assert incident.acknowledged_by in (MIRA, JONAS)
    assert [each.what for each in incident.timeline].count("is on it") == 1


async def test_a_lead_stays_lead(opened: Office) -> None:
    """Being on it does not take the lead from somebody."""
    await opened.wish("command", text="who lead <@U0JONAS|jonas>", **SAY)
    await opened.wish("acknowledge", incident="INC-1")
    incident = await opened.incident()
    assert (incident.lead, incident.acknowledged_by) == (JONAS, MIRA)


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_comes_back_after_its_end_is_nobodys(opened: Office, by_hand: bool) -> None:
    """Whoever was on it may be asleep: the roles stay, and whoever says "I'm on it" now is the one."""
    await opened.wish("acknowledge", incident="INC-1", place="button")
    await opened.resolve()
    assert (await opened.incident()).acknowledged_by == MIRA, "it is told as it was"
    if by_hand:
        await opened.resolution.reopen("INC-1", by=JONAS)
    else:
        await opened.receive(signal(Transition.RE_TRIGGERED, at=opened.clock.now() - START + 60))
    incident = await opened.incident()
    assert (incident.is_open, incident.acknowledged_by, incident.acknowledged_at) == (True, None, None)
    assert "I'm on it" in str(home_view(FeedPicture(now=0.0, open=(FeedItem(row=await row(opened)),), open_count=1)))
    assert await opened.wish("acknowledge", incident="INC-1", user=JONAS, place="button") == []
    incident = await opened.incident()
    assert (incident.acknowledged_by, incident.lead) == (JONAS, MIRA)


async def test_an_appointed_lead_is_somebody(opened: Office) -> None:
    """Wherever it is said whose it is: nobody reads "nobody" beside a name."""
    assert "obody is on it" in owners(await row(opened), opened.clock.now())
    await opened.wish("command", text="who lead <@U0JONAS|jonas>", **SAY)
    (told,) = await opened.wish("command", text="who", **SAY)
    assert "On it" not in told
    seen = await row(opened)
    assert owners(seen, opened.clock.now()) == "Lead: <@U0JONAS>"
    listed = lines_of("1 open", [FeedItem(row=seen)], more=0, now=opened.clock.now())
    home = str(home_view(FeedPicture(now=opened.clock.now(), open=(FeedItem(row=seen),), open_count=1)))
    assert "obody is on" not in listed + home
    muted = owners(replace(seen, muted_until=opened.clock.now() + 60), opened.clock.now())
    assert muted.startswith("🔕 Muted until ")
    assert muted.endswith(" · Lead: <@U0JONAS>")


async def row(office: Office) -> FeedRow:
    await office.feeds.feed.rows.catch_up()
    (found,) = await office.feeds.feed.rows.rows()
    return found


async def test_roles_by_command(opened: Office) -> None:
    """``me`` and names from Slack's list; a bare name is not guessed."""
    (told,) = await opened.wish("command", text="who fixer me", **SAY)
    assert "Fixer: <@U0MIRA>" in told
    (told,) = await opened.wish("command", text="who INC-1 lead <@U0JONAS>", user=MIRA, **SAY)
    assert told.splitlines()[1:3] == ["Lead: <@U0JONAS>", "Fixer: <@U0MIRA>"]
    (told,) = await opened.wish("command", text="who lead @jonas", **SAY)
    assert told.startswith("Who? Choose a name")
    (told,) = await opened.wish("command", text="who captain me", **SAY)
    assert told.startswith("The roles are lead and fixer")
    (told,) = await opened.wish("command", text="who lead", user=JONAS, **SAY)
    assert "Lead: <@U0JONAS>" in told
    (told,) = await opened.wish("command", text="who fixer", user=JONAS, **SAY)
    assert "Fixer: <@U0MIRA>" in told  # who only asks gets no role
    (told,) = await opened.wish("command", text="who", **SAY)
    assert "May validate and resolve: everybody here" in told
    entries = [(each.what, each.place) for each in (await opened.incident()).timeline][-2:]
    assert entries == [("made Mira the fixer", "command"), ("made Jonas the lead", "command")]


async def test_the_form_sets_both_roles(opened: Office) -> None:
    """What it shows as empty has nobody; what is unchanged is not noted."""
    await opened.wish("roles", incident="INC-1", fields=(("lead", MIRA), ("fixer", JONAS)))
    await opened.wish("roles", incident="INC-1", fields=(("lead", MIRA),))
    incident = await opened.incident()
    assert (incident.lead, incident.fixer) == (MIRA, None)
    assert [each.what for each in incident.timeline][-1] == "left the fixer open"
    before = len(incident.timeline)
    await opened.wish("roles", incident="INC-1", fields=(("lead", MIRA),))
    assert len((await opened.incident()).timeline) == before


async def test_people_changing_different_things_at_once_lose_nothing(opened: Office) -> None:
    """A note, a severity, a role and an acknowledgement in the same moment all stand."""
    await asyncio.gather(
        opened.wish("note", incident="INC-1", fields=(("note", "rolling back"),)),
        opened.wish("severity", incident="INC-1", user=JONAS, fields=(("severity", "SEV1"),)),
        opened.wish("roles", incident="INC-1", fields=(("fixer", JONAS), ("lead", MIRA))),
        opened.wish("acknowledge", incident="INC-1", user=JONAS),
    )
    incident = await opened.incident()
    note = incident.note.text if incident.note is not None else ""
    assert (note, incident.severity, incident.fixer) == ("rolling back", "SEV1", JONAS)
    assert incident.acknowledged_by == JONAS


async def test_a_severity_that_there_is_not(opened: Office) -> None:
    """Is refused; one that it has already is no change."""
    assert (await opened.wish("severity", incident="INC-1", fields=(("severity", "SEV0"),)))[0].startswith("A severity")
    before = await opened.incident()
    await opened.wish("severity", incident="INC-1", fields=(("severity", "SEV2"),))
    assert await opened.incident() == before


async def test_a_note_is_taken_back_by_an_empty_one(opened: Office) -> None:
    """And is masked."""
    key = "ghp_" + "a1B2c3D4e5" * 4
    await opened.wish("note", incident="INC-1", fields=(("note", f"revoked {key}"),))
    assert key not in repr(await opened.incident())
    await opened.wish("note", incident="INC-1", fields=())
    incident = await opened.incident()
    assert incident.note is None
    assert incident.timeline[-1].what == "took the note back"


@pytest.mark.parametrize("what", ["acknowledge", "severity", "note", "roles"])
async def test_a_resolved_incident_stays_as_it_was(opened: Office, what: str) -> None:
    """An old card's button is told so; so is one of an incident that there is not."""
    await opened.resolve()
    before = await opened.incident()
    fields = (("severity", "SEV1"), ("note", "x"), ("lead", MIRA))
    assert await opened.wish(what, incident="INC-1", fields=fields) == ["INC-1 is resolved. Reopen it first."]
    assert await opened.incident() == before
    assert await opened.wish(what, incident="INC-9", fields=fields) == ["There is no incident INC-9."]


async def test_every_change_by_a_person_says_from_where(opened: Office) -> None:
    """Also those of use cases that know nothing of places."""
    await opened.settle()
    await opened.wish("validate", incident="INC-1", place="home")
    await opened.wish("new_plan", incident="INC-1", place="button")
    mine = {each.what.split(" run")[0]: each.place for each in (await opened.incident()).timeline if each.who == MIRA}
    assert mine["started validate"] == "home"
    machines = {each.place for each in (await opened.incident()).timeline if each.who in ("fixloop", "datadog")}
    assert machines == {""}
