"""A step's check in the few words that an option of the checklist has room for."""

from __future__ import annotations

from collections.abc import Iterable

from fixloop_bot.adapters.slack.blocks.claims import claim, document_claim, parsed
from fixloop_bot.adapters.slack.blocks.text import shorten
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.figures import bound, measured_name, milliseconds, per_minute, reading, times_before, unit_of
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Request,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    WireCheck,
)
from fixloop_bot.domain.tried import claim_in_words, line_in_words, tried_in

_ALWAYS = {"tls": "trusted", "tcp": "accepts", "websocket": "opens"}
"""What a check below HTTP claims even without an expectation."""


def what(step: Step, most: int = 200, *, service: Service | None = None) -> str:
    """``POST /checkout → 200, total adds up`` in ``most`` characters; claims that do not fit whole are counted.

    With ``service`` a check of its own address is shown with that address.
    """
    check = step.check
    match check:
        case HttpCheck():
            return _arrow(request_line(check, check.request), claims_of(check, check.expect) or ["2xx"], most)
        case JourneyCheck():
            lines = [request_line(check, leg.request) for leg in check.legs]
            return fitting(lines, most, between=" → ", noun="step")
        case MetricCheck():
            return shorten(metric_claim(check), most)
        case MonitorCheck():
            return shorten(f"Datadog monitor {check.monitor_id} is OK", most)
        case LogsCheck():
            return _arrow(f"logs {_quoted(shorten(check.query, max(10, most // 3)))}", [logs_claim(check)], most)
        case ManualCheck():
            return shorten(check.instruction, most)
        case _:
            return _arrow(_wire_line(check, _own_host(service)), _wire_claims(check), most)


def request_line(check: HttpCheck | JourneyCheck, request: Request) -> str:
    """``GET /products/A1 +2 more``; the plan's file and its editor have the placeholder."""
    return line_in_words(request.line(), tried_in(check.inputs), check.inputs)


def claims_of(check: HttpCheck | JourneyCheck, lines: Iterable[str]) -> list[str]:
    """Lines of ``expect`` in words, with the values that are tried."""
    tried = tried_in(check.inputs)
    return [claim_in_words(claim(source), tried) for source in lines]


def _quoted(query: str) -> str:
    """In quotes, unless it has its own."""
    return query if '"' in query else f'"{query}"'


def _arrow(line: str, claims: list[str], most: int) -> str:
    shown = shorten(line, max(12, most // 2))
    return f"{shown} → {fitting(claims, most - len(shown) - 3)}"


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
        return f"metric {bound(check.healthy_when, times_before(check.times_before or 1))}"
    unit = unit_of(check.query, check.limit)
    name = measured_name(check.query, check.limit).removeprefix("the ")
    return f"{name} {bound(check.healthy_when, reading(check.limit, unit))}"


def logs_claim(check: LogsCheck) -> str:
    """``at most 3 a minute``, ``at most 2 × the hour before``."""
    limit = check.per_minute
    return f"at most {per_minute(limit) if limit is not None else times_before(check.times_before or 1)}"


def latency_limit(step: Step) -> str:
    """The limit that a step sets for a quantile of its latency, as ``400 ms``; empty where it sets none."""
    for source in _expectations(step.check):
        assertion = parsed(source)
        if assertion is not None and assertion.quantile is not None and assertion.limit_ms is not None:
            return milliseconds(assertion.limit_ms)
    return ""


def _expectations(check: Check) -> tuple[str, ...]:
    match check:
        case JourneyCheck():
            return tuple(line for leg in check.legs for line in leg.expect)
        case MetricCheck() | MonitorCheck() | LogsCheck() | ManualCheck():
            return ()
        case _:
            return check.expect


def _wire_line(check: WireCheck, own: str) -> str:
    """What is asked: ``TLS checkout.example.com``, ``DNS A db.example.com at 10.0.0.2``, ``gRPC health orders``."""
    match check:
        case TlsCheck():
            words = ["TLS", check.target or own]
        case DnsCheck():
            servers = f"at {check.servers[0]}" if len(check.servers) == 1 else f"at {len(check.servers)} name servers"
            words = ["DNS", check.record, check.name or own, servers if check.servers else ""]
        case TcpCheck():
            words = ["TCP", check.target or own]
        case GrpcCheck():
            words = ["gRPC health", check.service, f"at {check.target}" if check.target and check.service else ""]
            words[1] = words[1] or check.target or own
        case WebsocketCheck():
            words = ["WebSocket", line_in_words(check.path, tried_in(check.inputs), check.inputs)]
    return " ".join(word for word in words if word)


def _wire_claims(check: WireCheck) -> list[str]:
    """What it must find, first what the handshake itself proves: ``trusted, at least 14 days left``."""
    claims = document_claims(check)
    first = _ALWAYS.get(check.kind, "")
    if isinstance(check, WebsocketCheck) and check.awaits_message and (claims or check.send is not None):
        first = "" if claims else "answers"
    if isinstance(check, TcpCheck) and any(each.startswith("greets") for each in claims):
        first = ""
    return [first, *claims] if first else claims or ["answers"]


def document_claims(check: WireCheck) -> list[str]:
    """Lines of ``expect`` about the document or the message of a check below HTTP, in words."""
    tried = tried_in(check.inputs) if isinstance(check, WebsocketCheck) else {}
    return [claim_in_words(document_claim(check.kind, source), tried) for source in check.expect]


def _own_host(service: Service | None) -> str:
    if service is None or service.base_url is None:
        return ""
    try:
        return Origin.of(service.base_url).host
    except ValueError:
        return ""
