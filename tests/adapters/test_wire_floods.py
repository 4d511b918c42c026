"""Servers that never stop, below HTTP: each ends in a fault soon, and keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import pytest

from fixloop_bot.adapters.http.bodies import LARGEST_BODY
from fixloop_bot.adapters.http.wire import ProbeFault, websocket
from fixloop_bot.adapters.http.wire.dns import MOST_DATAGRAMS
from fixloop_bot.adapters.http.wire.streams import CHUNK, MOST_FRAMES, PORTION
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, TcpCheck, WebsocketCheck, WireCheck
from fixloop_bot.domain.samples import Fault, FaultKind
from tests.adapters.targets import Speak, answering, speaking
from tests.adapters.wire_bench import HOST, WireBench, service_at

TALK = WebsocketCheck(path="/live", send="ping")


class Turns:
    """Counts the turns that somebody else had in this loop."""

    def __init__(self) -> None:
        self.count = 0

    async def __aenter__(self) -> Turns:
        self._task = asyncio.create_task(self._run(), name="somebody else")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


async def fault(bench: WireBench, check: WireCheck) -> Fault:
    with pytest.raises(ProbeFault) as caught:
        await bench.look(check)
    return caught.value.fault


# ── websockets ────────────────────────────────────────────────────────────────────────────────────────────────────────


def talking(*parts: bytes) -> Speak:
    """A good handshake, then these bytes; what the client sends meanwhile is not read."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(line[19:] for line in head.splitlines() if line.lower().startswith(b"sec-websocket-key"))
        proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n" + b"".join(parts))
        await writer.drain()
        await asyncio.Event().wait()

    return speak


@pytest.mark.parametrize(
    "flood",
    [
        b"\x8a\x00" * 5_000,
        (b"\x89\x7d" + b"p" * 125) * 5_000,
        b"\x01\x00" + b"\x00\x00" * 5_000,
        b"\x01\x00" + b"\x00\x01x" * 5_000 + b"\x80\x00",
    ],
    ids=["empty pongs", "pings", "empty fragments", "a message byte by byte"],
)
async def test_a_flood_of_frames_is_no_message(flood: bytes) -> None:
    """A thousand frames without a whole message are enough."""
    async with speaking(talking(flood)) as port:
        met = await fault(WireBench(service_at(port, writes=("/live",))), TALK)
    assert met == Fault(kind=FaultKind.PROTOCOL, detail=f"over {MOST_FRAMES:,} frames and no whole message")


async def test_a_message_in_some_frames_is_read() -> None:
    """Fragments with pings between them, fewer than a flood."""
    whole = b"\x01\x00" + b"\x00\x01x\x89\x00" * (MOST_FRAMES // 2 - 1) + b"\x80\x00"
    async with speaking(talking(whole)) as port:
        seen = await WireBench(service_at(port, writes=("/live",))).look(TALK)
    assert seen.response.body == b"x" * (MOST_FRAMES // 2 - 1)


async def test_a_large_message_is_taken_in_portions() -> None:
    """A megabyte that is there already is not parsed in one go: others have their turns between."""
    size = LARGEST_BODY - 1
    async with speaking(talking(b"\x82\x7f" + size.to_bytes(8, "big") + bytes(size))) as port, Turns() as turns:
        seen = await WireBench(service_at(port, writes=("/live",))).look(TALK)
    assert len(seen.response.body) == size
    assert turns.count > size // PORTION


async def test_a_refused_handshake_does_not_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in all is limited, also where the limit of a body would be far off: six bytes for one of it."""
    monkeypatch.setattr(websocket, "MOST_BYTES", 100_000)
    head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with speaking(answering(head + b"1\r\nx\r\n" * 20_000)) as port:
        assert await WireBench(service_at(port, writes=("/live",))).fault(TALK) is FaultKind.TOO_LARGE


# ── HTTP/2 ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
PING = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"


@pytest.mark.parametrize("frame", [SETTINGS, PING], ids=["settings", "pings"])
async def test_a_flood_of_http2_frames_is_no_answer(frame: bytes) -> None:
    """Each would be answered by a frame of ours."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SETTINGS + frame * 3_000)
        while await reader.read(CHUNK):
            pass

    async with speaking(speak) as port:
        met = await fault(WireBench(service_at(port)), GrpcCheck())
    assert met.kind is FaultKind.PROTOCOL
    assert f"over {MOST_FRAMES:,} frames" in met.detail


# ── datagrams and banners ─────────────────────────────────────────────────────────────────────────────────────────────


class _Forger(asyncio.DatagramProtocol):
    """Answers with the id of another question so many times, and then rightly."""

    def __init__(self, forgeries: int) -> None:
        self._forgeries = forgeries

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = dns.message.make_response(dns.message.from_wire(data)).to_wire()
        for wire in [bytes([answer[0] ^ 1]) + answer[1:]] * self._forgeries + [answer]:
            self._transport.sendto(wire, addr)


@asynccontextmanager
async def forging(forgeries: int) -> AsyncIterator[WireBench]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Forger(forgeries), local_addr=("127.0.0.1", 0))
    try:
        yield WireBench(service_at(443, name_servers=(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}",)))
    finally:
        transport.close()


async def test_a_flood_of_datagrams_ends_the_question() -> None:
    """Those that are no answer are looked at one a turn, and not without end."""
    async with forging(MOST_DATAGRAMS * 2) as bench, Turns() as turns:
        met = await fault(bench, DnsCheck())
    assert met == Fault(kind=FaultKind.PROTOCOL, detail=f"{MOST_DATAGRAMS} datagrams, none of them the answer")
    assert turns.count >= MOST_DATAGRAMS


async def test_the_answer_behind_some_forgeries_is_found() -> None:
    """One who guesses does not keep the real answer away."""
    async with forging(MOST_DATAGRAMS - 1) as bench:
        assert (await bench.document(DnsCheck()))["name"] == HOST


async def test_a_banner_without_an_end_is_cut_off() -> None:
    """The first 64 KB tell enough."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * CHUNK)
            await writer.drain()

    async with speaking(speak) as port:
        seen = await WireBench(service_at(port)).look(TcpCheck(expect=("size > 0",)))
    assert CHUNK <= len(seen.response.body) < 2 * CHUNK
