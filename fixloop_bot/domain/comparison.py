"""Before and after: how a step's answers have changed, and what the change means. Plain text, for who renders it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.figures import Unit, milliseconds, number, reading
from fixloop_bot.domain.latency import TIMES_SLOWER, UNBOUNDED_MS, certainly_slower, named, spelled
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Role, Step, WebsocketCheck
from fixloop_bot.domain.reasons import listed, telling_failure
from fixloop_bot.domain.runs import LatencyBand, Run, StepProgress, StepVerdict
from fixloop_bot.domain.shapes import differences, merged

MOST_STATUSES = 3
SEEN_WITH = 0.95
"""How sure it is that a fault above the bound of ``never_reproduced`` would have been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A step before and after, in words. What cannot be said is empty.

    ``statuses`` and ``latency`` are parts of a sentence, without a full stop; ``change`` is ``slower`` or ``faster``
    where ``latency`` shows a difference that matters; ``shape`` has one for each difference of the JSON answers;
    ``meaning`` is a sentence: what the change means for a step of this role.
    """

    step_id: str
    statuses: str = ""
    latency: str = ""
    change: str = ""
    shape: tuple[str, ...] = ()
    meaning: str = ""


def compare(step: Step, before: StepProgress | None, after: StepProgress) -> Comparison:
    """Hold a step's progress against that of the run before the fix; without one, only what is now is told."""
    latency, change = ("", "") if _unknown_speed(step, before, after) else _latency(step, before, after)
    return Comparison(
        step_id=step.id,
        statuses=_statuses(before, after),
        latency=latency,
        change=change,
        shape=_shape(before, after),
        meaning=_meaning(step, before, after),
    )


def _statuses(before: StepProgress | None, after: StepProgress) -> str:
    """``before 200 × 13 and 503 × 7, now 200 × 105``."""
    now = _mix(after)
    was = _mix(before) if before is not None else ""
    if not was or not now:
        return f"now {now}" if now else ""
    only = {name for progress in (before, after) if progress is not None for name, _ in progress.statuses}
    if len(only) == 1:
        return f"{only.pop()} every time, before and now"
    return f"before {was}, now {now}"


def _mix(progress: StepProgress) -> str:
    shown = [f"{name} × {number(count)}" for name, count in progress.statuses[:MOST_STATUSES]]
    rest = sum(count for _, count in progress.statuses[MOST_STATUSES:])
    return listed([*shown, f"others × {number(rest)}"] if rest else shown) if shown else ""


def _latency(step: Step, before: StepProgress | None, after: StepProgress) -> tuple[str, str]:
    """``p95 was 912 ms (430–1,800 ms), now 212 ms (180–260 ms): faster``, by the highest quantile that differs.

    A band that the samples bound on one side only tells nobody anything, and is left out.
    """
    pairs = _pairs(_bounded(before.latency if before is not None else ()), _bounded(after.latency))
    if not pairs:
        highest = max(_bounded(after.latency), key=lambda band: band.quantile, default=None)
        return (f"{named(highest)} {spelled(highest)}" if highest is not None else "", "")
    limit_ms = _limit_ms(step)
    was, now = next((pair for pair in pairs if _apart(*pair, limit_ms)), pairs[0])
    change = _apart(was, now, limit_ms)
    small = "hardly a difference" if certainly_slower(now, was) else "no certain difference"
    sentence = f"{named(now)} was {spelled(was)}, now {spelled(now)}: {change or small}"
    failing = before is not None and _mostly_failed(before)
    return (f"{sentence}; most answers before were failures" if failing else sentence), change


def _bounded(latency: Sequence[LatencyBand]) -> list[LatencyBand]:
    return [band for band in latency if band.low_ms > 0 and band.high_ms < UNBOUNDED_MS]


def _mostly_failed(before: StepProgress) -> bool:
    return before.failed * 2 > before.samples


