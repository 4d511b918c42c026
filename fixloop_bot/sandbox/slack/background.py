"""Named background tasks that are waited for, never orphaned."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Holds the tasks of one workspace until they end; an error in one of them surfaces in `drain`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._errors: list[BaseException] = []

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Return when nothing is under way, including what the last tasks started."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._raise()

    async def drain(self, grace: float) -> None:
        """Give running tasks `grace` seconds, then cancel and await the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        remaining = list(self._tasks)
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)
        self._raise()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    def _raise(self) -> None:
        if self._errors:
            errors, self._errors = self._errors, []
            raise BaseExceptionGroup("background work of the local Slack failed", errors)
