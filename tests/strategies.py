"""Incidents, plans, runs and whole threads as Hypothesis makes them, with texts that wish us ill.

Structure is legal (what the use cases could have stored); every text that comes from outside is anything at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from fixloop_bot.application.views import Links, ThreadView
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Incident, RecentChange, RunLine, SignalLine, State, StatusNote, Tick
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Plan,
    PlanSource,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    WireCheck,
)
from fixloop_bot.domain.runs import (
    LatencyBand,
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

NASTY = (
    "<!channel> everybody look",
    "<!here|calm> @here @channel @everyone",
    "<http://evil.example.com/steal|Runbook>",
    "https://evil.example.com/steal?a=1&b=2",
    "<@U0MIRA0001> <#C0GENERAL|general> <!subteam^S01|ops>",
    "<!date^1764000000^{time}|never>",
    "```\n*bold* _italic_ ~gone~ `code` ```",
    "&lt;!channel&gt; &amp;amp; AT&T < > &",
    "line one\nline two\r\n\ttabbed\x1b[31m red \x00\x07\x7f",
    "שירות התשלומים נכשל \u202egnp.exe",
    "الدفع لا يعمل 31 %",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ café n\u0303",
    "\ud83d half a letter",
    "\u2028\u2029\ufeff\u200b",
    "x" * 5000,
    "& " * 2000,
    "<" * 3000,
    "👩‍👩‍👧‍👦" * 700,
    "word " * 1500,
    "|".join(["plan", "INC-1", "1", "1", "s1"]),
    "",
    " ",
)


def texts(*, most: int = 400) -> st.SearchStrategy[str]:
    """Hostile, odd and ordinary text."""
    anything = st.text(max_size=most)
    return st.one_of(st.sampled_from(NASTY), anything, st.builds("{} {}".format, st.sampled_from(NASTY), anything))


def times() -> st.SearchStrategy[float]:
    return st.floats(min_value=1_700_000_000, max_value=1_800_000_000)


def figures() -> st.SearchStrategy[float]:
    return st.one_of(
        st.floats(min_value=-1e300, max_value=1e300), st.floats(min_value=0, max_value=1), st.just(float("inf"))
    )


def people() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(("U0MIRA0001", "W0JONAS001", "datadog", "fixloop")), texts())


def requests() -> st.SearchStrategy[Request]:
    return st.builds(Request, method=st.sampled_from(("GET", "POST", "DELETE")), path=texts())


EXPECT = (
    "status == 200",
    "status in 2xx, 304",
    "json $.total == sum($.items[*].price * $.items[*].qty)",
    "json $.items length == 12",
    "header x-request-id exists",
    'body not contains "<!channel>"',
    "p95 < 400 ms",
    "json $.days_left >= 14",
    'json $.answers contains "10.0.0.4"',
    "json $.answers length >= 1",
    'json $.status == "SERVING"',
    'body == "pong"',
)


def expectations() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.one_of(st.sampled_from(EXPECT), texts()), max_size=6).map(tuple)


def checks() -> st.SearchStrategy[Check]:
    http = st.builds(HttpCheck, request=requests(), expect=expectations())
    legs = st.lists(st.builds(Leg, request=requests(), expect=expectations()), min_size=1, max_size=5).map(tuple)
    metric = st.builds(
        MetricCheck,
        query=st.one_of(texts(), st.just("sum:errors{*}.as_count() / sum:requests{*}.as_count()")),
        healthy_when=st.sampled_from(("<", "<=", ">", ">=")),
        limit=st.one_of(st.none(), figures()),
        times_before=st.just(1.5),
    )
    monitor = st.builds(MonitorCheck, monitor_id=texts(), group=texts())
    rate = st.one_of(st.none(), figures())
    logs = st.builds(LogsCheck, query=texts(), per_minute=rate, times_before=st.just(2.0))
    manual = st.builds(ManualCheck, instruction=texts())
    return st.one_of(http, st.builds(JourneyCheck, legs=legs), wire_checks(), metric, monitor, logs, manual)


def wire_checks() -> st.SearchStrategy[WireCheck]:
    """Checks below or beside HTTP, of hosts, names and services that are called anything at all."""
    servers = st.lists(texts(), max_size=3).map(tuple)
    records = st.sampled_from(("A", "AAAA", "TXT"))
    return st.one_of(
        st.builds(TlsCheck, target=texts(), expect=expectations()),
        st.builds(DnsCheck, name=texts(), record=records, servers=servers, expect=expectations()),
        st.builds(TcpCheck, target=texts(), expect=expectations()),
        st.builds(GrpcCheck, target=texts(), service=texts(), expect=expectations()),
        st.builds(
            WebsocketCheck,
            path=texts(),
            send=st.one_of(st.none(), texts()),
            awaits_message=st.booleans(),
            expect=expectations(),
        ),
    )


@st.composite
def plans(draw: st.DrawFn, *, most_steps: int = 10) -> Plan:
    """One to ten steps, with ids ``s1`` … as planning gives them."""
    made = draw(st.lists(checks(), min_size=1, max_size=most_steps))
    steps = tuple(
        Step(id=f"s{number}", title=draw(texts()), why=draw(texts()), role=draw(st.sampled_from(Role)), check=check)
        for number, check in enumerate(made, start=1)
    )
    return Plan(
        version=draw(st.integers(min_value=1, max_value=99)),
        source=draw(st.sampled_from(PlanSource)),
        steps=steps,
        author=draw(texts()),
        note=draw(texts()),
        seconds=draw(st.floats(min_value=0, max_value=90)),
    )


def results() -> st.SearchStrategy[AssertionResult]:
    known = ("status", "latency", "p95", "$.total", "the metric", "$.days_left", "$.answers length")
    subjects = st.one_of(st.sampled_from(known), texts())
    return st.builds(
        AssertionResult, source=texts(), held=st.just(False), seen=texts(), expected=texts(), subject=subjects
    )


def faults() -> st.SearchStrategy[Fault]:
    return st.builds(Fault, kind=st.sampled_from(FaultKind), detail=texts())


def samples(outcome: Outcome = Outcome.FAILED) -> st.SearchStrategy[Sample]:
    return st.builds(
        Sample,
        number=st.integers(min_value=1, max_value=600),
        at=times(),
        outcome=st.just(outcome),
        request=texts(),
        status=st.one_of(st.none(), st.integers(min_value=100, max_value=599)),
        latency_ms=st.one_of(st.none(), st.floats(min_value=0, max_value=1e7)),
        fault=st.one_of(st.none(), faults()),
        failures=st.lists(results(), max_size=2).map(tuple),
        replica=st.one_of(st.none(), texts()),
        curl=texts(most=3000),
    )


@st.composite
def progress(draw: st.DrawFn, step_id: str, *, finished: bool = False) -> StepProgress:
    """A step somewhere between waiting and decided."""
    phase = StepPhase.DONE if finished else draw(st.sampled_from(StepPhase))
    done = phase is StepPhase.DONE
    seen = draw(st.integers(min_value=0, max_value=5000))
    return StepProgress(
        step_id=step_id,
        phase=phase,
        verdict=draw(st.sampled_from(StepVerdict)) if done else None,
        reason=draw(texts()) if done else "",
        samples=seen,
        failed=draw(st.integers(min_value=0, max_value=seen)),
        void=draw(st.integers(min_value=0, max_value=600)),
        leaning=draw(st.sampled_from(("", "leaning yes", "leaning no"))),
        window_left_s=0.0 if done else draw(st.floats(min_value=0, max_value=900)),
        p95_ms=draw(st.one_of(st.none(), st.floats(min_value=0, max_value=1e7))),
        value=draw(st.one_of(st.none(), figures())),
        claim=draw(texts()) if done else "",
        failures=tuple(draw(st.lists(samples(), max_size=3))),
        passes=tuple(draw(st.lists(samples(Outcome.PASSED), max_size=1))),
        voids=tuple(draw(st.lists(samples(Outcome.VOID), max_size=1))),
        statuses=tuple(
            draw(
                st.lists(
                    st.tuples(st.sampled_from(("200", "404", "503", "no answer")), st.integers(1, 5000)), max_size=6
                )
            )
        ),
        inputs=draw(st.integers(min_value=0, max_value=600)),
        replicas=draw(st.integers(min_value=0, max_value=40)),
        latency=draw(bands()) if done else (),
        shapes=tuple(draw(st.lists(shapes(), max_size=1))),
        note=draw(st.sampled_from(NASTY)),
    )


def shapes() -> st.SearchStrategy[str]:
    """Shapes as they are written, and what may stand in their place."""
    return st.sampled_from(('{"items":[{"sku":"text"}],"total":"number"}', '{"items":[]}', "[]", '"text"', *NASTY))


def bands() -> st.SearchStrategy[tuple[LatencyBand, ...]]:
    """The bands of p50 and p95, each around its quantile; or none."""
    milliseconds = st.floats(min_value=0, max_value=1e6)
    return st.one_of(st.just(()), st.builds(_bands, milliseconds, milliseconds, milliseconds))


def _bands(one: float, other: float, another: float) -> tuple[LatencyBand, ...]:
    low, middle, high = sorted((one, other, another))
    return tuple(
        LatencyBand(quantile=quantile, ms=middle * times, low_ms=low * times, high_ms=high * times)
        for quantile, times in ((0.5, 1.0), (0.95, 3.0))
    )


def traffic() -> st.SearchStrategy[TrafficReading]:
    value, limit = st.one_of(st.none(), figures()), st.one_of(st.none(), figures())
    return st.builds(TrafficReading, query=texts(), value=value, limit=limit, breached=st.booleans(), why_not=texts())


@st.composite
def runs(draw: st.DrawFn, plan: Plan, kind: RunKind, *, number: int = 1, finished: bool | None = None) -> Run:
    """A run of some of the plan's automatic steps, going or finished."""
    over = draw(st.booleans()) if finished is None else finished
    chosen = [step for step in plan.steps if not step.manual and draw(st.integers(min_value=0, max_value=3))]
    started = draw(times())
    judged = over and kind is RunKind.VALIDATE
    return Run(
        id=f"INC-7-r{number}",
        incident_id="INC-7",
        number=number,
        kind=kind,
        plan=plan,
        step_ids=tuple(step.id for step in chosen),
        service="checkout",
        started_by=draw(people()),
        started_at=started,
        taken_over_at=draw(st.one_of(st.none(), times())),
        finished_at=started + draw(st.floats(min_value=0, max_value=4000)) if over else None,
        steps=tuple(draw(progress(step.id, finished=over)) for step in chosen),
        verdict=draw(st.sampled_from(RecoveryVerdict)) if judged else None,
        reason=draw(texts()) if judged else "",
        traffic=draw(st.one_of(st.none(), traffic())) if judged else None,
        stopped_by=draw(st.one_of(st.none(), people())) if over else None,
    )


