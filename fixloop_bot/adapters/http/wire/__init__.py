"""Checks below and beside HTTP: a certificate, a name server's answer, a banner, gRPC health, a websocket's message.

Every probe yields a ``Response``, whose body is a JSON document about what was seen (the message of a websocket, the
banner of a TCP server), so that one grammar of expectations speaks about all of them. Nothing is sent twice, each
probe opens its own connection through the guard, and nothing waits longer than ``TOTAL_S``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fixloop_bot.adapters.http.faults import fault_of
from fixloop_bot.adapters.http.guard import TOTAL_S, Guard
from fixloop_bot.adapters.http.wire.dns import look_at_dns
from fixloop_bot.adapters.http.wire.grpc import look_at_grpc
from fixloop_bot.adapters.http.wire.seen import ProbeFault, Seen
from fixloop_bot.adapters.http.wire.tcp import look_at_tcp
from fixloop_bot.adapters.http.wire.tls import look_at_tls
from fixloop_bot.adapters.http.wire.websocket import look_at_websocket
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.filling import Values
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, TcpCheck, TlsCheck, WebsocketCheck, WireCheck

__all__ = ["ProbeFault", "Seen", "described", "look"]


async def look(
    guard: Guard,
    service: Service,
    check: WireCheck,
    *,
    number: int,
    fresh: bool,
    named: Mapping[str, object],
    secrets: Mapping[str, str | None],
    replica: str | None = None,
    total_s: float = TOTAL_S,
) -> Seen:
    """Send the check once, as the ``number``-th sample (name servers take turns by it).

    ``replica`` is dialled in the place of the origin's own address (not for dns). Raises ProbeFault with what prevented
    an answer; BadInput (GateRefused, Unfilled) where nothing may be sent, and Halted while all traffic is. ``fresh``
    changes nothing: these checks never reuse a connection.
    """
    try:
        with guard.switch.under_way():
            async with asyncio.timeout(total_s):
                return await _seen(guard, service, check, number, Values(named, secrets), replica)
    except OSError as error:  # TimeoutError is one
        raise ProbeFault(fault_of(error)) from error


async def _seen(
    guard: Guard, service: Service, check: WireCheck, number: int, values: Values, replica: str | None
) -> Seen:
    match check:
        case TlsCheck():
            return await look_at_tls(guard, service, check, replica)
        case DnsCheck():
            return await look_at_dns(service, check, number)
        case TcpCheck():
            return await look_at_tcp(guard, service, check, replica)
        case GrpcCheck():
            return await look_at_grpc(guard, service, check, replica)
        case WebsocketCheck():
            return await look_at_websocket(guard, service, check, values, replica)


def described(check: WireCheck) -> str:
    """The check as it was written, in a line, where nothing was sent that ``Seen`` could speak of."""
    match check:
        case TlsCheck() | TcpCheck():
            return f"{check.kind.upper()} {check.target}".strip()
        case DnsCheck():
            return f"DNS {check.record} {check.name}".strip()
        case GrpcCheck():
            return f"gRPC health {check.target} {check.service}".strip()
        case WebsocketCheck():
            return f"WebSocket {check.path}"
