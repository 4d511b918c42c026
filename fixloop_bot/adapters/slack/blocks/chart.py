"""A picture on a card, with the sentence that says the same; and the card without it, where Slack does not take it."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.adapters.slack.blocks.card import Block, Card
from fixloop_bot.adapters.slack.blocks.text import one_line, plain_line, shorten
from fixloop_bot.application.occasions import SIGNAL
from fixloop_bot.application.pictures import Picture, spread_of
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.runs import Run

ALT_LENGTH = 1_900
"""Slack takes 2,000 characters."""


def picture_block(picture: Picture, *, block_id: str) -> Block:
    alt = shorten(plain_line(picture.alt), ALT_LENGTH) or "A picture of the incident"  # Slack takes none without
    return {"type": "image", "block_id": block_id, "slack_file": {"id": picture.file_id}, "alt_text": alt}


def signal_picture(view: ThreadView) -> list[Block]:
    """For the root card: the signal around the incident; none before the first one is drawn."""
    picture = view.album.picture(SIGNAL)
    return [picture_block(picture, block_id=f"root:{view.incident.id}:chart")] if picture is not None else []


def picture_said(view: ThreadView) -> str:
    """What the root card's picture shows, for who is read the message's text."""
    picture = view.album.picture(SIGNAL)
    return one_line(picture.alt, 1_000) if picture is not None else ""


def spread_picture(view: ThreadView, run: Run) -> list[Block]:
    """For the results card: before and now, if it was drawn for this run."""
    picture = spread_of(view.album, run)
    return [picture_block(picture, block_id=f"results:{run.id}:chart")] if picture is not None else []


def without_pictures(card: Card) -> Card:
    """The same card without its pictures; the very card where it has none."""
    kept = tuple(block for block in card.blocks if block["type"] != "image")
    return card if len(kept) == len(card.blocks) else replace(card, blocks=kept)
