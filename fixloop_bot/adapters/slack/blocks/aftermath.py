"""What has become of a proof since: how its watch ended, what it noticed, and what has taken the proof back."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.adapters.slack.blocks.text import day_and_clock, one_line, person
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Entry, Incident, RunLine
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.reasons import place, watch_gap, watch_held
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import Transition
from fixloop_bot.domain.verdicts import COULD_NOT_LOOK

_ALERTS = tuple(each for each in Transition if each.alerting and each is not Transition.RENOTIFY)
"""A reminder of what is known already takes no proof back."""


def watch_note(view: ThreadView) -> str:
    """What the watch has noticed although it decides nothing, such as a latency that creeps up: ``in the watch, …``."""
    soak = view.soak
    noted = next((step for step in soak.steps if step.note), None) if soak is not None else None
    if soak is None or noted is None:
        return ""
    return f"in the watch, step {place(soak, noted.step_id)}: {_within(one_line(noted.note, 200)).rstrip('.')}."


def _within(note: str) -> str:
    """A sentence as it stands behind a colon; ``GET`` and ``p95`` stay as they are."""
    return note if note[1:2].isupper() else decapitalised(note)


def decapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def watch_end(view: ThreadView) -> str:
    """How the watch of the proof that stands ended, where it has not looked to its end; else empty."""
    incident, soak, proof = view.incident, view.soak, view.incident.proof()
    stands = proof is not None and incident.verdict is RecoveryVerdict.PROVEN and not incident.soak_held
    over = soak is not None and soak.finished and incident.soak_run is None and not watch_held(soak)
    if soak is None or proof is None or not (stands and over) or soak.reproduced or soak.number < proof.number:
        return ""
    watched_s = (soak.finished_at or soak.started_at) - soak.started_at
    if soak.stopped_by is not None:
        return f"{person(soak.stopped_by)} stopped the watch after {span(watched_s)}; not watched since."
    if not soak.steps:
        return "No step of this plan can be watched."
    planned_s = max(watched_s, (incident.soak_until or 0.0) - soak.started_at)
    why = one_line(watch_gap(soak).partition(": ")[2].removeprefix(COULD_NOT_LOOK), 300)
    return f"The watch ended after {span(watched_s)} of {span(planned_s)}: {why}. Press Validate to watch again."


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """That a proof did not last: which validate run's, when that was seen, and by whom."""

    proof: RunLine
    at: float
    why: str


def taken_back(incident: Incident) -> TakenBack | None:
    """What took the last proof back, by the timeline: whoever saw it first. None while it stands, or was resolved."""
    proofs = [line for line in incident.runs if line.verdict is RecoveryVerdict.PROVEN]
    if not proofs or incident.verdict is RecoveryVerdict.PROVEN:
        return None
    proof = proofs[-1]
    said = f"{RunKind.VALIDATE.value} run {proof.number}: {RecoveryVerdict.PROVEN.value}"
    proven = next((at for at, entry in enumerate(incident.timeline) if entry.what.startswith(said)), None)
    for entry in incident.timeline[proven + 1 :] if proven is not None else ():
        if entry.what.startswith("resolved ("):
            return None
        why = _regression(entry)
        if why:
            return TakenBack(proof=proof, at=entry.at, why=why)
    return None


def _regression(entry: Entry) -> str:
    """What an entry behind a proof says against it; empty where it says nothing."""
    name, _, outcome = entry.what.partition(": ")
    if entry.who == "datadog":
        alerts = any(name.startswith(each.value) for each in _ALERTS) and "arrived late" not in name
        return "Datadog alerted again" if alerts else ""
    if entry.who == "fixloop" and name == "watch" and "taken back" in outcome:
        return "the watch saw it fail"
    failed = outcome == "reproduced" or outcome.startswith(RecoveryVerdict.NOT_RECOVERED.value)
    return f"{name} saw it fail" if entry.who == "fixloop" and failed else ""


def taken_back_line(view: ThreadView) -> str:
    """For the root card, since the results card of a new run replaces that of the proof; else empty."""
    back = taken_back(view.incident)
    if back is None:
        return ""
    proven = day_and_clock(back.proof.finished_at or back.at, view.now)
    return f"Taken back {day_and_clock(back.at, view.now)}: {back.why}. Recovery was proven {proven}."
