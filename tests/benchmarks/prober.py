"""How much the gate, the assertions and the evidence cost on top of bare aiohttp.

``python -m tests.benchmarks.prober`` sends 2,000 checks at concurrency 20 to a loopback server in another process,
in turns with bare aiohttp (which asserts the same status and JSON field), and prints the medians and their ratio.
``--slow`` asks a server that takes 20 ms, and prints the added latency.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import cast

import aiohttp
import orjson
import uvloop

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.domain.catalog import Allow, Origin, Service
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.samples import Outcome

CHECKS, CONCURRENCY, ROUNDS, SLOW_S = 2_000, 20, 5, 0.020
BODY = orjson.dumps({"id": 1, "total": 19.99, "items": [{"sku": f"A{n}", "price": 1.5 * n} for n in range(20)]})
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
Send = Callable[[int], Awaitable[None]]


class _Answering(asyncio.Protocol):
    """Answers every request head with the same bytes, at once or after 20 ms."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, ANSWER)


async def _serve(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(delay), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _bare(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as answer:
        document = orjson.loads(await answer.read())
        assert answer.status == 200
        assert document["total"] == 19.99


async def _timed(send: Send) -> tuple[float, float, list[float]]:
    """Wall seconds, CPU seconds and the latency of each of CHECKS calls, CONCURRENCY at a time."""
    numbers, latencies = iter(range(1, CHECKS + 1)), []

    async def worker() -> None:
        for number in numbers:
            started = time.perf_counter()
            await send(number)
            latencies.append(time.perf_counter() - started)

    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(worker(), name="worker")
    return time.perf_counter() - wall, time.process_time() - cpu, latencies


class _Clock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _compare(port: int, slow: bool) -> None:
    base = f"http://127.0.0.1:{port}"
    service = Service(name="shop", base_url=base, allow=Allow(origins=(Origin.of(base),)))
    check = HttpCheck(request=Request(path="/checkout?id=7"), expect=("status == 200", "json $.total == 19.99"))
    prober = HttpProber(guard=Guard(), clock=_Clock(), secrets=lambda _: None)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def pooled(number: int) -> None:
        assert (await prober.sample(service, check, number=number, fresh=False)).outcome is Outcome.PASSED

    async def fresh(number: int) -> None:
        assert (await prober.sample(service, check, number=number, fresh=True)).outcome is Outcome.PASSED

    clients: dict[str, Send] = {
        "bare aiohttp": lambda _: _bare(session, base + "/checkout?id=7"),
        "prober, pooled": pooled,
        "prober, fresh": fresh,
    }
    results: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, send in clients.items():
            results[name].append(await _timed(send))
    await prober.aclose()
    await session.close()
    _print(results, slow)


def _print(results: dict[str, list[tuple[float, float, list[float]]]], slow: bool) -> None:
    reference = statistics.median(wall for wall, _, _ in results["bare aiohttp"])
    for name, rounds in results.items():
        wall = statistics.median(wall for wall, _, _ in rounds)
        cpu = statistics.median(cpu for _, cpu, _ in rounds) / CHECKS * 1e6
        line = f"{name:16} {CHECKS / wall:7,.0f}/s   {reference / wall:5.2f} × bare   {cpu:4.0f} µs CPU a check"
        if slow:
            added = sorted(latency - SLOW_S for _, _, latencies in rounds for latency in latencies)
            line += f"   +{added[len(added) // 2] * 1e3:.1f} ms p50   +{added[len(added) * 99 // 100] * 1e3:.1f} ms p99"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        uvloop.run(_serve(SLOW_S if arguments.slow else 0.0))
        return
    command = [sys.executable, "-m", "tests.benchmarks.prober", "--serve", *(["--slow"] if arguments.slow else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        uvloop.run(_compare(int(server.stdout.readline()), arguments.slow))
        assert server.stdin is not None
        server.stdin.close()


if __name__ == "__main__":
    main()
