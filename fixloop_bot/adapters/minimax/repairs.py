"""Harmless differences between what the model writes and what was asked for, put right before anything is checked.

Nothing here guesses at a meaning: words become the words of the schema, nested requests become flat, a
status given as a number becomes an ``expect`` line, the service's own address becomes a path. Whatever is
not known stays as it is and is complained about by the schema.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fixloop_bot.adapters.minimax.wire_repairs import WIRE_KINDS, keep_what_is_asked, tidy_wire
from fixloop_bot.domain.catalog import Origin

_ALIASES = {
    "name": "title",
    "reason": "why",
    "rationale": "why",
    "type": "kind",
    "url": "path",
    "endpoint": "path",
    "json_body": "json",
    "assertions": "expect",
    "expectations": "expect",
    "requests": "legs",
    "captures": "capture",
    "threshold": "limit",
    "comparator": "healthy_when",
    "operator": "healthy_when",
    "instructions": "instruction",
    "monitor": "monitor_id",
    "record_type": "record",
    "name_servers": "servers",
    "nameservers": "servers",
    "grpc_service": "service",
    "service_name": "service",
    "message": "send",
    "max_per_minute": "per_minute",
}
_NESTED = ("check", "request")

_ROLES = {
    "confirmation": ("confirm", "confirms", "confirming", "proof", "prove", "proves", "reproduction", "reproduce"),
    "control": ("controls", "baseline", "regression", "guard", "sanity", "smoke", "canary"),
}
_KINDS: dict[str, tuple[str, ...]] = {
    "logs": ("log", "log_search", "log_query", "error_logs", "datadog_logs"),
    "http": ("request", "https", "rest", "api"),
    "journey": ("flow", "scenario", "multi_step"),
    "metric": ("metrics", "query", "datadog_metric"),
    "monitor": ("alert", "datadog_monitor"),
    "manual": ("human", "by_hand"),
    **WIRE_KINDS,
}
_COMPARISONS = {
    "<": ("lt", "below", "under", "less than", "less_than"),
    "<=": ("lte", "le", "at most", "at_most", "≤"),
    ">": ("gt", "above", "over", "greater than", "greater_than"),
    ">=": ("gte", "ge", "at least", "at_least", "≥"),
}
_METHOD_AND_PATH = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_STATUS = re.compile(r"\s*([1-5]\d\d)\s*")
_SURROGATES = re.compile("[\ud800-\udfff]")


def tidy_step(raw: Mapping[str, Any], base_url: str | None) -> dict[str, Any]:
    """A step in the schema's words; total over whatever JSON gives."""
    flat = _flat(clean(raw))
    flat["kind"] = _word(flat.get("kind") or _kind_by_fields(flat), _KINDS)
    step = _tidy_request(tidy_wire(flat), base_url)
    if "role" in step:
        step["role"] = _word(str(step["role"]).removesuffix("_step").removesuffix(" step"), _ROLES)
    if "healthy_when" in step:
        step["healthy_when"] = _word(html.unescape(str(step["healthy_when"])), _COMPARISONS)
    if isinstance(step.get("monitor_id"), int):
        step["monitor_id"] = str(step["monitor_id"])
    for key in ("limit", "times_before", "per_minute"):
        step[key] = _number(step.get(key))
    step["inputs"] = _inputs(step.get("inputs"))
    step["legs"] = _legs(step.get("legs"), base_url)
    return _without_nulls(step)


def clean(value: Any) -> Any:
    """A JSON value whose texts can be encoded: lone surrogates, which JSON can spell, become U+FFFD."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(clean(key)): clean(entry) for key, entry in value.items()}
    return value


def own_path(path: str, base_url: str | None) -> str:
    """The path of a URL of the service itself, below its base_url; any other text unchanged."""
    if base_url is None or not re.match(r"https?://", path, re.IGNORECASE):
        return path
    try:
        if Origin.of(path) != Origin.of(base_url):
            return path
        parts, base = urlsplit(path), urlsplit(base_url).path.rstrip("/")
    except ValueError:
        return path
    if base and not (parts.path + "/").startswith(base + "/"):
        return path
    below = parts.path[len(base) :] or "/"
    return f"{below}?{parts.query}" if parts.query else below


def _flat(raw: dict[str, Any]) -> dict[str, Any]:
    """Nested ``check`` and ``request`` objects lifted, aliases renamed; the outer and the schema's own name win."""
    flat = keep_what_is_asked(_lifted(raw))
    for alias, name in _ALIASES.items():
        if alias in flat:
            value = flat.pop(alias)
            flat.setdefault(name, value)
    return flat


