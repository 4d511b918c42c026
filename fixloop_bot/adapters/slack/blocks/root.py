"""The root card: what is broken, whether it really is, and the next button to press."""

from __future__ import annotations

import math

from fixloop_bot.adapters.slack.blocks.card import Block, Card, actions, button, confirmation, context, fallback, header
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.text import (
    clock,
    code,
    cut,
    link,
    one_line,
    person,
    plain_clock,
    reading,
    span,
)
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident, SignalLine, State
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.signals import Transition
from fixloop_bot.domain.verdicts import place

SIGNALS_SHOWN = 5
SYMBOLS = {
    RecoveryVerdict.PROVEN: "🟢",
    RecoveryVerdict.UNPROVEN: "⚪",
    RecoveryVerdict.NOT_RECOVERED: "🔴",
    RecoveryVerdict.INCONCLUSIVE: "⚪",
}


def root_card(view: ThreadView) -> Card:
    """The card in the channel."""
    incident = view.incident
    name = incident.id
    headline = f"{symbol(view)}  {title(incident)}"
    status = status_line(view)
    facts = facts_line(incident, view.now)
    blocks: list[Block] = [
        header(headline, block_id=f"root:{name}:head"),
        section_block(f"*{status}*", block_id=f"root:{name}:status"),
        context(facts, block_id=f"root:{name}:facts"),
        section_block(signals_text(incident), block_id=f"root:{name}:signals"),
    ]
    links = links_line(view)
    if links:
        blocks.append(context(links, block_id=f"root:{name}:links"))
    if incident.service is None:
        blocks.append(context(catalog_hint(incident), block_id=f"root:{name}:catalog"))
    buttons = root_buttons(incident)
    if buttons:
        blocks.append(actions(buttons, block_id=f"root:{name}:buttons"))
    text = fallback(f"{incident.id}: {title(incident)}", status, plain_facts(incident))
    return Card(part="root", text=text, blocks=tuple(blocks))


def title(incident: Incident) -> str:
    """``checkout · error rate 31 % (limit 1 %)``; the alert's title where it brought no reading."""
    line = incident.main_signal()
    env = f" ({incident.env})" if incident.env else ""
    label = f"{incident.label}{env}"
    if line is None:
        return f"{label} · {incident.title}"
    measured = _measured(line)
    return cut(f"{label} · {line.title}{f' · {measured}' if measured else ''}", 145)


def _measured(line: SignalLine) -> str:
    if line.value is None and line.measure is None:
        return ""
    if line.measure is None:
        return reading(line.value, None) if line.value is not None else ""
    limit = f"limit {reading(line.measure.limit, line.measure)}"
    return f"{reading(line.value, line.measure)} ({limit})" if line.value is not None else limit


def symbol(view: ThreadView) -> str:
    """Red while broken, yellow while being looked at, green only for proven, white for what is not known."""
    incident = view.incident
    if incident.active_run is not None:
        return "🟡"
    if incident.verdict is not None:
        return SYMBOLS[incident.verdict]
    return "⚪" if incident.state is State.RESOLVED else "🔴"


def status_line(view: ThreadView) -> str:
    """The one line that a responder reads first."""
    incident = view.incident
    if incident.state is State.RESOLVED:
        verdict = incident.verdict.value if incident.verdict is not None else "not validated"
        return f"Resolved {clock(incident.resolved_at or view.now)} by {person(incident.resolved_by)} · {verdict}"
    running = view.shown if view.shown is not None and view.shown.id == incident.active_run else None
    if running is not None:
        return _running(running)
    if incident.active_run is not None:
        return "Starting a run…"
    if incident.verdict is not None:
        return verdict_line(view)
    if incident.planning_since is not None:
        return "Writing the validation plan…"
    if incident.reopened and incident.state is State.REPRODUCED and view.soak is not None and view.soak.reproduced:
        return f"Broken again: the watch saw it fail, so the proof is taken back. {reproduced_line(view.soak)}"
    return confirm_line(view.confirm)


def _running(run: Run) -> str:
    decided, left = run.decided, max((step.window_left_s for step in run.steps), default=0.0)
    of = f"{decided} of {len(run.steps)} steps decided"
    # In tens of seconds: the root card is not redrawn for every sample.
    when = f", about {span(math.ceil(left / 10) * 10)} left" if left >= 1 else ""
    return f"{'Reproducing' if run.kind is RunKind.CONFIRM else 'Validating'}… {of}{when}"


def verdict_line(view: ThreadView) -> str:
    """The verdict by its exact word, with its reason."""
    incident = view.incident
    line = incident.last_run(RunKind.VALIDATE)
    at = line.finished_at if line is not None and line.finished_at is not None else view.now
    reason = one_line(incident.verdict_reason)
    match incident.verdict:
        case RecoveryVerdict.PROVEN:
            return f"Recovery proven, {clock(at)}. {_watching(incident)}"
        case RecoveryVerdict.UNPROVEN:
            return f"Unproven: {_decapitalised(reason)}"
        case RecoveryVerdict.NOT_RECOVERED:
            return f"Not recovered: {_decapitalised(reason)}"
        case _:
            return f"Inconclusive: {_decapitalised(reason)}"


def _watching(incident: Incident) -> str:
    if incident.soak_held:
        return "The watch after it stayed quiet."
    if incident.soak_run is not None and incident.soak_until is not None:
        return f"Watching until {clock(incident.soak_until)}."
    return ""


