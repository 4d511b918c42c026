"""A step's check in the few words that an option of the checklist has room for."""

from __future__ import annotations

import re

from fixloop_bot.adapters.slack.blocks.text import shorten
from fixloop_bot.domain import expect
from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expect import Assertion, Comparison, Subject
from fixloop_bot.domain.expect_terms import Literal
from fixloop_bot.domain.figures import bound, measured_name, milliseconds, reading, unit_of
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, ManualCheck, MetricCheck, MonitorCheck, Step

_PLAIN_PATH = re.compile(r"\$\.[A-Za-z_][\w-]*(?:\[\*\])?(?:\.[A-Za-z_][\w-]*(?:\[\*\])?)*")
_SUM = re.compile(r"\bsum\(")
_ORDER = {
    Comparison.BELOW: "under",
    Comparison.AT_MOST: "at most",
    Comparison.ABOVE: "over",
    Comparison.AT_LEAST: "at least",
}


def what(step: Step, most: int = 200) -> str:
    """``POST /checkout → 200, total adds up`` in ``most`` characters; claims that do not fit whole are counted."""
    check = step.check
    match check:
        case HttpCheck():
            line = shorten(check.request.line(), max(12, most // 2))
            room = most - len(line) - 3
            return f"{line} → {fitting([claim(source) for source in check.expect] or ['2xx'], room)}"
        case JourneyCheck():
            return fitting([leg.request.line() for leg in check.legs], most, between=" → ", noun="step")
        case MetricCheck():
            return shorten(metric_claim(check), most)
        case MonitorCheck():
            return shorten(f"Datadog monitor {check.monitor_id} is OK", most)
        case ManualCheck():
            return shorten(check.instruction, most)


def fitting(claims: list[str], room: int, *, between: str = ", ", noun: str = "") -> str:
    """The first claims that fit whole, and how many more there are: ``200, total adds up, +2 more``."""
    for shown in range(len(claims), 0, -1):
        hidden = len(claims) - shown
        more = f"{between}+{hidden} {f'{noun}s' if noun and hidden > 1 else noun or 'more'}" if hidden else ""
        text = f"{between.join(claims[:shown])}{more}"
        if len(text) <= room:
            return text
    return f"{len(claims)} checks" if len(claims) > 1 else shorten(claims[0], max(8, room))


def metric_claim(check: MetricCheck) -> str:
    """``error share at most 2 %``, ``at most 400 ms``, ``at most 1.5 × the hour before``."""
    if check.limit is None:
        return f"metric {bound(check.healthy_when, f'{check.times_before or 1:g} × the hour before')}"
    unit = unit_of(check.query, check.limit)
    name = measured_name(check.query, check.limit).removeprefix("the ")
    return f"{name} {bound(check.healthy_when, reading(check.limit, unit))}"


def latency_limit(step: Step) -> str:
    """The limit that a step sets for a quantile of its latency, as ``400 ms``; empty where it sets none."""
    for source in step.check.expect if isinstance(step.check, HttpCheck) else ():
        assertion = _parsed(source)
        if assertion is not None and assertion.quantile is not None and assertion.limit_ms is not None:
            return milliseconds(assertion.limit_ms)
    return ""


def claim(source: str) -> str:
    """One ``expect`` line in words; as it is where it cannot be read."""
    assertion = _parsed(source)
    if assertion is None:
        return source
    match assertion.subject:
        case Subject.STATUS:
            return _status(assertion)
        case Subject.JSON:
            return _json(assertion)
        case Subject.SCHEMA:
            return "fits its schema"
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


def _parsed(source: str) -> Assertion | None:
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
