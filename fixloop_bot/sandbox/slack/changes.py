"""The stream of changes that a terminal, a page or a test follows."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from weakref import WeakSet

from fixloop_bot.sandbox.slack.records import Change

Listener = Callable[[Change], None]

BACKLOG = 5_000
"""Changes kept for one slow follower; beyond it the oldest are lost, so that nobody can stop the workspace.
"""


class Changes:
    """Publishes each change to listeners (called at once) and followers (at their own pace)."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        # Weak, since a follower that nobody iterates any more should not collect changes.
        self._followers: WeakSet[_Follower] = WeakSet()

    def publish(self, change: Change) -> None:
        for listener in list(self._listeners):
            listener(change)
        for follower in list(self._followers):
            follower.put(change)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def follow(self) -> AsyncIterator[Change]:
        """Iterate over changes from this call on (not only from the first `await`)."""
        follower = _Follower()
        self._followers.add(follower)
        return self._iterate(follower)

    async def _iterate(self, follower: _Follower) -> AsyncIterator[Change]:
        try:
            while True:
                yield await follower.get()
        finally:
            self._followers.discard(follower)


class _Follower:
    def __init__(self) -> None:
        self._waiting: deque[Change] = deque(maxlen=BACKLOG)
        self._arrived = asyncio.Event()

    def put(self, change: Change) -> None:
        self._waiting.append(change)
        self._arrived.set()

    async def get(self) -> Change:
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()
