"""The standard plan: five steps from the catalog alone, for when no model has written any.

Candidates are made from what the team already trusts (probes), what the service says of itself (its OpenAPI document)
and what it promises (SLO, metrics, the alert's own measure). Each is vetted by itself and the refused ones are left
out, so the plan always passes ``vet``; what is then missing to five are things that a person can look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fixloop_bot.domain.catalog import Probe, Service
from fixloop_bot.domain.incidents import SignalLine
from fixloop_bot.domain.openapi.operations import Operation
from fixloop_bot.domain.openapi.text import one_line
from fixloop_bot.domain.plans import (
    STEPS_IN_A_PLAN,
    HttpCheck,
    Plan,
    PlanSource,
    Request,
    Role,
    Step,
)
from fixloop_bot.domain.standard.journeys import Lookup, lookups
from fixloop_bot.domain.standard.steps import (
    answers_at_all,
    fast_again,
    logs_steps,
    lookup_step,
    manual_steps,
    metric_steps,
    monitor_steps,
    operation_step,
    probe_step,
    tls_steps,
)
from fixloop_bot.domain.standard.symptom import Symptom
from fixloop_bot.domain.vetting.plan import requests_needed, step_breaches

MOST_CONFIRMATIONS = 2
"""Probes and operations that come before latency, control and metric get their places."""
MOST_OPERATIONS_TRIED = 200
QUIET_WORDS = ("health", "ready", "live", "ping", "status", "metrics", "openapi", "docs", "swagger", "version")
"""Paths that answer well while the service is broken; a control only if there is no other."""


def standard_plan(
    *,
    service: Service | None,
    signals: Sequence[SignalLine],
    operations: Sequence[Operation],
    version: int,
    made_at: float,
    why: str,
    measured: bool = True,
) -> Plan:
    """Five steps for this trouble, from what is known without a model; never empty, and always passes ``vet``.

    ``service`` is the catalog entry, or None where it has none: then no request is sent. ``signals`` come with the main
    one first. ``made_at`` is in epoch seconds; ``why`` says in a few words why no model wrote the plan. Without keys
    for telemetry nothing is ``measured``: such a step would only take the place of one that can look.
    """
    symptom = Symptom.of(signals)
    label = one_line(service.name, 40) if service is not None else ""
    found = _Candidates.of(service, signals, operations, symptom) if service is not None else _Candidates()
    found = replace(found, metrics=tuple(metric_steps(service, signals)), monitors=tuple(monitor_steps(signals)))
    found = found if measured else replace(found, metrics=(), monitors=(), logs=())
    chosen = _affordable(found.by_importance(), service)
    if service is not None and not chosen:
        chosen = _affordable([_answers(service)], service)
    watched = any(step in chosen for step in found.logs)
    chosen += manual_steps(label, symptom, logs_watched=watched)[: STEPS_IN_A_PLAN - len(chosen)]
    ordered = sorted(chosen, key=found.place)
    steps = tuple(replace(step, id=f"s{number}") for number, step in enumerate(ordered, start=1))
    note = one_line(f"standard plan: {why}{_left_out(service, steps)}", 200)
    return Plan(version=version, source=PlanSource.STANDARD, steps=steps, note=note, made_at=made_at)


def _left_out(service: Service | None, steps: Sequence[Step]) -> str:
    """A check that its team trusts, and that does not run, is named: it can be added by hand."""
    names = {step.title for step in steps}
    probes = service.probes if service is not None else ()
    missing = [probe for probe in probes if probe_step(probe, Role.CONTROL).title not in names]
    return f"; {len(missing)} of {len(probes)} probes found no place and can be added" if missing else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Steps that could stand in the plan, each kind with the best first."""

    confirmations: tuple[Step, ...] = ()
    latency: tuple[Step, ...] = ()
    metrics: tuple[Step, ...] = ()
    controls: tuple[Step, ...] = ()
    monitors: tuple[Step, ...] = ()
    logs: tuple[Step, ...] = ()
    certificates: tuple[Step, ...] = ()
    probes: tuple[Step, ...] = ()
    alerted: bool = False
    about_latency: bool = False

    @classmethod
    def of(
        cls, service: Service, signals: Sequence[SignalLine], operations: Sequence[Operation], symptom: Symptom
    ) -> _Candidates:
        # An example id is no promise that the thing exists here: a 404 for ever would be taken for the bug.
        plain = [each for each in operations if each.request() is not None and "{" not in each.path]
        callable_ones = plain[:MOST_OPERATIONS_TRIED]
        found = tuple(lookups(operations[:MOST_OPERATIONS_TRIED]))
        confirmations = _kept(_confirmations(service, callable_ones, found, symptom), service)
        controls = _kept(_controls(service, callable_ones, found, symptom, confirmations), service)
        controls = controls or _kept([_answers(service)], service)
        latency = fast_again(service, signals, symptom, [*confirmations, *controls])
        return cls(
            confirmations=tuple(confirmations),
            latency=tuple(_kept([latency] if latency is not None else [], service)),
            controls=tuple(controls),
            logs=tuple(_kept(logs_steps(service, signals), service)),
            certificates=tuple(_kept(tls_steps(service), service)),
            probes=tuple(step for step in (*confirmations, *controls) if _is_probe(step, service)),
            alerted=bool(signals),
            about_latency=symptom.about_latency,
        )

    def by_importance(self) -> Iterator[Step]:
        """What gets a place first: a proof, what raised the alert, the team's own probes, then speed and a control.

        A probe that its team wrote and that found no place would be a test that silently did not run; so whatever is
        made up here comes after all of them. Logs and the certificate come last: they say less than a request, and
        still more than nobody looking.
        """
        yield from self.confirmations[:MOST_CONFIRMATIONS]
        yield from self.latency if self.about_latency else ()
        yield from self.metrics[:1] if self.alerted else ()
        yield from self.probes
        yield from self.latency
        yield from self.controls[:1]
        yield from self.metrics[:1]
        yield from self.confirmations[MOST_CONFIRMATIONS:]
        yield from self.monitors[:1]
        yield from self.controls[1:2]
        yield from self.metrics[1:]
        yield from self.logs
        yield from self.certificates

    def place(self, step: Step) -> int:
        """Where a kind of step stands in the list that people read."""
        telemetry = (*self.metrics, *self.logs)
        kinds = (self.confirmations, self.latency, telemetry, self.controls, self.certificates, self.monitors)
        return next((place for place, kind in enumerate(kinds) if step in kind), len(kinds))


