"""The results of a run, live: each step from waiting to its verdict, before and after side by side."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Block, Card, actions, button, context, fallback
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.root import SYMBOLS
from fixloop_bot.adapters.slack.blocks.text import (
    clock,
    clock_with_seconds,
    code_block,
    counted,
    cut,
    number,
    one_line,
    person,
    span,
)
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Tick
from fixloop_bot.domain.plans import Role, Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample

WORDS = {
    StepVerdict.PASSED: "✅ passed",
    StepVerdict.FAILED: "❌ failed",
    StepVerdict.INCONCLUSIVE: "❔ inconclusive",
    StepVerdict.SKIPPED: "➖ skipped",
}
CURL_LENGTH = 600


def results_card(view: ThreadView) -> Card | None:
    """The card of the newest run; None before the first one."""
    run = view.shown
    if run is None:
        return None
    confirm = view.confirm if run.kind is RunKind.VALIDATE else None
    name = run.id
    blocks: list[Block] = [
        section_block(f"*{heading(run)}*", block_id=f"results:{run.incident_id}:title"),
        context(origin(run), block_id=f"results:{name}:origin"),
    ]
    lines: list[str] = []
    for place, step in enumerate(run.plan.steps, start=1):
        text = step_text(place, step, run, confirm, view)
        lines.append(text)
        blocks.append(section_block(text, block_id=f"results:{name}:{step.id}"))
        evidence = failing_evidence(run.progress(step.id))
        if evidence:
            blocks.append(section_block(evidence, block_id=f"results:{name}:{step.id}:evidence"))
    if run.finished:
        closing = closing_line(run, view)
        lines.append(closing)
        blocks.append(section_block(closing, block_id=f"results:{name}:verdict"))
    elif view.incident.active_run == run.id:
        stop = button("Stop", action_id="stop", value=view.incident.id)
        blocks.append(actions([stop], block_id=f"results:{name}:buttons"))
    return Card(part="results", text=fallback(heading(run), *lines), blocks=tuple(blocks))


def heading(run: Run) -> str:
    word = {RunKind.CONFIRM: "Confirm run", RunKind.VALIDATE: "Validate run", RunKind.SOAK: "Watch"}[run.kind]
    return f"{word} {run.number}"


def origin(run: Run) -> str:
    ended = f" · took {span((run.finished_at or run.started_at) - run.started_at)}" if run.finished else ""
    taken = f" · taken over {clock(run.taken_over_at)}" if run.taken_over_at is not None else ""
    return f"plan v{run.plan.version} · started by {person(run.started_by)} · {clock(run.started_at)}{ended}{taken}"


def step_text(place: int, step: Step, run: Run, confirm: Run | None, view: ThreadView) -> str:
    """One step in two lines: its verdict, then its figures before and now."""
    if step.manual:
        return _manual_text(place, step, view)
    progress = run.progress(step.id)
    if progress is None:
        return f"{place} ☐ left out · {one_line(step.title)}"
    control = " · control" if step.role is Role.CONTROL else ""
    head = f"{place} {state_word(progress)} · {one_line(step.title)}{control}"
    figures = _figures(step, progress, confirm)
    return f"{head}\n{figures}" if figures else head


def _manual_text(place: int, step: Step, view: ThreadView) -> str:
    tick: Tick | None = next((each for each in view.incident.manual if each.step_id == step.id), None)
    if tick is not None:
        return f"{place} ✋ done · {one_line(step.title)} · {person(tick.by)} {clock(tick.at)}"
    return f"{place} ✋ open · {one_line(step.title)} · tick it above"


def state_word(progress: StepProgress) -> str:
    """A word beside every symbol."""
    if progress.verdict is not None:
        return WORDS[progress.verdict]
    if progress.phase is StepPhase.WAITING:
        return "⏳ waiting"
    left = f" · {span(progress.window_left_s)} to go" if progress.window_left_s >= 1 else ""
    return f"⏳ {progress.leaning or 'running'}{left}"


def _figures(step: Step, progress: StepProgress, confirm: Run | None) -> str:
    now = _now(step, progress)
    before = _before(step, confirm.progress(step.id)) if confirm is not None else ""
    pieces = [f"before {before}  →  now {now}" if before and now else now]
    if progress.claim and progress.verdict is StepVerdict.PASSED:
        pieces.append(one_line(progress.claim.split(":")[0]))
    if progress.verdict in (StepVerdict.INCONCLUSIVE, StepVerdict.SKIPPED) and progress.reason:
        pieces.append(one_line(progress.reason))
    return " · ".join(piece for piece in pieces if piece)


def _now(step: Step, progress: StepProgress) -> str:
    if not step.repeated:
        return _value(progress)
    if not progress.samples:
        return f"{counted(progress.void, 'probe')} could not look" if progress.void else ""
    latency = f", p95 {number(progress.p95_ms)} ms" if progress.p95_ms is not None else ""
    return f"{progress.failed}/{progress.samples} failed{_why(progress)}{latency}"


def _before(step: Step, progress: StepProgress | None) -> str:
    if progress is None:
        return ""
    if not step.repeated:
        return _value(progress)
    return f"{progress.failed}/{progress.samples} failed{_why(progress)}" if progress.samples else ""


def _value(progress: StepProgress) -> str:
    if progress.value is not None:
        return number(progress.value)
    last = (*progress.failures, *progress.passes)
    if not last:
        return ""
    return one_line(last[-1].failures[0].seen) if last[-1].failures else "OK"


def _why(progress: StepProgress) -> str:
    """The commonest way to fail, in one word: a status, or the field that was wrong."""
    if not progress.failed or not progress.failures:
        return ""
    sample = progress.failures[0]
    if sample.fault is not None:
        return f" ({one_line(sample.fault.kind.value)})"
    first = sample.failures[0] if sample.failures else None
    return f" ({sample.status if first is None or first.subject == 'status' else one_line(first.subject)})"


def failing_evidence(progress: StepProgress | None) -> str:
    """The first failing sample with what differed, and the request that repeats it."""
    if progress is None or not progress.failures or progress.verdict is not StepVerdict.FAILED:
        return ""
    sample = progress.failures[0]
    facts = _facts(sample)
    repeat = f"\n{code_block(cut(sample.curl, CURL_LENGTH))}" if sample.curl else ""
    return f"{one_line(sample.reason())} ({facts}){repeat}"


def _facts(sample: Sample) -> str:
    pieces = [f"sample #{sample.number}"]
    if sample.status is not None:
        pieces.append(str(sample.status))
    if sample.latency_ms is not None:
        pieces.append(f"{number(sample.latency_ms)} ms")
    if sample.replica:
        pieces.append(one_line(sample.replica))
    pieces.append(clock_with_seconds(sample.at))
    return ", ".join(pieces)


def closing_line(run: Run, view: ThreadView) -> str:
    """What the run means, in a sentence."""
    if run.stopped_by is not None and run.kind is RunKind.CONFIRM:
        return f"⚪ *Stopped* by {person(run.stopped_by)} before it was decided."
    if run.kind is RunKind.CONFIRM:
        return _confirm_closing(run)
    verdict = run.verdict or RecoveryVerdict.INCONCLUSIVE
    word = "Recovery proven" if verdict is RecoveryVerdict.PROVEN else verdict.value.capitalize()
    line = f"{SYMBOLS[verdict]} *{word}.* {one_line(run.reason)}"
    if view.soak is not None and view.soak.reproduced and view.soak.number > run.number:
        return f"{line}\n🔴 *Taken back* {clock(view.soak.finished_at or view.now)}: the watch saw a step fail again."
    return line


def _confirm_closing(run: Run) -> str:
    if run.reproduced:
        return "🔴 *Reproduced.* Fix it, then press Validate: the same steps run again."
    undecided = [step for step in run.steps if step.verdict is StepVerdict.INCONCLUSIVE]
    if undecided:
        return "⚪ *Not reproduced*, and not every step could look. A fix could not be proven by this plan yet."
    return "⚪ *Not reproduced.* Everything passes from here, so this plan cannot prove a fix. Ask for a New plan."
