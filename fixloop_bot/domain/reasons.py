"""Why a step fails, in words for a person: what was seen against what was expected, and how often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.figures import SIDES, bound, measured_name, per_minute, reading, unit_of
from fixloop_bot.domain.plans import LogsCheck, MetricCheck, Step
from fixloop_bot.domain.runs import Run, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Sample

_FIELDS = {
    "$.days_left": "days left",
    "$.not_after": "the certificate's end",
    "$.answers": "the answer",
    "$.answers length": "the number of answers",
}
"""What the documents of tls and dns checks hold, in words."""
_SERVING = re.compile(r'json \$\.status (?:== "SERVING"|!= "NOT_SERVING")')


_UNASKED = "not measured: Datadog could not be asked: "
_UNREACHED = re.compile(r"Datadog could not be reached at \S+: ([^.:;]+)")


def watch_held(run: Run) -> bool:
    """Whether a finished watch has looked to its end and seen nothing: a step that could not look saw nothing, too."""
    return run.stopped_by is None and bool(run.steps) and all(step.verdict is StepVerdict.PASSED for step in run.steps)


def watch_gap(run: Run) -> str:
    """Why a watch that ended without a failure has not held; empty where it has."""
    if watch_held(run):
        return ""
    if not run.steps:
        return "no step of this plan can be watched"
    undecided = next((step for step in run.steps if step.verdict is not StepVerdict.PASSED), None)
    why = undecided.reason.rstrip(".") if undecided is not None else ""
    return f"ended before its time: {why or 'not every step was decided'}"


def place(run: Run, step_id: str) -> int:
    """A step's number in the checklist, from 1."""
    return next(index for index, step in enumerate(run.plan.steps, start=1) if step.id == step_id)


def failed_steps(run: Run) -> list[StepProgress]:
    """The failed steps, the most telling first: a request that failed says more than a metric that is high."""
    failed = [step for step in run.steps if step.verdict is StepVerdict.FAILED]
    return sorted(failed, key=lambda step: not _by_request(run, step))


def _by_request(run: Run, progress: StepProgress) -> bool:
    step = run.plan.step(progress.step_id)
    return step is not None and step.repeated


def others_fail(run: Run, others: Sequence[StepProgress]) -> str:
    """``Step 4 fails too.``, ``Steps 3 and 4 fail too.``; empty where there are no others."""
    if not others:
        return ""
    numbers = listed([str(number) for number in sorted(place(run, step.step_id) for step in others)])
    return f"Step {numbers} fails too." if len(others) == 1 else f"Steps {numbers} fail too."


def listed(words: Sequence[str]) -> str:
    """``1``, ``1 and 2``, ``1, 2 and 4``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def telling_failure(progress: StepProgress) -> Sample | None:
    """The failing sample to show: one that failed in the commonest way, else the first."""
    fitting = [sample for sample in progress.failures if progress.reason.startswith(sample.reason() or "\0")]
    return next(iter(fitting or progress.failures), None)


def difference(result: AssertionResult) -> str:
    """``$.total was 19.98, expected 19.99``, without the formula that 19.99 was computed by.

    What a certificate, a name server or a health service said is put into its own words: ``days left was 3, expected
    at least 7``, ``the health service says NOT_SERVING``.
    """
    if serving_status(result):
        return f"the health service says {serving_status(result)}"
    if is_missing(result):
        return f"{field_name(result).removeprefix('header ')} is missing"
    return f"{field_name(result)} was {result.seen or 'nothing'}, expected {wanted_words(result)}"


def wanted_words(result: AssertionResult) -> str:
    """``19.99``, ``at least 7``: what was expected, without its formula, as one says it."""
    wanted, _ = split_formula(result)
    side, _, limit = wanted.partition(" ")
    return bound(side, limit) if side in SIDES and limit else wanted


def is_missing(result: AssertionResult) -> bool:
    """Whether anything would have done, and there was nothing."""
    return result.expected == "a value" and result.seen in ("", "nothing")


def field_name(result: AssertionResult) -> str:
    """What was looked at, as a person calls it."""
    return _FIELDS.get(result.subject, result.subject or result.source)


def serving_status(result: AssertionResult) -> str:
    """What a health service said instead of SERVING; empty where something else was looked at."""
    return result.seen.strip('"') if _SERVING.fullmatch(result.source) else ""


def split_formula(result: AssertionResult) -> tuple[str, str]:
    """What was expected, and the arithmetic it came from (empty where it is a plain value)."""
    wanted, separator, rest = result.expected.partition(" (")
    formula = rest.removesuffix(")")
    if separator and wanted and rest.endswith(")") and formula in result.source:
        return wanted, formula
    return result.expected, ""


def sample_reason(sample: Sample) -> str:
    """Why one sample failed: the fault, or the first difference."""
    if sample.fault is not None:
        return sample.fault.sentence()
    return difference(sample.failures[0]) if sample.failures else ""


def how_it_fails(run: Run, progress: StepProgress) -> str:
    """What goes on behind "fails": `` in 2 of 17 tries: $.total was 13.32, expected 13.33``. Without a full stop."""
    step = run.plan.step(progress.step_id)
    if step is not None and not step.repeated:
        return _after_colon(reading_reason(step, progress))
    sample = telling_failure(progress)
    if sample is None or not progress.samples:
        return _after_colon(progress.reason)
    if progress.samples == 1:
        return f"; the first request failed{_after_colon(sample_reason(sample))}"
    return f" in {progress.failed:,} of {progress.samples:,} tries{_after_colon(sample_reason(sample))}"


def tries(progress: StepProgress) -> str:
    """``in 7 of 20 tries``; of a single one, that it was the first."""
    if progress.samples == 1:
        return "at the first request"
    return f"in {progress.failed:,} of {progress.samples:,} tries"


def unasked(sentence: str) -> str:
    """A sentence on telemetry that could not be asked, with one colon: ``unknown: Datadog refuses the connection``."""
    sentence = _UNREACHED.sub(_out_of_reach, sentence)
    if sentence.startswith(_UNASKED):
        return f"unknown: {sentence.removeprefix(_UNASKED)}"
    return sentence.replace(_UNASKED, "")


def _out_of_reach(found: re.Match[str]) -> str:
    refused = found[1] == "the connection was refused"
    return "Datadog refuses the connection" if refused else f"Datadog could not be reached, {found[1]}"


def _after_colon(why: str) -> str:
    return f": {why.rstrip('.')}" if why else ""


def reading_reason(step: Step, progress: StepProgress) -> str:
    """``error share is 12 %, must be at most 2 %``; for what has no limit of its own, the reason as it was noted."""
    check = step.check
    if progress.value is None:
        return progress.reason
    if isinstance(check, LogsCheck) and check.per_minute is not None:
        return f"logged {per_minute(progress.value)}, must be at most {per_minute(check.per_minute)}"
    if not isinstance(check, MetricCheck) or check.limit is None:
        return progress.reason
    unit = unit_of(check.query, check.limit)
    name = measured_name(check.query, check.limit)
    limit = bound(check.healthy_when, reading(check.limit, unit))
    return f"{name} is {reading(progress.value, unit)}, must be {limit}"