def _limit_ms(step: Step) -> float | None:
    """The limit that a step sets for a quantile of its latency (milliseconds); None where it sets none."""
    check = step.check
    legs = check.legs if isinstance(check, JourneyCheck) else (check,)
    for source in (line for leg in legs for line in getattr(leg, "expect", ())):
        try:
            assertion = parse(source)
        except BadInput:
            continue
        if assertion.quantile is not None and assertion.limit_ms is not None:
            return assertion.limit_ms
    return None


def _unknown_speed(step: Step, before: StepProgress | None, after: StepProgress) -> str:
    """What a step on speed shows where it had failed by its status, and most answers were errors; else empty."""
    telling = telling_failure(before) if before is not None and before.verdict is StepVerdict.FAILED else None
    if before is None or telling is None or not _mostly_failed(before) or after.p95_ms is None:
        return ""
    by_status = bool(telling.failures) and telling.failures[0].subject == "status" and telling.status
    if not by_status or after.verdict is not StepVerdict.PASSED or _limit_ms(step) is None:
        return ""
    return f"It answered {telling.status} before, so its speed was unknown; now p95 {milliseconds(after.p95_ms)}."


def _pairs(before: Sequence[LatencyBand], after: Sequence[LatencyBand]) -> list[tuple[LatencyBand, LatencyBand]]:
    """The bands of the same quantile, the highest first."""
    known = {band.quantile: band for band in before}
    pairs = [(known[band.quantile], band) for band in after if band.quantile in known]
    return sorted(pairs, key=lambda pair: pair[1].quantile, reverse=True)


def _apart(was: LatencyBand, now: LatencyBand, limit_ms: float | None) -> str:
    """Which way the bands are disjoint; empty where the samples show no difference, or a slowness that is no matter.

    Slower counts from a tenth of the step's own limit on; without one, from 1.3 times.
    """
    matters = now.ms - was.ms >= limit_ms / 10 if limit_ms is not None else now.ms >= TIMES_SLOWER * was.ms
    if certainly_slower(now, was):
        return "slower" if matters else ""
    return "faster" if certainly_slower(was, now) else ""


def _shape(before: StepProgress | None, after: StepProgress) -> tuple[str, ...]:
    if before is None:
        return ()
    try:
        return differences(merged(before.shapes), merged(after.shapes))
    except ValueError:  # a shape as some other FixLoop writes it
        return ()


_CHANGES: dict[tuple[Role, StepVerdict, StepVerdict], str] = {
    (Role.CONFIRMATION, StepVerdict.FAILED, StepVerdict.PASSED): "The bug was there and is gone.",
    (Role.CONFIRMATION, StepVerdict.FAILED, StepVerdict.FAILED): "The bug is still there.",
    (Role.CONFIRMATION, StepVerdict.PASSED, StepVerdict.FAILED): (
        "It did not fail before and fails now: the trouble is new, or had not shown itself."
    ),
    (Role.CONTROL, StepVerdict.PASSED, StepVerdict.PASSED): "Unchanged: it works, as before.",
    (Role.CONTROL, StepVerdict.PASSED, StepVerdict.FAILED): (
        "Something that worked before is broken now: the fix may have broken it."
    ),
    (Role.CONTROL, StepVerdict.FAILED, StepVerdict.PASSED): "It was broken too, and works again.",
    (Role.CONTROL, StepVerdict.FAILED, StepVerdict.FAILED): "It was broken before and still is.",
}
_DECIDED = (StepVerdict.PASSED, StepVerdict.FAILED)


