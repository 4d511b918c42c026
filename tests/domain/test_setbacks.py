"""How an incident fell back: a person who reopens takes no proof back, and what was seen to fail does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.absorption import absorb, line_after
from fixloop_bot.domain.acts import acts_of
from fixloop_bot.domain.feed import row_of
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Incident, Move, State, advance
from fixloop_bot.domain.reminders import next_reminder
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.setbacks import Setback, first_setback, last_setback, reopened_by_hand, setback
from fixloop_bot.domain.signals import Signal, Transition
from tests.adapters.thread_states import MIRA, minutes
from tests.application.office import signal
from tests.domain.test_feed import CONFIRMED, PROVEN, incident, lines
from tests.strategies import entries

PROVES = Entry(at=minutes(24), who="fixloop", kind=Happening.RUN_ENDED, what="x", about="INC-42-r2")
RESOLVES = Entry(at=minutes(36), who=MIRA, kind=Happening.RESOLVED, what="x", about="proven")
REOPENS = Entry(at=minutes(50), who=MIRA, kind=Happening.REOPENED, what="x", undid=Undone.RESOLUTION)
ALERTS = Entry(at=minutes(50), who="datadog", kind=Happening.SIGNAL, what="x", undid=Undone.PROOF)
WATCH = replace(PROVES, at=minutes(30), about="INC-42-r3", undid=Undone.PROOF)
WATCHED = (RunKind.SOAK, 25.0, 30.0, None, True)


def proven(*entries: Entry, state: State = State.RECOVERED) -> Incident:
    return incident(
        runs=lines(CONFIRMED, PROVEN), verdict=RecoveryVerdict.PROVEN, state=state, timeline=(PROVES, *entries)
    )


def watched() -> Incident:
    return replace(proven(), runs=lines(CONFIRMED, PROVEN, WATCHED))


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
            replace(advance(watched(), Move.REGRESS), timeline=(PROVES, WATCH)),
            Setback(at=minutes(30), who="fixloop", why="the watch saw it fail"),
        ),
        (
            replace(advance(proven(), Move.ALERT_AGAIN), timeline=(PROVES, ALERTS)),
            Setback(at=minutes(50), who="datadog", why="Datadog alerted again"),
        ),
        (
            replace(
                advance(proven(RESOLVES, state=State.RESOLVED), Move.ALERT_AGAIN),
                timeline=(PROVES, RESOLVES, replace(ALERTS, undid=Undone.RESOLUTION)),
            ),
            Setback(at=minutes(50), who="datadog", why="Datadog alerted again", resolved=True),
        ),
    ],
)
def test_a_machine_that_sees_it_fail_takes_the_proof_back(fallen: Incident, found: Setback) -> None:
    """Whether it was resolved meanwhile or not."""
    assert setback(fallen) == found
    assert row_of(fallen).taken_back == 1


KNOWN = line_after(None, signal(at=300))


@pytest.mark.parametrize(
    "arriving",
    [
        signal(Transition.RENOTIFY, at=400),
        signal(Transition.RE_TRIGGERED, at=1),
        signal(Transition.TRIGGERED, at=400, identity="cycle:2"),
        signal(Transition.RECOVERED, at=400),
    ],
    ids=lambda arriving: arriving.transition.value,
)
def test_what_reopens_nothing(arriving: Signal) -> None:
    """A reminder of what is known, a late alert, a trouble that merely joins, a recovery: each leaves its line."""
    ended = replace(proven(RESOLVES, state=State.RESOLVED), signals=(KNOWN,), resolved_at=KNOWN.last_at)
    told = absorb(ended, arriving).incident
    assert len(told.timeline) == 3
    assert last_setback(told) is None


def test_every_fall_is_in_the_timeline() -> None:
    """What an alert has taken back is told by its own line: a proof, then a resolution, each once."""
    fallen = absorb(replace(proven(), signals=(KNOWN,)), signal(Transition.RE_TRIGGERED, at=400)).incident
    assert [entry.undid for entry in fallen.timeline] == [None, Undone.PROOF]
    twice = absorb(replace(fallen, state=State.RESOLVED), signal(Transition.RE_WARN, at=500)).incident
    assert [entry.undid for entry in twice.timeline] == [None, Undone.PROOF, Undone.RESOLUTION]
    assert twice.reopened == 2


def test_each_proof_has_its_own_end() -> None:
    """The first fell by an alert, the second stood until somebody took the resolution back; the last is what counts."""
    again = (RunKind.VALIDATE, 55.0, 60.0, RecoveryVerdict.PROVEN, False)
    proves_again, reopens = replace(PROVES, at=minutes(60), about="INC-42-r3"), replace(REOPENS, at=minutes(70))
    told = (PROVES, ALERTS, proves_again, RESOLVES, reopens)
    twice = incident(runs=lines(CONFIRMED, PROVEN, again), timeline=told)
    first, second = twice.runs[1:]
    assert first_setback(twice, first) == Setback(at=minutes(50), who="datadog", why="Datadog alerted again")
    assert first_setback(twice, second) == last_setback(twice) == Setback(at=minutes(70), who=MIRA, resolved=True)
    assert (reopened_by_hand(twice, first), reopened_by_hand(twice, second)) == (False, True)


def test_a_setback_ends_with_the_next_look() -> None:
    """A confirm run that has ended since says more; one look at a single step does not."""
    calm = (RunKind.CONFIRM, 51.0, 52.0, None, False)
    runs = lines(CONFIRMED, PROVEN, calm)
    assert setback(replace(reopened(), runs=runs)) is None
    assert setback(replace(reopened(), runs=(*runs[:2], replace(runs[2], partial=True)))) is not None
    assert setback(proven()) is None


@pytest.mark.parametrize("what", ["resolved (proven)", "reopened", "Re-Triggered: x", "took over INC-9", "muted it"])
def test_words_are_no_events(what: str) -> None:
    """People call themselves what they like, write notes, and pin messages that begin with anything."""
    said = Entry(at=minutes(60), who=MIRA, what=what, message="C0CHECKOUT:1700000000.000100")
    noted = Entry(at=minutes(61), who=MIRA, what=f"{what} while all traffic was stopped by the vendor")
    before = reopened()
    after = replace(before, timeline=(*before.timeline, said, noted), wanted_run=RunKind.VALIDATE)
    assert setback(after) == setback(before)
    assert acts_of(after) == acts_of(before)
    assert after.waits_for_go() is None


@given(st.lists(entries(), max_size=30), st.sampled_from((State.OPEN, State.REPRODUCED)))
def test_a_reworded_timeline_decides_the_same(timeline: list[Entry], state: State) -> None:
    """Words are for people: whatever they say, the same is decided, reminded of, listed and waited for."""
    told = replace(watched(), state=state, verdict=None, timeline=tuple(timeline), wanted_run=RunKind.VALIDATE)
    reworded = replace(told, timeline=tuple(replace(entry, what="x") for entry in timeline))
    for decides in (setback, last_setback, next_reminder, Incident.waits_for_go, row_of):
        assert decides(reworded) == decides(told)
    assert [first_setback(reworded, each) for each in told.runs] == [first_setback(told, each) for each in told.runs]
    listed, again = acts_of(told), acts_of(reworded)
    assert [replace(each, what="x") for each in listed.lines] == list(again.lines)
    assert listed.left_out == again.left_out
