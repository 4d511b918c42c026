"""Connections: which are kept, which are dropped, and whose fault a lost one is."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop

from fixloop_bot.adapters.http import transport as http_transport
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.lag import LagMeter
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.samples import FaultKind, Outcome
from tests.adapters.probing import Bench, Dials, Names, prober_with, service_at
from tests.adapters.targets import Speak, answering, speaking

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]"


class Server:
    """Answers with the given bytes, one after the other, also over one connection; ``None`` closes it."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.closed = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while (answer := await self._next(reader)) is not None:
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()
            self.closed.set()

    async def _next(self, reader: asyncio.StreamReader) -> bytes | None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError:
            return None
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def against(speak: Speak, *, total_s: float = 5.0) -> AsyncIterator[tuple[Bench, Dials]]:
    dials = Dials()
    async with speaking(speak) as port:
        prober = prober_with(Guard(open_socket=dials, total_s=total_s))
        yield Bench(prober, service_at(port)), dials
        await prober.aclose()


async def test_a_kept_connection_is_used_again() -> None:
    """Samples that need no fresh connection share one."""
    server = Server(OK)
    async with against(server) as (bench, dials):
        for _ in range(5):
            assert (await bench.send("/", fresh=False)).outcome is Outcome.PASSED
    assert (server.connections, len(server.requests), len(dials.addresses)) == (1, 5, 1)


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not what():
            await asyncio.sleep(0)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_the_server_closed_is_nobodys_failure(method: str) -> None:
    """It is ours that is stale: another is dialled before anything is sent, and the request goes out once."""
    server = Server(OK)
    async with against(server) as (bench, dials):
        request = Request(method=method, path="/echo")
        assert (await bench.send(request, fresh=False)).outcome is Outcome.PASSED
        server.writers[0].get_extra_info("socket").shutdown(socket.SHUT_WR)
        # Nothing is awaited in between, so that our event loop cannot have noticed yet.
        assert (await bench.send(request, fresh=False)).outcome is Outcome.PASSED
    assert (len(server.requests), len(dials.addresses)) == (2, 2)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_closes_on_a_request_is_the_services_failure(method: str) -> None:
    """Once the request is out, a lost connection is a lost request, and it is not sent again: the fault would hide."""
    server = Server(OK, None)
    async with against(server) as (bench, dials):
        request = Request(method=method, path="/echo")
        assert (await bench.send(request, fresh=False)).outcome is Outcome.PASSED
        sample = await bench.send(request, fresh=False)
    assert sample.outcome is Outcome.FAILED
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.RESET
    assert (len(server.requests), len(dials.addresses)) == (2, 1)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
    ],
    ids=["a second answer", "close", "HTTP/1.0"],
)
async def test_some_connections_are_not_kept(answer: bytes) -> None:
    """What is left on a connection never becomes the answer to the next request."""
    server = Server(answer)
    async with against(server) as (bench, dials):
        for _ in range(3):
            assert (await bench.send("/", 'body == "[1]"', fresh=False)).outcome is Outcome.PASSED
    assert len(dials.addresses) == 3


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"garbage"])
async def test_bytes_that_come_while_nobody_asks_spoil_a_connection(more: bytes) -> None:
    """A late second answer is dropped together with its connection."""
    server = Server(OK)
    async with against(server) as (bench, dials):
        await bench.send("/", fresh=False)
        server.writers[0].write(more)
        assert (await bench.send("/", 'body == "[1]"', fresh=False)).outcome is Outcome.PASSED
    assert len(dials.addresses) == 2


