"""A signal becomes, joins or reopens an incident.

``receive`` is what the webhook waits for: it only makes the signal durable, in the inbox. ``take`` follows; it may run
twice or be cut off anywhere, because the signal leaves the inbox only when its incident is saved.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from fixloop_bot.application import jobs
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.absorption import Absorbed, Reading, absorb, line_after
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import Conflict, NewerDocument, StoreUnavailable
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident, State, severity_of
from fixloop_bot.domain.redaction import mask
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.signals import Signal, Transition, bare_title

log = logging.getLogger(__name__)

REOPEN_WITHIN_S = 86_400.0
"""A Re-Triggered reopens what was resolved within a day; later it is a new incident that only looks alike."""
MOST_TRIES = 6
"""A signal that cannot be taken so often is put aside, with its error in the log; the others must go on."""
TRIES_FORGOTTEN_S = 3_600.0


class Intake:
    """The way in for webhooks, the watch and people."""

    def __init__(self, store: Store, ledger: Ledger, *, catalog: Catalog, clock: Clock, default_channel: str) -> None:
        self._store = store
        self._ledger = ledger
        self._catalog = catalog
        self._clock = clock
        self._default_channel = default_channel
        # A storm is many signals of few incidents: in turn, they do not lose the compare-and-set to each other.
        self._one_at_a_time = asyncio.Lock()

    async def receive(self, signal: Signal) -> bool:
        """Store a signal durably; False if it was stored before. Raises StoreUnavailable.

        What looks like a secret in its texts is masked before they are kept anywhere.
        """
        signal = replace(signal, title=mask(signal.title), message=mask(signal.message))
        return await self._store.remember_signal(signal)

    async def take(self, signal_id: str) -> None:
        """Absorb a stored signal into its incident, opening one if need be."""
        async with self._one_at_a_time:
            try:
                await self._take(signal_id)
            except (StoreUnavailable, Conflict, NewerDocument):
                raise  # it will be possible later
            except Exception:
                if await self._store.count(f"take:{signal_id}", seconds=TRIES_FORGOTTEN_S) < MOST_TRIES:
                    raise
                log.exception("signal %s could not be taken and was put aside", signal_id)
                await self._store.park_signal(signal_id)

    async def _take(self, signal_id: str) -> None:
        signal = await self._store.unread_signal(signal_id)
        if signal is None:
            return
        incident_id = await self._home_of(signal)
        if await self._is_held(signal, incident_id):
            return
        if incident_id is not None:
            await self._absorb(incident_id, signal)
        elif _opens(signal):
            await self._open(signal)
        else:
            log.info("a %s of nothing known was noted and left alone: %s", signal.transition.value, signal.identity)
            await self._store.keep_recovery(signal)
        await self._store.signal_done(signal.id)

    async def _is_held(self, signal: Signal, incident_id: str | None) -> bool:
        """Whether the signal waits until its service's mute ends, as it would open an incident, or a resolved one."""
        service = self._catalog.match(signal)
        name = service.name if service is not None else signal.service
        if name is None or await self._store.mute_of(name) is None:
            return False
        incident = await self._store.incident(incident_id) if incident_id is not None else None
        if incident is not None and incident.is_open:
            return False
        return await self._store.hold_signal(name, signal, begins=_opens(signal))

    async def _home_of(self, signal: Signal) -> str | None:
        by_identity = await self._store.incident_of_identity(signal.identity)
        if by_identity is not None:
            incident = await self._merged_home(by_identity)
            if incident is not None and (incident.is_open or _belongs_to_resolved(incident, signal)):
                return incident.id
        if not (signal.transition.alerting or signal.transition is Transition.UNKNOWN):
            return None
        return await self._store.open_incident_of(self._key_of(signal)) or await self._declared_one(signal)

    async def _merged_home(self, incident_id: str) -> Incident | None:
        """The incident of this id, or the one that has taken it over in the end."""
        incident, seen = await self._store.incident(incident_id), {incident_id}
        while incident is not None and incident.merged_into is not None and incident.merged_into not in seen:
            seen.add(incident.merged_into)
            incident = await self._store.incident(incident.merged_into)
        return incident

    async def _declared_one(self, signal: Signal) -> str | None:
        """The incident that somebody declared for the signal's service: people name no environment."""
        anywhere = await self._store.open_incident_of(self._key_of(replace(signal, env=None)))
        incident = await self._store.incident(anywhere) if anywhere is not None else None
        return incident.id if incident is not None and incident.declared_by is not None else None

    async def _absorb(self, incident_id: str, signal: Signal) -> None:
        def decide(incident: Incident) -> Change | None:
            if incident.merged_into is not None:
                return None
            absorbed = absorb(incident, signal)
            return None if absorbed.incident is incident else _follow(absorbed, signal)

        found = await self._ledger.change(incident_id, decide)
        home = await self._merged_home(incident_id) if found is not None and found.merged_into is not None else None
        if home is not None and home.merged_into is None:  # it was merged a moment ago: the signal follows it
            await self._absorb(home.id, signal)

    async def _open(self, signal: Signal) -> None:
        number = await self._store.next_incident_number()
        incident = self._new_incident(signal, number)
        waited = await self._store.waited(signal.identity)
        if waited is not None:
            count, mute = waited
            what = f"muted {mute.service}; {count} signal{'s' if count != 1 else ''} kept back until it ended"
            incident = incident.noted(mute.at, mute.by, Happening.MUTE, what, place=mute.place)
        recovery = await self._store.early_recovery(signal.identity)
        if recovery is not None:
            incident = _follow(absorb(incident, recovery), recovery).incident
        created = await self._ledger.open(incident, [planning(incident)])
        if created is None:  # somebody opened one for this service a moment ago: join it
            holder = await self._store.open_incident_of(incident.service_key)
            if holder is None:
                raise Conflict(f"The open incident of {incident.service_key} was resolved just now.")
            await self._absorb(holder, signal)

    def _new_incident(self, signal: Signal, number: int) -> Incident:
        service = self._catalog.match(signal)
        what = f"{signal.transition.value}: {bare_title(signal.title)} (known by its {signal.identity_kind.value})"
        told = Entry(at=signal.occurred_at, who="datadog", kind=Happening.SIGNAL, what=what)
        unknown = Entry(at=signal.received_at, who="fixloop", kind=Happening.NOTE, what="No catalog entry matches.")
        return Incident(
            id=f"INC-{number}",
            number=number,
            service_key=self._key_of(signal),
            service=service.name if service is not None else None,
            label=service.name if service is not None else signal.service or "unknown service",
            env=signal.env,
            title=bare_title(signal.title),
            severity=severity_of(signal.priority),
            channel=(service.channel if service is not None else None) or self._default_channel,
            opened_at=min(signal.occurred_at, self._clock.now()),
            planning_since=self._clock.now(),
            signals=(line_after(None, signal),),
            absorbed=(signal.id,),
            timeline=(told,) if service is not None else (told, unknown),
        )

    def _key_of(self, signal: Signal) -> str:
        service = self._catalog.match(signal)
        return service_key(service, signal)


