"""A name server on loopback: scripted answers over UDP, and over TCP on the same port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Reply = Callable[[dns.message.Message], bytes | None]


@dataclass
class NameServer:
    """``zone`` maps (name, record) to its records as in a zone file; what it lacks is NXDOMAIN."""

    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    rcode: dns.rcode.Rcode | None = None
    truncates: bool = False
    raw: Reply | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def reply(self, wire: bytes, *, by_stream: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(f"{'tcp' if by_stream else 'udp'} {name}")
        if self.raw is not None:
            return self.raw(query)
        answer = dns.message.make_response(query)
        if self.truncates and not by_stream:
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        self._fill(answer, name, question.rdtype.name)
        return answer.to_wire()

    def _fill(self, answer: dns.message.Message, name: str, record: str) -> None:
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
            return
        if not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        while (alias := self.zone.get((name, "CNAME"))) and record != "CNAME":
            answer.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", "CNAME", *alias))
            name = alias[0].removesuffix(".")
        if found := self.zone.get((name, record)):
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", record, *found))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wire = self._server.reply(data, by_stream=False)
        if wire is not None:
            self._transport.sendto(wire, addr)


@asynccontextmanager
async def naming(server: NameServer) -> AsyncIterator[NameServer]:
    """The server on a free port of 127.0.0.1, the same one for UDP and TCP."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        wire = server.reply(await reader.readexactly(length), by_stream=True) or b""
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        writer.close()

    streams = await asyncio.start_server(speak, "127.0.0.1", 0)
    server.port = streams.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(server), local_addr=("127.0.0.1", server.port), family=socket.AF_INET
    )
    try:
        yield server
    finally:
        transport.close()
        streams.close()
