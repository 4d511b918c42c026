"""What services looked like while they were healthy."""

from __future__ import annotations

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.domain.baselines import Baseline

BASELINE_S = 90 * 86_400
"""A service whose probes have not run for so long has no known before."""


class Baselines(Keyspace):
    """Key ``baseline``."""

    @property
    def _baselines(self) -> Codec[Baseline]:
        return self._codec(Baseline, "baseline")

    async def save_baseline(self, baseline: Baseline) -> None:
        document = self._baselines.encode(baseline)
        async with store_errors():
            await wait(self._redis.set(self._key("baseline", baseline.service), document, ex=BASELINE_S))

    async def baseline(self, service: str) -> Baseline | None:
        stored = await self._get(self._key("baseline", service))
        return self._baselines.decode(stored) if stored is not None else None
