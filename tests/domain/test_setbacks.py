"""How an incident fell back: a person who reopens takes no proof back, and what was seen to fail does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.domain.feed import row_of
from fixloop_bot.domain.incidents import Entry, Incident, Move, State, advance
from fixloop_bot.domain.reminders import next_reminder
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.setbacks import Setback, setback
from tests.adapters.thread_states import MIRA, minutes
from tests.domain.test_feed import CONFIRMED, PROVEN, incident, lines

PROVES = Entry(at=minutes(24), who="fixloop", what="validate run 2: proven. Step 1 failed before.")
RESOLVES = Entry(at=minutes(36), who=MIRA, what="resolved (proven)")
REOPENS = Entry(at=minutes(50), who=MIRA, what="reopened")
ALERTS = Entry(at=minutes(50), who="datadog", what="Re-Triggered: Error rate is high")
WATCH = Entry(at=minutes(30), who="fixloop", what="watch: a step failed again, the proof is taken back")


def proven(*entries: Entry, state: State = State.RECOVERED) -> Incident:
    return incident(
        runs=lines(CONFIRMED, PROVEN), verdict=RecoveryVerdict.PROVEN, state=state, timeline=(PROVES, *entries)
    )


def reopened(*more: Entry) -> Incident:
    return replace(
        advance(proven(RESOLVES, state=State.RESOLVED), Move.REOPEN), timeline=(PROVES, RESOLVES, REOPENS, *more)
    )


def test_a_person_who_reopens_takes_no_proof_back() -> None:
    """They say that it is not over; nothing was seen to fail."""
    assert setback(reopened()) == Setback(at=minutes(50), who=MIRA, resolved=True)
    assert row_of(reopened()).taken_back == 0


def test_what_is_seen_to_fail_afterwards_does() -> None:
    """The bug is there, so that the proof did not last."""
    again = (RunKind.CONFIRM, 51.0, 52.0, None, True)
    seen = replace(reopened(), state=State.REPRODUCED, runs=lines(CONFIRMED, PROVEN, again))
    assert row_of(seen).taken_back == 1
    assert setback(seen) is None


@pytest.mark.parametrize(
    ("fallen", "found"),
    [
        (
            replace(advance(proven(), Move.REGRESS), timeline=(PROVES, WATCH)),
            Setback(at=minutes(30), who="fixloop", why="the watch saw it fail"),
        ),
        (
            replace(advance(proven(), Move.ALERT_AGAIN), timeline=(PROVES, ALERTS)),
            Setback(at=minutes(50), who="datadog", why="Datadog alerted again"),
        ),
        (
            replace(
                advance(proven(RESOLVES, state=State.RESOLVED), Move.ALERT_AGAIN), timeline=(PROVES, RESOLVES, ALERTS)
            ),
            Setback(at=minutes(50), who="datadog", why="Datadog alerted again", resolved=True),
        ),
    ],
)
def test_a_machine_that_sees_it_fail_takes_the_proof_back(fallen: Incident, found: Setback) -> None:
    """Whether it was resolved meanwhile or not."""
    assert setback(fallen) == found
    assert row_of(fallen).taken_back == 1


@pytest.mark.parametrize(
    "entry",
    [
        replace(ALERTS, what="Renotify: Error rate is high"),
        replace(ALERTS, what="Triggered: Another monitor (joined)"),
        replace(ALERTS, what="Re-Triggered arrived late and changed nothing: Error rate is high"),
        replace(REOPENS, what="says: reopened"),
    ],
)
def test_what_reopens_nothing(entry: Entry) -> None:
    """A reminder, a trouble that merely joins, a late alert, somebody's words."""
    assert setback(replace(reopened(), timeline=(PROVES, RESOLVES, entry))) is None


def test_a_setback_ends_with_the_next_look() -> None:
    """A confirm run that has ended since says more; one look at a single step does not."""
    calm = (RunKind.CONFIRM, 51.0, 52.0, None, False)
    runs = lines(CONFIRMED, PROVEN, calm)
    assert setback(replace(reopened(), runs=runs)) is None
    assert setback(replace(reopened(), runs=(*runs[:2], replace(runs[2], partial=True)))) is not None
    assert setback(proven()) is None


PINNED = "C0CHECKOUT:1700000000.000100"
"""What stands for a message."""


@pytest.mark.parametrize("name", ["resolved (proven)", "took over INC-9"])
def test_a_message_of_somebody_with_a_strange_name_is_no_event(name: str) -> None:
    """People call themselves what they like, and their pinned words begin with that name."""
    pinned = Entry(at=minutes(40), who=MIRA, what=f"{name} said: look at this", message=PINNED)
    after = replace(advance(proven(), Move.ALERT_AGAIN), timeline=(PROVES, pinned, ALERTS))
    assert setback(after) == Setback(at=minutes(50), who="datadog", why="Datadog alerted again")
    assert next_reminder(after) is not None


def test_nobody_stops_traffic_by_saying_so() -> None:
    """A note is what somebody says, whatever it quotes."""
    noted = Entry(at=minutes(40), who=MIRA, what="says: I saw that all traffic was stopped by the vendor")
    waiting = replace(incident(timeline=(noted,)), wanted_run=RunKind.VALIDATE)
    assert waiting.waits_for_go() is None
