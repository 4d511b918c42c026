"""Without a webhook: services with ``watch: true`` are watched by querying their metrics.

Two readings in a row over the limit open an incident through the same intake as a webhook, so that a monitor that fires
for the same trouble joins it. Any number of services shares one query budget: one query at a time, paced by Datadog's
rate-limit headers, and only one process polls at a time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fixloop_bot.application.evidence import mean, merged
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ports import Clock, Store, Telemetry
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import StoreUnavailable, TelemetryUnavailable
from fixloop_bot.domain.signals import IdentityKind, Measure, Signal, Transition

log = logging.getLogger(__name__)

READINGS_TO_OPEN = 2
READINGS_TO_RECOVER = 2
READ_OVER_S = 120.0
"""A reading is the mean of the last two minutes: shorter windows of sparse metrics are mostly gaps."""
NAMES = ("error_rate", "p95_ms")
LEADER_S = 60.0
IDLE_S = 5.0


@dataclass(slots=True)
class Streak:
    """Readings in a row on one side of the limit. ``since`` is when a trigger was sent for the trouble that lasts.

    ``told`` says that this process has seen to the end of whatever trouble it found when it began.
    """

    bad: int = 0
    good: int = 0
    since: float | None = None
    told: bool = False


class Watch:
    """Polls metrics; ``run`` never returns."""

    def __init__(
        self, store: Store, intake: Intake, *, telemetry: Telemetry, catalog: Catalog, clock: Clock, name: str
    ) -> None:
        self._store = store
        self._intake = intake
        self._telemetry = telemetry
        self._catalog = catalog
        self._clock = clock
        self._name = name
        self._streaks: dict[tuple[str, str], Streak] = {}

    def watched(self) -> list[tuple[Service, str, Measure]]:
        """What is polled: each watched service's metrics that have a limit in its SLO."""
        return [
            (service, name, measure)
            for service in self._catalog.services
            if service.watch
            for name in NAMES
            if (measure := service.measure(name)) is not None
        ]

    async def run(self) -> None:
        """Poll for ever, as long as this process leads; waits for its turn otherwise."""
        while True:
            try:
                if self.watched() and await self._store.lead("watch", self._name, seconds=LEADER_S):
                    await self.round()
                else:
                    await self._clock.sleep(IDLE_S)
            except StoreUnavailable as error:
                log.warning("the watch pauses: %s", error)
                await self._clock.sleep(IDLE_S)

    async def round(self) -> None:
        """Read every watched metric once, at the pace that the shared budget allows."""
        for service, name, measure in self.watched():
            await self.read(service, name, measure)
            await self._clock.sleep(self._telemetry.seconds_between_queries())
            await self._store.lead("watch", self._name, seconds=LEADER_S)

    async def read(self, service: Service, name: str, measure: Measure) -> None:
        """Take one reading and send a signal when a streak is complete; a reading that fails breaks no streak."""
        now = self._clock.now()
        try:
            value = mean(merged(await self._telemetry.query(measure.query, start=now - READ_OVER_S, end=now)))
        except TelemetryUnavailable as error:
            log.warning("%s of %s could not be read: %s", name, service.name, error)
            return
        if value is None:
            return
        streak = self._streaks.setdefault((service.name, name), Streak())
        if measure.comparator.breached(value, measure.limit):
            streak.bad, streak.good = streak.bad + 1, 0
            if streak.bad >= READINGS_TO_OPEN and streak.since is None:
                await self._intake.receive(_signal(service, name, measure, value, now, Transition.TRIGGERED, since=now))
                streak.since = now
        else:
            streak.bad, streak.good = 0, streak.good + 1
            if streak.good >= READINGS_TO_RECOVER and (streak.since is not None or not streak.told):
                await self._recover(service, name, measure, value, now, streak)

    async def _recover(
        self, service: Service, name: str, measure: Measure, value: float, now: float, streak: Streak
    ) -> None:
        """Tell that the trouble is over, also one that another process, or this one before its restart, has told of."""
        identity = _identity(service, name)
        since = streak.since or await self._firing_since(identity)
        since = since or await self._store.held_since(service.name, identity)  # a mute has kept it back
        if since is not None:
            await self._intake.receive(_signal(service, name, measure, value, now, Transition.RECOVERED, since=since))
        streak.since, streak.told = None, True

    async def _firing_since(self, identity: str) -> float | None:
        incident_id = await self._store.incident_of_identity(identity)
        incident = await self._store.incident(incident_id) if incident_id is not None else None
        lines = incident.signals if incident is not None and incident.is_open else ()
        return next((line.last_at for line in lines if line.identity == identity and line.firing), None)


def _identity(service: Service, name: str) -> str:
    return f"watch:{service.name}:{name}"


def _signal(
    service: Service, name: str, measure: Measure, value: float, now: float, transition: Transition, *, since: float
) -> Signal:
    title = {"error_rate": "error rate", "p95_ms": "95th percentile of latency"}[name]
    identity = _identity(service, name)
    return Signal(
        id=f"{identity}:{transition.value}:{since:.0f}",
        identity=identity,
        identity_kind=IdentityKind.WATCH,
        transition=transition,
        title=f"{service.name}: {title} over its limit",
        message=f"FixLoop watches {measure.query}",
        service=service.name,
        env=dict(service.match).get("env"),
        tags=tuple(f"{key}:{value_}" for key, value_ in service.match),
        measure=measure,
        metric=name,
        value=value,
        occurred_at=now,
        received_at=now,
    )
