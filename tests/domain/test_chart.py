"""A chart says what its numbers say, to who sees it and to who hears it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.chart import (
    BEFORE_S,
    LEAST_AFTER_S,
    LEAST_BEFORE_S,
    Mark,
    Moment,
    SignalChart,
    alt_text,
    chart_name,
    headline,
    marks_of,
    pieces,
    signal_chart,
    thinned,
)
from fixloop_bot.domain.figures import Unit, reading
from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import Comparator, Measure
from tests.adapters.thread_states import ALERT, ERRORS, PLANNED, minutes

MEASURE = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)


def chart(*points: tuple[float, float], **changes: object) -> SignalChart:
    """An error rate; the points' times are minutes from the start."""
    known = SignalChart(
        name="error rate",
        unit=Unit.SHARE,
        comparator=Comparator.ABOVE,
        limit=0.01,
        opened_at=ALERT,
        start=ALERT - BEFORE_S,
        end=minutes(40),
        points=tuple((minutes(at), value) for at, value in points),
        marks=(Mark(at=ALERT, word="start"),),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def run_line(**changes: object) -> RunLine:
    known = RunLine(
        id="r", number=1, kind=RunKind.CONFIRM, plan_hash="", plan_version=1, started_by="fixloop", started_at=ALERT
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def fixed(**changes: object) -> Incident:
    """Reproduced after a minute, proven after 25, resolved after 38."""
    confirm = run_line(kind=RunKind.CONFIRM, number=1, started_at=minutes(0.5), finished_at=minutes(1), reproduced=True)
    validate = run_line(
        kind=RunKind.VALIDATE,
        number=2,
        started_at=minutes(22),
        finished_at=minutes(25),
        verdict=RecoveryVerdict.PROVEN,
        reproduced=False,
    )
    known = replace(PLANNED, runs=(confirm, validate), state=State.RESOLVED, resolved_at=minutes(38))
    return replace(known, **changes)  # type: ignore[arg-type]


RISE_AND_FALL = ((-30.0, 0.002), (-10.0, 0.002), (1.0, 0.31), (20.0, 0.28), (24.0, 0.004), (39.0, 0.001))


def test_the_sentence_tells_the_whole_course() -> None:
    """From what to what, since when, and how it stands, with its limit."""
    assert alt_text(chart(*RISE_AND_FALL)) == (
        "Error rate rose from 0.2 % at 02:59 UTC to 31 % and is inside its limit since 03:22 UTC, 0.1 % at 03:37 UTC; "
        "limit 1 %. Marks (UTC): start 02:58."
    )


def test_what_is_still_broken_is_said_so() -> None:
    assert "rose from 0.2 % at 02:59 UTC to 31 % and is 28 % at 03:18 UTC; limit 1 %" in alt_text(
        chart(*RISE_AND_FALL[:4])
    )


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (((1.0, 0.454),), "Error rate is 45.4 % at 02:59 UTC; limit"),
        (((1.0, 0.454), (9.0, 0.454)), "Error rate was at 45.4 % from 02:59 UTC on, still so at 03:07 UTC; limit"),
        (((-9.0, 0.002), (1.0, 0.454)), "Error rate rose from 0.2 % at 02:59 UTC to 45.4 %; limit"),
        (
            ((-9.0, 0.002), (1.0, 0.1), (9.0, 0.454)),
            "Error rate rose from 0.2 % at 02:59 UTC to 45.4 %, still so at 03:07 UTC; limit",
        ),
    ],
)
def test_a_value_is_said_once(points: tuple[tuple[float, float], ...], told: str) -> None:
    """Where the newest is the worst there is nothing to tell apart."""
    assert alt_text(chart(*points)).startswith(told)


def test_a_share_that_fell_below_its_limit() -> None:
    """Where less is worse, the worst is the least."""
    falls = [(at, 1 - value) for at, value in RISE_AND_FALL]
    said = alt_text(chart(*falls, comparator=Comparator.BELOW, limit=0.95))
    assert "fell from 99.8 % at 02:59 UTC to 69 %" in said


def test_without_a_time_before_nothing_is_made_up() -> None:
    assert "was at 31 % from 02:59 UTC on" in alt_text(chart(*RISE_AND_FALL[2:]))
    assert alt_text(chart()).startswith("Error rate: no data; limit 1 %.")


def test_a_picture_of_several_days_names_them() -> None:
    said = alt_text(chart(*RISE_AND_FALL, end=minutes(3000)))
    assert "at 2026-09-25 02:59 UTC" in said


@given(
    values=st.lists(st.floats(min_value=0, max_value=1e6), max_size=60),
    limit=st.floats(min_value=0, max_value=1e6),
    comparator=st.sampled_from(Comparator),
    unit=st.sampled_from(Unit),
)
def test_the_sentence_never_contradicts_the_points(
    values: list[float], limit: float, comparator: Comparator, unit: Unit
) -> None:
    """Whether it was ever over, is over now, and what the last value is, as any reader of the points would say."""
    points = [(float(at), value) for at, value in enumerate(values, start=-30)]
    known = chart(*points, limit=limit, comparator=comparator, unit=unit)
    said = alt_text(known)
    over = [comparator.breached(value, limit) for value in values]
    assert ("no data" in said) == (not values)
    assert ("never crossed its limit" in said) == (bool(values) and not any(over))
    assert ("inside its limit since" in said) == (any(over) and not over[-1])
    assert "\n" not in said
    if values:
        assert reading(values[-1], unit) in said
        assert reading(values[-1], unit) in headline(known)
    assert f"limit {reading(limit, unit)}" in said


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), st.integers(10, 60))
def test_thinning_loses_no_peak(values: list[float], most: int) -> None:
    """However many points a picture leaves out, the highest and the lowest are in it."""
    ordered = tuple((float(at), value / (1 + at % 7)) for at, value in enumerate(values * 20))
    kept = thinned(ordered, most=most)
    assert len(kept) <= most
    assert list(kept) == sorted(kept)
    assert max(value for _, value in kept) == max(value for _, value in ordered)
    assert min(value for _, value in kept) == min(value for _, value in ordered)


