"""One line of ``expect`` in words, without the ceremony of the language."""

from __future__ import annotations

import re

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.terms import Literal
from fixloop_bot.domain.figures import milliseconds

_PLAIN_PATH = re.compile(r"\$\.[A-Za-z_][\w-]*(?:\[\*\])?(?:\.[A-Za-z_][\w-]*(?:\[\*\])?)*")
_SUM = re.compile(r"\bsum\(")
_ORDER = {
    Comparison.BELOW: "under",
    Comparison.AT_MOST: "at most",
    Comparison.ABOVE: "over",
    Comparison.AT_LEAST: "at least",
}


def claim(source: str) -> str:
    """One ``expect`` line in words; as it is where it cannot be read."""
    assertion = parsed(source)
    if assertion is None:
        return source
    match assertion.subject:
        case Subject.STATUS:
            return _status(assertion)
        case Subject.JSON:
            return _json(assertion)
        case Subject.SCHEMA:
            return "shaped as before" if assertion.before else "fits its schema"
        case Subject.HEADER | Subject.COOKIE:
            return _named(assertion)
        case Subject.LATENCY:
            who = f"p{assertion.quantile * 100:g}" if assertion.quantile is not None else "each"
            limit = milliseconds(assertion.limit_ms) if assertion.limit_ms is not None else ""
            return f"{who} {_ORDER.get(assertion.comparison, assertion.comparison.value)} {limit}".strip()
        case Subject.SHA256:
            return "other bytes than known" if assertion.negated else "the known bytes"
        case _:
            return _worded(str(assertion.subject), assertion)


def document_claim(kind: str, source: str) -> str:
    """A line about the document or the message of a check below HTTP: ``at least 7 days left``, ``has 10.0.0.4``."""
    assertion = parsed(source)
    if assertion is None:
        return source
    said = _said_by(kind, assertion) if not assertion.negated else ""
    return said or claim(source)


def _said_by(kind: str, assertion: Assertion) -> str:
    """The words that a check of this kind has for it; empty where it has none of its own."""
    value, order = _value(assertion), _ORDER.get(assertion.comparison, "")
    exactly = assertion.comparison is Comparison.EQUAL
    contains = assertion.comparison is Comparison.CONTAINS
    if assertion.subject is Subject.BODY and (exactly or contains):
        verb = {"tcp": "greets with", "websocket": "answers" if exactly else "answers with"}.get(kind, "")
        return f"{verb} {value}" if verb else ""
    match kind, assertion.path:
        case "tls", "$.days_left" if order or exactly:
            return f"{order} {value} days left".lstrip()
        case "dns", "$.answers" if assertion.length and (order or exactly):
            return f"{order} {value} {'answer' if value == '1' else 'answers'}".lstrip()
        case "dns", "$.answers" if contains or exactly:
            bare = value.strip("[]").replace('"', "")
            return f"has {bare}" if contains else f"is {bare}"
        case "dns", "$.ttl" if order:
            return f"kept {order} {value} s"
        case "grpc", "$.status" if exactly:
            return value.strip('"')
        case _:
            return ""


def parsed(source: str) -> Assertion | None:
    """The line as the language reads it; None where it cannot be read."""
    try:
        return expect.parse(source)
    except ExpectError:
        return None


def _status(assertion: Assertion) -> str:
    codes = " or ".join(assertion.codes) or _value(assertion)
    negated = "not " if assertion.negated else ""
    order = _ORDER.get(assertion.comparison, "")
    return f"{negated}{order} {codes}".replace("  ", " ").strip()


def _json(assertion: Assertion) -> str:
    name = assertion.path.removeprefix("$.").replace("[*]", "") if _PLAIN_PATH.fullmatch(assertion.path) else ""
    name = name or assertion.path
    if assertion.length:
        order = _ORDER.get(assertion.comparison, "")
        many = f"entry in {name}" if _value(assertion) == "1" else name
        return " ".join(word for word in (order, _value(assertion), many) if word)
    computed = assertion.value is not None and not isinstance(assertion.value, Literal)
    if computed and assertion.comparison is Comparison.EQUAL and not assertion.negated:
        return f"{name} adds up" if _SUM.search(assertion.value.text if assertion.value else "") else f"{name} is right"
    return _worded(name, assertion)


def _named(assertion: Assertion) -> str:
    if assertion.comparison is Comparison.EXISTS:
        return f"{'no' if assertion.negated else 'has'} {assertion.name}"
    return _worded(assertion.name, assertion)


def _worded(name: str, assertion: Assertion) -> str:
    """``total 19.99``, ``total not 0``, ``name contains A``, ``body never contains Exception``."""
    never = "never " if assertion.negated else ""
    comparison = assertion.comparison
    if comparison is Comparison.EXISTS:
        return f"{'no' if assertion.negated else 'has'} {name}"
    if comparison is Comparison.EQUAL:
        return f"{name} {'not ' if assertion.negated else ''}{_value(assertion)}"
    if comparison in _ORDER:
        return f"{name} {_ORDER[comparison]} {_value(assertion)}"
    if comparison is Comparison.TYPE:
        return f"{name} is {'not ' if assertion.negated else ''}{_value(assertion)}"
    if comparison is Comparison.IN:
        return f"{name} {'none' if assertion.negated else 'one'} of {_value(assertion)}"
    verb = {Comparison.CONTAINS: "contains", Comparison.MATCHES: "matches"}.get(comparison, comparison.value)
    return f"{name} {never}{verb} {_value(assertion)}"


def _value(assertion: Assertion) -> str:
    value = assertion.value
    return value.text if value is not None else ", ".join(assertion.codes)
