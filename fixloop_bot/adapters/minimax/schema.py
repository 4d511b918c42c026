"""The schema of ``submit_plan``, and the strict reading of what was submitted.

The schema that the model sees is flat and small, since MiniMax drops braces in larger ones. Every problem
becomes one sentence with the step's number and the field, to be quoted in a re-ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fixloop_bot.adapters.minimax.answers import PLAN_TOOL
from fixloop_bot.adapters.minimax.complaints import Problem, complaints_of, one_line, sentence
from fixloop_bot.adapters.minimax.fields import KINDS, LONGEST_BODY, RECORDS, LegFields, StepFields
from fixloop_bot.adapters.minimax.repairs import tidy_step
from fixloop_bot.application.ports import UnusableAnswer
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.plans import (
    STEPS_IN_A_PLAN,
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
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)

MOST_COMPLAINTS = 12
_TITLE, _WHY, _INSTRUCTION = 120, 300, 500


def plan_tool() -> dict[str, Any]:
    """The tool as the endpoint wants it offered."""
    text, number = {"type": "string"}, {"type": "number"}
    request = {
        "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
        "path": text,
        "headers": {"type": "object"},
        "json": {"type": "object"},
        "expect": {"type": "array", "items": text},
    }
    leg = {"type": "object", "properties": {**request, "capture": {"type": "object"}}}
    step = {
        "title": text,
        "why": text,
        "role": {"type": "string", "enum": [role.value for role in Role]},
        "kind": {"type": "string", "enum": list(KINDS)},
        **request,
        "inputs": {"type": "array", "items": {"type": "object"}},
        "legs": {"type": "array", "items": leg},
        "query": text,
        "healthy_when": {"type": "string", "enum": ["<", "<=", ">", ">="]},
        "limit": number,
        "times_before": number,
        "per_minute": number,
        "monitor_id": text,
        "group": text,
        "target": text,
        "record": {"type": "string", "enum": list(RECORDS)},
        "servers": {"type": "array", "items": text},
        "service": text,
        "send": text,
        "instruction": text,
    }
    items = {"type": "object", "properties": step, "required": ["title", "why", "role", "kind"]}
    steps = {"type": "array", "minItems": STEPS_IN_A_PLAN, "maxItems": STEPS_IN_A_PLAN, "items": items}
    return {
        "type": "function",
        "function": {
            "name": PLAN_TOOL,
            "description": "Submit the validation plan: exactly five steps.",
            "parameters": {"type": "object", "properties": {"steps": steps}, "required": ["steps"]},
        },
    }


def read_steps(raw_steps: Sequence[Any], *, base_url: str | None, raw: str) -> tuple[Step, ...]:
    """Five steps ``s1`` … ``s5``; raises UnusableAnswer with a sentence for every problem."""
    complaints: list[str] = []
    if len(raw_steps) != STEPS_IN_A_PLAN:
        complaints.append(f"The plan has {len(raw_steps)} steps; it must have exactly {STEPS_IN_A_PLAN}.")
    steps: list[Step] = []
    for number, entry in enumerate(raw_steps[: STEPS_IN_A_PLAN * 2], start=1):
        try:
            steps.append(_step(number, entry, base_url))
        except ValidationError as error:
            complaints.extend(complaints_of(number, error))
        except Problem as problem:
            complaints.extend(f"Step {number}, {problem.field}: {said}" for said in problem.sentences)
        except RecursionError:
            complaints.append(f"Step {number}: it is nested too deeply.")
    if complaints:
        raise UnusableAnswer(complaints[:MOST_COMPLAINTS], raw=raw)
    return tuple(steps)


def _step(number: int, entry: Any, base_url: str | None) -> Step:
    if not isinstance(entry, Mapping):
        raise Problem("the whole step", "it must be a JSON object.")
    fields = StepFields.model_validate(tidy_step(entry, base_url))
    return Step(
        id=f"s{number}",
        title=one_line(fields.title, _TITLE),
        why=one_line(fields.why, _WHY),
        role=Role(fields.role),
        check=_CHECKS[fields.kind](fields),
    )


def _http(fields: StepFields) -> Check:
    request, expect = _request(fields, ""), _expect(fields, "")
    return HttpCheck(request=request, expect=expect, inputs=_inputs(fields))


def _journey(fields: StepFields) -> Check:
    if not fields.legs:
        raise Problem("legs", "a journey needs at least one request.")
    legs = [_leg(leg, f"legs[{index}].") for index, leg in enumerate(fields.legs)]
    if not any(leg.expect for leg in legs):
        raise Problem("legs", "at least one leg needs an expect line.")
    return JourneyCheck(legs=tuple(legs), inputs=_inputs(fields))


def _metric(fields: StepFields) -> Check:
    query, healthy_when = _needed(fields, "query"), fields.healthy_when
    if healthy_when is None:
        raise Problem("healthy_when", "it is missing; it must be one of <, <=, >, >=.")
    if fields.limit is None and fields.times_before is None:
        raise Problem("limit", "a metric step needs limit or times_before.")
    times_before = fields.times_before if fields.limit is None else None
    return MetricCheck(query=query, healthy_when=healthy_when, limit=fields.limit, times_before=times_before)


def _monitor(fields: StepFields) -> Check:
    return MonitorCheck(monitor_id=_needed(fields, "monitor_id"), group=fields.group[:500])


def _logs(fields: StepFields) -> Check:
    query = _needed(fields, "query")
    if fields.per_minute is None and fields.times_before is None:
        raise Problem("per_minute", "a logs step needs per_minute or times_before.")
    times_before = fields.times_before if fields.per_minute is None else None
    return LogsCheck(query=query, per_minute=fields.per_minute, times_before=times_before)


def _tls(fields: StepFields) -> Check:
    return TlsCheck(target=fields.target, expect=_lines(fields.expect, "") or TlsCheck().expect)


def _dns(fields: StepFields) -> Check:
    expect, servers = _lines(fields.expect, "") or DnsCheck().expect, tuple(fields.servers)
    return DnsCheck(name=fields.target, record=fields.record, servers=servers, expect=expect)


def _tcp(fields: StepFields) -> Check:
    return TcpCheck(target=fields.target, expect=_lines(fields.expect, ""))


def _grpc(fields: StepFields) -> Check:
    expect = _lines(fields.expect, "") or GrpcCheck().expect
    return GrpcCheck(target=fields.target, service=fields.service, expect=expect)


def _websocket(fields: StepFields) -> Check:
    return WebsocketCheck(
        path=_path(fields.path, ""),
        headers=tuple(fields.headers.items()),
        send=fields.send,
        expect=_lines(fields.expect, ""),
        inputs=_inputs(fields),
    )


def _manual(fields: StepFields) -> Check:
    return ManualCheck(instruction=one_line(fields.instruction or fields.title, _INSTRUCTION))


_CHECKS: dict[str, Callable[[StepFields], Check]] = {
    "http": _http,
    "journey": _journey,
    "metric": _metric,
    "monitor": _monitor,
    "logs": _logs,
    "tls": _tls,
    "dns": _dns,
    "tcp": _tcp,
    "grpc": _grpc,
    "websocket": _websocket,
    "manual": _manual,
}


def _leg(fields: LegFields, where: str) -> Leg:
    capture = tuple(fields.capture.items())
    return Leg(request=_request(fields, where), expect=_lines(fields.expect, where), capture=capture)


def _request(fields: LegFields, where: str) -> Request:
    return Request(
        method=fields.method,
        path=_path(fields.path, where),
        headers=tuple(fields.headers.items()),
        json_body=None if fields.json_body is None else _json_text(fields.json_body, f"{where}json"),
        body=fields.body if fields.json_body is None else None,
    )


def _path(path: str | None, where: str) -> str:
    field = f"{where}path"
    if path is None:
        raise Problem(field, "it is missing.")
    if "://" in path.partition("?")[0] or path.startswith("//"):
        raise Problem(field, "it names a host; write a path of the service, beginning with /.")
    if not path.startswith("/"):
        raise Problem(field, "it must begin with /.")
    if re.search(r"\{[^{}]*\}", re.sub(r"\{\{[^{}]*\}\}", "", path)):
        raise Problem(field, "it has an unfilled parameter; write a real value, or {{name}} with inputs.")
    return path


def _expect(fields: StepFields, where: str) -> tuple[str, ...]:
    lines = _lines(fields.expect, where)
    if not lines:
        raise Problem(f"{where}expect", "at least one line is needed.")
    return lines


def _lines(lines: Sequence[str], where: str) -> tuple[str, ...]:
    wrong = [sentence(said) for said in map(_wrong_with, lines) if said]
    if wrong:
        raise Problem(f"{where}expect", *wrong)
    return tuple(dict.fromkeys(lines))


def _wrong_with(line: str) -> str:
    try:
        parse(line)
    except BadInput as error:
        return str(error)
    return ""


def _inputs(fields: StepFields) -> tuple[str, ...]:
    return tuple(_json_text(entry, "inputs") for entry in fields.inputs)


def _needed(fields: StepFields, name: str) -> str:
    value: str | None = getattr(fields, name)
    if not value:
        raise Problem(name, f"it is missing; a {fields.kind} step needs it.")
    return value


def _json_text(value: Any, field: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        raise Problem(field, "it cannot be written as JSON.") from None
    if len(text) > LONGEST_BODY:
        raise Problem(field, f"it is longer than {LONGEST_BODY} characters.")
    return text
