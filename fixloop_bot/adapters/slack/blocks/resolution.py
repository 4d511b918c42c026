"""The last card: how it ended, and on what grounds."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.aftermath import watch_end
from fixloop_bot.adapters.slack.blocks.buttons import reopen_button, verdict_word
from fixloop_bot.adapters.slack.blocks.card import Card, actions, context, fallback
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.ending import ended_by, merged_line, override_line
from fixloop_bot.adapters.slack.blocks.report import report_button, report_line
from fixloop_bot.adapters.slack.blocks.status import SYMBOLS, WHITE, reason
from fixloop_bot.adapters.slack.blocks.text import counted, day_and_clock, one_line, person
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import Role
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepVerdict
from fixloop_bot.domain.verdicts import proving_steps


def resolution_card(view: ThreadView) -> Card | None:
    """None until the incident is resolved; once it is open again, the card says so and no longer offers to reopen."""
    incident = view.incident
    if incident.resolved_at is None:
        return _taken_back(view)
    if incident.merged_into is not None:
        return _merged(incident, now=view.now)
    verdict = verdict_word(incident)
    symbol = SYMBOLS[incident.verdict] if incident.verdict is not None else WHITE
    lasted = span(incident.resolved_at - incident.opened_at)
    when = day_and_clock(incident.resolved_at, view.now)
    by, override = ended_by(incident), override_line(incident)
    grounds, report = grounds_line(view), report_line(view.filed, incident)
    buttons = [*([] if report else [report_button(incident)]), reopen_button(incident)]
    return Card(
        part="resolution",
        text=fallback(f"{incident.id} resolved, {verdict}, {when}, after {lasted}, {by}.", override, grounds, report),
        blocks=(
            section_block(
                f"{symbol} *Resolved* {when} · *{verdict}* · {lasted} · {by}",
                block_id=f"resolution:{incident.id}:line",
            ),
            *([context(override, block_id=f"resolution:{incident.id}:override")] if override else []),
            context(grounds, block_id=f"resolution:{incident.id}:grounds"),
            *([context(report, block_id=f"resolution:{incident.id}:report")] if report else []),
            actions(buttons, block_id=f"resolution:{incident.id}:buttons"),
        ),
    )


def _merged(incident: Incident, *, now: float) -> Card:
    """The thread goes on elsewhere, and there is nothing to reopen here."""
    line = f"{WHITE} {merged_line(incident)}"
    when = f"Merged by {person(incident.resolved_by)}, {day_and_clock(incident.resolved_at or now, now)}"
    text = fallback(f"{incident.id} was merged into {incident.merged_into}: go on there.", when)
    blocks = (
        section_block(line, block_id=f"resolution:{incident.id}:line"),
        context(when, block_id=f"resolution:{incident.id}:when"),
    )
    return Card(part="resolution", text=text, blocks=blocks)


def _taken_back(view: ThreadView) -> Card | None:
    """What the card of an earlier resolution says now; None where there was none."""
    incident = view.incident
    earlier = [entry for entry in incident.timeline if entry.kind is Happening.RESOLVED]
    if not earlier:
        return None
    line = f"{WHITE} *Reopened.* It was resolved {_once(earlier[-1], view.now)}."
    text = fallback(f"{incident.id} reopened. It was resolved {_once(earlier[-1], view.now)}.")
    return Card(part="resolution", text=text, blocks=(section_block(line, block_id=f"resolution:{incident.id}:line"),))


def _once(entry: Entry, now: float) -> str:
    return f"{day_and_clock(entry.at, now)} by {person(entry.who)}, {one_line(entry.about, 40)}"


def grounds_line(view: ThreadView) -> str:
    """``Proof: 2 steps failed before and pass now, 1 control unchanged, 10 min watch quiet``."""
    incident, run = view.incident, view.shown
    if incident.verdict is not RecoveryVerdict.PROVEN or run is None or view.confirm is None:
        return _no_proof(view)
    proving = proving_steps(run, view.confirm)
    controls = _steady_controls(run, proving)
    pieces = [f"{counted(len(proving), 'step')} failed before and {'passes' if len(proving) == 1 else 'pass'} now"]
    if controls:
        pieces.append(f"{counted(controls, 'control')} unchanged")
    measured = run.traffic is not None and run.traffic.value is not None
    pieces.append("real traffic inside its limit" if measured else "real traffic not measured")
    pieces.append(_watch(view, incident))
    return f"Proof: {', '.join(pieces)}"


def _steady_controls(run: Run, proving: tuple[str, ...]) -> int:
    """How many controls passed that had not failed before."""
    passed = {step.step_id for step in run.steps if step.verdict is StepVerdict.PASSED} - set(proving)
    return sum(step.id in passed and step.role is Role.CONTROL for step in run.plan.steps)


def _watch(view: ThreadView, incident: Incident) -> str:
    soak = view.soak
    if not incident.soak_held:
        return _cut_short(view)
    if soak is None or soak.finished_at is None:
        return "watch quiet"
    return f"{span(soak.finished_at - soak.started_at)} watch quiet"


def _cut_short(view: ThreadView) -> str:
    soak = view.soak
    if not watch_end(view) or soak is None or soak.finished_at is None:
        return "watch not finished"
    if soak.stopped_by is None and not soak.steps:
        return "no step could be watched"
    how = "stopped" if soak.stopped_by is not None else "ended"
    return f"watch {how} after {span(soak.finished_at - soak.started_at)}"


def _no_proof(view: ThreadView) -> str:
    if all(line.kind is not RunKind.VALIDATE or line.finished_at is None for line in view.incident.runs):
        return "No proof: no validation ran, so nothing shows that it has recovered."
    why = reason(view)
    if not why and not view.incident.reopened:
        return "No proof: it was not validated since the last confirm run."
    return f"No proof. {why}" if why else "No proof: it was not validated since it was last open."
