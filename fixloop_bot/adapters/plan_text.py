"""A plan written as YAML, so that reading it gives the same plan by hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
import yaml

from fixloop_bot.adapters.plan_keys import METHODS, json_text
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Plan,
    ProofOverride,
    Request,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)

_NONE = object()
ONE_LINE = 100
"""Characters of JSON that still read well on one line."""


def write_plan(plan: Plan, *, service: str) -> str:
    """The file's text, with a header that says what it is. ``parse_plan`` gives the same steps."""
    named = _comment(service)
    header = (
        f"# A FixLoop plan for {named}: one frozen test, failing while it is broken, passing once it is fixed.\n"
        f"# Run it:  fixloop validate {named} --plan FILE\n"
        f"# Written by: {_comment(plan.note or plan.author or plan.source.value)}\n"
        f"# Plan hash: {plan.hash} (any edit of a step changes it)\n"
    )
    steps = [_step(step, number) for number, step in enumerate(plan.steps, start=1)]
    body: dict[str, Any] = {"service": service, "steps": steps}
    return header + yaml_text(body)


def _comment(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]


def _step(step: Step, number: int) -> dict[str, Any]:
    written: dict[str, Any] = {} if step.id == f"s{number}" else {"id": step.id}
    written |= {"title": step.title, "role": step.role.value}
    written |= {"why": step.why} if step.why else {}
    written |= check_document(step.check)
    proof = {key: value for key, value in asdict(step.proof).items() if value is not None}
    return written | ({"proof": _Flow(proof)} if step.proof != ProofOverride() else {})


def check_document(check: Check) -> dict[str, Any]:
    """A check's keys in its short form, ``expect`` among them; ``yaml_text`` writes them."""
    match check:
        case HttpCheck():
            return _request(check.request) | _expect(check.expect) | _inputs(check.inputs)
        case JourneyCheck():
            return {"journey": [_leg(leg) for leg in check.legs]} | _inputs(check.inputs)
        case MetricCheck():
            yardstick = {"limit": check.limit, "times_before": check.times_before}
            return {"metric": check.query, "healthy_when": check.healthy_when} | _given(yardstick)
        case LogsCheck():
            return {"logs": check.query} | _given({"per_minute": check.per_minute, "times_before": check.times_before})
        case MonitorCheck():
            return {"monitor": check.monitor_id} | ({"group": check.group} if check.group else {})
        case ManualCheck():
            return {"manual": check.instruction}
        case _:
            return _wire(check)


def _wire(check: TlsCheck | DnsCheck | TcpCheck | GrpcCheck | WebsocketCheck) -> dict[str, Any]:
    match check:
        case TlsCheck():
            return {"tls": check.target} | _expect(check.expect)
        case TcpCheck():
            return {"tcp": check.target} | (_expect(check.expect) if check.expect else {})
        case GrpcCheck():
            return (
                {"grpc": check.target} | ({"service": check.service} if check.service else {}) | _expect(check.expect)
            )
        case DnsCheck():
            servers = {"servers": _Flow(check.servers)} if check.servers else {}
            return {"dns": check.name, "record": check.record} | servers | _expect(check.expect)
    written = {"websocket": check.path} | _pairs("headers", check.headers)
    written |= {"send": check.send} if check.send is not None else {}
    written |= {} if check.awaits_message else {"awaits_message": False}
    return written | (_expect(check.expect) if check.expect else {}) | _inputs(check.inputs)


def _leg(leg: Leg) -> dict[str, Any]:
    return _request(leg.request) | _pairs("capture", leg.capture) | _expect(leg.expect)


def _request(request: Request) -> dict[str, Any]:
    body = _pairs("headers", request.headers) | _json(request.json_body)
    body |= {"body": request.body} if request.body is not None else {}
    method = request.method.lower()
    if method in METHODS and method.upper() == request.method:
        return {method: request.path} | body
    return {"request": {"method": request.method, "path": request.path} | body}


def _json(text: str | None) -> dict[str, Any]:
    """The body as a structure where that reads back to the very same text, else the text itself."""
    if text is None:
        return {}
    value = _structure(text)
    return {"json_text": text} if value is _NONE else {"json": _laid_out(value, text)}


def _inputs(inputs: Sequence[str]) -> dict[str, Any]:
    return {"inputs": [_input(text) for text in inputs]} if inputs else {}


def _input(text: str) -> Any:
    value = _structure(text)
    return _laid_out(value, text) if isinstance(value, dict) else text


def _structure(text: str) -> Any:
    """The text's JSON value, or ``_NONE`` where YAML would not give the same text again."""
    try:
        value = orjson.loads(text)
        node = yaml.compose(yaml_text([_laid_out(value, text)]), Loader=yaml.SafeLoader)
        same = isinstance(node, yaml.SequenceNode) and json_text(node.value[0]) == text
    except (ValueError, RecursionError, yaml.YAMLError):
        return _NONE
    return value if same else _NONE


def _laid_out(value: Any, text: str) -> Any:
    """On one line if it is short."""
    return _Flow(value) if isinstance(value, dict | list) and len(text) <= ONE_LINE else value


def _pairs(key: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A mapping, or a list of mappings where a name occurs twice."""
    if not pairs:
        return {}
    mapped = dict(pairs)
    return {key: mapped if len(mapped) == len(pairs) else [{name: value} for name, value in pairs]}


def _expect(lines: Sequence[str]) -> dict[str, Any]:
    return {"expect": list(lines)}


def _given(numbers: dict[str, float | None]) -> dict[str, Any]:
    return {key: float(value) for key, value in numbers.items() if value is not None}


class _Flow:
    """A mapping or list that is written on one line."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, and nothing is written as an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def represent_flow(self, flow: _Flow) -> yaml.Node:
        if isinstance(flow.value, dict):
            return self.represent_mapping("tag:yaml.org,2002:map", flow.value, flow_style=True)
        return self.represent_sequence("tag:yaml.org,2002:seq", flow.value, flow_style=True)

    def represent_text(self, text: str) -> yaml.Node:
        """What one cannot see is escaped; left to itself the library would write some line breaks that it loses."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(_Flow, _Dumper.represent_flow)
_Dumper.add_representer(str, _Dumper.represent_text)


def yaml_text(value: Any) -> str:
    """A value as YAML. Never folded: an expectation stands on one line."""
    written: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=10**6
    )
    return written
