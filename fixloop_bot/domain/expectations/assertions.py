"""Holding assertions against an answer: what was expected, what was seen.

Nothing here raises, whatever the answer's bytes are: what cannot be looked at does not hold, and the result says why.
``implicit`` (rule of proof 4) belongs to it and lives in ``not_fooled``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from types import MappingProxyType

from fixloop_bot.domain.captures import captured, parse_capture
from fixloop_bot.domain.expectations.answers import Answer, NotJson, shown
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.compiled import json_path, plain_steps
from fixloop_bot.domain.expectations.compiled import schema as compiled_schema
from fixloop_bot.domain.expectations.effort import TooMuch
from fixloop_bot.domain.expectations.judges import JUDGES, Absent, Finding, Look
from fixloop_bot.domain.expectations.path_walk import price
from fixloop_bot.domain.expectations.terms import NUMBER, Literal, NoValue, as_decimal, found, paths_in, same, worth
from fixloop_bot.domain.not_fooled.answers import Wants, implicit
from fixloop_bot.domain.samples import AssertionResult, Response

__all__ = ["Wants", "captured", "effort", "failures", "glance", "hold", "hold_all", "implicit", "parse_capture"]

Glance = Callable[[Answer], bool]
OPENAPI = 5  # units for each value of an answer that a document's schema is held against
NOTHING: Mapping[str, object] = MappingProxyType({})


def hold(
    assertion: Assertion,
    response: Response,
    *,
    values: Mapping[str, object] = NOTHING,
    response_schema: str | None = None,
    secrets: Sequence[str] = (),
) -> AssertionResult:
    """Hold one assertion against one answer.

    ``values`` fills placeholders; ``response_schema`` is the OpenAPI document's schema of this answer as JSON text;
    ``secrets`` are masked in what the result shows. A quantile (``p95 < 400``) is held as a bound on this one answer;
    the step counts the breaches. ``seen`` and ``expected`` are filled in only where it does not hold.
    """
    look = Look(answer=Answer(response), values=values, response_schema=response_schema, secrets=secrets)
    return _held(assertion, look)


def hold_all(
    assertions: Iterable[Assertion],
    response: Response,
    *,
    values: Mapping[str, object] = NOTHING,
    response_schema: str | None = None,
    secrets: Sequence[str] = (),
) -> tuple[AssertionResult, ...]:
    """Hold several against the same answer, parsed once. Quantiles are left out: they are no claim on one answer."""
    look = Look(answer=Answer(response), values=values, response_schema=response_schema, secrets=secrets)
    return tuple(_held(assertion, look) for assertion in assertions if assertion.quantile is None)


def failures(
    assertions: Iterable[Assertion],
    response: Response,
    *,
    values: Mapping[str, object] = NOTHING,
    response_schema: str | None = None,
    secrets: Sequence[str] = (),
) -> list[AssertionResult]:
    """Those that do not hold, as ``hold_all`` says it; quantiles, held as bounds on this one answer, come last."""
    look = Look(answer=Answer(response), values=values, response_schema=response_schema, secrets=secrets)
    own: list[AssertionResult] = []
    bounds: list[AssertionResult] = []
    for assertion in assertions:
        finding = _looked(assertion, look)
        if not finding.held:
            (own if assertion.quantile is None else bounds).append(_failed(assertion, finding, look))
    return own + bounds


def glance(assertion: Assertion) -> Glance | None:
    """A quick look for the commonest lines, which only ever says yes: then the line holds. None where there is none.

    Where it says no, ``hold`` has to look. It raises nothing.
    """
    if assertion.comparison is not Comparison.EQUAL or assertion.negated or assertion.length:
        return None
    value = assertion.value
    if assertion.subject is Subject.STATUS and value is None and assertion.codes[0].isdecimal():
        status = int(assertion.codes[0])
        return lambda answer: answer.response.status == status
    if assertion.subject is Subject.JSON and isinstance(value, Literal) and not isinstance(value.value, list | dict):
        if value.names or plain_steps(assertion.path) is None:
            return None
        return partial(_glance_at_json, assertion.path, _as_parsed(value.value))
    return None


def _as_parsed(wanted: object) -> object:
    """A decimal as the float that an answer's JSON has in its place, where there is one: they compare faster."""
    if isinstance(wanted, Decimal) and as_decimal(float(wanted)) == wanted:
        return float(wanted)
    return wanted


def _glance_at_json(path: str, wanted: object, answer: Answer) -> bool:
    try:
        nodes = found(path, answer.document())
    except NotJson:
        return False
    return len(nodes) == 1 and same(nodes[0], wanted)


def effort(assertion: Assertion, answer: Answer) -> int:
    """Units of ``Effort`` that holding a line against this answer takes, about, without looking into it."""
    units = _matched(assertion) * len(answer.response.body)
    if assertion.subject not in _INTO_JSON or _is_plain(assertion):
        return units
    return units + _for_each(assertion) * answer.most_values


