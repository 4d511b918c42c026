"""The copilot's speed: ``python -m tests.benchmarks.copilot [--answers 10]``.

The whole bot against the sandbox, a model on loopback that thinks first: reply to first visible status, and visible
token to first streamed word. Then the use case alone, its model in another process: processor time of an answer. Then
what large answers of Datadog do to the event loop. Each stands beside the figure to reach; bounded, loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fixloop_bot.adapters.datadog.client import DatadogTelemetry
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot import readings
from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from fixloop_bot.sandbox.stage import reproduced
from fixloop_bot.sandbox.world import World, world
from tests.adapters.minimax_endpoint import (
    KEY,
    Endpoint,
    SwiftClock,
    body,
    end,
    endpoint,
    refused,
    streamed,
    thoughts,
    words,
)
from tests.copilot.asking import ask, embedded_store
from tests.copilot.cases import read_cases
from tests.copilot.worlds import WORLDS

STATUS_S, WORD_S, CPU_S, BLOCKED_S = 1.0, 0.3, 0.05, 0.05
SENTENCE = "I do not know which customer it is."
POINTS, LINES, PAGE_OF_LINES = 90_000, 200_000, 25_000
WAIT_S = 30.0


async def until(holds: Callable[[], bool]) -> float:
    """The moment at which something is so."""
    deadline = time.perf_counter() + WAIT_S
    while not holds():
        if time.perf_counter() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.001)
    return time.perf_counter()


async def in_slack(answers: int) -> tuple[list[float], list[float]]:
    """Seconds from a reply to its first status, and from the model's first visible token to its first word in Slack."""
    async with endpoint() as served:
        served.script = [body(refused(1008, "no plan from this one"))]
        async with open_world(served.base_url) as running:
            running.shop.faults.set("checkout-500", "broken")
            await until(lambda: reproduced(running))
            pairs = [await one_answer(running, served, number) for number in range(answers)]
    return [status for status, _ in pairs], [word for _, word in pairs]


async def one_answer(running: World, served: Endpoint, number: int) -> tuple[float, float]:
    """A question in the thread; the model goes on once its first sentence stands in Slack."""
    root, go_on = running.root(), asyncio.Event()
    assert root is not None
    served.script = [served.paced([*thoughts("Hm."), *words(f"{SENTENCE} Ask")], go_on, [*words(" them."), *end()])]
    seen, place = len(running.thread()), (INCIDENTS, root.ts)
    shown, asked_at = running.slack.core.workspace.statuses, time.perf_counter()
    running.slack.people.message("mira", INCIDENTS, f"What of customer {number}, and whose is it?", thread_ts=root.ts)
    status_at = await until(lambda: place in shown or len(running.thread()) > seen + 1)
    said_at = await until(lambda: SENTENCE in _words_of(running, seen))
    go_on.set()
    await until(lambda: "answer_feedback" in _words_of(running, seen))
    return status_at - asked_at, said_at - served.sent_at


@asynccontextmanager
async def open_world(model: str) -> AsyncIterator[World]:
    settings = {"MINIMAX_API_KEY": KEY, "MINIMAX_BASE_URL": model}
    with tempfile.TemporaryDirectory(prefix="fixloop-bench-") as folder:
        proof = {"unacceptable": 0.25, "confidence": 0.95}
        async with world(folder=Path(folder), window_s=3.0, soak_s=4.0, proof=proof, environment=settings) as running:
            yield running


def _words_of(running: World, seen: int) -> str:
    return "\n".join(f"{each.text} {json.dumps(each.blocks)}" for each in running.thread()[seen:])


async def processor_time(answers: int) -> list[float]:
    """Seconds of processor time for each answer of the use case, evidence, model client and check included."""
    case = next(each for each in read_cases() if each.name == "failing-step-and-why")
    taken: list[float] = []
    with other_process("--model") as port:
        async with embedded_store() as redis:
            plant = await WORLDS[case.world].build(redis)
            base_url, jitter = f"http://127.0.0.1:{port}/v1", random.Random(1).random
            client = MiniMaxClient(base_url=base_url, api_key=KEY, clock=SwiftClock(), jitter=jitter)
            talker = MiniMaxTalker(client, "MiniMax-M2.5")
            for _ in range(answers + 2):
                began = time.process_time()
                asked = await ask(plant, case, talker, limits=Limits(seconds=15))
                taken.append(time.process_time() - began)
                assert SENTENCE in asked.answer.text, asked.answer
            await client.aclose()
    return taken[2:]