async def test_an_idle_connection_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed before servers do, without anybody asking."""
    monkeypatch.setattr(http_transport, "KEEP_ALIVE_S", 0.05)
    server = Server(OK)
    async with against(server) as (bench, dials):
        await bench.send("/", fresh=False)
        async with asyncio.timeout(5):
            await server.closed.wait()
        assert (await bench.send("/", fresh=False)).outcome is Outcome.PASSED
    assert len(dials.addresses) == 2


async def test_a_slow_drip_meets_the_total_limit() -> None:
    """A body that always brings one more byte does not hold a probe for longer than its limit."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.005)

    async with against(drip, total_s=0.2) as (bench, _):
        started = time.monotonic()
        sample = await bench.send("/")
        assert time.monotonic() - started < 2
    assert (sample.outcome, sample.status) == (Outcome.FAILED, 200)
    assert sample.fault is not None
    assert (sample.fault.kind, sample.fault.detail) == (FaultKind.TIMEOUT, "the answer did not end")


async def test_a_body_that_ends_with_its_connection_is_whole() -> None:
    """Without a length, closing is the end; a reset is none."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"{")
        await writer.drain()
        await arrived.wait()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    arrived = asyncio.Event()
    async with against(answering(head + b'{"a": 1}')) as (bench, _):
        assert (await bench.send("/", "json $.a == 1")).outcome is Outcome.PASSED
    async with against(reset) as (bench, _), asyncio.TaskGroup() as group:
        asking = group.create_task(bench.send("/"))
        asyncio.get_running_loop().call_later(0.05, arrived.set)
        sample = await asking
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.TRUNCATED


async def test_a_flood_of_headers_is_no_http_answer() -> None:
    """It is the server's failure, and its bytes are not held."""
    async with against(answering(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000)) as (bench, _):
        sample = await bench.send("/")
    assert sample.outcome is Outcome.FAILED
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.PROTOCOL


async def test_an_injected_name_does_not_share_connections_with_another_policy() -> None:
    """One origin, two services: each dials for itself."""
    server = Server(OK)
    dials = Dials()
    async with speaking(server) as port:
        prober = prober_with(Guard(resolve=Names(["127.0.0.1"]), open_socket=dials))
        for networks in (("127.0.0.0/8",), ("127.0.0.1/32",), ("127.0.0.0/8",)):
            await Bench(prober, service_at(port, host="shop.example.com", networks=networks)).send("/", fresh=False)
        await prober.aclose()
    assert len(dials.addresses) == 2


async def test_our_own_slowness_is_told() -> None:
    """A loop that stood still while a request was under way is no slow service; one that ran leaves no mark."""

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asyncio.get_running_loop().call_later(0.03, writer.write, OK)

    async with against(slow) as (bench, _):
        quiet = await bench.send("/")
        asyncio.get_running_loop().call_later(0.015, time.sleep, 0.2)
        blocked = await bench.send("/")
    assert blocked.lag_ms > 100 > quiet.lag_ms
    assert blocked.latency_ms is not None
    assert blocked.latency_ms >= blocked.lag_ms - 50


async def test_a_loop_that_never_came_round_is_late_too() -> None:
    """The answer may be read before the tick that would have told; the tick that is due counts all the same."""
    meter = LagMeter()
    started = time.perf_counter()
    meter.begin()
    time.sleep(0.1)
    assert 50 < meter.end(started) < 2_000
    await asyncio.sleep(0.03)
    meter.begin()
    assert meter.end(time.perf_counter()) < 50


async def _cancelled_while_dialling() -> int:
    """How many connections are left after many probes that were cancelled in one of their first turns."""

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with speaking(quiet) as port:
        prober, service = prober_with(Guard()), service_at(port)
        check = HttpCheck(request=Request(path="/"), expect=("status == 200",))
        for turns in range(150):
            probing = asyncio.create_task(prober.sample(service, check, number=1, fresh=True), name="probe")
            for _ in range(turns % 7):
                await asyncio.sleep(0)
            probing.cancel()
            await asyncio.wait({probing})
        for _ in range(100):
            await asyncio.sleep(0)
        left = prober.connections
        async with asyncio.timeout(5):
            await prober.aclose()
    return left


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_probe_that_is_cancelled_while_it_dials_leaves_nothing_open(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A step that is decided cancels what is under way, on whatever loop the process runs."""
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(_cancelled_while_dialling()) == 0
