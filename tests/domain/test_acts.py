"""Who did what: short, masked, and without what people merely said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.acts import LONGEST, MOST, Act, acts_of
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident
from tests.adapters.thread_states import ALERT, JONAS, MIRA, OPENED
from tests.domain.tokens import TOKENS

COUNT = (
    Happening.OVERRIDE,
    Happening.PLAN,
    Happening.CHECKLIST,
    Happening.MERGED,
    Happening.TOOK_OVER,
    Happening.REOPENED,
    Happening.MUTE,
    Happening.ROLE,
)


def incident(*entries: Entry) -> Incident:
    known = OPENED
    for entry in entries:
        known = known.with_entry(entry)
    return known


def entry(kind: Happening, at: float = 0.0, who: str = MIRA, what: str = "did it") -> Entry:
    return Entry(at=ALERT + at, who=who, kind=kind, what=what, place="button")


@pytest.mark.parametrize("kind", COUNT)
def test_what_changes_the_evidence_is_told_with_who_when_and_from_where(kind: Happening) -> None:
    (act,) = acts_of(incident(entry(kind, 7.0))).lines
    assert (act.at, act.who, act.what, act.place) == (ALERT + 7, MIRA, "did it", "button")
    assert act.grave == (kind is Happening.OVERRIDE)


@pytest.mark.parametrize("kind", [each for each in Happening if each not in COUNT])
def test_what_changes_none_of_it_is_left_to_the_timeline(kind: Happening) -> None:
    assert acts_of(incident(entry(kind))).lines == ()


@pytest.mark.parametrize("who", ["fixloop", "datadog"])
def test_deeds_of_machines_are_no_acts(who: str) -> None:
    assert acts_of(incident(*(entry(kind, who=who) for kind in COUNT))).lines == ()


def test_the_same_refusal_is_told_once() -> None:
    """With how often, and until when; another person's or another deed's is another one."""
    what = "was refused to validate checkout"
    refusals = [Act(at=ALERT + at, who=JONAS, what=what, place="button") for at in (30, 10, 20)]
    other = Act(at=ALERT + 15, who=JONAS, what="was refused to resolve checkout", place="command")
    first, second = acts_of(incident(), [*refusals, other]).lines
    assert (first.times, first.at, first.last_at) == (3, ALERT + 10, ALERT + 30)
    assert (second.times, second.what) == (1, other.what)


def test_a_long_list_keeps_what_weighs_most() -> None:
    """The override is the oldest of many, and stands there; how many lines are missing is said."""
    roles = [entry(Happening.ROLE, at) for at in range(1, MOST + 6)]
    acts = acts_of(incident(entry(Happening.OVERRIDE), *roles))
    assert len(acts.lines) == MOST
    assert acts.left_out == 6
    assert acts.lines[0].grave
    assert [act.at for act in acts.lines] == sorted(act.at for act in acts.lines)


def test_secrets_are_masked() -> None:
    (act,) = acts_of(incident(entry(Happening.OVERRIDE, what=f"key {TOKENS['GitHub']}"))).lines
    assert TOKENS["GitHub"] not in act.what


@given(
    st.lists(st.builds(entry, st.sampled_from(Happening), st.floats(0, 1e6), what=st.text(max_size=600)), max_size=60)
)
def test_any_timeline_has_a_short_list(entries: list[Entry]) -> None:
    acts = acts_of(incident(*entries))
    assert len(acts.lines) <= MOST
    assert all(len(act.what) <= LONGEST for act in acts.lines)
