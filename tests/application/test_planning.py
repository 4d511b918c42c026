"""Never an empty plan, never an unvetted request."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import planning as planning_module
from fixloop_bot.application.jobs import EXECUTE_RUN, MAKE_PLAN, START_RUN
from fixloop_bot.application.ports import PlanDraft, UnusableAnswer
from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.errors import PlannerUnavailable
from fixloop_bot.domain.plans import STEPS_IN_A_PLAN, HttpCheck, Plan, PlanSource, Request
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.shapes import shape_of
from fixloop_bot.domain.vetting.plan import vet
from tests.application.office import LISTED, MIRA, PAID, STEPS, Office, checkout, draft, signal
from tests.fake_clock import FakeClock

assert isinstance(PAID.check, HttpCheck)
PAID_REQUEST = PAID.check.request
FORBIDDEN = replace(
    PAID, check=HttpCheck(request=Request(method="DELETE", path="/checkout"), expect=("status == 200",))
)


async def planned(office: Office) -> Plan:
    await office.receive(signal())
    await office.settle(but=(START_RUN,))
    plan = (await office.incident()).plan
    assert plan is not None
    vet(plan.steps, office.catalog.service("checkout"))
    return plan


async def test_the_models_plan_is_shown_once_it_is_vetted(office: Office) -> None:
    """With its author; all automatic steps ticked; and its confirm run starts by itself."""
    plan = await planned(office)
    assert (plan.source, plan.author, plan.steps, plan.note) == (PlanSource.MODEL, "MiniMax-M2.5", STEPS, "")
    assert (await office.incident()).ticked == ("s1", "s2", "s3", "s4")
    await office.settle(but=(EXECUTE_RUN,))
    assert [line.kind for line in (await office.incident()).runs] == [RunKind.CONFIRM]


async def test_the_model_knows_what_the_incident_knows(office: Office) -> None:
    """An hour of metrics and the last error logs; without telemetry it goes without."""
    office.datadog.down = True
    await planned(office)
    office.datadog.down = False
    await office.wish("new_plan", incident="INC-1", text="test refunds")
    await office.settle(but=(START_RUN,))
    without, with_telemetry = office.author.briefs
    assert (without.metrics, without.logs) == ((), ())
    assert [name for name, _, _ in with_telemetry.metrics] == ["error_rate"]
    assert with_telemetry.logs[0].message == "payment failed"
    assert with_telemetry.hint == "test refunds"


@pytest.mark.parametrize(
    "bad",
    [UnusableAnswer(["Step 2 has no title."], raw="{"), draft(FORBIDDEN, *STEPS[1:])],
    ids=["unusable", "rejected"],
)
async def test_a_bad_answer_is_asked_again_with_what_was_wrong(office: Office, bad: PlanDraft | Exception) -> None:
    """Twice at most; the third answer is taken if it is good."""
    office.author.answers = [bad, bad, draft()]
    plan = await planned(office)
    assert (plan.source, plan.note) == (PlanSource.MODEL, "asked 3 times")
    assert office.author.briefs[0].complaints == ()
    assert office.author.briefs[1].complaints != ()
    assert office.author.briefs[2].last_answer


async def test_after_three_bad_answers_the_standard_plan_steps_in(office: Office) -> None:
    """And its line says so."""
    office.author.answers = [draft(FORBIDDEN, *STEPS[1:])]
    plan = await planned(office)
    assert plan.source is PlanSource.STANDARD
    assert len(plan.steps) == STEPS_IN_A_PLAN
    assert "3 answers were not usable" in plan.note
    assert len(office.author.briefs) == planning_module.ASKS


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (PlannerUnavailable("The model's key was refused."), "key was refused"),
        (RuntimeError("boom"), "log says how"),
    ],
)
async def test_a_model_that_cannot_be_asked_costs_no_plan(office: Office, trouble: Exception, says: str) -> None:
    """Whatever happened to it, also what nobody thought of; no exception's text reaches people."""
    office.author.answers = [trouble]
    plan = await planned(office)
    assert plan.source is PlanSource.STANDARD
    assert says in plan.note
    assert "boom" not in plan.note


async def test_without_a_key_nobody_is_asked(office: Office) -> None:
    """The standard plan names the variable."""
    office.author.available = False
    assert "MINIMAX_API_KEY is not set" in (await planned(office)).note
    assert office.author.briefs == []


