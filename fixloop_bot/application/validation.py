"""Runs: who may start one, and what follows from how it ended.

One run at a time for an incident; the soak is no obstacle, since a new run replaces it. Every decision here is pure and
goes through the ledger, so that two clicks at once start one run and a run that is closed twice counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fixloop_bot.application import jobs
from fixloop_bot.application.brake import refusal as halted_refusal
from fixloop_bot.application.intake import starting
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.acts import MACHINES
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import TRANSITIONS, Incident, Move, RunLine, State, advance, undone
from fixloop_bot.domain.reasons import watch_gap, watch_held
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress

RUNS_KEPT = 100
"""A monitor that flaps for weeks starts runs without end; the card needs the last ones."""
FOLLOWS = "The validate run follows by itself."
SHORTEST_WATCH_S = 60.0
"""What a watch that goes on after a stop has at least, where the service's own is not shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run that began, or the sentence why none did. ``by`` and ``since`` tell of the one that is going already."""

    run_id: str | None = None
    refusal: str = ""
    by: str | None = None
    since: float | None = None


class Validation:
    """Starts, stops and closes runs."""

    def __init__(self, store: Store, ledger: Ledger, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._catalog = catalog
        self._clock = clock

    async def start(self, incident_id: str, kind: RunKind, *, by: str) -> Started:
        """Start a run of the current plan's ticked steps; none while the kill switch is pulled."""
        outcome = [Started(refusal=f"There is no incident {incident_id}.")]
        halted_by = await self._store.halted_by()

        def decide(incident: Incident) -> Change | None:
            if halted_by is not None:
                outcome[0] = Started(refusal=halted_refusal(halted_by))
                return self._not_begun(incident, kind, by=by, halted_by=halted_by)
            outcome[0], change = self._begin(incident, kind, by=by)
            return change

        await self._ledger.change(incident_id, decide)
        if halted_by is not None and by in MACHINES and await self._store.halted_by() is None:
            return await self.start(incident_id, kind, by=by)  # lifted meanwhile: nobody else would hand it over
        return outcome[0]

    async def look_again(self, incident_id: str, step_id: str, *, plan_version: int, by: str) -> Started:
        """Run one step of the plan alone, to see how it does now; it proves nothing, and is no before for a proof."""
        outcome = [Started(refusal=f"There is no incident {incident_id}.")]
        halted_by = await self._store.halted_by()

        def decide(incident: Incident) -> Change | None:
            refusal = (
                halted_refusal(halted_by) if halted_by is not None else _not_again(incident, step_id, plan_version)
            )
            if refusal:
                outcome[0] = Started(refusal=refusal)
                return None
            outcome[0], change = self._begin(incident, RunKind.CONFIRM, by=by, only=step_id)
            return change

        await self._ledger.change(incident_id, decide)
        return outcome[0]

    async def start_when_free(self, incident_id: str, kind: str, by: str) -> None:
        """The job behind Datadog's Recovered, behind a fresh plan, and behind a watch that goes on after a stop."""
        if kind == RunKind.SOAK:
            await self._watch_on(incident_id)
        else:
            await self.start(incident_id, RunKind(kind), by=by)

    async def _watch_on(self, incident_id: str) -> None:
        """Watch for the time that a stopped watch had left; nothing where its proof no longer stands."""
        incident = await self._store.incident(incident_id)
        proof = await self._store.run(line.id) if incident is not None and (line := incident.proof()) else None
        if proof is None or await self._store.halted_by() is not None:
            return
        service = self._catalog.service(proof.service or "")
        soak_s = service.soak_s if service is not None else 0.0

        def decide(incident: Incident) -> Change | None:
            stopped = incident.stopped_watch()
            if stopped is None or soak_s <= 0:
                return None
            left_s = (incident.soak_until or 0.0) - (stopped.finished_at or 0.0)
            return self._watching(incident, proof, soak_s=min(soak_s, max(SHORTEST_WATCH_S, left_s)))

        await self._ledger.change(incident_id, decide)

    async def stop(self, incident_id: str, *, by: str) -> bool:
        """Ask the running run to stop; False if none is going. Its verdict will be inconclusive."""
        incident = await self._store.incident(incident_id)
        if incident is None or incident.active_run is None:
            return False
        await self._store.stop_run(incident.active_run, by)
        return True

    async def close(self, run: Run) -> None:
        """Bring a finished run's outcome into its incident, once."""
        service = self._catalog.service(run.service or "")
        soak_s = service.soak_s if service is not None else 0.0
        flows = await self._store.halted_by() is None

        def decide(incident: Incident) -> Change | None:
            line = incident.run_line(run.id)
            if line is None or line.finished_at is not None:
                return None
            closed = _closed(incident, line, run)
            moved = _told(_moved(closed, run), run, before=closed)
            return self._with_next(moved, run, soak_s=soak_s, flows=flows)

        await self._ledger.change(run.incident_id, decide)

    def _not_begun(self, incident: Incident, kind: RunKind, *, by: str, halted_by: str) -> Change | None:
        """A person is told; what wanted to begin by itself is wanted until traffic flows, since nobody asks again.

        A validate run outranks the confirm run that comes before it anyway.
        """
        if by not in MACHINES or not incident.is_open:
            return None
        if kind is RunKind.VALIDATE:
            incident = replace(incident, wanted_run=kind, wanted_by=by)
        elif incident.wanted_run is None:  # FixLoop's own: what Datadog wants is forgotten when it alerts again
            incident = replace(incident, wanted_run=kind, wanted_by="fixloop")
        what = f"asked for a {kind.value} run while all traffic was stopped by {halted_by}"
        return Change(incident=incident.noted(self._clock.now(), by, Happening.HELD_BACK, what, about=halted_by))

    def _begin(self, incident: Incident, kind: RunKind, *, by: str, only: str = "") -> tuple[Started, Change | None]:
        now = self._clock.now()
        refusal = _refusal(incident, kind)
        if refusal is not None:
            if only or not incident.is_open or not _worth_waiting(incident, kind):
                return refusal, None
            wanted = replace(incident, wanted_run=kind, wanted_by=by)
            asked = wanted.noted(now, by, Happening.NOTE, f"asked for a {kind.value} run")
            return replace(refusal, refusal=f"{refusal.refusal} {FOLLOWS}"), Change(incident=asked)
        run = self._at_address(_new_run(incident, kind, by=by, now=now, only=only))
        updated = replace(
            incident,
            active_run=run.id,
            soak_run=None,
            runs=with_run(incident, run, partial=bool(only)),
            wanted_run=None if incident.wanted_run is kind else incident.wanted_run,
            wanted_by="" if incident.wanted_run is kind else incident.wanted_by,
        ).noted(now, by, Happening.RUN_STARTED, f"started {kind.value} run {run.number} of plan v{run.plan.version}")
        return Started(run_id=run.id), Change(incident=updated, jobs=(executing(run.id),), run=run)

    def _at_address(self, run: Run) -> Run:
        """The run with the address that it will look at."""
        service = self._catalog.service(run.service or "")
        return replace(run, base_url=service.base_url if service is not None else None)

    def _with_next(self, incident: Incident, run: Run, *, soak_s: float, flows: bool) -> Change:
        if run.kind is RunKind.VALIDATE and run.verdict is RecoveryVerdict.PROVEN and soak_s > 0:
            return self._watching(incident, run, soak_s=soak_s)
        if run.kind is RunKind.SOAK and flows and incident.stopped_watch() is not None:
            by_person = run.stopped_by is not None and run.stopped_by not in MACHINES
            watches_on = (starting(incident, RunKind.SOAK, by="fixloop"),) if by_person else ()
            return Change(incident=incident, jobs=watches_on)  # stopped, and lifted before this was written
        if incident.wanted_run is not None and incident.is_open and incident.active_run is None:
            follow = starting(incident, incident.wanted_run, by=incident.wanted_by)
            return Change(incident=replace(incident, wanted_run=None, wanted_by=""), jobs=(follow,))
        return Change(incident=incident)

    def _watching(self, incident: Incident, proof: Run, *, soak_s: float) -> Change:
        now = self._clock.now()
        soak = self._at_address(_new_run(incident, RunKind.SOAK, by="fixloop", now=now, of=proof))
        watched = replace(
            incident, runs=with_run(incident, soak), soak_run=soak.id, soak_until=now + soak_s, soak_held=False
        )
        return Change(incident=watched, jobs=(executing(soak.id),), run=soak)


def executing(run_id: str) -> Job:
    return Job(name=jobs.EXECUTE_RUN, args=(run_id,), key=f"run:{run_id}")


def with_run(incident: Incident, run: Run, *, partial: bool = False) -> tuple[RunLine, ...]:
    """The incident's runs and a new one; of many, the oldest is dropped, but never the plan's confirm run."""
    lines = (*incident.runs, replace(_line(run), partial=partial))
    if len(lines) <= RUNS_KEPT:
        return lines
    before = incident.run_before(run.plan.hash)
    oldest = next((line for line in lines if line.finished_at is not None and line != before), None)
    return tuple(line for line in lines if line is not oldest)


def _refusal(incident: Incident, kind: RunKind) -> Started | None:
    if not incident.is_open:
        return Started(refusal=f"{incident.id} is resolved. Reopen it to run its plan again.")
    if incident.plan is None:
        return Started(refusal="The plan is still being written. Try again in a moment.")
    if incident.active_run is not None:
        line = incident.run_line(incident.active_run)
        return Started(
            refusal=f"A {line.kind.value if line else kind.value} run is going already.",
            by=line.started_by if line else None,
            since=line.started_at if line else None,
        )
    automatic = [step for step in incident.plan.steps if not step.manual and step.id in incident.ticked]
    if not automatic:
        return Started(refusal="No automatic step is ticked. Tick at least one, then validate.")
    return None


def _worth_waiting(incident: Incident, kind: RunKind) -> bool:
    """Whether a run that is wanted now follows the one that is going: a run of the same kind and plan is enough."""
    line = incident.run_line(incident.active_run or "")
    if line is None or incident.plan is None:
        return False
    return line.plan_hash != incident.plan.hash or (line.kind is RunKind.CONFIRM and kind is RunKind.VALIDATE)


def _not_again(incident: Incident, step_id: str, plan_version: int) -> str:
    """Why a step cannot be run alone now; empty if it can. Whatever else holds for runs is asked after this."""
    plan = incident.plan
    step = plan.step(step_id) if plan is not None else None
    if plan is not None and plan.version != plan_version:
        return f"The plan is at version {plan.version} by now, and its steps may be other ones. Ask again."
    if plan is not None and step is None:
        return f"The plan has no step {step_id}."
    if step is not None and step.manual:
        return f"{step.title}: that is for a person to do, not for FixLoop."
    if incident.soak_run is not None:
        return "The watch after the proof is going, and runs this step all the time."
    return ""


def _new_run(incident: Incident, kind: RunKind, *, by: str, now: float, of: Run | None = None, only: str = "") -> Run:
    plan = of.plan if of is not None else incident.plan
    if plan is None:
        raise ValueError("a run needs a plan")
    chosen = of.step_ids if of is not None else (only,) if only else incident.ticked
    steps = [step for step in plan.steps if step.id in chosen and not step.manual]
    if kind is RunKind.SOAK:
        steps = [step for step in steps if step.repeated]
    number = incident.runs[-1].number + 1 if incident.runs else 1
    return Run(
        id=f"{incident.id}-r{number}",
        incident_id=incident.id,
        number=number,
        kind=kind,
        plan=plan,
        step_ids=tuple(step.id for step in steps),
        service=incident.service,
        started_by=by,
        started_at=now,
        steps=tuple(StepProgress(step_id=step.id) for step in steps),
    )


def _line(run: Run) -> RunLine:
    return RunLine(
        id=run.id,
        number=run.number,
        kind=run.kind,
        plan_hash=run.plan.hash,
        plan_version=run.plan.version,
        started_by=run.started_by,
        started_at=run.started_at,
    )


def _closed(incident: Incident, line: RunLine, run: Run) -> Incident:
    ended = replace(
        line,
        finished_at=run.finished_at,
        verdict=run.verdict if incident.is_open or run.reproduced else None,  # see ``closing.is_cut_off``
        reproduced=run.reproduced,
        stopped=run.stopped_by is not None,
        reason=run.reason,
    )
    lines = tuple(ended if each.id == line.id else each for each in incident.runs)
    free = None if incident.active_run == run.id else incident.active_run
    return replace(incident, runs=lines, active_run=free)


def _moved(incident: Incident, run: Run) -> Incident:
    if run.kind is RunKind.VALIDATE and run.verdict is not None and incident.is_open:
        incident = replace(incident, verdict=run.verdict, verdict_reason=run.reason)
    if run.kind is RunKind.SOAK:
        if incident.soak_run != run.id:
            return incident
        held = watch_held(run) and incident.state is State.RECOVERED
        incident = replace(incident, soak_run=None, soak_held=held)
    line = incident.run_line(run.id)
    if run.kind is RunKind.CONFIRM and run.reproduced and incident.is_open and line is not None and not line.partial:
        incident = replace(incident, verdict=None, verdict_reason="")  # of a time before the trouble was seen (again)
    move = _move(run)
    if move is None or (incident.state, move) not in TRANSITIONS or not incident.is_open:
        return incident
    moved = advance(incident, move)
    if moved.evidence_from != incident.evidence_from:  # the run that saw the regression is evidence of it
        moved = replace(moved, evidence_from=run.number)
    if run.kind is RunKind.VALIDATE:
        moved = replace(moved, verdict=run.verdict, verdict_reason=run.reason)
    return moved


def _move(run: Run) -> Move | None:
    if run.kind is RunKind.CONFIRM:
        return Move.REPRODUCE if run.reproduced else None
    if run.kind is RunKind.SOAK:
        return Move.REGRESS if run.reproduced else None
    if run.verdict is RecoveryVerdict.PROVEN:
        return Move.PROVE
    return Move.REGRESS if run.verdict is RecoveryVerdict.NOT_RECOVERED else None


def _told(moved: Incident, run: Run, *, before: Incident) -> Incident:
    at, what, undid = run.finished_at or run.started_at, _what_happened(run), undone(before, moved)
    return moved.noted(at, "fixloop", Happening.RUN_ENDED, what, about=run.id, undid=undid)


def _what_happened(run: Run) -> str:
    name = f"{run.kind.value} run {run.number}"
    if run.stopped_by is not None:
        return f"{name} was stopped"
    if run.kind is RunKind.VALIDATE and run.verdict is not None:
        return f"{name}: {run.verdict.value}. {run.reason}"
    if run.kind is RunKind.SOAK:
        if run.reproduced:
            return "watch: a step failed again, the proof is taken back"
        return "watch: quiet to its end" if watch_held(run) else f"watch: {watch_gap(run)}"
    return f"{name}: {'reproduced' if run.reproduced else 'not reproduced'}"