def run_line(run: Run) -> RunLine:
    """What an incident remembers of a run."""
    return RunLine(
        id=run.id,
        number=run.number,
        kind=run.kind,
        plan_hash=run.plan.hash,
        plan_version=run.plan.version,
        started_by=run.started_by,
        started_at=run.started_at,
        finished_at=run.finished_at,
        verdict=run.verdict,
        reproduced=run.reproduced,
        stopped=run.stopped_by is not None,
        reason=run.reason,
    )


def measures() -> st.SearchStrategy[Measure]:
    queries = st.one_of(texts(), st.just("sum:errors{*} / sum:requests{*}"), st.just("p95:shop.latency_ms{*}"))
    return st.builds(Measure, query=queries, comparator=st.sampled_from(Comparator), limit=figures())


def addresses() -> st.SearchStrategy[str]:
    return st.one_of(texts(), st.builds("https://app.datadoghq.com/{}".format, texts()))


def signal_lines() -> st.SearchStrategy[SignalLine]:
    return st.builds(
        SignalLine,
        identity=texts(),
        identity_kind=st.sampled_from(IdentityKind),
        title=texts(),
        transition=st.sampled_from(Transition),
        first_at=times(),
        last_at=times(),
        value=st.one_of(st.none(), figures()),
        measure=st.one_of(st.none(), measures()),
        link=st.one_of(st.none(), addresses()),
        scope=texts(),
    )


