"""The one line that a responder reads first: a symbol, the word beside it, and what is behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from fixloop_bot.adapters.slack.blocks.aftermath import decapitalised, set_back, watch_end, watch_note
from fixloop_bot.adapters.slack.blocks.buttons import verdict_word
from fixloop_bot.adapters.slack.blocks.ending import ended_by
from fixloop_bot.adapters.slack.blocks.grounds import WOULD_REPRODUCE
from fixloop_bot.adapters.slack.blocks.text import clock, day_and_clock, one_line, person
from fixloop_bot.application.brake import LIFT, STOPPED
from fixloop_bot.application.mentions import named
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.comparison import never_reproduced
from fixloop_bot.domain.figures import milliseconds
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import WireCheck
from fixloop_bot.domain.reasons import (
    failed_steps,
    field_name,
    how_it_fails,
    is_missing,
    others_fail,
    place,
    sample_reason,
    telling_failure,
    tries,
    unasked,
    wanted_words,
)
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress, StepVerdict
from fixloop_bot.domain.samples import FaultKind, Sample
from fixloop_bot.domain.setbacks import Setback, setback

RED, YELLOW, GREEN, WHITE = "🔴", "🟡", "🟢", "⚪"
SYMBOLS = {
    RecoveryVerdict.PROVEN: GREEN,
    RecoveryVerdict.UNPROVEN: WHITE,
    RecoveryVerdict.NOT_RECOVERED: RED,
    RecoveryVerdict.INCONCLUSIVE: WHITE,
}
"""Red while broken, yellow while being looked at, green only for proven, white for what is not known."""
WORDS = {
    RecoveryVerdict.PROVEN: "Recovery proven",
    RecoveryVerdict.UNPROVEN: "Unproven",
    RecoveryVerdict.NOT_RECOVERED: "Not recovered",
    RecoveryVerdict.INCONCLUSIVE: "Inconclusive",
}
TELEMETRY_ALONE = "Only telemetry sees it"
CANNOT_PROVE = "No request of this plan failed, so it cannot prove a fix: Edit a step, or press New plan."
_QUANTILES = ("latency", "p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """``rest`` begins with its own punctuation."""

    symbol: str
    word: str
    rest: str = ""

    def marked(self) -> str:
        """For mrkdwn, with the word in bold."""
        return f"{self.symbol} *{self.word}*{self.rest}"

    def said(self) -> str:
        """In words alone, for a screen reader."""
        return f"{self.word}{self.rest}"


def status(view: ThreadView) -> Status:
    """Where the incident stands, and what keeps it from going on."""
    now, by = _standing(view), view.incident.waits_for_go()
    if by is None:
        return now
    waits = f"{named(by)} has stopped all traffic; {LIFT}"
    if now.word == "Not reproduced yet":
        return replace(now, rest=f": {waits}")
    return replace(now, rest=f"{now.rest}{'' if now.said().endswith(('.', '…')) else '.'} {waits}")


def _standing(view: ThreadView) -> Status:
    incident = view.incident
    if incident.state is State.RESOLVED:
        return _resolved(view)
    if incident.active_run is not None:
        return _running(view)
    if incident.verdict is not None:
        return verdict_status(view, incident.verdict)
    if incident.plan is None or (incident.planning_since is not None and view.confirm is None):
        return Status(symbol=YELLOW, word="Writing the plan…")
    if incident.reopened:
        return _broken_again(view)
    if all(step.manual for step in incident.plan.steps):
        return Status(symbol=WHITE, word="Not reproduced", rest=": the plan has only steps by hand.")
    return confirm_status(view.confirm)


def _resolved(view: ThreadView) -> Status:
    incident = view.incident
    symbol = SYMBOLS[incident.verdict] if incident.verdict is not None else WHITE
    when = day_and_clock(incident.resolved_at or view.now, view.now)
    if incident.merged_into:
        into = one_line(incident.merged_into, 20)
        return Status(symbol=WHITE, word="Merged", rest=f" into {into}, {when}: go on there.")
    return Status(symbol=symbol, word="Resolved", rest=f" {when} · {verdict_word(incident)} · {ended_by(incident)}")


def _running(view: ThreadView) -> Status:
    run = view.shown
    if run is None or run.id != view.incident.active_run:
        return Status(symbol=YELLOW, word="Starting a run…")
    left = max((step.window_left_s for step in run.steps), default=0.0)
    if run.reproduced:  # the worst news first: what is certain is said while the rest is still counted
        word = "Still failing" if run.kind is not RunKind.CONFIRM else _seen(run)
        counting = f" Still counting, {run.decided} of {len(run.steps)} steps decided."
        counting = counting if run.decided < len(run.steps) else f" {_all_decided(run)}"
        return Status(symbol=RED, word=word, rest=f": {reproduced_sentence(run)}{counting}")
    word = "Reproducing…" if run.kind is RunKind.CONFIRM else "Validating…"
    if run.steps and run.decided == len(run.steps):
        return Status(symbol=YELLOW, word=word, rest=f" {_all_decided(run)}")
    return Status(symbol=YELLOW, word=word, rest=f" {run.decided} of {len(run.steps)} steps decided{_about(left)}")


def _all_decided(run: Run) -> str:
    return "All steps decided." if run.kind is RunKind.CONFIRM else "All steps decided, writing the verdict."


def _about(left: float) -> str:
    """In big steps, since this card is not redrawn for every sample."""
    if left < 1:
        return ""
    step = 30 if left <= 90 else 60
    return f", about {span(math.ceil(left / step) * step)} left"


def verdict_status(view: ThreadView, verdict: RecoveryVerdict) -> Status:
    """The verdict by its exact word, with its reason."""
    if verdict is RecoveryVerdict.PROVEN:
        line = _last_validate(view.incident)
        at = line.finished_at if line is not None and line.finished_at is not None else view.now
        end, when = watch_end(view), f"{day_and_clock(at, view.now)}{_by_requests_alone(view)}"
        but = end and view.soak is not None and view.soak.stopped_by is not None
        rest = f", {when}, but {end}" if but else f", {when}. {end or _watching(view)}".rstrip()
    else:
        rest = f": {decapitalised(reason(view))}" if reason(view) else ""
    return Status(symbol=SYMBOLS[verdict], word=WORDS[verdict], rest=rest)


def _by_requests_alone(view: ThreadView) -> str:
    """A proof without telemetry is one; who reads only this line should know that customers were not looked at."""
    run = view.shown
    proof = run is not None and run.kind is RunKind.VALIDATE and run.verdict is RecoveryVerdict.PROVEN
    unmeasured = proof and run is not None and (run.traffic is None or run.traffic.value is None)
    return ", by requests alone: real traffic was not measured" if unmeasured else ""


def reason(view: ThreadView) -> str:
    """Why the verdict is what it is, as a sentence."""
    line = _last_validate(view.incident)
    if line is not None and line.stopped:
        known = view.shown is not None and view.shown.id == line.id
        return stopped_reason(view.shown) if known and view.shown is not None else "Stopped before it was decided."
    return one_line(unasked(view.incident.verdict_reason))


def stopped_reason(run: Run) -> str:
    """Who stopped it, as a sentence; whether it was this run alone or all traffic, and then what lifts that."""
    if not halted(run):
        return f"Stopped by {person(run.stopped_by)} before it was decided."
    return f"{person(run.stopped_by)} stopped all traffic before it was decided. `/fixloop go` lifts it."


def halted(run: Run) -> bool:
    """Whether the kill switch ended the run: its probes were stopped, too."""
    voids = [sample.fault for step in run.steps for sample in step.voids]
    told = any(STOPPED in step.reason for step in run.steps)
    return told or any(fault is not None and fault.kind is FaultKind.STOPPED for fault in voids)


def _last_validate(incident: Incident) -> RunLine | None:
    lines = [line for line in incident.runs if line.kind is RunKind.VALIDATE and line.finished_at is not None]
    return lines[-1] if lines else None


def _watching(view: ThreadView) -> str:
    incident = view.incident
    if incident.soak_held:
        return f"The watch after it stayed quiet. {_noticed(view)}".rstrip()
    if incident.soak_run is not None and incident.soak_until is not None:
        return f"Watching until {clock(incident.soak_until)}, provisional until then. {_noticed(view)}".rstrip()
    return ""


def _noticed(view: ThreadView) -> str:
    note = watch_note(view)
    return f"Noticed {note}" if note else ""


def _broken_again(view: ThreadView) -> Status:
    """After a proof or a resolution that did not last; what was reproduced before it is no news."""
    soak, back = view.soak, setback(view.incident)
    if view.incident.state is State.REPRODUCED and soak is not None and soak.reproduced:
        seen = back or Setback(at=soak.finished_at or view.now, who="fixloop", why="the watch saw it fail")
        known = back_status(seen, view.now, broken=True)
        return replace(known, rest=f"{known.rest} {reproduced_sentence(soak)}")
    confirm = view.confirm
    if confirm is not None and confirm.finished and confirm.finished_at and _since_reopened(view) < confirm.finished_at:
        return confirm_status(confirm)
    return back_status(back, view.now)


def back_status(back: Setback | None, now: float, *, broken: bool = False) -> Status:
    """Of an incident that fell back; how is not known where its timeline no longer says so."""
    known = set_back(back, now, broken=broken) if back is not None else ("Reopened", ", and not validated since.")
    return Status(symbol=RED, word=known[0], rest=known[1])


def _since_reopened(view: ThreadView) -> float:
    """When the last proof or resolution was; what was found after it is news."""
    ends = [line.finished_at for line in view.incident.runs if line.verdict is RecoveryVerdict.PROVEN]
    told = (Happening.RESOLVED, Happening.REOPENED)
    ends += [entry.at for entry in view.incident.timeline if entry.kind in told]
    return max((end for end in ends if end is not None), default=0.0)


def confirm_status(confirm: Run | None) -> Status:
    """``Reproduced: POST /checkout answered 503 in 7 of 20 tries``, or that it was not."""
    if confirm is None or not confirm.finished:
        return Status(symbol=WHITE, word="Not reproduced yet")
    if confirm.reproduced:
        return Status(symbol=RED, word=_seen(confirm), rest=f": {reproduced_sentence(confirm)}{_unprovable(confirm)}")
    if confirm.stopped_by is not None:
        rest = f": {decapitalised(stopped_reason(confirm))}"
        return Status(symbol=WHITE, word="Not reproduced yet", rest=rest)
    blind = [step for step in confirm.steps if step.verdict is StepVerdict.INCONCLUSIVE]
    if blind:
        rest = f": step {place(confirm, blind[0].step_id)} is inconclusive, {one_line(unasked(blind[0].reason))}."
        return Status(symbol=WHITE, word="Not reproduced", rest=rest)
    looked, _ = not_reproduced(confirm)
    return Status(symbol=WHITE, word="Not reproduced", rest=f": {looked or 'every step passes from here.'}")


def _seen(confirm: Run) -> str:
    return "Reproduced" if confirm.seen_by_request else TELEMETRY_ALONE


def _unprovable(confirm: Run) -> str:
    """Said before the fix, since it is too late after it."""
    return f" {CANNOT_PROVE}" if not confirm.seen_by_request else ""


def not_reproduced(confirm: Run | None, service: Service | None = None) -> tuple[str, tuple[str, ...]]:
    """What a finished run that saw no bug can rule out, and what would reproduce it, an idea each; else nothing."""
    sentence = never_reproduced(confirm, service) if confirm is not None and confirm.finished else ""
    looked, _, would = sentence.removeprefix("Never reproduced: ").partition(WOULD_REPRODUCE)
    return one_line(looked), tuple(one_line(each.rstrip(".")) for each in would.split("; ") if each)


def would_reproduce(view: ThreadView) -> tuple[str, ...]:
    """For the root card: while the plan cannot prove a fix, since it has never seen the bug."""
    incident = view.incident
    searching = incident.verdict is RecoveryVerdict.UNPROVEN or incident.verdict is None
    if not searching or not incident.is_open or incident.active_run is not None or incident.planning_since is not None:
        return ()
    return not_reproduced(view.confirm, view.service)[1] if status(view).symbol == WHITE else ()


def reproduced_sentence(run: Run) -> str:
    """The most telling failing step in one sentence, from its samples."""
    failed = failed_steps(run)
    if not failed:
        return "A step failed."
    worst, *others = failed
    return " ".join(piece for piece in (f"{failing_words(run, worst)}.", others_fail(run, others)) if piece)


def failing_words(run: Run, progress: StepProgress) -> str:
    """What the step's request did, and how often; a reading against its limit."""
    step, sample = run.plan.step(progress.step_id), telling_failure(progress)
    if step is None or sample is None or not step.repeated:
        return one_line(f"step {place(run, progress.step_id)} fails{how_it_fails(run, progress)}").rstrip(".")
    line = one_line(sample.request or step.title, 120)
    if isinstance(step.check, WireCheck):
        why = one_line(sample_reason(sample), 200).rstrip(".")
        return f"{line}: {why}, {tries(progress)}"
    return f"{line} {answered(sample)} {tries(progress)}"


def answered(sample: Sample) -> str:
    """What a failing sample did, as a verb: ``answered 503``, ``gave $.total 19.98 instead of 19.99``."""
    if sample.fault is not None:
        return f"failed ({one_line(sample.fault.kind.value)})"
    first = sample.failures[0] if sample.failures else None
    if first is None or first.subject == "status":
        return f"answered {sample.status}" if sample.status else "failed"
    if first.subject in _QUANTILES:
        seen = milliseconds(sample.latency_ms) if sample.latency_ms is not None else one_line(first.seen)
        return f"took {seen} (limit {one_line(first.expected.lstrip('<= '))})"
    name = one_line(field_name(first), 80)
    if is_missing(first):
        return f"answered without {name.removeprefix('header ')}"
    return f"gave {name} {one_line(first.seen or 'nothing', 80)} instead of {one_line(wanted_words(first), 80)}"
