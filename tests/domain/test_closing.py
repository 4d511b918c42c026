"""When an incident ends just so, and when only with a reason; and how people's words are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.closing import failing_run, failing_words, still_fails
from fixloop_bot.domain.errors import IllegalTransition
from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.merging import merged_away, taken_over
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.said import LONGEST, said


def incident(**changes: object) -> Incident:
    known = Incident(
        id="INC-1", number=1, service_key="c|", service="c", label="c", title="t", channel="C", opened_at=0.0
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def line(number: int, kind: RunKind, verdict: RecoveryVerdict | None = None, *, reproduced: bool = False) -> RunLine:
    return RunLine(
        id=f"r{number}",
        number=number,
        kind=kind,
        plan_hash="h",
        plan_version=1,
        started_by="U1",
        started_at=0.0,
        finished_at=1.0,
        verdict=verdict,
        reproduced=reproduced,
    )


@pytest.mark.parametrize(
    ("state", "verdict", "fails"),
    [
        (State.OPEN, None, False),
        (State.REPRODUCED, None, True),
        (State.REPRODUCED, RecoveryVerdict.NOT_RECOVERED, True),
        (State.OPEN, RecoveryVerdict.NOT_RECOVERED, True),
        (State.REPRODUCED, RecoveryVerdict.INCONCLUSIVE, False),
        (State.OPEN, RecoveryVerdict.UNPROVEN, False),
        (State.RECOVERED, RecoveryVerdict.PROVEN, False),
    ],
)
def test_only_what_was_last_seen_broken_needs_a_reason(
    state: State, verdict: RecoveryVerdict | None, fails: bool
) -> None:
    """Not recovered, or reproduced and not validated since; never what could not be told."""
    assert still_fails(incident(state=state, verdict=verdict)) is fails


def test_the_run_that_has_seen_it_is_found() -> None:
    """The validate run that said so; without one the last run in which a step failed, a watch among them."""
    runs = (
        line(1, RunKind.CONFIRM, reproduced=True),
        line(2, RunKind.VALIDATE, RecoveryVerdict.NOT_RECOVERED, reproduced=True),
        line(3, RunKind.CONFIRM, reproduced=True),
    )
    broken = incident(state=State.REPRODUCED, runs=runs)
    found = failing_run(replace(broken, verdict=RecoveryVerdict.NOT_RECOVERED))
    assert found is not None
    assert found.number == 2
    found = failing_run(broken)
    assert found is not None
    assert found.number == 3
    assert failing_run(replace(broken, verdict=RecoveryVerdict.PROVEN)) is None
    assert failing_run(replace(broken, runs=())) is None
    assert failing_words(None) == "a step"


def test_taking_over_twice_is_once() -> None:
    """And a resolved incident cannot be merged away."""
    other = incident(id="INC-2")
    once = taken_over(incident(), other, by="U1", now=1.0)
    assert once.merged == ("INC-2",)
    assert taken_over(once, other, by="U1", now=2.0) is once
    with pytest.raises(IllegalTransition):
        merged_away(incident(state=State.RESOLVED), "INC-2", by="U1", now=1.0)


@given(text=st.text(max_size=900), most=st.integers(min_value=1, max_value=400))
def test_words_are_kept_on_one_line_and_within_their_length(text: str, most: int) -> None:
    """Whatever they are."""
    kept = said(text, most=most)
    assert len(kept) <= most
    assert "\n" not in kept


def test_words_are_cut_between_words_and_never_through_a_secret() -> None:
    """What is masked is masked before it is cut: no stump of a key stays at the end."""
    key = "ghp_" + "a1B2c3D4e5" * 4
    assert "a1B2" not in said("x" * (LONGEST - 10) + " " + key)
    assert said("one two three", most=9) == "one two…"
