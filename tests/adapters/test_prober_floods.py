"""Servers that speak too early, or in too many pieces: they neither fool a probe nor keep anybody else waiting."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time

import pytest

from fixloop_bot.adapters.http.bodies import Body
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.domain.samples import FaultKind, Outcome
from tests.adapters.probing import Bench, prober_with, service_at
from tests.adapters.targets import answering, speaking

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Connected(socket.socket):
    """Connected already, so that the other end can speak before anybody asks."""

    def connect(self, address: object) -> None:
        return


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_what_is_said_before_the_question_is_no_answer(hangs_up: bool) -> None:
    """A whole answer that waits on a fresh connection was made for nobody; the request is not even sent."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(OK)
        if hangs_up:
            theirs.shutdown(socket.SHUT_WR)
        prober = prober_with(Guard(open_socket=lambda address: quiet(Connected(fileno=ours.detach()))))
        sample = await Bench(prober, service_at(80)).send("/", "status == 200")
        await prober.aclose()
        assert prober.connections == 0
        with pytest.raises(ConnectionResetError):  # no request came before the end
            theirs.recv(100)
    assert (sample.outcome, sample.status) == (Outcome.FAILED, None)
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.PROTOCOL


def quiet(opened: socket.socket) -> socket.socket:
    opened.setblocking(False)
    return opened


async def test_an_answer_in_a_million_pieces_keeps_nobody_waiting() -> None:
    """It is read whole, and yet the loop has turns between: none takes long, by the processor's clock."""
    pieces = b"1\r\nx\r\n" * 800_000
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    turns: list[float] = []

    async def watch() -> None:
        while True:
            started = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - started)

    prober = prober_with(Guard())
    async with speaking(answering(raw)) as port:
        watching = asyncio.create_task(watch(), name="watch")
        sample = await Bench(prober, service_at(port)).send("/", "size == 800000")
        watching.cancel()
        await asyncio.wait([watching])
        await prober.aclose()
    assert (sample.outcome, sample.fault) == (Outcome.PASSED, None)
    assert sorted(turns)[-5] < 0.010  # but for a few, in which the answer is judged and garbage collected


async def test_what_follows_the_end_of_an_encoding_costs_nothing() -> None:
    """It is ignored, and not copied once more with each piece that comes (which would take a minute here)."""
    body = Body("gzip")
    body.add(gzip.compress(b"hello"))
    started = time.process_time()
    for _ in range(900_000):
        body.add(b"x")
    assert time.process_time() - started < 5
    assert body.end() == b"hello"
