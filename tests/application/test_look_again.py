"""One step, run again because somebody asked: it shows, and proves nothing."""

from __future__ import annotations

import pytest

from fixloop_bot.application.copilot.talks import Exchange, Record
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from tests.application.office import MIRA, Office


async def again(office: Office, step: str = "s1", version: int = 1) -> list[str]:
    said = await office.wish("run_step", incident="INC-1", text=step, plan_version=version)
    await office.settle()
    return said


async def test_only_that_step_runs(office: Office) -> None:
    """And whoever asked is noted."""
    await office.broken()
    assert await again(office) == []
    incident, run = await office.incident(), await office.run(2)
    assert (run.kind, run.step_ids, run.started_by) == (RunKind.CONFIRM, ("s1",), MIRA)
    assert incident.runs[-1].partial
    assert incident.active_run is None


async def test_it_is_no_before_for_a_proof(office: Office) -> None:
    """A fix is compared with the whole run that had seen the bug, not with the one step."""
    await office.broken()
    await again(office)
    await office.fixed()
    await office.validate()
    incident = await office.incident()
    assert incident.verdict is RecoveryVerdict.PROVEN
    before = incident.run_before(incident.plan.hash if incident.plan else "", number=3)
    assert before is not None
    assert before.number == 1


async def test_a_step_that_passes_again_alone_recovers_nothing(office: Office) -> None:
    await office.broken()
    await office.fixed()
    await again(office)
    incident = await office.incident()
    assert (incident.state, incident.verdict) == (State.REPRODUCED, None)


@pytest.mark.parametrize(
    ("step", "version", "why"),
    [
        ("s1", 7, "The plan is at version 1 by now"),
        ("s9", 1, "The plan has no step s9."),
        ("s5", 1, "for a person to do"),
    ],
)
async def test_what_is_not_there_is_not_run(office: Office, step: str, version: int, why: str) -> None:
    """An offer may be pressed long after its answer was given."""
    await office.broken()
    assert why in (await again(office, step, version))[0]
    assert len((await office.incident()).runs) == 1


async def test_the_watch_is_not_given_up_for_it(office: Office) -> None:
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    said = await office.wish("run_step", incident="INC-1", text="s1", plan_version=1)
    assert "watch after the proof is going" in said[0]


async def test_nothing_runs_while_all_traffic_is_stopped(office: Office) -> None:
    await office.broken()
    await office.store.halt(MIRA)
    assert "All traffic is stopped" in (await again(office))[0]


async def test_thumbs_are_kept_beside_the_answer(office: Office) -> None:
    """With the reason, which comes later; a thumb for an answer that is gone is told so."""
    exchange = Exchange(id="C:1", at=0, user=MIRA, question="Why?", answer="Because.")
    await office.talks.keep("C:1", Record(id="C:1", incident="INC-1", exchange=exchange))
    assert await office.wish("answer_disliked", chosen=("C:1",), text="too long") == []
    assert "not kept any more" in (await office.wish("answer_liked", chosen=("C:404",)))[0]
    record = await office.talks.record("C:1")
    assert record is not None
    assert [(each.good, each.reason) for each in record.feedback] == [(False, "too long")]
    assert await office.wish("stop_answer", chosen=("C:2",)) == []
    assert await office.talks.answer_stopped_by("C:2") == MIRA
