"""The feed's rows, their order, their numbers, and the curve in a line."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.feed import (
    BARS,
    SPARK_WIDTH,
    FeedRow,
    open_rows,
    resolved_rows,
    row_of,
    rows_of_person,
    sparkline,
)
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident, Move, RunLine, State, advance
from fixloop_bot.domain.numbers import PERIOD_S, numbers_of
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import Transition
from tests.adapters.feed_states import NIGHT, NOW, ended, row
from tests.adapters.thread_states import ALERT, JONAS, MIRA, SIGNAL, minutes
from tests.strategies import times


def incident(**changes: object) -> Incident:
    known: dict[str, object] = {
        "id": "INC-42",
        "number": 42,
        "service_key": "checkout|prod",
        "service": "checkout",
        "label": "checkout",
        "title": "Error rate is high",
        "channel": "C0",
        "opened_at": ALERT,
        "signals": (SIGNAL,),
    }
    return Incident(**{**known, **changes})  # type: ignore[arg-type]


def lines(*runs: tuple[RunKind, float, float, RecoveryVerdict | None, bool]) -> tuple[RunLine, ...]:
    """Runs by kind, minutes of beginning and end, verdict, and whether a step failed."""
    return tuple(
        RunLine(
            id=f"INC-42-r{number}",
            number=number,
            kind=kind,
            plan_hash="h",
            plan_version=1,
            started_by=MIRA,
            started_at=minutes(begun),
            finished_at=minutes(done),
            verdict=verdict,
            reproduced=failed,
        )
        for number, (kind, begun, done, verdict, failed) in enumerate(runs, 1)
    )


CONFIRMED = (RunKind.CONFIRM, 1.0, 2.0, None, True)
PROVEN = (RunKind.VALIDATE, 20.0, 24.0, RecoveryVerdict.PROVEN, False)


def test_milestones_of_a_proven_incident() -> None:
    """Confirmed when the run that saw it ended, fixed when the run that proved it began, proven when that ended."""
    proven = incident(
        runs=lines(CONFIRMED, PROVEN), verdict=RecoveryVerdict.PROVEN, state=State.RECOVERED, evidence_from=0
    )
    found = row_of(proven)
    assert (found.confirmed_at, found.fixed_at, found.proven_at) == (minutes(2), minutes(20), minutes(24))
    assert found.taken_back == 0


def test_proving_the_same_again_moves_no_milestone() -> None:
    """The first proof that stands is the one that counts, and none was taken back."""
    again = (RunKind.VALIDATE, 40.0, 44.0, RecoveryVerdict.PROVEN, False)
    twice = incident(runs=lines(CONFIRMED, PROVEN, again), verdict=RecoveryVerdict.PROVEN, state=State.RECOVERED)
    assert (row_of(twice).fixed_at, row_of(twice).taken_back) == (minutes(20), 0)


def test_a_proof_that_did_not_last_is_taken_back_and_stays_counted() -> None:
    """Also when its run is forgotten by the incident."""
    proven = incident(runs=lines(CONFIRMED, PROVEN), verdict=RecoveryVerdict.PROVEN, state=State.RECOVERED)
    fallen = advance(proven, Move.ALERT_AGAIN)
    found = row_of(fallen, row_of(proven))
    assert (found.taken_back, found.proven_at, found.confirmed_at) == (1, None, minutes(2))
    forgotten = row_of(replace(fallen, runs=()), found)
    assert (forgotten.taken_back, forgotten.confirmed_at) == (1, minutes(2))


def test_a_validate_run_that_could_not_look_takes_no_proof_back() -> None:
    """Nothing was seen to fail."""
    blind = (RunKind.VALIDATE, 30.0, 31.0, RecoveryVerdict.INCONCLUSIVE, False)
    found = incident(runs=lines(CONFIRMED, PROVEN, blind), verdict=RecoveryVerdict.INCONCLUSIVE, state=State.RECOVERED)
    assert row_of(found).taken_back == 0


def test_who_resolves_without_a_proof_says_when_it_was_fixed() -> None:
    """The resolution is the best that is known."""
    found = row_of(incident(state=State.RESOLVED, resolved_at=minutes(30), resolved_by=JONAS))
    assert (found.fixed_at, found.proven_at) == (minutes(30), None)


def test_the_worst_comes_first() -> None:
    """Broken, unknown, recovered; unclaimed before claimed; the oldest first; muted last."""
    rows = [
        row(1, state=State.RECOVERED),
        row(2, lead=MIRA, state=State.REPRODUCED),
        row(3, muted_until=NOW + 60, state=State.REPRODUCED),
        row(4, opened_at=ALERT + 60),
        row(5),
        row(6, verdict=RecoveryVerdict.NOT_RECOVERED, state=State.REPRODUCED, opened_at=ALERT + 300),
        row(7, muted_until=NOW - 60, acknowledged_by=JONAS),
    ]
    assert [each.number for each in open_rows(rows, NOW)] == [6, 2, 5, 4, 7, 1, 3]


def test_lists_of_a_person_and_of_what_has_ended() -> None:
    """What was merged into another incident is told there."""
    rows = [
        *NIGHT,
        ended(30, None, days_ago=1, merged_into="INC-38", people=(MIRA,)),
        ended(31, None, days_ago=3, people=(MIRA,)),
        row(50, people=(MIRA,)),
    ]
    assert [each.number for each in resolved_rows(rows)] == [38, 37, 31, 36]
    assert [each.number for each in rows_of_person(rows, MIRA, NOW)] == [50, 31]


def test_everybody_who_did_something_took_part() -> None:
    """Machines did not."""
    found = incident(lead=JONAS, timeline=(Entry(at=ALERT, who="datadog", what="Triggered: x"),)).noted(
        ALERT, MIRA, Happening.NOTE, "x"
    )
    assert set(row_of(found).people) == {MIRA, JONAS}


def test_the_numbers_of_a_night() -> None:
    """Counted by hand."""
    numbers = numbers_of(NIGHT, now=NOW)
    assert (numbers.incidents, numbers.open, numbers.resolved) == (7, 4, 3)
    assert (numbers.confirmed, numbers.proven, numbers.taken_back) == (4, 2, 1)
    assert (numbers.to_confirm.seconds, numbers.to_confirm.of) == (48.0, 4)
    assert numbers.recovered_unproven == 2


def test_a_month_ago_is_forgotten_and_merged_ones_are_not_counted_twice() -> None:
    """The period has a beginning."""
    rows = [row(1, opened_at=NOW - PERIOD_S - 1), row(2, merged_into="INC-3"), row(3, opened_at=NOW - PERIOD_S)]
    assert numbers_of(rows, now=NOW).incidents == 1


RUN = st.tuples(
    st.sampled_from(RunKind),
    st.floats(-100, 100),
    st.floats(-100, 100),
    st.sampled_from([None, *RecoveryVerdict]),
    st.booleans(),
)


@st.composite
def any_incidents(draw: st.DrawFn) -> Incident:
    """Incidents whose runs, times and states need not fit together: clocks differ, and stores are old."""
    firing = st.sampled_from((Transition.TRIGGERED, Transition.RECOVERED, Transition.UNKNOWN))
    signals = tuple(replace(SIGNAL, identity=str(at), transition=draw(firing)) for at in range(draw(st.integers(0, 3))))
    state = draw(st.sampled_from(State))
    return incident(
        state=state,
        opened_at=draw(times()),
        runs=lines(*draw(st.lists(RUN, max_size=6))),
        verdict=draw(st.sampled_from([None, *RecoveryVerdict])),
        evidence_from=draw(st.integers(0, 7)),
        resolved_at=draw(times()) if state is State.RESOLVED else None,
        merged_into=draw(st.sampled_from((None, "INC-9"))) if state is State.RESOLVED else None,
        signals=signals,
    )


@st.composite
def any_rows(draw: st.DrawFn) -> FeedRow:
    """Rows of any incidents, once or twice derived."""
    found = row_of(draw(any_incidents()))
    return row_of(draw(any_incidents()), found) if draw(st.booleans()) else found


@given(rows=st.lists(any_rows(), max_size=8), now=times())
def test_numbers_always_add_up(rows: list[FeedRow], now: float) -> None:
    """No time is negative, no part is larger than the whole, and every row is in exactly one list."""
    numbers = numbers_of(rows, now=now)
    assert numbers.open + numbers.resolved == numbers.incidents <= len(rows)
    for middle, most in ((numbers.to_confirm, numbers.confirmed), (numbers.to_proof, numbers.proven)):
        assert middle.of == most <= numbers.incidents
        assert (middle.seconds is None) == (middle.of == 0)
        assert middle.seconds is None or middle.seconds >= 0
    assert numbers.to_fix.of <= numbers.incidents
    assert min(numbers.recovered_unproven, numbers.taken_back) >= 0
    listed = [*open_rows(rows, now), *resolved_rows(rows)]
    assert len(listed) == len([each for each in rows if each.is_open or each.merged_into is None])


@given(
    points=st.lists(st.tuples(times(), st.floats(allow_nan=False, allow_infinity=False)), max_size=60),
    lowest=st.booleans(),
)
def test_a_curve_is_a_dozen_bars(points: list[tuple[float, float]], lowest: bool) -> None:
    """Of any numbers; nothing, or at least two bars and at most twelve."""
    bars = sparkline(points, start=1_700_000_000, end=1_800_000_000, lowest=lowest)
    assert bars == "" or (len(bars) == SPARK_WIDTH and set(bars) <= {*BARS, " "} and len(bars.replace(" ", "")) >= 2)


def test_a_curve_shows_its_peak_and_its_gaps() -> None:
    """One point a bar: what is missing is a space, and the worst of a bar's points stands for it."""
    points = [(0.0, 0.0), (5.0, 9.0), (30.0, 1.0), (119.0, 9.0)]
    assert sparkline(points, start=0, end=120) == "█  ▁       █"
    assert sparkline(points, start=0, end=120, lowest=True) == "▁  ▁       █"
    assert sparkline([(0.0, 1.0)], start=0, end=120) == ""
    assert not math.isnan(len(sparkline([(0.0, 5.0), (60.0, 5.0)], start=0, end=120)))


def test_signals_are_counted_by_what_the_monitor_said_last() -> None:
    """Recovered is not firing; unknown is neither."""
    recovered = replace(SIGNAL, identity="b", transition=Transition.RECOVERED)
    unknown = replace(SIGNAL, identity="c", transition=Transition.UNKNOWN)
    found = row_of(incident(signals=(SIGNAL, recovered, unknown)))
    assert (found.firing, found.recovered) == (1, 1)
