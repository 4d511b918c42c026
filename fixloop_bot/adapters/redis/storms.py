"""Storms: which incidents began together in a channel."""

from __future__ import annotations

import math

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.storms import CALM_AFTER_S, LEAST, WITHIN_S, Storm

JOIN_STORM = """
-- KEYS recent, storm (of the channel), dirty, members:, storm_of; ARGV now, incident_id, new, within_s, least, calm_s,
--      prefix of a storm's id, ttl_s. Returns {storm's id, last joined} of the incident's storm, or false.
local now, calm, ttl = tonumber(ARGV[1]), tonumber(ARGV[6]), ARGV[8]
local mine = redis.call('GET', KEYS[5])
if not mine and ARGV[3] == '1' and not redis.call('ZSCORE', KEYS[1], ARGV[2]) then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[4]))
  redis.call('ZADD', KEYS[1], now, ARGV[2])
  redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[4])) + 60)
  local id, last = unpack(redis.call('HMGET', KEYS[2], 'id', 'last'))
  local rages = id and now - tonumber(last) < calm
  local joining = {}
  if rages then joining = {ARGV[2]}
  elseif redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then
    id = ARGV[7] .. string.format('%.0f', now)
    joining = redis.call('ZRANGE', KEYS[1], 0, -1)
    rages = true
  end
  if rages then
    redis.call('HSET', KEYS[2], 'id', id, 'last', ARGV[1])
    redis.call('EXPIRE', KEYS[2], ttl)
    for _, each in ipairs(joining) do
      redis.call('ZADD', KEYS[4] .. id, 'NX', now, each)
      redis.call('SET', string.sub(KEYS[5], 1, -1 - #ARGV[2]) .. each, id, 'EX', ttl)
    end
    redis.call('EXPIRE', KEYS[4] .. id, ttl)
    redis.call('SADD', KEYS[3], id)
  end
  mine = redis.call('GET', KEYS[5])
end
if not mine then return false end
local joined = redis.call('ZREVRANGE', KEYS[4] .. mine, 0, 0, 'WITHSCORES')
return {mine, joined[2] or '0'}
"""


class StormsKept(Keyspace):
    """Keys ``recent``, ``storm``, ``storm_members``, ``storm_of``. Implements the ``StormStore`` port."""

    async def join_storm(self, channel: str, incident_id: str, *, new: bool) -> tuple[str, float] | None:
        joined = await self._call(
            JOIN_STORM,
            keys=[
                self._key("recent", channel),
                self._key("storm", channel),
                self._key("dirty"),
                self._key("storm_members", ""),
                self._key("storm_of", incident_id),
            ],
            args=[
                f"{self._clock.now():.3f}",
                incident_id,
                int(new),
                WITHIN_S,
                LEAST,
                CALM_AFTER_S,
                f"storm:{channel}@",
                self._ttl,
            ],
        )
        return (joined[0].decode(), float(joined[1])) if joined else None

    async def storm(self, storm_id: str) -> Storm | None:
        """The storm with its incidents in the order in which they joined; None where it is not kept any more."""
        async with store_errors():
            found = await wait(self._redis.zrange(self._key("storm_members", storm_id), 0, -1, withscores=True))
        if not found:
            return None
        times = [at for _, at in found]
        channel, _, began = storm_id.removeprefix("storm:").rpartition("@")
        return Storm(
            id=storm_id,
            channel=channel,
            began_at=min(float(began), min(times, default=math.inf)),
            last_at=max(times),
            incidents=tuple(member.decode() for member, _ in found),
        )
