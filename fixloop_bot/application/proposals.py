"""A plan for a service without an incident: the standard one, or the model's where somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Clock, Planner, Prober, Store, Telemetry
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.openapi.described import with_probes
from fixloop_bot.domain.plans import Plan
from fixloop_bot.domain.standard.plan import standard_plan

ASKED_FOR = "from the catalog, asked for on the command line"


class Proposals(Planning):
    """Planning, for somebody at a terminal. Nothing is stored, and no job follows."""

    def __init__(
        self,
        store: Store,
        *,
        planner: Planner,
        telemetry: Telemetry,
        prober: Prober,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        ledger = Ledger(store, _NoJobs())
        super().__init__(
            store, ledger, planner=planner, telemetry=telemetry, prober=prober, catalog=catalog, clock=clock
        )

    async def standard(self, service: Service) -> Plan:
        """The standard plan from catalog, probes and OpenAPI, with the shapes that a baseline has learned."""
        known, baseline = await self.operations_of(service), await self.baseline_of(service)
        return standard_plan(
            service=with_probes(service, known, baseline),
            signals=(),
            operations=known,
            version=1,
            made_at=self._clock.now(),
            why=ASKED_FOR,
        )

    async def from_model(self, service: Service) -> Plan:
        """The model's plan; the standard one, whose note says why, where it gives none that is usable."""
        return await self.write(_as_incident(service, self._clock.now()), service, version=1, hint="")


class _NoJobs:
    """A proposal leads to nothing but a file."""

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        del jobs


def _as_incident(service: Service, now: float) -> Incident:
    """What the model is told: nothing has happened, and the service as a whole is to be checked."""
    return Incident(
        id="",
        number=0,
        service_key=service.name,
        service=service.name,
        label=service.name,
        title=f"Check that {service.name} works",
        channel="",
        opened_at=now,
    )
