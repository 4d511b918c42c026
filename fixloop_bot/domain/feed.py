"""The incident feed: of every incident one small row, with all that a list and the numbers of a month need.

A row is derived from its incident, which forgets: of its runs and its timeline only the last are kept. What a row has
known once it keeps, therefore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.reminders import next_reminder
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.setbacks import Setback, reopened_by_hand, setback
from fixloop_bot.domain.signals import Measure, Transition

TITLE_KEPT = 300
FIX_KEPT = 200
PEOPLE_KEPT = 50
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One incident, as the feed shows and counts it. Times are epoch seconds.

    ``busy`` is what goes on: ``planning``, ``confirm``, ``validate`` or nothing. ``firing`` and ``recovered`` count the
    signals by what the monitor said last. ``people`` took part in any way.

    ``confirmed_at`` is when a run had first seen the bug; ``fixed_at`` when the validate run began whose proof stands,
    without one when a person resolved the incident; ``proven_at`` when that proof was complete.

    ``taken_back`` counts the proofs that did not last; ``setback`` is what it last fell back by, until a run has looked
    or it is proven. ``remind_at`` is when somebody is to be reminded, if nothing happens before.
    """

    id: str
    number: int
    revision: int
    label: str
    service: str | None = None
    env: str | None = None
    title: str
    severity: str | None = None
    channel: str = ""
    state: State
    opened_at: float
    busy: str = ""
    verdict: RecoveryVerdict | None = None
    soak_until: float | None = None
    firing: int = 0
    recovered: int = 0
    value: float | None = None
    measure: Measure | None = None
    lead: str | None = None
    fixer: str | None = None
    acknowledged_by: str | None = None
    people: tuple[str, ...] = ()
    planned: bool = False
    reopened: int = 0
    muted_until: float | None = None
    remind_at: float | None = None
    merged_into: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    fixed_by: str = ""
    confirmed_at: float | None = None
    fixed_at: float | None = None
    proven_at: float | None = None
    taken_back: int = 0
    setback: Setback | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not State.RESOLVED

    @property
    def broken(self) -> bool:
        """Whether somebody has looked and seen it fail: reproduced, or not recovered."""
        return self.is_open and (self.state is State.REPRODUCED or self.verdict is RecoveryVerdict.NOT_RECOVERED)

    @property
    def taken(self) -> bool:
        """Whether anybody has said that it is theirs."""
        return bool(self.lead or self.fixer or self.acknowledged_by)

    def muted(self, now: float) -> bool:
        return self.muted_until is not None and now < self.muted_until


def row_of(incident: Incident, before: FeedRow | None = None) -> FeedRow:
    """The incident's row; ``before`` is the one that was kept of it, if any."""
    line, proof = incident.main_signal(), _standing_proof(incident)
    seen = [each.finished_at for each in incident.runs if each.reproduced and not each.partial and each.finished_at]
    known = [before.confirmed_at] if before is not None and before.confirmed_at is not None else []
    return FeedRow(
        id=incident.id,
        number=incident.number,
        revision=incident.revision,
        label=incident.label[:TITLE_KEPT],
        service=incident.service,
        env=incident.env,
        title=(line.title if line is not None else incident.title)[:TITLE_KEPT],
        severity=incident.severity,
        channel=incident.channel,
        state=incident.state,
        opened_at=incident.opened_at,
        busy=_busy(incident),
        verdict=incident.verdict,
        soak_until=incident.soak_until if incident.soak_run is not None else None,
        firing=sum(each.firing for each in incident.signals),
        recovered=sum(each.transition is Transition.RECOVERED for each in incident.signals),
        value=line.value if line is not None else None,
        measure=next((each.measure for each in (line, *incident.signals) if each is not None and each.measure), None),
        lead=incident.lead,
        fixer=incident.fixer,
        acknowledged_by=incident.acknowledged_by,
        people=_people(incident, before),
        planned=incident.plan is not None,
        reopened=incident.reopened,
        muted_until=incident.muted_until,
        remind_at=reminder.at if (reminder := next_reminder(incident)) is not None else None,
        merged_into=incident.merged_into,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
        fixed_by=incident.fixed_by[:FIX_KEPT],
        confirmed_at=min([*seen, *known], default=None),
        fixed_at=proof.started_at if proof is not None else incident.resolved_at,
        proven_at=proof.finished_at if proof is not None else None,
        taken_back=max(_taken_back(incident), before.taken_back if before is not None else 0),
        setback=setback(incident),
    )


def _busy(incident: Incident) -> str:
    line = incident.run_line(incident.active_run or "")
    if line is not None:
        return line.kind.value
    return "planning" if incident.plan is None and incident.planning_since is not None and incident.is_open else ""


