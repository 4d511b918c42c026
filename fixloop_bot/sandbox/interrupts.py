"""Ctrl-C, a closed terminal and SIGTERM all end the sandbox in good order, however often they come."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Any

INTERRUPTED = 130
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run it to its end; its exit code, or 130 where a signal ended it. What it has opened is closed either way."""
    return asyncio.run(_guarded(main))


async def _guarded(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.create_task(main, name="sandbox")
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            print("\nStopping…", file=sys.stderr, flush=True)
            task.cancel()

    for name in SIGNALS:
        with contextlib.suppress(AttributeError, NotImplementedError):  # a platform without it
            loop.add_signal_handler(getattr(signal, name), stop)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED
