"""People end an incident, and take the end back."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mentions import who
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.closing import Ending, failing_run, failing_words, still_fails
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, Move, State, advance, undone
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind
from fixloop_bot.domain.said import said

NOTHING_SAID = Ending()


class Resolution:
    """Resolves and reopens. Both return a sentence where there is nothing to do, else nothing."""

    def __init__(self, store: Store, ledger: Ledger, *, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    async def resolve(self, incident_id: str, *, by: str, ending: Ending = NOTHING_SAID) -> str:
        """End the incident with whatever verdict it has; the card keeps saying which. Running checks are stopped.

        While a step still fails this needs a reason; that is decided on the newest state, whatever a form had shown.
        What a run that is going has seen fail counts, though its verdict will never come.
        """
        sentence = [f"There is no incident {incident_id}."]
        running: list[str] = []
        known = await self._store.incident(incident_id)
        seen = await self._seen_failing(known) if known is not None else None
        ending = Ending(fixed_by=said(ending.fixed_by), fixer=ending.fixer, override=said(ending.override))

        def decide(incident: Incident) -> Change | None:
            running[:] = [run for run in (incident.active_run, incident.soak_run) if run is not None]
            if not incident.is_open:
                told = f"{incident.id} was resolved already, by {who(incident.resolved_by)}."
                sentence[0] = "" if _is_this_one(incident, ending, by=by) else told
                return None
            failing = seen if seen is not None and seen.id in running else None
            if (still_fails(incident) or failing is not None) and not ending.override:
                sentence[0] = NEEDS_REASON
                return None
            sentence[0] = ""
            return Change(incident=_ended(incident, ending, by=by, now=self._clock.now(), failing=failing))

        incident = await self._ledger.change(incident_id, decide)
        if sentence[0] == NEEDS_REASON and incident is not None:
            return await self.why_not(incident) or NEEDS_REASON
        if not sentence[0]:
            for run_id in running:
                await self._store.stop_run(run_id, by)
        return sentence[0]

    async def why_not(self, incident: Incident) -> str:
        """Why an incident cannot be resolved without a reason, with the step that fails; empty where it can."""
        failing = await self.failing(incident)
        if not failing:
            return ""
        return (
            f"{incident.id} is not recovered: {failing} failed when it was last looked at. Fix it and validate, or "
            f"give a reason, which is kept: `/fixloop resolve {incident.id} override: the reason`."
        )

    async def failing(self, incident: Incident) -> str:
        """The step that keeps an incident from being resolved, ``step 2 (A cart can be paid)``; else empty."""
        seen = await self._seen_failing(incident)
        if seen is not None:
            return failing_words(seen)
        if not still_fails(incident):
            return ""
        line = failing_run(incident)
        return failing_words(await self._store.run(line.id) if line is not None else None)

    async def _seen_failing(self, incident: Incident) -> Run | None:
        """A run that is going, and has seen a step fail."""
        going = [run for run in (incident.active_run, incident.soak_run) if run is not None]
        runs = [await self._store.run(each) for each in going]
        return next((run for run in runs if run is not None and run.reproduced), None)

    async def reopen(self, incident_id: str, *, by: str) -> str:
        """Take a resolution back."""
        sentence = [f"There is no incident {incident_id}."]

        def decide(incident: Incident) -> Change | None:
            if incident.merged_into is not None:
                sentence[0] = f"{incident.id} was merged into {incident.merged_into}: go on there."
                return None
            if incident.state is not State.RESOLVED:
                sentence[0] = f"{incident.id} is open already."
                return None
            sentence[0] = ""
            opened = advance(incident, Move.REOPEN)
            now, undid = self._clock.now(), undone(incident, opened)
            return Change(incident=opened.noted(now, by, Happening.REOPENED, "reopened", undid=undid))

        await self._ledger.change(incident_id, decide)
        return sentence[0]


NEEDS_REASON = "It is not recovered. Resolving it needs a reason."


def _is_this_one(incident: Incident, ending: Ending, *, by: str) -> bool:
    """Whether this very ending has been written already, and what follows it was cut off."""
    overrode = incident.override_reason
    fixed_by = ending.fixed_by or ("" if overrode else ending.override)
    same = fixed_by == incident.fixed_by and overrode in ("", ending.override)
    return same and incident.resolved_by == by and incident.merged_into is None


def _ended(incident: Incident, ending: Ending, *, by: str, now: float, failing: Run | None) -> Incident:
    incident = _as_seen(incident, failing) if failing is not None else incident
    overrides = failing is not None or still_fails(incident)
    fixed_by = ending.fixed_by or ("" if overrides else ending.override)
    fixer = ending.fixer or incident.fixer or (by if fixed_by else None)
    verdict = incident.verdict.value if incident.verdict is not None else "not validated"
    ended = replace(
        advance(incident, Move.RESOLVE),
        resolved_at=now,
        resolved_by=by,
        wanted_run=None,
        planning_since=None,
        fixer=fixer,
        fixed_by=fixed_by,
        override_reason=ending.override if overrides else "",
    )
    if fixed_by:
        ended = ended.noted(now, by, Happening.NOTE, f"what fixed it: {fixed_by}")
    if overrides:
        what = f"resolved although a step fails, because: {ending.override}"
        ended = ended.noted(now, by, Happening.OVERRIDE, what)
    return ended.noted(now, by, Happening.RESOLVED, f"resolved ({verdict})", about=verdict)


def _as_seen(incident: Incident, failing: Run) -> Incident:
    """What is on record once a run has seen a step fail that the resolution stops: no proof that it has refuted."""
    if failing.kind is RunKind.CONFIRM:
        return incident
    step, name = failing_words(failing), f"{failing.kind.value} run {failing.number}"
    reason = f"{step[:1].upper()}{step[1:]} failed in {name}, which was stopped by the resolution."
    return replace(incident, verdict=RecoveryVerdict.NOT_RECOVERED, verdict_reason=reason)
