"""Clients that need a process of their own: ``python -m tests.benchmarks.foreign_clients locust|tavern URL``.

Reads a number of checks from each line of stdin, sends so many, and writes one line of JSON: seconds of wall clock and
of CPU for all of them, and each latency where the client has one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONCURRENCY = 20
PATH = "/checkout?id=7"
CHECK = """\
---
test_name: check {number}
stages:
  - name: the total is right
    request: {{url: "{url}", method: GET}}
    response: {{status_code: 200, strict: false, json: {{total: 19.99}}}}
"""
Timing = dict[str, Any]


def locust(url: str) -> Callable[[int], Timing]:
    """FastHttpUser's session, one for each of 20 greenlets, as 20 users have it."""
    from gevent import monkey  # type: ignore[import-untyped]

    monkey.patch_all()
    import gevent
    from locust.contrib.fasthttp import FastHttpSession
    from locust.event import Events

    heard = Events().request  # type: ignore[no-untyped-call]
    sessions = [FastHttpSession(base_url=url, request_event=heard, user=None) for _ in range(CONCURRENCY)]

    def user(session: Any, numbers: Any, latencies: list[float]) -> None:
        for _ in numbers:
            began = time.perf_counter()
            with session.get(PATH, catch_response=True) as answer:
                assert answer.status_code == 200
                assert answer.json()["total"] == 19.99
            latencies.append(time.perf_counter() - began)

    def perform(checks: int) -> Timing:
        numbers, latencies = iter(range(checks)), list[float]()
        wall, cpu = time.perf_counter(), time.process_time()
        gevent.joinall([gevent.spawn(user, each, numbers, latencies) for each in sessions], raise_error=True)
        assert len(latencies) == checks
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "latencies": latencies}

    return perform


def tavern(url: str) -> Callable[[int], Timing]:
    """tavern's ``run``, one test a check and one after the other, as it works; starting up is left out."""
    from tavern.core import run  # type: ignore[import-not-found]

    folder = tempfile.mkdtemp(prefix="fixloop-tavern-")
    os.chdir(folder)
    Path("pytest.ini").write_text("[pytest]\n")
    arguments = ["-c", "pytest.ini", "-q", "-p", "no:cacheprovider"]

    def timed(checks: int) -> tuple[float, float]:
        name = f"test_{checks}.tavern.yaml"
        Path(name).write_text("".join(CHECK.format(number=number, url=url + PATH) for number in range(checks)))
        wall, cpu = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            code = run(name, pytest_args=list(arguments))
        assert code == 0, said.getvalue()[-2000:]
        return time.perf_counter() - wall, time.process_time() - cpu

    def perform(checks: int) -> Timing:
        start, many = timed(1), timed(checks + 1)
        return {"wall": many[0] - start[0], "cpu": many[1] - start[1], "latencies": []}

    return perform


def main() -> None:
    name, url = sys.argv[1:]
    perform = {"locust": locust, "tavern": tavern}[name](url)
    out = sys.stdout
    for line in iter(sys.stdin.readline, ""):
        out.write(json.dumps(perform(int(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
