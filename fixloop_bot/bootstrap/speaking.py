"""The copilot, wired: what it reads, what it talks with, and where it speaks."""

from __future__ import annotations

import secrets

from fixloop_bot.adapters.kingfisher import Kingfisher, prepare
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker, NullTalker
from fixloop_bot.adapters.redis.talks import Talks
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.searching import Search
from fixloop_bot.application.copilot.speech import Talker
from fixloop_bot.application.copilot.turns import Turns
from fixloop_bot.application.ports import DeepLinks
from fixloop_bot.application.threads import Threads
from fixloop_bot.bootstrap.gallery import DAY_S
from fixloop_bot.bootstrap.means import Means
from fixloop_bot.config import secret_of
from fixloop_bot.domain.catalog import Service

RULES = "kingfisher"
"""The folder of the detector's compiled rules."""


def copilot_parts(by: Means, *, links: DeepLinks, threads: Threads) -> tuple[Gathering, Talker]:
    """State and telemetry to read, and a model to talk with.

    The detector's rules are loaded with the first question, in a thread, and not by who never asks one.
    """
    detect = Kingfisher(by.settings.data_dir / RULES)
    gathering = Gathering(
        by.store,
        by.telemetry,
        by.prober,
        links,
        view=threads.view,
        changes=by.telemetry,
        permalink=by.slack.permalink if by.slack is not None else _no_address,
        secrets=_secrets_of,
        detect=detect,
        search=Search(by.meaning),
    )
    talker: Talker = NullTalker()
    if by.model is not None:
        services = by.catalog.services

        def known() -> list[str]:
            return [value for service in services for value in _secrets_of(service)]

        talker = MiniMaxTalker(by.model, by.settings.minimax_model, known, detect=detect)
    return gathering, talker


async def prepare_copilot(by: Means) -> None:
    """What a worker does aside, so that the first question need not wait for it; nothing without a model."""
    if by.model is not None:
        await prepare(by.settings.data_dir / RULES)


def build_copilot(by: Means, gathering: Gathering, talker: Talker) -> Copilot:
    """What answers questions, and a place in the thread to speak."""
    talks = Talks(by.client, clock=by.clock, retention_s=by.settings.retention_days * DAY_S)
    turns = Turns(talks, clock=by.clock, token=lambda: secrets.token_hex(8))
    return Copilot(by.store, talks, gathering, talker=talker, podium=by.podium, turns=turns, clock=by.clock)


def _no_address(channel: str, ts: str) -> str:
    del channel, ts
    return ""


def _secrets_of(service: Service) -> tuple[str, ...]:
    """The values of a service's secrets, read now and kept nowhere: they are masked wherever they turn up."""
    return tuple(value for _, reference in service.secrets if (value := secret_of(reference)))
