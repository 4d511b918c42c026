"""A stream over a connection that the guard has made, and its end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fixloop_bot import __version__
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire.seen import Stopwatch
from fixloop_bot.domain.catalog import Origin, Service

USER_AGENT = f"FixLoop/{__version__}"
CHUNK = 65_536
PORTION = 2_048  # bytes of frames that are parsed at once, so that a flood of empty ones keeps nobody waiting
MOST_FRAMES = 1_000  # of one answer, of a websocket or HTTP/2
FAREWELL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """``address`` is who was dialled; ``connect_ms`` and ``handshake_ms`` how long connecting and TLS took."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str
    connect_ms: float
    handshake_ms: float

    async def read(self, most: int = CHUNK) -> bytes:
        """What has come, at most so many bytes; empty at the end. Where more may be there, others have a turn first."""
        found = await self.reader.read(most)
        if len(found) == most:
            await asyncio.sleep(0)
        return found

    async def write(self, data: bytes) -> None:
        """Send, and wait while the other side does not read. A lost connection is met by reading what came before."""
        if data:
            self.writer.write(data)
            with suppress(OSError):
                await self.writer.drain()

    @property
    def tls(self) -> ssl.SSLObject | None:
        found = self.writer.get_extra_info("ssl_object")
        return found if isinstance(found, ssl.SSLObject) else None


@asynccontextmanager
async def opened(
    guard: Guard, service: Service, origin: Origin, *, tls: ssl.SSLContext | None = None, replica: str | None = None
) -> AsyncIterator[Stream]:
    """A connection through the gate, with TLS for the origin's name where a context is given; raises OSError.

    A replica stands only for the service's own address, which is the caller's to know.
    """
    connecting = Stopwatch()
    connected = await guard.connect(service, origin.host, origin.port, replica=replica)
    connect_ms, shaking = connecting.read_ms(), Stopwatch()
    reader, writer = await asyncio.open_connection(
        sock=connected.socket, ssl=tls, server_hostname=origin.host if tls is not None else None
    )
    handshake_ms = shaking.read_ms()
    try:
        yield Stream(
            reader=reader,
            writer=writer,
            address=connected.address,
            connect_ms=connect_ms,
            handshake_ms=handshake_ms,
        )
    finally:
        await _dropped(writer)


async def _dropped(writer: asyncio.StreamWriter) -> None:
    """Nobody is owed a farewell: what was to be seen has been seen."""
    writer.transport.abort()
    with suppress(OSError):
        async with asyncio.timeout(FAREWELL_S):
            await writer.wait_closed()
