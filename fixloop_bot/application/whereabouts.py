"""Which incident a person means: the one they name, else that of the thread, else those of the channel."""

from __future__ import annotations

from fixloop_bot.application.ports import Store
from fixloop_bot.application.wishes import INCIDENT_NAME, Wish
from fixloop_bot.domain.incidents import Incident

LOOKS_BACK = 50
"""Incidents among which the last one is looked for: who means an older one names it."""


class Whereabouts:
    """Finds incidents by name and by place."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def named(self, words: str) -> tuple[Incident | None, str, str]:
        """(the incident that the words begin with, its name as it would be written, the words behind it).

        The name is empty where the words name none; the incident is None, too, where there is none of that name. A bare
        number is a name only where nothing else follows: ``plan 3 carts fail`` is a hint.
        """
        found = INCIDENT_NAME.match(words)
        rest = words[found.end() :].strip() if found is not None else words
        if found is None or (rest and found[0].isdecimal()):
            return None, "", words
        name = f"INC-{int(found[1])}"
        return await self._store.incident(name), name, rest

    async def here(self, wish: Wish) -> tuple[Incident, ...]:
        """The incident of the thread, else the open ones of the channel."""
        if wish.thread_ts:
            incident_id = await self._store.incident_of_thread(wish.channel, wish.thread_ts)
            incident = await self._store.incident(incident_id) if incident_id is not None else None
            if incident is not None:
                return (incident,)
        here = []
        for incident in await self.open_ones():
            refs = await self._store.thread_refs(incident.id)
            if wish.channel in (refs.channel, incident.channel):
                here.append(incident)
        return tuple(here)

    async def last_resolved(self, wish: Wish) -> tuple[Incident, ...]:
        """The one that was resolved last in the channel, if any of its newest was."""
        found = [await self._store.incident(each) for each in await self._store.latest_incidents(LOOKS_BACK)]
        over = [each for each in found if each is not None and not each.is_open and each.merged_into is None]
        for incident in sorted(over, key=lambda each: -(each.resolved_at or 0.0)):
            refs = await self._store.thread_refs(incident.id)
            if wish.channel in (refs.channel, incident.channel):
                return (incident,)
        return ()

    async def open_ones(self) -> tuple[Incident, ...]:
        """All open incidents, the oldest first."""
        found = [await self._store.incident(each) for each in await self._store.open_incidents()]
        return tuple(incident for incident in found if incident is not None)