def _proofs(incident: Incident) -> list[RunLine]:
    return [line for line in incident.runs if line.kind is RunKind.VALIDATE and line.verdict is RecoveryVerdict.PROVEN]


def _standing_proof(incident: Incident) -> RunLine | None:
    """The proof that stands: the first one, where later runs have proven the same again."""
    proofs = _proofs(incident)
    if not proofs or incident.verdict is not RecoveryVerdict.PROVEN:
        return None
    standing = proofs[-1]
    for earlier, later in reversed(list(pairwise(proofs))):
        if _lost_between(incident, earlier, later):
            break
        standing = earlier
    return standing


def _taken_back(incident: Incident) -> int:
    """How many proofs did not last: those behind which the incident fell back, or the bug was sought again.

    A second Validate that proves the same again takes nothing back, nor does one that could not look. FixLoop seeks the
    bug again, in a confirm run, or sees it, only once a proof is gone. Who reopens has seen nothing fail.
    """
    proofs = _proofs(incident)
    gone = sum(_lost_between(incident, earlier, later) for earlier, later in pairwise(proofs))
    return gone + (1 if proofs and _lost_since(incident, proofs[-1]) else 0)


def _lost_between(incident: Incident, earlier: RunLine, later: RunLine) -> bool:
    between = [line for line in incident.runs if earlier.number < line.number < later.number and not line.partial]
    if any(line.reproduced for line in between):
        return True
    sought = any(line.kind is RunKind.CONFIRM for line in between)
    fell = sought or earlier.number < incident.evidence_from <= later.number
    return fell and not reopened_by_hand(incident, earlier)


def _lost_since(incident: Incident, proof: RunLine) -> bool:
    if incident.evidence_from <= proof.number:
        return False
    after = [line for line in incident.runs if line.number > proof.number and not line.partial]
    return any(line.reproduced for line in after) or not reopened_by_hand(incident, proof)


def _people(incident: Incident, before: FeedRow | None) -> tuple[str, ...]:
    """Everybody who took part: in a role, in the timeline, on the checklist."""
    named: list[str | None] = [incident.lead, incident.fixer, incident.acknowledged_by, incident.declared_by]
    named += [entry.who for entry in incident.timeline]
    named += [tick.by for tick in incident.manual] + [line.started_by for line in incident.runs]
    named += list(before.people) if before is not None else []
    found = dict.fromkeys(each for each in named if each is not None and _PERSON.fullmatch(each))
    return tuple(found)[:PEOPLE_KEPT]


# Lists


def open_rows(rows: Iterable[FeedRow], now: float) -> list[FeedRow]:
    """Open incidents, the worst first: broken before unknown before recovered, unclaimed before claimed, then by age.

    What is muted stands behind what is not: somebody has decided that it can wait.
    """

    def badness(row: FeedRow) -> tuple[bool, int, bool, float, int]:
        rank = 0 if row.broken else 2 if row.state is State.RECOVERED else 1
        return row.muted(now), rank, row.taken, row.opened_at, row.number

    return sorted((row for row in rows if row.is_open), key=badness)


def resolved_rows(rows: Iterable[FeedRow]) -> list[FeedRow]:
    """Resolved incidents, the last one first; what was merged into another one is told there."""
    ended = [row for row in rows if not row.is_open and row.merged_into is None]
    return sorted(ended, key=lambda row: (-(row.resolved_at or row.opened_at), -row.number))


def rows_of_person(rows: Iterable[FeedRow], user: str, now: float) -> list[FeedRow]:
    """Where somebody leads, fixes, has acknowledged or took part: open ones first, then the last resolved ones."""
    mine = [row for row in rows if user in row.people]
    return [*open_rows(mine, now), *resolved_rows(mine)]


# A curve in a line of text

BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 12


def sparkline(
    points: Sequence[tuple[float, float]],
    *,
    start: float,
    end: float,
    lowest: bool = False,
    width: int = SPARK_WIDTH,
) -> str:
    """The course of (epoch seconds, value) from ``start`` to ``end`` in ``width`` bars, from its own least to its most.

    A bar is the greatest value of its share of the time, or the ``lowest``, whichever is the trouble; a gap is a space.
    A curve that is flat lies on the ground. Empty where fewer than two bars have a value.
    """
    worse = min if lowest else max
    bins: list[float | None] = [None] * width
    for at, value in points:
        if start <= at <= end and start < end:
            place = min(int((at - start) / (end - start) * width), width - 1)
            held = bins[place]
            bins[place] = value if held is None else worse(held, value)
    known = [value for value in bins if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    return "".join(" " if value is None else _bar(value, low, high) for value in bins)


def _bar(value: float, low: float, high: float) -> str:
    # Halved first: the distance of two numbers may be larger than any number.
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0
    return BARS[max(0, min(len(BARS) - 1, int(share * len(BARS))))]