def _lifted(raw: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _NESTED and isinstance(value, dict):
            flat = {**_lifted(value), **flat}
        else:
            flat[key] = value
    return flat


def _tidy_request(request: dict[str, Any], base_url: str | None) -> dict[str, Any]:
    """Method, path, headers, body and expect of a step or a leg."""
    tidy = dict(request)
    path = tidy.get("path")
    if isinstance(path, str):
        tidy.update(_method_and_path(path.strip(), tidy.get("method"), base_url))
    if isinstance(tidy.get("method"), str):
        tidy["method"] = tidy["method"].strip().upper()
    if "headers" in tidy:
        tidy["headers"] = _headers(tidy["headers"])
    if isinstance(tidy.get("body"), dict | list):
        tidy.setdefault("json", tidy["body"])
        del tidy["body"]
    if isinstance(tidy.get("json"), str):
        tidy["json"] = _json_in(tidy["json"])
    status = tidy.pop("status", tidy.pop("expected_status", None))
    tidy["expect"] = [*_status_line(status), *_expect(tidy.get("expect"))]
    return tidy


def _method_and_path(path: str, method: Any, base_url: str | None) -> dict[str, Any]:
    split = _METHOD_AND_PATH.fullmatch(path)
    found = {"method": method or split[1]} if split else {}
    return {**found, "path": own_path(split[2] if split else path, base_url)}


def _expect(expect: Any) -> list[Any]:
    """``expect`` as a list of lines, whatever it was: a line, several in one text, a number, or names with values."""
    if expect is None:
        return []
    if isinstance(expect, str):
        return [line for part in expect.splitlines() for line in _line(part)]
    if isinstance(expect, Mapping):
        return [line for name, value in expect.items() for line in _named(name, value)]
    if isinstance(expect, list):
        return [line for entry in expect for line in _line(entry)]
    return _line(expect)


def _line(entry: Any) -> list[Any]:
    if isinstance(entry, Mapping):
        return _expect(entry)
    if isinstance(entry, str):
        entry = entry.strip()
        if entry.startswith("$"):
            return [f"json {entry}"]
        return _status_line(entry) or ([entry] if entry else [])
    return _status_line(entry) or [entry]


def _named(name: str, value: Any) -> list[Any]:
    """``{"status": 200}`` and ``{"$.total": 19.99}`` as lines; other members as they would read."""
    if name in ("status", "status_code"):
        return _status_line(value) or [f"status {value}"]
    subject = f"json {name}" if name.startswith("$") else name
    return [f"{subject} == {json.dumps(value, ensure_ascii=False)}"]


def _status_line(value: Any) -> list[Any]:
    text = "" if isinstance(value, bool) else str(value) if isinstance(value, int | str) else ""
    match = _STATUS.fullmatch(text)
    return [f"status == {match[1]}"] if match else []


def _headers(headers: Any) -> Any:
    """Headers as an object of texts, also from a list of ``Name: value`` or of name-value objects."""
    if isinstance(headers, list):
        pairs = [_header(entry) for entry in headers]
        return {pair[0]: pair[1] for pair in pairs if pair} if all(pairs) else headers
    if isinstance(headers, Mapping):
        return {name: _scalar_text(value) for name, value in headers.items()}
    return headers


def _header(entry: Any) -> tuple[str, Any] | None:
    if isinstance(entry, Mapping) and isinstance(entry.get("name"), str) and "value" in entry:
        return entry["name"], _scalar_text(entry["value"])
    if isinstance(entry, str) and ":" in entry:
        name, _, value = entry.partition(":")
        return name.strip(), value.strip()
    return None


def _scalar_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _inputs(inputs: Any) -> Any:
    if isinstance(inputs, str):
        inputs = _json_in(inputs)
    if isinstance(inputs, Mapping):
        inputs = [inputs]
    if isinstance(inputs, list):
        return [_json_in(entry) if isinstance(entry, str) else entry for entry in inputs]
    return inputs


def _legs(legs: Any, base_url: str | None) -> Any:
    if isinstance(legs, str):
        legs = _json_in(legs)
    if not isinstance(legs, list):
        return legs
    return [_without_nulls(_tidy_request(_flat(leg), base_url)) if isinstance(leg, dict) else leg for leg in legs]


def _kind_by_fields(step: Mapping[str, Any]) -> str | None:
    by_field = {
        "record": "dns",
        "legs": "journey",
        "send": "websocket",
        "path": "http",
        "per_minute": "logs",
        "query": "metric",
        "monitor_id": "monitor",
        "instruction": "manual",
    }
    return next((kind for field, kind in by_field.items() if step.get(field)), None)


def _word(value: Any, synonyms: Mapping[str, tuple[str, ...]]) -> Any:
    """The schema's word for a synonym; anything unknown unchanged."""
    if not isinstance(value, str):
        return value
    said = value.strip().lower()
    forms = {said, re.sub(r"[ -]", "_", said)}
    return next((word for word, others in synonyms.items() if word in forms or forms & set(others)), value)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value.strip())
    except ValueError:
        return value


def _json_in(text: str) -> Any:
    """The object or array that a text spells, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A field given as null is a field not given."""
    return {key: value for key, value in fields.items() if value is not None}
