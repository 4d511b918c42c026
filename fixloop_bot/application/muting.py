"""During maintenance: a service opens no new thread and reminds nobody for a while; an incident reminds nobody.

**Nothing is lost.** A muted service's signals are stored, and counted, as always; those that would open an incident, or
open a resolved one again, wait. When the mute ends, whatever still fires opens its incident, dated from its first
signal.

**What is open already goes on.** Its signals join it, its runs run, and its cards are brought up to date: an edited
message calls nobody, and a card that is not would be wrong. To stop its traffic is what ``stop`` is for.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from fixloop_bot.application.directory import Directory
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mute_ports import Calendar, Downtimes, MuteStore, MuteWords
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import Command, Wish
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import Conflict, SlackBusy, SlackRefused, TelemetryUnavailable
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import span, utc
from fixloop_bot.domain.mutes import LONGEST_S, SHORTEST_S, Mute, read_span, read_time_of_day

log = logging.getLogger(__name__)

ALSO_DATADOG = "downtime"
ENDS = ("off", "end", "stop")
NOTHING = "Nothing is muted. `/fixloop mute checkout 2h` mutes a service, `/fixloop mute INC-42 30m` an incident."
IN_DATADOG_TOO = "Datadog has a downtime for it, too."
ENDED_MEANWHILE = "The mute was ended meanwhile, so its downtime in Datadog was cancelled."
TRIES = 20
"""Few people mute one service in the same instant; so many lost races mean a fault."""
HOW = "For how long? `2h`, `30m`, `1d` or `until 14:00`, for example `/fixloop mute {name} 2h`; at most 7 days."


class Muting:
    """Mutes services and incidents, and ends it. Its sentences are for who asks."""

    def __init__(
        self,
        store: Store,
        kept: MuteStore,
        ledger: Ledger,
        *,
        catalog: Catalog,
        clock: Clock,
        calendar: Calendar,
        directory: Directory,
        downtimes: Downtimes,
        words: MuteWords,
    ) -> None:
        self._store = store
        self._kept = kept
        self._ledger = ledger
        self._catalog = catalog
        self._clock = clock
        self._calendar = calendar
        self._directory = directory
        self._downtimes = downtimes
        self._words = words
        self._where = Whereabouts(store)

    def commands(self) -> Sequence[Command]:
        return (Command(word="mute", deed=self._mute),)

    # What was asked

    async def _mute(self, wish: Wish) -> str:
        words = wish.text.strip()
        if not words:
            return await self._all()
        incident, name, rest = await self._where.named(words)
        if incident is not None:
            return await self._of_incident(incident, rest, wish)
        if name:
            return f"There is no incident {name}."
        service, rest = await self._service(words)
        if service:
            return await self._of_service(service, rest, wish)
        if _is_a_time(words):
            return await self._here(words, wish)
        return await self._unknown(words)

    async def _all(self) -> str:
        now = self._clock.now()
        found = [(mute, await self._kept.held_back(mute.service)) for mute in await self._kept.mutes()]
        services = [self._words.mutes(found, now)] if found else []
        incidents = [
            f"🔕 {incident.id} until {self._words.moment(incident.muted_until, now)}"
            for incident in await self._where.open_ones()
            if incident.muted_until is not None and now < incident.muted_until
        ]
        return "\n".join(["*Muted*", *services, *incidents]) if services or incidents else NOTHING

    async def _service(self, words: str) -> tuple[str, str]:
        """The service that the words begin with, and the words behind it; the longest of the names that fit."""
        lowered = f"{words.lower()} "
        fits = [name for name in await self._names() if lowered.startswith(f"{name.lower()} ")]
        name = max(fits, key=len, default="")
        return name, words[len(name) :].strip()

    async def _names(self) -> list[str]:
        known = [service.name for service in self._catalog.services]
        known += [incident.label for incident in await self._where.open_ones() if incident.service is None]
        return list(dict.fromkeys([*known, *(mute.service for mute in await self._kept.mutes())]))

    async def _here(self, words: str, wish: Wish) -> str:
        """``mute 2h`` in a thread, or in a channel with one incident."""
        found = await self._where.here(wish)
        if len(found) == 1:
            return await self._of_incident(found[0], words, wish)
        names = ", ".join(f"`{incident.id}`" for incident in found)
        which = f"Which one? {names}." if names else "Mute what?"
        return f"{which} For example `/fixloop mute {found[0].id if found else 'checkout'} {words[:20]}`."

    async def _unknown(self, words: str) -> str:
        first = words.split()[0]
        near = difflib.get_close_matches(first.lower(), await self._names(), n=1, cutoff=0.5)
        rest = words[len(first) :].strip() or "2h"
        meant = f" Did you mean `/fixloop mute {near[0]} {self._words.name(rest).strip('`')}`?" if near else ""
        return f"I know no service or incident {self._words.name(first)}.{meant}"

    # An incident

    async def _of_incident(self, incident: Incident, words: str, wish: Wish) -> str:
        if words.lower() in ENDS:
            return await self._set_incident(incident, None, wish)
        if ALSO_DATADOG in words.lower().split():
            named = incident.service or "checkout"
            return f"A downtime is for a service: `/fixloop mute {named} 2h downtime`."
        until = await self._until(words, wish.user)
        if isinstance(until, str):
            return until or HOW.format(name=incident.id)
        return await self._set_incident(incident, until, wish)

    async def _set_incident(self, incident: Incident, until: float | None, wish: Wish) -> str:
        now, outcome = self._clock.now(), [""]

        def decide(newest: Incident) -> Change | None:
            if not newest.is_open:
                outcome[0] = f"{newest.id} is resolved: it reminds nobody anyway."
                return None
            if newest.muted_until == until:
                return None
            what = "ended its mute" if until is None else f"muted it until {utc(until)}"
            muted = replace(newest, muted_until=until)
            return Change(incident=muted.noted(now, wish.user, Happening.MUTE, what, place=wish.place))

        await self._ledger.change(incident.id, decide)
        if outcome[0]:
            return outcome[0]
        if until is None:
            return f"`{incident.id}` is not muted any more."
        ends = f"`/fixloop mute {incident.id} off` ends it."
        return (
            f"`{incident.id}` reminds nobody until {self._words.moment(until, now)}. Its cards stay up to date. {ends}"
        )

    # A service

    async def _of_service(self, service: str, words: str, wish: Wish) -> str:
        if words.lower() in ENDS:
            return await self._end_by(service, wish)
        pieces = words.split()
        in_datadog = ALSO_DATADOG in (piece.lower() for piece in pieces)
        until = await self._until(" ".join(each for each in pieces if each.lower() != ALSO_DATADOG), wish.user)
        if isinstance(until, str):
            earlier = await self._kept.mute_of(service)
            return until or self._not_a_time(service, words, earlier)
        return await self._begin(service, until, wish, in_datadog=in_datadog)

    def _not_a_time(self, service: str, words: str, earlier: Mute | None) -> str:
        """Whoever asks is told of the mute; whoever has tried to change it is told that it is as it was."""
        how = HOW.format(name=service)
        if earlier is None:
            return how
        return f"Nothing was changed: {self._is_muted(earlier)} {how}" if words else self._is_muted(earlier)

    def _is_muted(self, mute: Mute) -> str:
        until = self._words.moment(mute.until, self._clock.now())
        return f"{self._words.name(mute.service)} is muted until {until}. `/fixloop mute {mute.service} off` ends it."

    async def _begin(self, service: str, until: float, wish: Wish, *, in_datadog: bool) -> str:
        """State first: the mute stands, whatever Datadog says to its downtime."""
        now = self._clock.now()
        mute = await self._saved(Mute(service=service, until=until, by=wish.user, at=now, place=wish.place))
        await self._note(service, f"muted {service} until {utc(until)}", wish)
        said = [
            f"{self._words.name(service)} is muted until {self._words.moment(until, now)}: no new thread, no reminder.",
            "Its signals are kept; what still fires then opens its incident.",
            f"`/fixloop mute {service} off` ends it.",
            await self._downtime(mute) if in_datadog else "",
        ]
        await self._kept.feed_changed()
        return " ".join(each for each in said if each)

    async def _saved(self, wanted: Mute) -> Mute:
        """The mute, with the downtime that the one before it has left."""
        for _ in range(TRIES):
            earlier = await self._kept.mute_of(wanted.service)
            mute = replace(wanted, downtime=earlier.downtime if earlier is not None else "")
            if await self._kept.change_mute(earlier, mute):
                return mute
        raise Conflict(f"The mute of {wanted.service} is being changed by too many at once.")

    async def _downtime(self, mute: Mute) -> str:
        known = self._catalog.service(mute.service)
        tags = (known.match if known is not None else ()) or (("service", mute.service),)
        message = f"Muted with FixLoop until {utc(mute.until)}."
        try:
            made = await self._downtimes.create(tags, until=mute.until, message=message)
        except TelemetryUnavailable as error:
            return f"Datadog has no downtime for it, though: {error} The mute stands."
        return await self._attached(mute, made)

    async def _attached(self, mute: Mute, made: str) -> str:
        """Datadog has taken its time: the mute may be over by now, or another one, and is not brought back by this."""
        for _ in range(TRIES):
            current = await self._kept.mute_of(mute.service)
            if current is None:
                return await self._cancelled(made) or ENDED_MEANWHILE
            if current.downtime != mute.downtime:  # somebody else's is there already
                return await self._cancelled(made) or IN_DATADOG_TOO
            if await self._kept.change_mute(current, replace(current, downtime=made)):
                replaced = await self._cancelled(current.downtime) if current.downtime else ""
                return replaced or IN_DATADOG_TOO
        raise Conflict(f"The mute of {mute.service} is being changed by too many at once.")

    async def _end_by(self, service: str, wish: Wish) -> str:
        mute = await self._kept.mute_of(service)
        back = await self._end(mute) if mute is not None else None
        if mute is None or back is None:
            return f"{self._words.name(service)} is not muted."
        await self._note(service, f"ended the mute of {service}", wish)
        failed = await self._cancelled(mute.downtime) if mute.downtime else ""
        fires = f"{back} alert{'s' if back != 1 else ''} that came meanwhile still fire{'s' if back == 1 else ''}."
        said = [f"{self._words.name(service)} is not muted any more.", fires if back else "", failed]
        return " ".join(each for each in said if each)

    async def _end(self, mute: Mute) -> int | None:
        back = await self._kept.end_mute(mute)
        await self._kept.feed_changed()
        return back

    async def _cancelled(self, downtime: str) -> str:
        """Cancel a downtime; a sentence where that fails: it ends by itself, too, but nobody knows of it here."""
        try:
            await self._downtimes.cancel(downtime)
        except TelemetryUnavailable as error:
            log.warning("downtime %s was not cancelled: %s", downtime, error)
            return f"Its downtime in Datadog was not cancelled, so cancel it there (downtime {downtime}): {error}"
        return ""

    async def _note(self, service: str, what: str, wish: Wish) -> None:
        """In the timeline of what is open of this service."""
        for incident in await self._where.open_ones():
            if service in (incident.service, incident.label):
                await self._ledger.change(incident.id, self._noting(what, wish))

    def _noting(self, what: str, wish: Wish) -> _Decide:
        now = self._clock.now()
        return lambda incident: Change(incident=incident.noted(now, wish.user, Happening.MUTE, what, place=wish.place))

    # Time

    async def end_due(self) -> None:
        """End the mutes whose time has come; what still fires opens its incident."""
        for mute in await self._kept.mutes():
            if mute.until <= self._clock.now():
                back = await self._end(mute)
                if back is not None and mute.downtime:  # it may be an earlier, longer mute's
                    await self._cancelled(mute.downtime)
                log.info("the mute of %s has ended; %s alerts still fire", mute.service, back)

    async def _until(self, words: str, user: str) -> float | str:
        """Epoch seconds; a sentence where the time is too long or too short, an empty one where none was named."""
        now, minute = self._clock.now(), read_time_of_day(words)
        seconds = read_span(words)
        if minute is not None:
            return self._calendar.next_time(now, minute, await self._zone(user))
        if seconds is None:
            return ""
        if seconds > LONGEST_S:
            return f"{span(seconds)} is too long: a mute lasts at most 7 days."
        return now + seconds if seconds >= SHORTEST_S else "A mute lasts at least a minute."

    async def _zone(self, user: str) -> str:
        try:
            return (await self._directory.person(user)).zone
        except (SlackRefused, SlackBusy) as error:
            log.info("the zone of %s is not known: %s", user, error)
            return ""


class _Decide(Protocol):
    def __call__(self, incident: Incident, /) -> Change | None: ...


_NUMBER_FIRST = re.compile(r"(?:until\s|for\s|\d)", re.IGNORECASE)


def _is_a_time(words: str) -> bool:
    """Whether words that name nothing begin like a time, so that what is meant is what stands here."""
    return _NUMBER_FIRST.match(words) is not None or words.lower() in ENDS
