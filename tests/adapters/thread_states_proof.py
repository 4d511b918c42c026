"""More of the thread's states: checks of other kinds, before against now, the watch's notes and the kill switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    LogsCheck,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.runs import LatencyBand, RecoveryVerdict, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from tests.adapters import thread_states as base
from tests.adapters.thread_states import CONFIRM, GOOD_STEPS, JONAS, SOAK, VALIDATE, failed, judged, minutes, passed

CHECKOUT = Service(name="checkout", base_url="https://checkout.example.com")
WIRE_STEPS = (
    Step(
        id="s1",
        title="The certificate is trusted and lasts",
        role=Role.CONFIRMATION,
        check=TlsCheck(expect=("json $.days_left >= 7",)),
    ),
    Step(
        id="s2",
        title="The name leads to the new balancer",
        role=Role.CONFIRMATION,
        check=DnsCheck(expect=('json $.answers contains "10.0.0.4"',), servers=("10.0.0.2", "10.0.0.3")),
    ),
    Step(id="s3", title="Orders are served", role=Role.CONFIRMATION, check=GrpcCheck(service="orders")),
    Step(
        id="s4",
        title="The live feed answers",
        role=Role.CONTROL,
        check=WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',)),
    ),
    Step(
        id="s5",
        title="Time-outs are as rare as before",
        role=Role.CONFIRMATION,
        check=LogsCheck(query='service:checkout "Timeout"', times_before=2),
    ),
    Step(id="s6", title="The database accepts", role=Role.CONTROL, check=TcpCheck(target="db:5432")),
)
WIRE_PLAN = replace(base.PLAN, steps=WIRE_STEPS)
WIRE_IDS = tuple(step.id for step in WIRE_STEPS)
WIRE_PLANNED = replace(base.PLANNED, plan=WIRE_PLAN, ticked=WIRE_IDS)


def told(number: int, at: float, request: str, source: str, subject: str, seen: str, expected: str) -> Sample:
    """A sample whose document says something else."""
    failure = AssertionResult(source=source, held=False, seen=seen, expected=expected, subject=subject)
    return Sample(number=number, at=at, outcome=Outcome.FAILED, request=request, latency_ms=12.4, failures=(failure,))


def untrusted(number: int, at: float) -> Sample:
    fault = Fault(kind=FaultKind.TLS, detail="certificate has expired")
    return Sample(number=number, at=at, outcome=Outcome.FAILED, request="TLS checkout.example.com:443", fault=fault)


def logged(rate: float, at: float, verdict: StepVerdict) -> StepProgress:
    reason = f"logged {rate:g} times a minute, expected at most 3 (2 × the hour before)"
    sample = Sample(number=2, at=at, outcome=Outcome.FAILED, value=rate)
    bad = verdict is StepVerdict.FAILED
    return StepProgress(
        step_id="s5",
        phase=StepPhase.DONE,
        verdict=verdict,
        reason=reason if bad else "",
        samples=2,
        value=rate,
        failures=(sample,) if bad else (),
    )


def other_checks_failing(at: float) -> tuple[StepProgress, ...]:
    old_name = told(
        2, at, "DNS A checkout.example.com at 10.0.0.3", 'json $.answers contains "10.0.0.4"', "$.answers",
        '["10.0.0.9"]', 'to contain "10.0.0.4"',
    )  # fmt: skip
    not_serving = told(
        1, at, "gRPC health orders", 'json $.status == "SERVING"', "$.status", '"NOT_SERVING"', '"SERVING"'
    )
    return (
        failed("s1", 4, 4, untrusted(1, at)),
        failed("s2", 9, 4, old_name),
        failed("s3", 3, 3, not_serving),
        passed("s4", 90, 4.1),
        logged(42.0, at, StepVerdict.FAILED),
        passed("s6", 90, 1.2),
    )


def other_checks_posted() -> ThreadView:
    return replace(base.view(WIRE_PLANNED, now=minutes(0.2)), service=CHECKOUT)


def other_checks_reproduced() -> ThreadView:
    run = replace(CONFIRM, plan=WIRE_PLAN, step_ids=WIRE_IDS, steps=other_checks_failing(minutes(0.5)))
    incident = base.after(run, incident=WIRE_PLANNED, state=State.REPRODUCED)
    return replace(base.view(incident, now=minutes(1.4), confirm=run, shown=run), service=CHECKOUT)


def certificate_nearly_over() -> ThreadView:
    """After the fix the certificate is trusted, yet it ends in three days."""
    before = other_checks_reproduced()
    late = told(1, minutes(24.1), "TLS checkout.example.com:443", "json $.days_left >= 7", "$.days_left", "3", ">= 7")
    steps = (
        failed("s1", 4, 4, late),
        passed("s2"),
        passed("s3"),
        passed("s4", 90, 4.1),
        logged(0.2, minutes(25), StepVerdict.PASSED),
        passed("s6", 90, 1.2),
    )
    run = replace(VALIDATE, plan=WIRE_PLAN, step_ids=WIRE_IDS, steps=steps)
    run = judged(run, confirm=before.confirm)
    held = base.after(CONFIRM, run, incident=WIRE_PLANNED, state=State.REPRODUCED, verdict=run.verdict)
    seen = base.view(replace(held, verdict_reason=run.reason), now=minutes(25.3), confirm=before.confirm, shown=run)
    return replace(seen, service=CHECKOUT)


def bands(p50: float, p95: float, spread: float = 1.2) -> tuple[LatencyBand, ...]:
    return tuple(
        LatencyBand(quantile=quantile, ms=ms, low_ms=ms / spread, high_ms=ms * spread)
        for quantile, ms in ((0.5, p50), (0.95, p95))
    )


FULL_CLAIM = "error < 5 % at 99 % confidence: 105 samples over 60 s, 4 replicas, 25 inputs, 0 failures"
SHAPE_BEFORE = '{"id":"text","items":[{"price":"number","qty":"number"}],"total":"number"}'
SHAPE_NOW = '{"id":"text","items":[{"price":"number","qty":"number"}]}'


def compared() -> ThreadView:
    """Proven, with everything that can stand beside it: faster payments, a slower catalog, a field that is gone."""
    confirm = replace(
        CONFIRM,
        steps=(
            replace(
                CONFIRM.steps[0], statuses=(("200", 13), ("503", 7)), latency=bands(60, 91), shapes=(SHAPE_BEFORE,)
            ),
            failed("s2", 40, 22, base.broken(3, minutes(0.5)), p95_ms=1840.0, latency=bands(700, 1840)),
            CONFIRM.steps[2],
            replace(CONFIRM.steps[3], statuses=(("200", 90),), latency=bands(8, 12)),
        ),
    )
    steps = (
        replace(
            GOOD_STEPS[0], claim=FULL_CLAIM, statuses=(("200", 105),), latency=bands(58, 88), shapes=(SHAPE_NOW,),
            inputs=25, replicas=4,
        ),
        replace(GOOD_STEPS[1], latency=bands(90, 212), inputs=25, replicas=4),
        GOOD_STEPS[2],
        replace(
            GOOD_STEPS[3], p95_ms=48.0, statuses=(("200", 90),), latency=bands(30, 48),
            note="the same bytes for 25 different inputs: the answers may come from a cache",
        ),
    )  # fmt: skip
    return base.validated(judged(replace(VALIDATE, steps=steps), confirm=confirm), confirm=confirm)


def creeping() -> ThreadView:
    """The watch sees a latency that rises, which takes no proof back."""
    seen = base.STATES["proven and watching"]()
    assert seen.soak is not None
    slow = base.under_way(
        "s2",
        samples=90,
        p95_ms=310.0,
        note="It gets slower: p95 was 212 ms in the first third of the time and is 310 ms in the last.",
    )
    return replace(seen, soak=replace(SOAK, finished_at=None, steps=(base.under_way("s1", samples=90), slow)))


def all_stopped() -> ThreadView:
    """The kill switch, pulled in the middle of a validate run."""
    fault = Fault(kind=FaultKind.STOPPED, detail="all traffic was stopped")
    cut = Sample(number=10, at=minutes(24.3), outcome=Outcome.VOID, request=base.PAY, fault=fault)
    steps = tuple(
        StepProgress(
            step_id=each,
            phase=StepPhase.DONE,
            verdict=StepVerdict.INCONCLUSIVE,
            reason="stopped",
            samples=9,
            void=1,
            voids=(cut,),
        )
        for each in ("s1", "s2", "s4")
    )
    reason = "Stopped before it was decided."
    run = replace(VALIDATE, steps=steps, stopped_by=JONAS, verdict=RecoveryVerdict.INCONCLUSIVE, reason=reason)
    return base.validated(run)


def all_stopped_while_reproducing() -> ThreadView:
    seen = all_stopped().shown
    assert seen is not None
    run = replace(CONFIRM, steps=seen.steps, stopped_by=JONAS)
    return base.view(base.after(run), now=minutes(1.4), confirm=run, shown=run)


STATES: Mapping[str, Callable[[], ThreadView]] = {
    **base.STATES,
    "other checks posted": other_checks_posted,
    "other checks reproduced": other_checks_reproduced,
    "certificate nearly over": certificate_nearly_over,
    "before and now": compared,
    "the watch notices": creeping,
    "all traffic stopped": all_stopped,
    "all traffic stopped while reproducing": all_stopped_while_reproducing,
}
