"""Who did what: short, masked, and without what people merely said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.acts import LONGEST, MOST, OVERRIDE, REFUSED, Act, acts_of
from fixloop_bot.domain.incidents import Entry, Incident
from tests.adapters.thread_states import ALERT, JONAS, MIRA, OPENED
from tests.domain.tokens import TOKENS

COUNT = (
    f"{OVERRIDE}we switched it off",
    "plan v2 (edited)",
    "put step 3 into the next run",
    "left step 2 out of the next run",
    "took back step 5",
    "merged into INC-7",
    "took over INC-43 (checkout: slow)",
    "reopened",
    "muted it until 2026-09-25 04:00:00 UTC",
    "muted checkout until 2026-09-25 04:00:00 UTC",
    "ended its mute",
    "ended the mute of checkout",
    "made Jonas the fixer",
    "left the lead open",
)
DO_NOT = ("is on it", "says: reopened", "what fixed it: merged into main", "resolved (proven)", "reopened the valve")


def incident(*entries: Entry) -> Incident:
    known = OPENED
    for entry in entries:
        known = known.with_entry(entry)
    return known


def entry(what: str, at: float = 0.0, who: str = MIRA, **more: str) -> Entry:
    return Entry(at=ALERT + at, who=who, what=what, place="button", **more)


@pytest.mark.parametrize("what", COUNT)
def test_what_changes_the_evidence_is_told_with_who_when_and_from_where(what: str) -> None:
    (act,) = acts_of(incident(entry(what, 7.0))).lines
    assert (act.at, act.who, act.what, act.place) == (ALERT + 7, MIRA, what, "button")


@pytest.mark.parametrize("what", DO_NOT)
def test_what_changes_none_of_it_is_left_to_the_timeline(what: str) -> None:
    assert acts_of(incident(entry(what))).lines == ()


def test_words_of_people_and_deeds_of_machines_are_no_acts() -> None:
    """Somebody who writes "muted it" in the thread, and whose message is kept, has muted nothing."""
    said, machine = entry("muted it, sorry", message="C1:1.0"), entry("plan v1 (standard plan)", who="fixloop")
    assert acts_of(incident(said, machine)).lines == ()


def test_the_same_refusal_is_told_once() -> None:
    """With how often, and until when; another person's or another deed's is another one."""
    what = f"{REFUSED}validate checkout"
    refusals = [Act(at=ALERT + at, who=JONAS, what=what, place="button") for at in (30, 10, 20)]
    other = Act(at=ALERT + 15, who=JONAS, what=f"{REFUSED}resolve checkout", place="command")
    first, second = acts_of(incident(), [*refusals, other]).lines
    assert (first.times, first.at, first.last_at) == (3, ALERT + 10, ALERT + 30)
    assert (second.times, second.what) == (1, other.what)


def test_a_long_list_keeps_what_weighs_most() -> None:
    """The override is the oldest of many, and stands there; how many lines are missing is said."""
    roles = [entry("made Jonas the lead", at) for at in range(1, MOST + 6)]
    acts = acts_of(incident(entry(f"{OVERRIDE}no time", 0.0), *roles))
    assert len(acts.lines) == MOST
    assert acts.left_out == 6
    assert acts.lines[0].grave
    assert [act.at for act in acts.lines] == sorted(act.at for act in acts.lines)


def test_secrets_are_masked() -> None:
    (act,) = acts_of(incident(entry(f"{OVERRIDE}key {TOKENS['GitHub']}"))).lines
    assert TOKENS["GitHub"] not in act.what


@given(st.lists(st.builds(entry, st.sampled_from(COUNT) | st.text(max_size=600), st.floats(0, 1e6)), max_size=60))
def test_any_timeline_has_a_short_list(entries: list[Entry]) -> None:
    acts = acts_of(incident(*entries))
    assert len(acts.lines) <= MOST
    assert all(len(act.what) <= LONGEST for act in acts.lines)
