"""What all answers of a process share: the way to Slack, and what it has refused lately."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.standing import NO_ACCESS
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

REFUSED_FOR_S = 600.0
ASK_EVERY_S = 5.0
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
        if why.error not in OF_THIS_CALL | NO_ACCESS:
            self._until[what] = self._clock.now() + REFUSED_FOR_S


class Presence:
    """Whether Slack is there to be spoken to. While it is not, it is asked every few seconds, once for all answers."""

    def __init__(self, api: SlackApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._away = False
        self._ask_from = 0.0
        self._asking = asyncio.Lock()

    def lost(self) -> None:
        """Somebody has tried for long enough, in vain."""
        self._away = True

    async def there(self) -> bool:
        """Costs no call as long as nothing is known to be wrong."""
        self._away = self._away or bool(self._api.standing.trouble)
        async with self._asking:
            if self._away and self._clock.now() >= self._ask_from:
                self._away = not await self._answers()
                self._ask_from = self._clock.now() + ASK_EVERY_S
        return not self._away

    async def _answers(self) -> bool:
        try:
            await self._api.call("auth.test")
        except (SlackBusy, SlackRefused):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all answers of a process share."""

    api: SlackApi
    clock: Clock
    abilities: Abilities
    presence: Presence
