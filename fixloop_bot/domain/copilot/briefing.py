"""The built-in way of answering: from state, in a few short lines with the same citations, without any model.

The verdict always comes from here, also where a model explains it. What is not known is said, with the check that
would tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.copilot.claims import claims_recovery
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.questions import Topic, topics_of, wants_the_brief
from fixloop_bot.domain.copilot.unanswered import not_known, wanted_by
from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.moments import utc
from fixloop_bot.domain.reasons import failed_steps, how_it_fails, others_fail, place
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase

MOST_LINES = 7
MOST_PROMPTS = 4
NOT_READ = "FixLoop does not know whether this answers the question: it is the brief from state."
CAUSE_UNKNOWN = "The cause is not known. FixLoop knows what fails and what changed, not why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """An incident as it stands: its newest runs, and the dossier that was made of everything.

    ``before`` is the run before the fix, ``shown`` the one that the results card shows, ``soak`` the watch.
    """

    incident: Incident
    service: Service | None
    before: Run | None
    shown: Run | None
    soak: Run | None
    now: float
    dossier: Dossier

    @property
    def proven(self) -> bool:
        """Whether the verdict in code says that production has recovered, and nothing has taken it back."""
        held = self.incident.state in (State.RECOVERED, State.RESOLVED)
        return held and self.incident.verdict is RecoveryVerdict.PROVEN


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a brief, with the keys of the evidence that it stands on."""

    text: str
    keys: tuple[str, ...] = ()


def answer(question: str, situation: Situation) -> tuple[Line, ...]:
    """The answer in code: to each standing question that is recognised, else the brief and what is not known."""
    topics, wanted = topics_of(question), wanted_by(question)
    lines = [line for topic in topics for line in _ANSWERS[topic](situation)]
    if wanted is not None:
        first = [verdict(situation)] if Topic.SAFE in topics else []
        lines = [*first, Line(not_known(wanted)), *(lines or _known_of(situation))]
        return tuple(dict.fromkeys(lines))[:MOST_LINES]
    if topics:
        return tuple(dict.fromkeys(lines))[:MOST_LINES]
    opening = [] if wants_the_brief(question) else [Line(NOT_READ)]
    return (*[*opening, *brief(situation)][: MOST_LINES - 1], unknown(situation))


def brief(situation: Situation) -> tuple[Line, ...]:
    """Verdict, what fails and how, what is measured and logged, what changed, what was tried, where to look."""
    return (
        _as_news(verdict(situation)),
        *_failing(situation)[:1],
        *_measured(situation)[:1],
        *_changes(situation)[:1],
        *_tried(situation)[:1],
        *_look(situation)[:1],
        *_logged(situation)[:1],
    )[:MOST_LINES]


def _as_news(said: Line) -> Line:
    """The verdict where nobody asked for it: "No" would answer another question (``is it dns?``)."""
    text = said.text.replace("No: *not recovered*", "*Not recovered*", 1)
    return Line(text.replace("FixLoop cannot say so: *", "Recovery is *", 1), said.keys)


def _known_of(situation: Situation) -> list[Line]:
    """What stands beside a question that has no answer: what fails, what is measured, where to look."""
    return [*_failing(situation)[:1], *_measured(situation)[:1], *_look(situation)[:1]]


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
    if incident.reopened and incident.is_open:
        return "the earlier verdict was taken back, and no validate run has passed since."
    if incident.plan is None:
        return "there is no plan yet, so nothing was checked."
    return "no validate run has finished. Press Validate once the fix is out."


def _safe(situation: Situation) -> list[Line]:
    return [verdict(situation), *_failing(situation)[:2], *_open_steps(situation)[:1], *_measured(situation)[:1]]


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
    said = f"{before}Step {place(run, first.step_id)} {_fails(situation, run)}{how_it_fails(run, first)}."
    lines = [Line(f"{said} {more}".strip(), tuple(f"run{run.number}.{step.step_id}" for step in failed[:4]))]
    step = run.plan.step(first.step_id)
    if step is not None:
        lines.append(Line(f"Step {place(run, step.id)} is: {step.title}", (f"run{run.number}.{step.id}",)))
    return lines


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
    return [Line(f"Changed: {_flat(event)}.", (event.key,)) for event in events[:3]]


def _measured(situation: Situation) -> list[Line]:
    """A metric's last reading against its limit."""
    lines = []
    for metric in situation.dossier.from_source(Source.METRIC)[:2]:
        told = [line for line in metric.text.splitlines()[1:] if line.startswith(("now", "limit", "no data"))]
        lines.append(Line(f"{metric.title}: {'; '.join(told)}.", (metric.key,)))
    return lines


def _tried(situation: Situation) -> list[Line]:
    incident = situation.incident
    runs = [line for line in incident.runs if line.kind is not RunKind.SOAK and line.finished_at is not None]
    if not runs:
        return [Line("Nothing was tried yet: no run has finished.", ("timeline",))]
    shown = "; ".join(f"run {line.number} ({line.kind.value}): {_ended(line)}" for line in runs[-3:])
    return [Line(f"Tried: {shown}.", ("timeline", *(f"run{line.number}" for line in runs[-3:])))]


def _ended(line: RunLine) -> str:
    if line.verdict is not None:
        return line.verdict.value
    return "reproduced the trouble" if line.reproduced else line.reason.rstrip(".") or "no verdict"


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
    return [Line(f"{_flat(each, most=4)}.", (each.key,)) for each in past[:3]]


def _cause(situation: Situation) -> list[Line]:
    return [
        Line(CAUSE_UNKNOWN),
        *_failing(situation)[:1],
        *_changes(situation)[:2],
        *_logged(situation)[:1],
        unknown(situation),
    ]


def _logged(situation: Situation) -> list[Line]:
    said = ((each, each.text.splitlines()[-1]) for each in situation.dossier.from_source(Source.LOG)[:2])
    return [Line(f"Logged most: “{text}”", (each.key,)) for each, text in said if not claims_recovery(text)]


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


def prompts(incident: Incident) -> tuple[str, ...]:
    """At most four questions that fit the incident's state."""
    if incident.state is State.RESOLVED:
        return ("What caused this?", "What was tried?", "What proved the recovery?")
    if incident.state is State.RECOVERED:
        return ("What proves the recovery?", "Is it safe to resume traffic?", "What changed before it?")
    if incident.active_run is not None:
        return ("Which step fails and why?", "Did anything deploy before it?", "What did we do last time?")
    if incident.verdict is not None or incident.state is State.REPRODUCED:
        return (
            "Which step fails and why?",
            "Did anything deploy before it?",
            "What did we do last time?",
            "Is it safe to resume traffic?",
        )
    return ("What is known so far?", "Did anything deploy before it?", "What did we do last time?")


def _flat(evidence: Evidence, *, most: int = 2) -> str:
    return "; ".join(line.strip().rstrip(".") for line in evidence.text.splitlines()[:most] if line.strip())


_ANSWERS = {
    Topic.SAFE: _safe,
    Topic.STEP: _failing,
    Topic.CHANGES: _changes,
    Topic.LAST_TIME: _last_time,
    Topic.CAUSE: _cause,
    Topic.RUN_STEP: _run_step,
}
