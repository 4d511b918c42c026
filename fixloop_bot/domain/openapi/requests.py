"""The request that an operation describes: with its examples, and with placeholders where it gives several of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from fixloop_bot.domain.openapi.text import json_text, one_line
from fixloop_bot.domain.openapi.varied import choices_of, combined, distinct, placeholder_names
from fixloop_bot.domain.plans import Request

LONGEST_PATH = 500
LONGEST_INPUT = 3_000

PATH = re.compile(r"/[!-~]*")
VARIABLE = re.compile(r"\{([^{}]*)\}")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_MARK = re.compile(r"\{\{[A-Za-z_][A-Za-z0-9_]*\}\}")

ParameterValues = list[tuple[Mapping[str, object], str | None]]
"""Parameters, each with its documented value as text, or None."""


def filled_path(path: str, parameters: ParameterValues) -> str | None:
    """The path with its variables and its required query filled in; None where a value is not documented."""
    segments: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    for parameter, value in parameters:
        name, where = str(parameter["name"]), parameter["in"]
        if where == "path" and value and (_SEGMENT.fullmatch(value) or _MARK.fullmatch(value)) and value.strip("."):
            segments[name] = value
        elif where in ("query", "header", "cookie") and parameter.get("required") is True:
            if value is None or where == "cookie":
                return None
            query += [(name, value)] if where == "query" else []
    if any(name not in segments for name in VARIABLE.findall(path)):
        return None
    filled = VARIABLE.sub(lambda match: segments[match[1]], path)
    pairs = (f"{_quoted(name)}={_quoted(value)}" for name, value in query)
    filled += f"?{'&'.join(pairs)}" if query else ""
    return filled if len(filled) <= LONGEST_PATH and PATH.fullmatch(filled) else None


def _quoted(text: str) -> str:
    """Percent-encoded, but for a placeholder, which is filled in encoded."""
    return text if _MARK.fullmatch(text) else quote(text, safe="", errors="replace")


def header_values(parameters: ParameterValues) -> tuple[tuple[str, str], ...]:
    """The required header parameters with their documented values."""
    return tuple(
        (one_line(parameter["name"], 80).lower(), one_line(value, 200))
        for parameter, value in parameters
        if parameter["in"] == "header" and parameter.get("required") is True and value is not None
    )


def plain_value(value: object) -> str | None:
    """A parameter's value as it stands in an address; None for lists, objects and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value) if len(str(value)) <= 200 else None
    return None


def varied_request(
    root: Mapping[str, object], path: str, values: ParameterValues, body: Mapping[str, object], ready: Request
) -> tuple[Request | None, tuple[str, ...]]:
    """The request with placeholders where the document gives several values, and those values; else None."""
    names = placeholder_names([*(str(parameter["name"]) for parameter, _ in values), "body"])
    choices: dict[str, tuple[object, ...]] = {}
    marked: ParameterValues = []
    for parameter, value in values:
        several = _choices(root, parameter) if value is not None else ()
        if len(several) > 1:
            name = names[str(parameter["name"])]
            choices[name], value = several, f"{{{{{name}}}}}"
        marked.append((parameter, value))
    bodies = _bodies(root, body) if ready.json_body is not None else ()
    if len(bodies) > 1:
        choices[names["body"]] = bodies
    inputs = combined(choices)
    if not ready.path or not inputs:
        return None, ()
    varied = replace(ready, path=filled_path(path, marked) or "", headers=header_values(marked))
    if len(bodies) > 1:
        varied = replace(varied, json_body=f'"{{{{{names["body"]}}}}}"')
    return (varied, inputs) if varied.path else (None, ())


def _choices(root: Mapping[str, object], parameter: Mapping[str, object]) -> tuple[object, ...]:
    """What a required parameter may be; in a path only what is one plain segment."""
    where = parameter["in"]
    if where not in ("path", "query", "header") or (where != "path" and parameter.get("required") is not True):
        return ()
    plain = distinct(text for value in choices_of(root, parameter) if (text := plain_value(value)))
    if where == "path":
        return tuple(text for text in plain if _SEGMENT.fullmatch(str(text)) and str(text).strip("."))
    return tuple(text for text in plain if str(text).isprintable())


def _bodies(root: Mapping[str, object], media: Mapping[str, object]) -> tuple[object, ...]:
    """The whole examples of a body, each small enough to be an input."""
    whole = [value for value in choices_of(root, media) if isinstance(value, dict | list)]
    return tuple(value for value in whole if json_text(value, LONGEST_INPUT) is not None)
