"""A small language for saying what a piece of Block Kit JSON must look like.

A rule looks at one value and reports problems with Slack's wording and a JSON pointer. Slack refuses
properties it does not know, so `record` does too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Report = Callable[[str, str], None]
"""report(pointer, message)"""

Rule = Callable[[Any, str, Report], None]


def problem(pointer: str, message: str) -> str:
    """Slack's wording of one validation error."""
    return f"[ERROR] {message} [json-pointer:{pointer}]"


def anything(value: Any, pointer: str, report: Report) -> None:
    """Accepts every value."""


def string(maximum: int, minimum: int = 1) -> Rule:
    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report(pointer, "must provide a string")
        elif len(value) < minimum:
            report(pointer, f"must be more than {minimum - 1} characters")
        elif len(value) > maximum:
            report(pointer, f"must be less than {maximum + 1} characters")

    return check


def url(value: Any, pointer: str, report: Report) -> None:
    string(3000)(value, pointer, report)
    if isinstance(value, str) and value and "://" not in value and not value.startswith("mailto:"):
        report(pointer, "must be a valid URL")


def boolean(value: Any, pointer: str, report: Report) -> None:
    if not isinstance(value, bool):
        report(pointer, "must provide a boolean")


def integer(minimum: int = 0, maximum: int = 10**12) -> Rule:
    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report(pointer, "must provide an integer")
        elif not minimum <= value <= maximum:
            report(pointer, f"must be between {minimum} and {maximum}")

    return check


def one_of(*allowed: str) -> Rule:
    def check(value: Any, pointer: str, report: Report) -> None:
        if value not in allowed:
            report(pointer, f"must be a valid enum value: {', '.join(allowed)}")

    return check


def list_of(item: Rule, *, minimum: int = 1, maximum: int) -> Rule:
    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report(pointer, "must provide an array")
            return
        if len(value) > maximum:
            report(pointer, f"no more than {maximum} items allowed")
        if len(value) < minimum:
            report(pointer, f"no fewer than {minimum} items allowed")
        for index, each in enumerate(value):
            item(each, f"{pointer}/{index}", report)

    return check


def record(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *, also: Rule | None = None
) -> Rule:
    """An object with these properties and no others; `also` looks at the object as a whole."""
    known = {**(optional or {}), **required}

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(pointer, "must provide an object")
            return
        for name in required:
            if name not in value:
                report(pointer, f"missing required field: {name}")
        for name, each in value.items():
            if name in known:
                known[name](each, f"{pointer}/{name}", report)
            else:
                report(pointer, f"invalid additional property: {name}")
        if also is not None:
            also(value, pointer, report)

    return check


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """An object whose `type` selects the rule for it."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(pointer, "must provide an object")
        elif "type" not in value:
            report(pointer, "missing required field: type")
        elif not isinstance(value["type"], str) or value["type"] not in rules:
            report(f"{pointer}/type", f"unsupported type: {value['type']}")
        else:
            rules[value["type"]](value, pointer, report)

    return check
