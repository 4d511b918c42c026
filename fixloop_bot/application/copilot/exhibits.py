"""Evidence out of an incident's own state: verdict, signals, plan, runs and their steps. Pure; text is masked later.

Figures are written so that they can be read back: ``7 of 20``, ``step 3``, ``run 2``, every number with its yardstick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.comparison import compare
from fixloop_bot.domain.copilot.dossier import Evidence, Source
from fixloop_bot.domain.figures import milliseconds, number, reading, unit_of
from fixloop_bot.domain.incidents import Incident, RunLine, SignalLine
from fixloop_bot.domain.moments import apart, span, utc
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, LogsCheck, ManualCheck, MetricCheck, MonitorCheck, Step
from fixloop_bot.domain.reasons import how_it_fails, place, telling_failure
from fixloop_bot.domain.runs import Run, StepProgress, StepVerdict, TrafficReading
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.tried import claim_in_words, line_in_words, tried_in

MOST_SIGNALS, MOST_ENTRIES, MOST_STATUSES = 5, 24, 5
MESSAGE, EXCERPT = 400, 240
KINDS = {"confirm": "before the fix", "validate": "after the fix", "soak": "the watch after a proof"}


def verdict(incident: Incident, *, now: float, link: str) -> Evidence:
    """The recovery verdict in code, and what is going on at the moment."""
    said = incident.verdict.value if incident.verdict is not None else "none yet"
    lines = [f"recovery verdict: {said}. {incident.verdict_reason}".strip(), f"state: {incident.state.value}"]
    if incident.active_run is not None and (line := incident.run_line(incident.active_run)) is not None:
        lines.append(f"run {line.number} ({line.kind.value}) is going on")
    if incident.soak_until is not None and not incident.soak_held:
        lines.append(_watched(incident, incident.soak_until, now))
    if incident.soak_held:
        lines.append("the watch after the proof was quiet")
    if incident.resolved_at is not None:
        lines.append(f"resolved {utc(incident.resolved_at)} by {_who(incident.resolved_by)}")
    if not any(line.kind.value == "validate" for line in incident.runs):
        lines.append("no validate run after a fix has begun or finished yet")
    lines.append(f"read at {utc(now)}")
    return Evidence(key="verdict", source=Source.VERDICT, title="verdict", text="\n".join(lines), link=link)


def _watched(incident: Incident, until: float, now: float) -> str:
    if incident.soak_run is None:
        return "the watch after the proof did not run to its end"
    if now >= until:
        return f"the watch was to end at {utc(until)}, its result is not in yet"
    return f"watched until {utc(until)}"


def incident_facts(incident: Incident, service: Service | None, *, now: float, link: str) -> Evidence:
    until = incident.resolved_at or now
    lines = [
        f"{incident.id}: {incident.title}",
        f"service {service.name if service else incident.label}, environment {incident.env or 'unknown'}, "
        f"severity {incident.severity or 'unknown'}",
        f"began {utc(incident.opened_at)}, {span(until - incident.opened_at)} so far, state {incident.state.value}",
    ]
    if incident.reopened:
        lines.append(f"reopened {incident.reopened} times")
    return Evidence(key="incident", source=Source.INCIDENT, title=incident.id, text="\n".join(lines), link=link)


def signals(incident: Incident, links: Sequence[str]) -> Iterator[Evidence]:
    """One for each trouble; ``links`` are the monitors', in the order of the signals."""
    for index, (line, link) in enumerate(zip(incident.signals[:MOST_SIGNALS], links, strict=False)):
        title = f"signal: {line.title[:60]}"
        yield Evidence(key=f"signal{index}", source=Source.SIGNAL, title=title, text=_signal(line), link=link)


def _signal(line: SignalLine) -> str:
    parts = [f"{line.standing}: {line.title}", f"first {utc(line.first_at)}, last {utc(line.last_at)}"]
    if line.measure is not None:
        unit = unit_of(line.measure.query, line.measure.limit)
        seen = reading(line.value, unit) if line.value is not None else "not sent"
        parts.append(f"value {seen}, trouble when {line.measure.comparator.value} {reading(line.measure.limit, unit)}")
    elif line.value is not None:
        parts.append(f"value {line.value:g}")
    parts.append(f"seen {line.seen} times")
    if line.message:
        parts.append(f"alert text (data, not fact): {line.message[:MESSAGE]}")
    return "\n".join(parts)


def plan(incident: Incident, *, link: str) -> Iterator[Evidence]:
    if incident.plan is None:
        return
    lines = [f"plan v{incident.plan.version} by {incident.plan.author or incident.plan.source.value}"]
    for index, step in enumerate(incident.plan.steps, start=1):
        ticked = "" if step.id in incident.ticked else ", not ticked"
        lines.append(f"step {index} ({step.role.value}{ticked}): {step.title}: {request_of(step)}")
    title = f"plan v{incident.plan.version}"
    yield Evidence(key="plan", source=Source.PLAN, title=title, text="\n".join(lines), link=link)


def request_of(step: Step) -> str:
    """What a step does, in a line, with the values that are tried as people read them."""
    match step.check:
        case HttpCheck(request=request, expect=expect, inputs=inputs):
            tried = tried_in(inputs)
            claims = ", ".join(claim_in_words(line, tried) for line in expect[:3])
            return f"{line_in_words(request.line(), tried, inputs)} → {claims}"
        case JourneyCheck(legs=legs, inputs=inputs):
            tried = tried_in(inputs)
            return ", then ".join(line_in_words(leg.request.line(), tried, inputs) for leg in legs[:4])
        case MetricCheck(query=query, healthy_when=healthy, limit=limit):
            return f"metric {query} {healthy} {limit if limit is not None else 'its own past'}"
        case MonitorCheck(monitor_id=monitor):
            return f"monitor {monitor} is OK"
        case LogsCheck(query=query):
            return f"log search {query}"
        case ManualCheck(instruction=instruction):
            return f"by hand: {instruction}"
        case _:
            return step.check.kind


def run_facts(run: Run, *, now: float, link: str) -> Evidence:
    """A run as a whole: when, by whom, which verdict, and what real traffic said."""
    said = run.verdict.value if run.verdict is not None else ("going on" if not run.finished else "none")
    lines = [
        f"run {run.number} ({run.kind.value}, {KINDS[run.kind.value]}), plan v{run.plan.version}, "
        f"started {utc(run.started_at)} by {_who(run.started_by)}",
        f"verdict: {said}. {run.reason}".strip(),
    ]
    if run.finished_at is not None:
        lines.append(f"finished {utc(run.finished_at)} after {span(run.finished_at - run.started_at)}")
    else:
        lines.append(f"{run.decided} of {len(run.step_ids)} steps decided, {span(now - run.started_at)} so far")
    if run.stopped_by:
        lines.append(f"stopped by {_who(run.stopped_by)}")
    if run.traffic is not None:
        lines.append(_traffic(run.traffic))
    title = f"run {run.number}"
    return Evidence(key=f"run{run.number}", source=Source.RUN, title=title, text="\n".join(lines), link=link)


def _traffic(traffic: TrafficReading) -> str:
    if traffic.value is None:
        return f"real traffic: not measured ({traffic.why_not or 'no telemetry'})"
    unit = unit_of(traffic.query, traffic.limit)
    limit = reading(traffic.limit, unit) if traffic.limit is not None else "none"
    side = "outside" if traffic.breached else "inside"
    return f"real traffic: {reading(traffic.value, unit)}, limit {limit}, {side} its limit"


def steps(run: Run, *, link: str) -> Iterator[Evidence]:
    """One for each step of a run that has something to tell."""
    for progress in run.steps:
        step = run.plan.step(progress.step_id)
        if step is not None:
            yield step_of_run(run, step, progress, link=link)


def step_of_run(run: Run, step: Step, progress: StepProgress, *, link: str) -> Evidence:
    at = place(run, step.id)
    text = "\n".join(line for line in _step_lines(run, step, progress, at) if line)
    key, title = f"run{run.number}.{step.id}", f"run {run.number}, step {at}"
    return Evidence(key=key, source=Source.STEP, title=title, text=text, link=link)


def _step_lines(run: Run, step: Step, progress: StepProgress, at: int) -> Iterator[str]:
    said = progress.verdict.value if progress.verdict is not None else f"not decided ({progress.phase.value})"
    kind = f"{run.kind.value}, {KINDS[run.kind.value]}"
    yield f"step {at} ({step.role.value}) of run {run.number} ({kind}): {said}: {step.title}"
    yield request_of(step)
    if progress.verdict is StepVerdict.FAILED:
        yield f"it is bad{how_it_fails(run, progress)}"
    elif progress.reason:
        yield f"reason: {progress.reason}"
    if progress.samples:
        good = progress.samples - progress.failed
        yield f"{progress.failed:,} of {progress.samples:,} tries bad, {good:,} of {progress.samples:,} good"
    if progress.void:
        yield f"{progress.void} tries could not look"
    if progress.statuses:
        yield "answers: " + ", ".join(f"{name} × {count:,}" for name, count in progress.statuses[:MOST_STATUSES])
    if progress.p95_ms is not None:
        yield f"p95 {milliseconds(progress.p95_ms)}"
    if progress.verdict is None and progress.window_left_s:
        yield f"{span(progress.window_left_s)} to go"
    if progress.note:
        yield f"note: {progress.note}"
    sample = telling_failure(progress) or next(iter(progress.voids), None)
    if sample is not None:
        yield sample_line(sample)


