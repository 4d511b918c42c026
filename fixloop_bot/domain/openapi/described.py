"""``schema openapi`` and ``shape as before`` made concrete: what they refer to becomes part of the frozen plan.

A plan is compared by its hash before and after the fix. If the schema stayed a reference, a deploy that changes the
document, or a baseline that learns on, would change the test without changing its hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson

from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.catalog import Probe, Service
from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.not_fooled.strangers import AS_BEFORE
from fixloop_bot.domain.openapi.operations import Operation
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request, Role, Step
from fixloop_bot.domain.runs import StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.shapes import schema_of

SchemaOf = Callable[[Request], str | None]


def with_schemas(steps: Sequence[Step], operations: Sequence[Operation]) -> tuple[Step, ...]:
    """The steps with every ``schema openapi`` replaced by the schema of the operation that its request calls.

    A line whose operation is not described stays as it is; vetting then refuses it with a sentence.
    """
    return tuple(_step(step, wants_openapi, lambda request: _described(request, operations)) for step in steps)


def with_shapes(steps: Sequence[Step], baseline: Baseline | None) -> tuple[Step, ...]:
    """The steps with every ``shape as before`` replaced by a schema of what the baseline saw of the same request.

    A line whose request has no baseline, or whose answers were no JSON, stays as it is; vetting then refuses it.
    """
    probes = baseline.probes if baseline is not None else ()
    return tuple(_step(step, wants_before, lambda request: _learned(request, probes)) for step in steps)


def with_probes(service: Service, operations: Sequence[Operation], baseline: Baseline | None) -> Service:
    """The catalog entry with its probes made concrete; a line that refers to nothing yet is left out of its probe.

    A check that the team trusts is not lost because nothing has been learned of its answer so far; one that is left
    without any line expects a 2xx.
    """

    def concrete(probe: Probe) -> Probe:
        step = Step(
            id="s1", title=probe.name, role=Role.CONTROL, check=HttpCheck(request=probe.request, expect=probe.expect)
        )
        (known,) = with_shapes(with_schemas((step,), operations), baseline)
        lines = known.check.expect if isinstance(known.check, HttpCheck) else ()
        kept = tuple(line for line in lines if not wants_openapi(line) and not wants_before(line))
        return replace(probe, expect=kept or ("status in 2xx",))

    return replace(service, probes=tuple(concrete(probe) if probe.check is None else probe for probe in service.probes))


def lines_of(step: Step) -> tuple[str, ...]:
    """All lines that a step expects of HTTP answers."""
    if isinstance(step.check, JourneyCheck):
        return tuple(line for leg in step.check.legs for line in leg.expect)
    return step.check.expect if isinstance(step.check, HttpCheck) else ()


def wants_openapi(line: str) -> bool:
    """Whether an expectation refers to the OpenAPI document; False for a line that cannot be read."""
    try:
        return expect.parse(line).wants_openapi
    except ExpectError:
        return False


def wants_before(line: str) -> bool:
    """Whether an expectation refers to a baseline; False for a line that cannot be read."""
    try:
        return expect.parse(line).wants_before
    except ExpectError:
        return False


def _step(step: Step, wants: Callable[[str], bool], schema: SchemaOf) -> Step:
    def lines(request: Request, expected: tuple[str, ...]) -> tuple[str, ...]:
        if not any(map(wants, expected)) or (text := schema(request)) is None:
            return expected
        return tuple(f"schema {text}" if wants(line) else line for line in expected)

    def leg(each: Leg) -> Leg:
        return replace(each, expect=lines(each.request, each.expect))

    check = step.check
    if isinstance(check, HttpCheck):
        return replace(step, check=replace(check, expect=lines(check.request, check.expect)))
    if isinstance(check, JourneyCheck):
        return replace(step, check=replace(check, legs=tuple(map(leg, check.legs))))
    return step


def _described(request: Request, operations: Sequence[Operation]) -> str | None:
    path = request.path.split("?")[0]
    fitting = [each for each in operations if each.method == request.method and _fits(each.path, path)]
    exact = [each for each in fitting if each.path == path]
    chosen = (exact or fitting)[:1]
    return chosen[0].response_schema if chosen else None


def _fits(template: str, path: str) -> bool:
    """Whether a path is one of a template's: ``/orders/{id}`` has ``/orders/7`` and ``/orders/{{order}}``."""
    pattern = re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None


def _learned(request: Request, probes: Sequence[ProbeBaseline]) -> str | None:
    probe = baseline_for(request, probes)
    schema = orjson.loads(schema_of(probe.shape)) if probe is not None else {}
    return orjson.dumps({"title": AS_BEFORE, **schema}).decode() if schema else None


def baseline_for(request: Request, probes: Sequence[ProbeBaseline]) -> ProbeBaseline | None:
    """What was learned of this request: of the very same line, else of one that differs in a path's values only."""
    same = [probe for probe in probes if probe.line == request.line()]
    alike = [probe for probe in probes if _alike(request, probe.line)]
    return next(iter(same or alike), None)


def healthy_before(step: Step, baseline: Baseline | None) -> StepProgress | None:
    """How an http step's request was answered while the service was healthy: a before for ``comparison.compare``."""
    if baseline is None or not isinstance(step.check, HttpCheck):
        return None
    probe = baseline_for(step.check.request, baseline.probes)
    if probe is None or not probe.samples:
        return None
    return StepProgress(
        step_id=step.id,
        phase=StepPhase.DONE,
        verdict=StepVerdict.PASSED,
        samples=probe.samples,
        statuses=probe.statuses,
        latency=probe.latency,
        shapes=(probe.shape,) if probe.shape else (),
        at=baseline.until,
    )


def _alike(request: Request, line: str) -> bool:
    method, _, path = line.partition(" ")
    here, there = _template(request.path), _template(path)
    return method == request.method and (_fits(there, here) or _fits(here, there))


def _template(path: str) -> str:
    """A path without its query, and with ``{id}`` for ``{{id}}``."""
    return re.sub(r"\{\{([^{}]*)\}\}", r"{\1}", path.split("?")[0])