@st.composite
def incidents(draw: st.DrawFn, *, plan: Plan | None = None, held: tuple[Run, ...] = ()) -> Incident:
    """An incident in any state, with up to 50 signals, that has had the given runs."""
    state = draw(st.sampled_from(State))
    resolved = state is State.RESOLVED
    opened = draw(times())
    going = next((run.id for run in held if not run.finished and run.kind is not RunKind.SOAK), None)
    steps = plan.steps if plan is not None else ()
    incident = Incident(
        id="INC-7",
        number=7,
        service_key="checkout|prod",
        service=draw(st.sampled_from((None, "checkout"))),
        label=draw(texts()),
        env=draw(st.one_of(st.none(), texts())),
        title=draw(texts()),
        severity=draw(st.one_of(st.none(), st.just("SEV2"), texts())),
        channel="C0INCIDENT",
        state=state,
        opened_at=opened,
        signals=tuple(draw(st.lists(signal_lines(), max_size=3)) * draw(st.sampled_from((1, 1, 17)))),
        plan=plan,
        plans_made=plan.version if plan is not None else 0,
        planning_since=draw(st.one_of(st.none(), times())),
        ticked=tuple(step.id for step in steps if not step.manual and draw(st.booleans())),
        manual=tuple(
            Tick(step_id=step.id, by=draw(people()), at=draw(times())) for step in steps if step.manual and opened > 0
        ),
        checklist_revision=draw(st.integers(min_value=0, max_value=999)),
        runs=tuple(run_line(run) for run in held),
        active_run=None if resolved else going,
        soak_run=draw(st.sampled_from((None, "INC-7-r9"))),
        verdict=draw(st.one_of(st.none(), st.sampled_from(RecoveryVerdict))),
        verdict_reason=draw(texts()),
        soak_until=draw(st.one_of(st.none(), times())),
        soak_held=draw(st.booleans()),
        resolved_at=opened + draw(st.floats(min_value=0, max_value=1e6)) if resolved else None,
        resolved_by=draw(people()) if resolved else None,
        reopened=draw(st.integers(min_value=0, max_value=3)),
        timeline=tuple(draw(st.lists(entries(), max_size=3))),
    )
    return replace(incident, **draw(attended()))