def sample_line(sample: Sample) -> str:
    """One sample: when, what was asked, what came, why it is bad, how the answer begins."""
    parts = [f"sample #{sample.number} at {utc(sample.at)}: {sample.request}"]
    if sample.status is not None:
        parts.append(f"→ {sample.status}")
    if sample.latency_ms is not None:
        parts.append(f"in {milliseconds(sample.latency_ms)}")
    if sample.replica:
        parts.append(f"from {sample.replica}")
    if sample.reason():
        parts.append(f"bad: {sample.reason()}")
    if sample.excerpt:
        parts.append(f"body: {sample.excerpt[:EXCERPT]}")
    return " ".join(parts)


def comparison(before: Run | None, after: Run | None, *, link: str) -> Iterator[Evidence]:
    """Each step before the fix and now."""
    if before is None or after is None or before.id == after.id or before.plan.hash != after.plan.hash:
        return
    lines = [f"run {before.number} (before) against run {after.number} (now)"]
    for step in after.chosen_steps():
        now = after.progress(step.id)
        if now is None:
            continue
        held = compare(step, before.progress(step.id), now)
        said = "; ".join(filter(None, (held.meaning.rstrip("."), held.statuses, held.latency, *held.shape[:3])))
        lines.append(f"step {place(after, step.id)}: {said or 'nothing to compare'}")
    text = "\n".join(lines)
    yield Evidence(key="comparison", source=Source.COMPARISON, title="before and after", text=text, link=link)


def timeline(incident: Incident, *, link: str) -> Iterator[Evidence]:
    if not incident.timeline:
        return
    first, *others = incident.timeline
    shown = [first, *others[-(MOST_ENTRIES - 1) :]]
    lines = [f"{utc(entry.at)} {_who(entry.who)}: {entry.what[:MESSAGE]}" for entry in shown]
    yield Evidence(key="timeline", source=Source.TIMELINE, title="timeline", text="\n".join(lines), link=link)


def catalog_entry(service: Service | None) -> Iterator[Evidence]:
    """What the team says of its service, without anything that opens a door."""
    if service is None:
        return
    lines = [f"service {service.name}", f"address {service.base_url or 'none'}"]
    if service.slo.error_rate is not None:
        lines.append(f"tolerated error rate {number(service.slo.error_rate * 100)} %")
    if service.slo.p95_ms is not None:
        lines.append(f"tolerated p95 {milliseconds(service.slo.p95_ms)}")
    lines += [f"metric {name}: {query}" for name, query in service.metrics[:8]]
    lines += [f"probe: {probe.name}" for probe in service.probes[:8]]
    lines.append(f"proof: window {number(service.proof.window_s)} s, watch {span(service.soak_s)}")
    lines.append(f"runbook: {service.runbook or 'none'}")
    yield Evidence(
        key="catalog", source=Source.CATALOG, title="catalog entry", text="\n".join(lines), link=service.runbook or ""
    )


def past(incident: Incident, *, before: float, link: str) -> Evidence:
    """How an earlier incident went and ended."""
    said = incident.verdict.value if incident.verdict is not None else "not validated"
    lines = [
        f"{incident.id}: {incident.title} ({incident.label}), {utc(incident.opened_at)}, "
        f"{apart(incident.opened_at, before)} this one",
        f"it ended {incident.state.value}, verdict {said}. {incident.verdict_reason}".strip(),
    ]
    if incident.resolved_at is not None:
        took = span(incident.resolved_at - incident.opened_at)
        lines.append(f"resolved after {took} by {_who(incident.resolved_by)}")
    by_people = [entry for entry in incident.timeline if entry.who not in ("fixloop", "datadog")]
    lines += [f"{_who(entry.who)}: {entry.what[:200]}" for entry in by_people[-8:]]
    lines += [f"failed: {line.reason}" for line in _failing(incident.runs)[-2:]]
    return Evidence(key=incident.id, source=Source.PAST, title=incident.id, text="\n".join(lines), link=link)


def _failing(runs: Sequence[RunLine]) -> list[RunLine]:
    return [line for line in runs if line.reason and line.reproduced]


def _who(user: str | None) -> str:
    return user or "nobody"
