"""The buttons that stand on more than one card."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Block, button, overflow
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import RecoveryVerdict


def verdict_word(incident: Incident) -> str:
    return incident.verdict.value if incident.verdict is not None else "not validated"


def on_it_button(incident: Incident) -> Block:
    """So that two people do not both work on it."""
    return button("I'm on it", action_id="acknowledge", value=incident.id)


def validate_button(incident: Incident, *, plain: bool = False) -> Block:
    """The one to press next, until a proof stands; ``plain`` where a card must not change with the verdict."""
    style = None if plain or incident.verdict is RecoveryVerdict.PROVEN else "primary"
    return button("Validate", action_id="validate", value=incident.id, style=style)


def ask_button(incident: Incident) -> Block:
    return button("Ask", action_id="ask", value=incident.id)


def more_menu(incident: Incident) -> Block:
    """What is wanted now and then; Slack's menu holds five."""
    named = (
        ("note", "Say where it stands…"),
        ("roles", "Lead and fixer…"),
        ("severity", "Severity…"),
        ("mute", "Mute reminders…"),
        ("merge", "Merge into another…"),
    )
    return overflow([(text, f"{what}:{incident.id}") for what, text in named], action_id="more")


def details_button(run_id: str) -> Block:
    return button("Details", action_id="details", value=run_id)


def edit_button(incident: Incident) -> Block:
    return button("Edit", action_id="edit_plan", value=incident.id)


def new_plan_button(incident: Incident) -> Block:
    return button("New plan", action_id="new_plan", value=incident.id)


def stop_button(incident: Incident) -> Block:
    return button("Stop", action_id="stop", value=incident.id)


def reproduce_button(incident: Incident) -> Block:
    """For a bug that hid from the confirm run: the same plan, once more before the fix."""
    return button("Try to reproduce again", action_id="confirm", value=incident.id)


def reopen_button(incident: Incident) -> Block:
    return button("Reopen", action_id="reopen", value=incident.id)


def resolve_button(incident: Incident, *, plain: bool = False) -> Block:
    """Opens a form that says how sure it is, and asks what fixed it."""
    style = "primary" if incident.verdict is RecoveryVerdict.PROVEN and not plain else None
    return button("Resolve", action_id="resolve", value=incident.id, style=style)
