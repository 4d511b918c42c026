"""The results of a run, live: each step from waiting to its verdict, before and after side by side."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.aftermath import decapitalised, taken_back, watch_end, watch_note
from fixloop_bot.adapters.slack.blocks.buttons import details_button, reproduce_button, stop_button
from fixloop_bot.adapters.slack.blocks.card import Block, Card, actions, context, fallback
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.chart import spread_picture
from fixloop_bot.adapters.slack.blocks.evidence import failing_evidence, figures, still_over
from fixloop_bot.adapters.slack.blocks.grounds import grounds
from fixloop_bot.adapters.slack.blocks.status import (
    CANNOT_PROVE,
    RED,
    SYMBOLS,
    TELEMETRY_ALONE,
    WHITE,
    WORDS,
    YELLOW,
    Status,
    halted,
    reproduced_sentence,
    stopped_reason,
)
from fixloop_bot.adapters.slack.blocks.text import clock, counted, one_line, person
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Tick
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import Role, Step
from fixloop_bot.domain.reasons import place, unasked
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.verdicts import COULD_NOT_LOOK, proving_steps

STEPS_SHOWN = 15
"""With three blocks a step a message would still hold them."""
MARKS = {
    StepVerdict.PASSED: "✅ passed",
    StepVerdict.FAILED: "❌ failed",
    StepVerdict.INCONCLUSIVE: "❔ inconclusive",
    StepVerdict.SKIPPED: "➖ skipped",
}
LEANINGS = {"leaning yes": "leaning to passed", "leaning no": "leaning to failed"}


def results_card(view: ThreadView) -> Card | None:
    """The card of the newest run; None before the first one."""
    run = view.shown
    if run is None:
        return None
    confirm = view.confirm if run.kind is RunKind.VALIDATE and run.plan.hash == _hash(view.confirm) else None
    proves = confirm is not None and bool(proving_steps(run, confirm))
    name = run.id
    outcome = outcome_lines(run, view)
    blocks: list[Block] = [section_block(f"*{heading(run, view)}*", block_id=f"results:{run.incident_id}:title")]
    if outcome:
        marked = "\n".join(each.marked() for each in outcome)
        blocks.append(section_block(marked, block_id=f"results:{name}:verdict"))
    blocks.append(context(origin(run), block_id=f"results:{name}:origin"))
    said = [heading(run, view), *(each.said() for each in outcome), origin(run)]
    for number, step in enumerate(run.plan.steps[:STEPS_SHOWN], start=1):
        lines = step_lines(number, step, run, confirm, view)
        said.extend([_without_marks(lines[0]), *lines[1:]])
        blocks.append(section_block("\n".join(lines), block_id=f"results:{name}:{step.id}"))
        proof = failing_evidence(step, run.progress(step.id))
        if proof:
            said.append("; ".join(line for line in proof[:2] if line))
            blocks.append(section_block("\n".join(proof), block_id=f"results:{name}:{step.id}:evidence"))
        claims = run.kind is not RunKind.CONFIRM
        quiet = grounds(step, run.progress(step.id), confirm, view.baseline, proves=proves, claims=claims)
        if quiet:
            said.extend(quiet)
            blocks.append(context("\n".join(quiet), block_id=f"results:{name}:{step.id}:grounds"))
    blocks.extend(spread_picture(view, run))
    blocks.append(actions(results_buttons(run, view), block_id=f"results:{name}:buttons"))
    return Card(part="results", text=fallback(*said), blocks=tuple(blocks))


def results_buttons(run: Run, view: ThreadView) -> list[Block]:
    """Details at any time; Stop while it runs; another try where the bug hid."""
    incident, details = view.incident, details_button(run.id)
    if incident.active_run == run.id and not run.finished:
        return [details, stop_button(incident)]
    hid = run.kind is RunKind.CONFIRM and run.finished and not run.reproduced
    again = hid and incident.is_open and incident.active_run is None
    return [details, reproduce_button(incident)] if again else [details]


def _hash(confirm: Run | None) -> str:
    return confirm.plan.hash if confirm is not None else ""


def _without_marks(line: str) -> str:
    return line.replace("*", "")


def heading(run: Run, view: ThreadView) -> str:
    line = view.incident.run_line(run.id)
    if line is not None and line.partial:
        return f"Another look at step {place(run, run.step_ids[0])}, run {run.number}"
    word = {RunKind.CONFIRM: "Confirm run", RunKind.VALIDATE: "Validate run", RunKind.SOAK: "Watch"}[run.kind]
    return f"{word} {run.number}"


def origin(run: Run) -> str:
    """Which plan, who started it, how long it took, and whether it went on after the end of a process."""
    pieces = [f"plan v{run.plan.version}", f"started by {person(run.started_by)} {clock(run.started_at)}"]
    if run.finished_at is not None:
        pieces.append(f"took {span(run.finished_at - run.started_at)}")
    if run.taken_over_at is not None:
        pieces.append(f"interrupted, and resumed {clock(run.taken_over_at)}")
    return " · ".join(pieces)


def step_lines(place: int, step: Step, run: Run, confirm: Run | None, view: ThreadView) -> list[str]:
    """One step in a line or two: its verdict, then its figures before and now."""
    title = one_line(step.title, 120)
    if step.manual:
        return [f"*{place}*  {_manual_state(step, view)} · {title}{_manual_detail(step, view)}"]
    progress = run.progress(step.id)
    if progress is None:
        return [f"*{place}*  ☐ left out · {title}"]
    control = " · control" if step.role is Role.CONTROL else ""
    lines = [f"*{place}*  {state_word(progress)} · {title}{control}", figures(step, progress, confirm)]
    if progress.verdict in (StepVerdict.INCONCLUSIVE, StepVerdict.SKIPPED) and progress.reason:
        lines[1] = still_over(step, progress, run) or _undecided(lines[1], progress)
    return [line for line in lines if line]


def _undecided(figures_so_far: str, progress: StepProgress) -> str:
    """Why nothing is known; how often it could not look belongs into the same words."""
    why = one_line(unasked(progress.reason), 400)
    if progress.samples:
        return " · ".join(piece for piece in (figures_so_far, why) if piece)
    blind = progress.reason.startswith(COULD_NOT_LOOK) and progress.void
    return f"{counted(progress.void, 'probe')} {why}" if blind else why


def _tick(step: Step, view: ThreadView) -> Tick | None:
    return next((each for each in view.incident.manual if each.step_id == step.id), None)


def _manual_state(step: Step, view: ThreadView) -> str:
    return "✋ done" if _tick(step, view) is not None else "✋ open"


def _manual_detail(step: Step, view: ThreadView) -> str:
    tick = _tick(step, view)
    if tick is not None:
        return f" · {person(tick.by)} {clock(tick.at)}"
    return " · tick it in the plan" if view.incident.is_open else ""


def state_word(progress: StepProgress) -> str:
    """A word beside every symbol."""
    if progress.verdict is not None:
        return MARKS[progress.verdict]
    if progress.phase is StepPhase.WAITING:
        return "⏳ waiting"
    left = f" · {span(progress.window_left_s)} to go" if progress.window_left_s >= 1 else ""
    return f"⏳ {LEANINGS.get(progress.leaning, 'running')}{left}"


def outcome_lines(run: Run, view: ThreadView) -> list[Status]:
    """What the run means, and what has become of it since; nothing while it is going."""
    if not run.finished:
        return []
    if run.kind is RunKind.CONFIRM:
        return [_confirm_outcome(run, is_open=view.incident.is_open)]
    verdict = run.verdict or RecoveryVerdict.INCONCLUSIVE
    why = stopped_reason(run) if run.stopped_by is not None else one_line(unasked(run.reason))
    outcome = Status(symbol=SYMBOLS[verdict], word=WORDS[verdict], rest=f". {why}" if why else ".")
    soak, was = view.soak, Status(symbol=WHITE, word="Was proven", rest=outcome.rest)
    taken = taken_back(view.incident)
    if soak is None or soak.number < run.number or not soak.reproduced:
        if taken is None or taken.proof.id != run.id:
            return [outcome, *_watched(view, run)]
        back = Status(symbol=RED, word="Proof taken back", rest=f" {clock(taken.at)}: {taken.why}.")
        return [back, was]
    when = clock(soak.finished_at or view.now)
    back = Status(symbol=RED, word="Proof taken back", rest=f" {when}: in the watch, {reproduced_sentence(soak)}")
    return [back, was]


def _watched(view: ThreadView, run: Run) -> list[Status]:
    """What the watch after a proof that stands has noticed, and why it did not last to its end."""
    soak, proof = view.soak, view.incident.proof()
    if soak is None or soak.number < run.number:
        return []
    noticed, end = watch_note(view), watch_end(view) if proof is not None and proof.id == run.id else ""
    lines = [Status(symbol=YELLOW, word="Noticed", rest=f" {noticed}")] if noticed else []
    if end and not soak.steps:
        return [*lines, Status(symbol=WHITE, word="Not watched", rest=f": {decapitalised(end)}")]
    again = end.replace("The watch ended", "It ended").replace("stopped the watch", "stopped it")
    return [*lines, Status(symbol=WHITE, word="Watch not finished", rest=f". {again}")] if end else lines


def _confirm_outcome(run: Run, *, is_open: bool) -> Status:
    if run.reproduced and not run.seen_by_request:
        return Status(symbol=RED, word=TELEMETRY_ALONE, rest=f". {CANNOT_PROVE}")
    if run.reproduced:
        todo = " Fix it, then press Validate: the same steps run again." if is_open else ""
        return Status(symbol=RED, word="Reproduced", rest=f".{todo}")
    if run.stopped_by is not None:
        why = stopped_reason(run)
        return Status(symbol=WHITE, word="Stopped", rest=why.removeprefix("Stopped") if not halted(run) else f". {why}")
    if any(step.verdict is StepVerdict.INCONCLUSIVE for step in run.steps):
        rest = ", and not every step could look. This plan cannot prove a fix yet."
        return Status(symbol=WHITE, word="Not reproduced", rest=rest)
    rest = ". Everything passes from here, so this plan cannot prove a fix. New plan writes another."
    return Status(symbol=WHITE, word="Not reproduced", rest=rest)
