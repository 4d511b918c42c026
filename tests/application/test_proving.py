"""A plan against a service, without an incident: passed or failed alone, proven only beside a run that failed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from fixloop_bot.adapters.datadog.client import NullTelemetry
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import proving
from fixloop_bot.application.proving import Before, Evidence, ProofVerdict, Proving
from fixloop_bot.application.replaying import Replaying, compared, worth_sending
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.plans import HttpCheck, Plan, PlanSource
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from fixloop_bot.domain.signals import Comparator, Measure
from tests.application.office import ASKED, ERROR_RATE, FEW_ERRORS, LISTED, PAID, Datadog, Shop, checkout
from tests.fake_clock import FakeClock

PLAN = Plan(version=1, source=PlanSource.STANDARD, steps=(PAID, LISTED, ASKED))
MEASURED = Plan(version=1, source=PlanSource.STANDARD, steps=(PAID, LISTED, FEW_ERRORS))


@pytest.fixture(autouse=True)
def saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are kept on real seconds, of which a test has few."""
    monkeypatch.setattr(proving, "SAVE_EVERY_S", 0.02)


class Terminal:
    """A service, a store and somebody who runs plans."""

    def __init__(self, store: RedisStore, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.shop, self.datadog = Shop(clock), Datadog(value=0.0, monitor="OK")
        self.service = checkout()
        self.with_keys = True

    def proving(self) -> Proving:
        return Proving(
            self.store,
            prober=self.shop,
            telemetry=self.datadog if self.with_keys else None,
            without_keys=NullTelemetry(),
            clock=self.clock,
            chance=random.Random(1),
            product="0.1.0",
        )

    async def prove(self, plan: Plan = PLAN, **options: Any) -> Evidence:
        service: Service = options.pop("service", self.service)
        async with self.clock.flowing():
            return await asyncio.wait_for(self.proving().prove(plan, service, **options), 20)

    async def broken(self, plan: Plan = PLAN) -> Before:
        """A run that has seen the bug, to be compared with; then it is fixed."""
        self.shop.broken["/checkout"] = 1.0
        evidence = await self.prove(plan)
        self.shop.broken.clear()
        return Before(name="before.json", run=evidence.run)


@pytest.fixture
def terminal(store: RedisStore, clock: FakeClock) -> Terminal:
    return Terminal(store, clock)


def verdicts(evidence: Evidence) -> dict[str, StepVerdict | None]:
    return {step.step_id: step.verdict for step in evidence.run.steps}


# Alone


async def test_what_works_has_passed(terminal: Terminal) -> None:
    """Over the whole window; a step for a person is not run, and holds nothing back."""
    evidence = await terminal.prove()
    assert (evidence.verdict, evidence.run.verdict) == (ProofVerdict.PASSED, None)
    assert verdicts(evidence) == {"s1": StepVerdict.PASSED, "s2": StepVerdict.PASSED}
    assert evidence.reason.startswith("2 of 2 automatic steps passed")
    assert evidence.run.steps[0].covered_s >= 10


async def test_what_is_broken_has_failed(terminal: Terminal) -> None:
    """Beyond doubt, as a confirm run has it, so that it can be the before of the next one; and within seconds."""
    terminal.shop.broken["/checkout"] = 1.0
    began = terminal.clock.now()
    evidence = await terminal.prove(service=checkout(proof=replace(checkout().proof, window_s=60.0)))
    assert (evidence.verdict, evidence.run.kind) == (ProofVerdict.FAILED, RunKind.CONFIRM)
    assert evidence.reason.startswith("Step 1 fails")
    assert verdicts(evidence)["s2"] is StepVerdict.INCONCLUSIVE
    assert terminal.clock.now() - began < 30


async def test_what_could_not_be_looked_at_is_inconclusive(terminal: Terminal) -> None:
    """Our own network is no evidence."""
    terminal.shop.fault = Fault(kind=FaultKind.UNREACHABLE)
    evidence = await terminal.prove()
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert "no network from here" in evidence.reason


async def test_every_sample_is_kept(terminal: Terminal) -> None:
    """In the order of arrival, those that decided and those that did not."""
    evidence = await terminal.prove()
    assert [len(evidence.of(step.step_id)) for step in evidence.run.steps] == [
        step.samples + step.void for step in evidence.run.steps
    ]
    assert len(terminal.shop.requests) >= len(evidence.of("s1")) > 5


async def test_its_progress_is_shown(terminal: Terminal) -> None:
    """From the first sample to the last verdict."""
    shown: list[Run] = []
    evidence = await terminal.prove(show=shown.append)
    assert len(shown) > 2
    assert shown[0].decided < shown[-1].decided == 2
    assert shown[-1].steps == evidence.run.steps


# Telemetry


async def test_without_keys_telemetry_is_not_measured(terminal: Terminal) -> None:
    """And not waited for; the steps that could be looked at decide."""
    terminal.with_keys = False
    evidence = await terminal.prove(MEASURED)
    assert evidence.verdict is ProofVerdict.PASSED
    assert verdicts(evidence)["s3"] is StepVerdict.SKIPPED
    assert "DD_API_KEY" in evidence.run.steps[2].reason
    assert "1 could not be measured" in evidence.reason


async def test_a_metric_that_failed_before_is_not_passed_by_silence(terminal: Terminal) -> None:
    """Keys that are missing after the fix prove nothing of what was red before it."""
    terminal.datadog.value = 0.5
    before = Before(name="before.json", run=(await terminal.prove(MEASURED)).run)
    assert before.run.steps[2].verdict is StepVerdict.FAILED
    terminal.with_keys = False
    evidence = await terminal.prove(MEASURED, before=before)
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE


async def test_a_fresh_deploy_is_not_blamed_for_the_minutes_before(terminal: Terminal) -> None:
    """Alone as well, a metric is read from the run's own time on."""
    evidence = await terminal.prove(MEASURED)
    assert evidence.verdict is ProofVerdict.PASSED


async def test_real_traffic_that_still_fails_is_no_proof(terminal: Terminal) -> None:
    """The same rule as in Slack: the plan does not cover the symptom."""
    before = await terminal.broken()
    terminal.datadog.value = 0.5
    measure = Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01)
    evidence = await terminal.prove(before=before, measure=measure)
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert "real traffic still fails" in evidence.reason


