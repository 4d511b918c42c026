"""What FixLoop says about a recovery, and what it takes to say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.samples import Fault, FaultKind
from fixloop_bot.domain.signals import Transition
from tests.application.office import MIRA, PAID, STEPS, Office, draft, signal


async def test_a_fix_is_proven_by_the_plan_that_failed_before_it(office: Office) -> None:
    """A fix is proven only by the same frozen plan that failed before it."""
    await office.broken()
    await office.fixed()
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.PROVEN
    assert incident.runs[0].plan_hash == incident.runs[1].plan_hash


async def test_another_plan_proves_nothing(office: Office) -> None:
    """A plan that was changed after the fix passes, and is unproven."""
    await office.broken()
    await office.fixed()
    changed = replace(PAID, check=HttpCheck(request=Request(path="/"), expect=("status == 200",)))
    office.author.answers = [draft(changed, *STEPS[1:])]
    await office.wish("new_plan", incident="INC-1")
    await office.settle()
    assert (await office.validate()).verdict is RecoveryVerdict.UNPROVEN


async def test_what_never_failed_proves_nothing(office: Office) -> None:
    """Everything passes and nothing had failed before: unproven."""
    await office.fixed()
    await office.receive(signal())
    await office.settle()
    assert (await office.validate()).verdict is RecoveryVerdict.UNPROVEN


async def test_a_half_fix_is_not_a_fix(office: Office) -> None:
    """One request in three still fails: not recovered."""
    await office.broken()
    await office.fixed()
    office.shop.broken["/checkout"] = 0.34
    assert (await office.validate()).verdict is RecoveryVerdict.NOT_RECOVERED


async def test_could_not_look_is_not_failed(office: Office) -> None:
    """Our own network is down: inconclusive, and never a verdict about the service."""
    await office.broken()
    office.shop.fault = Fault(kind=FaultKind.UNREACHABLE)
    await office.fixed()
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.INCONCLUSIVE
    assert incident.state is State.REPRODUCED


async def test_real_traffic_has_a_word(office: Office) -> None:
    """The steps pass, but customers still see errors: the plan does not cover the symptom, and that is said."""
    office.author.answers = [draft(PAID, STEPS[1], replace(STEPS[4], id="s3"), replace(STEPS[4], id="s4"), STEPS[4])]
    await office.broken()
    office.shop.broken.clear()
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.INCONCLUSIVE
    assert "the plan does not cover the symptom" in incident.verdict_reason


async def test_datadogs_recovered_does_not_end_an_incident(office: Office) -> None:
    """Datadog's Recovered starts a validate run, and does not end the incident."""
    await office.broken()
    await office.receive(signal(Transition.RECOVERED, at=300))
    await office.settle()
    incident = await office.incident()
    assert (incident.runs[-1].kind, incident.runs[-1].started_by) == (RunKind.VALIDATE, "datadog")
    assert incident.state is State.REPRODUCED, "it is still broken, whatever the monitor says"


@pytest.mark.parametrize("how", ["alert", "watch"])
async def test_a_proof_is_taken_back(office: Office, how: str) -> None:
    """Re-Triggered, or a step that fails again while it is watched, reopens the incident."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    assert (await office.incident()).state is State.RECOVERED
    if how == "alert":
        await office.receive(signal(Transition.RE_TRIGGERED, at=600))
    else:
        office.shop.broken["/checkout"] = 1.0
        await office.settle()
    incident = await office.incident()
    assert incident.state in (State.OPEN, State.REPRODUCED)
    assert (incident.verdict, incident.reopened) == (None, 1)


async def test_only_people_end_an_incident(office: Office) -> None:
    """Proven and watched to the end, it is recovered; resolved it is when somebody says so."""
    await office.broken()
    await office.fixed()
    assert (await office.validate()).state is State.RECOVERED
    await office.wish("resolve", incident="INC-1")
    incident = await office.incident()
    assert (incident.state, incident.resolved_by, incident.verdict) == (
        State.RESOLVED,
        MIRA,
        RecoveryVerdict.PROVEN,
    )
    assert EXECUTE_RUN not in office.tray.names()
