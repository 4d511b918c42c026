"""Re-sends some of a run's recorded samples, and says what is different now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fixloop_bot.application.budget import Budget
from fixloop_bot.application.performance import first_error
from fixloop_bot.application.ports import Clock, Prober, Store
from fixloop_bot.application.proving import Evidence
from fixloop_bot.application.schedule import requests_per_sample
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, ProbedCheck, Step, WebsocketCheck
from fixloop_bot.domain.samples import Outcome, Sample
from fixloop_bot.domain.shapes import differences as shape_differences

LOOK_EVERY_S = 0.25
"""How often the kill switch is looked at meanwhile."""
IN_FLIGHT = 8
BUDGET = "the request budget of the plan is spent"
HOURLY = "the service's requests of this hour are spent"
STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One recorded sample and what came back now; ``now`` is None where nothing was sent, and ``why_not`` says why.

    ``differs`` has one short sentence for each difference that counts. A body that is another one is told by
    ``same_body`` (None where it is not known), and does not count: ids and times change by themselves.
    """

    step: Step
    recorded: Sample
    now: Sample | None = None
    why_not: str = ""
    differs: tuple[str, ...] = ()
    same_body: bool | None = None

    @property
    def looked(self) -> bool:
        return self.now is not None and self.now.outcome is not Outcome.VOID


class Replaying:
    """Replays evidence against the catalog's service, through the gate and within its rate and budget."""

    def __init__(self, store: Store, *, prober: Prober, clock: Clock) -> None:
        self._store = store
        self._prober = prober
        self._clock = clock

    async def replay(
        self,
        evidence: Evidence,
        service: Service,
        *,
        most: int,
        show: Callable[[int, int], None] = lambda done, of: None,
        stopped: Callable[[], str | None] = lambda: None,
    ) -> tuple[Replayed, ...]:
        """Send at most ``most`` samples of each step again. The evidence's plan must be vetted.

        Steps that were read from telemetry are left out: that time is past. ``show`` is called with how many are
        done. Raises StoreUnavailable.
        """
        steps = [step for step in evidence.run.chosen_steps() if step.repeated]
        chosen = [(step, sample) for step in steps for sample in worth_sending(step, evidence.of(step.id), most)]
        done: dict[int, Replayed] = {}

        def keep(place: int, replayed: Replayed) -> None:
            done[place] = replayed
            show(len(done), len(chosen))

        if not await self._is_stopped(stopped):
            try:
                await self._send_all(service, chosen, keep, stopped)
            except BaseExceptionGroup as group:
                raise first_error(group) from group
        return tuple(
            done.get(place, Replayed(step=step, recorded=sample, why_not=STOPPED))
            for place, (step, sample) in enumerate(chosen)
        )

    async def _send_all(
        self,
        service: Service,
        chosen: Sequence[tuple[Step, Sample]],
        keep: Callable[[int, Replayed], None],
        stopped: Callable[[], str | None],
    ) -> None:
        budget, places = Budget(service.allow.requests_per_plan), asyncio.Semaphore(IN_FLIGHT)

        async def send(place: int, step: Step, sample: Sample) -> None:
            async with places:
                keep(place, await self._send(service, step, sample, budget))

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(send(place, step, sample), name=f"replay-{step.id}-{sample.number}")
                for place, (step, sample) in enumerate(chosen)
            ]
            while any(not task.done() for task in tasks):
                await asyncio.wait(tasks, timeout=LOOK_EVERY_S)
                if await self._is_stopped(stopped):
                    for task in tasks:
                        task.cancel()

    async def _is_stopped(self, stopped: Callable[[], str | None]) -> bool:
        return stopped() is not None or await self._store.halted_by() is not None

    async def _send(self, service: Service, step: Step, sample: Sample, budget: Budget) -> Replayed:
        check, requests = step.check, requests_per_sample(step)
        assert isinstance(check, ProbedCheck)  # noqa: S101 - only repeated steps are chosen
        if not budget.take(requests):
            return Replayed(step=step, recorded=sample, why_not=BUDGET)
        wait = await self._store.take_place(
            service.name,
            per_second=service.proof.per_second,
            per_hour=service.allow.requests_per_hour,
            requests=requests,
        )
        if wait is None:
            return Replayed(step=step, recorded=sample, why_not=HOURLY)
        await self._clock.sleep(wait)
        # The number decides which input and which replica are asked: the same as then.
        now = await self._prober.sample(service, check, number=sample.number, fresh=sample.fresh_connection)
        return compared(step, sample, now)


def compared(step: Step, recorded: Sample, now: Sample) -> Replayed:
    """What is different, in short sentences; nothing is compared where we could not look."""
    if now.outcome is Outcome.VOID:
        return Replayed(step=step, recorded=recorded, now=now, why_not=now.reason())
    differs: list[str] = []
    if recorded.status != now.status:
        differs.append(f"status {_shown(recorded)} → {_shown(now)}")
    if recorded.outcome is not now.outcome:
        differs.append(f"{recorded.outcome.value} → {now.outcome.value}")
    was, fails = ({failure.source for failure in sample.failures} for sample in (recorded, now))
    differs += [f"fails now: {failure.sentence()}" for failure in now.failures if failure.source not in was]
    differs += [f"holds now: {source}" for source in sorted(was - fails) if now.fault is None]
    if recorded.shape and now.shape:
        differs += shape_differences(recorded.shape, now.shape)
    same_body = recorded.digest == now.digest if recorded.digest and now.digest else None
    return Replayed(step=step, recorded=recorded, now=now, differs=tuple(differs), same_body=same_body)


def _shown(sample: Sample) -> str:
    if sample.status is not None:
        return str(sample.status)
    return sample.fault.kind.value if sample.fault is not None else "none"


def worth_sending(step: Step, samples: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """At most ``most`` samples, by number: one of each way to fail, then one of each input, then a spread in time.

    Void samples are left out: nothing was seen then that could be compared.
    """
    seen = [sample for sample in samples if sample.outcome is not Outcome.VOID]
    failed = [sample for sample in seen if sample.outcome is Outcome.FAILED]
    of_each_kind = _first_of_each(failed, _how_it_fails)
    of_each_input = _first_of_each(seen, lambda sample: _input_of(step, sample))
    spread = [seen[round(place * (len(seen) - 1) / max(1, most - 1))] for place in range(most)] if seen else []
    wanted = {sample.number: sample for sample in (*of_each_kind, *of_each_input, *spread)}
    chosen = list(wanted.values())[:most]
    return tuple(sorted(chosen, key=lambda sample: sample.number))


def _first_of_each(samples: Sequence[Sample], kind: Callable[[Sample], object]) -> list[Sample]:
    found: dict[object, Sample] = {}
    for sample in samples:
        found.setdefault(kind(sample), sample)
    return list(found.values())


def _how_it_fails(sample: Sample) -> object:
    fault = sample.fault.kind if sample.fault is not None else None
    return sample.status, fault, tuple(failure.source for failure in sample.failures)


def _input_of(step: Step, sample: Sample) -> object:
    if sample.input is not None:
        return sample.input
    check = step.check
    inputs = check.inputs if isinstance(check, HttpCheck | JourneyCheck | WebsocketCheck) else ()
    return (sample.number - 1) % len(inputs) if inputs else None
