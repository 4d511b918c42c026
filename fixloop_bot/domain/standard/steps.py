"""The steps that a standard plan is put together from, each with a title and a reason that help at 3 a.m.

They carry the id ``s1`` until the plan numbers them. Nothing here is vetted yet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from fixloop_bot.domain.catalog import Probe, Service
from fixloop_bot.domain.figures import about_errors, reading, unit_of
from fixloop_bot.domain.incidents import SignalLine
from fixloop_bot.domain.openapi.operations import Operation
from fixloop_bot.domain.openapi.text import one_line
from fixloop_bot.domain.plans import (
    Check,
    HttpCheck,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Request,
    Role,
    Step,
    TlsCheck,
)
from fixloop_bot.domain.signals import Comparator, Measure
from fixloop_bot.domain.standard.journeys import SMALL_SCHEMA, Lookup
from fixloop_bot.domain.standard.symptom import Symptom
from fixloop_bot.domain.vetting.plan import LONGEST_TITLE, step_breaches

TIMES_BEFORE = 1.5
"""Without an SLO an error rate is well again when it is near its mean in the hour before."""

LOGS_TIMES_BEFORE = 2.0
"""Error logs come in bursts, so twice the hour before still counts as quiet."""
DAYS_LEFT = 7
LOGS_BY_HAND = "The error logs are quiet"

_HEALTHY: dict[Comparator, Literal["<", "<=", ">", ">="]] = {
    Comparator.ABOVE: "<=",
    Comparator.AT_LEAST: "<",
    Comparator.BELOW: ">=",
    Comparator.AT_MOST: ">",
}
_MILLISECONDS = re.compile(r"(?:_|\.|\b)(?:ms|millis\w*)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\bp\d\d:trace\.|\b\w*seconds\b", re.IGNORECASE)  # Datadog's APM durations are in seconds
_VARIABLE = re.compile(r"[{}]")


def _step(title: str, why: str, role: Role, check: Check) -> Step:
    return Step(id="s1", title=one_line(title, LONGEST_TITLE), why=one_line(why, 300), role=role, check=check)


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def probe_step(probe: Probe, role: Role) -> Step:
    """A check that the team trusts, under the name that the team gave it."""
    why = "A known-good check from the catalog"
    why += ", beside the symptom: it should pass before and after the fix." if role is Role.CONTROL else "."
    title = one_line(sentence_case(probe.name.strip()), LONGEST_TITLE) or one_line(probe.request.line(), LONGEST_TITLE)
    check = probe.check or HttpCheck(request=probe.request, expect=probe.expect, inputs=probe.inputs)
    return _step(title, why, role, check)


def operation_step(operation: Operation, service: Service, role: Role, *, in_alert: bool = False) -> Iterator[Step]:
    """The operation with as many of its documented promises as can be checked; nothing where it may not be called.

    ``in_alert``: the alert speaks of it.

    With every value that the document gives for it, if that may be sent: a fault of one product hides from another.
    """
    request = operation.request()
    if request is None:
        return
    varied = [(operation.varied, operation.inputs)] if operation.varied is not None and operation.inputs else []
    for asked, inputs in [*varied, (request, ())]:
        for expect in _promises(operation):
            check = HttpCheck(request=asked, expect=expect, inputs=inputs)
            step = _step(_title(operation, role), _why(operation, role, in_alert=in_alert), role, check)
            if not step_breaches(step, 1, service):
                yield step
                return


def lookup_step(lookup: Lookup, role: Role, *, in_alert: bool = False) -> Step:
    """Each sample looks up another of the things that the service has just listed."""
    listing = lookup.check.legs[0].request.path.partition("?")[0]
    return _step(
        f"What {listing} lists can be looked up", _why(lookup.operation, role, in_alert=in_alert), role, lookup.check
    )


def _why(operation: Operation, role: Role, *, in_alert: bool) -> str:
    if role is Role.CONFIRMATION:
        about = "The alert is about it" if in_alert else "What customers come for"
        return f"{about}: {operation.summary or operation.path}."
    return "It stands beside the symptom: it should pass before and after the fix."


def _promises(operation: Operation) -> Iterator[tuple[str, ...]]:
    """What the document promises of the answer, from everything down to the status alone."""
    status = f"status == {operation.status}" if operation.status is not None else "status in 2xx"
    has_body = operation.method != "HEAD" and operation.status not in (204, 205)
    if has_body and operation.content_type is not None:
        kind = "header content-type contains json"
        schema = operation.response_schema
        if schema is not None and len(schema) <= SMALL_SCHEMA:
            yield status, kind, f"schema {schema}"
        yield status, kind
    yield (status,)


def _title(operation: Operation, role: Role) -> str:
    """``The catalog still works``, from the last fixed word of the path."""
    fixed = [part for part in operation.path.split("/") if part and not _VARIABLE.search(part)]
    noun = re.sub(r"[^A-Za-z0-9]+", " ", fixed[-1]).strip()[:40] if fixed else ""
    verb = "work" if noun.endswith("s") and not noun.endswith("ss") else "works"
    when = "still works" if role is Role.CONTROL else "works again"
    return f"The {noun or 'start page'} {when.replace('works', verb)}"


def answers_at_all(method: str) -> Step:
    """Whether the service answers on its root, whatever it has there: only silence and server errors fail."""
    expect = ("status in 2xx, 3xx, 401, 403, 404, 405",)
    why = "A page, a redirect or a plain 404 will do; no answer or a server error will not."
    check = HttpCheck(request=Request(method=method, path="/"), expect=expect)
    return _step("The service still answers", why, Role.CONTROL, check)


def fast_again(service: Service, signals: Sequence[SignalLine], symptom: Symptom, steps: Sequence[Step]) -> Step | None:
    """The 95th percentile of the main request against its limit; None where there is no request or no limit."""
    main = next((step.check for step in steps if isinstance(step.check, HttpCheck)), None)
    limit = service.slo.p95_ms if service.slo.p95_ms is not None else _limit_ms(signals, symptom)
    if main is None or limit is None or not 0.001 <= limit < 1e9:
        return None
    statuses = tuple(line for line in main.expect if line.split()[:1] == ["status"])
    shown = f"{limit:.3f}".rstrip("0").rstrip(".")
    check = HttpCheck(request=main.request, expect=(*statuses, f"p95 < {shown} ms"), inputs=main.inputs)
    why = f"Recovered means fast as well: 95 of 100 answers within {shown} ms."
    return _step(f"{sentence_case(one_line(service.name, 40))} is fast again", why, Role.CONFIRMATION, check)


def _limit_ms(signals: Sequence[SignalLine], symptom: Symptom) -> float | None:
    """The latency alert's own limit, where its metric tells the unit."""
    for signal in signals if symptom.about_latency else ():
        measure = signal.measure
        if measure is None or measure.comparator not in (Comparator.ABOVE, Comparator.AT_LEAST):
            continue
        if _MILLISECONDS.search(measure.query):
            return measure.limit
        if _SECONDS.search(measure.query):
            return measure.limit * 1000
    return None