def _meaning(step: Step, before: StepProgress | None, after: StepProgress) -> str:
    was, now = before.verdict if before is not None else None, after.verdict
    if now is None or now is StepVerdict.SKIPPED:
        return ""
    if now not in _DECIDED:
        return "It could not be decided now, so nothing is known of a change."
    if before is None or was is None or was not in _DECIDED:
        verb = "passes" if now is StepVerdict.PASSED else "fails"
        return f"It {verb} now; before the fix it was not decided, so there is nothing to compare with."
    unknown = _unknown_speed(step, before, after)
    if unknown:
        return unknown
    if (was, now) == (StepVerdict.FAILED, StepVerdict.FAILED) and _otherwise(before, after):
        return "It still fails, in another way than before."
    return _CHANGES.get((step.role, was, now)) or _not_reproduced(step, before)


def _otherwise(before: StepProgress, after: StepProgress) -> bool:
    """Whether the telling failures are of two kinds: another fault, or another line that did not hold."""
    was, now = telling_failure(before), telling_failure(after)
    if was is None or now is None:
        return False
    kinds = [sample.fault.kind if sample.fault else [each.source for each in sample.failures] for sample in (was, now)]
    return kinds[0] != kinds[1]


def _not_reproduced(step: Step, before: StepProgress) -> str:
    """A confirmation step that passed before the fix, too."""
    if not step.repeated:
        return "It held before the fix, too, so it proves nothing."
    hints = list(_hints(step, before))
    would = f" What would reproduce it: {'; '.join(hints)}." if hints else ""
    return f"Never reproduced here: {_looked([before])}.{would}"


def never_reproduced(run: Run, service: Service | None) -> str:
    """What a finished run that reproduced nothing can say for itself, and what would reproduce the bug.

    Empty where a step failed, and where nothing was sampled: then nothing was looked at. The bound is exact: a failure
    rate r shows no failure in n samples with probability (1 − r)^n, which is 5 % at r = 1 − 0.05^(1/n).
    """
    looked = [
        (step, progress)
        for step in run.chosen_steps()
        if step.repeated and (progress := run.progress(step.id)) is not None and progress.verdict is StepVerdict.PASSED
    ]
    symptom = [pair for pair in looked if pair[0].role is Role.CONFIRMATION] or looked
    if run.reproduced or not symptom:
        return ""
    hints = list(dict.fromkeys(hint for step, progress in symptom for hint in _hints(step, progress)))
    if service is not None and not service.replicas and all(progress.replicas < 2 for _, progress in symptom):
        hints.append("the replicas' addresses in the catalog, in case only one of them is bad")
    covered = max(progress.covered_s for _, progress in symptom)
    if covered:
        hints.append(f"a window longer than {number(covered)} s, in case it comes and goes")
    would = "; ".join(["a new plan with the request that failed, if somebody knows it", *hints])
    return f"Never reproduced: {_looked([progress for _, progress in symptom])}. What would reproduce it: {would}."


def _looked(steps: Sequence[StepProgress]) -> str:
    """What the samples rule out; for several steps, what each of them does."""
    samples, failed = min(step.samples for step in steps), sum(step.failed for step in steps)
    if failed:
        total = sum(step.samples for step in steps)
        return f"{number(failed)} of {number(total)} samples failed, too few to call it broken"
    if not samples:
        return "nothing was sampled"
    bound = reading(1 - (1 - SEEN_WITH) ** (1 / samples), Unit.SHARE)
    each = " of each step" if len(steps) > 1 else ""
    return (
        f"none of {number(samples)} samples{each} failed, and a fault in more than {bound} of such requests "
        f"would have been seen with {reading(SEEN_WITH, Unit.SHARE)} certainty"
    )


def _hints(step: Step, progress: StepProgress) -> Iterator[str]:
    """What a step has not varied, as what to add to it."""
    check = step.check
    if not isinstance(check, HttpCheck | JourneyCheck | WebsocketCheck):
        return
    if progress.inputs < 2 and len(check.inputs) < 2:
        yield "other inputs than the one that was sent, best those of a request that failed"
    elif progress.inputs < len(check.inputs):
        yield f"all of its {number(len(check.inputs))} inputs, of which {number(progress.inputs)} were sent"
