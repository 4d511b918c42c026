"""Threads: where the cards are, who draws them now, and which of them are out of date."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import Conflict

THREAD_LOCK_MS = 8_000
"""Renewed by its holder; a killed holder's thread is frozen for so long."""


class Threads(Keyspace):
    """Keys ``thread``, ``at``, ``lock``, ``dirty``."""

    @property
    def _threads(self) -> Codec[ThreadRefs]:
        return self._codec(ThreadRefs, "thread")

    async def enter_thread(self, incident_id: str) -> str | None:
        """Become the only one who writes this thread; None if somebody else does and will see the newest state."""
        token = secrets.token_hex(8)
        got = await self._call(
            scripts.ENTER_THREAD, keys=self._thread_keys(incident_id), args=[token, incident_id, THREAD_LOCK_MS]
        )
        return token if got else None

    async def hold_thread(self, incident_id: str, token: str) -> None:
        await self._call(scripts.HOLD_THREAD, keys=self._thread_keys(incident_id)[:1], args=[token, THREAD_LOCK_MS])

    async def thread_is_clean(self, incident_id: str) -> None:
        """Say that what is in the store *now* is about to be read and shown."""
        async with store_errors():
            await wait(self._redis.srem(self._key("dirty"), incident_id))

    async def leave_thread(self, incident_id: str, token: str) -> bool:
        """Stop writing this thread; False if the state has changed meanwhile, so that the caller goes on."""
        left = await self._call(scripts.LEAVE_THREAD, keys=self._thread_keys(incident_id), args=[token, incident_id])
        return int(left) != 0

    async def postpone_thread(self, incident_id: str, token: str, *, seconds: float) -> None:
        await self._call(
            scripts.POSTPONE_THREAD,
            keys=self._thread_keys(incident_id),
            args=[token, incident_id, int(seconds * 1000)],
        )

    def _thread_keys(self, incident_id: str) -> list[str]:
        return [self._key("lock", "thread", incident_id), self._key("dirty")]

    async def dirty_threads(self) -> Sequence[str]:
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.smembers(self._key("dirty")))]

    async def thread_refs(self, incident_id: str) -> ThreadRefs:
        stored = await self._get(self._key("thread", incident_id))
        return self._threads.decode(stored) if stored is not None else ThreadRefs()

    async def save_thread_refs(self, incident_id: str, refs: ThreadRefs, token: str) -> None:
        """Raises Conflict where the caller no longer holds the thread: another one draws it, and knows better."""
        root = refs.part("root")
        keys = [*self._thread_keys(incident_id)[:1], self._key("thread", incident_id)]
        if refs.channel and root is not None and root.ts:
            keys.append(self._key("at", refs.channel, root.ts))
        document = self._threads.encode(refs)
        kept = await self._call(scripts.SAVE_THREAD, keys=keys, args=[token, document, self._ttl, incident_id])
        if not kept:
            raise Conflict(f"The thread of {incident_id} is drawn by another worker.")
