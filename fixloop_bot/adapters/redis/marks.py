"""Jobs that wait in the outbox, and the marks by which processes agree who does what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.jobs import Job

CHANGES_S = 600
"""Longer than anybody remembers what may change: after that it is asked for anyway."""
TICK_S = 30
"""A little less than a job is tried again: what waits for a lost one gets its turn in the end."""


class Marks(Keyspace):
    """Keys ``outbox``, ``once``, ``count``, ``lead``, ``changed``, ``ticks``. Implements the ``Changes`` port, too."""

    async def waiting_jobs(self) -> Sequence[Job]:
        async with store_errors():
            stored = await wait(self._redis.hgetall(self._key("outbox")))
        return [_job(key.decode(), document) for key, document in stored.items()]

    async def accept(self, job: Job, *, seconds: float) -> bool:
        accepted = await self._call(
            scripts.ACCEPT,
            keys=[self._key("once", job.key), self._key("outbox")],
            args=[int(seconds), job.key, job_document(job)],
        )
        return bool(accepted)

    async def jobs_taken(self, keys: Sequence[str]) -> None:
        if keys:
            async with store_errors():
                await wait(self._redis.hdel(self._key("outbox"), *keys))

    async def once(self, name: str, *, seconds: float) -> bool:
        async with store_errors():
            return bool(await wait(self._redis.set(self._key("once", name), "1", nx=True, ex=max(1, int(seconds)))))

    async def count(self, name: str, *, seconds: float) -> int:
        return int(await self._call(scripts.COUNT, keys=[self._key("count", name)], args=[max(1, int(seconds))]))

    async def lead(self, what: str, who: str, *, seconds: float) -> bool:
        return bool(await self._call(scripts.LEAD, keys=[self._key("lead", what)], args=[who, int(seconds)]))

    async def note_change(self, what: str, mark: str) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("changed", what), mark, ex=CHANGES_S))

    async def note_tick(self, incident_id: str, name: str, *, pressed_at: float) -> None:
        key = self._key("ticks", incident_id)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(key, "-inf", pressed_at - TICK_S)
            pipe.zadd(key, {name: pressed_at})
            pipe.expire(key, TICK_S)
            await pipe.execute()

    async def ticks_to_do(self, incident_id: str) -> Mapping[str, float]:
        async with store_errors():
            known = await wait(self._redis.zrange(self._key("ticks", incident_id), 0, -1, withscores=True))
        return {name.decode(): pressed_at for name, pressed_at in known}

    async def tick_done(self, incident_id: str, name: str) -> None:
        async with store_errors():
            await wait(self._redis.zrem(self._key("ticks", incident_id), name))

    async def last_change(self, what: str) -> str:
        return await self._text(self._key("changed", what)) or ""


def job_document(job: Job) -> bytes:
    return orjson.dumps({"name": job.name, "args": job.args, "at": job.at})


def _job(key: str, document: bytes) -> Job:
    raw = orjson.loads(document)
    return Job(name=raw["name"], args=tuple(raw["args"]), key=key, at=raw["at"])
