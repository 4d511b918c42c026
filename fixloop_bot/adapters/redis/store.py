"""The store: incidents, runs, samples and signals in Redis or Valkey, every write atomic.

Keys (all begin ``fixloop:``) and why they end:

=========================== ============================================ =========================================
key                         holds                                        ends
=========================== ============================================ =========================================
incident:ID                 hash rev, doc                                retention after the last write
run:ID, samples:ID:STEP     hash attempt, doc; list                      retention
thread:ID, at:CHANNEL:TS    where the cards are; thread → incident       retention
album:ID, filed:ID          its pictures in Slack; where its report is   retention
identity:X, open:SERVICE    → incident                                   retention; open: at resolution
baseline:SERVICE            what it looked like while it was healthy     90 days after it was learned
seen:SIGNAL                 a notification that was stored               a day, or 15 min without an event id
early:X                     a recovery that came before its alert        an hour
members:GROUP               who was in a user group                      a day after Slack said so
words:CHANNEL:TS            a message that a form is about               an hour
audit                       who was refused what                         retention after the last refusal
draft:X                     a plan while somebody edits it               six hours after the last edit
feed:rows, feed:news,       a row for each incident; which have changed  retention after the last change
feed:changes
feed:viewers, home:USER     who looks at the feed; what their Home shows a day after they opened it
curve:ID                    the last hour of what is broken              an hour
mutes, held:SERVICE         muted services; their signals meanwhile      two weeks; emptied when the mute ends
ended_mutes, waited         who had muted what; what had been held back  retention; an hour
parked:SIGNAL               a signal that could not be taken             retention
inbox, arrivals, outbox,    work not yet done, and its order             emptied by doing it
dirty
wake                        that there is something in the inbox         a minute
incidents, open_incidents   sorted by opening time                       trimmed at each write
counter                     the last incident's number                   never: numbers are not used twice
halt                        who has stopped all traffic, and when        never: only a person lifts it
rate:SERVICE                when its next place is free                  a minute after that
spent:SERVICE               hash minute → requests booked                an hour and two minutes
slack:log|line|due|hold|…:X Slack's limits: calls of the last minute,    a minute or some after the last use
                            who waits in line, what a 429 holds,
                            when the last one went out
waits:ID, clicked:ID        whose redraws wait; where somebody clicked   seconds, two minutes at most
ticks:ID                    ticks on the checklist that are to be done   half a minute after the last one
recent:CHANNEL              who began there in the last minute           two minutes
storm:CHANNEL, storm_of:ID, the channel's last storm; an incident's;     retention
storm_members:STORM         who joined it, and when
once:X, lock:X, pace:X,     marks                                        seconds to a day
lead:X, stop:RUN, count:X,
changed:X
=========================== ============================================ =========================================
"""

from __future__ import annotations

from fixloop_bot.adapters.redis.baselines import Baselines
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.drafts import StoredDrafts
from fixloop_bot.adapters.redis.feeds import Feeds
from fixloop_bot.adapters.redis.incidents import Incidents
from fixloop_bot.adapters.redis.kept import KeptThings
from fixloop_bot.adapters.redis.marks import Marks
from fixloop_bot.adapters.redis.mutes import Mutes
from fixloop_bot.adapters.redis.paces import Paces
from fixloop_bot.adapters.redis.runs import Runs
from fixloop_bot.adapters.redis.signals import Signals
from fixloop_bot.adapters.redis.storms import StormsKept
from fixloop_bot.adapters.redis.threads import Threads
from fixloop_bot.adapters.redis.traffic import Traffic


class RedisStore(
    Signals,
    Incidents,
    Runs,
    Threads,
    Marks,
    Traffic,
    Baselines,
    KeptThings,
    StoredDrafts,
    Paces,
    StormsKept,
    Feeds,
    Mutes,
):
    """Implements the ``Store`` port. Its parts share nothing but their keyspace; none calls another."""

    async def ping(self) -> None:
        async with store_errors():
            await wait(self._redis.ping())
