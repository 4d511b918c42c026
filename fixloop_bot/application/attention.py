"""Somebody has clicked: for some seconds they look at that thread, and its cards go before all others."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import orjson

from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency, Waiting
from fixloop_bot.domain.errors import StoreUnavailable

Handler = Callable[[str], Awaitable[None]]


def attending(handler: Handler, waiting: Waiting) -> Handler:
    """A handler of wishes that makes way first: the wish's incident is drawn at once, and its calls are answers."""

    async def answer(document: str) -> None:
        incident = _incident_of(document)
        if incident:
            with contextlib.suppress(StoreUnavailable):  # the wish itself will say so
                await waiting.attend(incident)
        with errands.on(Errand(urgency=Urgency.ANSWER)):
            await handler(document)

    return answer


def _incident_of(document: str) -> str:
    try:
        raw = orjson.loads(document)
    except orjson.JSONDecodeError:
        return ""
    return str(raw.get("incident") or "") if isinstance(raw, dict) else ""
