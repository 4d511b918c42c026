"""What all answers of a process share: the way to Slack, and what it has refused lately."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackRefused

log = logging.getLogger(__name__)

REFUSED_FOR_S = 600.0
OF_THIS_CALL = frozenset(
    {
        "thread_not_found",
        "channel_not_found",
        "is_archived",
        "user_not_found",
        "team_not_found",
        "msg_too_long",
        "no_text",
    }
)
"""Refusals that say nothing about the next answer."""


class Abilities:
    """What Slack has refused lately, by channel; it is asked again after ten minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def has(self, what: str) -> bool:
        return self._clock.now() >= self._until.get(what, 0.0)

    def lost(self, what: str, why: SlackRefused) -> None:
        log.info("doing without %s: %s", what, why)
        if why.error not in OF_THIS_CALL:
            self._until[what] = self._clock.now() + REFUSED_FOR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all answers of a process share."""

    api: SlackApi
    clock: Clock
    abilities: Abilities