def attended() -> st.SearchStrategy[dict[str, Any]]:
    """What people and telemetry add to an incident: who is on it, notes, mutes, merges, changes before it."""
    somebody, moment = st.one_of(st.none(), people()), st.one_of(st.none(), times())
    names = st.lists(st.sampled_from(("INC-1", "INC-12345", "INC-9")), max_size=9).map(tuple)
    return st.fixed_dictionaries(
        {
            "declared_by": somebody,
            "acknowledged_by": somebody,
            "acknowledged_at": moment,
            "lead": somebody,
            "fixer": somebody,
            "note": st.one_of(st.none(), st.builds(StatusNote, text=texts(), by=people(), at=times())),
            "fixed_by": texts(),
            "override_reason": texts(),
            "merged_into": st.sampled_from((None, "INC-3")),
            "merged": names,
            "muted_until": moment,
            "changes": st.lists(recent_changes(), max_size=3).map(tuple),
        }
    )


def recent_changes() -> st.SearchStrategy[RecentChange]:
    return st.builds(RecentChange, at=times(), what=texts(), link=addresses())


def entries() -> st.SearchStrategy[Entry]:
    places = st.sampled_from(("", "button", "command", "modal", "home", "shortcut", "reaction"))
    about = st.one_of(texts(most=40), st.integers(1, 4).map("INC-42-r{}".format))
    return st.builds(
        Entry,
        at=times(),
        who=people(),
        kind=st.sampled_from(Happening),
        what=texts(),
        about=about,
        undid=st.none() | st.sampled_from(Undone),
        place=places,
        message=texts(most=40),
        link=texts(most=40),
    )


@st.composite
def views(draw: st.DrawFn) -> ThreadView:
    """Everything that the cards of an incident show, at any moment of its life."""
    plan = draw(st.one_of(st.none(), plans()))
    confirm = shown = soak = None
    if plan is not None:
        confirm = draw(st.one_of(st.none(), runs(plan, RunKind.CONFIRM)))
        later = runs(plan, RunKind.VALIDATE, number=2) if confirm is not None and confirm.finished else st.just(confirm)
        shown = draw(st.one_of(st.just(confirm), later))
        soak = draw(st.one_of(st.none(), runs(plan, RunKind.SOAK, number=3)))
    held = {run.id: run for run in (confirm, shown, soak) if run is not None}
    addressed = st.one_of(st.none(), addresses())
    return ThreadView(
        incident=draw(incidents(plan=plan, held=tuple(held.values()))),
        service=None,
        links=draw(st.builds(Links, metric=addressed, monitor=addressed, logs=addressed, runbook=addressed)),
        confirm=confirm,
        shown=shown,
        soak=soak,
        now=draw(times()),
    )
