"""Vetting of what a step sends: its addresses, headers, bodies, placeholders, secrets and expectations."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Never

from fixloop_bot.domain.addresses import vet_template
from fixloop_bot.domain.captures import parse_capture
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import ExpectError, GateRefused
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.headers import check_header
from fixloop_bot.domain.outgoing import check_body, check_written_secrets
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from fixloop_bot.domain.vetting.clear_text import clear_text_breaches

MOST_LEGS = 5
MOST_INPUTS = 50
MOST_EXPECTATIONS = 20
MOST_HEADERS = 20
LARGEST_BODY = 65_536
LONGEST_INPUT = 4_096

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")  # wider than a name, so that a misspelt one is told
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def http_breaches(check: HttpCheck, service: Service) -> Iterator[str]:
    """What is wrong with one request and its expectations, in sentences without the step's number."""
    yield from _inputs(check.inputs)
    yield from _leg(Leg(request=check.request, expect=check.expect), service, _names(check.inputs))
    yield from clear_text_breaches((check.request,), check.inputs, service)


def journey_breaches(check: JourneyCheck, service: Service) -> Iterator[str]:
    """The same for requests in order, where a later one may use what an earlier one has captured."""
    if not 1 <= len(check.legs) <= MOST_LEGS:
        yield f"its journey has {len(check.legs)} requests; use 1 to {MOST_LEGS}."
    yield from _inputs(check.inputs)
    known, captured = _names(check.inputs), frozenset[str]()
    for leg in check.legs[:MOST_LEGS]:
        yield from _leg(leg, service, known, captured)
        yield from _captures(leg)
        captured = captured | {name for name, _ in leg.capture}
        known = known | captured
    yield from clear_text_breaches([leg.request for leg in check.legs[:MOST_LEGS]], check.inputs, service)


def opening_breaches(request: Request, lines: tuple[str, ...], inputs: tuple[str, ...], service: Service) -> list[str]:
    """The same for a request that opens something and need not expect anything: a websocket's handshake."""
    leg = Leg(request=request, expect=lines)
    found = [*_inputs(inputs), *_request(request, service, ()), *line_breaches(lines)]
    written_out = clear_text_breaches((request,), inputs, service)
    return [*found, *_secrets(leg, service), *_placeholders(leg, _names(inputs)), *written_out]


def _leg(leg: Leg, service: Service, known: Collection[str], captured: Collection[str] = ()) -> Iterator[str]:
    yield from _request(leg.request, service, captured)
    try:
        check_body(leg.request)
    except GateRefused as refusal:
        yield f"{refusal} Leave the body out, or use a method that has one."
    if not leg.expect:
        yield f'{leg.request.line()[:80]} expects nothing; add lines to expect, such as "status == 200".'
    yield from line_breaches(leg.expect)
    yield from _secrets(leg, service)
    yield from _placeholders(leg, known)


def _request(request: Request, service: Service, captured: Collection[str]) -> Iterator[str]:
    try:
        vet_template(service, method=request.method, where=request.path)
    except GateRefused as refusal:
        yield f"{refusal} Use a method and a path that the catalog allows."
    if len(request.headers) > MOST_HEADERS:
        yield f"it sets {len(request.headers)} headers; use at most {MOST_HEADERS}."
    for name, value in request.headers[:MOST_HEADERS]:
        try:
            check_header(service, name, value, captured=captured)
        except GateRefused as refusal:
            yield f"{refusal} Leave that header out."
    yield from _body(request)


def _body(request: Request) -> Iterator[str]:
    if request.json_body is not None and request.body is not None:
        yield "it has both a JSON body and a plain one; keep one."
    for body in (request.json_body, request.body):
        if body is not None and len(body.encode("utf-8", "replace")) > LARGEST_BODY:
            yield f"its body is over {LARGEST_BODY // 1024} KB; send a smaller one."
            return
    if request.json_body is not None and not _is_json(request.json_body):
        yield "its JSON body is not valid JSON; correct it."


