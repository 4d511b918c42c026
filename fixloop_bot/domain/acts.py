"""Who did what that changes how far an incident's evidence can be trusted: a short list out of a long timeline.

Overrides, refusals, other plans and checklists, merges, mutes, roles and reopenings. Machines' deeds are left to the
timeline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.said import said

MOST = 20
"""Lines of the list; refusals and overrides are the last to be left out, then whatever is newest."""
LONGEST = 400
MACHINES = frozenset({"datadog", "fixloop"})
"""Who did something in the timeline, where that was nobody."""
_COUNT = (
    Happening.PLAN,
    Happening.CHECKLIST,
    Happening.ROLE,
    Happening.MUTE,
    Happening.MERGED,
    Happening.TOOK_OVER,
    Happening.OVERRIDE,
    Happening.REOPENED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line: when (epoch seconds), who (a Slack user id), what, and from where; ``times`` until ``last_at``.

    ``grave`` is an override or a refusal.
    """

    at: float
    who: str
    what: str
    place: str = ""
    times: int = 1
    last_at: float = 0.0
    grave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """The list, oldest first, and how many lines were left out of it."""

    lines: tuple[Act, ...] = ()
    left_out: int = 0


NO_ACTS = Acts()


def acts_of(incident: Incident, refusals: Iterable[Act] = ()) -> Acts:
    """What people did to the incident and were refused to do to it; masked, and the same refusal told once."""
    done = [_act(entry) for entry in incident.timeline if entry.kind in _COUNT and entry.who not in MACHINES]
    found = [*done, *_folded(refusals)]
    kept = sorted(found, key=lambda act: (act.grave, act.at))[-MOST:]
    return Acts(lines=tuple(sorted(kept, key=lambda act: act.at)), left_out=len(found) - len(kept))


def _act(entry: Entry) -> Act:
    what, grave = said(entry.what, most=LONGEST), entry.kind is Happening.OVERRIDE
    return Act(at=entry.at, who=entry.who, what=what, place=entry.place, last_at=entry.at, grave=grave)


def _folded(refusals: Iterable[Act]) -> list[Act]:
    """Whoever clicks five times is refused five times, and named once."""
    folded: dict[tuple[str, str], Act] = {}
    for act in sorted(refusals, key=lambda act: act.at):
        masked = replace(act, what=said(act.what, most=LONGEST), last_at=act.at, grave=True)
        first = folded.get((act.who, masked.what), replace(masked, times=0))
        folded[act.who, masked.what] = replace(first, times=first.times + 1, last_at=act.at)
    return list(folded.values())
