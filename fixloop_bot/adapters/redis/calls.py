"""How the store's server is called: one error for all that may go wrong, and no lost cancellation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from fixloop_bot.domain.errors import StoreUnavailable


@contextlib.asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Whatever the client raises is StoreUnavailable, with one sentence."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from error
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        # Python 3.11's wait_for, inside the client, loses a cancellation that comes together with the answer. A loop
        # that is cancelled only once would then go on for ever.
        raise asyncio.CancelledError


async def wait(answer: Any) -> Any:
    """redis-py types its commands for the blocking and the asyncio client at once; here they are always awaitable."""
    return await answer
