"""``schema openapi`` made concrete: the schema that the document promises becomes part of the frozen plan.

A plan is compared by its hash before and after the fix. If the schema stayed a reference, a deploy that changes the
document would change the test without changing its hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.domain import expect
from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.openapi import Operation
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request, Step


def with_schemas(steps: Sequence[Step], operations: Sequence[Operation]) -> tuple[Step, ...]:
    """The steps with every ``schema openapi`` replaced by the schema of the operation that its request calls.

    A line whose operation is not described stays as it is; vetting then refuses it with a sentence.
    """
    return tuple(_step(step, operations) for step in steps)


def _step(step: Step, operations: Sequence[Operation]) -> Step:
    check = step.check
    if isinstance(check, HttpCheck):
        return replace(step, check=replace(check, expect=_lines(check.request, check.expect, operations)))
    if isinstance(check, JourneyCheck):
        return replace(step, check=replace(check, legs=tuple(_leg(leg, operations) for leg in check.legs)))
    return step


def _leg(leg: Leg, operations: Sequence[Operation]) -> Leg:
    return replace(leg, expect=_lines(leg.request, leg.expect, operations))


def _lines(request: Request, lines: tuple[str, ...], operations: Sequence[Operation]) -> tuple[str, ...]:
    if not any(map(wants_openapi, lines)):
        return lines
    schema = _schema_of(request, operations)
    if schema is None:
        return lines
    return tuple(f"schema {schema}" if wants_openapi(line) else line for line in lines)


def wants_openapi(line: str) -> bool:
    """Whether an expectation refers to the OpenAPI document; False for a line that cannot be read."""
    try:
        return expect.parse(line).wants_openapi
    except ExpectError:
        return False


def _schema_of(request: Request, operations: Sequence[Operation]) -> str | None:
    path = request.path.split("?")[0]
    fitting = [each for each in operations if each.method == request.method and _fits(each.path, path)]
    exact = [each for each in fitting if each.path == path]
    chosen = (exact or fitting)[:1]
    return chosen[0].response_schema if chosen else None


def _fits(template: str, path: str) -> bool:
    """Whether a path is one of a template's: ``/orders/{id}`` has ``/orders/7`` and ``/orders/{{order}}``."""
    pattern = re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None
