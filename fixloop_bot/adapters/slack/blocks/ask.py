"""The modal behind Ask: one field, for who would rather tap than type in the thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.adapters.slack.blocks.card import Block
from fixloop_bot.adapters.slack.blocks.modal import modal, text_input
from fixloop_bot.adapters.slack.blocks.text import one_line, person
from fixloop_bot.domain.redaction import mask

ASK, ASK_FORM = "ask", "ask_form"
LONGEST_QUESTION = 1000


def ask_form(place: Mapping[str, str]) -> Block:
    """``place`` is the incident, its channel and its thread."""
    field = text_input(
        "Your question",
        block_id="question",
        multiline=True,
        most=LONGEST_QUESTION,
        placeholder="Is it safe to resume traffic?",
        hint="The answer comes in the thread, with its evidence.",
    )
    return modal(
        f"Ask about {place['incident']}", [field], callback_id=ASK_FORM, about=place, submit="Ask", close="Cancel"
    )


def typed_question(view: Mapping[str, Any]) -> str:
    values = (view.get("state") or {}).get("values") or {}
    return str(((values.get("question") or {}).get("value") or {}).get("value") or "").strip()[:LONGEST_QUESTION]


def question_line(user: str, text: str) -> str:
    """How the question stands in the thread, before its answer."""
    return f"{person(user)} asks: {one_line(mask(text), LONGEST_QUESTION)}"
