"""Work that outlives a request. A job carries ids only; its handler reads the newest state from the store.

A job is saved with the state that asks for it (an outbox in the same atomic write) and only then handed to the queue,
so that a process killed between the two loses nothing: the sweep hands it over again. ``key`` makes that harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

REFRESH_THREAD = "refresh_thread"
MAKE_PLAN = "make_plan"
EXECUTE_RUN = "execute_run"
START_RUN = "start_run"
ANSWER_WISH = "answer_wish"
DRAW_CHARTS = "draw_charts"
MAKE_REPORT = "make_report"
REMIND = "remind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work. ``at`` is epoch seconds, 0 for at once; jobs of one ``key`` run once."""

    name: str
    args: tuple[str, ...]
    key: str
    at: float = 0.0


class JobQueue(Protocol):
    """Hands jobs to whichever worker is free. At least once: handlers are idempotent."""

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        """Queue jobs and take them out of the outbox; raises StoreUnavailable."""
        ...
