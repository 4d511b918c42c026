"""When an incident may be ended just so, and when only with a reason.

What was last looked at and still fails is not over: ending it anyway needs a reason, which is kept. What was never
proven, or could not be looked at, may be ended; the verdict stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.plans import Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a person says when they end an incident: what fixed it, who did, and why in spite of a failing step."""

    fixed_by: str = ""
    fixer: str | None = None
    override: str = ""


def still_fails(incident: Incident) -> bool:
    """Whether the last word is that it is broken: not recovered, or seen broken and not validated since."""
    if incident.verdict is RecoveryVerdict.NOT_RECOVERED:
        return True
    return incident.verdict is None and incident.state is State.REPRODUCED


def failing_run(incident: Incident) -> RunLine | None:
    """The run that has seen it fail; None where nothing fails, or where the incident no longer remembers the run."""
    if not still_fails(incident):
        return None
    ended = [line for line in incident.runs if line.finished_at is not None]
    if incident.verdict is RecoveryVerdict.NOT_RECOVERED:
        ended = [line for line in ended if line.kind is RunKind.VALIDATE and line.verdict is incident.verdict]
    else:
        ended = [line for line in ended if line.reproduced]
    return ended[-1] if ended else None


def is_cut_off(line: RunLine) -> bool:
    """Whether a resolution has ended this validate run before it saw anything: it tells nothing of how it stands."""
    return line.kind is RunKind.VALIDATE and line.finished_at is not None and line.verdict is None


def failing_step(run: Run) -> tuple[int, Step] | None:
    """The first step that failed in a run, with its number in the plan, from 1."""
    for number, step in enumerate(run.plan.steps, start=1):
        progress = run.progress(step.id)
        if progress is not None and progress.verdict is StepVerdict.FAILED:
            return number, step
    return None


def failing_words(run: Run | None) -> str:
    """``step 2 (A cart can be paid)``; a plain word where the run is not kept any more."""
    found = failing_step(run) if run is not None else None
    return f"step {found[0]} ({found[1].title})" if found is not None else "a step"
