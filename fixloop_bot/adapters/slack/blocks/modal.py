"""Modals and the inputs they are made of, within Slack's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from fixloop_bot.adapters.slack.blocks.card import SECTION_LENGTH, Block, mrkdwn, option, plain
from fixloop_bot.adapters.slack.blocks.text import escape

TITLE_LENGTH = 24
LABEL_LENGTH = 75
"""Slack takes 2,000 for a label; a longer one than this is not read."""
HINT_LENGTH = 300
INPUT_LENGTH = 3000
MOST_BLOCKS = 100
MOST_OPTIONS = 100


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str,
    about: Mapping[str, Any],
    submit: str | None = None,
    close: str = "Close",
) -> Block:
    """A modal. ``about`` holds ids and versions and comes back with every click: never text, never a secret."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": orjson.dumps(about).decode(),
        "title": plain(title, TITLE_LENGTH),
        "close": plain(close, TITLE_LENGTH),
        "blocks": list(blocks[:MOST_BLOCKS]),
    }
    return view | ({"submit": plain(submit, TITLE_LENGTH)} if submit else {})


def about(view: Mapping[str, Any]) -> dict[str, Any]:
    """What ``modal`` was given as ``about``; empty where that cannot be read."""
    try:
        read = orjson.loads(str(view.get("private_metadata") or "{}"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def text_input(
    label: str,
    *,
    block_id: str,
    value: str = "",
    multiline: bool = False,
    optional: bool = False,
    hint: str = "",
    most: int = INPUT_LENGTH,
    placeholder: str = "",
) -> Block:
    """A text field. Its block id is new for each revision: the client keeps what was typed under one that it knows."""
    element: Block = {"type": "plain_text_input", "action_id": "value", "multiline": multiline, "max_length": most}
    if value:
        element["initial_value"] = value[:most]
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _input(label, element, block_id=block_id, optional=optional, hint=hint)


def select_input(
    label: str, options: Sequence[tuple[str, str]], *, block_id: str, chosen: str, hint: str = ""
) -> Block:
    """One of several (text, value)."""
    return _input(label, select(options, action_id="value", chosen=chosen), block_id=block_id, hint=hint)


def select(
    options: Sequence[tuple[str, str]], *, action_id: str, chosen: str = "", placeholder: str = "Choose"
) -> Block:
    """A menu of at most a hundred (text, value); the chosen one is always among them, or there is none."""
    offered = [option(text or value, value) for text, value in options[:MOST_OPTIONS]]
    element: Block = {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "options": offered,
    }
    first = next((each for each in offered if each["value"] == chosen), None)
    return element | ({"initial_option": first} if first is not None else {})


def code_text(text: str, most: int = SECTION_LENGTH) -> str:
    """A code block that fits with its marks, cut inside them; what is cut is said."""
    shown = text.replace("\t", " ").replace("```", "ˋˋˋ")
    room, cut = most - 60, False
    while len(escape(shown)) > room:
        shown, cut = shown[: int(len(shown) * min(0.95, room / len(escape(shown))))], True
    note = f"\n(cut: it has {len(text):,} characters)" if cut else ""
    return f"```{escape(shown) or ' '}```{note}"


def _input(label: str, element: Block, *, block_id: str, optional: bool = False, hint: str = "") -> Block:
    block: Block = {"type": "input", "block_id": block_id, "label": plain(label, LABEL_LENGTH), "element": element}
    if optional:
        block["optional"] = True
    return block | ({"hint": plain(hint, HINT_LENGTH)} if hint else {})


def lines_block(text: str, *, block_id: str) -> Block:
    """A section, for words that are marked up already."""
    return {"type": "section", "block_id": block_id, "text": mrkdwn(text)}