# Compared


async def test_a_fix_is_proven(terminal: Terminal) -> None:
    """It failed before, by the same frozen plan, and passes now."""
    evidence = await terminal.prove(before=await terminal.broken())
    assert (evidence.verdict, evidence.run.verdict) == (ProofVerdict.PROVEN, RecoveryVerdict.PROVEN)
    assert (evidence.run.kind, evidence.before) == (RunKind.VALIDATE, "before.json")


async def test_a_half_fix_is_not_recovered(terminal: Terminal) -> None:
    """Half of the requests still fail."""
    before = await terminal.broken()
    terminal.shop.broken["/checkout"] = 0.5
    evidence = await terminal.prove(before=before)
    assert evidence.verdict is ProofVerdict.NOT_RECOVERED
    assert evidence.reason.startswith("Step 1 still fails")


async def test_what_never_failed_is_unproven(terminal: Terminal) -> None:
    """Everything passes, as it did before."""
    before = Before(name="before.json", run=(await terminal.prove()).run)
    evidence = await terminal.prove(before=before)
    assert evidence.verdict is ProofVerdict.UNPROVEN


# Ended


async def test_a_person_ends_it(terminal: Terminal) -> None:
    """Nothing is said of the service then."""
    asked = 0

    def stopped() -> str | None:
        nonlocal asked
        asked += 1
        return "Ctrl-C" if asked > 4 else None

    evidence = await terminal.prove(stopped=stopped)
    assert (evidence.verdict, evidence.stopped) == (ProofVerdict.INCONCLUSIVE, True)
    assert evidence.reason == "Stopped by Ctrl-C before it was decided."


