"""Figures, directions and verdicts are held to the step, run and time that their part of a sentence is about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.bindings import misbound, scattered
from fixloop_bot.domain.copilot.directions import out_of_order, without_proven_directions
from fixloop_bot.domain.copilot.figure_kinds import mislabelled
from fixloop_bot.domain.copilot.segments import AFTER, BEFORE, segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in
from fixloop_bot.domain.copilot.step_claims import covers, speaks_of_both, wrong_step_verdict

OLD = Grounds.of(
    "step 1 (confirmation) of run 1 (confirm, before the fix): failed: A card can be charged\n"
    "13 of 20 tries bad, 7 of 20 good\np95 4,870 ms"
)
NEW = Grounds.of(
    "step 1 (confirmation) of run 2 (validate, after the fix): failed: A card can be charged\n"
    "4 of 20 tries bad, 16 of 20 good\np95 1,240 ms"
)
OTHER = Grounds.of(
    "step 2 (control) of run 2 (validate, after the fix): passed: Refunds work\n0 of 20 tries bad, 20 of 20 good"
)
METRIC = Grounds.of(
    "metric error_rate: q\nbefore the incident: mean 0.2 %, 30 points\nworst since it began: 18.2 % at 2026-11-22 "
    "03:06:00 UTC\nnow: 3.1 % at 2026-11-22 03:23:00 UTC\nlimit 1 %, now outside its limit"
)


def test_a_part_takes_over_what_it_does_not_name() -> None:
    """The second half is about the same step, in the run that it names itself."""
    first, second = segments("Step 1 failed in 13 of 20 tries in run 1 and in 4 of 20 in run 2", [OLD, NEW])
    assert first.places == {("step", 1), ("run", 1)}
    assert second.places == {("step", 1), ("run", 2)}
    assert [each.phase for each in segments("Before the fix, 13 of 20 failed; 4 of 20 fail now", [OLD, NEW])] == [
        BEFORE,
        BEFORE,
        AFTER,
    ]


@pytest.mark.parametrize(
    "claim",
    [
        "In run 1, step 1 failed in 4 of 20 tries",
        "Step 2 still fails in 4 of 20 tries",
        "After the fix, 13 of 20 tries are bad",
        "13 of 20 tries are bad now, 4 of 20 were before the fix",
        "Vor dem Fix waren es 4 von 20",
    ],
)
def test_a_figure_of_another_step_or_run_is_wrong(claim: str) -> None:
    assert misbound(claim, [OLD, NEW, OTHER])


@pytest.mark.parametrize(
    "claim",
    [
        "In run 1, step 1 failed in 13 of 20 tries, in run 2 in 4 of 20",
        "Before the fix 13 of 20 tries were bad, now 4 of 20 are",
    ],
)
def test_a_figure_of_its_own_step_and_run_is_right(claim: str) -> None:
    assert not misbound(claim, [OLD, NEW])
    assert not scattered(claim, [OLD, NEW])


@pytest.mark.parametrize("claim", ["0.2 % now, 3.1 % before", "It was 3.1 % at 03:06", "The error rate is 1 %"])
def test_a_reading_of_another_time_and_a_limit_are_no_reading(claim: str) -> None:
    assert scattered(claim, [METRIC]) or mislabelled(claim, [METRIC])


@pytest.mark.parametrize("claim", ["3.1 % now, 0.2 % before", "18.2 % at 03:06", "3.1 %, above the limit of 1 %"])
def test_a_reading_of_its_time_is_one(claim: str) -> None:
    assert not scattered(claim, [METRIC])


@pytest.mark.parametrize(
    ("claim", "proven"),
    [
        ("It fell from 18.2 % to 3.1 %", True),
        ("It is down from 18.2 % to 3.1 %", True),
        ("It rose from 0.2 % to 18.2 %", True),
        ("It rose from 18.2 % to 3.1 %", False),
        ("It fell from 3.1 % to 0.2 %", False),
        ("It rose from 3.1 % to 18.2 %", False),
        ("It is climbing", False),
    ],
)
def test_a_direction_is_proven_by_its_figures_in_their_order(claim: str, proven: bool) -> None:
    assert (without_proven_directions(claim, [METRIC]) != claim) is proven


def test_from_one_to_the_other_stands_in_that_order() -> None:
    assert out_of_order("It went from 3.1 % to 0.2 %", [METRIC])
    assert not out_of_order("It went from 0.2 % to 3.1 %", [METRIC])
    assert not out_of_order("7 von 20 Versuchen mit 503", [METRIC])


@pytest.mark.parametrize(
    "claim",
    [
        "Refunds fail",
        "Refunds are broken",
        "Steps 1 and 2 fail",
        "Every try of step 1 failed",
        "Step 1 never passed",
        "No try of step 1 failed",
        "Step 1 fails and the others fail, too",
    ],
)
def test_a_verdict_that_no_step_has_is_wrong(claim: str) -> None:
    assert wrong_step_verdict(claim, [OTHER] if "Refunds" in claim else [NEW, OTHER])


@pytest.mark.parametrize(
    "claim",
    ["Refunds pass", "Step 1 fails, step 2 passes", "Step 1 fails; the others pass", "Every try of step 2 passed"],
)
def test_a_verdict_that_its_step_has_is_right(claim: str) -> None:
    assert not wrong_step_verdict(claim, [OTHER] if claim == "Refunds pass" else [NEW, OTHER])


def test_what_is_said_of_several_steps_needs_them() -> None:
    assert covers("Only step 1 fails", cited=1, others=[OTHER])
    assert not covers("Only step 2 passes", cited=1, others=[OTHER])
    assert not covers("All steps pass", cited=1, others=[NEW])
    assert covers("All other steps pass", cited=1, others=[NEW])
    assert not covers("Only step 1 fails", cited=1, others=[])
    assert speaks_of_both("Both signals are there")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("nine minutes before", [540_000.0]),
        ("it fired three times", [3.0]),
        ("about a third of the tries", [1 / 3]),
        ("two thirds of them", [2 / 3]),
        ("half of the traffic", [0.5]),
        ("one in five tries", [0.2]),
        ("the third of them", []),
        ("one of them", []),
        ("three times its limit", []),
        ("due in a while, once in a week", []),
    ],
)
def test_numbers_in_words_are_figures(text: str, values: list[float]) -> None:
    assert [each.readings[0][0] for each in figures_in(text).numbers] == pytest.approx(values)


def test_a_few_times_are_not_minutes() -> None:
    assert not Grounds.of("above 1 % for 5 minutes").has(figures_in("five times").numbers[0])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_no_claim_raises(claim: str) -> None:
    cited = [OLD, NEW, METRIC]
    assert isinstance(wrong_step_verdict(claim, cited) + misbound(claim, cited), str)
    assert isinstance(scattered(claim, cited) or out_of_order(claim, cited), bool)
    assert isinstance(without_proven_directions(claim, cited), str)
