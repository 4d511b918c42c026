"""From an incident to a vetted plan of five steps: the model's if it is usable and in time, else the standard plan.

Never an empty plan, never an unvetted request. Once the plan stands, its confirm run starts by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fixloop_bot.application import evidence
from fixloop_bot.application.copilot.readings import Changes
from fixloop_bot.application.intake import planning, starting
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, PlanBrief, Planner, Prober, Store, Telemetry, UnusableAnswer
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput, PlannerUnavailable, PlanRejected
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.openapi.described import with_probes, with_schemas, with_shapes
from fixloop_bot.domain.openapi.operations import Operation, operations
from fixloop_bot.domain.plans import Plan, PlanSource, Step
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.standard.plan import standard_plan
from fixloop_bot.domain.vetting.plan import vet

log = logging.getLogger(__name__)

ASKS = 3
"""The first question and two re-asks that quote what was wrong."""
DEADLINE_S = 30.0
"""From the first question to the last usable answer; the standard plan needs no more time than that."""
DOCUMENT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a wish was not followed, in a sentence for the person who had it."""

    sentence: str


class Planning:
    """Writes plans."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        *,
        planner: Planner,
        telemetry: Telemetry,
        prober: Prober,
        catalog: Catalog,
        clock: Clock,
        changes: Changes | None = None,
        measured: bool = True,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._changes = changes
        self._measured = measured
        self._planner = planner
        self._telemetry = telemetry
        self._prober = prober
        self._catalog = catalog
        self._clock = clock

    async def ask(self, incident_id: str, *, by: str, hint: str = "") -> Refusal | None:
        """A person wants a new plan version; refused while a run is going, since a run's plan is frozen."""
        refusal: list[Refusal] = []

        def decide(incident: Incident) -> Change | None:
            refusal.clear()
            sentence = not_now(incident)
            if sentence:
                refusal.append(Refusal(sentence=sentence))
                return None
            now = self._clock.now()
            asked = replace(incident, planning_since=now).noted(now, by, Happening.NOTE, "asked for a new plan")
            return Change(incident=asked, jobs=(planning(incident, asked_by=by, hint=hint),))

        await self._ledger.change(incident_id, decide)
        return refusal[0] if refusal else None

    async def make(self, incident_id: str, version: str, asked_by: str, hint: str) -> None:
        """Write version ``version`` of the plan; does nothing if that version, or a later one, stands."""
        incident = await self._store.incident(incident_id)
        if incident is None or incident.plans_made >= int(version) or not incident.is_open:
            return
        service = self._catalog.service(incident.service or "")
        await asyncio.gather(self._read_values(incident), self._read_changes(incident, service))
        plan = await self.write(incident, service, version=int(version), hint=hint)

        def decide(current: Incident) -> Change | None:
            return adopt(current, plan, asked_by=asked_by, now=self._clock.now())

        await self._ledger.change(incident_id, decide)

    async def _read_values(self, incident: Incident) -> None:
        """Webhooks seldom bring the value that raised the alert: read it, so that the card can hold it to its limit."""
        values = await evidence.current_values(self._telemetry, incident.signals, now=self._clock.now())

        def decide(current: Incident) -> Change | None:
            lines = tuple(
                replace(line, value=values[line.identity]) if line.value is None and line.identity in values else line
                for line in current.signals
            )
            return None if lines == current.signals else Change(incident=replace(current, signals=lines))

        if values:
            await self._ledger.change(incident.id, decide)

    async def _read_changes(self, incident: Incident, service: Service | None) -> None:
        """The first thing that anybody asks of an incident is what was changed before it: keep the newest ones."""
        found = await evidence.changes_before(self._changes, incident, service)

        def decide(current: Incident) -> Change | None:
            return None if found == current.changes else Change(incident=replace(current, changes=found))

        if found:
            await self._ledger.change(incident.id, decide)

    async def write(self, incident: Incident, service: Service | None, *, version: int, hint: str) -> Plan:
        """A vetted plan: the model's, else the standard one with a note that says why. Nothing is stored."""
        began = self._clock.now()
        known, baseline = await self.operations_of(service), await self.baseline_of(service)
        try:
            async with asyncio.timeout(DEADLINE_S):
                steps, asks = await self._by_model(incident, service, known, baseline, hint=hint)
        except TimeoutError:
            why = f"the model did not answer in {DEADLINE_S:.0f} s"
        except PlannerUnavailable as error:
            why = str(error).rstrip(".")
        except Exception:
            log.exception("the model's plan for %s failed", incident.id)
            why = "writing a plan failed, and FixLoop's log says how"
        else:
            return Plan(
                version=version,
                source=PlanSource.MODEL,
                steps=steps,
                author=self._planner.model,
                note="" if asks == 1 else f"asked {asks} times",
                made_at=self._clock.now(),
                seconds=self._clock.now() - began,
            )
        log.info("%s gets the standard plan: %s", incident.id, why)
        return standard_plan(
            service=with_probes(service, known, baseline) if service is not None else None,
            signals=incident.signals,
            operations=known,
            version=version,
            made_at=self._clock.now(),
            why=why,
            measured=self._measured,
        )

    async def _by_model(
        self,
        incident: Incident,
        service: Service | None,
        known: Sequence[Operation],
        baseline: Baseline | None,
        *,
        hint: str,
    ) -> tuple[tuple[Step, ...], int]:
        if not self._planner.available:
            raise PlannerUnavailable("MINIMAX_API_KEY is not set")
        brief = await self._brief(incident, service, known, hint=hint)
        brief = replace(
            brief, baselines=tuple(probe.line for probe in baseline.probes if probe.shape) if baseline else ()
        )
        return await self._ask_model(brief, service, known, baseline)

    async def _ask_model(
        self, brief: PlanBrief, service: Service | None, known: Sequence[Operation], baseline: Baseline | None
    ) -> tuple[tuple[Step, ...], int]:
        for ask in range(1, ASKS + 1):
            try:
                draft = await self._planner.draft(brief)
                return vet(with_shapes(with_schemas(draft.steps, known), baseline), service), ask
            except UnusableAnswer as answer:
                brief = replace(brief, complaints=answer.complaints, last_answer=answer.raw)
            except PlanRejected as rejection:
                brief = replace(brief, complaints=rejection.reasons, last_answer=draft.raw)
        raise PlannerUnavailable(f"the model's {ASKS} answers were not usable")

    async def _brief(
        self, incident: Incident, service: Service | None, known: Sequence[Operation], *, hint: str
    ) -> PlanBrief:
        now = self._clock.now()
        metrics, logs = await asyncio.gather(
            evidence.hour_of_metrics(self._telemetry, incident, service, now=now),
            evidence.last_errors(self._telemetry, service, now=now),
        )
        return PlanBrief(
            incident=incident,
            service=service,
            metrics=metrics,
            logs=tuple(logs),
            operations=tuple(operation.line() for operation in known),
            hint=hint,
        )

    async def baseline_of(self, service: Service | None) -> Baseline | None:
        """What was learned of the service while it was healthy; one that cannot be read is none."""
        try:
            return await self._store.baseline(service.name) if service is not None else None
        except BadInput as error:
            log.warning("a baseline is of no use: %s", error)
            return None

    async def concrete(self, steps: Sequence[Step], service: Service) -> tuple[Step, ...]:
        """Steps whose references to the OpenAPI document and to healthy times are what those say now."""
        return with_shapes(with_schemas(steps, await self.operations_of(service)), await self.baseline_of(service))

    async def operations_of(self, service: Service | None) -> tuple[Operation, ...]:
        """The operations of the service's OpenAPI document; none where it has no document that can be read."""
        if service is None or service.openapi is None:
            return ()
        try:
            async with asyncio.timeout(DOCUMENT_TIMEOUT_S):
                document = await self._prober.fetch_document(service, service.openapi)
                # A hostile document takes a second to read: not on the event loop.
                return await asyncio.to_thread(operations, document, base_url=service.base_url)
        except (BadInput, TimeoutError) as error:
            log.info("no OpenAPI document of %s: %s", service.name, error)
        except Exception:
            log.exception("the OpenAPI document of %s was too much for FixLoop", service.name)
        return ()