def _is_json(text: str) -> bool:
    """As it stands, or with its bare placeholders (``{"qty": {{qty}}}``) filled by a number."""
    return _parsed(text) is not _INVALID or _parsed(_PLACEHOLDER.sub("0", text)) is not _INVALID


_INVALID = object()


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _INVALID


def line_breaches(lines: tuple[str, ...]) -> Iterator[str]:
    """What cannot be read of the expectations about one answer."""
    if len(lines) > MOST_EXPECTATIONS:
        yield f"it has {len(lines)} expectations for one request; keep the {MOST_EXPECTATIONS} that matter."
    for line in lines[:MOST_EXPECTATIONS]:
        try:
            claim = expect.parse(line)
        except ExpectError as error:
            yield f"an expectation cannot be read: {str(error)[:400]}; correct it."
        else:
            if claim.wants_openapi:
                yield "its answer is not described by the OpenAPI document; write the schema, or expect something else."
            if claim.wants_before:
                yield "nothing is known of its answer before, so leave `shape as before` out or write a schema."


def _captures(leg: Leg) -> Iterator[str]:
    if len(leg.capture) > MOST_EXPECTATIONS:
        yield f"it captures {len(leg.capture)} values from one answer; use at most {MOST_EXPECTATIONS}."
    for name, source in leg.capture[:MOST_EXPECTATIONS]:
        if not _NAME.fullmatch(name):
            yield f"it captures {name[:40]!r}; use a name of letters, digits, _, - and .."
        try:
            parse_capture(source)
        except ExpectError:
            yield (
                f"it captures {name[:40]} from {source[:80]!r}, which cannot be read; "
                'write "json $.id", "header location" or "cookie session".'
            )


def strictest_quantile(expectations: tuple[str, ...]) -> float | None:
    """The highest latency quantile that the lines claim, in 0…1; None where they claim none. Raises ExpectError."""
    quantiles = [quantile for line in expectations if (quantile := expect.parse(line).quantile) is not None]
    return max(quantiles, default=None)


def _texts(request: Request) -> Iterator[str]:
    yield request.path
    yield from (text for header in request.headers for text in header)
    yield request.json_body or ""
    yield request.body or ""


def _secrets(leg: Leg, service: Service) -> Iterator[str]:
    known = dict(service.secrets)
    for name in sorted({name for text in _texts(leg.request) for name in _SECRET.findall(text)} - known.keys()):
        listed = ", ".join(f"${{{each}}}" for each in list(known)[:10]) or "none"
        yield f"${{{name[:40]}}} is not a secret of the catalog ({listed}); use one of those or leave it out."
    try:
        check_written_secrets(service, leg.request)
    except GateRefused as refusal:
        yield f"{refusal} Leave the secret out, or ask {service.name} itself."
    if any(_SECRET.search(line) for line in leg.expect):
        yield "an expectation names a secret (${…}), yet expectations are shown; compare with something else."


def _placeholders(leg: Leg, known: Collection[str]) -> Iterator[str]:
    used = {name for text in (*_texts(leg.request), *leg.expect) for name in _PLACEHOLDER.findall(text)}
    for name in sorted(name for name in used if name not in known)[:MOST_EXPECTATIONS]:
        yield f"{{{{{name[:40]}}}}} is not defined; add it to every input or capture it from an earlier request."


def _names(inputs: tuple[str, ...]) -> frozenset[str]:
    """The names that every input defines."""
    objects = [parsed for text in inputs[:MOST_INPUTS] if isinstance(parsed := _parsed(text), dict)]
    return frozenset.intersection(*(frozenset(each) for each in objects)) if objects else frozenset()


def _inputs(inputs: tuple[str, ...]) -> Iterator[str]:
    if len(inputs) > MOST_INPUTS:
        yield f"it has {len(inputs)} inputs; keep at most {MOST_INPUTS}."
    for position, text in enumerate(inputs[:MOST_INPUTS], start=1):
        if len(text) > LONGEST_INPUT or not isinstance(_parsed(text), dict):
            yield f'input {position} is no JSON object of at most {LONGEST_INPUT:,} characters; write {{"sku": "A1"}}.'
