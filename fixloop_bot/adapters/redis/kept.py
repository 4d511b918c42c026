"""Who was refused, who was seen in a user group, which threads were linked, and short locks."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence

import orjson

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.kept import Refused

MEMBERS_KEPT_S = 86_400
WORDS_KEPT_S = 3_600
REFUSALS_KEPT = 1_000

UNLOCK = """
-- KEYS lock; ARGV token; who lost the lock meanwhile must not take it from its new holder
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class KeptThings(Keyspace):
    """Keys ``members``, ``audit``, ``at``, ``words``, ``lock``."""

    @property
    def _refusals(self) -> Codec[Refused]:
        return self._codec(Refused, "refusal")

    async def keep_members(self, group: str, users: Collection[str]) -> None:
        key = self._key("members", group)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            if users:
                pipe.sadd(key, *sorted(users))
                pipe.expire(key, MEMBERS_KEPT_S)
            await pipe.execute()

    async def kept_members(self, group: str) -> frozenset[str]:
        async with store_errors():
            return frozenset(each.decode() for each in await wait(self._redis.smembers(self._key("members", group))))

    async def note_refusal(self, refused: Refused) -> None:
        key = self._key("audit")
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(key, self._refusals.encode(refused))
            pipe.ltrim(key, 0, REFUSALS_KEPT - 1)
            pipe.expire(key, self._ttl)
            await pipe.execute()

    async def refusals(self, limit: int = 100) -> Sequence[Refused]:
        async with store_errors():
            stored = await wait(self._redis.lrange(self._key("audit"), 0, limit - 1))
        return [self._refusals.decode(each) for each in stored]

    async def link_thread(self, channel: str, ts: str, incident_id: str) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("at", channel, ts), incident_id, ex=self._ttl))

    async def keep_words(self, about: str, words: Mapping[str, str]) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("words", about), orjson.dumps(dict(words)), ex=WORDS_KEPT_S))

    async def kept_words(self, about: str) -> Mapping[str, str]:
        stored = await self._get(self._key("words", about))
        return dict(orjson.loads(stored)) if stored is not None else {}

    async def lock(self, name: str, *, seconds: float) -> str | None:
        token = secrets.token_hex(8)
        key = self._key("lock", name)
        async with store_errors():
            got = await wait(self._redis.set(key, token, nx=True, px=max(1, int(seconds * 1000))))
        return token if got else None

    async def unlock(self, name: str, token: str) -> None:
        await self._call(UNLOCK, keys=[self._key("lock", name)], args=[token])