async def blocked(name: str) -> float:
    """The longest pause of the event loop, in seconds, while a large answer is fetched, read and told."""
    with other_process(f"--{name}") as port:
        telemetry = DatadogTelemetry("k", "k", f"http://127.0.0.1:{port}")

        async def metric() -> None:
            series = await telemetry.query("q", start=1_700_000_000, end=1_700_090_000)
            gauge = readings.Gauge(name="g", query="q")
            await asyncio.to_thread(readings.metric, gauge, series, opened_at=1_700_000_500, link="")

        async def logs() -> None:
            try:
                lines = await telemetry.error_logs("q", start=0, end=1, limit=100)
            except TelemetryUnavailable as error:
                print(f"  ({error})")
                return
            await asyncio.to_thread(lambda: list(readings.logs(lines, found="logs", link=lambda first, last: "")))

        look = metric if name == "metric" else logs
        await look()  # the library is loaded once
        return await longest_pause(look)


async def longest_pause(work: Callable[[], Awaitable[None]]) -> float:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            longest = max(longest, time.perf_counter() - began - 0.002)

    watching = asyncio.create_task(watch(), name="watch")
    await asyncio.sleep(0.02)
    await work()
    watching.cancel()
    await asyncio.wait({watching})
    return longest


class other_process:  # noqa: N801 - a context
    """Answers from another process, so that its work is not ours; its port."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> int:
        command = [sys.executable, "-m", "tests.benchmarks.copilot", "--serve", self._what.removeprefix("--")]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


async def serve(what: str) -> None:
    """The other process: a model, or a Datadog whose answers are large."""
    from aiohttp import web

    if what == "model":
        async with endpoint() as served:
            text = f"{SENTENCE} {'I do not know more. ' * 20}"
            pieces = [text[at : at + 12] for at in range(0, len(text), 12)]
            served.script = [streamed(*thoughts("Hm."), *words(*pieces), *end())]
            print(served.base_url.split(":")[2].split("/")[0], flush=True)
            await asyncio.Event().wait()
    large = json.dumps(_metric() if what == "metric" else _logs(LINES if what == "lines" else PAGE_OF_LINES)).encode()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=large, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def _metric() -> dict[str, object]:
    points = [[1_700_000_000_000 + at * 1_000, at % 7 + 0.25] for at in range(POINTS)]
    return {"status": "ok", "series": [{"scope": "*", "pointlist": points, "expression": "x"}]}


def _logs(count: int) -> dict[str, object]:
    about = {"timestamp": "2026-11-22T02:51:07.000Z", "status": "error", "service": "checkout"}
    message = "no connection left in the pool of payments-db"
    return {
        "data": [
            {"id": f"l{at}", "type": "log", "attributes": {**about, "message": f"order {at}: {message}"}}
            for at in range(count)
        ]
    }


def told(what: str, measured: float, to_reach: float, unit: str = "ms") -> None:
    print(
        f"{what:58} {measured * 1000:8.1f} {unit}   to reach {to_reach * 1000:6.0f} {unit}   {measured / to_reach:5.2f}"
    )


async def main(answers: int) -> None:
    statuses, first_words = await in_slack(answers)
    told("reply to first visible status, median", statistics.median(statuses), STATUS_S)
    told("visible token (a whole sentence) to first word, median", statistics.median(first_words), WORD_S)
    taken = await processor_time(answers)
    told("processor time of an answer, median", statistics.median(taken), CPU_S)
    for name, label in (("metric", "2 MB of a metric"), ("page", "6 MB of log lines"), ("lines", "200,000 log lines")):
        pauses = [await blocked(name) for _ in range(3)]
        told(f"longest pause of the loop, {label}, median", statistics.median(pauses), BLOCKED_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.copilot")
    parser.add_argument("--answers", type=int, default=10, help="how many, 3 to 15: Slack starts 20 streams a minute")
    parser.add_argument("--serve", choices=("model", "metric", "page", "lines"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve(given.serve) if given.serve else main(min(max(given.answers, 3), 15)))