def not_now(incident: Incident) -> str:
    """Why a plan cannot be changed at this moment; empty where it can."""
    if not incident.is_open:
        return f"{incident.id} is resolved. Reopen it first."
    if incident.active_run is not None:
        return "A run is going, and its plan is frozen. Stop it or wait for its verdict."
    return ""


def adopt(incident: Incident, plan: Plan, *, asked_by: str, now: float, place: str = "") -> Change | None:
    """The incident with this plan, whose confirm run follows; None where that version, or a later one, stands."""
    if incident.plans_made >= plan.version:
        return None
    ticked = tuple(step.id for step in plan.steps if not step.manual)
    adopted = replace(
        incident,
        plan=plan,
        plans_made=plan.version,
        planning_since=None,
        ticked=ticked,
        manual=(),
        selections=(),
        checklist_revision=incident.checklist_revision + 1,
    )
    if adopted.state is not State.RECOVERED:  # what another plan has said is not this one's verdict
        adopted = replace(adopted, verdict=None, verdict_reason="")
    author = "edited" if plan.source is PlanSource.PERSON else plan.author or plan.source.value
    adopted = adopted.noted(now, asked_by, Happening.PLAN, f"plan v{plan.version} ({author})", place=place)
    return Change(incident=adopted, jobs=(starting(adopted, RunKind.CONFIRM, by="fixloop"),))
