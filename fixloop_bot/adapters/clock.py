"""The system's clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implements the ``Clock`` port."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
