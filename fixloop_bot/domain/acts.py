"""Who did what that changes how far an incident's evidence can be trusted: a short list out of a long timeline.

Overrides, refusals, other plans and checklists, merges, mutes, roles and reopenings. Machines' deeds are left to the
timeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fixloop_bot.domain.incidents import Entry, Incident
from fixloop_bot.domain.said import said

MOST = 20
"""Lines of the list; refusals and overrides are the last to be left out, then whatever is newest."""
LONGEST = 400
MACHINES = frozenset({"datadog", "fixloop"})
"""Who did something in the timeline, where that was nobody."""
OVERRIDE = "resolved although a step fails, because: "
REFUSED = "was refused to "
_COUNTS = re.compile(
    rf"{OVERRIDE}|plan v\d+ \(|(?:put|left|took back) step \d+\b|merged into |took over |reopened$"
    r"|muted |ended (?:its mute$|the mute of )|made .{1,80} the (?:lead|fixer)$|left the (?:lead|fixer) open$"
)
"""How the use cases note such acts. What people said themselves begins otherwise, or stands for a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line: when (epoch seconds), who (a Slack user id), what, and from where; ``times`` until ``last_at``."""

    at: float
    who: str
    what: str
    place: str = ""
    times: int = 1
    last_at: float = 0.0

    @property
    def grave(self) -> bool:
        return self.what.startswith((OVERRIDE, REFUSED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """The list, oldest first, and how many lines were left out of it."""

    lines: tuple[Act, ...] = ()
    left_out: int = 0


NO_ACTS = Acts()


def acts_of(incident: Incident, refusals: Iterable[Act] = ()) -> Acts:
    """What people did to the incident and were refused to do to it; masked, and the same refusal told once."""
    done = [_act(entry) for entry in incident.timeline if _counts(entry)]
    found = [*done, *_folded(refusals)]
    kept = sorted(found, key=lambda act: (act.grave, act.at))[-MOST:]
    return Acts(lines=tuple(sorted(kept, key=lambda act: act.at)), left_out=len(found) - len(kept))


def _counts(entry: Entry) -> bool:
    return entry.who not in MACHINES and not entry.message and _COUNTS.match(entry.what) is not None


def _act(entry: Entry) -> Act:
    return Act(at=entry.at, who=entry.who, what=said(entry.what, most=LONGEST), place=entry.place, last_at=entry.at)


def _folded(refusals: Iterable[Act]) -> list[Act]:
    """Whoever clicks five times is refused five times, and named once."""
    folded: dict[tuple[str, str], Act] = {}
    for act in sorted(refusals, key=lambda act: act.at):
        masked = replace(act, what=said(act.what, most=LONGEST), last_at=act.at)
        first = folded.get((act.who, masked.what), replace(masked, times=0))
        folded[act.who, masked.what] = replace(first, times=first.times + 1, last_at=act.at)
    return list(folded.values())
