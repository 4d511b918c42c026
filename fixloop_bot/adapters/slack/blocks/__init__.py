"""The cards of a thread, as pure functions of its view: root, plan, results and resolution, each updated in place."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Card
from fixloop_bot.adapters.slack.blocks.plan import plan_card, read_checklist_id
from fixloop_bot.adapters.slack.blocks.resolution import resolution_card
from fixloop_bot.adapters.slack.blocks.results import results_card
from fixloop_bot.adapters.slack.blocks.root import root_card, status_text
from fixloop_bot.application.views import ThreadView

__all__ = [
    "Card",
    "cards",
    "plan_card",
    "read_checklist_id",
    "resolution_card",
    "results_card",
    "root_card",
    "status_text",
]


def cards(view: ThreadView) -> list[Card]:
    """Every card that the view has something for, in the order of the thread; the first one is the root."""
    possible = (root_card(view), plan_card(view), results_card(view), resolution_card(view))
    return [card for card in possible if card is not None]
