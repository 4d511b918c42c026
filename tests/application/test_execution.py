"""Runs on a small shop: reproduced, proven, half fixed, taken over, cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import execution as execution_module
from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepVerdict
from fixloop_bot.domain.samples import Fault, FaultKind
from tests.application.office import LISTED, MIRA, PAID, QUICK, STEPS, Office, checkout, draft, signal


def verdicts(run: Run) -> dict[str, StepVerdict | None]:
    return {step.step_id: step.verdict for step in run.steps}


async def test_a_bug_is_reproduced_before_the_fix(office: Office) -> None:
    """What is broken fails, at once and with its evidence; what works passes, over the window."""
    incident = await office.broken()
    run = await office.run(1)
    assert incident.runs[0].reproduced
    assert (verdicts(run)["s1"], verdicts(run)["s2"]) == (StepVerdict.FAILED, StepVerdict.PASSED)
    broken, works = run.steps[0], run.steps[1]
    assert broken.samples < works.samples
    assert "status was 503, expected 200" in broken.reason
    assert broken.failures[0].status == 503
    assert works.covered_s >= 10


async def test_samples_are_numbered_stored_and_spread(office: Office) -> None:
    """One in each slot of the window, every other one on a fresh connection, none twice."""
    await office.broken()
    samples = await office.store.samples("INC-1-r1", "s2")
    assert sorted(sample.number for sample in samples) == list(range(1, len(samples) + 1))
    assert {sample.fresh_connection for sample in samples} == {True, False}
    assert max(sample.at for sample in samples) - min(sample.at for sample in samples) > 6


async def test_a_fix_is_proven(office: Office) -> None:
    """Steps that failed pass now over the whole window, and real traffic agrees."""
    await office.broken()
    await office.fixed()
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.PROVEN
    run = await office.run(2)
    assert run.traffic is not None
    assert run.traffic.value == 0.0


async def test_a_half_fix_is_not_recovered(office: Office) -> None:
    """Half of the requests still fail."""
    await office.broken()
    await office.fixed()
    office.shop.broken["/checkout"] = 0.5
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.NOT_RECOVERED
    assert incident.verdict_reason.startswith("Step 1 still fails")


async def test_what_we_could_not_look_at_is_inconclusive(office: Office) -> None:
    """A network of ours that is down is no evidence against the service, nor for it."""
    office.author.answers = [draft(PAID, LISTED, *STEPS[2:])]
    await office.broken()
    await office.fixed()
    office.shop.fault = Fault(kind=FaultKind.UNREACHABLE)
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.INCONCLUSIVE
    assert verdicts(await office.run(2))["s1"] is StepVerdict.INCONCLUSIVE
    assert "no network from here" in incident.verdict_reason


async def test_without_telemetry_the_proof_says_not_measured(office: Office) -> None:
    """It is proven by the steps that could be looked at."""
    office.datadog.down = True
    await office.broken()
    await office.fixed()
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.PROVEN
    assert "not measured" in incident.verdict_reason


async def test_a_metric_that_failed_has_to_be_seen_to_pass(office: Office) -> None:
    """Datadog goes silent after the fix: what was red before and cannot be read now is not recovered by silence."""
    await office.broken()
    await office.fixed()
    office.datadog.down = True
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.INCONCLUSIVE
    assert "Step 3" in incident.verdict_reason


async def test_real_traffic_that_says_nothing_proves_nothing(office: Office) -> None:
    """Datadog answers, yet has no data since the run began: waited for, and then said."""
    await office.receive(signal())
    office.shop.broken["/checkout"] = 1.0
    office.datadog.value = 0.0
    await office.settle()
    await office.fixed()
    office.datadog.value = None
    incident = await office.validate()
    assert incident.verdict is RecoveryVerdict.INCONCLUSIVE
    assert "no data since the run began" in incident.verdict_reason


async def test_broken_is_said_at_once(office: Office) -> None:
    """A step has failed: nobody waits for the window, nor for a metric, to be told "not recovered"."""
    patient = Office(office.store, office.clock, services=(checkout(proof=replace(QUICK, window_s=150.0)),))
    await patient.broken()
    patient.shop.broken["/checkout"] = 0.5
    began = patient.clock.now()
    incident = await patient.validate()
    run = await patient.run(2)
    assert incident.verdict is RecoveryVerdict.NOT_RECOVERED
    assert run.finished_at is not None
    assert run.finished_at - began < 150.0


async def test_a_watch_takes_the_proof_back_at_once(office: Office) -> None:
    """Not at its end."""
    patient = Office(office.store, office.clock, services=(checkout(soak_s=6000.0),))
    await patient.broken()
    await patient.fixed()
    await patient.validate(but=(EXECUTE_RUN,))
    await patient.execution_of_next()
    patient.shop.broken["/checkout"] = 1.0
    await patient.settle()
    incident = await patient.incident()
    watch = next(line for line in incident.runs if line.kind is RunKind.SOAK)
    assert incident.state is State.REPRODUCED
    assert watch.finished_at is not None
    assert watch.finished_at - watch.started_at < 3000.0


async def test_a_run_is_taken_over_where_it_stands(office: Office) -> None:
    """Its worker is gone: the next one goes on from the stored samples, and the window counts on."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    async with office.clock.flowing():
        first = asyncio.create_task(office.execution.execute("INC-1-r2"), name="first worker")
        while len(await office.store.samples("INC-1-r2", "s2")) < 4:
            await asyncio.sleep(0.005)
        first.cancel()
        await asyncio.wait({first})
        before = await office.store.samples("INC-1-r2", "s2")
        began = office.clock.now()
        await office.another_worker().execute("INC-1-r2")
    run = await office.run(2)
    after = await office.store.samples("INC-1-r2", "s2")
    assert (run.attempt, run.verdict) == (2, RecoveryVerdict.PROVEN)
    assert run.taken_over_at is not None
    assert run.taken_over_at >= began
    assert list(after[: len(before)]) == list(before)
    assert len({sample.number for sample in after}) == len(after)
    assert run.steps[1].covered_s < 20, "it did not begin its window again"
    incident = await office.incident()
    assert sum("validate run 2:" in entry.what for entry in incident.timeline) == 1


