"""Muted services, and the signals that wait until the mute ends."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.mutes import HeldBack, Mute
from fixloop_bot.domain.signals import Signal

MUTES_S = 14 * 86_400
"""Twice the longest mute: whoever ends mutes may have been down."""
ENDED_KEPT = 100
WAITED_S = 3_600

HOLD = """
-- KEYS mutes, held, inbox, arrivals; ARGV service, identity, signal_id, document, firing ('1', '0' or '': as before),
--      occurred_at, begins ('1': may be the first of its identity), ttl_s; 0: not held, so it stays in the inbox
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local stored = redis.call('HGET', KEYS[2], ARGV[2])
if not stored and ARGV[7] ~= '1' then return 0 end
local kept = stored and cjson.decode(stored)
if not kept then
  kept = {count = 0, firing = true, first = ARGV[4], first_id = ARGV[3], at = 0}
end
if kept.last_id ~= ARGV[3] then
  kept.count = kept.count + 1
  local at = tonumber(ARGV[6])
  -- On equal times what alarms wins, as in an incident.
  if at > kept.at or (at == kept.at and ARGV[5] == '1') then
    kept.last, kept.last_id, kept.at = ARGV[4], ARGV[3], at
    if ARGV[5] ~= '' then kept.firing = ARGV[5] == '1' end
  end
end
redis.call('HSET', KEYS[2], ARGV[2], cjson.encode(kept))
redis.call('EXPIRE', KEYS[2], ARGV[8])
redis.call('HDEL', KEYS[3], ARGV[3])
redis.call('ZREM', KEYS[4], ARGV[3])
return 1
"""

CHANGE_MUTE = """
-- KEYS mutes; ARGV service, the mute as it is known ('': none), the mute, ttl_s
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if (stored or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

END_MUTE = """
-- KEYS mutes, held, inbox, arrivals, wake, ended, waited
-- ARGV service, the mute as it is known, now, ttl_s, ended_kept, waited_s, prefix of identities
-- -1: it is another mute by now
-- What still fires goes back into the inbox: its first signal, so that it counts from then, and its last reading.
-- So does the last reading of what has recovered and belongs to an incident: that may have been reopened meanwhile.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
local back, held = 0, redis.call('HGETALL', KEYS[2])
for i = 1, #held, 2 do
  local kept = cjson.decode(held[i + 1])
  if kept.firing then
    redis.call('HSET', KEYS[3], kept.first_id, kept.first)
    redis.call('ZADD', KEYS[4], ARGV[3], kept.first_id)
    if kept.last_id ~= kept.first_id then
      redis.call('HSET', KEYS[3], kept.last_id, kept.last)
      redis.call('ZADD', KEYS[4], ARGV[3] + 0.001, kept.last_id)
    end
    redis.call('HSET', KEYS[7], held[i], kept.count .. ' ' .. ARGV[2])
    back = back + 1
  elseif redis.call('EXISTS', ARGV[7] .. held[i]) == 1 then
    redis.call('HSET', KEYS[3], kept.last_id, kept.last)
    redis.call('ZADD', KEYS[4], ARGV[3], kept.last_id)
  end
end
if back > 0 then
  redis.call('EXPIRE', KEYS[7], ARGV[6])
  redis.call('DEL', KEYS[5])
  redis.call('RPUSH', KEYS[5], '1')
  redis.call('EXPIRE', KEYS[5], 60)
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('LPUSH', KEYS[6], ARGV[2])
redis.call('LTRIM', KEYS[6], 0, ARGV[5] - 1)
redis.call('EXPIRE', KEYS[6], ARGV[4])
return back
"""


class Mutes(Keyspace):
    """Keys ``mutes``, ``held``, ``ended_mutes`` and ``waited``; moves signals out of the inbox and back."""

    @property
    def _mutes(self) -> Codec[Mute]:
        return self._codec(Mute, "mute")

    async def change_mute(self, known: Mute | None, mute: Mute) -> bool:
        """Mute a service, or change its mute; what it holds stays held. False where it is not as ``known`` any more."""
        before = self._mutes.encode(known) if known is not None else ""
        args = [mute.service, before, self._mutes.encode(mute), MUTES_S]
        return bool(await self._call(CHANGE_MUTE, keys=[self._key("mutes")], args=args))

    async def mutes(self) -> Sequence[Mute]:
        """All mutes, the one that ends first first."""
        async with store_errors():
            stored = await wait(self._redis.hvals(self._key("mutes")))
        return sorted((self._mutes.decode(each) for each in stored), key=lambda mute: (mute.until, mute.service))

    async def mute_of(self, service: str) -> Mute | None:
        async with store_errors():
            stored = await wait(self._redis.hget(self._key("mutes"), service))
        return self._mutes.decode(stored) if stored is not None else None

    async def ended_mutes(self) -> Sequence[Mute]:
        """The last mutes that have ended, the newest first: who had muted what, from where, and until when."""
        async with store_errors():
            stored = await wait(self._redis.lrange(self._key("ended_mutes"), 0, -1))
        return [self._mutes.decode(each) for each in stored]

    async def hold_signal(self, service: str, signal: Signal, *, begins: bool) -> bool:
        """Keep a muted service's signal aside, out of the inbox; False where the service is not muted (any more).

        One that does not begin a trouble (``begins``) is kept only where its trouble is held already.
        """
        firing = "1" if signal.transition.alerting else "0" if signal.recovers else ""
        document = self._codec(Signal, "signal").encode(signal)
        keys = [self._key("mutes"), self._key("held", service), self._key("inbox"), self._key("arrivals")]
        args = [service, signal.identity, signal.id, document, firing, signal.occurred_at, int(begins), MUTES_S]
        return bool(await self._call(HOLD, keys=keys, args=args))

    async def held_since(self, service: str, identity: str) -> float | None:
        """When a trouble that a mute holds, and that still fires, was last told of; None where there is none."""
        async with store_errors():
            stored = await wait(self._redis.hget(self._key("held", service), identity))
        kept = orjson.loads(stored) if stored is not None else {"firing": False}
        return float(kept["at"]) if kept["firing"] else None

    async def held_back(self, service: str) -> HeldBack:
        async with store_errors():
            stored = await wait(self._redis.hvals(self._key("held", service)))
        kept = [orjson.loads(each) for each in stored]
        return HeldBack(
            signals=sum(int(each["count"]) for each in kept),
            troubles=len(kept),
            firing=sum(bool(each["firing"]) for each in kept),
        )

    async def end_mute(self, mute: Mute) -> int | None:
        """End a mute and give back what still fires; how many troubles, or None where it is another mute by now."""
        keys = [
            *(self._key("mutes"), self._key("held", mute.service), self._key("inbox"), self._key("arrivals")),
            *(self._key("wake"), self._key("ended_mutes"), self._key("waited")),
        ]
        known = [mute.service, self._mutes.encode(mute), self._clock.now(), self._ttl, ENDED_KEPT, WAITED_S]
        args = [*known, self._key("identity", "")]
        back = int(await self._call(END_MUTE, keys=keys, args=args))
        return back if back >= 0 else None

    async def waited(self, identity: str) -> tuple[int, Mute] | None:
        """How many signals of a trouble a mute had held back that has just ended, and that mute; else None."""
        async with store_errors():
            stored = await wait(self._redis.hget(self._key("waited"), identity))
        if stored is None:
            return None
        count, _, mute = stored.partition(b" ")
        try:
            return int(count), self._mutes.decode(mute)
        except (ValueError, BadInput):
            return None
