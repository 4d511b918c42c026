"""The store: incidents, runs, samples and signals in Redis or Valkey, every write atomic.

Long because every key of this table is read and written here and nowhere else.

Keys (all begin ``fixloop:``) and why they end:

=========================== ============================================ =========================================
key                         holds                                        ends
=========================== ============================================ =========================================
incident:ID                 hash rev, doc                                retention after the last write
run:ID, samples:ID:STEP     hash attempt, doc; list                      retention
thread:ID, at:CHANNEL:TS    where the cards are; thread → incident       retention
identity:X, open:SERVICE    → incident                                   retention; open: at resolution
seen:SIGNAL                 a notification that was stored               a day, or 15 min without an event id
early:X                     a recovery that came before its alert        an hour
parked:SIGNAL               a signal that could not be taken             retention
inbox, arrivals, outbox,    work not yet done, and its order             emptied by doing it
dirty
wake                        that there is something in the inbox         a minute
incidents, open_incidents   sorted by opening time                       trimmed at each write
counter                     the last incident's number                   never: numbers are not used twice
once:X, lock:X, pace:X,     marks                                        seconds to a day
lead:X, stop:RUN, count:X
=========================== ============================================ =========================================
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from redis.asyncio import Redis

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import Conflict
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.signals import Signal

DAY_S = 86_400
SEEN_WITH_EVENT_ID_S = DAY_S
SEEN_BY_BYTES_S = 900
EARLY_RECOVERY_S = 3_600
THREAD_LOCK_MS = 8_000
"""Renewed by its holder; a killed holder's thread is frozen for so long."""


