"""The modal behind Details: one step of one run, with what it claims, what came back, and how to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fixloop_bot.adapters.slack.blocks.card import Block, actions, button, context, section
from fixloop_bot.adapters.slack.blocks.checks import claims_of, document_claims, request_line, what
from fixloop_bot.adapters.slack.blocks.evidence import facts, figures, formula, sample_words
from fixloop_bot.adapters.slack.blocks.modal import code_text, modal, select
from fixloop_bot.adapters.slack.blocks.results import MARKS, state_word
from fixloop_bot.adapters.slack.blocks.text import clock_with_seconds, counted, cut, one_line
from fixloop_bot.adapters.slack.blocks.verdict_words import would_change
from fixloop_bot.application.details import StepDetails
from fixloop_bot.domain.figures import milliseconds
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, LogsCheck, ManualCheck, MetricCheck, MonitorCheck, Step
from fixloop_bot.domain.reasons import unasked
from fixloop_bot.domain.runs import Run, RunKind, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample

DETAILS, CHOOSE_STEP, REFRESH = "details", "details_step", "details_refresh"
CLAIMS_SHOWN = 20
ROWS_IN_A_SECTION = 10
REASON_LENGTH = 90
OUTCOMES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.VOID: "could not look"}
KINDS = {RunKind.CONFIRM: "Confirm run", RunKind.VALIDATE: "Validate run", RunKind.SOAK: "Watch"}


def details_modal(details: StepDetails) -> Block:
    """Everything that is known of the step, worst first. Its ids are new for each step, so that the menu follows."""
    run, step = details.run, details.step
    name = f"details:{run.id}:{step.id}"
    blocks = [
        _menu(details, name),
        context(_heading(details), block_id=f"{name}:as-of"),
        section(_standing(details), block_id=f"{name}:standing"),
        *_evidence(details, name),
        *_before(details, name),
        section(_claims(details), block_id=f"{name}:claims"),
        context(f"*What would change it*\n{would_change(details)}", block_id=f"{name}:change"),
        *_table(details, name),
    ]
    return modal(
        f"Step {_number(run, step)} in full", blocks, callback_id=DETAILS, about={"run": run.id, "step": step.id}
    )


def gone_modal() -> Block:
    """For a run that the store has forgotten."""
    line = section("This run is not kept any more.", block_id="details:gone")
    return modal("Step details", [line], callback_id=DETAILS, about={})


def _number(run: Run, step: Step) -> int:
    return next(number for number, each in enumerate(run.plan.steps, start=1) if each.id == step.id)


def _menu(details: StepDetails, name: str) -> Block:
    run = details.run
    options = [
        (f"{number}  {_state(run, step)} · {step.title}", step.id) for number, step in enumerate(run.plan.steps, 1)
    ]
    menu = select(options, action_id=CHOOSE_STEP, chosen=details.step.id, placeholder="Another step")
    again = [button("Refresh", action_id=REFRESH, value=run.id)] if not run.finished else []
    return actions([menu, *again], block_id=f"{name}:menu")


def _state(run: Run, step: Step) -> str:
    progress = run.progress(step.id)
    if step.manual:
        return "✋ by hand"
    return state_word(progress) if progress is not None else "☐ left out"


def _heading(details: StepDetails) -> str:
    run = details.run
    going = "" if run.finished else " · the run is going, so this is not its end"
    return f"{KINDS[run.kind]} {run.number} · plan v{run.plan.version} · as of {clock_with_seconds(details.now)}{going}"


def _standing(details: StepDetails) -> str:
    run, step, progress = details.run, details.step, details.progress
    lines = [f"*{_number(run, step)}  {one_line(step.title, 120)}*", _state(run, step)]
    if progress is not None:
        told = any(sample.outcome is not Outcome.PASSED for sample in details.samples[:1])  # by what follows
        why = "" if told else one_line(unasked(progress.reason), 400)
        lines += [
            figures(step, progress, details.before),
            why,
            one_line(progress.claim, 300),
            one_line(progress.note, 300),
        ]
    return "\n".join(line for line in dict.fromkeys(lines) if line)


def _claims(details: StepDetails) -> str:
    """What it claims, a line each; a check that is read says it in one."""
    check, service = details.step.check, details.service
    match check:
        case HttpCheck():
            lines = [one_line(request_line(check, check.request), 200), *_each(claims_of(check, check.expect))]
        case JourneyCheck():
            lines = [
                line
                for leg in check.legs
                for line in (one_line(request_line(check, leg.request), 200), *_each(claims_of(check, leg.expect)))
            ]
        case MetricCheck() | MonitorCheck() | LogsCheck() | ManualCheck():
            lines = [one_line(what(details.step, 300, service=service), 400)]
        case _:
            said = _each(document_claims(check))
            lines = [one_line(what(details.step, 200, service=service), 300), *said]
    hidden = len(lines) - CLAIMS_SHOWN
    shown = [*lines[:CLAIMS_SHOWN], *([f"and {hidden} more"] if hidden > 0 else [])]
    return "\n".join(["*What it claims*", *shown])


def _each(claims: Sequence[str]) -> list[str]:
    return [f"• {one_line(each, 160)}" for each in claims]


def _evidence(details: StepDetails, name: str) -> Iterator[Block]:
    """The sample that says most: what differed, the request to repeat, the start of the answer."""
    sample = _telling(details.samples)
    if sample is None:
        yield context(_no_sample(details), block_id=f"{name}:none")
        return
    noun = "sample" if details.step.repeated else "reading"
    why = [sample_words(details.step, sample)] if sample.outcome is not Outcome.PASSED else []
    if isinstance(details.step.check, MetricCheck):  # the figures above may have said it
        why = [each for each in why if each not in _standing(details)]
    head = f"*{OUTCOMES[sample.outcome].capitalize()}:* {facts(sample, noun=noun)}"
    yield section("\n".join([head, *why, *formula(sample)]), block_id=f"{name}:sample")
    if sample.curl:
        yield section(f"*The request, to repeat it*\n{code_text(sample.curl, 2900)}", block_id=f"{name}:request")
    if sample.excerpt:
        yield section(f"*The answer begins*\n{code_text(sample.excerpt, 1500)}", block_id=f"{name}:answer")


def _no_sample(details: StepDetails) -> str:
    if not details.run.finished:
        return "No sample is saved yet. Refresh looks again."
    taken = details.progress is not None and details.progress.samples
    return "Its samples are not kept one by one any more." if taken else "No sample was taken."


def _telling(samples: Sequence[Sample]) -> Sample | None:
    """The newest that failed and can be repeated, else the first of all."""
    worst = samples[0].outcome if samples else None
    alike = [sample for sample in samples if sample.outcome is worst]
    return next((sample for sample in alike if sample.curl), alike[0] if alike else None)


def _before(details: StepDetails, name: str) -> Iterator[Block]:
    before = details.before
    progress = before.progress(details.step.id) if before is not None else None
    if before is None or progress is None:
        return
    lines = [f"*Before, in {KINDS[before.kind].lower()} {before.number}*"]
    mark = MARKS[progress.verdict] if progress.verdict is not None else state_word(progress)
    lines += [" · ".join(each for each in (mark, figures(details.step, progress, None)) if each)]
    if progress.verdict is StepVerdict.FAILED and progress.failures:
        why = sample_words(details.step, progress.failures[0])
        lines += [why] if why not in lines[-1] else []
    yield section("\n".join(lines), block_id=f"{name}:before")


def _table(details: StepDetails, name: str) -> Iterator[Block]:
    """At most twenty rows, a line each; a line is what a phone can show of a table."""
    rows = [_row(details.step, sample) for sample in details.samples]
    if not rows:
        return
    of = (
        f"{len(rows)} of {counted(details.looked_at, 'sample')}"
        if details.looked_at > len(rows)
        else counted(len(rows), "sample")
    )
    order = ", the newest that failed first" if len(rows) > 1 else ""
    heads = [f"*{of}{order}*"]
    for start in range(0, len(rows), ROWS_IN_A_SECTION):
        part = [*(heads if start == 0 else []), *rows[start : start + ROWS_IN_A_SECTION]]
        yield section("\n".join(part), block_id=f"{name}:rows:{start}")


def _row(step: Step, sample: Sample) -> str:
    """``#17 failed · 503 · 84 ms · 03:22:41 · status was 503, expected 200``."""
    pieces = [
        f"#{sample.number} {OUTCOMES[sample.outcome]}",
        str(sample.status) if sample.status else "",
        milliseconds(sample.latency_ms) if sample.latency_ms is not None else "",
        clock_with_seconds(sample.at),
        cut(sample_words(step, sample), REASON_LENGTH) if sample.outcome is not Outcome.PASSED else "",
    ]
    return " · ".join(piece for piece in pieces if piece)
