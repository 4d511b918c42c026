"""A network of one machine: names have scripted answers, every dial is written down, and nothing leaves the process.

A dial to an address that ``homes`` knows reaches a server on loopback instead (and still looks like that address to
who dialled); any other dial is refused at once, as by a closed port. Works for whatever dials through Python's
sockets: aiohttp, httpx, requests, and asyncio's own loop (not uvloop's, which has none of its own here).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

Place = tuple[str, int]
_REAL_CONNECT, _REAL_NAMES, _REAL_PEER = socket.socket.connect, socket.getaddrinfo, socket.socket.getpeername


@dataclass
class SealedNetwork:
    """``names`` maps a host to its answers in turn; ``homes`` maps an address and port to a real port on loopback."""

    names: Mapping[str, Sequence[Sequence[str]]]
    homes: dict[Place, int] = field(default_factory=dict)
    dials: list[Place] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    _posing: WeakKeyDictionary[socket.socket, Place] = field(default_factory=WeakKeyDictionary)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Begin a new attempt: no dials, every name at its first answer."""
        self.dials, self.asked = [], {}

    async def resolve(self, host: str) -> list[str]:
        """The next answer for a name, in the words of a resolver; raises OSError where it has none."""
        return list(self.answer(host))

    def answer(self, host: str) -> Sequence[str]:
        answers = self.names.get(host.lower()) or self.names.get(host.lower().rstrip("."))
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "name not known")
        with self._lock:
            turn = self.asked[host] = self.asked.get(host, -1) + 1
        return answers[turn % len(answers)]

    @contextlib.contextmanager
    def sealed(self) -> Iterator[None]:
        """Inside, this is the only network there is."""
        network = self

        def connect(plain: socket.socket, address: Any) -> None:
            network._dial(plain, address)

        def getpeername(plain: socket.socket) -> Any:
            return network._posing.get(plain) or _REAL_PEER(plain)

        def sendto(plain: socket.socket, data: bytes, *rest: Any) -> int:
            network._dial(plain, rest[-1])
            return len(data)

        with (
            mock.patch.object(socket.socket, "connect", connect),
            mock.patch.object(socket.socket, "connect_ex", connect),
            mock.patch.object(socket.socket, "getpeername", getpeername),
            mock.patch.object(socket.socket, "sendto", sendto),
            mock.patch.object(socket, "getaddrinfo", self._getaddrinfo),
        ):
            yield

    def _dial(self, plain: socket.socket, address: Any) -> None:
        if plain.family not in (socket.AF_INET, socket.AF_INET6):
            _REAL_CONNECT(plain, address)
            return
        place = (str(address[0]), int(address[1]))
        self.dials.append(place)
        port = self.homes.get(place)
        if port is None or plain.family != socket.AF_INET:
            raise ConnectionRefusedError(111, "Connection refused")
        self._posing[plain] = place
        _REAL_CONNECT(plain, ("127.0.0.1", port))

    def _getaddrinfo(self, host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        """Numbers are read as the real resolver reads them; names have their scripted answers."""
        text = host.decode("ascii") if isinstance(host, bytes) else host
        with contextlib.suppress(socket.gaierror):
            return _REAL_NAMES(text, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        found = []
        for address in self.answer(text):
            found += _REAL_NAMES(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return found


def inside(address: str) -> bool:
    """Whether no public service can be there: loopback, private, link-local, metadata, reserved, or a way to one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    if isinstance(found, ipaddress.IPv6Address):
        within = _within(found)
        if within is not None:
            found = within
    return not found.is_global or found.is_multicast or str(found) == "168.63.129.16"


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a NAT64 gateway, 6to4 relay or dual-stack kernel makes of this one."""
    nat64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
    if any(address in network for network in nat64) or address in ipaddress.ip_network("::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


async def serve(answer: Any) -> asyncio.Server:
    """A server on a free port of loopback; ``answer`` makes the bytes of an answer from a request's head."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            writer.write(answer(await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
        writer.close()

    return await asyncio.start_server(speak, "127.0.0.1", 0)
