"""Pictures that Slack has refused on a card: it goes on without them, and they are tried again after a while.

A new file is refused as long as Slack is still working on it, which is seconds. One that is refused again and again is
gone, and is asked for ever more seldom: each try costs a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fixloop_bot.adapters.slack.blocks.card import Block, Card

FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 3_600.0
MOST_REMEMBERED = 500


class RefusedPictures:
    """What this process knows of it. ``now`` is a clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[str, tuple[float, float]] = {}

    def allowed(self, card: Card) -> Card:
        """The card without the pictures that are not to be tried now; the very card where there is none."""
        now = self._now()
        kept = tuple(block for block in card.blocks if now >= self._until.get(_file(block), (0.0, 0.0))[0])
        return card if len(kept) == len(card.blocks) else replace(card, blocks=kept)

    def refused(self, card: Card) -> None:
        """Slack did not take the card: leave its pictures out, each time for twice as long."""
        for file_id in filter(None, map(_file, card.blocks)):
            _, pause = self._until.pop(file_id, (0.0, FIRST_PAUSE_S / 2))
            pause = min(LONGEST_PAUSE_S, pause * 2)
            self._until[file_id] = (self._now() + pause, pause)
        while len(self._until) > MOST_REMEMBERED:
            del self._until[next(iter(self._until))]


def _file(block: Block) -> str:
    return str(block["slack_file"]["id"]) if block["type"] == "image" else ""
