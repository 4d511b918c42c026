"""The lifecycle: any order and repetition of signals keeps an incident legal, and the newest word counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.absorption import Reading, absorb, line_after
from fixloop_bot.domain.errors import IllegalTransition
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import (
    SIGNALS_KEPT,
    TIMELINE_LENGTH,
    TRANSITIONS,
    Incident,
    Move,
    State,
    advance,
    severity_of,
)
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.signals import Signal, Transition
from tests.application.office import signal
from tests.fake_clock import START

IDENTITIES = ("cycle:1", "cycle:2", "monitor:7")
signals = st.builds(
    lambda transition, at, identity: signal(transition, at=at, identity=identity, value=None),
    st.sampled_from(Transition),
    st.integers(1, 30).map(float),
    st.sampled_from(IDENTITIES),
)


def opened(state: State = State.OPEN) -> Incident:
    first = signal(id="first")
    incident = Incident(
        id="INC-1",
        number=1,
        service_key="checkout|prod",
        service="checkout",
        label="checkout",
        title="Errors",
        channel="C1",
        opened_at=START,
        signals=(line_after(None, first),),
        absorbed=(first.id,),
    )
    resolved = {"resolved_at": START + 10, "resolved_by": "U0MIRA"} if state is State.RESOLVED else {}
    return replace(incident, state=state, **resolved)  # type: ignore[arg-type]


def taken(incident: Incident, *arriving: Signal) -> Incident:
    for each in arriving:
        incident = absorb(incident, each).incident
    return incident


def lines(incident: Incident) -> dict[str, tuple[Transition, float]]:
    return {line.identity: (line.transition, line.last_at) for line in incident.signals}


@given(st.sampled_from(State), st.lists(signals, max_size=25))
def test_any_order_and_repetition_keeps_an_incident_legal(state: State, arriving: list[Signal]) -> None:
    """Every signal is legal in every state, and what it changes is one move of the table."""
    incident = opened(state)
    for each in arriving:
        before, incident = incident, absorb(incident, each).incident
        moved = {TRANSITIONS.get((before.state, move)) for move in (Move.ALERT, Move.ALERT_AGAIN)}
        assert incident.state is before.state or incident.state in moved
        assert (incident.resolved_at is not None) == (incident.state is State.RESOLVED)
        assert len({line.identity for line in incident.signals}) == len(incident.signals)
        assert incident.reopened == sum(entry.undid is not None for entry in incident.timeline)


@given(st.sampled_from(State), st.sampled_from(Move))
def test_the_table_is_the_only_way(state: State, move: Move) -> None:
    """A move that the table has leads where it says; any other raises and changes nothing."""
    incident = opened(state)
    if (state, move) in TRANSITIONS:
        assert advance(incident, move).state is TRANSITIONS[state, move]
    else:
        with pytest.raises(IllegalTransition, match=rf"INC-1 is {state.value}: it cannot {move.value}\."):
            advance(incident, move)
        assert incident == opened(state)


@given(st.lists(signals, max_size=15), st.data())
def test_taking_a_signal_twice_equals_once(arriving: list[Signal], data: st.DataObject) -> None:
    """A job may run twice: the second time changes nothing at all."""
    incident = taken(opened(), *arriving)
    if arriving:
        again = data.draw(st.sampled_from(arriving))
        assert absorb(incident, again).incident == incident


@given(st.lists(signals, max_size=12, unique_by=lambda each: each.occurred_at), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(arriving: list[Signal], chance: object) -> None:
    """The newest word of each identity counts, however late the others come."""
    shuffled = list(arriving)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    known = [each for each in arriving if each.transition is not Transition.UNKNOWN]
    shuffled = [each for each in shuffled if each.transition is not Transition.UNKNOWN]
    in_order = sorted(known, key=lambda each: each.occurred_at)
    assert lines(taken(opened(), *shuffled)) == lines(taken(opened(), *in_order))


def test_what_nobody_understands_hides_no_recovery() -> None:
    """An unknown transition keeps what is known, its time included: a recovery from before it still counts."""
    incident = taken(opened(), signal(Transition.UNKNOWN, at=5), signal(Transition.RECOVERED, at=3))
    assert incident.signals[0].transition is Transition.RECOVERED


@pytest.mark.parametrize("state", [State.OPEN, State.REPRODUCED, State.RECOVERED])
def test_datadogs_recovered_moves_nothing(state: State) -> None:
    """It is noted, and says so."""
    absorbed = absorb(opened(state), signal(Transition.RECOVERED, at=5))
    assert absorbed.incident.state is state
    assert absorbed.reading is Reading.RECOVERED
    assert not absorbed.incident.signals[0].firing


@pytest.mark.parametrize(
    ("state", "transition", "reading", "then"),
    [
        (State.RECOVERED, Transition.RE_TRIGGERED, Reading.REOPENED, State.OPEN),
        (State.RECOVERED, Transition.TRIGGERED, Reading.REOPENED, State.OPEN),
        (State.RECOVERED, Transition.RENOTIFY, Reading.NEWER, State.RECOVERED),
        (State.RESOLVED, Transition.RE_TRIGGERED, Reading.REOPENED, State.OPEN),
        (State.RESOLVED, Transition.RE_WARN, Reading.REOPENED, State.OPEN),
        (State.RESOLVED, Transition.RENOTIFY, Reading.NEWER, State.RESOLVED),
        (State.RESOLVED, Transition.RECOVERED, Reading.RECOVERED, State.RESOLVED),
        (State.REPRODUCED, Transition.RE_TRIGGERED, Reading.NEWER, State.REPRODUCED),
    ],
)
def test_what_reopens(state: State, transition: Transition, reading: Reading, then: State) -> None:
    """A trouble that is back reopens; a reminder of it does not."""
    absorbed = absorb(opened(state), signal(transition, at=20))
    assert (absorbed.reading, absorbed.incident.state) == (reading, then)


def test_what_reopens_takes_the_proof_back() -> None:
    """A verdict of before must not stand beside a new alert."""
    proven = replace(
        opened(State.RECOVERED), verdict=RecoveryVerdict.PROVEN, verdict_reason="Steps 1", soak_run="r3", soak_until=1.0
    )
    again = taken(proven, signal(Transition.RE_TRIGGERED, at=20))
    assert (again.verdict, again.verdict_reason, again.soak_run, again.soak_until) == (None, "", None, None)
    assert again.reopened == 1


def test_a_late_signal_leaves_only_a_note() -> None:
    """Older than what is known, or not newer than the resolution."""
    late = absorb(taken(opened(), signal(Transition.RECOVERED, at=9)), signal(Transition.TRIGGERED, at=5))
    assert late.reading is Reading.LATE
    assert not late.incident.signals[0].firing
    assert "arrived late and changed nothing" in late.incident.timeline[-1].what
    assert absorb(opened(State.RESOLVED), signal(Transition.RE_TRIGGERED, at=10)).reading is Reading.LATE


def test_at_the_same_second_an_alert_beats_a_recovery() -> None:
    """A wrongly open incident costs less than a wrongly closed one."""
    both = (signal(Transition.RECOVERED, at=5), signal(Transition.RE_TRIGGERED, at=5))
    assert taken(opened(), *both).signals[0].firing
    assert taken(opened(), *reversed(both)).signals[0].firing


def test_a_storm_does_not_make_it_grow_without_end() -> None:
    """Of many troubles those that still fire are kept, and the first; of many notes the newest, and the first."""
    storm = [signal(Transition.TRIGGERED, at=at, identity=f"cycle:{at}") for at in range(1, 400)]
    incident = taken(opened().noted(START, "datadog", Happening.NOTE, "the beginning"), *storm)
    assert len(incident.signals) == SIGNALS_KEPT
    assert incident.signals[0].identity == "cycle:1"
    assert incident.signals[-1].identity == "cycle:399"
    assert len(incident.timeline) == TIMELINE_LENGTH
    assert incident.timeline[0].what == "the beginning"


@pytest.mark.parametrize(
    ("priority", "severity"), [("P1", "SEV1"), ("p5", "SEV5"), ("3", "SEV3"), ("", None), (None, None), ("P9", None)]
)
def test_severity_is_the_monitors_priority(priority: str | None, severity: str | None) -> None:
    """In the words of on-call; none is invented."""
    assert severity_of(priority) == severity
