"""Ticks on the checklist. Two people's clicks race, and neither loses anything.

Slack sends the *whole* selection of the clicking person's screen. What that person meant is the difference to what the
same screen showed before; only this difference is applied to the stored state, so that somebody else's tick stands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, Selection, Tick

SELECTIONS_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One rendering of the checklist: its block, its plan version, and the steps that it showed as ticked."""

    block_id: str
    plan_version: int
    shown: tuple[str, ...]


class Checklist:
    """Applies ticks."""

    def __init__(self, ledger: Ledger, *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def select(self, incident_id: str, *, user: str, screen: Screen, chosen: Collection[str]) -> str:
        """Apply one person's click; returns a sentence for that person where it could not be applied, else nothing."""
        sentence = [""]

        def decide(incident: Incident) -> Change | None:
            sentence[0] = _too_late(incident, screen)
            if sentence[0]:
                return None
            changed = apply_selection(incident, user=user, screen=screen, chosen=chosen, now=self._clock.now())
            return None if changed == incident else Change(incident=changed)

        await self._ledger.change(incident_id, decide)
        return sentence[0]


def apply_selection(incident: Incident, *, user: str, screen: Screen, chosen: Collection[str], now: float) -> Incident:
    """The incident after a person's click; applying the same click twice changes nothing more."""
    before = set(_last_selection(incident, user, screen))
    added, removed = set(chosen) - before, before - set(chosen)
    remembered = Selection(block_id=screen.block_id, user=user, chosen=tuple(sorted(chosen)))
    others = [each for each in incident.selections if (each.block_id, each.user) != (screen.block_id, user)]
    updated = replace(incident, selections=(*others, remembered)[-SELECTIONS_KEPT:])
    plan = updated.plan
    if plan is None:
        return incident
    for step in plan.steps:
        if step.id in added:
            updated = _ticked(updated, step.id, manual=step.manual, user=user, now=now)
        elif step.id in removed:
            updated = _unticked(updated, step.id, manual=step.manual, user=user, now=now)
    if (updated.ticked, updated.manual) == (incident.ticked, incident.manual):
        return updated
    return replace(updated, checklist_revision=incident.checklist_revision + 1)


def shown_as_ticked(incident: Incident) -> tuple[str, ...]:
    """The steps that a rendering of the checklist ticks: those that run, and manual ones that are done."""
    done = {tick.step_id for tick in incident.manual}
    steps = incident.plan.steps if incident.plan is not None else ()
    return tuple(step.id for step in steps if step.id in (done if step.manual else incident.ticked))


def _last_selection(incident: Incident, user: str, screen: Screen) -> tuple[str, ...]:
    for selection in incident.selections:
        if (selection.block_id, selection.user) == (screen.block_id, user):
            return selection.chosen
    return screen.shown


def _too_late(incident: Incident, screen: Screen) -> str:
    if not incident.is_open:
        return f"{incident.id} is resolved; its checklist no longer changes."
    if incident.plan is None or incident.plan.version != screen.plan_version:
        current = incident.plan.version if incident.plan is not None else 0
        return f"That was the checklist of plan v{screen.plan_version}. The plan is v{current} now: tick it there."
    return ""


def _ticked(incident: Incident, step_id: str, *, manual: bool, user: str, now: float) -> Incident:
    if manual:
        if any(tick.step_id == step_id for tick in incident.manual):
            return incident
        done = replace(incident, manual=(*incident.manual, Tick(step_id=step_id, by=user, at=now)))
        return done.noted(now, user, Happening.NOTE, f"did step {_number(incident, step_id)} by hand")
    if step_id in incident.ticked:
        return incident
    included = replace(incident, ticked=_in_order(incident, {*incident.ticked, step_id}))
    return included.noted(now, user, Happening.CHECKLIST, f"put step {_number(incident, step_id)} into the next run")


def _unticked(incident: Incident, step_id: str, *, manual: bool, user: str, now: float) -> Incident:
    if manual:
        if all(tick.step_id != step_id for tick in incident.manual):
            return incident
        undone = replace(incident, manual=tuple(tick for tick in incident.manual if tick.step_id != step_id))
        return undone.noted(now, user, Happening.CHECKLIST, f"took back step {_number(incident, step_id)}")
    if step_id not in incident.ticked:
        return incident
    left_out = replace(incident, ticked=_in_order(incident, set(incident.ticked) - {step_id}))
    what = f"left step {_number(incident, step_id)} out of the next run"
    return left_out.noted(now, user, Happening.CHECKLIST, what)


def _in_order(incident: Incident, chosen: set[str]) -> tuple[str, ...]:
    steps = incident.plan.steps if incident.plan is not None else ()
    return tuple(step.id for step in steps if step.id in chosen)


def _number(incident: Incident, step_id: str) -> int:
    steps = incident.plan.steps if incident.plan is not None else ()
    return next((place for place, step in enumerate(steps, start=1) if step.id == step_id), 0)
