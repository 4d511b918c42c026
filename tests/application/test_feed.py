"""The feed: who opens it sees what is, who has it open sees what changes, and Slack is asked for no more than that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.application.curves import CURVE_EVERY_S, Curves
from fixloop_bot.application.feed import AT_ONCE, LOOKING_S, NOTE_S, PER_MINUTE, PERSON_EVERY_S
from fixloop_bot.application.ledger import Change
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident, State
from tests.application.office import ERROR_RATE, JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import START


async def opened(office: Office, user: str = MIRA) -> None:
    await office.wish("home_opened", user=user, place="home")


async def look(office: Office, *, after_s: float = PERSON_EVERY_S) -> list[str]:
    """So much later the loop looks; who was shown something."""
    before = len(office.hall.shown)
    office.clock.advance(after_s)
    await office.feeds.feed.once()
    return office.hall.shown[before:]


async def change(office: Office, incident_id: str = "INC-1", **fields: object) -> None:
    def decide(incident: Incident) -> Change:
        return Change(incident=replace(incident, **fields))  # type: ignore[arg-type]

    await office.ledger.change(incident_id, decide)


async def test_opening_shows_what_is(office: Office) -> None:
    """Open incidents, with their threads, and the numbers."""
    await office.broken()
    await opened(office)
    picture = office.hall.seen_by(MIRA)
    (found,) = picture.open
    assert (found.row.id, found.row.state, found.address) == (
        "INC-1",
        State.REPRODUCED,
        "https://slack.test/C0CHECKOUT/1.0001",
    )
    assert (picture.numbers.incidents, picture.numbers.confirmed) == (1, 1)


async def test_opening_shows_it_again_whatever_was_shown_before(office: Office) -> None:
    """Somebody who opens it may see an older one, after an installation of the app for example."""
    await opened(office)
    await opened(office)
    assert office.hall.shown == [MIRA, MIRA]


async def test_who_has_it_open_sees_what_changes(office: Office) -> None:
    """A new incident, within seconds; and nothing is published where nothing has changed."""
    await opened(office)
    assert await look(office) == []
    await office.receive(signal())
    assert await look(office) == [MIRA]
    assert [item.row.id for item in office.hall.seen_by(MIRA).open] == ["INC-1"]
    assert await look(office) == []


async def test_changes_that_come_quickly_are_shown_together(office: Office) -> None:
    """At most one publication for each person in some seconds, and the last state in the end."""
    await opened(office)
    await office.receive(signal())
    assert await look(office) == [MIRA]
    for severity in ("SEV1", "SEV2", "SEV3"):
        await change(office, severity=severity)
        assert await look(office, after_s=1.0) == []
    assert await look(office) == [MIRA]
    assert office.hall.seen_by(MIRA).open[0].row.severity == "SEV3"


async def test_a_change_that_nobody_sees_costs_nothing(office: Office) -> None:
    """The incident has a new revision; the Home says the same."""
    await office.receive(signal())
    await opened(office)
    await change(office, checklist_revision=7)
    assert await look(office) == []


async def test_who_went_away_long_ago_is_not_shown_anything(office: Office) -> None:
    """Slack does not say who leaves."""
    await opened(office)
    office.clock.advance(LOOKING_S + 1)
    await office.receive(signal())
    assert await look(office) == []


async def test_many_viewers_share_slacks_budget(office: Office) -> None:
    """They wait longer, and who has waited longest comes first; nobody is forgotten."""
    people = [f"U0P{number:03}" for number in range(40)]
    for person in people:
        await opened(office, person)
    await office.receive(signal())
    shown = await look(office, after_s=60)
    assert len(shown) == AT_ONCE
    for _ in range(60):
        shown += await look(office, after_s=2.0)
        if len(shown) >= len(people):
            break
    assert sorted(shown) == people
    seconds = office.clock.now() - START - 60
    assert len(shown) - AT_ONCE <= seconds * PER_MINUTE / 60 + 1


async def test_two_who_show_at_once_end_with_the_newest(office: Office) -> None:
    """The hash is refused; the state is read again, and shown."""
    await opened(office)
    await office.receive(signal())
    other = office.hall.homes[MIRA][1]
    office.hall.meanwhile = lambda: office.hall.hang(MIRA, other)
    assert MIRA in await look(office)
    assert [item.row.id for item in office.hall.seen_by(MIRA).open] == ["INC-1"]


async def test_slack_that_asks_to_wait_is_left_alone(office: Office) -> None:
    """And shown the newest state afterwards."""
    await opened(office)
    await office.receive(signal())
    office.hall.troubles = [SlackBusy("views.publish", retry_after=30.0)]
    assert await look(office) == []
    assert await look(office, after_s=20) == []
    assert await look(office, after_s=11) == [MIRA]


async def test_who_cannot_be_shown_it_is_forgotten(office: Office) -> None:
    """A person who has left the workspace costs one refusal, and the others nothing."""
    await opened(office)
    await opened(office, JONAS)
    office.hall.troubles = [SlackRefused("user_not_found", method="views.publish")]
    await office.receive(signal())
    shown = await look(office)
    assert len(shown) == 1
    assert list(await office.store.viewers(since=0)) == shown


async def test_a_click_from_home_is_answered_there(office: Office) -> None:
    """A line on top, for a minute; a channel to whisper in there is none."""
    await office.receive(signal())
    await opened(office)
    assert await office.wish("validate", incident="INC-1", place="home") == []
    assert "plan is still being written" in office.hall.seen_by(MIRA).note
    assert await look(office, after_s=NOTE_S + 1) == [MIRA]
    assert office.hall.seen_by(MIRA).note == ""


async def test_what_a_click_from_home_has_changed_is_seen_at_once(office: Office) -> None:
    """Without waiting for the loop."""
    await office.broken()
    await opened(office)
    await office.wish("acknowledge", incident="INC-1", place="home")
    assert office.hall.seen_by(MIRA).open[0].row.acknowledged_by == MIRA


async def test_the_kill_switch_stands_on_top(office: Office) -> None:
    """Everybody who looks sees that all traffic is stopped, and how to lift it."""
    await opened(office)
    await office.brake.pull(by=JONAS)
    assert await look(office) == [MIRA]
    assert JONAS in office.hall.seen_by(MIRA).halted
    await office.brake.lift(by=JONAS)
    assert await look(office) == [MIRA]
    assert office.hall.seen_by(MIRA).halted == ""


async def test_ages_are_told_anew_without_a_change(office: Office) -> None:
    """ "4 min" becomes "5 min"; an hour later it is told every half hour."""
    await office.receive(signal())
    await opened(office)
    assert await look(office, after_s=120) == [MIRA]
    office.clock.advance(3 * 3600)
    await opened(office)
    told = [await look(office, after_s=60) for _ in range(20)]
    assert sum(map(len, told)) <= 1


async def test_incidents_from_before_the_feed_are_in_it(office: Office) -> None:
    """An update of FixLoop loses no history; what is older than the numbers' period goes."""
    await office.broken()
    await office.store.drop_feed_rows(["INC-1"])
    await office.feeds.feed.once()
    assert [row.id for row in await office.store.feed_rows()] == ["INC-1"]