async def test_a_slow_worker_stops_when_it_was_replaced(office: Office) -> None:
    """Both are at it: only the second one writes, and there is one verdict."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    async with office.clock.flowing():
        slow = asyncio.create_task(office.execution.execute("INC-1-r2"), name="slow worker")
        while len(await office.store.samples("INC-1-r2", "s2")) < 2:
            await asyncio.sleep(0.005)
        await office.another_worker().execute("INC-1-r2")
        await asyncio.wait_for(slow, 10)
    incident = await office.incident()
    assert incident.verdict is RecoveryVerdict.PROVEN
    assert sum("validate run 2:" in entry.what for entry in incident.timeline) == 1


async def test_a_store_that_fails_during_a_run_is_told_as_such(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """However deep in the tasks of a run: the queue then tries the job again, and the run ends."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    working, calls = RedisStore.take_place, 0

    async def take_place(
        self: RedisStore, service: str, *, per_second: float, per_hour: int, requests: int = 1
    ) -> float | None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise StoreUnavailable("The store did not answer.")
        return await working(self, service, per_second=per_second, per_hour=per_hour, requests=requests)

    monkeypatch.setattr(RedisStore, "take_place", take_place)
    async with office.clock.flowing():
        with pytest.raises(StoreUnavailable):
            await office.execution.execute("INC-1-r1")
        await office.execution.execute("INC-1-r1")
    assert (await office.run(1)).finished
    assert (await office.incident()).active_run is None


