"""Several people, several processes, and one that is killed."""

from __future__ import annotations

import asyncio

from fixloop_bot.application.checklist import Screen, shown_as_ticked
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from tests.application.office import JONAS, MIRA, Office


async def test_two_clicks_start_one_run(office: Office) -> None:
    """Two clicks on Validate start one run, and the second person learns who started it."""
    await office.broken()
    told = await asyncio.gather(
        office.wish("validate", incident="INC-1", user=MIRA), office.wish("validate", incident="INC-1", user=JONAS)
    )
    assert sum(line.kind is RunKind.VALIDATE for line in (await office.incident()).runs) == 1
    assert any("started it" in sentence for each in told for sentence in each)


async def test_two_people_tick_and_lose_nothing(office: Office) -> None:
    """Two people who tick at once lose nothing."""
    shown = shown_as_ticked(await office.broken())
    screen = Screen(block_id="b1", plan_version=1, shown=shown)
    await asyncio.gather(
        office.checklist.select("INC-1", user=MIRA, screen=screen, chosen={*shown, "s5"}),
        office.checklist.select("INC-1", user=JONAS, screen=screen, chosen=set(shown) - {"s2"}),
    )
    assert set(shown_as_ticked(await office.incident())) == {"s1", "s3", "s4", "s5"}


async def test_a_killed_workers_run_ends_in_one_verdict(office: Office) -> None:
    """A killed worker's run is taken over where it stood, and ends in one verdict."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    async with office.clock.flowing():
        killed = asyncio.create_task(office.execution.execute("INC-1-r2"), name="killed")
        while len(await office.store.samples("INC-1-r2", "s1")) < 3:
            await asyncio.sleep(0.005)
        killed.cancel()
        await asyncio.wait({killed})
        await office.another_worker().execute("INC-1-r2")
        await office.another_worker().execute("INC-1-r2")
    incident = await office.incident()
    assert incident.verdict is RecoveryVerdict.PROVEN
    assert sum("validate run 2:" in entry.what for entry in incident.timeline) == 1
    assert (await office.run(2)).attempt >= 2
