"""An incident and its lifecycle. ``TRANSITIONS`` owns the lifecycle; ``advance()`` is the only door.

::

    open ──reproduce──▶ reproduced ──prove──▶ recovered ──resolve──▶ resolved
      ▲                     ▲                     │                     │
      │                     └────── regress ──────┤                     │
      └───────────── alert, alert again ──────────┴──── alert again, reopen

Datadog's Recovered moves nothing (rule of proof 5): it is noted, and asks for a validate run. A signal that is older
than what is already known of its identity is noted as late and moves nothing. A move that the table does not have
raises IllegalTransition and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from fixloop_bot.domain.errors import IllegalTransition
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.plans import Plan
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import IdentityKind, Measure, Transition

SIGNALS_KEPT = 50
"""Troubles kept in an incident: a storm of monitors, or one that flaps for days, must not make it grow without end."""
ABSORBED_LENGTH = 200
"""Ids of the newest absorbed signals, kept so that a signal that is taken twice counts once."""
TIMELINE_LENGTH = 200
"""Entries kept in an incident; the oldest but the first are dropped, since the store has the signals themselves."""


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    REPRODUCED = "reproduced"
    RECOVERED = "recovered"
    RESOLVED = "resolved"


class Move(StrEnum):
    """What can happen to an incident."""

    ALERT = "alert"
    ALERT_AGAIN = "alert again"
    REPRODUCE = "reproduce"
    PROVE = "prove"
    REGRESS = "regress"
    RESOLVE = "resolve"
    REOPEN = "reopen"


TRANSITIONS: dict[tuple[State, Move], State] = {
    (State.OPEN, Move.ALERT): State.OPEN,
    (State.OPEN, Move.ALERT_AGAIN): State.OPEN,
    (State.OPEN, Move.REPRODUCE): State.REPRODUCED,
    (State.OPEN, Move.PROVE): State.RECOVERED,
    (State.OPEN, Move.REGRESS): State.REPRODUCED,
    (State.OPEN, Move.RESOLVE): State.RESOLVED,
    (State.REPRODUCED, Move.ALERT): State.REPRODUCED,
    (State.REPRODUCED, Move.ALERT_AGAIN): State.REPRODUCED,
    (State.REPRODUCED, Move.REPRODUCE): State.REPRODUCED,
    (State.REPRODUCED, Move.PROVE): State.RECOVERED,
    (State.REPRODUCED, Move.REGRESS): State.REPRODUCED,
    (State.REPRODUCED, Move.RESOLVE): State.RESOLVED,
    (State.RECOVERED, Move.ALERT): State.OPEN,
    (State.RECOVERED, Move.ALERT_AGAIN): State.OPEN,
    (State.RECOVERED, Move.REPRODUCE): State.REPRODUCED,
    (State.RECOVERED, Move.PROVE): State.RECOVERED,
    (State.RECOVERED, Move.REGRESS): State.REPRODUCED,
    (State.RECOVERED, Move.RESOLVE): State.RESOLVED,
    (State.RESOLVED, Move.ALERT_AGAIN): State.OPEN,
    (State.RESOLVED, Move.REGRESS): State.REPRODUCED,
    (State.RESOLVED, Move.REOPEN): State.OPEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """What is known of one trouble (one identity); ``merged``: it came with an incident that was merged into this."""

    identity: str
    identity_kind: IdentityKind
    title: str
    transition: Transition
    first_at: float
    last_at: float
    value: float | None = None
    measure: Measure | None = None
    monitor_id: str | None = None
    scope: str = ""
    link: str | None = None
    message: str = ""
    seen: int = 1
    merged: bool = False

    @property
    def firing(self) -> bool:
        return self.transition.alerting

    @property
    def declared(self) -> bool:
        """Whether a person says so, and no monitor: nothing will ever say that it is over."""
        return self.identity_kind is IdentityKind.DECLARED

    @property
    def standing(self) -> str:
        """What was last said of it: a transition, or that a person has declared it."""
        return "declared by a person" if self.declared else self.transition.value


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusNote:
    """What a responder says about where things stand, in their own words."""

    text: str
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentChange:
    """What was changed shortly before the incident began, such as a deploy; its words are data from outside."""

    at: float
    what: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A manual step done by a person."""

    step_id: str
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The last selection a person sent from one rendering of the checklist; the next one is compared with it."""

    block_id: str
    user: str
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """What the incident remembers of a run; the run itself is kept beside it.

    ``partial``: somebody looked at one step again, so that it is nothing to compare a whole run with.
    """

    id: str
    number: int
    kind: RunKind
    plan_hash: str
    plan_version: int
    started_by: str
    started_at: float
    finished_at: float | None = None
    verdict: RecoveryVerdict | None = None
    reproduced: bool = False
    stopped: bool = False
    partial: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble of one service, from its first signal to its resolution.

    ``service_key`` is ``name|env`` and is what a second monitor joins by; ``service`` is the catalog entry's name, or
    None where the catalog has none. ``revision`` is the compare-and-set counter of the store. Times are epoch seconds.
    ``declared_by`` is who opened it without an alert; ``lead`` and ``fixer`` are its roles; ``fixed_by`` says what
    fixed it, ``override_reason`` why it was resolved although it was not proven. ``merged_into`` is the incident that
    has taken it over, ``merged`` are those that it has taken over. Until ``muted_until`` nobody is reminded of it;
    ``reminded`` are the reminders given. ``changes`` are those that were known before it when its plan was written,
    the newest first.
    """

    id: str
    number: int
    service_key: str
    service: str | None
    label: str
    env: str | None = None
    title: str
    severity: str | None = None
    channel: str
    state: State = State.OPEN
    opened_at: float
    revision: int = 0
    signals: tuple[SignalLine, ...] = ()
    absorbed: tuple[str, ...] = ()
    plan: Plan | None = None
    plans_made: int = 0
    planning_since: float | None = None
    ticked: tuple[str, ...] = ()
    manual: tuple[Tick, ...] = ()
    selections: tuple[Selection, ...] = ()
    checklist_revision: int = 0
    runs: tuple[RunLine, ...] = ()
    active_run: str | None = None
    soak_run: str | None = None
    wanted_run: RunKind | None = None
    wanted_by: str = ""
    verdict: RecoveryVerdict | None = None
    verdict_reason: str = ""
    soak_until: float | None = None
    soak_held: bool = False
    evidence_from: int = 0
    resolved_at: float | None = None
    resolved_by: str | None = None
    reopened: int = 0
    declared_by: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: float | None = None
    lead: str | None = None
    fixer: str | None = None
    note: StatusNote | None = None
    fixed_by: str = ""
    override_reason: str = ""
    merged_into: str | None = None
    merged: tuple[str, ...] = ()
    muted_until: float | None = None
    reminded: tuple[str, ...] = ()
    changes: tuple[RecentChange, ...] = ()
    timeline: tuple[Entry, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state is not State.RESOLVED

    def run_line(self, run_id: str) -> RunLine | None:
        return next((line for line in self.runs if line.id == run_id), None)

    def run_before(self, plan_hash: str, *, number: int | None = None) -> RunLine | None:
        """What a validate run is compared with: a run of the same frozen plan from while the service was broken.

        A confirm run that reproduced the bug, else any other run that saw a step fail, else the confirm run that saw
        none. Runs from before the last regression say nothing about the present trouble (``evidence_from``);
        ``number`` leaves out the run of that number and those after it.
        """
        ended = [
            line
            for line in self.runs
            if line.plan_hash == plan_hash
            and line.finished_at is not None
            and not line.partial
            and self.evidence_from <= line.number
            and (number is None or line.number < number)
        ]
        confirms = [line for line in ended if line.kind is RunKind.CONFIRM]
        reproduced = [line for line in confirms if line.reproduced] or [line for line in ended if line.reproduced]
        found = reproduced or [line for line in confirms if not line.stopped]
        return found[-1] if found else None

    def proof(self) -> RunLine | None:
        """The last validate run that has ended with a verdict, if it proved the recovery."""
        ended = [line for line in self.runs if line.kind is RunKind.VALIDATE and line.verdict is not None]
        return ended[-1] if ended and ended[-1].verdict is RecoveryVerdict.PROVEN else None

    def stopped_watch(self) -> RunLine | None:
        """The watch of the proof that stands, if it was stopped and nothing has run since; it can go on."""
        whole = [line for line in self.runs if not line.partial]
        ends = self.state is State.RECOVERED and self.active_run is None and self.soak_run is None
        stopped = ends and bool(whole) and whole[-1].kind is RunKind.SOAK and whole[-1].stopped
        return whole[-1] if stopped and self.proof() is not None else None

    def waits_for_go(self) -> str | None:
        """Who has stopped all traffic while a run is wanted, as the store names them; None where nothing waits."""
        if self.wanted_run is None or self.active_run is not None or not self.is_open:
            return None
        tries = (Happening.HELD_BACK, Happening.RUN_STARTED)
        last = next((entry for entry in reversed(self.timeline) if entry.kind in tries), None)
        return last.about if last is not None and last.kind is Happening.HELD_BACK else None

    def main_signal(self) -> SignalLine | None:
        """The signal that the card leads with: the first of its own that still fires, else the first of its own."""
        own = [line for line in self.signals if not line.merged] or list(self.signals)
        return next((line for line in own if line.firing), own[0] if own else None)

    def noted(
        self,
        at: float,
        who: str,
        kind: Happening,
        what: str,
        *,
        about: str = "",
        undid: Undone | None = None,
        place: str = "",
    ) -> Incident:
        """The same incident with one more line in its timeline."""
        return self.with_entry(Entry(at=at, who=who, kind=kind, what=what, about=about, undid=undid, place=place))

    def with_entry(self, entry: Entry) -> Incident:
        """The same, with an entry that stands for a message."""
        timeline = (*self.timeline, entry)
        if len(timeline) > TIMELINE_LENGTH:
            timeline = (timeline[0], *timeline[-(TIMELINE_LENGTH - 1) :])
        return replace(self, timeline=timeline)


def advance(incident: Incident, move: Move) -> Incident:
    """The incident after ``move``; raises IllegalTransition, changing nothing, where the table has no such move."""
    target = TRANSITIONS.get((incident.state, move))
    if target is None:
        raise IllegalTransition(f"{incident.id} is {incident.state.value}: it cannot {move.value}.")
    leaves_resolution = incident.state is State.RESOLVED
    falls_back = incident.state in (State.RECOVERED, State.RESOLVED) and target in (State.OPEN, State.REPRODUCED)
    return replace(
        incident,
        state=target,
        resolved_at=None if leaves_resolution else incident.resolved_at,
        resolved_by=None if leaves_resolution else incident.resolved_by,
        fixed_by="" if leaves_resolution else incident.fixed_by,
        override_reason="" if leaves_resolution else incident.override_reason,
        acknowledged_by=None if leaves_resolution else incident.acknowledged_by,  # whoever was on it may be asleep
        acknowledged_at=None if leaves_resolution else incident.acknowledged_at,
        verdict=None if falls_back else incident.verdict,
        verdict_reason="" if falls_back else incident.verdict_reason,
        soak_until=None if falls_back else incident.soak_until,
        soak_held=False if falls_back else incident.soak_held,
        soak_run=None if falls_back else incident.soak_run,
        reopened=incident.reopened + (1 if falls_back else 0),
        evidence_from=_next_number(incident) if falls_back else incident.evidence_from,
    )


def undone(before: Incident, after: Incident) -> Undone | None:
    """What a change of an incident has taken back; None where it has not fallen back by it."""
    if after.reopened == before.reopened:
        return None
    return Undone.PROOF if before.is_open else Undone.RESOLUTION


def _next_number(incident: Incident) -> int:
    return incident.runs[-1].number + 1 if incident.runs else 1


def severity_of(priority: str | None) -> str | None:
    """``SEV1`` … ``SEV5`` from Datadog's ``P1`` … ``P5``; None where the monitor has no priority."""
    digits = "".join(char for char in priority or "" if char.isdigit())
    return f"SEV{digits}" if digits in {"1", "2", "3", "4", "5"} else None