async def test_a_model_that_does_not_answer_is_not_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty seconds for all its answers together."""
    assert planning_module.DEADLINE_S == 30

    async def never() -> PlanDraft:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(planning_module, "DEADLINE_S", 0.05)
    office.author.answers = [UnusableAnswer(["No."], raw=""), never]
    assert "the model did not answer in" in (await planned(office)).note


async def test_a_broken_openapi_document_costs_no_plan(store: RedisStore, clock: FakeClock) -> None:
    """It is left out."""
    office = Office(store, clock, services=(checkout(openapi="https://checkout.example.com/openapi.json"),))
    office.shop.document = b"\xff{"
    assert (await planned(office)).source is PlanSource.MODEL


async def test_no_new_plan_while_a_run_goes(office: Office) -> None:
    """The run's plan is frozen; the person is told."""
    await planned(office)
    await office.settle(but=(EXECUTE_RUN,))
    assert await office.wish("new_plan", incident="INC-1") == [
        "A run is going, and its plan is frozen. Stop it or wait for its verdict."
    ]
    assert (await office.incident()).plans_made == 1


async def test_two_workers_that_write_the_same_version_make_one(office: Office) -> None:
    """The job came twice: one plan, one confirm run."""
    both = asyncio.Barrier(2)

    async def once_both_have_asked() -> PlanDraft:
        await both.wait()
        return draft()

    office.author.answers = [once_both_have_asked]
    await office.receive(signal())
    await asyncio.gather(*(office.planning.make("INC-1", "1", "fixloop", "") for _ in range(2)))
    incident = await office.incident()
    assert (incident.plans_made, incident.checklist_revision) == (1, 1)
    assert office.tray.names().count(START_RUN) == 1
    await office.planning.make("INC-1", "1", "fixloop", "")
    assert len(office.author.briefs) == 2, "a third time nobody is asked"


async def test_a_new_plan_is_a_new_version_with_its_own_confirm_run(office: Office) -> None:
    """Ticks and hand-made steps belong to the old one."""
    await office.broken()
    office.author.answers = [draft(LISTED, replace(PAID, id="s1"), *STEPS[2:])]
    await office.wish("new_plan", incident="INC-1")
    await office.settle()
    incident = await office.incident()
    assert incident.plan is not None
    assert incident.plan.version == 2
    assert [(line.kind, line.plan_version) for line in incident.runs] == [(RunKind.CONFIRM, 1), (RunKind.CONFIRM, 2)]
    assert incident.manual == ()


async def test_a_plan_that_comes_during_a_run_is_confirmed_after_it(office: Office) -> None:
    """Mira validated the old plan while the new one was written: its confirm run waits, and is not forgotten."""
    await office.broken()
    await office.wish("new_plan", incident="INC-1")
    office.author.answers = [draft(LISTED, PAID, *STEPS[2:])]
    await office.validate(settle=False)
    await office.settle(but=(EXECUTE_RUN,))
    assert (await office.incident()).wanted_run is RunKind.CONFIRM
    await office.settle()
    kinds = [(line.kind, line.plan_version) for line in (await office.incident()).runs]
    assert kinds == [(RunKind.CONFIRM, 1), (RunKind.VALIDATE, 1), (RunKind.CONFIRM, 2)]


async def test_a_resolved_incident_gets_no_plan(office: Office) -> None:
    """Nobody needs it any more."""
    await office.receive(signal())
    await office.resolve("INC-1", by=MIRA)
    await office.settle()
    assert (await office.incident()).plan is None
    assert MAKE_PLAN not in office.tray.names()
    assert await office.wish("new_plan", incident="INC-1") == ["INC-1 is resolved. Reopen it first."]


async def test_what_was_learned_in_healthy_times_is_frozen_into_the_plan(office: Office) -> None:
    """The model is told which requests are known; the shape itself, and not a reference, is what gets hashed."""
    learned = ProbeBaseline(line=PAID_REQUEST.line(), samples=9, shape=shape_of({"total": 1.5}))
    await office.store.save_baseline(Baseline(service="checkout", since=0, until=1, probes=(learned,)))
    as_before = replace(PAID, check=HttpCheck(request=PAID_REQUEST, expect=("status == 200", "shape as before")))
    office.author.answers = [draft(as_before, *STEPS[1:])]

    plan = await planned(office)

    check = plan.steps[0].check
    assert office.author.briefs[0].baselines == (PAID_REQUEST.line(),)
    assert isinstance(check, HttpCheck)
    assert check.expect[1].startswith("schema {")
    assert "total" in check.expect[1]


async def test_a_model_that_refers_to_what_nobody_knows_is_told_so(office: Office) -> None:
    as_before = replace(PAID, check=HttpCheck(request=PAID_REQUEST, expect=("status == 200", "shape as before")))
    office.author.answers = [draft(as_before, *STEPS[1:]), draft()]

    await planned(office)

    assert any("nothing is known of its answer before" in each for each in office.author.briefs[1].complaints)
