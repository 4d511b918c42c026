"""Signals: the inbox in the order of arrival, what was seen before, and what could not be taken."""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.domain.signals import Signal

SEEN_WITH_EVENT_ID_S = 86_400
SEEN_BY_BYTES_S = 900
EARLY_RECOVERY_S = 3_600


class Signals(Keyspace):
    """Keys ``seen``, ``inbox``, ``arrivals``, ``wake``, ``parked``, ``early``."""

    @property
    def _signals(self) -> Codec[Signal]:
        return self._codec(Signal, "signal")

    async def remember_signal(self, signal: Signal) -> bool:
        ttl = SEEN_WITH_EVENT_ID_S if signal.stable_id else SEEN_BY_BYTES_S
        fresh = await self._call(
            scripts.REMEMBER_SIGNAL,
            keys=[self._key("seen", signal.id), self._key("inbox"), self._key("wake"), self._key("arrivals")],
            args=[ttl, signal.id, self._signals.encode(signal), signal.received_at],
        )
        return bool(fresh)

    async def wait_for_signal(self, *, seconds: float) -> None:
        async with store_errors():
            await wait(self._redis.blpop([self._key("wake")], timeout=seconds))

    async def unread_signal(self, signal_id: str) -> Signal | None:
        async with store_errors():
            stored = await wait(self._redis.hget(self._key("inbox"), signal_id))
        return self._signals.decode(stored) if stored is not None else None

    async def unread_signals(self) -> Sequence[str]:
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.zrange(self._key("arrivals"), 0, -1))]

    async def signal_done(self, signal_id: str) -> None:
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._key("inbox"), signal_id)
            pipe.zrem(self._key("arrivals"), signal_id)
            await pipe.execute()

    async def park_signal(self, signal_id: str) -> None:
        await self._call(
            scripts.PARK_SIGNAL,
            keys=[self._key("inbox"), self._key("parked", signal_id), self._key("arrivals")],
            args=[signal_id, self._ttl],
        )

    async def keep_recovery(self, signal: Signal) -> None:
        async with store_errors():
            document = self._signals.encode(signal)
            await wait(self._redis.set(self._key("early", signal.identity), document, ex=EARLY_RECOVERY_S))

    async def early_recovery(self, identity: str) -> Signal | None:
        stored = await self._get(self._key("early", identity))
        return self._signals.decode(stored) if stored is not None else None
