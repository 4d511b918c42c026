"""One judge for each subject of an assertion: a pure look at an answer, whose finding ``assertions`` puts into words.

A judge may raise NotJson, NoValue, TooMuch or RecursionError where the answer cannot be looked into;
``assertions.hold`` turns each into a result that does not hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from fixloop_bot.domain.expectations.answers import Answer, path_of, printable
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.compiled import Uncompilable, plain_steps, regex
from fixloop_bot.domain.expectations.compiled import schema as compiled_schema
from fixloop_bot.domain.expectations.terms import (
    Literal,
    NoValue,
    as_decimal,
    as_text,
    filled,
    is_number,
    same,
    worth,
)
from fixloop_bot.domain.not_fooled.strangers import AS_BEFORE, another_service


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at the answer says. ``seen`` is the value itself, or a sentence if ``told``."""

    held: bool
    seen: object = ""
    expected: str = ""
    told: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything an assertion may look at."""

    answer: Answer
    values: Mapping[str, object]
    response_schema: str | None
    secrets: Sequence[str]

    def document(self) -> object:
        return self.answer.document()


BYTES_MATCHED = 8  # bytes that a regular expression is through with in a unit of effort
COMPARED = 5  # units of effort to compare two values


class Absent:
    """Nothing was found."""


ABSENT = Absent()


def _status(assertion: Assertion, look: Look) -> Finding:
    status = look.answer.response.status
    if assertion.value is not None:
        wanted = as_text(worth(assertion.value, look.answer, look.values)).lower()
        codes: tuple[str, ...] = tuple(part.strip() for part in wanted.strip("[]").split(","))
    else:
        codes = assertion.codes
    if assertion.comparison in _ORDERINGS:
        held = codes[0].isdecimal() and _ORDERINGS[assertion.comparison](status, int(codes[0]))
    else:
        held = any(covers(code, status) for code in codes) != assertion.negated
    return Finding(held=held, seen=status)


def covers(code: str, status: int) -> bool:
    """Whether ``200``, ``2xx`` or ``200-299`` covers a status."""
    if code.endswith("xx"):
        return str(status)[:1] == code[:1] and len(str(status)) == 3
    low, _, high = code.partition("-")
    if not low.isdecimal() or (high and not high.isdecimal()):
        return False
    return int(low) <= status <= int(high or low)


def _header(assertion: Assertion, look: Look) -> Finding:
    return _text(assertion, look, look.answer.header(assertion.name), folded=True)


def _cookie(assertion: Assertion, look: Look) -> Finding:
    return _text(assertion, look, look.answer.cookie(assertion.name))


def _text(assertion: Assertion, look: Look, text: str | None, *, folded: bool = False) -> Finding:
    """A header's or cookie's text; a missing one holds every negation, and nothing else."""
    if text is None:
        return Finding(held=assertion.negated, seen=ABSENT)
    held = _text_holds(assertion, look, text, folded=folded) != assertion.negated
    return Finding(held=held, seen=text)


def _text_holds(assertion: Assertion, look: Look, text: str, *, folded: bool) -> bool:
    match assertion.comparison:
        case Comparison.EXISTS:
            return True
        case Comparison.MATCHES:
            return _pattern(assertion, look).search(text) is not None
        case Comparison.IN:
            wanted = _worth(assertion, look)
            return isinstance(wanted, list) and text in [as_text(item) for item in wanted]
        case Comparison.CONTAINS:
            part = as_text(_worth(assertion, look))
            return part.casefold() in text.casefold() if folded else part in text
        case _:
            return text == as_text(_worth(assertion, look))


def _worth(assertion: Assertion, look: Look) -> object:
    return None if assertion.value is None else worth(assertion.value, look.answer, look.values)


def _pattern(assertion: Assertion, look: Look) -> Any:
    """The compiled pattern, with filled-in values taken literally."""
    if not isinstance(assertion.value, Literal):
        raise NoValue("no pattern")
    text = printable(as_text(filled(assertion.value.value, look.values, escape=_escaped)))
    try:
        return regex(text)
    except Uncompilable as error:
        raise NoValue(str(error)) from error


def _escaped(text: str) -> str:
    return str(re2.escape(printable(text)))


def _body(assertion: Assertion, look: Look) -> Finding:
    """The body as bytes in UTF-8, so that a megabyte is not decoded for a search."""
    body = look.answer.response.body
    match assertion.comparison:
        case Comparison.EXISTS:
            held = bool(body)
        case Comparison.MATCHES:
            look.answer.spend(len(body) // BYTES_MATCHED)
            held = _pattern(assertion, look).search(body) is not None
        case Comparison.CONTAINS:
            held = _bytes(_worth(assertion, look)) in body
        case Comparison.IN:
            wanted = _worth(assertion, look)
            held = isinstance(wanted, list) and body.strip() in [_bytes(item).strip() for item in wanted]
        case _:
            held = body.strip() == _bytes(_worth(assertion, look)).strip()
    return Finding(held=held != assertion.negated, seen=look.answer.text if body else "")


def _bytes(value: object) -> bytes:
    return as_text(value).encode("utf-8", "replace")


def _latency(assertion: Assertion, look: Look) -> Finding:
    latency = look.answer.response.latency_ms
    held = _ordered(assertion, latency, assertion.limit_ms)
    return Finding(held=held, told=True, seen=f"{latency:.0f} ms")


def _size(assertion: Assertion, look: Look) -> Finding:
    size = len(look.answer.response.body)
    return Finding(held=_ordered(assertion, size, _worth(assertion, look)), told=True, seen=f"{size} bytes")


def _sha256(assertion: Assertion, look: Look) -> Finding:
    digest = look.answer.sha256()
    held = (digest == as_text(_worth(assertion, look)).lower()) != assertion.negated
    return Finding(held=held, told=True, seen=digest)


def _redirect(assertion: Assertion, look: Look) -> Finding:
    location = look.answer.location
    if location is None:
        status = look.answer.response.status
        return Finding(held=assertion.negated, told=True, seen=f"not a redirect (status {status})")
    if assertion.comparison is not Comparison.TO:
        return _text(assertion, look, location)
    held = _leads_to(location, as_text(_worth(assertion, look)))
    return Finding(held=held != assertion.negated, seen=location)


def _leads_to(location: str, wanted: str) -> bool:
    """A path is met whatever the host, and whatever the query unless it names one; an address is met exactly."""
    if location == wanted:
        return True
    if not wanted.startswith("/") or wanted.startswith("//"):
        return False
    path, query = path_of(location)
    wanted_path, wanted_query = path_of(wanted)
    return path == wanted_path and (not wanted_query or query == wanted_query)


def _schema(assertion: Assertion, look: Look) -> Finding:
    text = look.response_schema if assertion.wants_openapi else assertion.schema
    if assertion.wants_before:
        return Finding(held=False, told=True, seen="not known from before")
    if text is None:
        return Finding(held=False, told=True, seen="not described by the OpenAPI document")
    try:
        schema = compiled_schema(text)
    except Uncompilable as error:
        return Finding(held=False, told=True, seen=f"not checked: {error}")
    answer = look.answer
    wrong = schema.wrong(answer.document(), values=answer.most_values, size=len(answer.response.body))
    if wrong is None:
        return Finding(held=True)
    if stranger := another_service(text, look.document()):
        return Finding(held=False, told=True, seen=stranger, expected=f"the {AS_BEFORE}", subject="body")
    place = "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in wrong.instance_path)
    return Finding(held=False, told=True, seen=f"wrong at {place}: {wrong.message}", expected="a fit", subject="body")


_ORDERINGS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.BELOW: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.ABOVE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}


def _ordered(assertion: Assertion, seen: object, wanted: object) -> bool:
    """Numbers by decimal value; anything that is no finite number is in no order."""
    if assertion.comparison not in _ORDERINGS:
        return same(seen, wanted) != assertion.negated
    if not is_number(seen) or not is_number(wanted):
        return False
    left, right = as_decimal(seen), as_decimal(wanted)
    return left.is_finite() and right.is_finite() and _ORDERINGS[assertion.comparison](left, right)


def _json(assertion: Assertion, look: Look) -> Finding:
    nodes = look.answer.found(assertion.path)
    if assertion.comparison is Comparison.EXISTS:
        return Finding(held=bool(nodes) != assertion.negated, seen=nodes[0] if nodes else ABSENT)
    several = plain_steps(assertion.path) is None
    if assertion.length:
        return _length(assertion, look, nodes, several=several)
    if not nodes:
        return Finding(held=False, seen=ABSENT)
    wanted = _json_wanted(assertion, look)
    if several and (assertion.comparison is Comparison.CONTAINS or isinstance(wanted, list)):
        nodes = nodes if assertion.comparison is Comparison.IN else [nodes]
    if several:
        look.answer.spend(COMPARED * len(nodes) * (len(wanted) if isinstance(wanted, list) else 1))
    for node in nodes:
        if _json_holds(assertion, node, wanted) == assertion.negated:
            return Finding(held=False, seen=node)
    return Finding(held=True)


def _json_wanted(assertion: Assertion, look: Look) -> Any:
    """What the values are compared with: computed once for all of them."""
    if assertion.comparison is Comparison.MATCHES:
        return _pattern(assertion, look)
    wanted = _worth(assertion, look)
    if assertion.comparison is Comparison.IN and not isinstance(wanted, list):
        raise NoValue("the list to look in is no list")
    return wanted


def _length(assertion: Assertion, look: Look, nodes: list[object], *, several: bool) -> Finding:
    """How many values a path finds that may find several; else how long the one value is."""
    if several:
        return Finding(held=_ordered(assertion, len(nodes), _worth(assertion, look)), seen=len(nodes))
    if not nodes or not isinstance(nodes[0], list | str | dict):
        seen = nodes[0] if nodes else ABSENT
        return Finding(held=False, seen=seen)
    length = len(nodes[0])
    return Finding(held=_ordered(assertion, length, _worth(assertion, look)), seen=length)


def _json_holds(assertion: Assertion, node: object, wanted: Any) -> bool:
    """Before any negation."""
    match assertion.comparison:
        case Comparison.MATCHES:
            return isinstance(node, str) and wanted.search(printable(node)) is not None
        case Comparison.IN:
            return any(same(node, item) for item in wanted)
        case Comparison.CONTAINS:
            return _contains(node, wanted)
        case Comparison.TYPE:
            return _is_type(node, str(wanted))
        case Comparison.EQUAL:
            return same(node, wanted)
        case _:
            return _ordered(assertion, node, wanted)


def _contains(node: object, wanted: object) -> bool:
    """A part of a text, an element of an array, a key of an object."""
    if isinstance(node, list):
        return any(same(item, wanted) for item in node)
    return isinstance(node, str | dict) and isinstance(wanted, str) and wanted in node


def _is_type(node: object, name: str) -> bool:
    if name == "number":
        return is_number(node)
    if name == "integer":
        return is_number(node) and as_decimal(node) == as_decimal(node).to_integral_value()
    if name == "null":
        return node is None
    return isinstance(node, {"text": str, "boolean": bool, "array": list, "object": dict}[name])


JUDGES: dict[Subject, Callable[[Assertion, Look], Finding]] = {
    Subject.STATUS: _status,
    Subject.HEADER: _header,
    Subject.COOKIE: _cookie,
    Subject.JSON: _json,
    Subject.SCHEMA: _schema,
    Subject.BODY: _body,
    Subject.LATENCY: _latency,
    Subject.SIZE: _size,
    Subject.SHA256: _sha256,
    Subject.REDIRECT: _redirect,
}
