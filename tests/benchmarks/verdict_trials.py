"""Trials of the whole verdict: ``python -m tests.benchmarks.verdict_trials``, which ``verdicts`` starts.

A trial is one story, over real HTTP: a shop is broken, a confirm run sees it, the shop is mended (or half, or not, or
only seemingly), a validate run is judged. All code but the shop and its clock is the product's: standard plan, gate and
prober, sampler, store, judgement. Time runs faster: the window is short, and the shop's own clock, by which it flaps
and leaks and its caches age, runs faster by the same factor. A proof in a state that is not mended is also watched.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace

from redis.asyncio import Redis

from fixloop_bot.adapters.catalog_file import parse_catalog
from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import performance, schedule
from fixloop_bot.application.performance import Circumstances, Instruments, Performance, runners_of
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import SignalLine
from fixloop_bot.domain.openapi.operations import operations
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Plan, Request, Role, Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Transition
from fixloop_bot.domain.standard.plan import standard_plan
from fixloop_bot.domain.verdicts import judge
from fixloop_bot.sandbox import settings
from fixloop_bot.sandbox.shop import FAULTS, Shop
from tests.benchmarks.verdict_rivals import MASKS, Middlebox, monitor_recovers, one_request_says_200, two_in_a_row

REAL_WINDOW_S = 60.0
STATES = ("broken", "half-fixed", "masked", "fixed")
SLOW = ("checkout-slow", "checkout-crawls", "slow-leak")
SETTLES_S = {"stale-cache-after-fix": 25.0}
"""Seconds of the shop after which a fix has taken hold; whoever validates sooner is told, rightly, that it has not."""
LONGEST_S = 120.0
WARM_UP = 5
ENDED_EARLY = "ended early, since somebody asked to validate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    fault: str
    state: str
    seed: int

    @property
    def mask(self) -> str:
        return MASKS[self.seed % len(MASKS)] if self.state == "masked" else ""


@dataclass(slots=True, kw_only=True)
class Result:
    """``seen``: the confirm run saw the fault. ``watched``: the verdict after the watch, if there was one."""

    trial: dict[str, object]
    mask: str
    seen: bool
    verdict: str
    watched: str
    reason: str
    seconds: float
    requests: int
    voids: int
    rivals: dict[str, bool] = field(default_factory=dict)


# ── the plan ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ITEM = HttpCheck(request=Request(path="/catalog/A1"), expect=("status == 200", "json $.price == 19.99"))
SECOND_PAGE = HttpCheck(
    request=Request(path="/catalog?page=2&per_page=6"), expect=("status == 200", 'json $.items[0].sku == "C1"')
)
PAYING = Request(
    method="POST",
    path="/checkout",
    headers=(("Idempotency-Key", "{{key}}"),),
    json_body='{"items": [{"sku": "A1", "price": 19.99, "qty": 1}]}',
)
PAID_ONCE = JourneyCheck(
    legs=(
        Leg(request=PAYING, expect=("status == 200",), capture=(("order", "json $.order_id"),)),
        Leg(request=PAYING, expect=("status == 200", "json $.order_id == {{order}}")),
    ),
    inputs=tuple(json.dumps({"key": f"bench-{number}"}) for number in range(200)),
)
ADDED: dict[str, HttpCheck | JourneyCheck] = {
    "stale-cache-after-fix": ITEM,
    "broken-pagination": SECOND_PAGE,
    "double-charge-on-retry": PAID_ONCE,
}
"""What a person adds to the standard plan, where no probe of the catalog touches what customers complain of."""


def signal_of(fault: str, now: float) -> SignalLine:
    """The alert that this fault raises in the sandbox."""
    errors, customers, slow = settings.monitors()
    monitor = slow if fault in SLOW else errors if FAULTS[fault].monitored else customers
    query, limit = str(monitor["query"]).rsplit(" > ", 1)
    measure = Measure(query=query.partition(":")[2], comparator=Comparator.ABOVE, limit=float(limit))
    return SignalLine(
        identity="cycle:1",
        identity_kind=IdentityKind.CYCLE,
        title=str(monitor["name"]),
        transition=Transition.TRIGGERED,
        first_at=now,
        last_at=now,
        measure=measure,
    )


async def plan_for(fault: str, service: Service, prober: HttpProber) -> Plan:
    """The standard plan's probed steps, made as the bot makes them, with the person's own where one is needed."""
    assert service.openapi is not None
    known = operations(await prober.fetch_document(service, service.openapi), base_url=service.base_url)
    plan = standard_plan(
        service=service, signals=(signal_of(fault, 0.0),), operations=known, version=1, made_at=0.0, why="a benchmark"
    )
    steps = [step for step in plan.steps if step.repeated]
    if fault in ADDED:
        step = Step(id="s9", title=f"What {fault} breaks works", role=Role.CONFIRMATION, check=ADDED[fault])
        steps.append(step)
    return replace(plan, steps=tuple(steps))


# ── a run ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Keeper:
    """Keeps a run's samples in memory; a confirm run that has seen the bug ends, as when somebody presses Validate."""

    def __init__(self) -> None:
        self.seen: list[Sample] = []

    async def samples(self, step_id: str) -> Sequence[Sample]:
        return ()

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None:
        self.seen.extend(samples)

    async def save(self, run: Run, *, turned: bool) -> None:
        """Nothing is stored."""

    async def stopped_by(self, run: Run) -> str | None:
        return None

    async def why_stopped(self) -> str:
        return "stopped"

    async def ends_early(self, run: Run) -> str:
        return ENDED_EARLY


