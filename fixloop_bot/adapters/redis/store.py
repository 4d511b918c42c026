"""The store: incidents, runs, samples and signals in Redis or Valkey, every write atomic.

Keys (all begin ``fixloop:``) and why they end:

=========================== ============================================ =========================================
key                         holds                                        ends
=========================== ============================================ =========================================
incident:ID                 hash rev, doc                                retention after the last write
run:ID, samples:ID:STEP     hash attempt, doc; list                      retention
thread:ID, at:CHANNEL:TS    where the cards are; thread → incident       retention
identity:X, open:SERVICE    → incident                                   retention; open: at resolution
baseline:SERVICE            what it looked like while it was healthy     90 days after it was learned
seen:SIGNAL                 a notification that was stored               a day, or 15 min without an event id
early:X                     a recovery that came before its alert        an hour
parked:SIGNAL               a signal that could not be taken             retention
inbox, arrivals, outbox,    work not yet done, and its order             emptied by doing it
dirty
wake                        that there is something in the inbox         a minute
incidents, open_incidents   sorted by opening time                       trimmed at each write
counter                     the last incident's number                   never: numbers are not used twice
halt                        who has stopped all traffic, and when        never: only a person lifts it
rate:SERVICE                when its next place is free                  a minute after that
spent:SERVICE               hash minute → requests booked                an hour and two minutes
once:X, lock:X, pace:X,     marks                                        seconds to a day
lead:X, stop:RUN, count:X
=========================== ============================================ =========================================
"""

from __future__ import annotations

from fixloop_bot.adapters.redis.baselines import Baselines
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.incidents import Incidents
from fixloop_bot.adapters.redis.marks import Marks
from fixloop_bot.adapters.redis.runs import Runs
from fixloop_bot.adapters.redis.signals import Signals
from fixloop_bot.adapters.redis.threads import Threads
from fixloop_bot.adapters.redis.traffic import Traffic


class RedisStore(Signals, Incidents, Runs, Threads, Marks, Traffic, Baselines):
    """Implements the ``Store`` port. Its parts share nothing but their keyspace; none calls another."""

    async def ping(self) -> None:
        async with store_errors():
            await wait(self._redis.ping())
