"""Where the reports of incidents are."""

from __future__ import annotations

from fixloop_bot.adapters.redis.calls import store_errors
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.papers import Filed


class Filings(Keyspace):
    """Keys ``filed``; implements the ``Filings`` port."""

    @property
    def _filed(self) -> Codec[Filed]:
        return self._codec(Filed, "filed")

    async def filed(self, incident_id: str) -> Filed:
        stored = await self._get(self._key("filed", incident_id))
        return self._filed.decode(stored) if stored is not None else Filed()

    async def keep_filed(self, incident_id: str, filed: Filed) -> None:
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._key("filed", incident_id), self._filed.encode(filed), ex=self._ttl)
            pipe.sadd(self._key("dirty"), incident_id)
            await pipe.execute()
