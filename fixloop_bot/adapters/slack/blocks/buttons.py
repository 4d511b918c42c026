"""The buttons that stand on more than one card."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Block, button, confirmation
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import RecoveryVerdict


def verdict_word(incident: Incident) -> str:
    return incident.verdict.value if incident.verdict is not None else "not validated"


def validate_button(incident: Incident) -> Block:
    return button("Validate", action_id="validate", value=incident.id, style="primary")


def new_plan_button(incident: Incident) -> Block:
    return button("New plan", action_id="new_plan", value=incident.id)


def stop_button(incident: Incident) -> Block:
    return button("Stop", action_id="stop", value=incident.id)


def reproduce_button(incident: Incident) -> Block:
    """For a bug that hid from the confirm run: the same plan, once more before the fix."""
    return button("Try to reproduce again", action_id="confirm", value=incident.id)


def reopen_button(incident: Incident) -> Block:
    return button("Reopen", action_id="reopen", value=incident.id)


def resolve_button(incident: Incident) -> Block:
    """Asks once more, with the verdict that will stay on record."""
    question = confirmation(
        f"Resolve {incident.id}?",
        f"The recovery is {verdict_word(incident)}. The thread will keep saying so.",
        yes="Resolve",
    )
    style = "primary" if incident.verdict is RecoveryVerdict.PROVEN else None
    return button("Resolve", action_id="resolve", value=incident.id, style=style, confirm=question)
