"""The numbers of the last 30 days, counted from the feed's rows. Pure; every one says what it counts."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from fixloop_bot.domain.feed import FeedRow
from fixloop_bot.domain.runs import RunKind

PERIOD_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """A median in seconds, and of how many incidents; ``seconds`` is None where there is none."""

    seconds: float | None = None
    of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What happened in a period; an incident belongs to it if it was opened in it, and was not merged into another.

    ``to_confirm``: from the alert to the end of the first run that saw the bug.
    ``to_fix``: from the alert to the start of the validate run whose proof stands, without one to the resolution: the
    moment in which somebody said that it is fixed.
    ``to_proof``: from the alert to the end of that validate run; only incidents whose proof stands.
    ``recovered_unproven``: signals of which Datadog said Recovered, in incidents without a proof that stands and
    without a validate run that is going.
    ``taken_back``: proofs that did not last, several of one incident counted each.
    """

    incidents: int = 0
    open: int = 0
    resolved: int = 0
    confirmed: int = 0
    proven: int = 0
    to_confirm: Middle = Middle()
    to_fix: Middle = Middle()
    to_proof: Middle = Middle()
    recovered_unproven: int = 0
    taken_back: int = 0


def numbers_of(rows: Iterable[FeedRow], *, now: float, period_s: float = PERIOD_S) -> Numbers:
    """Count the incidents that were opened in the last ``period_s`` seconds."""
    counted = [row for row in rows if row.merged_into is None and row.opened_at >= now - period_s]
    return Numbers(
        incidents=len(counted),
        open=sum(row.is_open for row in counted),
        resolved=sum(not row.is_open for row in counted),
        confirmed=sum(row.confirmed_at is not None for row in counted),
        proven=sum(row.proven_at is not None for row in counted),
        to_confirm=_middle((row.opened_at, row.confirmed_at) for row in counted),
        to_fix=_middle((row.opened_at, row.fixed_at) for row in counted),
        to_proof=_middle((row.opened_at, row.proven_at) for row in counted),
        recovered_unproven=sum(_recovered_unproven(row) for row in counted),
        taken_back=sum(row.taken_back for row in counted),
    )


def _recovered_unproven(row: FeedRow) -> int:
    return 0 if row.proven_at is not None or row.busy == RunKind.VALIDATE else row.recovered


def _middle(spans: Iterable[tuple[float, float | None]]) -> Middle:
    """The median of the spans that have ended; one that ends before it begins, by clocks that differ, took no time."""
    known = [max(0.0, end - start) for start, end in spans if end is not None]
    return Middle(seconds=statistics.median(known) if known else None, of=len(known))
