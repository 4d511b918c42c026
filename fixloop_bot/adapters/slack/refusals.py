"""What an engineer would want where Slack refuses a card: a milder form of it, or a word about the place."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from fixloop_bot.adapters.slack.blocks.card import Block, Card, context
from fixloop_bot.adapters.slack.blocks.chart import without_pictures
from fixloop_bot.adapters.slack.blocks.text import cut, link, one_line
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import SlackRefused

log = logging.getLogger(__name__)

NO_SUCH_PLACE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "no_permission"})
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})
TOO_LONG = frozenset({"msg_too_long", "msg_blocks_too_long"})
SHORT_TEXT = 2000
_POINTER = re.compile(r"/blocks/(\d{1,3})\b")
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,20}")
_WHY = {
    "is_archived": "is archived",
    "channel_not_found": "is not there, or is private and FixLoop is not in it",
    "not_in_channel": "does not have FixLoop in it; invite it there",
}


def milder(card: Card, refusal: SlackRefused) -> Card | None:
    """The next form to try after a refusal; None where no form of the card would be taken.

    A card without its blocks has no buttons, yet it says the same: better than nothing at three in the morning.
    """
    bare = without_pictures(card)
    if refusal.error in BAD_BLOCKS and bare is not card:
        log.info("a card goes out without its pictures for now: %s", refusal)
        return bare
    if refusal.error in BAD_BLOCKS and card.blocks:
        log.error("a card goes out as text alone: %s; the block is %s", refusal, refused_block(card, refusal))
        return replace(card, blocks=())
    if refusal.error in TOO_LONG and len(card.text) > SHORT_TEXT:
        log.warning("a card's text is cut to %d characters: %s", SHORT_TEXT, refusal)
        return replace(card, text=cut(card.text, SHORT_TEXT))
    if refusal.error in TOO_LONG and card.blocks:
        log.error("a card goes out as text alone: %s", refusal)
        return replace(card, blocks=())
    return None


def refused_block(card: Card, refusal: SlackRefused) -> str:
    """Which block Slack means, as far as it says so."""
    said = _POINTER.search(str(refusal))
    number = int(said[1]) if said else -1
    if not 0 <= number < len(card.blocks):
        return "not named"
    block = card.blocks[number]
    return f"{number}, a {block.get('type')} with the id {block.get('block_id')}"


def with_place(card: Card, refs: ThreadRefs) -> Card:
    """The root card with a word about where it belongs, while it stands elsewhere."""
    word = place_word(refs)
    if not word or not card.blocks:
        return card
    head, *rest = card.blocks
    block: Block = context(word, block_id=f"{head['block_id']}:place")
    return replace(card, text=cut(f"{card.text}\n{word}", 3900), blocks=(head, block, *rest[:48]))


def place_word(refs: ThreadRefs) -> str:
    """Why the thread is not where it belongs; empty while it is."""
    if not refs.belongs:
        return ""
    place = f"<#{refs.belongs}>" if _CHANNEL_ID.fullmatch(refs.belongs) else one_line(refs.belongs, 90)
    why = _WHY.get(refs.trouble, f"does not take FixLoop's messages ({one_line(refs.trouble, 60)})")
    if not refs.before:
        return f"This belongs in {place}, which {why}."
    return f"This goes on from {link(refs.before, 'the thread')} in {place}, which {why}."