class RedisStore:
    """Implements the ``Store`` port. ``retention_s`` is how long incidents are kept after their last change."""

    def __init__(self, client: Redis, *, clock: Clock, retention_s: float, prefix: str = "fixloop:") -> None:
        self._redis = client
        self._clock = clock
        self._ttl = int(retention_s)
        self._prefix = prefix
        self._signals: Codec[Signal] = Codec(Signal, kind="signal")
        self._incidents: Codec[Incident] = Codec(Incident, kind="incident")
        self._runs: Codec[Run] = Codec(Run, kind="run")
        self._samples: Codec[Sample] = Codec(Sample, kind="sample")
        self._threads: Codec[ThreadRefs] = Codec(ThreadRefs, kind="thread")
        register = client.register_script
        self._remember = register(scripts.REMEMBER_SIGNAL)
        self._save_incident = register(scripts.SAVE_INCIDENT)
        self._claim_run = register(scripts.CLAIM_RUN)
        self._save_run = register(scripts.SAVE_RUN)
        self._add_samples = register(scripts.ADD_SAMPLES)
        self._save_thread = register(scripts.SAVE_THREAD)
        self._leave_thread = register(scripts.LEAVE_THREAD)
        self._enter_thread = register(scripts.ENTER_THREAD)
        self._hold_thread = register(scripts.HOLD_THREAD)
        self._postpone_thread = register(scripts.POSTPONE_THREAD)
        self._park_signal = register(scripts.PARK_SIGNAL)
        self._count = register(scripts.COUNT)
        self._pace = register(scripts.PACE)
        self._lead = register(scripts.LEAD)
        self._accept = register(scripts.ACCEPT)

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    async def ping(self) -> None:
        async with store_errors():
            await wait(self._redis.ping())

    # Signals

    async def remember_signal(self, signal: Signal) -> bool:
        ttl = SEEN_WITH_EVENT_ID_S if signal.stable_id else SEEN_BY_BYTES_S
        async with store_errors():
            fresh = await self._remember(
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
        async with store_errors():
            await self._park_signal(
                keys=[self._key("inbox"), self._key("parked", signal_id), self._key("arrivals")],
                args=[signal_id, self._ttl],
            )

    async def keep_recovery(self, signal: Signal) -> None:
        async with store_errors():
            document = self._signals.encode(signal)
            await wait(self._redis.set(self._key("early", signal.identity), document, ex=EARLY_RECOVERY_S))

    async def early_recovery(self, identity: str) -> Signal | None:
        async with store_errors():
            stored = await wait(self._redis.get(self._key("early", identity)))
        return self._signals.decode(stored) if stored is not None else None

    # Incidents

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
        revision = await self._write_incident(incident, expected=-1, jobs=jobs, run=None)
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
            self._runs.encode(run) if run is not None else "",
            len(jobs),
        ]
        for job in jobs:
            args += [job.key, _job_document(job)]
        async with store_errors():
            return int(await self._save_incident(keys=keys, args=args))

    async def incident_of_identity(self, identity: str) -> str | None:
        return await self._text(self._key("identity", identity))

    async def open_incident_of(self, service_key: str) -> str | None:
        return await self._text(self._key("open", service_key))

    async def incident_of_thread(self, channel: str, ts: str) -> str | None:
        return await self._text(self._key("at", channel, ts))

    async def _text(self, key: str) -> str | None:
        async with store_errors():
            stored = await wait(self._redis.get(key))
        return stored.decode() if stored is not None else None

    async def open_incidents(self) -> Sequence[str]:
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.zrange(self._key("open_incidents"), 0, -1))]

    async def latest_incidents(self, limit: int) -> Sequence[str]:
        async with store_errors():
            found = await wait(self._redis.zrange(self._key("incidents"), 0, limit - 1, desc=True))
        return [each.decode() for each in found]

    # Runs

    async def run(self, run_id: str) -> Run | None:
        async with store_errors():
            attempt, stored = await wait(self._redis.hmget(self._key("run", run_id), ["attempt", "doc"]))
        if stored is None:
            return None
        return replace(self._runs.decode(stored), attempt=int(attempt))

    async def claim_run(self, run_id: str) -> Run | None:
        """Make the caller the only one who may write to this run; None where there is no such run."""
        async with store_errors():
            attempt = int(await self._claim_run(keys=[self._key("run", run_id)], args=[]))
        return await self.run(run_id) if attempt > 0 else None

    async def save_run(self, run: Run, *, show: bool = True) -> None:
        async with store_errors():
            kept = await self._save_run(
                keys=[self._key("run", run.id), self._key("dirty")],
                args=[run.attempt, self._runs.encode(run), self._ttl, run.incident_id if show else ""],
            )
        if not kept:
            raise Conflict(f"Run {run.id} was taken over by another worker.")

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None:
        async with store_errors():
            kept = await self._add_samples(
                keys=[self._key("run", run.id), self._key("samples", run.id, step_id)],
                args=[run.attempt, self._ttl, *(self._samples.encode(sample) for sample in samples)],
            )
        if not kept:
            raise Conflict(f"Run {run.id} was taken over by another worker.")

    async def samples(self, run_id: str, step_id: str) -> Sequence[Sample]:
        async with store_errors():
            stored = await wait(self._redis.lrange(self._key("samples", run_id, step_id), 0, -1))
        return [self._samples.decode(each) for each in stored]

    async def stop_run(self, run_id: str, by: str) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("stop", run_id), by, ex=3600))

    async def stopped_by(self, run_id: str) -> str | None:
        return await self._text(self._key("stop", run_id))

    async def pace(self, name: str, *, per_second: float, burst: float = 1.0) -> float:
        """Book the next place in a rate shared by all processes; returns the seconds to wait for it."""
        async with store_errors():
            waited = await self._pace(keys=[self._key("pace", name)], args=[self._clock.now(), 1 / per_second, burst])
        return float(waited)

    # Threads

    async def enter_thread(self, incident_id: str) -> str | None:
        """Become the only one who writes this thread; None if somebody else does and will see the newest state."""
        token = secrets.token_hex(8)
        async with store_errors():
            got = await self._enter_thread(
                keys=self._thread_keys(incident_id), args=[token, incident_id, THREAD_LOCK_MS]
            )
        return token if got else None

    async def hold_thread(self, incident_id: str, token: str) -> None:
        async with store_errors():
            await self._hold_thread(keys=self._thread_keys(incident_id)[:1], args=[token, THREAD_LOCK_MS])

    async def thread_is_clean(self, incident_id: str) -> None:
        """Say that what is in the store *now* is about to be read and shown."""
        async with store_errors():
            await wait(self._redis.srem(self._key("dirty"), incident_id))

    async def leave_thread(self, incident_id: str, token: str) -> bool:
        """Stop writing this thread; False if the state has changed meanwhile, so that the caller goes on."""
        async with store_errors():
            left = await self._leave_thread(keys=self._thread_keys(incident_id), args=[token, incident_id])
        return int(left) != 0

    async def postpone_thread(self, incident_id: str, token: str, *, seconds: float) -> None:
        async with store_errors():
            await self._postpone_thread(
                keys=self._thread_keys(incident_id), args=[token, incident_id, int(seconds * 1000)]
            )

    def _thread_keys(self, incident_id: str) -> list[str]:
        return [self._key("lock", "thread", incident_id), self._key("dirty")]

    async def dirty_threads(self) -> Sequence[str]:
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.smembers(self._key("dirty")))]

    async def thread_refs(self, incident_id: str) -> ThreadRefs:
        async with store_errors():
            stored = await wait(self._redis.get(self._key("thread", incident_id)))
        return self._threads.decode(stored) if stored is not None else ThreadRefs()

    async def save_thread_refs(self, incident_id: str, refs: ThreadRefs, token: str) -> None:
        """Raises Conflict where the caller no longer holds the thread: another one draws it, and knows better."""
        root = refs.part("root")
        keys = [*self._thread_keys(incident_id)[:1], self._key("thread", incident_id)]
        if refs.channel and root is not None and root.ts:
            keys.append(self._key("at", refs.channel, root.ts))
        async with store_errors():
            kept = await self._save_thread(keys=keys, args=[token, self._threads.encode(refs), self._ttl, incident_id])
        if not kept:
            raise Conflict(f"The thread of {incident_id} is drawn by another worker.")

    # Jobs and marks

    async def waiting_jobs(self) -> Sequence[Job]:
        async with store_errors():
            stored = await wait(self._redis.hgetall(self._key("outbox")))
        return [_job(key.decode(), document) for key, document in stored.items()]

    async def accept(self, job: Job, *, seconds: float) -> bool:
        async with store_errors():
            accepted = await self._accept(
                keys=[self._key("once", job.key), self._key("outbox")], args=[int(seconds), job.key, _job_document(job)]
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
        async with store_errors():
            return int(await self._count(keys=[self._key("count", name)], args=[max(1, int(seconds))]))

    async def lead(self, what: str, who: str, *, seconds: float) -> bool:
        async with store_errors():
            return bool(await self._lead(keys=[self._key("lead", what)], args=[who, int(seconds)]))


def _job_document(job: Job) -> bytes:
    return orjson.dumps({"name": job.name, "args": job.args, "at": job.at})


def _job(key: str, document: bytes) -> Job:
    raw = orjson.loads(document)
    return Job(name=raw["name"], args=tuple(raw["args"]), key=key, at=raw["at"])