async def test_a_person_need_not_wait_for_real_traffic(terminal: Terminal) -> None:
    """Datadog has no data yet, which is waited for after the last step; Ctrl-C ends that, too."""
    before = await terminal.broken()
    terminal.datadog.value = None
    last: list[Run] = []
    evidence = await terminal.prove(
        before=before,
        measure=Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01),
        show=lambda run: last.append(run),
        stopped=lambda: "Ctrl-C" if last and last[-1].decided == 2 else None,
    )
    assert verdicts(evidence) == {"s1": StepVerdict.PASSED, "s2": StepVerdict.PASSED}
    assert (evidence.verdict, evidence.stopped) == (ProofVerdict.INCONCLUSIVE, True)


async def test_a_plan_for_people_alone_says_so(terminal: Terminal) -> None:
    """Nothing ran, so nothing is known."""
    evidence = await terminal.prove(replace(PLAN, steps=(ASKED,)))
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert "no automatic step" in evidence.reason


async def test_the_kill_switch_ends_it(terminal: Terminal) -> None:
    """Pulled while it runs: within a second nothing more is sent."""
    proof = replace(checkout().proof, window_s=3000.0)
    async with terminal.clock.flowing():
        running = asyncio.create_task(terminal.proving().prove(PLAN, checkout(proof=proof)), name="proof")
        while not terminal.shop.requests:
            await asyncio.sleep(0.005)
        await terminal.store.halt("U0MIRA")
        async with asyncio.timeout(2):
            evidence = await running
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert "U0MIRA" in evidence.reason
    await terminal.store.resume()


async def test_nothing_is_sent_while_all_is_stopped(terminal: Terminal) -> None:
    """The kill switch was pulled before."""
    await terminal.store.halt("U0MIRA")
    evidence = await terminal.prove()
    await terminal.store.resume()
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert terminal.shop.requests == []


async def test_the_services_rate_is_shared_with_the_bot(terminal: Terminal) -> None:
    """What the hour allows is one total for all processes: what is spent elsewhere is spent here, too."""
    tight = checkout(allow=replace(checkout().allow, requests_per_hour=5))
    evidence = await terminal.prove(service=tight)
    assert evidence.verdict is ProofVerdict.INCONCLUSIVE
    assert len(terminal.shop.requests) <= 5
    again = await terminal.prove(service=tight)
    assert len(terminal.shop.requests) <= 5
    assert again.verdict is ProofVerdict.INCONCLUSIVE


# Replayed

assert isinstance(PAID.check, HttpCheck)
BY_INPUT = replace(PAID, check=replace(PAID.check, inputs=('{"a":1}', '{"a":2}', '{"a":3}')))


def sample(number: int, *, failing: str = "", **changes: Any) -> Sample:
    failures = (AssertionResult(source=failing, held=False, seen="503", expected="200"),) if failing else ()
    outcome = Outcome.FAILED if failing else Outcome.PASSED
    known: dict[str, Any] = {"status": 503 if failing else 200, "failures": failures, "outcome": outcome, "at": 1.0}
    return Sample(number=number, **{**known, **changes})


def test_each_way_to_fail_and_each_input_is_sent_again() -> None:
    """The rest is a spread over the whole run, and there is a limit."""
    seen = [sample(number, failing="status == 200" if number in (40, 41) else "") for number in range(1, 100)]
    seen[59] = sample(60, failing="json $.total == 19.99")
    seen[0] = sample(1, outcome=Outcome.VOID)
    chosen = [each.number for each in worth_sending(BY_INPUT, seen, 10)]
    assert {40, 60, 2, 3, 4} <= set(chosen)
    assert len(chosen) == 10
    assert max(chosen) > 50
    assert 1 not in chosen
    assert chosen == sorted(chosen)


