"""A finished run, and a replay, in words for a terminal. What came from outside is shown without control characters."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from fixloop_bot.application.proving import Before, Evidence, ProofVerdict
from fixloop_bot.application.replaying import Replayed
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import ManualCheck, Plan, Role, Step
from fixloop_bot.domain.runs import StepProgress
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.standard.steps import probe_step

INDENT = " " * 19
SHOWN_REQUEST = 36
LEFT_OUT_SHOWN = 5


def result(evidence: Evidence) -> str:
    """The verdict with its reason, then each step with its own."""
    lines = [f"{evidence.service}: {evidence.verdict.value}", evidence.reason, ""]
    for place, step in enumerate(evidence.run.plan.steps, start=1):
        lines += _step(place, step, evidence.run.progress(step.id))
    return _shown(lines)


def _step(place: int, step: Step, progress: StepProgress | None) -> Iterator[str]:
    verdict = progress.verdict.value if progress is not None and progress.verdict is not None else "skipped"
    yield f"{place:>3}  {verdict:<12}  {step.title}"
    if isinstance(step.check, ManualCheck):
        yield f"{INDENT}for a person: {step.check.instruction}"
    if progress is None:
        return
    yield from (f"{INDENT}{words}" for words in (progress.claim, progress.reason, progress.note) if words)


def next_command(evidence: Evidence, *, kept_at: str, before: Before | None) -> str:
    """What to type when it is fixed; empty where nothing failed."""
    again = f"fixloop validate {shlex.quote(evidence.service)} --before"
    if before is not None and evidence.verdict is ProofVerdict.NOT_RECOVERED:
        return f"After the next fix: {again} {shlex.quote(before.name)}"
    return f"When it is fixed: {again} {shlex.quote(kept_at)}" if evidence.verdict is ProofVerdict.FAILED else ""


def left_out(plan: Plan, service: Service) -> str:
    """Which of the team's own probes a plan that we have made does not run; empty where it runs them all."""
    titles = {step.title for step in plan.steps}
    missing = [probe.name for probe in service.probes if probe_step(probe, Role.CONTROL).title not in titles]
    if not missing:
        return ""
    names = "; ".join(missing[:LEFT_OUT_SHOWN]) + ("; …" if len(missing) > LEFT_OUT_SHOWN else "")
    words = f"the plan has no place for {len(missing)} of the catalog's {len(service.probes)} probes ({names}): "
    return _shown([f"{words}write it to a file (fixloop plan --out), add what matters, and validate with --plan"])


def table(replayed: Sequence[Replayed], places: dict[str, int]) -> str:
    """One line for each sample: recorded, now, and what differs."""
    rows: list[tuple[str, ...]] = [("step", "sample", "request", "recorded", "now", "body", "differs")]
    rows += [_row(each, places[each.step.id]) for each in replayed]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return _shown(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _row(each: Replayed, place: int) -> tuple[str, ...]:
    body = {None: "–", True: "same", False: "another"}[each.same_body]
    differs = "; ".join(each.differs) or (f"could not look: {each.why_not}" if each.why_not else "–")
    now = _seen(each.now) if each.now is not None else "not sent"
    request = each.recorded.request or each.step.title
    shown = request if len(request) <= SHOWN_REQUEST else f"{request[: SHOWN_REQUEST - 1]}…"
    return (str(place), str(each.recorded.number), shown, _seen(each.recorded), now, body, differs)


def _seen(sample: Sample) -> str:
    seen = str(sample.status) if sample.status is not None else (sample.fault.kind.value if sample.fault else "–")
    return f"{seen} {sample.outcome.value}"


def tally(replayed: Sequence[Replayed]) -> str:
    """How many are as they were."""
    looked = [each for each in replayed if each.looked]
    differ = sum(bool(each.differs) for each in looked)
    blind = len(replayed) - len(looked)
    words = f"{len(replayed)} recorded samples: {len(looked) - differ} as recorded, {differ} differ"
    words += f", {blind} could not be looked at" if blind else ""
    bodies = sum(each.same_body is False for each in looked)
    return f"{words}." + (f" {bodies} bodies are others, which alone counts for nothing." if bodies else "")


def _shown(lines: Sequence[str] | Iterator[str]) -> str:
    return "\n".join("".join(char if char.isprintable() else "\ufffd" for char in line) for line in lines)