def _is_plain(assertion: Assertion) -> bool:
    """The commonest by far: one place in the answer, and no other to compare it with."""
    value = assertion.value
    return (
        bool(assertion.path)
        and (value is None or isinstance(value, Literal))
        and plain_steps(assertion.path) is not None
    )


_INTO_JSON = (Subject.JSON, Subject.SCHEMA)


def _matched(assertion: Assertion) -> int:
    """Units for each byte: RE2 takes up to 0.7 µs with a bad pattern."""
    return 3 if assertion.comparison is Comparison.MATCHES and assertion.subject in (Subject.BODY, Subject.JSON) else 0


@lru_cache(maxsize=1024)
def _for_each(assertion: Assertion) -> int:
    """Units for each value."""
    if assertion.subject is Subject.SCHEMA:
        return compiled_schema(assertion.schema).units if assertion.schema else OPENAPI
    paths = [path for path in (assertion.path, *paths_in(assertion.value)) if plain_steps(path) is None]
    return sum(price(json_path(path)) + NUMBER for path in paths)


def _held(assertion: Assertion, look: Look) -> AssertionResult:
    finding = _looked(assertion, look)
    if finding.held:
        return AssertionResult(source=assertion.source, held=True, subject=_subject(assertion))
    return _failed(assertion, finding, look)


def _failed(assertion: Assertion, finding: Finding, look: Look) -> AssertionResult:
    seen, name = finding.seen, _subject(assertion)
    return AssertionResult(
        source=assertion.source,
        held=False,
        seen=_plain(str(seen), look) if finding.told else _shown_seen(seen, look, name),
        expected=finding.expected or _expected(assertion, look),
        subject=finding.subject or _subject(assertion),
    )


def _looked(assertion: Assertion, look: Look) -> Finding:
    """The finding, also where the answer cannot be looked into."""
    try:
        return JUDGES[assertion.subject](assertion, look)
    except NotJson:
        wanted = f"JSON with {_subject(assertion)}" if assertion.path else "JSON"
        seen = "not JSON" if look.answer.response.body else "empty"
        return Finding(held=False, told=True, seen=seen, expected=wanted, subject="body")
    except NoValue as nothing:
        return Finding(held=False, told=True, seen=f"not comparable: {nothing}")
    except TooMuch as too_much:
        return Finding(held=False, told=True, seen=f"not looked at: {too_much}")
    except RecursionError:
        return Finding(held=False, told=True, seen="nested too deeply to look into")


def _subject(assertion: Assertion) -> str:
    if assertion.subject is Subject.JSON:
        return f"{assertion.path} length" if assertion.length else assertion.path
    return f"{assertion.subject} {assertion.name}" if assertion.name else str(assertion.subject)


def _shown_seen(seen: object, look: Look, name: str) -> str:
    return "" if isinstance(seen, Absent) else shown(seen, look.secrets, name=name)


def _plain(sentence: str, look: Look) -> str:
    """A sentence of ours that may quote the answer, masked and cut like any value."""
    return shown(sentence, look.secrets).removeprefix('"').removesuffix('"')


_PHRASES: dict[Comparison, tuple[str, str]] = {
    Comparison.EQUAL: ("{}", "anything but {}"),
    Comparison.BELOW: ("< {}", ""),
    Comparison.AT_MOST: ("<= {}", ""),
    Comparison.ABOVE: ("> {}", ""),
    Comparison.AT_LEAST: (">= {}", ""),
    Comparison.IN: ("one of {}", "none of {}"),
    Comparison.CONTAINS: ("to contain {}", "not to contain {}"),
    Comparison.MATCHES: ("a match of {}", "no match of {}"),
    Comparison.EXISTS: ("a value", "nothing"),
    Comparison.TYPE: ("a value of type {}", "no value of type {}"),
    Comparison.TO: ("a redirect to {}", "no redirect to {}"),
    Comparison.FITS: ("a fit with the schema", ""),
}


def _expected(assertion: Assertion, look: Look) -> str:
    phrase = _PHRASES[assertion.comparison][assertion.negated]
    return _plain(phrase.replace("{}", _wanted(assertion, look)), look)


def _wanted(assertion: Assertion, look: Look) -> str:
    """The right-hand side as a person reads it: filled in, and an arithmetic term with its worth."""
    if assertion.limit_ms is not None:
        return f"{assertion.limit_ms:g} ms"
    if assertion.value is None:
        return ", ".join(assertion.codes)
    if isinstance(assertion.value, Literal) and not assertion.value.names:
        return assertion.value.text
    try:
        value = shown(worth(assertion.value, look.answer, look.values), look.secrets, name=assertion.path)
    except (NoValue, NotJson, TooMuch, RecursionError):
        return assertion.value.text
    return value if isinstance(assertion.value, Literal) else f"{value} ({assertion.value.text})"
