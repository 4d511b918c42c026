"""The incident feed: a row for each incident, which of them are out of date, and who looks at it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import orjson

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.feed_views import HomeRef
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.feed import FeedRow

AT_ONCE = 1000
"""Arguments of one script: Lua's stack is small."""
ROWS_HELD = 4096
HOME_S = 86_400
CURVE_S = 3_600

PUT_ROW = """
-- KEYS rows, news, changes; ARGV incident_id, revision, document, ttl_s; 0 where a newer row is kept already
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local news = redis.call('HGET', KEYS[2], ARGV[1])
if news and tonumber(news) <= tonumber(ARGV[2]) then redis.call('HDEL', KEYS[2], ARGV[1]) end
if kept and tonumber(string.match(kept, '^%d+')) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('INCR', KEYS[3])
redis.call('EXPIRE', KEYS[3], ARGV[4])
return 1
"""

DROP_ROWS = """
-- KEYS rows, news, changes; ARGV incident_id …
redis.call('HDEL', KEYS[1], unpack(ARGV))
redis.call('HDEL', KEYS[2], unpack(ARGV))
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('INCR', KEYS[3]) end
"""


@functools.lru_cache(maxsize=ROWS_HELD)
def _decoded(rows: Codec[FeedRow], stored: bytes) -> FeedRow:
    """A row that was read before is not decoded again: of a thousand, one has changed."""
    return rows.decode(stored)


class Feeds(Keyspace):
    """Keys ``feed:rows``, ``feed:news``, ``feed:changes``, ``feed:viewers``, ``home`` and ``curve``."""

    @property
    def _rows(self) -> Codec[FeedRow]:
        return self._codec(FeedRow, "feed row")

    @property
    def _homes(self) -> Codec[HomeRef]:
        return self._codec(HomeRef, "home")

    async def feed_news(self) -> Sequence[str]:
        """Incidents whose row is older than they are."""
        async with store_errors():
            return [each.decode() for each in await wait(self._redis.hkeys(self._key("feed", "news")))]

    async def put_feed_row(self, row: FeedRow) -> bool:
        """Keep a row, unless a newer one is kept; the incident is news no longer, unless it was changed meanwhile."""
        document = self._rows.encode(row)
        kept = await self._call(PUT_ROW, keys=self._feed_keys(), args=[row.id, row.revision, document, self._ttl])
        return bool(kept)

    async def drop_feed_rows(self, incident_ids: Sequence[str]) -> None:
        for first in range(0, len(incident_ids), AT_ONCE):
            await self._call(DROP_ROWS, keys=self._feed_keys(), args=list(incident_ids[first : first + AT_ONCE]))

    async def incidents_since(self, at: float) -> Sequence[str]:
        """Incidents that were opened since, the oldest first."""
        async with store_errors():
            found = await wait(self._redis.zrangebyscore(self._key("incidents"), at, "+inf"))
        return [each.decode() for each in found]

    async def feed_changed(self) -> None:
        """Say that the feed shows something else by now, though no row has changed."""
        key = self._key("feed", "changes")
        async with store_errors():
            await wait(self._redis.incr(key))
            await wait(self._redis.expire(key, self._ttl))

    def _feed_keys(self) -> list[str]:
        return [self._key("feed", "rows"), self._key("feed", "news"), self._key("feed", "changes")]

    async def feed_changes(self) -> int:
        """A number that grows with every row that is written: who has read the rows at this number need not again."""
        return int(await self._text(self._key("feed", "changes")) or 0)

    async def feed_rows(self) -> Sequence[FeedRow]:
        """All rows; one that cannot be read is left out, and made anew when its incident changes."""
        async with store_errors():
            stored = await wait(self._redis.hvals(self._key("feed", "rows")))
        return [row for each in stored if (row := self._row(each)) is not None]

    async def feed_row(self, incident_id: str) -> FeedRow | None:
        async with store_errors():
            stored = await wait(self._redis.hget(self._key("feed", "rows"), incident_id))
        return self._row(stored) if stored is not None else None

    def _row(self, stored: bytes) -> FeedRow | None:
        try:
            return _decoded(self._rows, stored.partition(b" ")[2])
        except BadInput:
            return None

    async def refs_of(self, incident_ids: Sequence[str]) -> Sequence[ThreadRefs]:
        """Where the cards of several incidents are, in one round trip."""
        if not incident_ids:
            return ()
        async with store_errors():
            stored = await wait(self._redis.mget([self._key("thread", each) for each in incident_ids]))
        refs = self._codec(ThreadRefs, "thread")
        return [refs.decode(each) if each is not None else ThreadRefs() for each in stored]

    # Who looks at it

    async def note_viewer(self, user: str, at: float) -> None:
        async with store_errors():
            await wait(self._redis.zadd(self._key("feed", "viewers"), {user: at}))
            await wait(self._redis.expire(self._key("feed", "viewers"), HOME_S))

    async def viewers(self, *, since: float) -> Mapping[str, float]:
        """Who has opened the feed since, and when last; the others are forgotten."""
        key = self._key("feed", "viewers")
        async with store_errors():
            await wait(self._redis.zremrangebyscore(key, "-inf", f"({since}"))
            found = await wait(self._redis.zrange(key, 0, -1, withscores=True))
        return {user.decode(): float(at) for user, at in found}

    async def forget_viewer(self, user: str) -> None:
        async with store_errors():
            await wait(self._redis.zrem(self._key("feed", "viewers"), user))

    async def home_ref(self, user: str) -> HomeRef:
        stored = await self._get(self._key("home", user))
        return self._homes.decode(stored) if stored is not None else HomeRef()

    async def save_home_ref(self, user: str, ref: HomeRef) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("home", user), self._homes.encode(ref), ex=HOME_S))

    # Curves

    async def save_curve(self, incident_id: str, points: Sequence[tuple[float, float]]) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("curve", incident_id), orjson.dumps(list(points)), ex=CURVE_S))
        await self.feed_changed()

    async def curves(self, incident_ids: Sequence[str]) -> Mapping[str, tuple[tuple[float, float], ...]]:
        """The last hour of each incident's metric, as it was read last; those that were not read are missing."""
        if not incident_ids:
            return {}
        async with store_errors():
            stored = await wait(self._redis.mget([self._key("curve", each) for each in incident_ids]))
        pairs = zip(incident_ids, stored, strict=True)
        return {name: tuple((at, value) for at, value in orjson.loads(each)) for name, each in pairs if each}
