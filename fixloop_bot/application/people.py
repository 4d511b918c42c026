"""Who is on an incident, how severe it is, and what its people say of it.

Two who act at once lose nothing: the ledger sees to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fixloop_bot.application.directory import Directory, name_of
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mentions import person_in, who
from fixloop_bot.application.permissions import Permissions
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.wishes import Command, Deed, Wish
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, StatusNote
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.said import said

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4", "SEV5")
ROLES = ("lead", "fixer")

Decide = Callable[[Incident], tuple[Incident | None, str]]
"""The incident as it is to be, or None where nothing changes; and a sentence for the person."""


class People:
    """Takes incidents on, hands roles out, keeps notes."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        permissions: Permissions,
        directory: Directory,
        *,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._permissions = permissions
        self._directory = directory
        self._catalog = catalog
        self._clock = clock

    def deeds(self) -> Mapping[str, Deed]:
        return {
            "acknowledge": self._acknowledge,
            "severity": self._severity,
            "note": self._note,
            "roles": self._roles,
        }

    def commands(self) -> Sequence[Command]:
        return (Command(word="who", deed=self._who, on_incident=True),)

    async def _change(self, wish: Wish, decide: Decide) -> str:
        """Apply a decision to the newest state of the wish's incident, which must be open."""
        told = [f"There is no incident {wish.incident}."]

        def apply(incident: Incident) -> Change | None:
            if not incident.is_open:
                told[0] = f"{incident.id} is resolved. Reopen it first."
                return None
            changed, told[0] = decide(incident)
            return Change(incident=changed) if changed is not None else None

        await self._ledger.change(wish.incident, apply)
        return told[0]

    async def _acknowledge(self, wish: Wish) -> str:
        """The first one has it, and leads if nobody does; the second one is told who and since when."""
        now = self._clock.now()

        def decide(incident: Incident) -> tuple[Incident | None, str]:
            if incident.acknowledged_by is not None:
                if incident.acknowledged_by == wish.user:
                    return None, ""
                ago = span(now - (incident.acknowledged_at or now))
                return None, f"{who(incident.acknowledged_by)} is on {incident.id}, for {ago} now."
            taken = replace(incident, acknowledged_by=wish.user, acknowledged_at=now, lead=incident.lead or wish.user)
            return taken.noted(now, wish.user, Happening.NOTE, "is on it"), ""

        return await self._change(wish, decide)

    async def _severity(self, wish: Wish) -> str:
        wanted = wish.field("severity")
        if wanted not in SEVERITIES:
            return f"A severity is one of {', '.join(SEVERITIES)}."

        def decide(incident: Incident) -> tuple[Incident | None, str]:
            if incident.severity == wanted:
                return None, ""
            what = f"changed the severity from {incident.severity or 'not set'} to {wanted}"
            changed = replace(incident, severity=wanted)
            return changed.noted(self._clock.now(), wish.user, Happening.NOTE, what), ""

        return await self._change(wish, decide)

    async def _note(self, wish: Wish) -> str:
        text, now = said(wish.field("note")), self._clock.now()

        def decide(incident: Incident) -> tuple[Incident | None, str]:
            if text == (incident.note.text if incident.note is not None else ""):
                return None, ""
            note = StatusNote(text=text, by=wish.user, at=now) if text else None
            what = f"says: {text}" if text else "took the note back"
            return replace(incident, note=note).noted(now, wish.user, Happening.NOTE, what), ""

        return await self._change(wish, decide)

    async def _roles(self, wish: Wish) -> str:
        """The modal shows both roles, and what it says counts; an empty one has nobody."""
        wanted = {role: wish.field(role) or None for role in ROLES}
        return await self._give(wish, wanted)

    async def _give(self, wish: Wish, wanted: Mapping[str, str | None]) -> str:
        names = {user: await name_of(self._directory, user) for user in wanted.values() if user is not None}

        def decide(incident: Incident) -> tuple[Incident | None, str]:
            held = {"lead": incident.lead, "fixer": incident.fixer}
            changed = incident
            for role, user in wanted.items():
                if user != held[role]:
                    what = f"made {names[user]} the {role}" if user is not None else f"left the {role} open"
                    changed = changed.noted(self._clock.now(), wish.user, Happening.ROLE, what)
            if changed is incident:
                return None, ""
            roles = {**held, **wanted}
            return replace(changed, lead=roles["lead"], fixer=roles["fixer"]), ""

        return await self._change(wish, decide)

    async def _who(self, wish: Wish) -> str:
        """``who`` tells; ``who lead @mira`` and ``who fixer me`` hand a role out, which nobody gets by asking."""
        role, _, rest = wish.text.strip().partition(" ")
        role, rest = role.lower(), rest.strip()
        if role not in ROLES and rest:
            return "The roles are lead and fixer, for example `/fixloop who lead @mira`."
        if not rest:
            return await self._told(wish.incident)
        user = wish.user if rest.lower() in ("me", "i") else person_in(rest)
        if user is None:
            return f"Who? Choose a name from Slack's list: `/fixloop who {role} @mira`, or `/fixloop who {role} me`."
        refused = await self._give(wish, {role: user})
        return refused or await self._told(wish.incident)

    async def _told(self, incident_id: str) -> str:
        incident = await self._store.incident(incident_id)
        if incident is None:
            return f"There is no incident {incident_id}."
        service = self._catalog.service(incident.service or "")
        on_it = incident.acknowledged_by
        lines = [
            f"*{incident.id}*",
            f"Lead: {who(incident.lead)}",
            f"Fixer: {who(incident.fixer)}",
            f"On it: {who(on_it)}" if on_it is not None and on_it not in (incident.lead, incident.fixer) else "",
            f"Declared by: {who(incident.declared_by)}" if incident.declared_by else "",
            f"May validate and resolve: {self._permissions.who_may(service)}",
        ]
        return "\n".join(line for line in lines if line)
