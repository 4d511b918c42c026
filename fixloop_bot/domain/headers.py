"""Which headers a check may send. A short list, because a header can turn a request into another one (SAFETY)."""

from __future__ import annotations

import re
from collections.abc import Collection

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import GateRefused

_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
LONGEST_VALUE = 4_000

_PLAIN_NAMES = """
    accept accept-language baggage cache-control content-language content-type idempotency-key if-match
    if-modified-since if-none-match if-unmodified-since origin pragma prefer range referer traceparent
    tracestate x-api-version x-correlation-id x-csrf-token x-idempotency-key x-request-id x-requested-with
    x-tenant x-tenant-id
"""
# These say where a request goes, where it ends or who sends it: never from a plan, not even from a secret.
_STRUCTURAL_NAMES = """
    accept-encoding cf-connecting-ip connection content-length expect forwarded host http2-settings keep-alive
    te trailer transfer-encoding true-client-ip upgrade user-agent via x-client-ip x-host x-http-method
    x-http-method-override x-method-override x-original-host x-original-url x-real-ip x-rewrite-url
"""
HARMLESS = frozenset(_PLAIN_NAMES.split())
_STRUCTURAL = frozenset(_STRUCTURAL_NAMES.split())
_STRUCTURAL_PREFIXES = ("proxy-", "x-forwarded-", "sec-")


def check_header(service: Service, name: str, value: str, *, captured: Collection[str] = ()) -> None:
    """Raise GateRefused unless a plan may send this header; ``value`` still has its variables.

    Allowed: a fixed list of harmless names; any other name whose value comes from one of the service's secrets or from
    an answer of this journey (the names in ``captured``: how a journey logs in); a header that the team itself wrote
    into one of the service's probes. Never those that steer or frame the request.
    """
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise GateRefused("A header's name has a character that is not allowed there.")
    if lower in _STRUCTURAL or lower.startswith(_STRUCTURAL_PREFIXES):
        raise GateRefused(f"A check may not set the header {lower}.")
    if not (lower in HARMLESS or _by_reference(value, captured) or _in_a_probe(service, lower, value)):
        raise GateRefused(f"A check may set the header {lower} only from a secret (${{NAME}}) or a captured value.")
    check_header_value(lower, value)


def check_header_value(name: str, value: str) -> None:
    """Raise GateRefused if a filled value could end its line or is far too long."""
    if len(value) > LONGEST_VALUE:
        raise GateRefused(f"The value of the header {name} is longer than {LONGEST_VALUE:,} characters.")
    if not all(0x20 <= ord(character) <= 0x7E or character == "\t" for character in value):
        raise GateRefused(f"The value of the header {name} has a control or non-ASCII character.")


def _by_reference(value: str, captured: Collection[str]) -> bool:
    return _SECRET.search(value) is not None or any(name in captured for name in VARIABLE.findall(value))


def _in_a_probe(service: Service, lower: str, value: str) -> bool:
    return any(
        header.lower() == lower and text == value for probe in service.probes for header, text in probe.request.headers
    )
