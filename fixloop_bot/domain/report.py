"""The report of an incident, as data: what happened, what was proven and how, and what is still to be done.

All of it comes from state. Texts are as they came: whoever renders them escapes them. People are Slack's user ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.acts import NO_ACTS, Act, Acts, acts_of
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.comparison import compare, never_reproduced
from fixloop_bot.domain.figures import bound, number, per_minute, reading, unit_of
from fixloop_bot.domain.happenings import Entry
from fixloop_bot.domain.incidents import Incident, RecentChange, RunLine, SignalLine, State
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import LogsCheck, MetricCheck, Role, Step
from fixloop_bot.domain.reasons import how_it_fails, listed, place, unasked, watch_gap, watch_held
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress, StepVerdict

FLAPPING = 3
"""A monitor that notified so often or more did not just fire once and recover."""
_ENDED = {
    None: "The recovery was not validated",
    RecoveryVerdict.PROVEN: "The recovery is proven",
    RecoveryVerdict.UNPROVEN: "The recovery is unproven",
    RecoveryVerdict.NOT_RECOVERED: "It has not recovered",
    RecoveryVerdict.INCONCLUSIVE: "Whether it has recovered is inconclusive",
}
_HEADLINE = re.compile(r"INC-\d+ of .* resolved: ", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLine:
    """One step: what it saw before the fix and now, what that claims, and how it ended."""

    number: int
    title: str
    role: str
    before: str
    after: str
    claim: str
    verdict: str
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One trouble that an alert told of."""

    title: str
    stands: str
    first_at: float
    value: str
    seen: int
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report. ``verdict`` is one of the recovery verdicts, or ``not validated``; times are epoch seconds.

    ``facts`` are (what, value) pairs, values with a unit; ``people`` (role, user id) pairs; ``pictures`` (Slack's file
    id, the sentence that says what it shows) pairs. ``summary_by`` is the model that wrote the summary, empty where it
    was put together from state. ``zone`` is the time zone of its readers as far as that is known, by the name that
    Slack has for it: whoever renders times checks it. ``changes`` are those before it, the newest first.
    """

    incident_id: str
    version: int
    label: str
    title: str
    severity: str
    verdict: str
    reason: str
    opened_at: float
    resolved_at: float | None
    summary: tuple[str, ...]
    summary_by: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    fixed_by: str = ""
    override_reason: str = ""
    signals: tuple[SignalRow, ...] = ()
    proof: tuple[ProofLine, ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
    unproven: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()
    changes: tuple[RecentChange, ...] = ()
    acts: Acts = NO_ACTS
    timeline: tuple[Entry, ...] = ()
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a report is made of. ``before`` is what ``after`` is compared with; ``now`` in epoch seconds.

    ``refusals`` are what people were kept from doing to it.
    """

    incident: Incident
    service: Service | None = None
    before: Run | None = None
    after: Run | None = None
    soak: Run | None = None
    refusals: tuple[Act, ...] = ()
    now: float = 0.0


def headline_of(report: Report) -> str:
    """What others are told in one line; ``is_headline`` knows it again."""
    return f"{report.incident_id} of {report.label} resolved: {report.verdict}"


def is_headline(title: str) -> bool:
    """Whether an event is our own report: it tells of a change's end, and is no change."""
    return _HEADLINE.match(title) is not None


def report_of(case: Case, *, version: int, pictures: Sequence[tuple[str, str]] = ()) -> Report:
    """The report of an incident as it stands."""
    incident = case.incident
    return Report(
        incident_id=incident.id,
        version=version,
        label=incident.label,
        title=incident.title,
        severity=incident.severity or "severity not set",
        verdict=incident.verdict.value if incident.verdict is not None else "not validated",
        reason=unasked(incident.verdict_reason),
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        summary=tuple(_summary(case)),
        facts=tuple(_facts(case)),
        people=tuple(_people(incident)),
        fixed_by=incident.fixed_by,
        override_reason=incident.override_reason,
        signals=tuple(_signal(line) for line in incident.signals),
        proof=tuple(_proof(case)),
        pictures=tuple(pictures),
        unproven=tuple(_unproven(case)),
        follow_ups=tuple(_follow_ups(case)),
        changes=incident.changes,
        acts=acts_of(incident, case.refusals),
        timeline=incident.timeline,
    )


