"""Threads for blocking calls that nobody waits for who leaves.

The interpreter joins the threads of a ThreadPoolExecutor at its end: Ctrl-C would take as long as Datadog's answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class LeavableThreads:
    """At most ``most`` calls at once, those included that their callers have given up."""

    def __init__(self, most: int, *, name: str) -> None:
        self._places = asyncio.Semaphore(most)
        self._name = name

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, from a thread of its own."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def end(tell: Callable[[], None]) -> None:
            self._places.release()
            if not done.done():
                tell()

        def perform() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                tell = _raising(done, error)
            else:
                tell = _returning(done, result)
            with contextlib.suppress(RuntimeError):  # the loop is closed: everybody has left
                loop.call_soon_threadsafe(end, tell)

        try:
            threading.Thread(target=perform, name=self._name, daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise
        return await done


def _raising(done: asyncio.Future[T], error: BaseException) -> Callable[[], None]:
    return lambda: done.set_exception(error)


def _returning(done: asyncio.Future[T], result: T) -> Callable[[], None]:
    return lambda: done.set_result(result)