def metric_steps(service: Service | None, signals: Sequence[SignalLine]) -> Iterator[Step]:
    """What the alert measures, then the service's own metrics against its SLO."""
    seen: set[str] = set()
    for signal in signals:
        measure = signal.measure
        if measure is not None and measure.query not in seen:
            seen.add(measure.query)
            yield _measured(signal, measure, service)
    for name, title in (("error_rate", "Real traffic: the error rate"), ("p95_ms", "Real traffic: the p95 latency")):
        step = _promised(service, name, title) if service is not None else None
        if step is not None and isinstance(step.check, MetricCheck) and step.check.query not in seen:
            yield step


def _measured(signal: SignalLine, measure: Measure, service: Service | None) -> Step:
    healthy = _HEALTHY[measure.comparator]
    rate = service is not None and measure.query == service.metric("error_rate")
    limit = reading(measure.limit, unit_of(measure.query, measure.limit))
    what = "The error rate" if rate else "The alert's own metric"
    side = "under" if healthy in ("<", "<=") else "over"
    why = f"This is what raised the alert: {signal.title}"
    check = MetricCheck(query=measure.query, healthy_when=healthy, limit=measure.limit)
    return _step(f"{what} is {side} {limit} again", why, Role.CONFIRMATION, check)


def _promised(service: Service, name: str, title: str) -> Step | None:
    query, measure = service.metric(name), service.measure(name)
    if query is None:
        return None
    if measure is None:
        check = MetricCheck(query=query, healthy_when="<=", times_before=TIMES_BEFORE)
        why = f"The catalog has no limit for it, so the hour before the incident is the yardstick (× {TIMES_BEFORE:g})."
        return _step(f"{title} is as before", why, Role.CONFIRMATION, check)
    limit = f"{measure.limit * 100:.4g} %" if name == "error_rate" else f"{measure.limit:.6g} ms"
    check = MetricCheck(query=query, healthy_when="<=", limit=measure.limit)
    return _step(f"{title} is under {limit}", "What customers get, against the SLO.", Role.CONFIRMATION, check)


