"""The last card: how it ended, and on what grounds."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Card, actions, button, context, fallback
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.root import SYMBOLS
from fixloop_bot.adapters.slack.blocks.text import clock, counted, one_line, person, span
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import Role
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind, StepVerdict
from fixloop_bot.domain.verdicts import proving_steps


def resolution_card(view: ThreadView) -> Card | None:
    """None until the incident is resolved."""
    incident = view.incident
    if incident.resolved_at is None:
        return None
    verdict = incident.verdict.value if incident.verdict is not None else "not validated"
    symbol = SYMBOLS[incident.verdict] if incident.verdict is not None else "⚪"
    lasted = span(incident.resolved_at - incident.opened_at)
    line = f"{symbol} *Resolved* {clock(incident.resolved_at)} · *{verdict}* · {lasted} · by {person(incident.resolved_by)}"
    grounds = grounds_line(view)
    reopen = button("Reopen", action_id="reopen", value=incident.id)
    return Card(
        part="resolution",
        text=fallback(f"{incident.id} resolved, {verdict}, after {lasted}.", grounds),
        blocks=(
            section_block(line, block_id=f"resolution:{incident.id}:line"),
            context(grounds, block_id=f"resolution:{incident.id}:grounds"),
            actions([reopen], block_id=f"resolution:{incident.id}:buttons"),
        ),
    )


def grounds_line(view: ThreadView) -> str:
    """``Proof: 2 steps failed before and pass now, 1 control unchanged, 10 min watch quiet``."""
    incident, run = view.incident, view.shown
    if incident.verdict is not RecoveryVerdict.PROVEN or run is None or view.confirm is None:
        return _no_proof(incident)
    proving = proving_steps(run, view.confirm)
    controls = [
        step.step_id
        for step in run.steps
        if step.verdict is StepVerdict.PASSED
        and step.step_id not in proving
        and (planned := run.plan.step(step.step_id)) is not None
        and planned.role is Role.CONTROL
    ]
    pieces = [f"{counted(len(proving), 'step')} failed before and {'passes' if len(proving) == 1 else 'pass'} now"]
    if controls:
        pieces.append(f"{counted(len(controls), 'control')} unchanged")
    if run.traffic is not None and run.traffic.value is not None:
        pieces.append("real traffic inside its limit")
    pieces.append("watch quiet" if incident.soak_held else "watch not finished")
    return f"Proof: {', '.join(pieces)}"


def _no_proof(incident: Incident) -> str:
    if incident.last_run(RunKind.VALIDATE) is None:
        return "No validate run: nothing shows that it has recovered."
    return one_line(incident.verdict_reason) or "No proof."
