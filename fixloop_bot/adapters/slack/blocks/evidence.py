"""The figures of a step, before and now, and the failing sample that anybody can repeat."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.checks import latency_limit, logs_claim
from fixloop_bot.adapters.slack.blocks.text import (
    clock_with_seconds,
    code,
    code_block,
    counted,
    one_line,
    shorten,
)
from fixloop_bot.application.performance import ENDED_BY_FAILURE
from fixloop_bot.domain.figures import Unit, bound, milliseconds, per_minute, reading, times_before, unit_of
from fixloop_bot.domain.plans import LogsCheck, MetricCheck, Step
from fixloop_bot.domain.reasons import (
    failed_steps,
    field_name,
    place,
    sample_reason,
    serving_status,
    split_formula,
    telling_failure,
)
from fixloop_bot.domain.runs import Run, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample

REASON_LENGTH = 500
CURL_LENGTH = 1200
"""A longer command is no longer something to copy on a phone, and a cut one does not run."""

READINGS_WITHOUT_NEWS = 2


def figures(step: Step, progress: StepProgress, confirm: Run | None) -> str:
    """``before 7/20 failed (503)  →  now 0/105 failed``, the limit at the end; with the p95 where speed matters."""
    now = _seen(step, progress)
    earlier = confirm.progress(step.id) if confirm is not None else None
    before = _seen(step, earlier) if earlier is not None else ""
    compared = f"before {before}  →  now {now}" if before and now else now
    return f"{compared}{_limit(step, progress)}" if now else _nothing_yet(step, progress)


def _nothing_yet(step: Step, progress: StepProgress) -> str:
    """A metric has no data in the first seconds: that is no news before the third reading."""
    told = progress.void >= (1 if step.repeated else READINGS_WITHOUT_NEWS + 1)
    noun = "probe" if step.repeated else "reading"
    return f"{counted(progress.void, noun)} could not look" if told else ""


def still_over(step: Step, progress: StepProgress, run: Run) -> str:
    """``still 31.2 % (limit 2 %); not waited for, since step 1 has failed``; empty for any other undecided step."""
    failed = failed_steps(run)
    if step.repeated or progress.reason != ENDED_BY_FAILURE or not progress.failures or not failed:
        return ""
    check, value = step.check, _value(step, progress)
    limit = f" (limit {reading(check.limit, _unit(step))})" if isinstance(check, MetricCheck) and check.limit else ""
    waits = f"not waited for, since step {place(run, failed[0].step_id)} has failed"
    return f"still {value}{limit or _limit(step, progress)}; {waits}"


def _seen(step: Step, progress: StepProgress) -> str:
    """What one run has seen of a step."""
    if not step.repeated:
        return _value(step, progress)
    timed = progress.samples and latency_limit(step) and not _only_errors(progress)
    latency = f", p95 {milliseconds(progress.p95_ms)}" if timed and progress.p95_ms is not None else ""
    return f"{_share(progress)}{latency}"


def _only_errors(progress: StepProgress) -> bool:
    """Whether nothing but errors came back: how fast a 503 is says nothing about speed."""
    sample = telling_failure(progress)
    if sample is None or progress.failed < progress.samples:
        return False
    return sample.fault is not None or any(each.subject == "status" for each in sample.failures[:1])


def _share(progress: StepProgress) -> str:
    if not progress.samples:
        return ""
    return f"{progress.failed:,}/{progress.samples:,} failed{_way_to_fail(progress)}"


def _way_to_fail(progress: StepProgress) -> str:
    """In one word: a status, the field that was wrong, or the fault."""
    sample = telling_failure(progress)
    if not progress.failed or sample is None:
        return ""
    if sample.fault is not None:
        return f" ({one_line(sample.fault.kind.value)})"
    first = sample.failures[0] if sample.failures else None
    by_status = first is None or first.subject == "status"
    if first is None or by_status:
        return f" ({sample.status})" if sample.status else ""
    return f" ({one_line(serving_status(first) or field_name(first), 60)})"


def _value(step: Step, progress: StepProgress) -> str:
    """A reading with its unit, or a monitor's state."""
    if progress.value is not None:
        logged = isinstance(step.check, LogsCheck)
        return per_minute(progress.value) if logged else reading(progress.value, _unit(step))
    last = (*progress.failures, *progress.passes)
    if not last:
        return ""
    return one_line(last[-1].failures[0].seen, 60) if last[-1].failures else "OK"