def monitor_steps(signals: Sequence[SignalLine]) -> Iterator[Step]:
    """The monitors behind the signals, asked for their state."""
    for signal in signals:
        if signal.monitor_id and math.isfinite(signal.last_at):
            group = signal.scope if len(signal.scope) <= 1_000 and signal.scope.isprintable() else ""
            check = MonitorCheck(monitor_id=signal.monitor_id, group=group)
            why = f"Datadog's own view of: {signal.title}"
            yield _step("The monitor is OK again", why, Role.CONFIRMATION, check)


def logs_steps(service: Service, signals: Sequence[SignalLine]) -> Iterator[Step]:
    """The service's own log search against the hour before, where the trouble is one of errors."""
    said = " ".join(f"{signal.title} {signal.measure.query if signal.measure else ''}" for signal in signals)
    if service.logs is not None and about_errors(said):
        check = LogsCheck(query=service.logs, times_before=LOGS_TIMES_BEFORE)
        why = "A fault that only some requests meet shows there first; the hour before the incident is the yardstick."
        yield _step("The error logs are quiet again", why, Role.CONFIRMATION, check)


def tls_steps(service: Service) -> Iterator[Step]:
    """Whether the service's own certificate is trusted and lasts some days, where it has one."""
    if (service.base_url or "").lower().startswith("https://"):
        why = f"A fix or a rollback can bring an old certificate along; under {DAYS_LEFT} days are the next incident."
        check = TlsCheck(expect=(f"json $.days_left >= {DAYS_LEFT}",))
        yield _step("Its certificate is trusted and lasts", why, Role.CONTROL, check)


def manual_steps(label: str, symptom: Symptom, *, logs_watched: bool = False) -> list[Step]:
    """Things that a person can see and a request cannot, the most telling first; the error logs if no step does."""
    name = label or "the service"
    about = one_line(symptom.about, 100)
    trouble = f'the alert "{about}"' if about else "the alert"
    return [
        _step(title, why, role, ManualCheck(instruction=one_line(instruction, 300)))
        for title, why, role, instruction in _by_hand(name, trouble)
        if not (logs_watched and title == LOGS_BY_HAND)
    ]


def _by_hand(name: str, trouble: str) -> tuple[tuple[str, str, Role, str], ...]:
    return (
        (
            "Ask support: can customers do it again?",
            "Customers notice what no request covers.",
            Role.CONFIRMATION,
            f"Ask support whether customers can use {name} again, and when the last complaint about it came in.",
        ),
        (
            "Try it once as a customer",
            "One real attempt, with your own eyes.",
            Role.CONFIRMATION,
            f"Do what {trouble} is about once by hand, from the first page to the last, and note what you see.",
        ),
        (
            LOGS_BY_HAND,
            "A fault that only some requests meet shows there first.",
            Role.CONFIRMATION,
            f"Compare the error logs of {name} for the last 10 minutes with the hour before the alert: "
            "the messages that came with it must be gone.",
        ),
        (
            "Every instance runs the fix",
            "One old instance is enough for one failure in ten.",
            Role.CONTROL,
            f"List the running instances of {name}: each must have the fixed or rolled-back version "
            "and have started after the change.",
        ),
        (
            "Nothing is piling up",
            "A backlog brings the trouble back after the fix.",
            Role.CONTROL,
            f"Look at queues, retries and database connections behind {name}: they must be shrinking or normal.",
        ),
    )
