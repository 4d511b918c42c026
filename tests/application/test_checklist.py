"""Ticks on the checklist: two people's clicks race, and neither loses anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.application.checklist import Screen, apply_selection, shown_as_ticked
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import Plan, PlanSource
from tests.application.office import JONAS, MIRA, STEPS, Office
from tests.fake_clock import START

ALL = tuple(step.id for step in STEPS)
AUTOMATIC = ALL[:4]
clicks = st.lists(st.sampled_from(ALL), min_size=1, max_size=4)


def incident(**changes: object) -> Incident:
    known: dict[str, object] = {
        "id": "INC-1",
        "number": 1,
        "service_key": "checkout|prod",
        "service": "checkout",
        "label": "checkout",
        "title": "Errors",
        "channel": "C1",
        "opened_at": START,
        "plan": Plan(version=1, source=PlanSource.MODEL, steps=STEPS),
        "ticked": AUTOMATIC,
    }
    return Incident(**{**known, **changes})  # type: ignore[arg-type]


class Person:
    """Clicks one step after the other on one screen, which nobody redraws meanwhile."""

    def __init__(self, name: str, screen: Screen, toggles: Iterable[str]) -> None:
        self.name, self.screen = name, screen
        self.toggles = list(toggles)
        self.selected = set(screen.shown)

    def click(self, now: Incident) -> Incident:
        self.selected ^= {self.toggles.pop(0)}
        return apply_selection(now, user=self.name, screen=self.screen, chosen=self.selected, now=START)


@given(clicks, clicks, st.lists(st.booleans(), min_size=8, max_size=8))
def test_whatever_two_people_click_at_once_nobody_loses_anything(
    miras: list[str], jonases: list[str], turns: list[bool]
) -> None:
    """In all interleavings: a step that one of them alone has clicked stands as that person left it."""
    now = incident()
    screen = Screen(block_id="b1", plan_version=1, shown=shown_as_ticked(now))
    mira, jonas = Person(MIRA, screen, miras), Person(JONAS, screen, jonases)
    for turn in [*turns, *([True, False] * 8)]:
        person = mira if turn else jonas
        if person.toggles:
            now = person.click(now)
    ticked = set(shown_as_ticked(now))
    for step in ALL:
        by_mira, by_jonas = step in miras, step in jonases
        if by_mira and not by_jonas:
            assert (step in ticked) == (step in mira.selected)
        elif by_jonas and not by_mira:
            assert (step in ticked) == (step in jonas.selected)
        elif not by_mira:
            assert (step in ticked) == (step in screen.shown)


@given(clicks)
def test_a_click_that_is_delivered_twice_counts_once(toggles: list[str]) -> None:
    """Slack repeats what was not acked in time."""
    now = incident()
    screen = Screen(block_id="b1", plan_version=1, shown=shown_as_ticked(now))
    mira = Person(MIRA, screen, toggles)
    while mira.toggles:
        now = mira.click(now)
        again = apply_selection(now, user=MIRA, screen=screen, chosen=mira.selected, now=START + 60)
        assert again == now


def test_untick_before_the_redraw() -> None:
    """Tick and untick on the same screen, faster than Slack redraws it: it ends as it began."""
    now = incident()
    screen = Screen(block_id="b1", plan_version=1, shown=shown_as_ticked(now))
    mira = Person(MIRA, screen, ["s5", "s5", "s2", "s2"])
    for _ in range(4):
        now = mira.click(now)
    assert shown_as_ticked(now) == screen.shown
    assert now.manual == ()


def test_a_manual_step_says_who_did_it_and_when() -> None:
    """And who took it back is in the timeline."""
    now = incident()
    screen = Screen(block_id="b1", plan_version=1, shown=shown_as_ticked(now))
    mira = Person(MIRA, screen, ["s5"])
    now = mira.click(now)
    assert [(tick.step_id, tick.by, tick.at) for tick in now.manual] == [("s5", MIRA, START)]
    assert now.timeline[-1].what == "did step 5 by hand"
    next_screen = Screen(block_id="b2", plan_version=1, shown=shown_as_ticked(now))
    now = Person(JONAS, next_screen, ["s5"]).click(now)
    assert now.manual == ()
    assert (now.timeline[-1].who, now.timeline[-1].what) == (JONAS, "took back step 5")


async def test_two_people_click_at_once_on_the_real_store(office: Office) -> None:
    """Mira leaves out the first step and Jonas the second; both are left out."""
    await office.broken()
    shown = shown_as_ticked(await office.incident())
    screen = Screen(block_id="b1", plan_version=1, shown=shown)
    await asyncio.gather(
        office.checklist.select("INC-1", user=MIRA, screen=screen, chosen=set(shown) - {"s1"}),
        office.checklist.select("INC-1", user=JONAS, screen=screen, chosen=set(shown) - {"s2"}),
    )
    assert (await office.incident()).ticked == ("s3", "s4")


async def test_a_click_on_an_old_plan_is_told_where_to_click(office: Office) -> None:
    """And one on a resolved incident that it is too late."""
    incident = await office.broken()
    old = Screen(block_id="b0", plan_version=0, shown=())
    told = await office.checklist.select("INC-1", user=MIRA, screen=old, chosen={"s1"})
    assert told == "That was the checklist of plan v0. The plan is v1 now: tick it there."
    await office.resolve("INC-1", by=MIRA)
    told = await office.checklist.select("INC-1", user=MIRA, screen=replace(old, plan_version=1), chosen=set())
    assert told == "INC-1 is resolved; its checklist no longer changes."
    assert (await office.incident()).ticked == incident.ticked
