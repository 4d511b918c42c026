"""Runs and their samples. A run belongs to its last claimant; everybody else's writes are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.adapters.redis.traffic import HALT, halt_written
from fixloop_bot.domain.errors import Conflict
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.samples import Sample

STOP_S = 3_600


class Runs(Keyspace):
    """Keys ``run``, ``samples``, ``stop``."""

    @property
    def _runs(self) -> Codec[Run]:
        return self._codec(Run, "run")

    @property
    def _samples(self) -> Codec[Sample]:
        return self._codec(Sample, "sample")

    async def run(self, run_id: str) -> Run | None:
        async with store_errors():
            attempt, stored = await wait(self._redis.hmget(self._key("run", run_id), ["attempt", "doc"]))
        if stored is None:
            return None
        return replace(self._runs.decode(stored), attempt=int(attempt))

    async def claim_run(self, run_id: str) -> Run | None:
        """Make the caller the only one who may write to this run; None where there is no such run."""
        attempt = int(await self._call(scripts.CLAIM_RUN, keys=[self._key("run", run_id)]))
        return await self.run(run_id) if attempt > 0 else None

    async def save_run(self, run: Run, *, show: bool = True) -> None:
        kept = await self._call(
            scripts.SAVE_RUN,
            keys=[self._key("run", run.id), self._key("dirty")],
            args=[run.attempt, self._runs.encode(run), self._ttl, run.incident_id if show else ""],
        )
        if not kept:
            raise Conflict(f"Run {run.id} was taken over by another worker.")

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None:
        kept = await self._call(
            scripts.ADD_SAMPLES,
            keys=[self._key("run", run.id), self._key("samples", run.id, step_id)],
            args=[run.attempt, self._ttl, *(self._samples.encode(sample) for sample in samples)],
        )
        if not kept:
            raise Conflict(f"Run {run.id} was taken over by another worker.")

    async def samples(self, run_id: str, step_id: str, *, newest: int = 0) -> Sequence[Sample]:
        async with store_errors():
            stored = await wait(self._redis.lrange(self._key("samples", run_id, step_id), -newest, -1))
        return [self._samples.decode(each) for each in stored]

    async def stop_run(self, run_id: str, by: str) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("stop", run_id), by, ex=STOP_S))

    async def stopped_by(self, run_id: str) -> str | None:
        """Who has stopped this run, or else all traffic: one question, since a run asks it every second."""
        stop, halt = await self._call(scripts.HALTED, keys=[self._key(HALT), self._key("stop", run_id)])
        if stop:
            return str(stop.decode())
        return halt_written(halt).by if halt is not None else None
