"""While a service is healthy its probes are sent at a low rate, so that the first incident already has a before.

One process learns for all. What is learned comes from samples that passed, outside incidents and while nothing is
halted; a round in which an incident has begun is forgotten, since the trouble is older than its alert.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from fixloop_bot.application.ports import Clock, Prober, Store
from fixloop_bot.domain.baselines import Baseline, ProbeBaseline, learned
from fixloop_bot.domain.catalog import Catalog, Probe, Service
from fixloop_bot.domain.errors import BadInput, ExpectError, FixLoopError
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.plans import HttpCheck
from fixloop_bot.domain.samples import Sample

log = logging.getLogger(__name__)

LEADER_S = 60.0
IDLE_S = 5.0
VARIETY = 20
"""Rounds are numbered 1 to 20 in turn: inputs take turns by number, and only a step's first 20 samples have a shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One sample of one probe's request."""

    line: str
    sample: Sample


class Baseliner:
    """Learns baselines; ``run`` never returns."""

    def __init__(self, store: Store, prober: Prober, *, catalog: Catalog, clock: Clock, name: str) -> None:
        self._store = store
        self._prober = prober
        self._catalog = catalog
        self._clock = clock
        self._name = name
        self._rounds: dict[str, float] = {}

    def learners(self) -> list[tuple[Service, float]]:
        """The services that are learned from, each with the seconds between two rounds."""
        return [
            (service, service.baseline_every_s)
            for service in self._catalog.services
            if service.baseline_every_s is not None and _probes(service)
        ]

    async def run(self) -> None:
        """Learn for ever, as long as this process leads; waits for its turn otherwise."""
        while True:
            try:
                if self.learners() and await self._leads():
                    await self.round()
            except FixLoopError as error:
                log.warning("the baseline pauses: %s", error)
            await self._clock.sleep(IDLE_S)

    async def round(self) -> None:
        """Send each probe of every service that is due once, and keep what it taught."""
        for service, every_s in self.learners():
            baseline = await self._known(service)
            last = max(self._rounds.get(service.name, 0.0), baseline.until if baseline is not None else 0.0)
            if self._clock.now() - last >= every_s and await self._may_learn(service):
                self._rounds[service.name] = self._clock.now()
                await self._learn(service, baseline, number=int(self._clock.now() / every_s) % VARIETY + 1)

    async def _learn(self, service: Service, baseline: Baseline | None, *, number: int) -> None:
        lessons = [
            Lesson(line=probe.request.line(), sample=sample)
            for probe in _probes(service)
            if (sample := await self._sample(service, probe, number)) is not None
        ]
        if await self._may_learn(service):
            taught = _with(baseline, service, lessons, now=self._clock.now())
            if taught != baseline:
                await self._store.save_baseline(taught)

    async def _sample(self, service: Service, probe: Probe, number: int) -> Sample | None:
        """One sample, in its place in the service's rate; None where none may be sent (any more)."""
        wait = await self._store.take_place(
            service.name, per_second=service.proof.per_second, per_hour=service.allow.requests_per_hour
        )
        if wait is None:
            return None
        if wait > 0:
            await self._clock.sleep(wait)
        if not await self._leads() or not await self._may_learn(service):
            return None
        return await self._prober.sample(service, _check(probe), number=number, fresh=True)

    async def _leads(self) -> bool:
        return await self._store.lead("baseline", self._name, seconds=LEADER_S)

    async def _may_learn(self, service: Service) -> bool:
        """Whether nothing is halted and the service has no open incident, in whatever environment."""
        if await self._store.halted_by() is not None:
            return False
        for incident_id in await self._store.open_incidents():
            incident = await self._store.incident(incident_id)
            if incident is not None and incident.service == service.name:
                return False
        return True

    async def _known(self, service: Service) -> Baseline | None:
        """What was learned so far; one that cannot be read is learned anew."""
        try:
            return await self._store.baseline(service.name)
        except BadInput as error:
            log.warning("the baseline of %s begins anew: %s", service.name, error)
            return None


def _probes(service: Service) -> list[Probe]:
    return [probe for probe in service.probes if probe.check is None]


def _check(probe: Probe) -> HttpCheck:
    return HttpCheck(
        request=probe.request, expect=tuple(line for line in probe.expect if _judges(line)), inputs=probe.inputs
    )


def _judges(line: str) -> bool:
    """Whether a line can be held against one answer.

    A reference has nothing to refer to yet. And a quantile is broken by one answer in twenty of a healthy service:
    without those, a baseline would be faster than the service.
    """
    try:
        claim = expect.parse(line)
    except ExpectError:
        return True
    return claim.quantile is None and not claim.wants_openapi and not claim.wants_before


def _with(baseline: Baseline | None, service: Service, lessons: list[Lesson], *, now: float) -> Baseline:
    """The baseline with the lessons added, in the order of the catalog's probes; what it no longer has is left out."""
    known = baseline or Baseline(service=service.name, since=now, until=now)
    probes: dict[str, ProbeBaseline] = {}
    for line in dict.fromkeys(probe.request.line() for probe in _probes(service)):
        samples = [lesson.sample for lesson in lessons if lesson.line == line]
        probe = learned(known.of(line), line, samples)
        if probe.samples:
            probes[line] = probe
    changed = replace(known, probes=tuple(probes.values()))
    return replace(changed, until=now) if changed != known else known