async def perform(
    kind: RunKind, plan: Plan, service: Service, instruments: Instruments, *, before: Run | None = None
) -> tuple[Run, int]:
    """The finished run and how many requests it took."""
    run = Run(
        id=f"{service.name}-{kind.value}",
        incident_id="INC-1",
        number=1,
        kind=kind,
        plan=plan,
        step_ids=tuple(step.id for step in plan.steps),
        service=service.name,
        started_by="U0BENCH",
        started_at=time.time(),
        steps=tuple(StepProgress(step_id=step.id) for step in plan.steps),
    )
    keeper = _Keeper()
    around = Circumstances(opened_at=run.started_at, before=before)
    runners = await runners_of(run, service, keeper, instruments, around)
    run = await Performance(run, runners, keeper, clock=instruments.clock, every_s=0.05).until_decided(LONGEST_S)
    legs = {step.id: len(step.check.legs) if isinstance(step.check, JourneyCheck) else 1 for step in plan.steps}
    sent = sum((step.samples + step.void) * legs[step.step_id] for step in run.steps)
    return replace(run, finished_at=time.time()), sent


# ── a trial ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Stage:
    """Everything of one trial: shop, middlebox, service, prober. Time runs ``speed`` times faster for the shop."""

    def __init__(self, trial: Trial, store: RedisStore, *, window_s: float) -> None:
        self.trial = trial
        self.speed = REAL_WINDOW_S / window_s
        self._window_s = window_s
        self._store = store
        self._began = time.time()

    def _shop_time(self) -> float:
        return self._began + (time.time() - self._began) * self.speed

    async def set(self, stack: AsyncExitStack) -> None:
        trial = self.trial
        self.shop = Shop(traffic_per_second=0, push_every_s=3600, seed=trial.seed, clock=self._shop_time)
        await self.shop.start()
        stack.push_async_callback(self.shop.stop)
        self.box = await stack.enter_async_context(Middlebox(self.shop.url).running()) if trial.mask else None
        self.url = self.box.url if self.box else self.shop.url
        text = settings.catalog(self.url, window_s=self._window_s, soak_s=600 / self.speed)
        (service,) = parse_catalog(text).services
        faster = replace(service.proof, window_s=self._window_s, per_second=1000.0)
        name = f"{trial.fault}-{trial.state}-{trial.seed}"
        allow = replace(service.allow, requests_per_hour=1_000_000, requests_per_plan=1_000_000)
        self.service = replace(service, name=name, proof=faster, allow=allow)
        self.prober = HttpProber(guard=Guard(), clock=SystemClock(), secrets=lambda _: None)
        stack.push_async_callback(self.prober.aclose)
        self.instruments = Instruments(
            prober=self.prober,
            telemetry=None,  # type: ignore[arg-type]  # only probed steps are chosen
            store=self._store,
            clock=SystemClock(),
            chance=random.Random(trial.seed),
        )

    async def warm_up(self, plan: Plan) -> None:
        """While all is well, so that a cache has something to replay."""
        for step in plan.steps:
            for number in range(1, WARM_UP + 1):
                await self.prober.sample(self.service, step.check, number=number, fresh=True)  # type: ignore[arg-type]

    def turn(self) -> None:
        """What is done after the confirm run."""
        if self.box is not None and self.trial.mask != "calm":
            self.box.mask = self.trial.mask
        elif self.trial.mask == "calm":
            self.shop.faults.set(self.trial.fault, "fixed")
            asyncio.get_running_loop().call_later(self._window_s / 2, self.shop.faults.set, self.trial.fault, "broken")
        elif self.trial.state != "broken":
            self.shop.faults.set(self.trial.fault, self.trial.state)

    async def rivals(self, plan: Plan) -> dict[str, bool]:
        """Who else says that it has recovered, asked when our validate run begins."""
        dice = random.Random(f"{self.trial.seed}:rivals")
        first = plan.steps[-1] if self.trial.fault in ADDED else plan.steps[0]

        async def passes(number: int) -> bool:
            found = await self.prober.sample(self.service, first.check, number=number, fresh=True)  # type: ignore[arg-type]
            return found.outcome is Outcome.PASSED

        one = await one_request_says_200(self.url, dice)
        two = await two_in_a_row(passes)
        return {"monitor": await monitor_recovers(self.url, speed=self.speed, dice=dice), "one 200": one, "two": two}