def service_key(service: Service | None, signal: Signal) -> str:
    """What a second monitor joins by: the service and its environment; without a service, the identity alone."""
    name = service.name if service is not None else signal.service
    if name is None:
        return f"?{signal.identity}"
    fixed = dict(service.match).get("env") if service is not None else None
    return f"{name}|{(fixed or signal.env or '').lower()}"


def planning(incident: Incident, *, asked_by: str = "fixloop", hint: str = "") -> Job:
    """The job that writes the incident's next plan; two that ask for the same version make one."""
    version = incident.plans_made + 1
    return Job(
        name=jobs.MAKE_PLAN, args=(incident.id, str(version), asked_by, hint), key=f"plan:{incident.id}:v{version}"
    )


def starting(incident: Incident, kind: RunKind, *, by: str) -> Job:
    """The job that starts a run as soon as the incident has none."""
    return Job(
        name=jobs.START_RUN,
        args=(incident.id, kind.value, by),
        key=f"start:{incident.id}:{kind.value}:{incident.revision}",
    )


def _opens(signal: Signal) -> bool:
    # A transition that nobody understands opens a thread too: a needless thread costs less than a missed outage, and
    # the card says that the alert did not tell whether it fires.
    return signal.transition.alerting or signal.transition is Transition.UNKNOWN


def _belongs_to_resolved(incident: Incident, signal: Signal) -> bool:
    """Whether a signal still concerns its resolved incident, so that it opens no new one."""
    resolved_at = incident.resolved_at or 0.0
    if signal.occurred_at <= resolved_at or not signal.transition.alerting:
        return True
    if signal.transition.again:
        return signal.occurred_at - resolved_at <= REOPEN_WITHIN_S
    return signal.transition is Transition.RENOTIFY


def _follow(absorbed: Absorbed, signal: Signal) -> Change:
    incident = absorbed.incident
    if signal.transition.alerting and absorbed.reading is not Reading.LATE and incident.wanted_by == "datadog":
        incident = replace(incident, wanted_run=None, wanted_by="")  # what had recovered is back
    if absorbed.reading is Reading.REOPENED and incident.plan is not None:
        return Change(incident=incident, jobs=(starting(incident, RunKind.CONFIRM, by="datadog"),))
    # What a person has declared has no monitor that could say that it is over.
    quiet = not any(line.firing and not line.declared for line in incident.signals)
    wants_proof = incident.state in (State.OPEN, State.REPRODUCED) and signal.recovers and quiet
    if absorbed.reading is not Reading.RECOVERED or not wants_proof:
        return Change(incident=incident)
    if incident.plan is None:  # it follows the confirm run of the plan that is being written
        return Change(incident=replace(incident, wanted_run=RunKind.VALIDATE, wanted_by="datadog"))
    return Change(incident=incident, jobs=(starting(incident, RunKind.VALIDATE, by="datadog"),))
