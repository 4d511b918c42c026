"""Blocking calls in threads: so many at once, and nobody who has left is waited for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fixloop_bot.adapters.datadog.leavable import LeavableThreads
from tests.sandbox.slack_room import until


async def test_results_and_errors_come_back() -> None:
    threads = LeavableThreads(2, name="test")
    assert await threads.run(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_no_more_calls_at_once_than_allowed() -> None:
    """One that its caller has given up counts until it ends: the other side still works at it."""
    threads, go, under_way = LeavableThreads(2, name="test"), threading.Event(), []

    def work() -> None:
        under_way.append(1)
        go.wait()

    tasks = [asyncio.create_task(threads.run(work), name=f"call {number}") for number in range(3)]
    await until(lambda: len(under_way) == 2)
    tasks[0].cancel()
    await asyncio.wait({tasks[0]})
    await asyncio.sleep(0)
    assert len(under_way) == 2
    go.set()
    await asyncio.wait(set(tasks))
    assert len(under_way) == 3
    assert [task.cancelled() for task in tasks] == [True, False, False]


def test_the_interpreter_waits_for_none_of_them() -> None:
    """They are daemons, and one that ends after its loop is closed troubles nobody."""
    go, seen = threading.Event(), []

    def work() -> None:
        seen.append(threading.current_thread())
        go.wait()

    async def leave() -> None:
        call = asyncio.create_task(LeavableThreads(1, name="test").run(work), name="call")
        await until(lambda: bool(seen))
        call.cancel()
        await asyncio.wait({call})

    asyncio.run(leave())
    (thread,) = seen
    assert thread.daemon
    go.set()
    thread.join(5)
    assert not thread.is_alive()
