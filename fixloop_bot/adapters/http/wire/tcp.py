"""A TCP connection, and the banner of a server that greets."""

from __future__ import annotations

import asyncio

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire.seen import Seen
from fixloop_bot.adapters.http.wire.streams import CHUNK, Stream, opened
from fixloop_bot.adapters.http.wire.tls import authority
from fixloop_bot.domain.addresses import locate_wire
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.plans import TcpCheck
from fixloop_bot.domain.samples import Response
from fixloop_bot.domain.vetting.wire import speaks_of_a_message

GREETING_S = 2.0


async def look_at_tcp(guard: Guard, service: Service, check: TcpCheck, replica: str | None) -> Seen:
    """Latency is connecting, the name's lookup included. Without a banner within 2 s the body is empty."""
    origin = locate_wire(service, check.target)
    wants_banner = speaks_of_a_message([expect.parse(line) for line in check.expect])
    async with opened(guard, service, origin, replica=replica) as stream:
        banner = await _banner(stream) if wants_banner else b""
        response = Response(status=0, body=banner, latency_ms=stream.connect_ms, address=stream.address)
    return Seen(line=f"TCP {authority(origin)}", response=response)


async def _banner(stream: Stream) -> bytes:
    """The first bytes, up to the end of their line if that comes in time, and within 64 KB."""
    found = b""
    try:
        async with asyncio.timeout(GREETING_S) as patience:
            while b"\n" not in found and len(found) < CHUNK and (more := await stream.read()):
                found += more
                patience.reschedule(min(patience.when() or 0.0, asyncio.get_running_loop().time() + 0.1))
    except TimeoutError:
        pass
    return found
