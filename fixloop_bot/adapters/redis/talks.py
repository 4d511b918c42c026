"""Conversations in threads: whose turn it is to be answered, what was said, and what people thought of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.copilot.talks import Exchange, Feedback, Record, Remark, Stand

EXCHANGES_KEPT = 20
FEEDBACK_KEPT = 50
REMARKS_KEPT = 30
ANSWERED_S = 90_000
"""Slack repeats an event for up to a day; a question is not answered twice within 25 hours."""
LINE_S = 600
STOP_S = 600
AMENDED_S = 3_600
"""An edit or a deletion may be told before the message itself, and a question be deleted while it is answered."""
STALE_S = 20
"""Who stands in the line and has not asked for so long is gone: its worker was killed."""

TAKE_TURN = """
-- KEYS line, seen, turn, answered; ARGV question, token, asked_at, now, hold_ms, line_ttl_s, stale_s
if redis.call('EXISTS', KEYS[4]) == 1 then return -1 end
local me = ARGV[1] .. '|' .. ARGV[2]
local holder = redis.call('GET', KEYS[3])
if holder == me then
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
  return 0
end
if holder and string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. '|' then return -1 end
redis.call('ZADD', KEYS[1], 'NX', ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local seen = tonumber(redis.call('HGET', KEYS[2], id) or '0')
  if tonumber(ARGV[4]) - seen > tonumber(ARGV[7]) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
  end
end
local ahead = redis.call('ZRANK', KEYS[1], ARGV[1])
if holder then return ahead + 1 end
if ahead > 0 then return ahead end
redis.call('SET', KEYS[3], me, 'PX', ARGV[5])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 0
"""

END_TURN = """
-- KEYS line, seen, turn, answered; ARGV question, token, is_answered, answered_ttl_s
local holder = redis.call('GET', KEYS[3])
if holder == ARGV[1] .. '|' .. ARGV[2] then
  redis.call('DEL', KEYS[3])
elseif holder and string.sub(holder, 1, #ARGV[1] + 1) == ARGV[1] .. '|' then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] == '1' then redis.call('SET', KEYS[4], '1', 'EX', ARGV[4]) end
return 1
"""

OVERHEAR = """
-- KEYS heard; ARGV id, remark, most, ttl_s, ids are channel:ts, so that their order is that of writing
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
local ids = redis.call('HKEYS', KEYS[1])
table.sort(ids)
for at = 1, #ids - tonumber(ARGV[3]) do redis.call('HDEL', KEYS[1], ids[at]) end
"""


class Talks(Keyspace):
    """Keys ``asked``, ``asking``, ``turn``, ``answered``, ``talk``, ``heard``, ``amended``, ``answer`` and
    ``stop_answer``."""

    @property
    def _exchanges(self) -> Codec[Exchange]:
        return self._codec(Exchange, "exchange")

    @property
    def _remarks(self) -> Codec[Remark]:
        return self._codec(Remark, "remark")

    @property
    def _records(self) -> Codec[Record]:
        return self._codec(Record, "answer")

    async def take_turn(self, thread: str, question: str, token: str, *, asked_at: float, seconds: float) -> Stand:
        args = [question, token, asked_at, self._clock.now(), int(seconds * 1000), LINE_S, STALE_S]
        ahead = int(await self._call(TAKE_TURN, keys=self._line_keys(thread, question), args=args))
        return Stand(ahead=max(0, ahead), gone=ahead < 0)

    async def end_turn(self, thread: str, question: str, token: str, *, answered: bool) -> None:
        args = [question, token, int(answered), ANSWERED_S]
        await self._call(END_TURN, keys=self._line_keys(thread, question), args=args)

    def _line_keys(self, thread: str, question: str) -> list[str]:
        return [
            self._key("asked", thread),
            self._key("asking", thread),
            self._key("turn", thread),
            self._key("answered", question),
        ]

    async def conversation(self, thread: str) -> Sequence[Exchange]:
        async with store_errors():
            stored = await wait(self._redis.lrange(self._key("talk", thread), 0, -1))
        exchanges = [self._exchanges.decode(each) for each in stored]
        return [each for each in exchanges if each.question]

    async def overhear(self, thread: str, remark: Remark) -> None:
        amended = await self._text(self._key("amended", remark.id))
        if amended is not None:
            if not amended:
                return
            remark = replace(remark, text=amended)
        args = [remark.id, self._remarks.encode(remark), REMARKS_KEPT, self._ttl]
        await self._call(OVERHEAR, keys=[self._key("heard", thread)], args=args)

    async def remarks(self, thread: str) -> Sequence[Remark]:
        async with store_errors():
            stored = await wait(self._redis.hvals(self._key("heard", thread)))
        return sorted((self._remarks.decode(each) for each in stored), key=lambda remark: remark.at)

    async def amend(self, thread: str, message: str, text: str) -> None:
        heard, talk = self._key("heard", thread), self._key("talk", thread)
        async with store_errors():
            remark = await wait(self._redis.hget(heard, message))
            exchanges = await wait(self._redis.lrange(talk, 0, -1))
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            if remark is not None and text:
                pipe.hset(heard, message, self._remarks.encode(replace(self._remarks.decode(remark), text=text)))
            elif remark is not None:
                pipe.hdel(heard, message)
            pipe.set(self._key("amended", message), text, ex=AMENDED_S)
            for each in exchanges:
                known = self._exchanges.decode(each)
                if known.id == message:
                    if text:
                        pipe.linsert(
                            talk, "BEFORE", each, self._exchanges.encode(replace(known, question=text)).decode()
                        )
                    pipe.lrem(talk, 1, each)
            await pipe.execute()

    async def keep(self, thread: str, record: Record) -> None:
        talk = self._key("talk", thread)
        if await self._text(self._key("amended", record.id)) == "":
            record = replace(record, exchange=replace(record.exchange, question="", answer=""))
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(talk, self._exchanges.encode(record.exchange))
            pipe.ltrim(talk, -EXCHANGES_KEPT, -1)
            pipe.expire(talk, self._ttl)
            pipe.set(self._key("answer", record.id), self._records.encode(record), ex=self._ttl)
            await pipe.execute()

    async def record(self, answer_id: str) -> Record | None:
        stored = await self._get(self._key("answer", answer_id))
        return self._records.decode(stored) if stored is not None else None

    async def add_feedback(self, answer_id: str, feedback: Feedback) -> bool:
        record = await self.record(answer_id)
        if record is None:
            return False
        others = [each for each in record.feedback if each.user != feedback.user][-(FEEDBACK_KEPT - 1) :]
        judged = self._records.encode(replace(record, feedback=(*others, feedback)))
        async with store_errors():
            await wait(self._redis.set(self._key("answer", answer_id), judged, ex=self._ttl))
        return True

    async def under_way(self, thread: str) -> str | None:
        holder = await self._text(self._key("turn", thread))
        return holder.rpartition("|")[0] if holder else None

    async def stop_answer(self, answer_id: str, by: str) -> None:
        async with store_errors():
            await wait(self._redis.set(self._key("stop_answer", answer_id), by, ex=STOP_S))

    async def answer_stopped_by(self, answer_id: str) -> str | None:
        return await self._text(self._key("stop_answer", answer_id))
