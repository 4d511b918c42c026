"""Vetting of checks below and beside HTTP, and of log searches: targets, names, and what their answers can be asked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from fixloop_bot.domain.addresses import locate_name, locate_wire, name_servers
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import ExpectError, GateRefused
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.expectations.claim import Assertion, Subject
from fixloop_bot.domain.outgoing import check_message
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    LogsCheck,
    Request,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    WireCheck,
)
from fixloop_bot.domain.vetting.requests import MOST_EXPECTATIONS, line_breaches, opening_breaches

MOST_SERVERS = 10
DOCUMENTS = {
    "tls": ("host", "version", "cipher", "subject", "issuer", "names", "not_after", "days_left"),
    "dns": ("name", "record", "server", "answers", "ttl", "rcode"),
    "grpc": ("status", "grpc_status", "message"),
}
"""What the JSON document of each kind holds."""
RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT")

_ONLY_HTTP = frozenset({Subject.STATUS, Subject.HEADER, Subject.COOKIE, Subject.REDIRECT})
_ONLY_JSON = frozenset({Subject.JSON, Subject.SCHEMA})
_OF_A_MESSAGE = frozenset({Subject.JSON, Subject.SCHEMA, Subject.BODY, Subject.SIZE, Subject.SHA256})
_MEMBER = re.compile(r"\$(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[['\"]([^'\"\]]*)['\"]\])")
_GRPC_SERVICE = re.compile(r"[A-Za-z0-9_./-]{0,200}")
_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def wire_breaches(check: WireCheck, service: Service) -> Iterator[str]:
    """What is wrong with one check below or beside HTTP, in sentences without the step's number."""
    match check:
        case TlsCheck() | TcpCheck():
            yield from _target(check, service)
        case DnsCheck():
            yield from _dns(check, service)
        case GrpcCheck():
            yield from _target(check, service)
            if not _GRPC_SERVICE.fullmatch(check.service):
                yield "its gRPC service is no plain name; use one such as shop.Orders, or leave it empty."
        case WebsocketCheck():
            yield from _websocket(check, service)
            return
    yield from line_breaches(check.expect)
    yield from _lines(check)


def speaks_of_a_message(lines: tuple[Assertion, ...] | list[Assertion]) -> bool:
    """Whether any line looks at what came back, and not only at how fast or whether it did."""
    return any(line.subject in _OF_A_MESSAGE for line in lines)


def _refusal(look: Callable[[], object], advice: str) -> Iterator[str]:
    try:
        look()
    except GateRefused as refusal:
        yield f"{refusal} {advice}"


def _target(check: TlsCheck | TcpCheck | GrpcCheck, service: Service) -> Iterator[str]:
    yield from _refusal(
        lambda: locate_wire(service, check.target, tls=isinstance(check, TlsCheck)),
        "Use a target (host or host:port) that the catalog allows, or leave it empty for base_url's own.",
    )


def _dns(check: DnsCheck, service: Service) -> Iterator[str]:
    yield from _refusal(
        lambda: locate_name(service, check.name), "Use a name that the catalog allows, or leave it empty."
    )
    if check.record not in RECORDS:
        yield f"its record {str(check.record)[:20]!r} is unknown; use one of {', '.join(RECORDS)}."
    if len(check.servers) > MOST_SERVERS:
        yield f"it asks {len(check.servers)} name servers; use at most {MOST_SERVERS}."
        return
    yield from _refusal(
        lambda: name_servers(service, check.servers),
        "Use addresses of allow.name_servers, or leave servers out for all of them.",
    )


def _websocket(check: WebsocketCheck, service: Service) -> Iterator[str]:
    opening = Request(path=check.path, headers=check.headers, body=check.send)
    yield from opening_breaches(opening, check.expect, check.inputs, service)
    yield from _refusal(
        lambda: check_message(service, check), "Send nothing, or what a probe of the catalog sends on that path."
    )
    if not check.awaits_message and speaks_of_a_message(_readable(check.expect)):
        yield "its expectations look at a message, yet none is awaited; set awaits_message, or expect the status alone."


def _readable(lines: tuple[str, ...]) -> list[Assertion]:
    """The lines that can be read; about the others a sentence is said elsewhere."""
    found: list[Assertion] = []
    for line in lines[:MOST_EXPECTATIONS]:
        try:
            found.append(expect.parse(line))
        except ExpectError:
            continue
    return found


def _lines(check: TlsCheck | DnsCheck | TcpCheck | GrpcCheck) -> Iterator[str]:
    for line in _readable(check.expect):
        shown = line.source[:80]
        if line.subject in _ONLY_HTTP:
            yield f"a {check.kind} check has no {line.subject}, so {shown!r} never holds; {_instead(check.kind)}."
        elif isinstance(check, TcpCheck) and line.subject in _ONLY_JSON:
            yield f"a tcp check's answer is a banner and not JSON, so {shown!r} never holds; {_instead(check.kind)}."
        elif _SECRET.search(line.source):
            yield "an expectation names a secret (${…}), yet expectations are shown; compare with something else."
        elif line.names:
            yield f"{{{{{line.names[0][:40]}}}}} is not defined: a {check.kind} check has no inputs; write the value."
        else:
            yield from _member(check.kind, line)


def _instead(kind: str) -> str:
    members = DOCUMENTS.get(kind)
    if members is None:
        return "expect latency, or body for the banner"
    return f"expect latency, or json with {', '.join(f'$.{member}' for member in members)}"


def _member(kind: str, line: Assertion) -> Iterator[str]:
    """A path that begins with a member which the document never has: the line could never hold."""
    found = _MEMBER.match(line.path)
    name = (found[1] or found[2] or "") if found else ""
    if found and name not in DOCUMENTS.get(kind, (name,)):
        yield f"a {kind} check's answer has no {name[:40]!r}; {_instead(kind)}."


def logs_breaches(check: LogsCheck) -> Iterator[str]:
    """What is wrong with a log search's yardstick; its query is judged like any other query."""
    if (check.per_minute is None) == (check.times_before is None):
        yield "its log search needs exactly one yardstick; give either per_minute or times_before."
    if check.per_minute is not None and not 0 < check.per_minute < math.inf:
        yield "its per_minute is not a number above 0; give records a minute, such as 0.5."
    if check.times_before is not None and not 0 < check.times_before < math.inf:
        yield "its times_before is not a number above 0; give a factor such as 1.5."
