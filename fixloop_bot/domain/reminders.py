"""What an incident's people are reminded of, and when. Each once; an incident that comes back may remind again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fixloop_bot.domain.acts import MACHINES
from fixloop_bot.domain.happenings import Happening, Undone
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.setbacks import last_setback


class Topic(StrEnum):
    """What is forgotten."""

    UNACKNOWLEDGED = "unacknowledged"
    UNVALIDATED = "unvalidated"


WAITS_S = {Topic.UNACKNOWLEDGED: 5 * 60.0, Topic.UNVALIDATED: 30 * 60.0}
SAME_CAUSE_S = 1.0
"""Times are handed on as text; what differs by less is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A reminder: since when its cause has lasted, from when it is due (epoch seconds), and its name, given once."""

    topic: Topic
    since: float
    at: float
    name: str


def next_reminder(incident: Incident) -> Due | None:
    """What is to be reminded of first, if nothing happens before; nothing for what is recovered or resolved."""
    if incident.state not in (State.OPEN, State.REPRODUCED):
        return None
    found = []
    for topic in Topic:
        since, name = _since(incident, topic), _name(incident, topic)
        if since is not None and name not in incident.reminded:
            found.append(Due(topic=topic, since=since, at=since + WAITS_S[topic], name=name))
    return min(found, key=lambda each: each.at, default=None)


def still_true(incident: Incident, name: str, since: float) -> bool:
    """Whether what was remembered as ``name`` (of that ``since``) still holds when it comes to be said.

    Somebody may have taken it on, a run may have looked again, or the trouble is another one by now.
    """
    if incident.state not in (State.OPEN, State.REPRODUCED) or name not in [_name(incident, each) for each in Topic]:
        return False
    now_since = _since(incident, Topic(name.partition(":")[0]))
    return now_since is not None and abs(now_since - since) < SAME_CAUSE_S


def _name(incident: Incident, topic: Topic) -> str:
    return f"{topic.value}:{incident.reopened}"


def _since(incident: Incident, topic: Topic) -> float | None:
    return _untouched(incident) if topic is Topic.UNACKNOWLEDGED else _unvalidated(incident)


def due(incident: Incident, now: float) -> Due | None:
    """What there is to remind of now; nothing while it is muted."""
    muted = incident.muted_until is not None and now < incident.muted_until
    following = next_reminder(incident)
    return following if following is not None and following.at <= now and not muted else None


def _untouched(incident: Incident) -> float | None:
    """Since when nobody has touched what fires; None where somebody has, or where nothing fires and nothing failed.

    Whoever clicks Validate, asks for a plan or mutes is on it, with or without having said so. Who has only declared it
    is not: who sees a fire does not put it out by that. Nor is who led it when it was resolved.
    """
    began = _began(incident)
    touched = any(
        entry.at >= began and entry.who not in MACHINES and entry.kind is not Happening.DECLARED
        for entry in incident.timeline
    )
    fires = not incident.signals or any(line.firing for line in incident.signals)
    broken = fires or incident.state is State.REPRODUCED
    return began if broken and not (touched or incident.acknowledged_by or _led(incident)) else None


def _led(incident: Incident) -> bool:
    """Whether somebody has a role, given since the incident was last resolved, if it ever was."""
    for entry in reversed(incident.timeline):
        if entry.undid is Undone.RESOLUTION:
            return False
        if entry.kind is Happening.ROLE:
            break
    return bool(incident.lead or incident.fixer)


def _unvalidated(incident: Incident) -> float | None:
    """Since when a reproduced incident was not validated: since it was seen, or since the last validate run ended."""
    if incident.state is not State.REPRODUCED or incident.active_run is not None or incident.wanted_run is not None:
        return None
    began = _began(incident)
    ended = [(line, line.finished_at) for line in incident.runs if line.finished_at is not None]
    seen = [at for line, at in ended if line.reproduced and at >= began]
    tried = [at for line, at in ended if line.kind is RunKind.VALIDATE and at >= began]
    return max([*seen[:1], *tried], default=None)


def _began(incident: Incident) -> float:
    """When the present trouble began: with the first alert, or with what ended the last proof or resolution."""
    back = last_setback(incident)
    return back.at if back is not None else incident.opened_at