def _summary(case: Case) -> Iterator[str]:
    incident = case.incident
    ended = incident.resolved_at
    lasted = f"It lasted {span(ended - incident.opened_at)}." if ended is not None else "It is still open."
    yield f"{incident.label}: {incident.title}. {lasted}"
    yield _reproduction(case)
    yield _verdict(incident)
    if case.soak is not None and incident.verdict is RecoveryVerdict.PROVEN:
        yield _watch(case.soak)


def _reproduction(case: Case) -> str:
    failed = [step for step in (case.before.steps if case.before else ()) if step.verdict is StepVerdict.FAILED]
    if case.before is None or not failed:
        return "FixLoop never saw the bug itself."
    first = failed[0]
    return f"Reproduced: step {place(case.before, first.step_id)} failed{how_it_fails(case.before, first)}."


def _verdict(incident: Incident) -> str:
    why = unasked(incident.verdict_reason)
    return f"{_ENDED[incident.verdict]}{f': {_decapitalised(why)}' if why and incident.verdict is not None else '.'}"


def _watch(soak: Run) -> str:
    if soak.finished_at is None:
        return "The watch after it had not ended."
    lasted = span(soak.finished_at - soak.started_at)
    if watch_held(soak):
        return f"The watch after it stayed quiet for {lasted}."
    return f"The watch after it did not hold ({lasted}): {watch_gap(soak) or 'it was stopped'}."


def _decapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _facts(case: Case) -> Iterator[tuple[str, str]]:
    """How long each part took, counted from the alert."""
    incident = case.incident
    for what, at in sorted(_marks(incident), key=lambda mark: mark[1]):
        yield f"until {what}", span(at - incident.opened_at)
    runs = [line for line in incident.runs if line.kind is not RunKind.SOAK]
    yield "runs", number(len(runs))
    if incident.merged:
        yield "took over", listed(incident.merged)
    if incident.reopened:
        yield "reopened", _times(incident.reopened)


def _marks(incident: Incident) -> Iterator[tuple[str, float]]:
    if incident.acknowledged_at is not None:
        yield "somebody took it", incident.acknowledged_at
    seen = next((line for line in incident.runs if line.reproduced and line.finished_at is not None), None)
    if seen is not None and seen.finished_at is not None:
        yield "it was reproduced", seen.finished_at
    proof = _last(incident, RunKind.VALIDATE)
    if proof is not None and proof.finished_at is not None and proof.verdict is not None:
        yield f"the verdict ({proof.verdict.value})", proof.finished_at
    if incident.resolved_at is not None:
        yield "it was resolved", incident.resolved_at


def _last(incident: Incident, kind: RunKind) -> RunLine | None:
    ended = (each for each in reversed(incident.runs) if each.finished_at is not None and not each.partial)
    return next((line for line in ended if line.kind is kind), None)


def _people(incident: Incident) -> Iterator[tuple[str, str]]:
    roles = (("lead", incident.lead), ("fixer", incident.fixer), ("taken by", incident.acknowledged_by))
    yield from ((role, who) for role, who in (*roles, ("resolved by", incident.resolved_by)) if who)


def _signal(line: SignalLine) -> SignalRow:
    value = ""
    if line.value is not None:
        unit = unit_of(line.measure.query, line.measure.limit) if line.measure is not None else unit_of("", None)
        limit = f" (limit {reading(line.measure.limit, unit)})" if line.measure is not None else ""
        value = f"{reading(line.value, unit)}{limit}"
    return SignalRow(
        title=line.title,
        stands=line.standing,
        first_at=line.first_at,
        value=value,
        seen=line.seen,
        link=line.link,
    )


def _proof(case: Case) -> Iterator[ProofLine]:
    run = case.after or case.before
    if run is None:
        return
    earlier = case.before if case.after is not None and _same_plan(case) else None
    for index, step in enumerate(run.plan.steps, start=1):
        yield _line(case, index, step, run.progress(step.id), earlier.progress(step.id) if earlier else None)


def _same_plan(case: Case) -> bool:
    return case.before is not None and case.after is not None and case.before.plan.hash == case.after.plan.hash


