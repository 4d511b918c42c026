"""What a new step can begin with, so that nobody types a request at three in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.openapi.operations import Operation
from fixloop_bot.domain.plans import HttpCheck, ManualCheck, Request, Role, Step
from fixloop_bot.domain.vetting.plan import LONGEST_TITLE

MOST = 95
"""Slack's menus hold a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """One choice: what the menu says, what group it stands in, and the step that it writes into the form."""

    group: str
    label: str
    step: Step


def starters(service: Service | None, operations: Sequence[Operation]) -> tuple[Starter, ...]:
    """An empty request and a step by hand first, then the team's probes, then what the OpenAPI document describes."""
    found = [*_plain(service), *_probes(service), *_operations(operations)]
    return tuple(found[:MOST])


def _step(title: str, check: object, role: Role = Role.CONFIRMATION) -> Step:
    return Step(id="s1", title=title[:LONGEST_TITLE], role=role, check=check)  # type: ignore[arg-type]


def _plain(service: Service | None) -> Iterator[Starter]:
    if service is not None:
        request = HttpCheck(request=Request(path="/"), expect=("status == 200",))
        yield Starter(group="Empty", label="A request", step=_step("", request))
    yield Starter(group="Empty", label="By hand", step=_step("", ManualCheck(instruction="")))


def _probes(service: Service | None) -> Iterator[Starter]:
    for probe in service.probes if service is not None else ():
        check = probe.check or HttpCheck(request=probe.request, expect=probe.expect, inputs=probe.inputs)
        yield Starter(group="Probes of the catalog", label=probe.name, step=_step(probe.name, check, Role.CONTROL))


def _operations(operations: Sequence[Operation]) -> Iterator[Starter]:
    """Those that can be called without guessing anything."""
    for operation in operations:
        request = operation.request()
        if request is None:
            continue
        lines = [f"status == {operation.status or 200}", *(["schema openapi"] if operation.response_schema else [])]
        title = operation.summary or f"{operation.method} {operation.path}"
        check = HttpCheck(request=request, expect=tuple(lines))
        yield Starter(group="OpenAPI", label=f"{operation.method} {operation.path}", step=_step(title, check))
