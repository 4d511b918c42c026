"""One Slack message of the thread, and the small vocabulary of blocks that the cards are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fixloop_bot.adapters.slack.blocks.text import cut, plain_line, shorten

Block = dict[str, Any]

SECTION_LENGTH = 3000
HEADER_LENGTH = 150
BUTTON_LENGTH = 75
OPTION_LENGTH = 75
FALLBACK_LENGTH = 3900
"""chat.update refuses a text over 4,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A message: ``part`` names its place in the thread, ``text`` says the same as the blocks to a screen reader.

    The first block's id stays the same over the card's life: by it a card is found again in the channel.
    """

    part: str
    text: str
    blocks: tuple[Block, ...]

    def digest(self) -> str:
        """Changes exactly when what a person sees changes."""
        return hashlib.sha256(orjson.dumps([self.text, self.blocks], option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def header(text: str, *, block_id: str) -> Block:
    return {"type": "header", "block_id": block_id, "text": plain(text, HEADER_LENGTH)}


def section(text: str, *, block_id: str) -> Block:
    return {"type": "section", "block_id": block_id, "text": mrkdwn(text)}


def context(text: str, *, block_id: str) -> Block:
    return {"type": "context", "block_id": block_id, "elements": [mrkdwn(text)]}


def actions(elements: Sequence[Block], *, block_id: str) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(
    text: str, *, action_id: str, value: str, style: str | None = None, confirm: Mapping[str, Any] | None = None
) -> Block:
    """A button; ``value`` carries an id, never a secret."""
    element: Block = {"type": "button", "action_id": action_id, "text": plain(text, BUTTON_LENGTH), "value": value}
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = dict(confirm)
    return element


def option(text: str, value: str) -> Block:
    """One choice of a menu: what is read, and the id that comes back."""
    return {"text": plain(text, OPTION_LENGTH), "value": value}


def overflow(options: Sequence[tuple[str, str]], *, action_id: str) -> Block:
    """The menu behind ⋯, at most five (text, value)."""
    return {"type": "overflow", "action_id": action_id, "options": [option(*each) for each in options]}


def plain(text: str, most: int) -> Block:
    """A text without markup. Slack refuses an empty one."""
    return {"type": "plain_text", "text": shorten(plain_line(text), most).strip() or "–", "emoji": True}


def mrkdwn(text: str, most: int = SECTION_LENGTH) -> Block:
    """A text with markup. Verbatim: Slack makes no links or mentions of plain words. Slack refuses an empty one."""
    return {"type": "mrkdwn", "text": cut(text, most) or "–", "verbatim": True}


def fallback(*lines: str) -> str:
    """The text of a message for notifications and screen readers."""
    return cut("\n".join(line for line in lines if line), FALLBACK_LENGTH)