def _line(case: Case, index: int, step: Step, now: StepProgress | None, was: StepProgress | None) -> ProofLine:
    role = "by hand" if step.manual else "control" if step.role is Role.CONTROL else "proves the fix"
    if case.after is None:  # only a run before the fix
        now, was = None, now
    verdict = now.verdict.value if now is not None and now.verdict is not None else "not run"
    if step.manual:
        verdict = "done" if any(tick.step_id == step.id for tick in case.incident.manual) else "open"
    return ProofLine(
        number=index,
        title=step.title,
        role=role,
        before=_seen(step, was),
        after=_seen(step, now),
        claim=now.claim if now is not None and now.verdict is StepVerdict.PASSED else "",
        verdict=verdict,
        meaning=compare(step, was, now).meaning if now is not None and not step.manual else "",
    )


def _seen(step: Step, progress: StepProgress | None) -> str:
    """``7 of 20 failed``, ``31 %, must be at most 1 %``; empty where nothing was looked at."""
    if progress is None or step.manual:
        return ""
    if step.repeated:
        return f"{number(progress.failed)} of {number(progress.samples)} failed" if progress.samples else ""
    return _reading(step, progress)


def _reading(step: Step, progress: StepProgress) -> str:
    check = step.check
    if progress.value is None:
        return progress.verdict.value if progress.verdict is not None else ""
    if isinstance(check, LogsCheck):
        limit = f", must be at most {per_minute(check.per_minute)}" if check.per_minute is not None else ""
        return f"{per_minute(progress.value)}{limit}"
    if not isinstance(check, MetricCheck):
        return number(progress.value)
    unit = unit_of(check.query, check.limit)
    limit = f", must be {bound(check.healthy_when, reading(check.limit, unit))}" if check.limit is not None else ""
    return f"{reading(progress.value, unit)}{limit}"


def _unproven(case: Case) -> Iterator[str]:
    """What nobody may take for shown."""
    incident, run = case.incident, case.after
    if incident.verdict is not RecoveryVerdict.PROVEN:
        verdict = f"the verdict is {incident.verdict.value}" if incident.verdict is not None else "it was not validated"
        yield f"The recovery itself: {verdict}."
    if incident.override_reason:
        yield f"It was resolved all the same, because: {incident.override_reason}"
    if run is None:
        return
    for step in run.chosen_steps():
        progress = run.progress(step.id)
        if progress is not None and progress.verdict in (StepVerdict.INCONCLUSIVE, StepVerdict.SKIPPED):
            why = unasked(progress.reason).rstrip(".") or "nothing is known of it"
            why = why if why.startswith("not decided") else f"not decided: {why}"
            yield f"Step {place(run, step.id)} ({step.title}) was {why}."
    if run.traffic is None or run.traffic.value is None:
        why = run.traffic.why_not.rstrip(".") if run.traffic is not None and run.traffic.why_not else "no telemetry"
        yield f"What real traffic saw was not measured: {why}."
    if incident.verdict is RecoveryVerdict.PROVEN and not incident.soak_held:
        yield _watch(case.soak) if case.soak is not None else "No watch followed the proof."


def _follow_ups(case: Case) -> Iterator[str]:
    """What is left for people to do."""
    incident = case.incident
    if incident.plan is not None:
        done = {tick.step_id for tick in incident.manual}
        for index, step in enumerate(incident.plan.steps, start=1):
            if step.manual and step.id not in done:
                yield f"Step {index} is still open: {step.title}"
    if not incident.fixed_by and incident.state is State.RESOLVED:
        yield "Write down what fixed it; nobody has."
    if case.before is not None and not case.before.reproduced:
        yield never_reproduced(case.before, case.service) or "Find a request that shows the bug: no step has."
    yield from _standing(incident)


def _standing(incident: Incident) -> Iterator[str]:
    """What the alerts and the incident's own way say about next time."""
    if incident.reopened:
        yield f"Find out why it came back: it was reopened {_times(incident.reopened)}."
    for line in incident.signals:
        if line.firing and not line.declared and incident.state is State.RESOLVED:
            yield f"Look at “{line.title}”: it still says {line.transition.value}."
        elif line.seen >= FLAPPING:
            yield f"Look at “{line.title}”: it notified {number(line.seen)} times."
    if incident.service is None:
        yield f"Add {incident.label} to the catalog, so that the next incident is tested."
    elif all(line.kind is RunKind.SOAK for line in incident.runs):
        yield "No plan ran in this incident; see whether the catalog has what one needs."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{number(count)} times"
