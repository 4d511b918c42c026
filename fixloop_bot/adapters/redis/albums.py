"""Which pictures an incident has in Slack."""

from __future__ import annotations

from fixloop_bot.adapters.redis.calls import store_errors
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.pictures import Album


class Albums(Keyspace):
    """Keys ``album``; implements the ``Albums`` port."""

    @property
    def _albums(self) -> Codec[Album]:
        return self._codec(Album, "album")

    async def album(self, incident_id: str) -> Album:
        stored = await self._get(self._key("album", incident_id))
        return self._albums.decode(stored) if stored is not None else Album()

    async def keep_album(self, incident_id: str, album: Album) -> None:
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._key("album", incident_id), self._albums.encode(album), ex=self._ttl)
            pipe.sadd(self._key("dirty"), incident_id)
            await pipe.execute()
