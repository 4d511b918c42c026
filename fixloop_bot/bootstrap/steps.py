"""What modals need at once: the details of a step, and a plan's editing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fixloop_bot.adapters.plan_words import PlanWords
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.details import Details
from fixloop_bot.application.editing import Allowed, Editing, everybody
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The use cases behind modals of steps."""

    details: Details
    editing: Editing


def build_steps(
    store: RedisStore,
    ledger: Ledger,
    planning: Planning,
    *,
    catalog: Catalog,
    clock: Clock,
    allowed: Allowed = everybody,
) -> Steps:
    """Both, on the store alone; ``allowed`` says who may edit."""
    editing = Editing(
        store,
        ledger,
        planning,
        store,
        PlanWords(),
        catalog=catalog,
        clock=clock,
        token=lambda: secrets.token_hex(8),
        allowed=allowed,
    )
    return Steps(details=Details(store, catalog=catalog, clock=clock), editing=editing)
