"""Slack's limits, shared by all processes, and which threads wait, for whom.

``take_call`` keeps a log of the calls of the last window, those booked ahead included. A call may go out at the first
moment at which fewer than its share lie in the window before it. Who would have to wait too long gets no place but a
ticket in a line, by urgency and then by age, and comes back a little before their time; a ticket whose owner does not
come back is passed over, so that a killed process holds nobody up.
"""

from __future__ import annotations

import math

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.errands import Errand, Limit, Place, Urgency

COMES_LATE_S = 2.0
"""How much later than told somebody in line may come back, and still be next."""
SOONEST_S = 0.25
ATTENDED_S = 20.0
STILL_ATTENDED_S = 5.0
"""How long after a pause that Slack asked for the card of a click may still be late."""
ATTENDED_AT_MOST_S = 120.0
"""Slack asks for pauses of up to a minute; who has waited for two of them looks elsewhere."""

TAKE_CALL = """
-- KEYS log, line, due, hold, sent; ARGV now ('': the server's), window_s, calls, share, parts, patience_s, soonest_s,
--      late_s, rank (0 is the most urgent), ticket or '', since or 0. Returns {1 or 0: booked or not, seconds to wait}.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local window, calls, share, parts = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local patience, soonest, late = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local rank, ticket = tonumber(ARGV[9]), ARGV[10]
local log = {}
for _, each in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local at = tonumber(each)
  -- So far ahead nobody books: the clock has jumped back, and must not stop all calls until it has caught up.
  if at > now - window and at < now + window + 300 then log[#log + 1] = at end
end
local held = tonumber(redis.call('GET', KEYS[4]) or 0)
-- Where one call at a time is allowed, the last one counts from its answer: else those who are booked would pile up.
local sent = calls == 1 and tonumber(redis.call('GET', KEYS[5]) or 0) or 0
if sent > now + 60 then sent = 0 end
local function after(most, span)
  if #log < most then return now end
  return math.max(now, log[#log - most + 1] + span)
end
local function next_place()
  table.sort(log)
  local at = math.max(sent, after(share, window), after(math.ceil(share / parts), window / parts))
  -- Slack has counted otherwise than we: after a hold calls go out one by one.
  if at < held then at = math.max(held, (log[#log] or 0) >= held and log[#log] + window / calls or 0) end
  return at
end
local ahead, score = 0, 0
if ticket ~= '' then
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - 60)) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('ZREM', KEYS[3], gone)
  end
  local before = redis.call('ZSCORE', KEYS[2], ticket)
  local first = tonumber(ARGV[11])
  if first <= 0 or first > now then first = now end
  -- What has changed again while it waited has not begun to wait again.
  if before then first = math.min(first, tonumber(before) % 1e10) end
  score = rank * 1e10 + first
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.6f', score))) do
    if other ~= ticket and tonumber(redis.call('ZSCORE', KEYS[3], other) or 0) >= now then ahead = ahead + 1 end
  end
end
local at = next_place()
for i = 1, ahead do
  log[#log + 1] = at
  at = next_place()
end
if at - now <= patience and (ahead == 0 or at <= now) then
  redis.call('RPUSH', KEYS[1], string.format('%.6f', at))
  redis.call('LTRIM', KEYS[1], -2 * calls - 20, -1)
  redis.call('EXPIRE', KEYS[1], math.ceil(window + patience) + 60)
  if ticket ~= '' then
    redis.call('ZREM', KEYS[2], ticket)
    redis.call('ZREM', KEYS[3], ticket)
  end
  return {1, string.format('%.6f', at - now)}
end
local again = math.max(soonest, at - now - patience / 2)
if ticket ~= '' then
  redis.call('ZADD', KEYS[2], string.format('%.6f', score), ticket)
  redis.call('ZADD', KEYS[3], string.format('%.6f', now + again + late), ticket)
  redis.call('EXPIRE', KEYS[2], math.ceil(again) + 300)
  redis.call('EXPIRE', KEYS[3], math.ceil(again) + 300)
end
return {0, string.format('%.6f', again)}
"""

