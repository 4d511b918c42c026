"""How a signal enters its incident. Every signal is legal in every state; a late or repeated one moves nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from fixloop_bot.domain.happenings import Happening, Undone
from fixloop_bot.domain.incidents import (
    ABSORBED_LENGTH,
    SIGNALS_KEPT,
    TRANSITIONS,
    Incident,
    Move,
    SignalLine,
    State,
    advance,
    severity_of,
    undone,
)
from fixloop_bot.domain.signals import Signal, Transition, bare_title

MESSAGE_LENGTH = 1000
"""How much of an alert's text is kept with its line, for the plan's author; the rest is in Datadog."""


class Reading(StrEnum):
    """What a signal meant for its incident."""

    JOINED = "joined"
    NEWER = "newer"
    LATE = "late"
    REOPENED = "reopened"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """An incident after a signal, and what the signal meant."""

    incident: Incident
    reading: Reading


def absorb(incident: Incident, signal: Signal) -> Absorbed:
    """Take a signal into its incident. Every signal is legal in every state; a late one only leaves a note.

    A signal that was absorbed before changes nothing. Late means: older than the newest signal of the same identity,
    or, in a resolved incident, not newer than the resolution. On equal times an alerting signal beats a recovery,
    since a wrongly open incident costs less than a wrongly closed one.
    """
    if signal.id in incident.absorbed:
        return Absorbed(incident=incident, reading=Reading.LATE)
    incident = replace(incident, absorbed=(*incident.absorbed, signal.id)[-ABSORBED_LENGTH:])
    known = next((line for line in incident.signals if line.identity == signal.identity), None)
    if _is_late(incident, known, signal):
        return _noted_late(incident, signal)
    lines = tuple(line for line in incident.signals if line.identity != signal.identity)
    line = line_after(known, signal)
    position = incident.signals.index(known) if known is not None else len(lines)
    severity = incident.severity or severity_of(signal.priority)
    updated = replace(incident, severity=severity, signals=few((*lines[:position], line, *lines[position:])))
    if signal.transition.alerting:
        absorbed = _alerted(updated, known, signal)
    else:
        absorbed = Absorbed(incident=updated, reading=Reading.RECOVERED if signal.recovers else Reading.NEWER)
    told = _noted(absorbed.incident, signal, _what(signal, known), undid=undone(incident, absorbed.incident))
    return replace(absorbed, incident=told)


def _noted(incident: Incident, signal: Signal, what: str, *, undid: Undone | None = None) -> Incident:
    return incident.noted(signal.occurred_at, "datadog", Happening.SIGNAL, what, undid=undid)


def few(lines: tuple[SignalLine, ...]) -> tuple[SignalLine, ...]:
    """At most ``SIGNALS_KEPT``: of the others, what has recovered goes first, and the first trouble stays."""
    while len(lines) > SIGNALS_KEPT:
        goes = next((line for line in lines[1:-1] if not line.firing), lines[1])
        lines = tuple(line for line in lines if line is not goes)
    return lines


def _alerted(incident: Incident, known: SignalLine | None, signal: Signal) -> Absorbed:
    was = incident.state
    if signal.transition is Transition.RENOTIFY and was in (State.RECOVERED, State.RESOLVED) and known is not None:
        return Absorbed(incident=incident, reading=Reading.NEWER)
    move = Move.ALERT_AGAIN if signal.transition.again else Move.ALERT
    if (was, move) not in TRANSITIONS:
        return Absorbed(incident=incident, reading=Reading.NEWER)
    moved = advance(incident, move)
    if moved.reopened > incident.reopened:
        return Absorbed(incident=moved, reading=Reading.REOPENED)
    return Absorbed(incident=moved, reading=Reading.JOINED if known is None else Reading.NEWER)


def _is_late(incident: Incident, known: SignalLine | None, signal: Signal) -> bool:
    if incident.resolved_at is not None and signal.occurred_at <= incident.resolved_at:
        return True
    if known is None:
        return False
    if signal.occurred_at == known.last_at:
        return known.firing and not signal.transition.alerting
    return signal.occurred_at < known.last_at


def _noted_late(incident: Incident, signal: Signal) -> Absorbed:
    what = f"{signal.transition.value} arrived late and changed nothing: {bare_title(signal.title)}"
    return Absorbed(incident=_noted(incident, signal, what), reading=Reading.LATE)


def line_after(known: SignalLine | None, signal: Signal) -> SignalLine:
    """How a trouble stands after a signal; ``known`` is None for its first one."""
    keeps = signal.transition is Transition.UNKNOWN and known is not None
    return SignalLine(
        identity=signal.identity,
        identity_kind=signal.identity_kind,
        title=bare_title(signal.title),
        transition=known.transition if keeps and known is not None else signal.transition,
        first_at=known.first_at if known is not None else signal.occurred_at,
        last_at=known.last_at if keeps and known is not None else signal.occurred_at,
        value=signal.value if signal.value is not None else (known.value if known else None),
        measure=signal.measure or (known.measure if known else None),
        monitor_id=signal.monitor_id or (known.monitor_id if known else None),
        scope=signal.scope or (known.scope if known else ""),
        link=signal.link or (known.link if known else None),
        message=signal.message[:MESSAGE_LENGTH] or (known.message if known else ""),
        seen=(known.seen if known else 0) + 1,
        merged=known is not None and known.merged,
    )


def _what(signal: Signal, known: SignalLine | None) -> str:
    joined = "" if known is not None else " (joined)"
    doubt = ", but its title says otherwise" if signal.contradiction else ""
    return f"{signal.transition.value}{doubt}: {bare_title(signal.title)}{joined}"