def _unit(step: Step) -> Unit:
    check = step.check
    return unit_of(check.query, check.limit) if isinstance(check, MetricCheck) else Unit.NONE


def _limit(step: Step, progress: StepProgress) -> str:
    """The yardstick of the figures before it, in brackets."""
    check = step.check
    if isinstance(check, LogsCheck):
        return f" ({logs_claim(check)})"
    if isinstance(check, MetricCheck):
        if check.limit is None:
            return f" ({bound(check.healthy_when, times_before(check.times_before or 1))})"
        return f" ({bound(check.healthy_when, reading(check.limit, _unit(step)))})"
    limit = latency_limit(step)
    return f" (limit {limit})" if limit and progress.p95_ms is not None and not _only_errors(progress) else ""


def failing_evidence(step: Step, progress: StepProgress | None) -> tuple[str, ...]:
    """The failing sample in lines: what differed, its facts, how the expected value came about, the request again."""
    if progress is None or progress.verdict is not StepVerdict.FAILED:
        return ()
    sample = telling_failure(progress)
    if sample is None:
        return (one_line(progress.reason, REASON_LENGTH),) if progress.reason else ()
    if not step.repeated:
        return _reading_evidence(step, progress, sample)
    lines = [one_line(sample_reason(sample), REASON_LENGTH), facts(sample, noun="sample"), *formula(sample)]
    if sample.curl:
        lines.append(_repeat(sample.curl))
    return tuple(line for line in lines if line)


def _reading_evidence(step: Step, progress: StepProgress, sample: Sample) -> tuple[str, ...]:
    """When it was read; the figures above say what, unless the limit was only known when it was read."""
    check = step.check
    limit = (
        check.per_minute if isinstance(check, LogsCheck) else check.limit if isinstance(check, MetricCheck) else None
    )
    known = limit is not None and progress.value is not None
    when = facts(sample, noun="reading")
    return (when,) if known else (one_line(progress.reason, REASON_LENGTH), when)


def sample_words(step: Step, sample: Sample) -> str:
    """Why a sample did not pass; a metric's reading with its unit and its limit, as in its figures."""
    check, first = step.check, sample.failures[0] if sample.failures else None
    if isinstance(check, MetricCheck) and check.limit is not None and first is not None:
        try:
            value = float(first.seen)
        except ValueError:
            return one_line(sample_reason(sample), REASON_LENGTH)
        unit = _unit(step)
        return f"{reading(value, unit)} ({bound(check.healthy_when, reading(check.limit, unit))})"
    return one_line(sample_reason(sample), REASON_LENGTH)


def facts(sample: Sample, *, noun: str) -> str:
    """``sample #3, 200, 84 ms, 03:22:41``."""
    pieces = [f"{noun} #{sample.number}"]
    if sample.status:  # a check below HTTP has none
        pieces.append(str(sample.status))
    if sample.latency_ms is not None:
        pieces.append(milliseconds(sample.latency_ms))
    pieces.append(clock_with_seconds(sample.at))
    if sample.replica:
        pieces.append(f"from {one_line(sample.replica, 60)}")
    return ", ".join(pieces)


def formula(sample: Sample) -> list[str]:
    """How the expected value came about, where it was computed; at most one line."""
    if sample.fault is not None or not sample.failures:
        return []
    wanted, computed = split_formula(sample.failures[0])
    return [f"{one_line(wanted, 80)} is {code(computed, 200)}"] if computed else []


def _repeat(curl: str) -> str:
    if len(curl) <= CURL_LENGTH:
        return code_block(curl)
    return f"{code_block(shorten(curl, CURL_LENGTH))} (cut: the whole command has {len(curl):,} characters)"
