"""One incident's thread in every state that a responder can meet, by name. Times count from 02:58 UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fixloop_bot.application.views import Links, ThreadView
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident, RecentChange, SignalLine, State, StatusNote, Tick
from fixloop_bot.domain.plans import (
    HttpCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Plan,
    PlanSource,
    Request,
    Role,
    Step,
)
from fixloop_bot.domain.runs import (
    RecoveryVerdict,
    Run,
    RunKind,
    StepPhase,
    StepProgress,
    StepVerdict,
    TrafficReading,
)
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Transition
from fixloop_bot.domain.verdicts import judge
from tests.strategies import run_line

ALERT = 1_790_305_080.0
"""2026-09-25 02:58 UTC."""
MIRA, JONAS = "U0MIRA0001", "U0JONAS001"
ERRORS = "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"
SUM = "sum($.items[*].price * $.items[*].qty)"
PAY = "POST /checkout"
CURL = (
    "curl -sS -X POST 'https://checkout.example.com/checkout' "
    '-H "authorization: Bearer $CHECKOUT_TOKEN" '
    """-d '{"items":[{"sku":"A1","price":19.99,"qty":1}]}'"""
)


def minutes(count: float) -> float:
    return ALERT + 60 * count


SIGNAL = SignalLine(
    identity="cycle:1",
    identity_kind=IdentityKind.CYCLE,
    title="Error rate of checkout is high",
    transition=Transition.TRIGGERED,
    first_at=ALERT,
    last_at=ALERT,
    value=0.31,
    measure=Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01),
    monitor_id="4711",
    scope="service:checkout,env:prod",
    link="https://app.datadoghq.com/event/event?id=815",
)
SLOW = replace(
    SIGNAL,
    identity="cycle:2",
    title="Checkout is slow",
    value=None,
    measure=Measure(query="p95:shop.latency_ms{service:checkout}", comparator=Comparator.ABOVE, limit=400),
    link="https://app.datadoghq.com/event/event?id=816",
)
STEPS = (
    Step(
        id="s1",
        title="A cart can be paid",
        role=Role.CONFIRMATION,
        check=HttpCheck(
            request=Request(method="POST", path="/checkout"),
            expect=(
                "status == 200",
                f"json $.total == {SUM}",
                "json $.items length == 1",
                "header x-request-id exists",
            ),
        ),
    ),
    Step(
        id="s2",
        title="Checkout is fast again",
        role=Role.CONFIRMATION,
        check=HttpCheck(request=Request(method="POST", path="/checkout"), expect=("status == 200", "p95 < 400 ms")),
    ),
    Step(
        id="s3",
        title="The error rate is under 1 % again",
        role=Role.CONFIRMATION,
        check=MetricCheck(query=ERRORS, healthy_when="<=", limit=0.01),
    ),
    Step(
        id="s4",
        title="The catalog still works",
        role=Role.CONTROL,
        check=HttpCheck(request=Request(path="/catalog"), expect=("status == 200", "json $.items length == 12")),
    ),
    Step(
        id="s5",
        title="Ask support: are refunds open?",
        role=Role.CONFIRMATION,
        check=ManualCheck(instruction="Ask support whether refunds work again, and when the last complaint came in."),
    ),
)
PLAN = Plan(version=1, source=PlanSource.MODEL, steps=STEPS, author="MiniMax-M2.5", made_at=minutes(0.2), seconds=6)
STANDARD = Plan(
    version=1,
    source=PlanSource.STANDARD,
    steps=(
        *STEPS[:4],
        replace(STEPS[3], id="s5", title="The monitor is OK again", check=MonitorCheck(monitor_id="4711")),
    ),
    note="standard plan: MINIMAX_API_KEY is not set",
    made_at=minutes(0.2),
)
LINKS = Links(
    metric="https://app.datadoghq.com/metric/explorer?start=1&end=2#N4Ig",
    monitor="https://app.datadoghq.com/monitors/4711",
    logs="https://app.datadoghq.com/logs?query=service%3Acheckout",
    runbook="https://wiki.example.com/checkout",
)
OPENED = Incident(
    id="INC-42",
    number=42,
    service_key="checkout|prod",
    service="checkout",
    label="checkout",
    env="prod",
    title="Error rate of checkout is high",
    severity="SEV2",
    channel="C0INCIDENT",
    opened_at=ALERT,
    signals=(SIGNAL,),
    planning_since=minutes(0.05),
)
PLANNED = replace(
    OPENED, planning_since=None, plan=PLAN, plans_made=1, ticked=("s1", "s2", "s3", "s4"), checklist_revision=1
)


def broken(number: int, at: float, *, status: int = 503) -> Sample:
    failure = AssertionResult(source="status == 200", held=False, seen=str(status), expected="200", subject="status")
    return Sample(
        number=number,
        at=at,
        outcome=Outcome.FAILED,
        request=PAY,
        status=status,
        latency_ms=84.2,
        failures=(failure,),
        replica="shop-3",
        curl=CURL,
    )


def wrong_total(number: int, at: float) -> Sample:
    failure = AssertionResult(
        source=f"json $.total == {SUM}", held=False, seen="19.98", expected=f"19.99 ({SUM})", subject="$.total"
    )
    return replace(broken(number, at, status=200), failures=(failure,))


def reading(value: float, at: float) -> Sample:
    outcome = Outcome.FAILED if value > 0.01 else Outcome.PASSED
    failure = AssertionResult(source=ERRORS, held=False, seen=f"{value:.4g}", expected="<= 0.01", subject="the metric")
    return Sample(
        number=3, at=at, outcome=outcome, value=value, failures=(failure,) if outcome is Outcome.FAILED else ()
    )


def blind(number: int, at: float) -> Sample:
    return Sample(number=number, at=at, outcome=Outcome.VOID, request=PAY, fault=Fault(kind=FaultKind.UNREACHABLE))


def failed(step_id: str, seen: int, wrong: int, *examples: Sample, **more: Any) -> StepProgress:
    common = f"{examples[0].reason()} ({wrong} of {seen} failed)"
    return StepProgress(
        step_id=step_id,
        phase=StepPhase.DONE,
        verdict=StepVerdict.FAILED,
        reason=common,
        samples=seen,
        failed=wrong,
        failures=examples,
        **more,
    )


def passed(step_id: str, seen: int = 105, p95_ms: float = 84.4, **more: Any) -> StepProgress:
    claim = f"error < 5 % at 99 % confidence: {seen} samples over 60 s, 0 failures"
    return StepProgress(
        step_id=step_id,
        phase=StepPhase.DONE,
        verdict=StepVerdict.PASSED,
        samples=seen,
        p95_ms=p95_ms,
        **{"claim": claim, "covered_s": 60.0, **more},
    )


def metric(value: float, at: float, verdict: StepVerdict) -> StepProgress:
    sample = reading(value, at)
    was_bad = verdict is StepVerdict.FAILED
    return StepProgress(
        step_id="s3",
        phase=StepPhase.DONE,
        verdict=verdict,
        reason=sample.reason(),
        samples=3,
        value=value,
        failures=(sample,) if was_bad else (),
        passes=() if was_bad else (sample,),
    )


def under_way(step_id: str, *, phase: StepPhase = StepPhase.RUNNING, **more: Any) -> StepProgress:
    return StepProgress(step_id=step_id, phase=phase, **more)


CONFIRMED_STEPS = (
    failed("s1", 20, 7, broken(3, minutes(0.5)), p95_ms=91.0),
    passed("s2"),
    metric(0.31, minutes(0.5), StepVerdict.FAILED),
    passed("s4", 90, 12.3),
)
CONFIRM = Run(
    id="INC-42-r1",
    incident_id="INC-42",
    number=1,
    kind=RunKind.CONFIRM,
    plan=PLAN,
    step_ids=("s1", "s2", "s3", "s4"),
    service="checkout",
    started_by="fixloop",
    started_at=minutes(0.25),
    finished_at=minutes(1.3),
    steps=CONFIRMED_STEPS,
)
GOOD_STEPS = (
    passed("s1"),
    passed("s2", 97, 212.0),
    metric(0.001, minutes(25), StepVerdict.PASSED),
    passed("s4", 90, 12.3),
)
VALIDATE = replace(
    CONFIRM,
    id="INC-42-r2",
    number=2,
    kind=RunKind.VALIDATE,
    started_by=MIRA,
    started_at=minutes(24),
    finished_at=minutes(25.2),
    steps=GOOD_STEPS,
)
TRAFFIC = TrafficReading(query=ERRORS, value=0.0012, limit=0.01)
SOAK = replace(
    CONFIRM,
    id="INC-42-r3",
    number=3,
    kind=RunKind.SOAK,
    started_at=minutes(25.2),
    finished_at=minutes(35.2),
    steps=(passed("s1", 300), passed("s2", 300), passed("s4", 300)),
)


def view(incident: Incident, *, now: float, **more: Any) -> ThreadView:
    return ThreadView(incident=incident, service=None, links=LINKS, now=now, **more)


def after(*runs: Run, incident: Incident = PLANNED, **more: Any) -> Incident:
    """The incident as it remembers these runs."""
    return replace(incident, runs=tuple(run_line(run) for run in runs), **more)


def judged(run: Run, traffic: TrafficReading | None = TRAFFIC, confirm: Run | None = CONFIRM) -> Run:
    judgement = judge(validate=run, confirm=confirm, traffic=traffic)
    return replace(run, verdict=judgement.verdict, reason=judgement.reason, traffic=traffic)


def validated(run: Run, *, state: State = State.REPRODUCED, confirm: Run | None = CONFIRM, **more: Any) -> ThreadView:
    held = [each for each in (confirm, run) if each is not None]
    incident = after(*held, state=state, verdict=run.verdict, verdict_reason=run.reason, **more)
    return view(incident, now=minutes(25.3), confirm=confirm, shown=run)


def proven() -> ThreadView:
    run = judged(VALIDATE)
    seen = validated(run, state=State.RECOVERED, soak_run=SOAK.id, soak_until=minutes(35.2))
    return replace(seen, soak=replace(SOAK, finished_at=None, steps=()))


def quiet() -> ThreadView:
    run = judged(VALIDATE)
    incident = after(
        CONFIRM, run, SOAK, state=State.RECOVERED, verdict=run.verdict, verdict_reason=run.reason, soak_held=True
    )
    return view(incident, now=minutes(36), confirm=CONFIRM, shown=run, soak=SOAK)


def _resolves(at: float, verdict: str) -> Entry:
    return Entry(at=at, who=MIRA, kind=Happening.RESOLVED, what=f"resolved ({verdict})", about=verdict)


def resolved(seen: ThreadView, *, at: float) -> ThreadView:
    incident = seen.incident
    verdict = incident.verdict.value if incident.verdict is not None else "not validated"
    ended = replace(
        incident,
        state=State.RESOLVED,
        resolved_at=at,
        resolved_by=MIRA,
        timeline=(*incident.timeline, _resolves(at, verdict)),
    )
    return replace(seen, incident=ended, now=at)


def reproducing() -> ThreadView:
    steps = (
        failed("s1", 20, 7, broken(3, minutes(0.5)), p95_ms=91.0),
        under_way("s2", samples=11, leaning="leaning yes", p95_ms=212.0, window_left_s=18),
        under_way("s3", window_left_s=18, value=0.31),
        under_way("s4", phase=StepPhase.WAITING),
    )
    run = replace(CONFIRM, finished_at=None, steps=steps)
    return view(after(run, active_run=run.id), now=minutes(0.6), confirm=run, shown=run)


def reproduced() -> ThreadView:
    return view(after(CONFIRM, state=State.REPRODUCED), now=minutes(1.4), confirm=CONFIRM, shown=CONFIRM)


def not_reproduced() -> ThreadView:
    run = replace(
        CONFIRM, steps=(passed("s1"), passed("s2"), metric(0.002, minutes(1), StepVerdict.PASSED), passed("s4"))
    )
    return view(after(run), now=minutes(1.4), confirm=run, shown=run)


def telemetry_alone() -> ThreadView:
    """Real traffic fails, and no request of the plan does: the plan asks for the wrong things."""
    run = replace(
        CONFIRM, steps=(passed("s1"), passed("s2"), metric(0.31, minutes(1), StepVerdict.FAILED), passed("s4"))
    )
    return view(after(run, state=State.REPRODUCED), now=minutes(1.4), confirm=run, shown=run)


def confirm_stopped() -> ThreadView:
    lost = [
        StepProgress(step_id=each, phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason="stopped", samples=4)
        for each in ("s1", "s2", "s3", "s4")
    ]
    run = replace(CONFIRM, steps=tuple(lost), stopped_by=JONAS)
    return view(after(run), now=minutes(1.4), confirm=run, shown=run)


def validating() -> ThreadView:
    steps = (
        under_way("s1", samples=60, leaning="leaning yes", p95_ms=84.4, window_left_s=27),
        under_way("s2", samples=40, leaning="leaning no", failed=9, p95_ms=612.0, window_left_s=27),
        under_way("s3", value=0.12, window_left_s=27),
        passed("s4", 90, 12.3),
    )
    run = replace(VALIDATE, finished_at=None, steps=steps)
    incident = after(CONFIRM, run, state=State.REPRODUCED, active_run=run.id)
    return view(incident, now=minutes(24.6), confirm=CONFIRM, shown=run)


def unproven() -> ThreadView:
    calm = not_reproduced()
    run = judged(VALIDATE, confirm=calm.confirm)
    return validated(run, state=State.OPEN, confirm=calm.confirm)


def not_recovered() -> ThreadView:
    steps = (
        failed("s1", 17, 2, wrong_total(4, minutes(24.2)), p95_ms=88.0),
        passed("s2"),
        metric(0.12, minutes(25), StepVerdict.FAILED),
        passed("s4", 90, 12.3),
    )
    return validated(judged(replace(VALIDATE, steps=steps)))


def broken_by_the_fix() -> ThreadView:
    steps = (*GOOD_STEPS[:3], failed("s4", 6, 6, replace(broken(1, minutes(24.1), status=404), request="GET /catalog")))
    return validated(judged(replace(VALIDATE, steps=steps)))


def own_network() -> ThreadView:
    blinded = StepProgress(
        step_id="s1",
        phase=StepPhase.DONE,
        verdict=StepVerdict.INCONCLUSIVE,
        reason="could not look: no network from here",
        void=8,
        voids=(blind(1, minutes(24.1)),),
    )
    unread = StepProgress(
        step_id="s3",
        phase=StepPhase.DONE,
        verdict=StepVerdict.SKIPPED,
        reason="not measured: Datadog could not be asked: no answer in time",
        void=3,
    )
    steps = (blinded, replace(blinded, step_id="s2"), unread, replace(blinded, step_id="s4"))
    return validated(judged(replace(VALIDATE, steps=steps), traffic=TrafficReading(why_not="no answer in time")))


def not_covered() -> ThreadView:
    return validated(judged(VALIDATE, traffic=replace(TRAFFIC, value=0.27, breached=True)))


def taken_back() -> ThreadView:
    run = judged(VALIDATE)
    again = replace(
        SOAK,
        finished_at=minutes(30),
        steps=(failed("s1", 30, 2, broken(29, minutes(29.9))), passed("s2", 30), passed("s4", 30)),
    )
    incident = after(CONFIRM, run, again, state=State.REPRODUCED, reopened=1)
    return view(incident, now=minutes(30), confirm=CONFIRM, shown=run, soak=again)


def reopened() -> ThreadView:
    seen = resolved(quiet(), at=minutes(38))
    again = replace(SIGNAL, transition=Transition.RE_TRIGGERED, last_at=minutes(50), value=0.22)
    incident = replace(
        seen.incident,
        state=State.OPEN,
        resolved_at=None,
        resolved_by=None,
        verdict=None,
        verdict_reason="",
        soak_held=False,
        reopened=1,
        signals=(again,),
    )
    return replace(seen, incident=incident, now=minutes(51))


def no_catalog_entry() -> ThreadView:
    by_hand = tuple(
        replace(STEPS[4], id=f"s{number}", title=title)
        for number, title in enumerate(("Ask support: can customers do it again?", "The error logs are quiet"), start=1)
    )
    plan = replace(STANDARD, steps=by_hand, note="standard plan: no catalog entry matches")
    incident = replace(
        PLANNED, service=None, label="billing", title="Queue is long", plan=plan, ticked=(), severity=None
    )
    signal = replace(SIGNAL, title="Queue is long", value=None, measure=None, link=None)
    return ThreadView(incident=replace(incident, signals=(signal,)), service=None, now=minutes(1))


def unknown_transition() -> ThreadView:
    vague = replace(SIGNAL, transition=Transition.UNKNOWN, value=None, measure=None)
    return view(replace(PLANNED, signals=(vague,)), now=minutes(0.4))


def done_by_hand() -> ThreadView:
    seen = reproduced()
    done = Tick(step_id="s5", by=JONAS, at=minutes(20))
    return replace(seen, incident=replace(seen.incident, manual=(done,), checklist_revision=2), now=minutes(20))


def taken_over() -> ThreadView:
    seen = validating()
    assert seen.shown is not None
    return replace(seen, shown=replace(seen.shown, attempt=2, taken_over_at=minutes(24.5)))


def stopped() -> ThreadView:
    steps = tuple(
        StepProgress(step_id=each, phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason="stopped", samples=9)
        for each in ("s1", "s2", "s3", "s4")
    )
    reason = "Stopped before it was decided."
    run = replace(VALIDATE, steps=steps, stopped_by=MIRA, verdict=RecoveryVerdict.INCONCLUSIVE, reason=reason)
    return validated(run)


def several_signals() -> ThreadView:
    recovered = replace(SIGNAL, identity="cycle:3", title="Checkout has few orders", transition=Transition.RECOVERED)
    many = tuple(
        replace(SLOW, identity=f"cycle:{number}", title=f"Checkout is slow in zone {number}")
        for number in range(10, 15)
    )
    incident = replace(PLANNED, signals=(recovered, SIGNAL, SLOW, *many))
    return view(incident, now=minutes(3))


def attended_to(**changes: Any) -> ThreadView:
    """Reproduced, with people on it and a deploy before it."""
    seen = reproduced()
    deploy = RecentChange(at=minutes(-7), what="deploy checkout 2.14.0", link="https://app.datadoghq.com/event/1")
    known: dict[str, Any] = {
        "acknowledged_by": MIRA,
        "acknowledged_at": minutes(3),
        "lead": MIRA,
        "fixer": JONAS,
        "note": StatusNote(text="Rolling back 2.14.0, ready in 5 min.", by=JONAS, at=minutes(6)),
        "changes": (deploy, replace(deploy, at=minutes(-90), what="flag new-prices on")),
    }
    return replace(seen, incident=replace(seen.incident, **{**known, **changes}), now=minutes(7))


def edited_plan() -> ThreadView:
    plan = replace(PLAN, version=2, source=PlanSource.PERSON, author=MIRA, note="the refund path", made_at=minutes(9))
    incident = replace(PLANNED, plan=plan, plans_made=2, acknowledged_by=MIRA, acknowledged_at=minutes(3), lead=MIRA)
    return view(incident, now=minutes(9))


def declared() -> ThreadView:
    """Opened by hand: no monitor has said anything."""
    incident = replace(PLANNED, signals=(), title="Refunds hang for German customers", declared_by=JONAS)
    return view(incident, now=minutes(1))


STATES: Mapping[str, Callable[[], ThreadView]] = {
    "just opened": lambda: view(replace(OPENED, planning_since=None), now=ALERT),
    "planning": lambda: view(OPENED, now=minutes(0.1)),
    "plan posted": lambda: view(PLANNED, now=minutes(0.2)),
    "standard plan posted": lambda: view(
        replace(PLANNED, plan=STANDARD, ticked=("s1", "s2", "s3", "s4", "s5")), now=minutes(0.2)
    ),
    "reproducing": reproducing,
    "reproduced": reproduced,
    "not reproduced": not_reproduced,
    "telemetry alone": telemetry_alone,
    "confirm stopped": confirm_stopped,
    "new plan asked for": lambda: replace(
        not_reproduced(), incident=replace(not_reproduced().incident, planning_since=minutes(2))
    ),
    "validating": validating,
    "proven and watching": proven,
    "proven and quiet": quiet,
    "unproven": unproven,
    "not recovered": not_recovered,
    "broken by the fix": broken_by_the_fix,
    "inconclusive, own network": own_network,
    "inconclusive, plan does not cover the symptom": not_covered,
    "validate stopped": stopped,
    "taken back by the watch": taken_back,
    "resolved proven": lambda: resolved(quiet(), at=minutes(38)),
    "resolved not recovered": lambda: resolved(not_recovered(), at=minutes(38)),
    "resolved without validation": lambda: resolved(reproduced(), at=minutes(38)),
    "reopened": reopened,
    "no catalog entry": no_catalog_entry,
    "unknown transition": unknown_transition,
    "several signals": several_signals,
    "manual step done by a person": done_by_hand,
    "taken over by another worker": taken_over,
    "people are on it": attended_to,
    "muted and merged": lambda: attended_to(muted_until=minutes(120), merged=("INC-43", "INC-44"), fixer=None),
    "plan edited by a person": edited_plan,
    "declared by a person": declared,
}