def _decapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def confirm_line(confirm: Run | None) -> str:
    """``Reproduced: POST /checkout answered 503 in 7 of 20 tries``, or that it was not."""
    if confirm is None or not confirm.finished:
        return "Not reproduced yet."
    if confirm.stopped_by is not None:
        return f"Not reproduced yet: the confirm run was stopped by {person(confirm.stopped_by)}."
    if confirm.reproduced:
        return f"Reproduced: {reproduced_line(confirm)}"
    blind = [step for step in confirm.steps if step.verdict is StepVerdict.INCONCLUSIVE]
    if blind:
        return f"Not reproduced: step {place(confirm, blind[0].step_id)} {one_line(blind[0].reason)}."
    return "Not reproduced: every step passes from here. A plan that covers the symptom can (New plan)."


def reproduced_line(run: Run) -> str:
    """The strongest failing step in one sentence, from its samples."""
    failed = [step for step in run.steps if step.verdict is StepVerdict.FAILED]
    if not failed:
        return "a step failed"
    worst = max(failed, key=lambda step: (_by_request(run, step), step.failed / max(1, step.samples)))
    more = (
        f" ({len(failed) - 1} more {'step fails' if len(failed) == 2 else 'steps fail'} too)" if len(failed) > 1 else ""
    )
    return f"{failing_sentence(run, worst)}{more}"


def _by_request(run: Run, progress: StepProgress) -> bool:
    """A request that failed says more than a metric that is high."""
    step = run.plan.step(progress.step_id)
    return step is not None and step.repeated


def failing_sentence(run: Run, progress: StepProgress) -> str:
    step = run.plan.step(progress.step_id)
    sample = progress.failures[0] if progress.failures else None
    if step is None or sample is None or not step.repeated:
        return f"step {place(run, progress.step_id)} failed ({one_line(progress.reason)})"
    return f"{one_line(sample.request)} {answered(sample)} in {progress.failed} of {progress.samples} tries"


def answered(sample: Sample) -> str:
    """What a failing sample did, as a verb: ``answered 503``, ``gave $.total 19.98 instead of 19.99``."""
    if sample.fault is not None:
        return f"failed ({one_line(sample.fault.kind.value)})"
    first = sample.failures[0] if sample.failures else None
    if first is None or first.subject == "status":
        return f"answered {sample.status}"
    if first.subject in ("latency", "p50", "p90", "p95", "p99"):
        return f"took {one_line(first.seen)} (limit {one_line(first.expected)})"
    return (
        f"gave {one_line(first.subject or first.source)} {one_line(first.seen)} instead of {one_line(first.expected)}"
    )


def facts_line(incident: Incident, now: float) -> str:
    end = incident.resolved_at or now
    severity = incident.severity or "severity not set"
    again = f" · reopened {incident.reopened}×" if incident.reopened else ""
    state = incident.state.value
    lasted = end - incident.opened_at
    since = f"since {clock(incident.opened_at)} ({span(lasted) if lasted >= 60 else 'less than a minute'})"
    return f"{incident.id} · {severity} · {state} · {since}{again}"


def plain_facts(incident: Incident) -> str:
    severity = incident.severity or "severity not set"
    return f"{severity}, {incident.state.value}, since {plain_clock(incident.opened_at)}"


def signals_text(incident: Incident) -> str:
    """One line a signal: value against limit, what its monitor says, since when."""
    lines = [_signal(line) for line in incident.signals[:SIGNALS_SHOWN]]
    hidden = len(incident.signals) - SIGNALS_SHOWN
    if hidden > 0:
        lines.append(f"and {hidden} more signals")
    return "\n".join(lines) or "No signal."


def _signal(line: SignalLine) -> str:
    measured = _measured(line)
    word = (
        "the alert did not say whether it fires or recovered"
        if line.transition is Transition.UNKNOWN
        else f"{line.transition.value} {clock(line.last_at)}"
    )
    name = link(line.link, line.title) if line.link else one_line(line.title)
    return f"• {name} · {f'{measured} · ' if measured else ''}{word}"


def links_line(view: ThreadView) -> str:
    links = view.links
    named = (
        (links.metric, "Metric Explorer"),
        (links.monitor, "Monitor"),
        (links.logs, "Logs"),
        (links.runbook, "Runbook"),
    )
    return " · ".join(link(url, label) for url, label in named if url)


def catalog_hint(incident: Incident) -> str:
    """What to add to the catalog, so that the next incident of this service is tested."""
    name = incident.label if incident.label != "unknown service" else "SERVICE"
    env = f", env: {incident.env}" if incident.env else ""
    entry = f'{name}: {{match: {{service: {name}{env}}}, base_url: https://…, channel: "#…"}}'
    return (
        "No catalog entry matches, so nothing can be tested by request. "
        f"Add to fixloop.yml under services: {code(cut(entry, 300))}"
    )


def root_buttons(incident: Incident) -> list[Block]:
    if incident.state is State.RESOLVED or incident.plan is None:
        return []
    if incident.active_run is not None:
        return [button("Stop", action_id="stop", value=incident.id)]
    return [validate_button(incident), resolve_button(incident)]


def validate_button(incident: Incident) -> Block:
    return button("Validate", action_id="validate", value=incident.id, style="primary")


def resolve_button(incident: Incident) -> Block:
    verdict = incident.verdict.value if incident.verdict is not None else "not validated"
    question = confirmation(
        f"Resolve {incident.id}?", f"It is {verdict} now, and the thread will keep saying so.", yes="Resolve"
    )
    style = "primary" if incident.verdict is RecoveryVerdict.PROVEN else None
    return button("Resolve", action_id="resolve", value=incident.id, style=style, confirm=question)


def status_text(view: ThreadView) -> str:
    """An incident in two lines, for ``/fixloop status``."""
    incident = view.incident
    return f"{symbol(view)} *{one_line(title(incident))}*\n{status_line(view)} · {facts_line(incident, view.now)}"
