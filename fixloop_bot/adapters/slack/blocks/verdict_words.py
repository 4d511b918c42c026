"""What would change a step's verdict, in a sentence: so that nobody waits for what will not come."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.text import one_line
from fixloop_bot.application.details import StepDetails
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.reasons import unasked
from fixloop_bot.domain.runs import Run, StepPhase, StepProgress, StepVerdict

ANOTHER = "Press Validate: a new run decides it again."


def would_change(details: StepDetails) -> str:
    """For a step by hand its tick, for one that is going the rest of its window, for a decided one another run."""
    run, step, progress = details.run, details.step, details.progress
    if step.manual:
        return "Whoever has looked ticks it in the plan."
    if progress is None:
        return "It was not ticked when the run began. Tick it in the plan, then run again."
    if progress.verdict is None:
        return _going(progress, repeated=step.repeated)
    return _decided(progress, run)


def _going(progress: StepProgress, *, repeated: bool) -> str:
    if progress.phase is StepPhase.WAITING:
        return "It has not begun: its first sample will say more."
    left = f" for {span(progress.window_left_s)} more" if progress.window_left_s >= 1 else ""
    if not repeated:
        return f"It passes if its value stays inside the limit{left}, and fails if the run ends with it outside."
    return f"It passes if no more than what is tolerated fails{left}. It fails as soon as failures are certain."


def _decided(progress: StepProgress, run: Run) -> str:
    match progress.verdict:
        case StepVerdict.FAILED:
            return f"Nothing in this run: a failure that is certain is not taken back. {ANOTHER}"
        case StepVerdict.PASSED:
            return "A failure in a later run, or in the watch after a proof, takes it back."
        case _:
            why = one_line(unasked(progress.reason), 300).rstrip(".")
            stopped = run.stopped_by is not None
            return (
                ANOTHER if stopped or not why else f"It is not decided: {why}. Once that is mended, {_lower(ANOTHER)}"
            )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
