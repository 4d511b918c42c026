"""The built-in way of answering: from state, in a few short lines with the same citations, without any model.

The verdict always comes from here, also where a model explains it. What is not known is said, with the check that
would tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.domain.copilot.claims import claims_recovery
from fixloop_bot.domain.copilot.details import answered, asked_steps, began, figures, flat, measured, mentions, tried
from fixloop_bot.domain.copilot.dossier import Source
from fixloop_bot.domain.copilot.questions import Topic, topics_of, wants_the_brief
from fixloop_bot.domain.copilot.situation import Line, Situation
from fixloop_bot.domain.copilot.unanswered import Wanted, not_known, wanted_by
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import utc
from fixloop_bot.domain.reasons import failed_steps, how_it_fails, others_fail, place
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase
from fixloop_bot.domain.setbacks import setback

MOST_LINES = 7
NOT_READ = "FixLoop does not know whether this answers the question: it is the brief from state."
CAUSE_UNKNOWN = "The cause is not known. FixLoop knows what fails and what changed, not why."


def answer(question: str, situation: Situation) -> tuple[Line, ...]:
    """The answer in code: to each standing question that is recognised, else the brief and what is not known."""
    topics, wanted = topics_of(question), wanted_by(question)
    lines = _shared([_ANSWERS[topic](situation) for topic in topics])
    told = {key for line in lines for key in line.keys[:1]}
    lines = [*(line for line in asked_steps(question, situation) if told.isdisjoint(line.keys)), *lines]
    if wanted is not None:
        first = [verdict(situation)] if Topic.SAFE in topics else []
        lines = lines or _changed_beside(wanted, situation)
        cited = {key for line in lines for key in line.keys}
        known = [line for line in _known_of(situation) if not cited.issuperset(line.keys)]
        lines = [*first, Line(not_known(wanted)), *lines, *known]
    if lines:
        return tuple(dict.fromkeys(lines))[:MOST_LINES]
    if wants_the_brief(question):
        return (*brief(situation)[: MOST_LINES - 1], unknown(situation))
    said = brief(situation)
    changed = {key for line in _nearest(situation) for key in line.keys}
    named = [line for line in mentions(question, situation) if changed.isdisjoint(line.keys)]
    return (*[Line(NOT_READ), *named, *said][: MOST_LINES - 1], unknown(situation))


def _shared(answers: Sequence[Sequence[Line]]) -> list[Line]:
    """Of each answer as many lines as leave room for the others; what room is left goes to the first."""
    share = max(2, MOST_LINES // max(1, len(answers)))
    kept = list(dict.fromkeys(line for lines in answers for line in lines[:share]))[:MOST_LINES]
    more = [line for lines in answers for line in lines[share:] if line not in kept]
    kept += more[: MOST_LINES - len(kept)]
    return list(dict.fromkeys(line for lines in answers for line in lines if line in kept))


def _changed_beside(wanted: Wanted, situation: Situation) -> list[Line]:
    """Who, and what to do, is easier to find out where one sees what was changed."""
    return _changes(situation)[:2] if wanted in (Wanted.WHO, Wanted.ADVICE) else []


def brief(situation: Situation) -> tuple[Line, ...]:
    """Verdict, what fails and how, what is measured and logged, what changed, what was tried, where to look."""
    told = situation.incident.verdict is RecoveryVerdict.NOT_RECOVERED  # which says how the first step fails
    return (
        _as_news(verdict(situation)),
        *([] if told else _failing(situation)[:1]),
        *measured(situation)[:1],
        *_nearest(situation),
        *tried(situation)[:1],
        *_look(situation)[:1],
        *_logged(situation)[:1],
    )[:MOST_LINES]


def _nearest(situation: Situation) -> list[Line]:
    """The change nearest before the start, and the last one since."""
    events = situation.dossier.from_source(Source.CHANGE)
    since = [event for event in events if " after the incident began" in event.text]
    nearest = [*events[:1], *since[-1:]]
    return [Line(f"Changed: {flat(event)}.", (event.key,)) for event in dict.fromkeys(nearest)] or _changes(situation)


def _done_so_far(situation: Situation) -> list[Line]:
    """What was tried: runs, and changes since it began."""
    return [*tried(situation), *_nearest(situation)[1:], _as_news(verdict(situation))]


def _as_news(said: Line) -> Line:
    """The verdict where nobody asked for it: "No" would answer another question (``is it dns?``)."""
    text = said.text.replace("No: *not recovered*", "*Not recovered*", 1)
    return Line(text.replace("FixLoop cannot say so: *", "Recovery is *", 1), said.keys)


def _known_of(situation: Situation) -> list[Line]:
    """What stands beside a question that has no answer: what fails, what is measured, where to look."""
    return [*_failing(situation)[:1], *measured(situation)[:1], *_look(situation)[:1]]


def verdict(situation: Situation) -> Line:
    """What the verdict in code says, with its reason: the only sentence about recovery that counts."""
    incident = situation.incident
    reason = incident.verdict_reason or ""
    match incident.verdict if situation.proven or incident.verdict is not RecoveryVerdict.PROVEN else None:
        case RecoveryVerdict.PROVEN:
            said = f"Recovery is *proven*. {reason}{_watch(situation)}"
        case RecoveryVerdict.NOT_RECOVERED:
            said = f"No: *not recovered*. {reason}"
        case RecoveryVerdict.UNPROVEN:
            said = f"FixLoop cannot say so: *unproven*. {reason}"
        case RecoveryVerdict.INCONCLUSIVE:
            said = f"FixLoop cannot say so: *inconclusive*. {reason}"
        case None:
            said = f"Not known to have recovered: {_why_no_verdict(situation)}"
    return Line(said.strip(), ("verdict", *_key_of(situation.shown, RunKind.VALIDATE)))


def _key_of(run: Run | None, kind: RunKind) -> tuple[str, ...]:
    return (f"run{run.number}",) if run is not None and run.kind is kind else ()


def _watch(situation: Situation) -> str:
    incident = situation.incident
    if incident.soak_held:
        return " The watch after it was quiet."
    if incident.soak_until is None:
        return ""
    if incident.soak_run is None:
        return " The watch after it did not run to its end."
    if situation.now >= incident.soak_until:
        return f" The watch after it was to end at {utc(incident.soak_until)}; its result is not in yet."
    return f" The watch goes on until {utc(incident.soak_until)}."


def _why_no_verdict(situation: Situation) -> str:
    incident, shown = situation.incident, situation.shown
    if shown is not None and not shown.finished:
        return f"run {shown.number} is going on, {shown.decided} of {len(shown.step_ids)} steps decided."
    if incident.is_open and (fell := _fell_back(incident)):
        return fell
    if incident.plan is None:
        return "there is no plan yet, so nothing was checked."
    return "no validate run has finished. Press Validate once the fix is out."


def _fell_back(incident: Incident) -> str:
    """How a proof or a resolution was lost, as the card has it; empty where neither was."""
    back = setback(incident)
    if back is None:
        return "it was reopened, and no validate run has passed since." if incident.reopened else ""
    what = f"{'it was reopened' if back.resolved else 'the proof was taken back'} at {utc(back.at)}"
    return f"{what}: {back.why}. No validate run has passed since." if back.why else f"{what}, and not validated since."


def _safe(situation: Situation) -> list[Line]:
    told = situation.incident.verdict is RecoveryVerdict.NOT_RECOVERED  # which says how the first step fails
    failing = _named(situation) if told else _failing(situation)[:1]
    return [verdict(situation), *failing, *_open_steps(situation)[:1], *measured(situation)[:1]]


def _failing(situation: Situation) -> list[Line]:
    """The steps that fail in the newest run that has looked, the most telling first."""
    run = _looked(situation)
    if run is None:
        return [Line("No run has looked yet, so it is not known which step fails.", ("incident",))]
    failed = failed_steps(run)
    if not failed:
        looked = tuple(f"run{run.number}.{step.step_id}" for step in run.steps if step.verdict is not None)
        return [Line(f"No step {_fails(situation, run)} in run {run.number} ({run.kind.value}).", looked[:4])]
    first, *others = failed
    more = others_fail(run, others) if _is_newest(situation, run) else ""
    before = "" if _is_newest(situation, run) else f"In run {run.number} ({run.kind.value}): "
    step = run.plan.step(first.step_id)
    titled = f"Step {place(run, first.step_id)}{f' ({step.title})' if step is not None else ''}"
    said = f"{before}{titled} {_fails(situation, run)}{how_it_fails(run, first)}."
    told = Line(f"{said} {more}".strip(), tuple(f"run{run.number}.{step.step_id}" for step in failed[:4]))
    return [told, *answered(situation, f"run{run.number}.{first.step_id}")]


def _named(situation: Situation) -> list[Line]:
    """What the step is that the verdict names by its number."""
    run = _looked(situation)
    failed = failed_steps(run) if run is not None else []
    step = run.plan.step(failed[0].step_id) if run is not None and failed else None
    if run is None or step is None:
        return []
    return [Line(f"Step {place(run, step.id)} is: {step.title}", (f"run{run.number}.{step.id}",))]


def _failed_before(situation: Situation) -> list[Line]:
    """How it failed before the fix, where nothing fails any more."""
    run, newest = situation.before, _looked(situation)
    failed = failed_steps(run) if run is not None and newest is not None and not failed_steps(newest) else []
    if run is None or not failed:
        return []
    said = f"Step {place(run, failed[0].step_id)} failed{how_it_fails(run, failed[0])}."
    return [Line(f"Before, in run {run.number} ({run.kind.value}): {said}", (f"run{run.number}.{failed[0].step_id}",))]


def _is_newest(situation: Situation, run: Run) -> bool:
    """Whether no later run is looking at the same steps while this is said: then what it saw is past."""
    later = [each for each in (situation.shown, situation.soak) if each is not None and each.number > run.number]
    return not any(not each.finished for each in later)


def _fails(situation: Situation, run: Run) -> str:
    return "fails" if _is_newest(situation, run) else "failed"


def _looked(situation: Situation) -> Run | None:
    """The newest run of which a step is decided."""
    runs = [run for run in (situation.soak, situation.shown, situation.before) if run is not None and run.decided]
    return max(runs, key=lambda run: run.number, default=None)


def _open_steps(situation: Situation) -> list[Line]:
    run = situation.shown
    if run is None or run.finished:
        return []
    open_ones = [step.step_id for step in run.steps if step.phase is not StepPhase.DONE]
    numbers = ", ".join(str(place(run, each)) for each in open_ones)
    keys = tuple(f"run{run.number}.{each}" for each in open_ones[:5])
    return [Line(f"Still being decided: step {numbers}.", keys)] if numbers else []


def _changes(situation: Situation) -> list[Line]:
    events = situation.dossier.from_source(Source.CHANGE)
    if not events:
        return [Line("FixLoop sees no change events around the start; that does not mean that nothing was changed.")]
    return [Line(f"Changed: {flat(event)}.", (event.key,)) for event in events[:3]]


def _look(situation: Situation) -> list[Line]:
    """What opens: metric, logs, monitor, runbook."""
    dossier = situation.dossier
    wanted = (Source.METRIC, Source.LOG, Source.SIGNAL, Source.RUNBOOK, Source.CATALOG)
    opening = [next((each for each in dossier.from_source(source) if each.link), None) for source in wanted]
    found = [each for each in opening if each is not None]
    if not found:
        return []
    return [
        Line(f"Where to look: {', '.join(each.source.value for each in found)}.", tuple(each.key for each in found))
    ]


def _last_time(situation: Situation) -> list[Line]:
    past = situation.dossier.from_source(Source.PAST)
    if not past:
        return [Line("FixLoop remembers no incident like this one.")]
    return [Line(f"{flat(each, most=4)}.", (each.key,)) for each in past[:3]]


def _cause(situation: Situation) -> list[Line]:
    return [
        Line(CAUSE_UNKNOWN),
        *(_failed_before(situation) or _failing(situation)[:1]),
        *_changes(situation)[:2],
        *_logged(situation)[:1],
        unknown(situation),
    ]


def _logged(situation: Situation) -> list[Line]:
    """What was logged, the commonest kind first; a line that speaks of recovery is not passed on."""
    said = ((each, each.text.splitlines()[-1]) for each in situation.dossier.from_source(Source.LOG))
    kept = [(each, text) for each, text in said if not claims_recovery(text)]
    return [Line(f"Logged {'too' if at else 'most'}: “{text}”", (each.key,)) for at, (each, text) in enumerate(kept)]


def _logs(situation: Situation) -> list[Line]:
    return _logged(situation)[:3] or [Line("FixLoop sees no error logs of this service; its catalog entry names them.")]


def _run_step(situation: Situation) -> list[Line]:
    plan = situation.incident.plan
    if plan is None:
        return [Line("There is no plan yet, so there is no step to run.", ("incident",))]
    return [Line("Press the button below to run it; FixLoop runs nothing because of a message alone.", ("plan",))]


def unknown(situation: Situation) -> Line:
    """What FixLoop does not know here, and which check would tell."""
    incident, run = situation.incident, _looked(situation)
    if incident.plan is None:
        return Line("What would tell: a plan, and its confirm run. The plan is being written, or press New plan.")
    if run is None:
        return Line("What would tell: the plan's confirm run, which has not decided a step yet.")
    if not run.reproduced and run.kind is RunKind.CONFIRM:
        return Line("What would tell: a new plan with the request that fails; this one did not reproduce the trouble.")
    if situation.proven:
        return Line("What FixLoop does not know: anything that the plan's steps do not ask for.", ("plan",))
    if any(line.kind is RunKind.VALIDATE for line in incident.runs):
        return Line("What would tell: the failing sample's request, repeated by hand, and the logs of that minute.")
    return Line("What would tell whether a fix has worked: Validate runs the same plan again.", ("plan",))


_ANSWERS = {
    Topic.SAFE: _safe,
    Topic.STEP: _failing,
    Topic.SINCE: began,
    Topic.FIGURES: figures,
    Topic.CHANGES: _changes,
    Topic.LOGS: _logs,
    Topic.TRIED: _done_so_far,
    Topic.LAST_TIME: _last_time,
    Topic.CAUSE: _cause,
    Topic.RUN_STEP: _run_step,
}
