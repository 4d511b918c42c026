"""Incidents, their indexes, and what is written together with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.adapters.redis.marks import job_document
from fixloop_bot.application.jobs import Job
from fixloop_bot.domain.errors import Conflict
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run

NEW = -1


class Incidents(Keyspace):
    """Keys ``incident``, ``identity``, ``open``, ``at``, ``incidents``, ``open_incidents``, ``counter``."""

    @property
    def _incidents(self) -> Codec[Incident]:
        return self._codec(Incident, "incident")

    async def next_incident_number(self) -> int:
        async with store_errors():
            return int(await wait(self._redis.incr(self._key("counter"))))

    async def incident(self, incident_id: str) -> Incident | None:
        async with store_errors():
            revision, stored = await wait(self._redis.hmget(self._key("incident", incident_id), ["rev", "doc"]))
        if stored is None or revision is None:
            return None
        return replace(self._incidents.decode(stored), revision=int(revision))

    async def create_incident(self, incident: Incident, *, jobs: Sequence[Job] = ()) -> Incident | None:
        revision = await self._write_incident(incident, expected=NEW, jobs=jobs, run=None)
        return replace(incident, revision=revision) if revision > 0 else None

    async def save_incident(self, incident: Incident, *, jobs: Sequence[Job] = (), run: Run | None = None) -> Incident:
        revision = await self._write_incident(incident, expected=incident.revision, jobs=jobs, run=run)
        if revision < 0:
            raise Conflict(f"{incident.id} was changed by somebody else.")
        return replace(incident, revision=revision)

    async def _write_incident(self, incident: Incident, *, expected: int, jobs: Sequence[Job], run: Run | None) -> int:
        keys = [
            self._key("incident", incident.id),
            self._key("open", incident.service_key),
            self._key("open_incidents"),
            self._key("incidents"),
            self._key("dirty"),
            self._key("outbox"),
            self._key("run", run.id if run is not None else "none"),
            self._key("feed", "news"),
            *(self._key("identity", line.identity) for line in incident.signals),
        ]
        args: list[Any] = [
            incident.id,
            expected,
            self._incidents.encode(incident),
            self._ttl,
            int(incident.is_open),
            incident.opened_at,
            self._clock.now() - self._ttl,
            self._codec(Run, "run").encode(run) if run is not None else "",
            len(jobs),
        ]
        for job in jobs:
            args += [job.key, job_document(job)]
        return int(await self._call(scripts.SAVE_INCIDENT, keys=keys, args=args))

    async def incident_of_identity(self, identity: str) -> str | None:
        return await self._text(self._key("identity", identity))

    async def open_incident_of(self, service_key: str) -> str | None:
        return await self._text(self._key("open", service_key))

    async def incident_of_thread(self, channel: str, ts: str) -> str | None:
        return await self._text(self._key("at", channel, ts))

    async def open_incidents(self) -> Sequence[str]:
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.zrange(self._key("open_incidents"), 0, -1))]

    async def latest_incidents(self, limit: int) -> Sequence[str]:
        async with store_errors():
            found = await wait(self._redis.zrange(self._key("incidents"), 0, limit - 1, desc=True))
        return [each.decode() for each in found]