HOLD_CALLS = """
-- KEYS hold or sent; ARGV now ('': the server's), seconds. The longest hold counts.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local till = now + tonumber(ARGV[2])
local before = tonumber(redis.call('GET', KEYS[1]) or 0)
if before > till and before < now + 3600 then till = before end
if till > now then
  redis.call('SET', KEYS[1], string.format('%.6f', till), 'PX', math.ceil((till - now) * 1000) + 1000)
end
return string.format('%.6f', math.max(0, till - now))
"""

GO_NOW = """
-- KEYS sent; ARGV now ('': the server's), seconds. 0: the caller goes now; else how long it is too soon for anybody.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local till = tonumber(redis.call('GET', KEYS[1]) or 0)
if till > now and till < now + 60 then return string.format('%.6f', till - now) end
redis.call('SET', KEYS[1], string.format('%.6f', now + tonumber(ARGV[2])), 'PX', 60000)
return '0'
"""


class Paces(Keyspace):
    """Keys ``slack``, ``waits``, ``clicked``. Implements the ``Paces`` and ``Waiting`` ports."""

    async def take_call(self, limit: Limit, errand: Errand, *, patience_s: float) -> Place:
        booked, seconds = await self._call(
            TAKE_CALL,
            keys=[
                *(self._key("slack", part, limit.name) for part in ("log", "line", "due")),
                self._key("slack", "hold", limit.method),
                self._sent_key(limit),
            ],
            args=[
                self._time_of_calls(),
                limit.per_s,
                limit.calls,
                limit.share(errand.urgency),
                limit.parts(errand.urgency),
                patience_s,
                SOONEST_S,
                COMES_LATE_S,
                Urgency.ANSWER - errand.urgency,
                errand.name if errand.urgency is not Urgency.ANSWER else "",
                errand.since,
            ],
        )
        return Place(wait_s=float(seconds), booked=int(booked) == 1)

    async def hold_calls(self, method: str, *, seconds: float) -> None:
        await self._hold(method, seconds)

    async def held_for(self, method: str) -> float:
        return await self._hold(method, 0.0)

    async def _hold(self, method: str, seconds: float) -> float:
        left = await self._call(
            HOLD_CALLS, keys=[self._key("slack", "hold", method)], args=[self._time_of_calls(), seconds]
        )
        return float(left)

    async def went_out(self, limit: Limit) -> None:
        await self._call(HOLD_CALLS, keys=[self._sent_key(limit)], args=[self._time_of_calls(), limit.per_s])

    async def too_soon(self, limit: Limit) -> float:
        left = await self._call(GO_NOW, keys=[self._sent_key(limit)], args=[self._time_of_calls(), limit.per_s])
        return float(left)

    def _sent_key(self, limit: Limit) -> str:
        return self._key("slack", "sent", limit.name)

    def _time_of_calls(self) -> str:
        return "" if self._shared_time else f"{self._clock.now():.6f}"

    async def let_wait(self, thread: str, *, seconds: float) -> None:
        """Nobody redraws this thread for so long, but for somebody who clicks in it."""
        until = self._clock.now() + seconds
        async with store_errors():
            await wait(self._redis.set(self._key("waits", thread), f"{until:.3f}", px=max(1, int(seconds * 1000))))

    async def attend(self, thread: str) -> None:
        """Somebody has clicked in this thread, and looks at it for the next seconds."""
        async with store_errors():
            at = f"{self._clock.now():.3f}"
            await wait(self._redis.set(self._key("clicked", thread), at, ex=int(ATTENDED_S)))

    async def still_attend(self, thread: str, *, seconds: float) -> None:
        """What somebody has just clicked for comes only in so many seconds: they wait for it, but not for ever."""
        async with store_errors():
            at = await wait(self._redis.get(self._key("clicked", thread)))
            if at is not None and self._clock.now() + seconds - float(at) <= ATTENDED_AT_MOST_S:
                left = math.ceil(seconds + STILL_ATTENDED_S)
                await wait(self._redis.expire(self._key("clicked", thread), left, gt=True))

    async def standing(self, thread: str) -> tuple[bool, bool]:
        """Whether somebody has just clicked in the thread, and whether its redraws wait."""
        async with store_errors():
            clicked, waits = await wait(self._redis.mget(self._key("clicked", thread), self._key("waits", thread)))
        return clicked is not None, waits is not None and float(waits) > self._clock.now()
