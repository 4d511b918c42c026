"""What stands quietly under a step's figures: what the change means, what they prove, and what else differs."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.text import counted, one_line
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.comparison import Comparison, compare
from fixloop_bot.domain.openapi.described import healthy_before
from fixloop_bot.domain.plans import Step, WebsocketCheck, WireCheck
from fixloop_bot.domain.runs import Run, StepPhase, StepProgress, StepVerdict

LINE_LENGTH = 300
SHAPES_SHOWN = 2
WOULD_REPRODUCE = " What would reproduce it: "
NEVER = "Never reproduced here"
NO_PART = "It passed before, too: no part of the proof"
UNCHANGED = "Unchanged"
"""The figures of a control say that by themselves."""
ODDS = ", and a fault in more than "
"""Where a comparison's sentence goes on to what would reproduce the bug, and to how surely it would have been seen."""


def grounds(
    step: Step,
    progress: StepProgress | None,
    confirm: Run | None,
    baseline: Baseline | None = None,
    *,
    proves: bool = False,
    claims: bool = True,
) -> tuple[str, ...]:
    """One idea a line, what is worse than before first; empty where the figures say it all.

    ``proves``: other steps of the run show a bug that is gone. ``claims``: what a step that passed has proven is of
    interest, which before the fix it is not.

    Without a run to compare with, the baseline is the before of what is certainly different now.
    """
    if progress is None or step.manual:
        return ()
    if confirm is None:
        lines = [*_since_healthy(step, progress, baseline), progress.note, claim_line(progress) if claims else ""]
        return tuple(one_line(line, LINE_LENGTH) for line in lines if line)
    before = confirm.progress(step.id)
    if before is None or progress.phase is not StepPhase.DONE:
        return tuple(one_line(line, LINE_LENGTH) for line in (progress.note, claim_line(progress)) if line)
    comparison = compare(step, before, progress)
    slower, faster = comparison.change == "slower", comparison.change == "faster"
    said = [
        comparison.latency if slower else "",
        *(shape_lines(comparison) if _shapes_tell(before, progress) else ()),
        meaning_line(comparison, progress, proves=proves),
        claim_line(progress),
        progress.note,
        comparison.latency if faster else "",
        mix_line(step, comparison, before, progress),
    ]
    return tuple(one_line(line, LINE_LENGTH) for line in said if line.strip())


def _shapes_tell(before: StepProgress, now: StepProgress) -> bool:
    """Whether another shape is news: where most answers were errors before, good ones look different, and should."""
    return now.verdict is not StepVerdict.PASSED or before.failed * 2 <= before.samples


def _since_healthy(step: Step, progress: StepProgress, baseline: Baseline | None) -> list[str]:
    """``while it was healthy p95 was 80 ms (60–110 ms), now 912 ms (430–1,800 ms): slower``."""
    before = healthy_before(step, baseline)
    if before is None or progress.phase is not StepPhase.DONE:
        return []
    comparison = compare(step, before, progress)
    slower = f"while it was healthy, {comparison.latency}" if comparison.change == "slower" else ""
    other = [f"compared with healthy times, {line}" for line in shape_lines(comparison)]
    return [slower, *other]


def meaning_line(comparison: Comparison, progress: StepProgress, *, proves: bool = False) -> str:
    """What the change means; an undecided step has its reason, and the odds of having missed it has the root card."""
    if progress.verdict not in (StepVerdict.PASSED, StepVerdict.FAILED):
        return ""
    if proves and comparison.meaning.startswith(NEVER):
        return NO_PART
    said = comparison.meaning.partition(WOULD_REPRODUCE)[0].partition(ODDS)[0].rstrip(".")
    return "" if said.startswith(UNCHANGED) else said


def claim_line(progress: StepProgress) -> str:
    """What is proven, and on what: ``error < 5 % at 99 % confidence: 105 samples over 60 s, 4 replicas, 25 inputs``."""
    if progress.verdict is not StepVerdict.PASSED or not progress.claim:
        return ""  # of a failed step the figures say more than "error > 1 %"
    claim, _, rest = progress.claim.partition(": ")
    pieces = [piece for piece in rest.split(", ") if piece and not piece.endswith(("failures", "failure"))]
    pieces += [] if "replica" in rest or progress.replicas < 2 else [counted(progress.replicas, "replica")]
    pieces += [] if "input" in rest or progress.inputs < 2 else [counted(progress.inputs, "input")]
    return f"{claim}: {', '.join(pieces)}" if pieces else claim


def mix_line(step: Step, comparison: Comparison, before: StepProgress, now: StepProgress) -> str:
    """``answers before 200 × 13 and 503 × 7, now 200 × 105``, where other ones came than before; else empty."""
    came = {status for status, _ in now.statuses}
    differs = before.statuses and came and {status for status, _ in before.statuses} != came
    below_http = isinstance(step.check, WireCheck) and not isinstance(step.check, WebsocketCheck)
    return f"answers {comparison.statuses}" if differs and not below_http else ""


def shape_lines(comparison: Comparison) -> list[str]:
    """``the answer has changed: $.total is gone``, a line each, and how many more there are."""
    hidden = len(comparison.shape) - SHAPES_SHOWN
    shown = [f"the answer has changed: {difference}" for difference in comparison.shape[:SHAPES_SHOWN]]
    return [*shown, counted(hidden, "more difference")] if hidden > 0 else shown
