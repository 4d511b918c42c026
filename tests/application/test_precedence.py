"""Clicks of people are jobs that overtake each other; what they do, they do in the order in which people pressed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.marks import TICK_S
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.application import precedence
from fixloop_bot.application.checklist import shown_as_ticked
from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import Conflict
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.entrypoints.slack.counter import Counter
from tests.application.office import JONAS, MIRA, Office
from tests.fake_clock import START

AUTOMATIC = ("s1", "s2", "s3", "s4")


def tick(chosen: Collection[str], *, after: float, user: str = MIRA) -> Wish:
    """A click on the screen that shows every automatic step as ticked."""
    return Wish(
        id=f"{START + after}:tick",
        what="tick",
        user=user,
        channel="C0CHECKOUT",
        incident="INC-1",
        block_id="b1",
        plan_version=1,
        shown=AUTOMATIC,
        chosen=tuple(chosen),
        pressed_at=START + after,
    )


def press(what: str, *, text: str = "", again: bool = False) -> Wish:
    incident = "" if what == "command" else "INC-1"
    return Wish(id=f"{what}:{again}", what=what, user=MIRA, channel="C0CHECKOUT", incident=incident, text=text)


async def come(office: Office, *wishes: Wish) -> list[str]:
    """Leave wishes at the counter; returns their jobs, which a test performs in whatever order."""
    for wish in wishes:
        await Counter(office.store, office.tray, NullBoard()).take(wish)
    jobs = [office.tray.jobs.pop(wish.job().key) for wish in wishes]
    return [job.args[0] for job in jobs]


async def overtaken(office: Office, slow: str, fast: str) -> None:
    """The second job is begun first, and the first one only when that waits, or is over."""
    ahead = asyncio.create_task(office.desk.answer(fast))
    for _ in range(200):  # far more often than the deed looks at the store
        await office.store.ping()
    await office.desk.answer(slow)
    await ahead


@pytest.fixture
async def broken(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(precedence, "PATIENCE_S", 0.1)
    await office.broken()
    return office


async def started(office: Office) -> tuple[str, ...] | None:
    """The steps of the validate run that was started last, if there was one."""
    line = (await office.incident()).runs[-1]
    return (await office.run(line.number)).step_ids if line.kind is RunKind.VALIDATE else None


@pytest.mark.parametrize("run", [press("validate"), press("command", text="validate")])
async def test_a_run_begins_with_what_was_unticked_before_it(
    office: Office, run: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mira leaves a step out and validates; the tick's job is the slower one."""
    monkeypatch.setattr(precedence, "PATIENCE_S", 30.0)
    await office.broken()
    await overtaken(office, *await come(office, tick(["s1", "s3", "s4"], after=1), run))
    assert await started(office) == ("s1", "s3", "s4")


async def test_no_run_is_started_while_a_tick_cannot_be_saved(broken: Office) -> None:
    """What was unticked might be what must not be asked now; a sentence says so, and the next press does it."""
    office = broken
    slow, first = await come(office, tick(["s1"], after=1), press("validate"))
    await office.desk.answer(first)
    assert await started(office) is None
    assert "still being saved" in office.wall.whispers[-1][1]
    await office.desk.answer(slow)
    await office.desk.answer(*await come(office, press("validate", again=True)))
    assert await started(office) == ("s1",)


async def test_of_two_clicks_on_one_screen_the_later_one_counts(broken: Office) -> None:
    """The later job is tried first: it is put back, so that the earlier one does not undo it."""
    first, second = await come(broken, tick(["s1", "s3", "s4"], after=1), tick(["s1", "s4"], after=2))
    with pytest.raises(Conflict):
        await broken.desk.answer(second)
    for job in (first, second):
        await broken.desk.answer(job)
    assert shown_as_ticked(await broken.incident()) == ("s1", "s4")
    await broken.desk.answer(*await come(broken, press("validate")))
    assert await started(broken) == ("s1", "s4")


async def test_a_tick_that_came_to_nothing_is_waited_for_by_nobody(broken: Office) -> None:
    """It was one of an older plan."""
    old = replace(tick(["s1"], after=1), plan_version=7)
    refused, run = await come(broken, old, press("validate"))
    await broken.desk.answer(refused)
    await broken.desk.answer(run)
    assert await started(broken) == AUTOMATIC
    assert any(job.name == EXECUTE_RUN for job in broken.tray.jobs.values())


async def test_nobody_waits_for_anothers_tick(broken: Office) -> None:
    """Mira's is stuck; Jonas's is done at once, and hers takes nothing from it."""
    stuck, his = await come(broken, tick(["s1", "s3", "s4"], after=1), tick(["s1", "s2", "s4"], after=2, user=JONAS))
    await broken.desk.answer(his)
    assert shown_as_ticked(await broken.incident()) == ("s1", "s2", "s4")
    await broken.desk.answer(stuck)
    assert shown_as_ticked(await broken.incident()) == ("s1", "s4")


async def test_a_tick_whose_job_is_lost_is_forgotten(broken: Office, redis: Redis) -> None:
    """Soon after the last one, and with the first one that comes much later."""
    await come(broken, tick(["s1"], after=1))
    (key,) = [key async for key in redis.scan_iter("*ticks:INC-1")]
    assert 0 < await redis.ttl(key) <= TICK_S
    await come(broken, tick(["s4"], after=2 + TICK_S))
    assert len(await broken.store.ticks_to_do("INC-1")) == 1
