"""The bytes of one streamed answer, read against the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from fixloop_bot.adapters.minimax.client import MiniMaxClient, Question
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable, from_read_error

DRAIN_S = 0.02


class Wire:
    """Opens the request at the first read; leaving it closes the connection at once. Times are the event loop's."""

    def __init__(self, client: MiniMaxClient, question: Question) -> None:
        self._client = client
        self._question = question
        self._stack = AsyncExitStack()
        self._stream: AsyncIterator[bytes] | None = None
        self._pending: asyncio.Task[bytes] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._pending is not None:
                self._pending.cancel()
                await asyncio.gather(self._pending, return_exceptions=True)
        finally:
            await self._stack.aclose()

    async def read(self, until: float) -> bytes:
        """The next bytes, or none at the end. A TimeoutError is final; raises ModelUnavailable where it broke off."""
        if asyncio.get_running_loop().time() >= until:  # bytes that are always there would never let a timeout in
            raise TimeoutError
        async with asyncio.timeout_at(until):
            if self._pending is None:
                return await self._next()
            done = await asyncio.shield(self._pending)
        self._pending = None
        return done

    async def peek(self, until: float) -> bytes | None:
        """The same, but None when the time is over, and the reading goes on."""
        if self._pending is None:
            self._pending = asyncio.create_task(self._next(), name="model stream")
        await asyncio.wait({self._pending}, timeout=max(0.0, until - asyncio.get_running_loop().time()))
        if not self._pending.done():
            return None
        done, self._pending = self._pending, None
        return done.result()

    async def drain(self) -> None:
        """Take the end of a stream that said it had ended, if it is there: then the connection can be used again."""
        try:
            await self.read(asyncio.get_running_loop().time() + DRAIN_S)
        except (TimeoutError, ModelUnavailable):
            return

    async def _next(self) -> bytes:
        if self._stream is None:
            self._stream = await self._stack.enter_async_context(self._client.streamed(self._question))
        try:
            return await anext(self._stream, b"")
        except ModelUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - httpx2's, h11's, and our own cap's
            raise from_read_error(error) from None
