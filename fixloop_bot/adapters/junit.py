"""A finished run as JUnit XML, which CI systems show: the plan is a test suite, each of its steps a test case."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from fixloop_bot.application.proving import Evidence
from fixloop_bot.domain.plans import ManualCheck, Step
from fixloop_bot.domain.runs import StepProgress, StepVerdict

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write_junit(evidence: Evidence) -> str:
    """The report's text. Failed is a failure, inconclusive an error, what was not looked at is skipped."""
    run = evidence.run
    suite = TestSuite(_clean(f"{evidence.service}: {evidence.verdict.value}"))
    suite.timestamp = datetime.fromtimestamp(run.started_at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite.add_property("verdict", evidence.verdict.value)
    suite.add_property("reason", _clean(evidence.reason))
    suite.add_property("plan_hash", run.plan.hash)
    for step in run.plan.steps:
        suite.add_testcase(_case(evidence, step, run.progress(step.id)))
    suite.update_statistics()  # type: ignore[no-untyped-call]
    report = JUnitXml("fixloop validate")
    report.add_testsuite(suite)
    report.update_statistics()  # type: ignore[no-untyped-call]
    written = report.tostring()  # type: ignore[no-untyped-call]
    return written.decode() if isinstance(written, bytes) else str(written)


def _case(evidence: Evidence, step: Step, progress: StepProgress | None) -> TestCase:
    case = TestCase(_clean(step.title), classname=_clean(f"fixloop.{evidence.service}"), time=_seconds(progress))
    result = _result(step, progress)
    if result is not None:
        case.result = [result]
    if progress is not None and progress.claim:
        case.system_out = _clean(progress.claim)
    return case


def _seconds(progress: StepProgress | None) -> float:
    return round(progress.covered_s, 3) if progress is not None else 0.0


def _result(step: Step, progress: StepProgress | None) -> Failure | Skipped | Error | None:
    if isinstance(step.check, ManualCheck):
        return Skipped(_clean(f"for a person: {step.check.instruction}"))
    verdict = progress.verdict if progress is not None else None
    reason = _clean(progress.reason if progress is not None else "not run")
    match verdict:
        case StepVerdict.PASSED:
            return None
        case StepVerdict.FAILED:
            failure = Failure(reason, type_="failed")
            failure.text = _clean("\n".join(_examples(progress)))
            return failure
        case StepVerdict.SKIPPED:
            return Skipped(reason)
        case _:
            return Error(reason or "not decided", type_="inconclusive")


def _examples(progress: StepProgress | None) -> list[str]:
    failures = progress.failures if progress is not None else ()
    return [line for sample in failures for line in (f"{sample.request}: {sample.reason()}", sample.curl) if line]


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
