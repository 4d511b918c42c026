"""One open page: what it has yet to be told, and the pace at which it is told.

What has changed is only noted, by name; it is drawn when it is sent. So a message that changes twenty times in the
meantime is sent once, in its newest state, and a page that reads slowly never makes anything pile up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Key = tuple[str, ...]
PACE_S = 0.03
NOTICES_KEPT = 50


class Line:
    """``user`` is whom the page belongs to now; ``draw`` makes what is sent of a key, None for nothing."""

    def __init__(self, user: str, draw: Callable[[Line, Key], Json | None], send: Callable[[list[Json]], Any]) -> None:
        self.user = user
        self.row_seen = 0
        self._draw = draw
        self._send = send
        self._changed: dict[Key, None] = {}
        self._notices: deque[Json] = deque(maxlen=NOTICES_KEPT)
        self._wake = asyncio.Event()

    def touch(self, *key: str) -> None:
        """Something by this name has changed."""
        self._changed[key] = None
        self._wake.set()

    def tell(self, notice: Json) -> None:
        """Something that happened once, such as an answer."""
        self._notices.append(notice)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled or until the page is gone."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(PACE_S)
            self._wake.clear()
            keys, self._changed = list(self._changed), {}
            drawn = [self._draw(self, key) for key in keys]
            notices, self._notices = list(self._notices), deque(maxlen=NOTICES_KEPT)
            await self._send([*(each for each in drawn if each is not None), *notices])
