"""How an incident fell back: a proof was taken back by what was seen, or a resolution was taken back, by whomever.

A person who reopens says that it is not over; they have seen no step fail, so that no proof is lost by it. The timeline
tells the two apart, which every card, list and number reads here.
"""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Incident, RunLine
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """When (epoch seconds) an incident fell back, by whom, and what was seen, such as ``Datadog alerted again``.

    ``resolved``: it had been resolved, so that it was reopened; otherwise a proof stood, and was taken back. ``why`` is
    empty where a person has reopened it.
    """

    at: float
    who: str
    why: str = ""
    resolved: bool = False


def setback(incident: Incident) -> Setback | None:
    """What the incident last fell back by; None while it is proven or resolved, or where a run has looked since."""
    if not incident.is_open or incident.verdict is RecoveryVerdict.PROVEN:
        return None
    last = last_setback(incident)
    if last is None:
        return None
    looked = [line.finished_at for line in incident.runs if line.kind is RunKind.CONFIRM and not line.partial]
    return None if any(at is not None and at > last.at for at in looked) else last


def last_setback(incident: Incident) -> Setback | None:
    """What the incident last fell back by, whatever has become of it since."""
    return next((_setback(incident, entry) for entry in reversed(incident.timeline) if entry.undid is not None), None)


def first_setback(incident: Incident, proof: RunLine) -> Setback | None:
    """What first befell a proof; None while it stands, or where the timeline no longer goes back to it."""
    told = False
    for entry in incident.timeline:
        if told and entry.undid is not None:
            return _setback(incident, entry)
        told = told or (entry.kind is Happening.RUN_ENDED and entry.about == proof.id)
    return None


def reopened_by_hand(incident: Incident, proof: RunLine) -> bool:
    """Whether the first that befell a proof was that somebody reopened the incident, resolved with it."""
    first = first_setback(incident, proof)
    return first is not None and first.resolved and not first.why


def _setback(incident: Incident, entry: Entry) -> Setback:
    resolved = entry.undid is Undone.RESOLUTION
    return Setback(at=entry.at, who=entry.who, why=_why(incident, entry), resolved=resolved)


def _why(incident: Incident, entry: Entry) -> str:
    if entry.kind is Happening.SIGNAL:
        return "Datadog alerted again"
    if entry.kind is Happening.TOOK_OVER:
        return f"{entry.about} was merged into it"
    if entry.kind is Happening.RUN_ENDED:
        return f"{_name(incident.run_line(entry.about))} saw it fail"
    return ""


def _name(line: RunLine | None) -> str:
    """Of a run; the oldest of very many are not remembered."""
    if line is None:
        return "a run"
    return "the watch" if line.kind is RunKind.SOAK else f"{line.kind.value} run {line.number}"
