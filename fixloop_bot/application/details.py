"""One step of one run in full, read from the store alone: nothing is asked of the service for somebody's curiosity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import Step
from fixloop_bot.domain.runs import Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample

SAMPLES_READ = 600
"""The newest of a step; all of them, but for a watch."""
SAMPLES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetails:
    """What the modal shows. ``before`` is the run to compare with; ``samples`` the newest failing ones first.

    ``looked_at`` counts the samples that were read, which are those of the step as far as the store keeps them.
    """

    incident: Incident
    run: Run
    step: Step
    service: Service | None
    before: Run | None
    samples: tuple[Sample, ...]
    looked_at: int
    now: float

    @property
    def progress(self) -> StepProgress | None:
        return self.run.progress(self.step.id)


class Details:
    """Reads step details."""

    def __init__(self, store: Store, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock

    async def of(self, run_id: str, step_id: str = "") -> StepDetails | None:
        """The named step, else the one that matters most; None where the run is not kept any more."""
        run = await self._store.run(run_id)
        incident = await self._store.incident(run.incident_id) if run is not None else None
        if run is None or incident is None:
            return None
        step = run.plan.step(step_id) or telling_step(run)
        kept = await self._store.samples(run_id, step.id, newest=SAMPLES_READ)
        progress = run.progress(step.id)
        known = kept or [*progress.failures, *progress.passes, *progress.voids] if progress is not None else kept
        return StepDetails(
            incident=incident,
            run=run,
            step=step,
            service=self._catalog.service(run.service or ""),
            before=await self._before(incident, run),
            samples=failing_first(known),
            looked_at=len(known),
            now=self._clock.now(),
        )

    async def _before(self, incident: Incident, run: Run) -> Run | None:
        if run.kind is RunKind.CONFIRM:
            return None
        line = incident.run_before(run.plan.hash, number=run.number)
        return await self._store.run(line.id) if line is not None and line.id != run.id else None


def telling_step(run: Run) -> Step:
    """The step that somebody opens the details for: the first that failed, else that is undecided, else the first."""
    failed = [step for step in run.steps if step.verdict is StepVerdict.FAILED]
    open_ones = [step for step in run.steps if step.phase is not StepPhase.DONE or step.reason]
    chosen = next(iter([*failed, *open_ones, *run.steps]), None)
    step = run.plan.step(chosen.step_id) if chosen is not None else None
    return step or run.plan.steps[0]


def failing_first(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """The newest failing samples, then those that could not look, then those that passed."""
    order = {Outcome.FAILED: 0, Outcome.VOID: 1, Outcome.PASSED: 2}
    return tuple(sorted(samples, key=lambda sample: (order[sample.outcome], -sample.number))[:SAMPLES_SHOWN])
