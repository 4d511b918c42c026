"""Which headers a check may send. A short list, because a header can turn a request into another one."""

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
# These frame a request or its connection, which is ours to do: never, not even from a probe.
_FRAMING_NAMES = """
    accept-encoding connection content-length expect host http2-settings keep-alive te trailer trailers
    transfer-encoding upgrade user-agent
"""
# These say who sends a request, where it goes or what it means: only what a probe of the team's says, word for word.
_STEERING_NAMES = """
    alt-used client-ip content-encoding content-location destination forwarded remote-user surrogate-control via
    x-host x-method-override x-real-ip x-url-scheme x-user x-wap-profile
"""
# The usual names of credentials, for a secret or a captured value that is the whole of it.
_CREDENTIAL_NAMES = """
    api-key apikey authorization csrf-token x-access-token x-api-key x-apikey x-auth-token x-session x-session-id
    x-session-token x-token x-xsrf-token
"""
# What every hop writes into its log or passes on: no place for a secret.
_LOGGED = frozenset(["baggage", "origin", "referer", "traceparent", "tracestate", "x-correlation-id", "x-request-id"])
HARMLESS = frozenset(_PLAIN_NAMES.split())
_FRAMING = frozenset(_FRAMING_NAMES.split())
_FRAMING_PREFIXES = ("proxy-", "sec-")
_STEERING = frozenset(_STEERING_NAMES.split())
_STEERING_PREFIXES = (
    "cf-", "x-accel-", "x-amzn-", "x-auth-request-", "x-envoy-", "x-forwarded", "x-goog-", "x-http-", "x-middleware-",
    "x-ms-client-principal", "x-original-", "x-remote-", "x-rewrite-", "x-webauth-",
)  # fmt: skip
_CREDENTIALS = frozenset(_CREDENTIAL_NAMES.split())
_REFERENCE = r"(?:\$\{[A-Za-z_][A-Za-z0-9_]*\}|\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\})"
_WHOLE = re.compile(rf"(?:(?i:Bearer|Token|Basic|ApiKey|Key) )?{_REFERENCE}")
_COOKIE = re.compile(rf"[A-Za-z0-9_.-]+={_REFERENCE}")


def check_header(service: Service, name: str, value: str, *, captured: Collection[str] = ()) -> None:
    """Raise GateRefused unless a plan may send this header; ``value`` still has its variables.

    Allowed: what the team itself wrote into one of the service's probes; a fixed list of harmless names; a credential
    whose whole value, a scheme such as ``Bearer`` before it, is one of the service's secrets or was captured in this
    journey (``captured``: how a journey logs in), under a usual name, a probe's, or as one cookie. Never those that
    frame the request, and what steers it only from a probe: a secret would not make it true.
    """
    lower = name.lower()
    if not _NAME.fullmatch(name):
        raise GateRefused("A header's name has a character that is not allowed there.")
    if lower in _FRAMING or lower.startswith(_FRAMING_PREFIXES):
        raise GateRefused(f"A check may not set the header {lower}.")
    if not _in_a_probe(service, lower, value):
        _check_own(service, lower, value, captured)
    check_header_value(lower, value)


def _check_own(service: Service, lower: str, value: str, captured: Collection[str]) -> None:
    """A header that no probe of the team's has in these words."""
    if "_" in lower or _steers(lower):
        raise GateRefused(f"A check may set the header {lower} only as a probe of the catalog does.")
    if lower in HARMLESS:
        if _SECRET.search(value) and (lower in _LOGGED or not _WHOLE.fullmatch(value)):
            raise GateRefused(f"A secret may not stand in the header {lower}, or not with anything beside it.")
        return
    named = any(header.lower() == lower for probe in service.probes for header, _ in probe.request.headers)
    if lower != "cookie" and lower not in _CREDENTIALS and not named:
        raise GateRefused(
            f"A check may set the header {lower} only as a probe of the catalog does; "
            "a secret (${NAME}) or a captured value goes into a usual header such as authorization."
        )
    found = (_COOKIE if lower == "cookie" else _WHOLE).fullmatch(value)
    if found is None or (found[1] is not None and found[1] not in captured):
        example = "name=${NAME}" if lower == "cookie" else "Bearer ${NAME}"
        raise GateRefused(
            f"A check may set the header {lower} only from a secret (${{NAME}}) or a captured value, "
            f"as the whole value, such as {example}."
        )


def _steers(lower: str) -> bool:
    return lower in _STEERING or lower.startswith(_STEERING_PREFIXES) or "client-ip" in lower


def check_header_value(name: str, value: str) -> None:
    """Raise GateRefused if a filled value could end its line or is far too long."""
    if len(value) > LONGEST_VALUE:
        raise GateRefused(f"The value of the header {name} is longer than {LONGEST_VALUE:,} characters.")
    if not all(0x20 <= ord(character) <= 0x7E or character == "\t" for character in value):
        raise GateRefused(f"The value of the header {name} has a control or non-ASCII character.")


def _in_a_probe(service: Service, lower: str, value: str) -> bool:
    return any(
        header.lower() == lower and text == value for probe in service.probes for header, text in probe.request.headers
    )