async def play(trial: Trial, store: RedisStore, *, window_s: float) -> Result:
    async with AsyncExitStack() as stack:
        stage = Stage(trial, store, window_s=window_s)
        await stage.set(stack)
        plan = await plan_for(trial.fault, stage.service, stage.prober)
        if stage.box is not None:
            await stage.warm_up(plan)
        stage.shop.faults.set(trial.fault, "broken")
        confirm, _ = await perform(RunKind.CONFIRM, plan, stage.service, stage.instruments)
        stage.turn()
        if trial.state == "fixed":
            await asyncio.sleep(SETTLES_S.get(trial.fault, 0.0) / stage.speed)
        began = time.monotonic()
        rivals = asyncio.create_task(stage.rivals(plan), name="rivals")
        validate, requests = await perform(RunKind.VALIDATE, plan, stage.service, stage.instruments, before=confirm)
        seconds = time.monotonic() - began
        said = judge(validate=validate, confirm=confirm, traffic=None)
        watched = said.verdict.value
        others = await rivals
        if said.verdict is RecoveryVerdict.PROVEN and trial.state != "fixed":
            soak, _ = await perform(RunKind.SOAK, plan, stage.service, stage.instruments, before=confirm)
            failed = any(step.verdict is StepVerdict.FAILED for step in soak.steps)
            watched = RecoveryVerdict.NOT_RECOVERED.value if failed else watched
        return Result(
            trial=asdict(trial),
            mask=trial.mask,
            seen=confirm.reproduced,
            verdict=said.verdict.value,
            watched=watched,
            reason=said.reason,
            seconds=seconds,
            requests=requests,
            voids=sum(step.void for step in validate.steps),
            rivals=others,
        )


def trials(faults: Sequence[str], seeds: int) -> list[Trial]:
    """All of them, shuffled in the same way everywhere, so that every share is alike."""
    found = [
        Trial(fault=fault, state=state, seed=seed) for fault in faults for state in STATES for seed in range(seeds)
    ]
    random.Random(20261122).shuffle(found)
    return found


@contextlib.contextmanager
def scaled(speed: float) -> Iterator[None]:
    """The product's own waits that do not come from the catalog, by the same factor."""
    patience, pace = performance.AFTER_A_FAILURE_S, schedule.SOAK_PER_SECOND
    performance.AFTER_A_FAILURE_S, schedule.SOAK_PER_SECOND = patience / speed, pace * speed
    try:
        yield
    finally:
        performance.AFTER_A_FAILURE_S, schedule.SOAK_PER_SECOND = patience, pace


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisStore]:
    client = Redis.from_url(url)
    try:
        yield RedisStore(client, clock=SystemClock(), retention_s=3600.0)
    finally:
        await client.aclose()


async def work(arguments: argparse.Namespace) -> None:
    """This share of the trials, some side by side; a line of JSON for each."""
    mine = trials(arguments.faults.split(","), arguments.seeds)[arguments.share :: arguments.shares]
    waiting = iter(mine)
    async with opened(arguments.store) as store, asyncio.TaskGroup() as group:

        async def player() -> None:
            for trial in waiting:
                result = await play(trial, store, window_s=arguments.window)
                sys.stdout.write(json.dumps(asdict(result)) + "\n")
                sys.stdout.flush()

        for place in range(arguments.side_by_side):
            group.create_task(player(), name=f"player-{place}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="the address of a Valkey server")
    parser.add_argument("--faults", default=",".join(FAULTS))
    for name, default in (("seeds", 20), ("share", 0), ("shares", 1), ("side-by-side", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--window", type=float, default=3.0)
    arguments = parser.parse_args()
    with scaled(REAL_WINDOW_S / arguments.window):
        asyncio.run(work(arguments))


if __name__ == "__main__":
    main()
