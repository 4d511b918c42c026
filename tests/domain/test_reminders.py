"""What is to be reminded of, decided on one incident alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Incident, Move, State, advance, undone
from fixloop_bot.domain.reminders import Topic, due, next_reminder
from tests.adapters.thread_states import ALERT, JONAS, MIRA, SIGNAL, minutes

ALERTED = Entry(at=ALERT, who="datadog", what="Triggered: Error rate of checkout is high")
FRESH = Incident(
    id="INC-42",
    number=42,
    service_key="checkout|prod",
    service="checkout",
    label="checkout",
    title="Error rate is high",
    channel="C0",
    opened_at=ALERT,
    signals=(SIGNAL,),
    timeline=(ALERTED,),
)


def test_it_is_due_from_the_fifth_minute_on() -> None:
    """And not while it is muted, though what is shown of it may be older than the mute."""
    assert due(FRESH, minutes(4.9)) is None
    reminder = due(FRESH, minutes(5))
    assert reminder is not None
    assert (reminder.topic, reminder.since, reminder.at) == (Topic.UNACKNOWLEDGED, ALERT, minutes(5))
    assert due(replace(FRESH, muted_until=minutes(60)), minutes(10)) is None
    assert due(replace(FRESH, muted_until=minutes(60)), minutes(60)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.RECOVERED},
        {"state": State.RESOLVED},
        {"acknowledged_by": MIRA},
        {"lead": MIRA},
        {"fixer": MIRA},
        {"timeline": (ALERTED, Entry(at=ALERT + 9, who=MIRA, what="asked for a validate run"))},
        {"reminded": ("unacknowledged:0",)},
    ],
)
def test_nothing_is_to_be_said(changes: dict[str, object]) -> None:
    """It is over, somebody is on it, or it was said."""
    assert next_reminder(replace(FRESH, **changes)) is None  # type: ignore[arg-type]


def test_who_declares_it_is_not_on_it_by_that() -> None:
    """Who sees a fire does not put it out."""
    declaration = Entry(at=ALERT, who=MIRA, kind=Happening.DECLARED, what="declared it")
    declared = replace(FRESH, declared_by=MIRA, timeline=(declaration,))
    assert due(declared, minutes(6)) is not None
    assert due(declared.noted(minutes(2), MIRA, Happening.NOTE, "set the severity to SEV1"), minutes(6)) is None


def test_a_trouble_that_comes_back_begins_anew() -> None:
    """What people did before the last proof does not count for what came after it."""
    touched = replace(FRESH, reopened=1, reminded=("unacknowledged:0",)).noted(minutes(3), MIRA, Happening.NOTE, "x")
    proven = touched.noted(minutes(20), "fixloop", Happening.RUN_ENDED, "x", about="INC-42-r2")
    assert next_reminder(proven.noted(minutes(40), "datadog", Happening.SIGNAL, "x")) is None
    again = proven.noted(minutes(40), "datadog", Happening.SIGNAL, "x", undid=Undone.PROOF)
    reminder = next_reminder(again)
    assert reminder is not None
    assert (reminder.name, reminder.since) == ("unacknowledged:1", minutes(40))


MINE = replace(FRESH, acknowledged_by=MIRA, acknowledged_at=minutes(3), lead=MIRA, fixer=JONAS)


def back(state: State, move: Move, *, who: str = "datadog") -> Incident:
    """Mira was on it and led it, and it has fallen back in minute 40."""
    before = replace(MINE, state=state).noted(minutes(3), MIRA, Happening.NOTE, "is on it")
    fallen = advance(before, move)
    return fallen.noted(minutes(40), who, Happening.SIGNAL, "back", undid=undone(before, fallen))


@pytest.mark.parametrize("move", [Move.ALERT_AGAIN, Move.REGRESS])
def test_who_was_on_it_when_it_was_resolved_is_not_on_it_when_it_is_back(move: Move) -> None:
    """They may be asleep: their roles stay, the acknowledgement does not, and five minutes count anew."""
    reopened = back(State.RESOLVED, move)
    assert (reopened.acknowledged_by, reopened.acknowledged_at) == (None, None)
    assert (reopened.lead, reopened.fixer) == (MIRA, JONAS)
    reminder = next_reminder(reopened)
    assert reminder is not None
    assert (reminder.topic, reminder.since) == (Topic.UNACKNOWLEDGED, minutes(40))


def test_a_proof_that_falls_keeps_who_is_on_it() -> None:
    """It was not over yet, so that nobody has gone to bed."""
    fallen = back(State.RECOVERED, Move.ALERT_AGAIN)
    assert (fallen.acknowledged_by, fallen.acknowledged_at) == (MIRA, minutes(3))
    assert next_reminder(fallen) is None
    assert next_reminder(replace(fallen, acknowledged_by=None)) is None


def test_who_reopens_it_has_touched_it() -> None:
    """And nobody is called who has just done something."""
    assert next_reminder(back(State.RESOLVED, Move.REOPEN, who=MIRA)) is None


def test_a_role_given_since_counts_as_before() -> None:
    """Also once a proof of the same night falls; a role of the night before counts no more for that."""
    reopened = back(State.RESOLVED, Move.ALERT_AGAIN)
    given = reopened.noted(minutes(41), JONAS, Happening.ROLE, "made Mira the lead")
    for incident, reminded in ((reopened, True), (given, False)):
        fallen = incident.noted(minutes(60), "datadog", Happening.SIGNAL, "back", undid=Undone.PROOF)
        assert (next_reminder(fallen) is not None) == reminded