@pytest.mark.parametrize(
    ("recorded", "now", "differs"),
    [
        (sample(1), sample(1), ()),
        (sample(1, digest="aa"), sample(1, digest="bb"), ()),
        (sample(1), sample(1, status=204), ("status 200 → 204",)),
        (
            sample(1, failing="status == 200"),
            sample(1),
            ("status 503 → 200", "failed → passed", "holds now: status == 200"),
        ),
        (
            sample(1, shape='{"id":"number"}'),
            sample(1, shape='{"id":"text"}'),
            None,
        ),
    ],
)
def test_what_differs_is_said(recorded: Sample, now: Sample, differs: tuple[str, ...] | None) -> None:
    """Status, verdict, each expectation and the body's shape; another body alone counts for nothing."""
    found = compared(PAID, recorded, now)
    assert found.looked
    assert (len(found.differs) == 1 and "id" in found.differs[0]) if differs is None else found.differs == differs


async def test_a_replay_tells_a_fixed_service_from_a_broken_one(terminal: Terminal) -> None:
    """Through the same gate and rate as a run."""
    terminal.shop.broken["/checkout"] = 1.0
    evidence = await terminal.prove()
    replaying = Replaying(terminal.store, prober=terminal.shop, clock=terminal.clock)
    async with terminal.clock.flowing():
        same = await replaying.replay(evidence, terminal.service, most=3)
        terminal.shop.broken.clear()
        fixed = await replaying.replay(evidence, terminal.service, most=3)
    assert [each.differs for each in same] == [()] * len(same)
    assert [bool(each.differs) for each in fixed] == [each.step.id == "s1" for each in fixed]
    assert {each.step.id for each in fixed} == {"s1", "s2"}


async def test_a_replay_that_cannot_look_says_why(terminal: Terminal) -> None:
    """The hour's requests are spent, the kill switch is pulled, or the network is down."""
    evidence = await terminal.prove()
    replaying = Replaying(terminal.store, prober=terminal.shop, clock=terminal.clock)
    async with terminal.clock.flowing():
        spent = await replaying.replay(evidence, checkout(allow=replace(checkout().allow, requests_per_hour=1)), most=2)
        terminal.shop.fault = Fault(kind=FaultKind.UNREACHABLE)
        blind = await replaying.replay(evidence, terminal.service, most=2)
        await terminal.store.halt("U0MIRA")
        halted = await replaying.replay(evidence, terminal.service, most=2)
        await terminal.store.resume()
    assert {each.why_not for each in spent} == {"the service's requests of this hour are spent"}
    assert {each.why_not for each in blind} == {"no network from here"}
    assert {each.why_not for each in halted} == {"stopped"}
    assert not any(each.looked or each.differs for each in (*spent, *blind, *halted))


@pytest.mark.parametrize("when", ["at once", "during the steps", "while real traffic is measured"])
async def test_a_store_that_goes_away_is_told_as_such(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """However deep in the tasks of a run or a replay: people get its sentence, and no traceback."""
    before = await terminal.broken()
    evidence = await terminal.prove()
    decided, asked = [-1], 0

    async def halted_by(self: RedisStore) -> str | None:
        nonlocal asked
        asked += 1
        if when == "at once" or (asked > 1 and when == "during the steps") or decided[-1] == 2:
            raise StoreUnavailable("The store did not answer.")
        return None

    monkeypatch.setattr(RedisStore, "halted_by", halted_by)
    terminal.datadog.value = None
    measure = Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01)
    with pytest.raises(StoreUnavailable):
        await terminal.prove(before=before, measure=measure, show=lambda run: decided.append(run.decided))
    asked = 0
    replaying = Replaying(terminal.store, prober=terminal.shop, clock=terminal.clock)
    with pytest.raises(StoreUnavailable):
        await replaying.replay(evidence, terminal.service, most=20)
