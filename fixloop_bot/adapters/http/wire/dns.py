"""One question to one name server, over UDP, and over TCP where the answer was too long for that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from fixloop_bot.adapters.http.faults import fault_of
from fixloop_bot.adapters.http.guard import NotConnected, joined
from fixloop_bot.adapters.http.wire.seen import Seen, Stopwatch, document, prevented
from fixloop_bot.domain.addresses import DNS_PORT, check_name_server, locate_name, name_servers
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.plans import DnsCheck
from fixloop_bot.domain.samples import FaultKind

ANSWER_S = 5.0  # as long as the C library waits for a name server before it asks another
LARGEST_DATAGRAM = 65_535
MOST_DATAGRAMS = 64  # forgeries that are looked at before the server's own answer

Server = tuple[str, int]


def system_servers() -> Sequence[Server]:
    """The name servers that this machine is set up with; none where it is not."""
    try:
        resolver = dns.resolver.Resolver()
    except dns.exception.DNSException:
        return ()
    return [(str(address), resolver.port) for address in resolver.nameservers]


async def look_at_dns(
    service: Service, check: DnsCheck, number: int, system: Callable[[], Sequence[Server]] = system_servers
) -> Seen:
    """Ask the server whose turn it is; latency is the query's.

    A listed server that is silent is evidence against it; the silence of this machine's own says nothing.
    """
    name = locate_name(service, check.name)
    listed = name_servers(service, check.servers)
    servers = listed or _usable(system())
    address, port = servers[(number - 1) % len(servers)]
    query = dns.message.make_query(name, check.record, use_edns=0)
    server = address if port == DNS_PORT else joined(address, port)
    watch = Stopwatch()
    try:
        async with asyncio.timeout(ANSWER_S):
            answer = await _answer(query, address, port)
        latency_ms = watch.read_ms()
        seen = _document(name, check.record, server, answer)
    except OSError as error:
        if listed:  # whose trouble it is, since the check names only what it asks for
            fault = fault_of(error)
            raise prevented(fault.kind, fault.detail or f"name server {server}") from error
        raise prevented(FaultKind.NAME_NOT_FOUND, f"no answer from this machine's name server {address}") from error
    except dns.exception.DNSException:
        raise prevented(FaultKind.PROTOCOL, "not a DNS answer") from None
    response = document(seen, latency_ms=latency_ms, address=joined(address, port))
    return Seen(line=f"DNS {check.record} {name} @{server}", response=response)


def _usable(servers: Sequence[Server]) -> Sequence[Server]:
    """Those that may be asked; raises GateRefused if none may, and ProbeFault if there is none."""
    if not servers:
        raise prevented(FaultKind.NAME_NOT_FOUND, "this machine has no name server")
    refusals: list[GateRefused] = []
    usable: list[Server] = []
    for address, port in servers:
        try:
            check_name_server(address)
        except GateRefused as refusal:
            refusals.append(refusal)
        else:
            usable.append((address, port))
    if not usable:
        raise refusals[0]
    return usable


async def _answer(query: dns.message.Message, address: str, port: int) -> dns.message.QueryMessage:
    """Raises OSError, or DNSException for what is no answer."""
    answer = await _by_datagram(query, address, port)
    return await _by_stream(query, address, port) if answer.flags & dns.flags.TC else answer


async def _by_datagram(query: dns.message.Message, address: str, port: int) -> dns.message.QueryMessage:
    """A datagram with another id, or of another question, is somebody's forgery: the real one may still come.

    Raises ProbeFault where forgeries do not end.
    """
    wire = query.to_wire()
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.setblocking(False)
            asked.connect((address, port))  # from here on the kernel drops what others send
            await loop.sock_sendall(asked, wire)
            for _ in range(MOST_DATAGRAMS):
                found = await loop.sock_recv(asked, LARGEST_DATAGRAM)
                if found[:2] == wire[:2] and query.is_response(answer := _parsed(found)):
                    return answer
                await asyncio.sleep(0)  # receiving what is there already gives nobody else a turn
    except OSError as error:
        raise NotConnected(error.errno, error.strerror) from error
    raise prevented(FaultKind.PROTOCOL, f"{MOST_DATAGRAMS} datagrams, none of them the answer")


async def _by_stream(query: dns.message.Message, address: str, port: int) -> dns.message.QueryMessage:
    """RFC 7766: each message after its length in two bytes."""
    try:
        reader, writer = await asyncio.open_connection(address, port)  # an address: nothing is resolved
    except OSError as error:
        raise NotConnected(error.errno, error.strerror) from error
    try:
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = _parsed(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        raise prevented(FaultKind.RESET) from None
    finally:
        writer.transport.abort()
    if not query.is_response(answer):
        raise prevented(FaultKind.PROTOCOL, "the answer to another question")
    return answer


def _parsed(wire: bytes) -> dns.message.QueryMessage:
    answer = dns.message.from_wire(wire, ignore_trailing=True)
    if not isinstance(answer, dns.message.QueryMessage):
        raise prevented(FaultKind.PROTOCOL, "not a DNS answer")
    return answer


def _document(name: str, record: str, server: str, answer: dns.message.QueryMessage) -> dict[str, object]:
    """``answers`` are in alphabetical order, lest servers that shuffle them differ; names have no dot at their end.

    Raises DNSException for an answer that contradicts itself.
    """
    rcode = answer.rcode()
    chain = answer.resolve_chaining() if rcode == dns.rcode.NOERROR else None
    found = chain.answer if chain is not None else None
    return {
        "name": name,
        "record": record,
        "server": server,
        "answers": sorted(_text(each) for each in found) if found is not None else [],
        "ttl": chain.minimum_ttl if chain is not None and found is not None else None,
        "rcode": dns.rcode.to_text(rcode),
    }


def _text(data: dns.rdata.Rdata) -> str:
    if isinstance(data, TXT):
        return b"".join(data.strings).decode("utf-8", "replace")
    return data.to_text().removesuffix(".")
