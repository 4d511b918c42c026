"""From an answer to the plan's steps, still as the model's own JSON.

Tried in this order, and the first that holds five steps wins, else the first that holds any: calls of
``submit_plan``, the text as strict JSON, the text repaired; and only if nothing was said, thoughts that the
model forgot to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fixloop_bot.adapters.minimax.loose_json import repaired_values, strict_values
from fixloop_bot.adapters.minimax.spoken import Answer
from fixloop_bot.application.ports import UnusableAnswer
from fixloop_bot.domain.plans import STEPS_IN_A_PLAN

PLAN_TOOL = "submit_plan"
LONGEST_RAW = 20_000
"""Characters of an answer that are kept for a re-ask."""

_WRAPPERS = ("plan", "arguments", "parameters", "input", "args", "function", "validation_plan", PLAN_TOOL)
_STEP_KEYS = frozenset({"title", "kind", "role", "why", "path", "expect", "instruction", "query", "request"})
_OWN_KEYS = frozenset({"title", "kind", "role"})
"""A leg of a journey has none of these."""
_DEPTH = 5


def raw_text(answer: Answer) -> str:
    """The model's own words, to be quoted in a re-ask: the plan call's arguments, else its text."""
    arguments = _submitted(answer)
    return "\n".join(arguments or [answer.text or answer.thought])[:LONGEST_RAW]


def plan_steps(answer: Answer) -> list[Any]:
    """The steps as they were written, not yet checked; raises UnusableAnswer where no step can be made out."""
    best: list[Any] = []
    for steps in _all_readings(answer):
        if len(steps) == STEPS_IN_A_PLAN:
            return steps
        best = best or steps
    if not best:
        raise UnusableAnswer([_nothing(answer)], raw=raw_text(answer))
    return best


def _nothing(answer: Answer) -> str:
    if answer.cut_off:
        return "The answer was cut off at its token limit before the plan was complete: think less, write shorter."
    if not answer.text and not answer.tool_calls:
        return f"The answer was empty: call {PLAN_TOOL} with the five steps."
    return f'The answer held no JSON object with "steps": call {PLAN_TOOL} with the five steps.'


def _submitted(answer: Answer) -> list[str]:
    return [call.arguments for call in answer.tool_calls if call.name == PLAN_TOOL]


def _all_readings(answer: Answer) -> Iterator[list[Any]]:
    submitted = _submitted(answer)
    for arguments in submitted:
        yield from _readings(arguments)
    if len(submitted) == STEPS_IN_A_PLAN:  # some models submit the steps one by one
        yield [step for arguments in submitted for step in _first(_readings(arguments))]
    if answer.text:
        yield from _readings(answer.text)
    if answer.thought and (answer.unclosed or not (answer.text or submitted)):
        yield from _readings(answer.thought)


def _readings(source: str) -> Iterator[list[Any]]:
    """Every list of steps that a text can be read as, most literal first."""
    yield from filter(None, map(_steps_in, strict_values(source)))
    yield from filter(None, map(_steps_in, repaired_values(source, "steps")))


def _steps_in(value: Any, depth: int = 0) -> list[Any]:
    """The steps inside one JSON value: under ``steps``, in a wrapper, as a bare array, or JSON inside a string."""
    if depth > _DEPTH:
        return []
    if isinstance(value, str):
        return _first(_steps_in(inner, depth + 1) for inner in _decoded(value))
    if isinstance(value, list):
        if any(_is_step(entry) for entry in value):
            return value
        return _first(_steps_in(entry, depth + 1) for entry in value if isinstance(entry, dict | list))
    if not isinstance(value, dict):
        return []
    if "steps" in value:
        return _listed(value["steps"], depth)
    return _first(_steps_in(value[key], depth + 1) for key in _WRAPPERS if key in value)


def _listed(steps: Any, depth: int) -> list[Any]:
    """What stands under ``steps``: a list, JSON in a string, numbered members, or a single step."""
    if isinstance(steps, list):
        return [_unwrapped(step) for step in steps]
    if isinstance(steps, dict):
        members = list(steps.values())
        return [steps] if _is_step(steps) else members if all(map(_is_step, members)) else []
    return _steps_in(steps, depth + 1)


def _unwrapped(step: Any) -> Any:
    """A step that was encoded once more, as an object again; anything else as it is."""
    if not isinstance(step, str) or "{" not in step:
        return step
    return next((value for value in _decoded(step) if isinstance(value, dict)), step)


def _decoded(text: str) -> Iterator[Any]:
    if "{" in text:
        yield from strict_values(text)
        yield from repaired_values(text, "steps")


def _is_step(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return len(_STEP_KEYS & value.keys()) >= 2 and bool(_OWN_KEYS & value.keys())


def _first(found: Iterator[list[Any]]) -> list[Any]:
    return next((steps for steps in found if steps), [])
