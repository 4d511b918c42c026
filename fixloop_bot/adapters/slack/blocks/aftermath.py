"""What has become of a proof since: how its watch ended, what it noticed, and what has taken the proof back."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.adapters.slack.blocks.text import day_and_clock, one_line, person
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident, RunLine
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.reasons import place, watch_gap, watch_held
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.setbacks import Setback, first_setback
from fixloop_bot.domain.verdicts import COULD_NOT_LOOK


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
    back = first_setback(incident, proofs[-1])
    return TakenBack(proof=proofs[-1], at=back.at, why=back.why) if back is not None and not back.resolved else None


def taken_back_line(view: ThreadView) -> str:
    """For the root card, since the results card of a new run replaces that of the proof; else empty."""
    back = taken_back(view.incident)
    if back is None:
        return ""
    proven = day_and_clock(back.proof.finished_at or back.at, view.now)
    return f"Proof taken back {day_and_clock(back.at, view.now)}: {back.why}. It was proven {proven}."


def set_back(setback: Setback, now: float, *, broken: bool) -> tuple[str, str]:
    """A word, and what is behind it, the same on the card, in Home and in lists.

    ``Reopened 03:50 by @Mira, and not validated since.``, ``Proof taken back 03:30: Datadog alerted again. Not …``,
    and while a step is known to fail (``broken``) ``Broken again 03:30: the watch saw it fail, so …``.
    """
    when = day_and_clock(setback.at, now)
    if broken and setback.why:
        return "Broken again", f" {when}: {setback.why}{'' if setback.resolved else ', so the proof is taken back'}."
    word = "Reopened" if setback.resolved else "Proof taken back"
    if not setback.why:
        return word, f" {when} by {person(setback.who)}, and not validated since."
    return word, f" {when}: {setback.why}. Not validated since."
