"""The schema of ``submit_plan``, and the strict reading of what was submitted.

The schema that the model sees is flat and small, since MiniMax drops braces in larger ones. Every problem
becomes one sentence with the step's number and the field, to be quoted in a re-ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fixloop_bot.adapters.minimax.answers import PLAN_TOOL
from fixloop_bot.adapters.minimax.repairs import tidy_step
from fixloop_bot.application.ports import UnusableAnswer
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.expect import parse
from fixloop_bot.domain.plans import (
    STEPS_IN_A_PLAN,
    Check,
    HttpCheck,
    JourneyCheck,
    Leg,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Request,
    Role,
    Step,
)

LONGEST_BODY = 20_000
"""Characters of one request's JSON."""
MOST_COMPLAINTS = 12
_TITLE, _WHY, _INSTRUCTION = 120, 300, 500
_SHOWN = 80

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Comparison = Literal["<", "<=", ">", ">="]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class LegFields(BaseModel):
    """One request with what it must answer; also the part of a step that is one."""

    model_config = ConfigDict(strict=True, extra="ignore", protected_namespaces=())

    method: Method = "GET"
    path: Text | None = None
    headers: Annotated[dict[str, Line], Field(max_length=20)] = {}
    json_body: Any = Field(default=None, alias="json")
    body: str | None = Field(default=None, max_length=LONGEST_BODY)
    expect: Annotated[list[Line], Field(max_length=20)] = []
    capture: Annotated[dict[str, Line], Field(max_length=20)] = {}


class StepFields(LegFields):
    """One step as it is submitted: flat, with the fields of every kind side by side."""

    title: Text
    why: str = ""
    role: Literal["confirmation", "control"]
    kind: Literal["http", "journey", "metric", "monitor", "manual"]
    inputs: Annotated[list[dict[str, Any]], Field(max_length=50)] = []
    legs: Annotated[list[LegFields], Field(max_length=10)] = []
    query: Text | None = None
    healthy_when: Comparison | None = None
    limit: Finite | None = None
    times_before: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    monitor_id: Line | None = None
    group: str = ""
    instruction: Text | None = None


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
        "kind": {"type": "string", "enum": ["http", "journey", "metric", "monitor", "manual"]},
        **request,
        "inputs": {"type": "array", "items": {"type": "object"}},
        "legs": {"type": "array", "items": leg},
        "query": text,
        "healthy_when": {"type": "string", "enum": ["<", "<=", ">", ">="]},
        "limit": number,
        "times_before": number,
        "monitor_id": text,
        "group": text,
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


class _Problem(Exception):  # noqa: N818 - caught here, and turned into a complaint
    """A field that cannot be used: its name, and a sentence for each thing that is wrong with it."""

    def __init__(self, field: str, *sentences: str) -> None:
        self.field = field
        self.sentences = sentences
        super().__init__(*sentences)


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
            complaints.extend(_complaints(number, error))
        except _Problem as problem:
            complaints.extend(f"Step {number}, {problem.field}: {sentence}" for sentence in problem.sentences)
        except RecursionError:
            complaints.append(f"Step {number}: it is nested too deeply.")
    if complaints:
        raise UnusableAnswer(complaints[:MOST_COMPLAINTS], raw=raw)
    return tuple(steps)


def _step(number: int, entry: Any, base_url: str | None) -> Step:
    if not isinstance(entry, Mapping):
        raise _Problem("the whole step", "it must be a JSON object.")
    fields = StepFields.model_validate(tidy_step(entry, base_url))
    return Step(
        id=f"s{number}",
        title=_one_line(fields.title, _TITLE),
        why=_one_line(fields.why, _WHY),
        role=Role(fields.role),
        check=_CHECKS[fields.kind](fields),
    )


def _http(fields: StepFields) -> Check:
    request, expect = _request(fields, ""), _expect(fields, "")
    return HttpCheck(request=request, expect=expect, inputs=_inputs(fields))


def _journey(fields: StepFields) -> Check:
    if not fields.legs:
        raise _Problem("legs", "a journey needs at least one request.")
    legs = [_leg(leg, f"legs[{index}].") for index, leg in enumerate(fields.legs)]
    if not any(leg.expect for leg in legs):
        raise _Problem("legs", "at least one leg needs an expect line.")
    return JourneyCheck(legs=tuple(legs), inputs=_inputs(fields))


def _metric(fields: StepFields) -> Check:
    query, healthy_when = _needed(fields, "query"), fields.healthy_when
    if healthy_when is None:
        raise _Problem("healthy_when", "it is missing; it must be one of <, <=, >, >=.")
    if fields.limit is None and fields.times_before is None:
        raise _Problem("limit", "a metric step needs limit or times_before.")
    times_before = fields.times_before if fields.limit is None else None
    return MetricCheck(query=query, healthy_when=healthy_when, limit=fields.limit, times_before=times_before)


def _monitor(fields: StepFields) -> Check:
    return MonitorCheck(monitor_id=_needed(fields, "monitor_id"), group=fields.group[:500])


def _manual(fields: StepFields) -> Check:
    return ManualCheck(instruction=_one_line(fields.instruction or fields.title, _INSTRUCTION))


_CHECKS: dict[str, Callable[[StepFields], Check]] = {
    "http": _http,
    "journey": _journey,
    "metric": _metric,
    "monitor": _monitor,
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
        raise _Problem(field, "it is missing.")
    if "://" in path.partition("?")[0] or path.startswith("//"):
        raise _Problem(field, "it names a host; write a path of the service, beginning with /.")
    if not path.startswith("/"):
        raise _Problem(field, "it must begin with /.")
    if re.search(r"\{[^{}]*\}", re.sub(r"\{\{[^{}]*\}\}", "", path)):
        raise _Problem(field, "it has an unfilled parameter; write a real value, or {{name}} with inputs.")
    return path


def _expect(fields: StepFields, where: str) -> tuple[str, ...]:
    lines = _lines(fields.expect, where)
    if not lines:
        raise _Problem(f"{where}expect", "at least one line is needed.")
    return lines


def _lines(lines: Sequence[str], where: str) -> tuple[str, ...]:
    wrong = [_sentence(sentence) for sentence in map(_wrong_with, lines) if sentence]
    if wrong:
        raise _Problem(f"{where}expect", *wrong)
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
    if value is None:
        raise _Problem(name, f"it is missing; a {fields.kind} step needs it.")
    return value


def _json_text(value: Any, field: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise _Problem(field, "it cannot be written as JSON.") from None
    if len(text) > LONGEST_BODY:
        raise _Problem(field, f"it is longer than {LONGEST_BODY} characters.")
    return text


def _complaints(number: int, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        field = _field(problem["loc"])
        missing = problem["type"] == "missing"
        what = "it is missing." if missing else _sentence(f"{problem['msg']}, not {_shown(problem['input'])}")
        yield f"Step {number}, {field}: {what}"


def _field(loc: tuple[int | str, ...]) -> str:
    name = ""
    for part in loc:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    return _one_line(name.removeprefix("."), _SHOWN)


def _shown(value: Any) -> str:
    return _one_line(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)


def _sentence(text: str) -> str:
    text = _one_line(text, 300)
    return text if text.endswith(".") else f"{text}."


def _one_line(text: str, limit: int) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
