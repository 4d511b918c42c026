"""Two incidents turn out to be one: the first is ended as merged, the second takes its troubles over."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.domain.absorption import few
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, Move, SignalLine, State, advance, undone


def merged_away(incident: Incident, into: str, *, by: str, now: float) -> Incident:
    """The incident as it ends: resolved, since its troubles are told elsewhere now. Raises IllegalTransition."""
    ended = replace(
        advance(incident, Move.RESOLVE),
        resolved_at=now,
        resolved_by=by,
        merged_into=into,
        wanted_run=None,
        wanted_by="",
        planning_since=None,
    )
    return ended.noted(now, by, Happening.MERGED, f"merged into {into}")


def taken_over(incident: Incident, other: Incident, *, by: str, now: float) -> Incident:
    """The incident with another one's troubles, under its own title; unchanged where it has them already.

    A trouble that still fires reopens a recovered one, as its alert would have: no proof covers what it has not seen.
    It reopens one that was resolved while it was on its way, too: nobody who resolved it has seen that it fires there.
    """
    if other.id in incident.merged:
        return incident
    known = {line.identity: line for line in incident.signals}
    brought = {line.identity: _brought(line, known.get(line.identity)) for line in other.signals}
    kept = tuple(brought.get(line.identity, line) for line in incident.signals)
    added = tuple(line for line in brought.values() if line.identity not in known)
    grown = replace(incident, merged=(*incident.merged, other.id), signals=few((*kept, *added)))
    news = [line for line in brought.values() if line is not known.get(line.identity)]
    if incident.state in (State.RECOVERED, State.RESOLVED) and any(line.firing for line in news):
        grown = advance(grown, Move.ALERT if incident.is_open else Move.ALERT_AGAIN)
    what = f"took over {other.id} ({other.label}: {other.title})"
    return grown.noted(now, by, Happening.TOOK_OVER, what, about=other.id, undid=undone(incident, grown))


def _brought(line: SignalLine, known: SignalLine | None) -> SignalLine:
    """A trouble as it stands afterwards; of one that both have seen, the newer word counts, and on equal times what
    alarms."""
    if known is None:
        return replace(line, merged=True)
    if (line.last_at, line.firing) <= (known.last_at, known.firing):
        return known
    first_at = min(line.first_at, known.first_at)
    return replace(line, merged=known.merged, first_at=first_at, seen=known.seen + line.seen)
