"""The store's atomic writes, as Lua. Each is one round trip, and all or nothing."""

from __future__ import annotations

REMEMBER_SIGNAL = """
-- KEYS seen, inbox, wake, arrivals; ARGV ttl_s, signal_id, document, received_at
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[4], 'NX', ARGV[4], ARGV[2])
-- One call is enough to wake one worker, who takes all that is there.
redis.call('DEL', KEYS[3])
redis.call('RPUSH', KEYS[3], '1')
redis.call('EXPIRE', KEYS[3], 60)
return 1
"""

SAVE_INCIDENT = """
-- KEYS incident, open_of_service, open_incidents, all_incidents, dirty, outbox, run (or ''), feed_news, then identities
-- ARGV id, expected_revision (-1: create), document, ttl_s, is_open, opened_at, oldest_kept, run_document,
--      job_count, (key, job) …
local id, expected = ARGV[1], tonumber(ARGV[2])
local holder = redis.call('GET', KEYS[2])
if expected < 0 then
  if holder and holder ~= id then return -2 end
  if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
  expected = 0
else
  local stored = redis.call('HGET', KEYS[1], 'rev')
  if not stored or tonumber(stored) ~= expected then return -1 end
end
local ttl = ARGV[4]
redis.call('HSET', KEYS[1], 'rev', expected + 1, 'doc', ARGV[3])
redis.call('EXPIRE', KEYS[1], ttl)
if ARGV[5] == '1' then
  if not holder or holder == id then redis.call('SET', KEYS[2], id, 'EX', ttl) end
  redis.call('ZADD', KEYS[3], ARGV[6], id)
else
  if holder == id then redis.call('DEL', KEYS[2]) end
  redis.call('ZREM', KEYS[3], id)
end
redis.call('ZADD', KEYS[4], ARGV[6], id)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[7])
redis.call('SADD', KEYS[5], id)
redis.call('HSET', KEYS[8], id, expected + 1)
redis.call('EXPIRE', KEYS[8], ttl)
if ARGV[8] ~= '' then
  redis.call('HSET', KEYS[7], 'attempt', 0, 'doc', ARGV[8])
  redis.call('EXPIRE', KEYS[7], ttl)
end
for i = 9, #KEYS do
  -- A resolved incident that is written late must not take an identity from the one that came after it.
  local owner = redis.call('GET', KEYS[i])
  if ARGV[5] == '1' or not owner or owner == id then redis.call('SET', KEYS[i], id, 'EX', ttl) end
end
local jobs = tonumber(ARGV[9])
for i = 0, jobs - 1 do redis.call('HSET', KEYS[6], ARGV[10 + 2 * i], ARGV[11 + 2 * i]) end
return expected + 1
"""

PARK_SIGNAL = """
-- KEYS inbox, parked, arrivals; ARGV signal_id, ttl_s
local document = redis.call('HGET', KEYS[1], ARGV[1])
if not document then return 0 end
redis.call('SET', KEYS[2], document, 'EX', ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
"""

COUNT = """
-- KEYS count; ARGV ttl_s
local count = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return count
"""

CLAIM_RUN = """
-- KEYS run; returns the new attempt, or -1 where there is no such run
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
return redis.call('HINCRBY', KEYS[1], 'attempt', 1)
"""

SAVE_RUN = """
-- KEYS run, dirty; ARGV attempt, document, ttl_s, incident_id or ''; 0 where a later attempt has taken the run over
local stored = redis.call('HGET', KEYS[1], 'attempt')
if not stored or tonumber(stored) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'doc', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if ARGV[4] ~= '' then redis.call('SADD', KEYS[2], ARGV[4]) end
return 1
"""

ADD_SAMPLES = """
-- KEYS run, samples; ARGV attempt, ttl_s, sample …
local stored = redis.call('HGET', KEYS[1], 'attempt')
if not stored or tonumber(stored) ~= tonumber(ARGV[1]) then return 0 end
for i = 3, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
"""

ENTER_THREAD = """
-- KEYS lock, dirty; ARGV token, incident_id, lock_ms; who finds the lock taken leaves word that there is more to show
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[3]) then return 1 end
redis.call('SADD', KEYS[2], ARGV[2])
return 0
"""

HOLD_THREAD = """
-- KEYS lock; ARGV token, lock_ms
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

SAVE_THREAD = """
-- KEYS lock, thread, and at where known; ARGV token, document, ttl_s, incident_id; 0: somebody else draws it now
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[3]) end
return 1
"""

LEAVE_THREAD = """
-- KEYS lock, dirty; ARGV token, incident_id; 1: left, 0: there is something new to show, -1: the lock was lost
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  redis.call('SADD', KEYS[2], ARGV[2]) -- what was drawn last may be older than what another one had drawn
  return -1
end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
return 1
"""

POSTPONE_THREAD = """
-- KEYS lock, dirty; ARGV token, incident_id, ms; the lock stays for so long, so that nobody tries in vain before
redis.call('SADD', KEYS[2], ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[3]) > 0 then return redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('DEL', KEYS[1])
"""

HALTED = """
-- KEYS halt, then perhaps a run's stop; returns {stop or '', halt or false}: a key of any type is a halt
local kind = redis.call('TYPE', KEYS[1]).ok
local halt = false
if kind == 'string' then halt = redis.call('GET', KEYS[1]) elseif kind ~= 'none' then halt = '' end
local stop = KEYS[2] and redis.call('GET', KEYS[2]) or ''
return {stop or '', halt}
"""

TAKE_PLACE = """
-- A generic cell rate and a rolling hour: KEYS rate, spent; ARGV now ('': the server's), interval_s, early, n, per_hour
-- Returns the seconds to wait for the first of n requests, all booked; false, nothing booked, if the hour is spent.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local interval, early, n, per_hour = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local free = tonumber(redis.call('GET', KEYS[1]) or now)
-- So far ahead nobody books: the clock has jumped back, and must not stop all traffic until it has caught up.
if free < now or free > now + math.max(120, 200 * interval) then free = now end
local wait = free - now - early * interval
if wait < 0 then wait = 0 end
-- Requests count in the minute in which they are sent. The minute that is partly an hour ago counts in full.
local minute = math.floor((now + wait) / 60)
local spent, past = n, {}
local counts = redis.call('HGETALL', KEYS[2])
for i = 1, #counts, 2 do
  if tonumber(counts[i]) < math.floor(now / 60) - 60 then past[#past + 1] = counts[i]
  elseif tonumber(counts[i]) >= minute - 60 then spent = spent + tonumber(counts[i + 1]) end
end
if spent > per_hour then return false end
if #past > 0 then redis.call('HDEL', KEYS[2], unpack(past)) end
redis.call('HINCRBY', KEYS[2], string.format('%d', minute), n)
redis.call('EXPIRE', KEYS[2], 3720 + math.ceil(wait))
local after = free + n * interval
redis.call('SET', KEYS[1], string.format('%.6f', after), 'EX', 60 + math.ceil(after - now))
return string.format('%.6f', wait)
"""

LEAD = """
-- KEYS lead; ARGV who, seconds
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""

ACCEPT = """
-- KEYS mark, outbox; ARGV seconds, job key, job
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 1
"""
