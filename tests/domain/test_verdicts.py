"""The recovery verdict follows the rules of proof, row by row of its table, and says why in one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.plans import HttpCheck, ManualCheck, MetricCheck, Plan, PlanSource, Request, Role, Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepProgress, StepVerdict, TrafficReading
from fixloop_bot.domain.samples import AssertionResult, Outcome, Sample
from fixloop_bot.domain.verdicts import judge, proving_steps

PASSED, FAILED, SKIPPED, INCONCLUSIVE = (
    StepVerdict.PASSED,
    StepVerdict.FAILED,
    StepVerdict.SKIPPED,
    StepVerdict.INCONCLUSIVE,
)
RATE = "sum:errors{*}.as_count() / sum:requests{*}.as_count()"
REQUEST = HttpCheck(request=Request(method="POST", path="/checkout"), expect=("status == 200",))
STEPS = (
    Step(id="s1", title="pay", role=Role.CONFIRMATION, check=REQUEST),
    Step(id="s2", title="errors", role=Role.CONFIRMATION, check=MetricCheck(query=RATE, healthy_when="<=", limit=0.02)),
    Step(id="s3", title="catalog", role=Role.CONTROL, check=HttpCheck(request=Request(path="/"), expect=())),
    Step(id="s4", title="support", role=Role.CONFIRMATION, check=ManualCheck(instruction="ask")),
)
PLAN = Plan(version=1, source=PlanSource.STANDARD, steps=STEPS)
GOOD = TrafficReading(query=RATE, value=0.001, limit=0.02)
BAD = replace(GOOD, value=0.12, breached=True)
OTHER = Plan(version=2, source=PlanSource.STANDARD, steps=STEPS[:3])


def sample(seen: str = "503", wanted: str = "200", subject: str = "status", source: str = "status == 200") -> Sample:
    failure = AssertionResult(source=source, held=False, seen=seen, expected=wanted, subject=subject)
    return Sample(number=1, at=0.0, outcome=Outcome.FAILED, failures=(failure,))


def step(step_id: str, verdict: StepVerdict | None, **more: object) -> StepProgress:
    examples = (sample(),) if verdict is FAILED and step_id != "s2" else ()
    facts = {"samples": 20, "failed": 7 if examples else 0, "failures": examples, "value": 0.25} | more
    return StepProgress(step_id=step_id, phase=StepPhase.DONE, verdict=verdict, **facts)  # type: ignore[arg-type]


def run(kind: RunKind, *verdicts: StepVerdict | None, plan: Plan = PLAN) -> Run:
    automatic = [each.id for each in plan.steps if not each.manual][: len(verdicts)]
    return Run(
        id="r",
        incident_id="INC-1",
        number=1,
        kind=kind,
        plan=plan,
        step_ids=tuple(automatic),
        service="checkout",
        started_by="fixloop",
        started_at=0.0,
        finished_at=60.0,
        steps=tuple(step(name, verdict) for name, verdict in zip(automatic, verdicts, strict=True)),
    )


def before(*verdicts: StepVerdict | None, plan: Plan = PLAN) -> Run:
    return run(RunKind.CONFIRM, *verdicts, plan=plan)


def now(*verdicts: StepVerdict | None) -> Run:
    return run(RunKind.VALIDATE, *verdicts)


BROKEN = before(FAILED, FAILED, PASSED)

TABLE = {
    "proven": (
        now(PASSED, PASSED, PASSED),
        BROKEN,
        GOOD,
        "Steps 1 and 2 failed before and pass now. Real traffic: error share 0.1 %, limit 2 %.",
    ),
    "proven by one step": (
        now(PASSED, SKIPPED, PASSED),
        BROKEN,
        GOOD,
        "Step 1 failed before and passes now. Real traffic: error share 0.1 %, limit 2 %.",
    ),
    "proven by a control that had failed": (
        now(PASSED, PASSED, PASSED),
        before(PASSED, PASSED, FAILED),
        GOOD,
        "Step 3 failed before and passes now. Real traffic: error share 0.1 %, limit 2 %.",
    ),
    "proven, not measured": (
        now(PASSED, PASSED, PASSED),
        BROKEN,
        TrafficReading(why_not="the alert names no metric"),
        "Steps 1 and 2 failed before and pass now. Real traffic: not measured (the alert names no metric).",
    ),
    "proven, no telemetry": (
        now(PASSED, PASSED, PASSED),
        BROKEN,
        None,
        "Steps 1 and 2 failed before and pass now. Real traffic: not measured (no telemetry).",
    ),
    "not recovered": (
        now(FAILED, PASSED, PASSED),
        BROKEN,
        GOOD,
        "Step 1 still fails in 7 of 20 tries: status was 503, expected 200.",
    ),
    "not recovered, two": (
        now(FAILED, FAILED, PASSED),
        BROKEN,
        GOOD,
        "Step 1 still fails in 7 of 20 tries: status was 503, expected 200. Step 2 fails too.",
    ),
    "not recovered, all": (
        now(FAILED, FAILED, FAILED),
        BROKEN,
        BAD,
        "Step 1 still fails in 7 of 20 tries: status was 503, expected 200. Steps 2 and 3 fail too.",
    ),
    "not recovered, the metric": (
        now(PASSED, FAILED, PASSED),
        BROKEN,
        GOOD,
        "Step 2 still fails: error share is 25 %, must be at most 2 %.",
    ),
    "not recovered, broken by the fix": (
        now(PASSED, PASSED, FAILED),
        BROKEN,
        GOOD,
        "Step 3 passed before and now fails in 7 of 20 tries: status was 503, expected 200.",
    ),
    "not recovered, never confirmed": (
        now(FAILED, PASSED, PASSED),
        None,
        GOOD,
        "Step 1 fails in 7 of 20 tries: status was 503, expected 200.",
    ),
    "not recovered although another could not look": (
        now(FAILED, INCONCLUSIVE, PASSED),
        BROKEN,
        GOOD,
        "Step 1 still fails in 7 of 20 tries: status was 503, expected 200.",
    ),
    "unproven, nothing had failed": (
        now(PASSED, PASSED, PASSED),
        before(PASSED, PASSED, PASSED),
        GOOD,
        "Everything passes, but nothing that ran now had failed before.",
    ),
    "unproven, no confirm run": (
        now(PASSED, PASSED, PASSED),
        None,
        GOOD,
        "Everything passes, but this plan was never run before the fix.",
    ),
    "unproven, confirm run going": (
        now(PASSED, PASSED, PASSED),
        replace(BROKEN, finished_at=None),
        GOOD,
        "Everything passes, but this plan was never run before the fix.",
    ),
    "unproven, another plan": (
        now(PASSED, PASSED, PASSED),
        before(FAILED, FAILED, PASSED, plan=OTHER),
        GOOD,
        "Everything passes, but the plan was changed after the confirm run.",
    ),
    "unproven, and real traffic fails": (
        now(PASSED, PASSED, PASSED),
        before(PASSED, PASSED, PASSED),
        BAD,
        "Everything passes, but nothing that ran now had failed before. "
        "Besides, real traffic still fails (error share 12 %, limit 2 %).",
    ),
    "inconclusive, real traffic fails": (
        now(PASSED, PASSED, PASSED),
        BROKEN,
        BAD,
        "The steps pass, but real traffic still fails (error share 12 %, limit 2 %): "
        "the plan does not cover the symptom.",
    ),
    "inconclusive, nothing ran": (now(), BROKEN, GOOD, "No automatic step was ticked, so nothing ran."),
    "inconclusive, nothing measured": (
        now(SKIPPED, SKIPPED),
        BROKEN,
        GOOD,
        "No step could be measured, so nothing is known.",
    ),
    "inconclusive, undecided": (
        now(INCONCLUSIVE, PASSED, PASSED),
        BROKEN,
        GOOD,
        "Step 1 could not be decided: not finished.",
    ),
    "inconclusive, not finished": (now(None, PASSED), BROKEN, GOOD, "Step 1 could not be decided: not finished."),
}


@pytest.mark.parametrize("row", TABLE)
def test_every_row_of_the_table(row: str) -> None:
    """The verdict and its sentence."""
    validate, confirm, traffic, reason = TABLE[row]
    judgement = judge(validate=validate, confirm=confirm, traffic=traffic)
    assert row.startswith(judgement.verdict.value)
    assert judgement.reason == reason


def test_a_before_of_another_address_proves_nothing() -> None:
    """What failed there may still fail there; a run from before addresses were kept counts as it did."""
    here, there = "https://new.example", "https://old.example"
    moved = judge(
        validate=replace(now(PASSED, PASSED, PASSED), base_url=here),
        confirm=replace(BROKEN, base_url=there),
        traffic=BAD,
    )
    assert moved.verdict is RecoveryVerdict.UNPROVEN
    assert moved.reason.startswith("Everything passes, but the service's address was changed after the confirm run. ")
    assert "real traffic still fails" in moved.reason
    for address in (None, here):
        confirm = replace(BROKEN, base_url=address)
        validate = replace(now(PASSED, PASSED, PASSED), base_url=here)
        assert judge(validate=validate, confirm=confirm, traffic=GOOD).verdict is RecoveryVerdict.PROVEN
    failed = replace(now(FAILED, PASSED, PASSED), base_url=here)
    assert "still" not in judge(validate=failed, confirm=replace(BROKEN, base_url=there), traffic=GOOD).reason
    assert "still fails" in judge(validate=failed, confirm=replace(BROKEN, base_url=here), traffic=GOOD).reason


def test_our_own_blindness_is_never_held_against_the_service() -> None:
    """Steps that could not look are named together, with the fault."""
    blind = step("s1", INCONCLUSIVE, reason="could not look: no network from here")
    validate = replace(
        now(INCONCLUSIVE, PASSED, INCONCLUSIVE), steps=(blind, step("s2", PASSED), replace(blind, step_id="s3"))
    )
    judgement = judge(validate=validate, confirm=BROKEN, traffic=GOOD)
    assert judgement.verdict is RecoveryVerdict.INCONCLUSIVE
    assert judgement.reason == (
        "Steps 1 and 3 could not look, which says nothing about the service: no network from here."
    )


def test_a_formula_is_left_out_of_the_sentence() -> None:
    """Only where the text in brackets is the arithmetic of the expectation itself."""
    computed = sample("19.98", "19.99 (sum($.a[*]))", "$.total", "json $.total == sum($.a[*])")
    named = sample("a", "b (c)", "$.name", 'json $.name == "b (x)"')
    for example, said in ((computed, "$.total was 19.98, expected 19.99."), (named, "$.name was a, expected b (c).")):
        validate = replace(now(FAILED), steps=(step("s1", FAILED, failures=(example,)),))
        assert judge(validate=validate, confirm=BROKEN, traffic=GOOD).reason.endswith(said)


def test_a_step_that_was_not_run_is_not_required() -> None:
    """Left out of the run by a person: it neither helps nor hinders."""
    assert judge(validate=now(PASSED), confirm=BROKEN, traffic=GOOD).verdict is RecoveryVerdict.PROVEN
    assert proving_steps(now(PASSED), BROKEN) == ("s1",)


ANY = st.sampled_from((PASSED, SKIPPED, INCONCLUSIVE, FAILED))
WORSE = (PASSED, SKIPPED, INCONCLUSIVE, FAILED)
RANK = {
    RecoveryVerdict.PROVEN: 2,
    RecoveryVerdict.UNPROVEN: 1,
    RecoveryVerdict.INCONCLUSIVE: 1,
    RecoveryVerdict.NOT_RECOVERED: 0,
}
TRAFFIC = st.sampled_from((GOOD, BAD, None, TrafficReading(why_not="no data")))


@given(
    earlier=st.tuples(ANY, ANY, ANY),
    later=st.tuples(ANY, ANY, ANY),
    traffic=TRAFFIC,
    place=st.integers(min_value=0, max_value=2),
    data=st.data(),
)
def test_a_worse_step_verdict_never_improves_the_recovery_verdict(
    earlier: tuple[StepVerdict, ...],
    later: tuple[StepVerdict, ...],
    traffic: TrafficReading | None,
    place: int,
    data: st.DataObject,
) -> None:
    """Passed, skipped, inconclusive, failed: each step down leaves the verdict as it is or makes it worse."""
    worse = data.draw(st.sampled_from(WORSE[WORSE.index(later[place]) :]))
    lowered = tuple(worse if index == place else each for index, each in enumerate(later))
    confirm = before(*earlier)
    was = judge(validate=now(*later), confirm=confirm, traffic=traffic)
    is_now = judge(validate=now(*lowered), confirm=confirm, traffic=traffic)
    assert RANK[is_now.verdict] <= RANK[was.verdict]


@given(earlier=st.tuples(ANY, ANY, ANY), later=st.tuples(ANY, ANY, ANY), traffic=TRAFFIC)
def test_proven_needs_a_failure_before_and_nothing_wrong_now(
    earlier: tuple[StepVerdict, ...], later: tuple[StepVerdict, ...], traffic: TrafficReading | None
) -> None:
    """Rule of proof 3, from the other side; and every verdict has one or two whole sentences."""
    judgement = judge(validate=now(*later), confirm=before(*earlier), traffic=traffic)
    by_request = [step.repeated for step in STEPS if not step.manual]
    pairs = zip(earlier, later, by_request, strict=True)
    turned = [pair for pair in pairs if pair == (FAILED, PASSED, True)]
    fine = all(each in (PASSED, SKIPPED) for each in later) and not (traffic is not None and traffic.breached)
    assert (judgement.verdict is RecoveryVerdict.PROVEN) == bool(turned and fine)
    assert judgement.reason.endswith(".")
    assert judgement.reason[0].isupper()
    assert ".." not in judgement.reason


def test_a_metric_that_got_well_by_itself_proves_nothing() -> None:
    """A green monitor is evidence: a request of the plan has to have seen the bug."""
    before, after = run(RunKind.CONFIRM, PASSED, FAILED, PASSED), run(RunKind.VALIDATE, PASSED, PASSED, PASSED)
    judgement = judge(validate=after, confirm=before, traffic=GOOD)
    assert (judgement.verdict, judgement.reason) == (
        RecoveryVerdict.UNPROVEN,
        "Everything passes, but only telemetry had failed: no request of this plan ever saw the bug.",
    )
    seen = run(RunKind.CONFIRM, PASSED, FAILED, FAILED)
    assert judge(validate=after, confirm=seen, traffic=GOOD).verdict is RecoveryVerdict.PROVEN, "a control counts, too"