def test_a_gap_is_not_bridged() -> None:
    """Nobody knows what was in between."""
    steady = tuple((float(at), 1.0) for at in range(0, 600, 20))
    after = tuple((float(at), 1.0) for at in range(1200, 1400, 20))
    assert pieces(steady + after) == [steady, after]
    assert pieces(()) == []


def test_the_moments_of_an_incident_are_marked() -> None:
    """A deploy before it, the start, the bug seen, the verdict, the end; the run's beginning has no room."""
    deploy = Moment(at=minutes(-7), title="Deploy checkout 2.14.0")
    words = [mark.word for mark in marks_of(fixed(), [deploy])]
    assert words == ["deploy", "start", "reproduced", "proven", "resolved"]


def test_what_is_known_of_a_fix_is_marked() -> None:
    """The last change before the validate run says more than the one before the incident."""
    changes = [Moment(at=minutes(-7), title="release 7"), Moment(at=minutes(19), title="Rolled back to 2.13.9")]
    words = [mark.word for mark in marks_of(fixed(state=State.RECOVERED, resolved_at=None), changes)]
    assert words == ["deploy", "start", "reproduced", "rollback", "proven"]


def test_runs_from_before_a_regression_are_not_marked() -> None:
    assert [mark.word for mark in marks_of(fixed(evidence_from=3, resolved_at=None), [])] == ["start"]


@given(st.lists(st.tuples(st.floats(-4000, 4000), st.text(max_size=30)), max_size=9), st.booleans())
def test_there_are_at_most_five_marks_with_words_of_ours(changes: list[tuple[float, str]], resolved: bool) -> None:
    """Words from outside never get into the picture."""
    incident = fixed() if resolved else fixed(state=State.RECOVERED, resolved_at=None)
    marks = marks_of(incident, [Moment(at=ALERT + at, title=title) for at, title in changes])
    assert len(marks) <= 5
    assert {mark.word for mark in marks} <= {
        *("start", "reproduced", "validate", "deploy", "rollback", "change", "resolved", "proven"),
    }
    assert list(marks) == sorted(marks, key=lambda mark: mark.at)


def test_a_chart_begins_an_hour_before_and_ends_with_the_incident() -> None:
    """A young incident gets room for its marks; what came after the resolution is not shown."""
    points = tuple((minutes(at), 0.2) for at in range(-120, 200))
    young = signal_chart(fixed(resolved_at=None), MEASURE, points, name="error rate", changes=[], now=minutes(2))
    assert (young.start, young.end) == (ALERT - BEFORE_S, ALERT + BEFORE_S / 3)
    assert young.points[-1][0] == minutes(2)
    ended = signal_chart(fixed(), MEASURE, points, name="error rate", changes=[], now=minutes(500))
    assert ended.end == ended.points[-1][0] == minutes(38)


def test_an_hour_without_data_is_not_shown() -> None:
    """A service that was measured only since it broke: five minutes before it are enough."""
    points = tuple((minutes(at), 0.2) for at in range(2))
    fresh = signal_chart(fixed(resolved_at=None), MEASURE, points, name="x", changes=[], now=minutes(1))
    assert (fresh.start, fresh.end) == (ALERT - LEAST_BEFORE_S, ALERT + LEAST_AFTER_S)


def test_a_run_that_ends_at_once_has_one_mark() -> None:
    """Two words at one place tell less than one."""
    incident = fixed(state=State.RECOVERED, resolved_at=None)
    near = replace(incident.runs[1], started_at=minutes(24))
    shown = signal_chart(
        replace(incident, runs=(incident.runs[0], near)), MEASURE, (), name="x", changes=[], now=minutes(30)
    )
    far = signal_chart(
        replace(incident, runs=(incident.runs[0], replace(near, started_at=minutes(15)))),
        MEASURE,
        (),
        name="x",
        changes=[],
        now=minutes(30),
    )
    assert "validate" not in [mark.word for mark in shown.marks]
    assert "validate" in [mark.word for mark in far.marks]


@pytest.mark.parametrize(
    ("query", "named", "name"),
    [
        (ERRORS, (("error_rate", ERRORS),), "error rate"),
        (ERRORS, (), "error share"),
        ("p95:shop.latency{service:checkout}", (("p95_ms", "p95:shop.latency{service:checkout}"),), "p95"),
        ("p95:shop.latency{service:checkout}", (), "shop.latency"),
        ("avg:shop.queue{*}", (("שירות", "avg:shop.queue{*}"),), "shop.queue"),
        ("anything at all", (), "the metric"),
    ],
)
def test_a_metric_has_a_name(query: str, named: tuple[tuple[str, str], ...], name: str) -> None:
    """The catalog's, else what it measures, else its own; never letters that the picture's font lacks."""
    limit = 0.01 if "/" in query else 400.0
    assert chart_name(query, limit, named) == name


@given(st.text(max_size=200), st.text(max_size=80))
def test_a_name_from_outside_can_be_drawn(query: str, name: str) -> None:
    found = chart_name(query, 1.0, ((name, query),))
    assert re.fullmatch(r"[\x20-\x7e\u00a0-\u052f\u2013-\u2026\u00d7]{1,30}", found)
