"""A plan as YAML that people read, keep and edit. Every mistake is named with its line and key, all of them at once.

::

    service: checkout
    steps:
      - title: A cart can be paid
        role: confirmation                # or control
        post: /checkout                   # or get, head, put, patch, delete, options; or request: {method: …, path: …}
        json: {items: [{sku: A1, qty: 2}]}
        expect:
          - status == 200
      - title: Errors are rare again
        metric: sum:shop.errors{*}.as_count()
        healthy_when: <
        limit: 10

The other kinds are ``journey`` (a list of requests with ``capture``), ``monitor``, ``logs``, ``tls``, ``dns``, ``tcp``,
``grpc``, ``websocket`` and ``manual``. A file is data like any other plan: it is vetted before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from fixloop_bot.adapters.plan_steps import StepReader
from fixloop_bot.adapters.yaml_nodes import Complaints, Section, compose
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import BadInput, ExpectError, PlanRejected
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.plans import (
    Plan,
    PlanSource,
    Step,
)
from fixloop_bot.domain.vetting.plan import vet

UNREADABLE = "an expectation cannot be read"


def read_plan(path: Path) -> PlanDocument:
    """The plan in a file, not yet vetted; raises BadInput with one line for each mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"there is no plan at {path}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not UTF-8 text") from None
    except OSError as error:
        raise BadInput(f"the plan {path} cannot be read: {error.strerror}") from error
    return parse_plan(text, name=path.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """A plan as it stands in a file, with the places that a complaint may name."""

    name: str
    service: str | None
    steps: tuple[Step, ...]
    root: yaml.Node
    nodes: tuple[yaml.Node, ...]
    lines: tuple[tuple[yaml.Node, str, str], ...]


def parse_plan(text: str, *, name: str = "plan.yml") -> PlanDocument:
    """Read the text of a plan, not yet vetted; raises BadInput with one line for each mistake."""
    root = compose(text, name)
    if root is None:
        raise BadInput(f"{name}: is empty; it needs steps")
    complaints = Complaints(name)
    top = Section(root, "", complaints, known=("service", "steps"))
    items = top.items("steps")
    if not items:
        top.complain("steps", "must list at least one step")
    reader = StepReader(complaints)
    steps = tuple(reader.step(node, path, number) for number, (path, node) in enumerate(items, start=1))
    complaints.raise_if_any()
    return PlanDocument(
        name=name,
        service=top.text("service"),
        steps=steps,
        root=root,
        nodes=tuple(node for _, node in items),
        lines=tuple(reader.lines),
    )


def vetted(document: PlanDocument, service: Service, *, made_at: float) -> Plan:
    """The document as a plan for this service; raises BadInput where it breaks the catalog's rules."""
    complaints = Complaints(document.name)
    if document.service not in (None, service.name):
        sentence = (
            f"this plan is for {document.service}, not for {service.name}; without this line it is for any service"
        )
        complaints.add(document.root, "service", sentence)
    for node, path, line in document.lines:
        try:
            expect.parse(line)
        except ExpectError as error:
            complaints.add(node, path, str(error))
    try:
        vet(document.steps, service, exactly=None)
    except PlanRejected as rejected:
        for reason in rejected.reasons:
            _place(document, reason, complaints)
    complaints.raise_if_any()
    return Plan(version=1, source=PlanSource.PERSON, steps=document.steps, author=document.name, made_at=made_at)


def _place(document: PlanDocument, reason: str, complaints: Complaints) -> None:
    """A breach at the line of its step; what is wrong with the plan as a whole at its first."""
    step, colon, sentence = reason.partition(": ")
    number = int(step.removeprefix("Step ")) if colon and step.removeprefix("Step ").isdigit() else 0
    if not 1 <= number <= len(document.nodes):
        complaints.add(document.root, "steps", reason)
    elif not sentence.startswith(UNREADABLE):  # said at the line itself
        complaints.add(document.nodes[number - 1], f"steps[{number - 1}]", sentence)