async def test_a_row_is_never_replaced_by_an_older_one(office: Office) -> None:
    """Two processes make rows; the one that was slower must not win."""
    await office.receive(signal())
    await office.feeds.feed.rows.catch_up()
    (row,) = await office.store.feed_rows()
    assert await office.store.put_feed_row(replace(row, revision=row.revision + 5, label="newer"))
    assert not await office.store.put_feed_row(row)
    assert [each.label for each in await office.store.feed_rows()] == ["newer"]


async def test_an_incident_that_changes_while_its_row_is_made_stays_news(office: Office) -> None:
    """The row of the older state is kept, and the newer one is still to be made."""
    await office.receive(signal())
    await office.feeds.feed.rows.catch_up()
    (row,) = await office.store.feed_rows()
    await change(office, severity="SEV1")
    await office.store.put_feed_row(row)
    assert list(await office.store.feed_news()) == ["INC-1"]


async def test_opening_loads_no_incident(office: Office) -> None:
    """However many there are: it reads their rows, and those only once for each change."""

    async def loaded() -> tuple[int, int]:
        stats = await office.store._redis.info("commandstats")
        return tuple(int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("hmget", "hvals"))  # type: ignore[return-value]

    for number in range(5):
        await office.receive(signal(identity=f"cycle:{number}", service=f"service-{number}", tags=()))
    await opened(office)
    (incidents, rows) = await loaded()
    await opened(office, JONAS)
    again = await loaded()
    assert len(office.hall.seen_by(JONAS).open) == 5
    assert again[0] == incidents
    assert again[1] - rows <= 1  # of mutes


async def test_curves_are_read_seldom_and_only_for_viewers(office: Office) -> None:
    """One query for each incident in five minutes; none where nobody looks."""
    await office.receive(signal())
    office.datadog.points = tuple((START - 3600 + 60 * step, step / 100) for step in range(60))
    curves = Curves(
        office.store,
        office.feeds.feed.rows,
        telemetry=office.datadog,
        catalog=Catalog(services=(checkout(),)),
        clock=office.clock,
        name="me",
    )
    await office.feeds.feed.rows.catch_up()
    office.datadog.asked.clear()
    await curves.once()
    assert office.datadog.asked == []
    await opened(office)
    for _ in range(5):
        await curves.once()
    assert office.datadog.asked == [ERROR_RATE]
    assert CURVE_EVERY_S - 60 < await office.store._redis.ttl("fixloop:once:curve:INC-1") <= CURVE_EVERY_S
    assert await look(office) == [MIRA]
    assert office.hall.seen_by(MIRA).open[0].points[-1][1] == pytest.approx(0.59)


async def test_lists(office: Office) -> None:
    """Open, resolved, mine; a wrong word gets the nearest."""
    await office.broken()
    (said,) = await office.wish("command", text="list")
    assert "1 open" in said
    assert "checkout (prod) · Checkout error rate is high" in said
    (said,) = await office.wish("command", text="list mine")
    assert said == "You are on no incident."
    await change(office, lead=MIRA)
    (said,) = await office.wish("command", text="list mine")
    assert "1 with you" in said
    (said,) = await office.wish("command", text="list resolved")
    assert said == "Nothing was resolved in the last 30 days."
    (said,) = await office.wish("command", text="list resolvd")
    assert said == (
        "There is no such list. Did you mean `/fixloop list resolved`? "
        "Lists are `list open`, `list resolved` and `list mine`."
    )


async def test_services_say_what_they_lack(office: Office) -> None:
    """What is known, who may validate, and what keeps FixLoop from proving anything."""
    (said,) = await office.wish("command", text="services")
    assert "*checkout* · not watched, waits for alerts" in said
    assert "<#C0CHECKOUT> · may validate: everybody" in said
    assert "Metrics: error_rate (limit 1 %)" in said
    assert "Missing probes or openapi" in said
    (said,) = await office.wish("command", text="services chekout")
    assert said == "The catalog has no such service. Did you mean `/fixloop services checkout`?"