def _is_probe(step: Step, service: Service) -> bool:
    return any(step == probe_step(probe, step.role) for probe in service.probes)


def _kept(steps: Iterable[Step], service: Service) -> list[Step]:
    return [step for step in steps if not step_breaches(step, 1, service)]


def _affordable(steps: Iterable[Step], service: Service | None) -> list[Step]:
    """The first five acceptable steps whose requests fit into what the catalog allows for one plan."""
    left = service.allow.requests_per_plan if service is not None else 0
    chosen: list[Step] = []
    for step in steps:
        if len(chosen) == STEPS_IN_A_PLAN:
            break
        if step_breaches(step, 1, service) or step in chosen:
            continue
        needed = requests_needed(step, service)
        if needed <= left:
            chosen.append(step)
            left -= needed
    return chosen


def _confirmations(
    service: Service, operations: Sequence[Operation], found: Sequence[Lookup], symptom: Symptom
) -> Iterator[Step]:
    """The team's probes; without any, the operations that the symptom names or that the catalog lets us write to."""
    beside = _beside(service, symptom)
    probes = [probe for probe in service.probes if probe not in beside]
    for probe in sorted(probes, key=lambda probe: _rank(symptom, _words_of(probe), probe.request.method)):
        yield probe_step(probe, Role.CONFIRMATION)
    if probes:
        return
    fitting = [
        each
        for each in operations
        if each.method in ("GET", "POST", "PUT", "PATCH") and (symptom.shared(_text_of(each)) or each.method != "GET")
    ]
    for operation in sorted(fitting, key=lambda each: _rank(symptom, _text_of(each), each.method)):
        in_alert = bool(symptom.shared(_text_of(operation)))
        yield from operation_step(operation, service, Role.CONFIRMATION, in_alert=in_alert)
    for lookup in found:
        if symptom.shared(_text_of(lookup.operation)):
            yield lookup_step(lookup, Role.CONFIRMATION, in_alert=True)


def _controls(
    service: Service,
    operations: Sequence[Operation],
    found: Sequence[Lookup],
    symptom: Symptom,
    confirmations: Sequence[Step],
) -> Iterator[Step]:
    """Reads that have least to do with the symptom, the team's own first; what is looked up before a second list."""
    taken = {step.check.request.line() for step in confirmations if isinstance(step.check, HttpCheck)}
    reads = [
        each
        for each in operations
        if each.method in ("GET", "HEAD") and not taken & {asked.line() for asked in _requests(each)}
    ]
    for probe in _beside(service, symptom):
        yield probe_step(probe, Role.CONTROL)
    lists = [
        step
        for operation in sorted(reads, key=lambda each: _unrelated(symptom, each))
        for step in operation_step(operation, service, Role.CONTROL)
    ]
    yield from lists[:1]
    for lookup in found:
        if not symptom.shared(_text_of(lookup.operation)):
            yield lookup_step(lookup, Role.CONTROL)
    yield from lists[1:]


def _requests(operation: Operation) -> list[Request]:
    """The requests that a step may send for an operation, with one value or with several."""
    return [asked for asked in (operation.request(), operation.varied) if asked is not None]


def _answers(service: Service) -> Step:
    """The last resort among controls: whether the service answers at all."""
    return answers_at_all("GET" if "GET" in service.allow.methods else "HEAD")


def _beside(service: Service, symptom: Symptom) -> list[Probe]:
    """Probes that only read and share no word with the symptom, while another one does: controls."""
    shared = [symptom.shared(_words_of(probe)) for probe in service.probes]
    if not any(shared):
        return []
    reads = zip(service.probes, shared, strict=True)
    return [probe for probe, words in reads if not words and probe.request.method in ("GET", "HEAD")]


def _words_of(probe: Probe) -> str:
    return f"{probe.name} {probe.request.path}"


def _text_of(operation: Operation) -> str:
    return f"{operation.path} {operation.summary} {operation.operation_id} {' '.join(operation.tags)}"


def _rank(symptom: Symptom, text: str, method: str) -> tuple[int, bool]:
    """Most words shared with the alert first, then writes before reads."""
    return -symptom.shared(text), method in ("GET", "HEAD")


def _unrelated(symptom: Symptom, operation: Operation) -> tuple[bool, int]:
    quiet = any(word in operation.path.lower() for word in QUIET_WORDS)
    return quiet, symptom.shared(_text_of(operation))
