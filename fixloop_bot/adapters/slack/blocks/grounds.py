"""What stands quietly under a step's figures: what the change means, what they prove, and what else differs."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.checks import latency_limit
from fixloop_bot.adapters.slack.blocks.text import counted, one_line
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.comparison import Comparison, compare
from fixloop_bot.domain.described import healthy_before
from fixloop_bot.domain.latency import certainly_slower
from fixloop_bot.domain.plans import Step, WebsocketCheck, WireCheck
from fixloop_bot.domain.runs import Run, StepPhase, StepProgress, StepVerdict

LINE_LENGTH = 300
SHAPES_SHOWN = 2
WOULD_REPRODUCE = " What would reproduce it: "
ODDS = ", and a fault in more than "
"""Where a comparison's sentence goes on to what would reproduce the bug, and to how surely it would have been seen."""


def grounds(
    step: Step, progress: StepProgress | None, confirm: Run | None, baseline: Baseline | None = None
) -> tuple[str, ...]:
    """One idea a line, what is worse than before first; empty where the figures say it all.

    Without a run to compare with, the baseline is the before of what is certainly different now.
    """
    if progress is None or step.manual:
        return ()
    if confirm is None:
        lines = [*_since_healthy(step, progress, baseline), progress.note, claim_line(progress)]
        return tuple(one_line(line, LINE_LENGTH) for line in lines if line)
    before = confirm.progress(step.id)
    worse: list[str] = []
    other: list[str] = []
    if before is not None and progress.phase is StepPhase.DONE:
        comparison = compare(step, before, progress)
        slower = _moved(progress, before)
        pace = comparison.latency if slower or _moved(before, progress) or latency_limit(step) else ""
        worse = [pace if slower else "", *shape_lines(comparison)]
        other = [pace if not slower else "", mix_line(step, comparison, before, progress)]
        worse.append(meaning_line(comparison, progress))
    said = [*worse, progress.note, claim_line(progress), *other]
    return tuple(one_line(line, LINE_LENGTH) for line in said if line.strip())


def _since_healthy(step: Step, progress: StepProgress, baseline: Baseline | None) -> list[str]:
    """``while it was healthy p95 was 80 ms (60–110 ms), now 912 ms (430–1,800 ms): slower``."""
    before = healthy_before(step, baseline)
    if before is None or progress.phase is not StepPhase.DONE:
        return []
    comparison = compare(step, before, progress)
    slower = f"while it was healthy, {comparison.latency}" if _moved(progress, before) else ""
    other = [f"compared with healthy times, {line}" for line in shape_lines(comparison)]
    return [slower, *other]


def meaning_line(comparison: Comparison, progress: StepProgress) -> str:
    """What the change means; an undecided step has its reason, and the odds of having missed it has the root card."""
    if progress.verdict not in (StepVerdict.PASSED, StepVerdict.FAILED):
        return ""
    said = comparison.meaning.partition(WOULD_REPRODUCE)[0].partition(ODDS)[0].rstrip(".")
    return f"{said}." if said else ""


def claim_line(progress: StepProgress) -> str:
    """What is proven, and on what: ``error < 5 % at 99 % confidence: 105 samples over 60 s, 4 replicas, 25 inputs``."""
    if progress.verdict not in (StepVerdict.PASSED, StepVerdict.FAILED) or not progress.claim:
        return ""
    claim, _, rest = progress.claim.partition(": ")
    pieces = [piece for piece in rest.split(", ") if piece and not piece.endswith(("failures", "failure"))]
    pieces += [] if "replica" in rest or progress.replicas < 2 else [counted(progress.replicas, "replica")]
    pieces += [] if "input" in rest or progress.inputs < 2 else [counted(progress.inputs, "input")]
    return f"{claim}: {', '.join(pieces)}" if pieces else claim


def _moved(slow: StepProgress, than: StepProgress) -> bool:
    """Whether any quantile is certainly slower in the one than in the other."""
    known = {band.quantile: band for band in than.latency}
    return any(certainly_slower(band, known[band.quantile]) for band in slow.latency if band.quantile in known)


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
