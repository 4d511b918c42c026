"""How an incident fell back: a proof was taken back by what was seen, or a resolution was taken back, by whomever.

A person who reopens says that it is not over; they have seen no step fail, so that no proof is lost by it. The timeline
tells the two apart, which every card, list and number reads here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fixloop_bot.domain.incidents import Entry, Incident, RunLine
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import Transition

REOPENED = "reopened"
"""How the timeline notes that a person has taken a resolution back."""
RESOLVED = "resolved ("
"""How it notes a resolution, with its verdict behind."""
TOOK_OVER = "took over "
"""How it notes an incident that was merged into this one."""
_ALERTS = tuple(each for each in Transition if each.alerting and each is not Transition.RENOTIFY)
"""A reminder of what is known already takes nothing back."""
_AGAIN = tuple(each for each in Transition if each.again)


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
    last = next(reversed([*_setbacks(incident.timeline)]), None)
    if last is None:
        return None
    looked = [line.finished_at for line in incident.runs if line.kind is RunKind.CONFIRM and not line.partial]
    return None if any(at is not None and at > last.at for at in looked) else last


def reopened_by_hand(incident: Incident, proof: RunLine) -> bool:
    """Whether the first that befell a proof was that somebody reopened the incident, resolved with it."""
    if proof.finished_at is None:
        return False
    first = next((each for each in _setbacks(incident.timeline) if each.at >= proof.finished_at), None)
    return first is not None and first.resolved and not first.why


def regression(entry: Entry) -> str:
    """What an entry behind a proof says against it; empty where it says nothing."""
    name, _, outcome = entry.what.partition(": ")
    if entry.who == "datadog":
        return "Datadog alerted again" if _is_alert(name, _ALERTS) else ""
    if entry.who == "fixloop" and name == "watch" and "taken back" in outcome:
        return "the watch saw it fail"
    failed = outcome == "reproduced" or outcome.startswith(RecoveryVerdict.NOT_RECOVERED.value)
    return f"{name} saw it fail" if entry.who == "fixloop" and failed else ""


def _setbacks(timeline: tuple[Entry, ...]) -> Iterator[Setback]:
    """Each one, in the order of time."""
    proven = resolved = False
    for entry in timeline:
        if entry.message:  # what people said begins with a name, and people call themselves what they like
            continue
        if entry.what.startswith(RESOLVED):
            proven, resolved = False, True
        elif proves(entry):
            proven = True
        elif resolved and (entry.what == REOPENED or _reopens(entry)):
            yield Setback(at=entry.at, who=entry.who, why=regression(entry), resolved=True)
            proven = resolved = False
        elif proven and entry.what.startswith(TOOK_OVER):  # told only if the proof fell, for which it has to fire
            other = entry.what.removeprefix(TOOK_OVER).partition(" ")[0]
            yield Setback(at=entry.at, who=entry.who, why=f"{other} was merged into it")
        elif proven and regression(entry):
            yield Setback(at=entry.at, who=entry.who, why=regression(entry))
            proven = False


def proves(entry: Entry) -> bool:
    """Whether the entry tells that a validate run has proven the recovery."""
    name, _, outcome = entry.what.partition(": ")
    is_validate = entry.who == "fixloop" and name.startswith(RunKind.VALIDATE.value)
    return is_validate and outcome.startswith(RecoveryVerdict.PROVEN.value)


def _reopens(entry: Entry) -> bool:
    """A resolved incident is moved only by a trouble that is back, or by a step that was seen to fail."""
    if entry.who == "datadog":
        return _is_alert(entry.what.partition(": ")[0], _AGAIN)
    return bool(regression(entry))


def _is_alert(name: str, kinds: tuple[Transition, ...]) -> bool:
    return any(name.startswith(each.value) for each in kinds) and "arrived late" not in name