async def test_a_run_that_fails_every_worker_ends_without_a_verdict(office: Office) -> None:
    """Else its incident could never be validated again."""
    await office.broken()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    for _ in range(execution_module.MOST_ATTEMPTS):
        await office.store.claim_run("INC-1-r2")
    await office.execution.execute("INC-1-r2")
    run, incident = await office.run(2), await office.incident()
    assert (run.verdict, run.finished) == (RecoveryVerdict.INCONCLUSIVE, True)
    assert "could not perform this run" in incident.verdict_reason
    assert all(step.phase is StepPhase.DONE for step in run.steps)
    assert incident.active_run is None


async def test_a_service_that_left_the_catalog_is_not_probed(office: Office, store: RedisStore) -> None:
    """A run of before is ended: could not look."""
    await office.broken()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    bare = Office(store, office.clock, services=())
    async with office.clock.flowing():
        await bare.execution.execute("INC-1-r2")
    run = await office.run(2)
    assert bare.shop.requests == []
    assert verdicts(run)["s1"] is StepVerdict.INCONCLUSIVE
    assert "no longer in the catalog" in run.steps[0].reason


async def test_only_ticked_steps_run(office: Office) -> None:
    """And manual ones never do."""
    await office.broken()
    incident = await office.incident()
    assert incident.plan is not None
    await office.store.save_incident(replace(incident, ticked=("s2", "s5")))
    await office.validate()
    run = await office.run(2)
    assert [step.step_id for step in run.steps] == ["s2"]


async def test_the_card_follows_a_run(office: Office) -> None:
    """Steps turn from waiting to running to their verdicts while it goes on."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    seen: list[Sequence[StepPhase]] = []
    async with office.clock.flowing():
        running = asyncio.create_task(office.execution.execute("INC-1-r1"), name="run")
        while not running.done():
            seen.append([step.phase for step in (await office.run(1)).steps])
            await asyncio.sleep(0.005)
        await running
    phases = {phase for step in seen for phase in step}
    assert phases >= {StepPhase.WAITING, StepPhase.RUNNING}
    assert all(step.phase is StepPhase.DONE for step in (await office.run(1)).steps)
    assert "refresh_thread" in office.tray.names()


async def test_the_kill_switch_ends_a_run(office: Office) -> None:
    """Whoever pulls it, wherever: nothing more is sent, and the run ends without a verdict on the service."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    office.tray.jobs.clear()
    async with office.clock.flowing():
        running = asyncio.create_task(office.execution.execute("INC-1-r2"), name="run")
        while not await office.store.samples("INC-1-r2", "s2"):
            await asyncio.sleep(0.005)
        await office.store.halt(MIRA)
        await asyncio.wait_for(running, 10)
    await office.store.resume()
    run = await office.run(2)
    assert (run.verdict, run.stopped_by) == (RecoveryVerdict.INCONCLUSIVE, MIRA)
    assert run.steps[1].verdict is StepVerdict.INCONCLUSIVE


async def test_a_window_is_as_long_as_the_signals_own_period_and_stays_so(office: Office) -> None:
    """Also when the worker is lost, and Datadog with it: the next one keeps the window that the run began with."""
    await office.broken()
    await office.fixed()
    office.clock.advance(120)
    opened = (await office.incident()).opened_at
    office.datadog.points = tuple((opened + at, 0.3 if at % 40 < 10 else 0.0) for at in range(0, 100, 5))
    await office.validate(settle=False)
    async with office.clock.flowing():
        lost = asyncio.create_task(office.execution.execute("INC-1-r2"), name="lost worker")
        while (await office.run(2)).period_s == 0.0:
            await asyncio.sleep(0.005)
        lost.cancel()
        await asyncio.wait({lost})
        office.datadog.down = True
        await office.another_worker().execute("INC-1-r2")
    run = await office.run(2)
    assert run.period_s == 40.0
    step = run.progress("s1")
    assert step is not None
    assert step.covered_s >= 40
    assert "came back that far apart" in step.note
