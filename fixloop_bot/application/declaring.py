"""A person opens an incident without an alert. What follows is the same: a plan, a confirm run, a proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fixloop_bot.application import mentions
from fixloop_bot.application.intake import planning, service_key
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.people import SEVERITIES
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import Command, Deed, Wish
from fixloop_bot.domain.absorption import line_after
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.said import said
from fixloop_bot.domain.signals import IdentityKind, Signal, Transition

LONGEST_NAME = 60
USUAL_SEVERITY = "SEV3"


class Declaring:
    """Opens incidents that somebody has seen and no monitor has."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        signpost: Signpost,
        *,
        catalog: Catalog,
        clock: Clock,
        default_channel: str,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._where = Whereabouts(store)
        self._signpost = signpost
        self._catalog = catalog
        self._clock = clock
        self._default_channel = default_channel

    def deeds(self) -> Mapping[str, Deed]:
        return {"declare": self._declare}

    def commands(self) -> Sequence[Command]:
        return (Command(word="declare", deed=self._how_to),)

    async def _how_to(self, wish: Wish) -> str:
        """What the command answers where its form could not be opened: then its words are enough."""
        name, _, what = wish.text.strip().partition(" ")
        if self._catalog.service(name) is None or not what.strip():
            return "Say which service, and what is wrong: `/fixloop declare checkout payments fail`."
        return await self._open(wish, name, what, USUAL_SEVERITY)

    async def _declare(self, wish: Wish) -> str:
        name = said(wish.field("other"), most=LONGEST_NAME) or wish.field("service")
        return await self._open(wish, name, wish.field("what"), wish.field("severity"))

    async def _open(self, wish: Wish, name: str, what: str, severity: str) -> str:
        """One incident for one form; where the service has an open one already, that is the place to go."""
        what = said(what)
        if not name or not what:
            return "An incident needs a service, and a few words of what is wrong."
        signal = self._signal(wish, name, what)
        known = await self._known(signal.identity, name)
        if known is None:
            number = await self._store.next_incident_number()
            incident = self._incident(wish, signal, number=number, severity=severity)
            created = await self._ledger.open(incident, [planning(incident)])
            if created is not None:
                return f"{created.id} is open. Its thread comes in {mentions.channel(created.channel)}."
            known = await self._open_one(signal)
        if known is None:
            return "That service's incident was resolved just now. Declare it again if it is still broken."
        if signal.identity in {line.identity for line in known.signals}:
            return f"You have opened {await self._signpost.to(known)}."
        return f"{known.label} has an open incident already: {await self._signpost.to(known)}. Nothing was doubled."

    async def _known(self, identity: str, name: str) -> Incident | None:
        """The incident of this very form, else an open one of the service, in whichever environment."""
        same = await self._store.incident_of_identity(identity)
        if same is not None:
            return await self._store.incident(same)
        wanted = name.casefold()
        for incident in await self._where.open_ones():
            if wanted in ((incident.service or "").casefold(), incident.label.casefold()):
                return incident
        return None

    async def _open_one(self, signal: Signal) -> Incident | None:
        holder = await self._store.open_incident_of(service_key(self._service(signal), signal))
        return await self._store.incident(holder) if holder is not None else None

    def _service(self, signal: Signal) -> Service | None:
        return self._catalog.service(signal.service or "") or self._catalog.match(signal)

    def _signal(self, wish: Wish, name: str, what: str) -> Signal:
        """What is declared, in the form of a signal, so that all that follows is the same; it brings no telemetry."""
        service, now = self._catalog.service(name), self._clock.now()
        tags = dict(service.match) if service is not None else {}
        return Signal(
            id=f"declared:{wish.id}",
            identity=f"declared:{wish.id}",
            identity_kind=IdentityKind.DECLARED,
            transition=Transition.TRIGGERED,
            title=what,
            message=what,
            service=tags.get("service", service.name if service is not None else name),
            env=tags.get("env"),
            tags=tuple(f"{key}:{value}" for key, value in tags.items()),
            occurred_at=now,
            received_at=now,
        )

    def _incident(self, wish: Wish, signal: Signal, *, number: int, severity: str) -> Incident:
        service, now = self._service(signal), self._clock.now()
        label = service.name if service is not None else signal.service or "unknown service"
        found = (service.channel if service is not None else None) or self._default_channel or wish.channel
        what = f"declared: {signal.title}"
        declared = Entry(at=now, who=wish.user, kind=Happening.DECLARED, what=what, place=wish.place)
        unknown = Entry(at=now, who="fixloop", kind=Happening.NOTE, what="No catalog entry matches.")
        return Incident(
            id=f"INC-{number}",
            number=number,
            service_key=service_key(service, signal),
            service=service.name if service is not None else None,
            label=label,
            env=signal.env,
            title=signal.title,
            severity=severity if severity in SEVERITIES else USUAL_SEVERITY,
            channel=found,
            opened_at=now,
            planning_since=now,
            declared_by=wish.user,
            signals=(line_after(None, signal),),
            absorbed=(signal.id,),
            timeline=(declared,) if service is not None else (declared, unknown),
        )
