"""The use cases on the real store, with small stand-ins for what is outside: a shop, Datadog, the model, Slack.

Jobs wait in a tray and are performed when a test says so, one after the other; the real queue has
tests of its own. Stand-ins keep their ports' promises and nothing more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.minimax.talk import NullTalker
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.redis.talks import Talks
from fixloop_bot.adapters.slack.podium import NullPodium
from fixloop_bot.application import jobs
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.turns import Turns
from fixloop_bot.application.deeds import Deeds
from fixloop_bot.application.desk import Desk
from fixloop_bot.application.directory import Person
from fixloop_bot.application.execution import Execution
from fixloop_bot.application.inbox import Inbox
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import LogLine, MonitorState, PlanBrief, PlanDraft, Series
from fixloop_bot.application.sweep import Sweep
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.timeline import Message
from fixloop_bot.application.validation import Validation
from fixloop_bot.application.views import PartRef, ThreadRefs, ThreadView
from fixloop_bot.application.watch import Watch
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import Wish
from fixloop_bot.bootstrap.feeds import FeedMeans, build_feeds
from fixloop_bot.bootstrap.ownership import Outside, build_ownership
from fixloop_bot.domain.catalog import Allow, Catalog, Origin, Service, Slo
from fixloop_bot.domain.closing import Ending
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.errors import BadInput, TelemetryUnavailable
from fixloop_bot.domain.expectations import assertions, expect
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import (
    HttpCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    ProbedCheck,
    Request,
    Role,
    Step,
)
from fixloop_bot.domain.runs import Run, RunKind
from fixloop_bot.domain.samples import Fault, FaultKind, Outcome, Response, Sample
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Signal, Transition
from tests.application.hall import Crier, DatadogMutes, Hall
from tests.fake_clock import START, FakeClock

MIRA, JONAS = "U0MIRA", "U0JONAS"

NAMES = {MIRA: "Mira", JONAS: "Jonas"}
ERROR_RATE = "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"
QUICK = ProofSettings(unacceptable=0.25, confidence=0.95, window_s=10.0, max_samples=300)


def checkout(**changes: Any) -> Service:
    """The catalog entry most tests use; a dozen samples in ten seconds prove or break a step."""
    known: dict[str, Any] = {
        "name": "checkout",
        "channel": "C0CHECKOUT",
        "match": (("service", "checkout"), ("env", "prod")),
        "base_url": "https://checkout.example.com",
        "slo": Slo(error_rate=0.01, p95_ms=400),
        "proof": QUICK,
        "metrics": (("error_rate", ERROR_RATE),),
        "logs": "service:checkout status:error",
        "allow": Allow(
            origins=(Origin.of("https://checkout.example.com"),),
            methods=("GET", "HEAD", "POST"),
            writes=("/checkout",),
        ),
        "soak_s": 20.0,
    }
    return Service(**{**known, **changes})


def signal(transition: Transition = Transition.TRIGGERED, *, at: float = 0.0, id: str = "", **changes: Any) -> Signal:  # noqa: A002
    """A notification of the checkout monitor, ``at`` seconds after the start of time."""
    known: dict[str, Any] = {
        "id": id or f"{transition.value}@{at}{changes.get('identity', '')}",
        "identity": "cycle:1",
        "identity_kind": IdentityKind.CYCLE,
        "transition": transition,
        "title": "Checkout error rate is high",
        "service": "checkout",
        "env": "prod",
        "tags": ("service:checkout", "env:prod"),
        "monitor_id": "4711",
        "measure": Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01),
        "value": 0.31,
        "priority": "P2",
        "occurred_at": START + at,
        "received_at": START + at,
    }
    return Signal(**{**known, **changes})


PAID = Step(
    id="s1",
    title="A cart can be paid",
    role=Role.CONFIRMATION,
    check=HttpCheck(
        request=Request(method="POST", path="/checkout", json_body='{"items": []}'),
        expect=("status == 200", "json $.total == 19.99"),
    ),
)
LISTED = Step(
    id="s2",
    title="The catalog still works",
    role=Role.CONTROL,
    check=HttpCheck(request=Request(path="/catalog"), expect=("status == 200",)),
)
FEW_ERRORS = Step(
    id="s3",
    title="Errors are rare again",
    role=Role.CONFIRMATION,
    check=MetricCheck(query=ERROR_RATE, healthy_when="<", limit=0.01),
)
MONITOR = Step(id="s4", title="The monitor is OK", role=Role.CONFIRMATION, check=MonitorCheck(monitor_id="4711"))
ASKED = Step(id="s5", title="Ask support", role=Role.CONTROL, check=ManualCheck(instruction="Are refunds open?"))
STEPS = (PAID, LISTED, FEW_ERRORS, MONITOR, ASKED)


def draft(*steps: Step) -> PlanDraft:
    return PlanDraft(steps=steps or STEPS, raw="{}", model="MiniMax-M2.5")


@dataclass
class Shop:
    """A service that answers from memory, and is judged like any other. ``broken`` maps a path to its failing share."""

    clock: FakeClock
    broken: dict[str, float] = field(default_factory=dict)
    fault: Fault | None = None
    document: bytes | None = None
    latency_s: float = 0.05
    halted: str = ""
    requests: list[tuple[int, str]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        del service
        assert isinstance(check, HttpCheck)
        at = self.clock.now()
        if self.halted:
            stopped = Fault(kind=FaultKind.STOPPED, detail=self.halted)
            return Sample(number=number, at=at, outcome=Outcome.VOID, fault=stopped)
        self.requests.append((number, check.request.path))
        await self.clock.sleep(self.latency_s)
        if self.fault is not None:
            outcome = Outcome.VOID if self.fault.kind.ours else Outcome.FAILED
            return Sample(number=number, at=at, outcome=outcome, fault=self.fault)
        response = self._answer(check.request.path)
        results = assertions.hold_all([expect.parse(line) for line in check.expect], response)
        failures = tuple(result for result in results if not result.held)
        return Sample(
            number=number,
            at=at,
            outcome=Outcome.FAILED if failures else Outcome.PASSED,
            request=check.request.line(),
            status=response.status,
            latency_ms=response.latency_ms,
            failures=failures,
            fresh_connection=fresh,
        )

    async def fetch_document(self, service: Service, url: str) -> bytes:
        del service
        if self.document is None:
            raise BadInput(f"{url} could not be read: connection refused.")
        return self.document

    def halt(self, reason: str) -> None:
        self.halted = reason

    def release(self) -> None:
        self.halted = ""

    def _answer(self, path: str) -> Response:
        fails = self.chance.random() < self.broken.get(path, 0.0)
        body = b'{"error": "down"}' if fails else b'{"total": 19.99}'
        kind = (("content-type", "application/json"),)
        return Response(status=503 if fails else 200, headers=kind, body=body, latency_ms=self.latency_s * 1000)


@dataclass(frozen=True, kw_only=True)
class Monitor:
    state: str
    name: str = "Checkout errors"


@dataclass
class Datadog:
    """Telemetry of one metric: ``value`` now, None for no data; ``down`` refuses every question.

    ``logged`` holds the times of the log records that every search finds.
    """

    value: float | None = 0.31
    monitor: str = "Alert"
    down: bool = False
    asked: list[str] = field(default_factory=list)
    logged: list[float] = field(default_factory=list)
    points: tuple[tuple[float, float], ...] = ()
    """A history that is answered in the place of ``value``, as far as it lies in what is asked for."""

    async def query(self, query: str, *, start: float, end: float) -> Sequence[Series]:
        self._ask(query)
        if history := tuple(point for point in self.points if start <= point[0] <= end):
            return (Series(scope="*", points=history),)
        if self.value is None:
            return ()
        points = tuple((at, self.value) for at in (start, (start + end) / 2, end))
        return (Series(scope="*", points=points),)

    async def error_logs(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        del start, limit
        self._ask(query)
        return (LogLine(id="1", at=end, status="error", service="checkout", message="payment failed"),)

    async def count_logs(self, query: str, *, start: float, end: float) -> int:
        self._ask(query)
        return sum(start <= at <= end for at in self.logged)

    async def monitor_state(self, monitor_id: str, *, group: str = "") -> MonitorState:
        del group
        self._ask(monitor_id)
        return Monitor(state=self.monitor)

    def seconds_between_queries(self) -> float:
        return 5.0

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise TelemetryUnavailable("Datadog did not answer.")


@dataclass
class Author:
    """A model that gives its answers in turn, the last one again and again; an exception is raised."""

    answers: list[PlanDraft | Exception | Callable[[], Awaitable[PlanDraft]]] = field(default_factory=lambda: [draft()])
    available: bool = True
    model: str = "MiniMax-M2.5"
    briefs: list[PlanBrief] = field(default_factory=list)

    async def draft(self, brief: PlanBrief) -> PlanDraft:
        answer = self.answers[min(len(self.briefs), len(self.answers) - 1)]
        self.briefs.append(brief)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, PlanDraft) else await answer()


@dataclass
class Wall:
    """Where cards hang and whispers are heard. Each drawing raises one of ``troubles``; ``meanwhile`` happens in it."""

    drawn: list[ThreadView] = field(default_factory=list)
    whispers: list[tuple[str, str]] = field(default_factory=list)
    leads_to: list[str] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def publish(
        self, view: ThreadView, refs: ThreadRefs, save: Callable[[ThreadRefs], Awaitable[None]]
    ) -> ThreadRefs:
        self.drawn.append(view)
        if self.troubles:
            raise self.troubles.pop(0)
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            await happening()
        root = PartRef(part="root", ts=f"{view.incident.number}.0001")
        shown = ThreadRefs(channel=view.incident.channel, parts=(root,))
        if shown != refs:
            await save(shown)
        return shown

    async def whisper(
        self, *, channel: str, user: str, text: str, thread_ts: str | None = None, response_url: str | None = None
    ) -> None:
        del channel, thread_ts, response_url
        self.whispers.append((user, text))

    def describe(self, view: ThreadView, address: str) -> str:
        self.leads_to.append(address)
        return f"{view.incident.id} {view.incident.state.value}"

    async def answer(self, response_url: str, text: str) -> None:
        self.whispers.append((response_url, text))


@dataclass
class Town:
    """Who is who, and what was said: ``groups`` maps a user group to its members; ``trouble`` is raised instead."""

    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    said: dict[tuple[str, str], Message] = field(default_factory=dict)
    trouble: Exception | None = None

    async def person(self, user: str) -> Person:
        return Person(id=user, name=NAMES.get(user, user), zone="Europe/Berlin")

    async def members(self, group: str) -> frozenset[str]:
        if self.trouble is not None:
            raise self.trouble
        return self.groups.get(group, frozenset())

    async def message(self, channel: str, ts: str) -> Message | None:
        if self.trouble is not None:
            raise self.trouble
        return self.said.get((channel, ts))

    @staticmethod
    def permalink(channel: str, ts: str) -> str:
        return f"https://slack.test/archives/{channel}/p{ts.replace('.', '')}"


class Tray:
    """Jobs in the order in which they came, each key once while it waits."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.jobs: dict[str, Job] = {}

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.jobs.setdefault(job.key, job)
        await self._store.jobs_taken([job.key for job in jobs])

    def names(self) -> list[str]:
        return [job.name for job in self.jobs.values()]


class Office:
    """All use cases of one process, wired as bootstrap wires them."""

    def __init__(self, store: RedisStore, clock: FakeClock, *, services: tuple[Service, ...] | None = None) -> None:
        self.store, self.clock = store, clock
        self.catalog = Catalog(services=services if services is not None else (checkout(),))
        self.shop, self.datadog, self.author, self.wall = Shop(clock), Datadog(), Author(), Wall()
        self.tray = Tray(store)
        self.ledger = Ledger(store, self.tray)
        self.intake = Intake(store, self.ledger, catalog=self.catalog, clock=clock, default_channel="C0DEFAULT")
        self.planning = Planning(
            store,
            self.ledger,
            planner=self.author,
            telemetry=self.datadog,
            prober=self.shop,
            catalog=self.catalog,
            clock=clock,
        )
        self.validation = Validation(store, self.ledger, catalog=self.catalog, clock=clock)
        self.execution = self.another_worker()
        links = DatadogLinks("datadoghq.com")
        self.threads = Threads(
            store, self.wall, links, catalog=self.catalog, clock=clock, waiting=store, queue=self.tray
        )
        self.checklist = Checklist(self.ledger, clock=clock)
        self.town = Town()
        around = Outside(directory=self.town, messages=self.town, permalink=self.town.permalink)
        self.ownership = build_ownership(
            around, store, self.ledger, self.tray, catalog=self.catalog, clock=clock, default_channel="C0DEFAULT"
        )
        self.resolution = self.ownership.resolution
        self.brake = Brake(store, self.shop, clock=clock, ledger=self.ledger)
        self.talks = Talks(store._redis, clock=clock, retention_s=86_400)
        self.copilot = Copilot(
            store,
            self.talks,
            Gathering(store, self.datadog, self.shop, links, view=self.threads.view),
            talker=NullTalker(),
            podium=NullPodium(),
            turns=Turns(self.talks, clock=clock, token=lambda: "me"),
            clock=clock,
        )
        self.deeds = Deeds(
            Whereabouts(store),
            self.wall,
            self.threads,
            validation=self.validation,
            planning=self.planning,
            checklist=self.checklist,
            resolution=self.resolution,
            brake=self.brake,
            copilot=self.copilot,
            signpost=self.ownership.signpost,
            clock=clock,
        )
        self.hall, self.crier, self.datadog_mutes = Hall(), Crier(), DatadogMutes()
        self.feeds = build_feeds(
            FeedMeans(
                store=store,
                queue=self.tray,
                ledger=self.ledger,
                front=self.hall,
                crier=self.crier,
                telemetry=self.datadog,
                model=None,
                downtimes=self.datadog_mutes,
                directory=self.town,
                brake=self.brake,
                catalog=self.catalog,
                clock=clock,
                name="me",
            )
        )
        self.desk = Desk(
            store,
            self.wall,
            self.ownership.permissions,
            {**self.deeds.deeds(), **self.ownership.deeds, **self.feeds.deeds()},
            (*self.deeds.commands(), *self.ownership.commands, *self.feeds.commands()),
            home=self.feeds.feed.tell,
        )
        self.inbox = Inbox(store, self.intake, clock=clock)
        self.sweep = Sweep(store, self.tray, clock=clock)
        self.handlers: dict[str, Callable[..., Awaitable[None]]] = {
            jobs.MAKE_PLAN: self.planning.make,
            jobs.START_RUN: self.validation.start_when_free,
            jobs.EXECUTE_RUN: self.execution.execute,
            jobs.REFRESH_THREAD: self.threads.refresh,
            jobs.ANSWER_WISH: self.desk.answer,
            jobs.REMIND: self.feeds.reminders.say,
            **self.ownership.handlers,
        }

    def another_worker(self, **changes: Any) -> Execution:
        parts: dict[str, Any] = {
            "prober": self.shop,
            "telemetry": self.datadog,
            "catalog": self.catalog,
            "clock": self.clock,
            "chance": random.Random(1),
        }
        return Execution(self.store, self.ledger, self.validation, **{**parts, **changes})

    def watch(self, name: str = "me") -> Watch:
        return Watch(self.store, self.intake, telemetry=self.datadog, catalog=self.catalog, clock=self.clock, name=name)

    async def receive(self, *signals: Signal) -> None:
        """Notifications arrive, each after the one before was taken."""
        for each in signals:
            self.clock.advance(max(0.0, each.received_at - self.clock.now()))
            await self.intake.receive(each)
            await self.settle(but=(jobs.MAKE_PLAN, jobs.START_RUN, jobs.EXECUTE_RUN, jobs.REFRESH_THREAD))

    async def settle(self, *, but: Collection[str] = ()) -> None:
        """Take what came, and perform what waits, until nothing waits; time flows meanwhile."""
        async with self.clock.flowing():
            await self.inbox.take_all()
            while job := next((job for job in self.tray.jobs.values() if job.name not in but), None):
                del self.tray.jobs[job.key]
                await asyncio.wait_for(self.handlers[job.name](*job.args), timeout=6)

    async def execution_of_next(self) -> None:
        """Perform the run that waits, and none that follows from it."""
        job = next(job for job in self.tray.jobs.values() if job.name == jobs.EXECUTE_RUN)
        del self.tray.jobs[job.key]
        async with self.clock.flowing():
            await asyncio.wait_for(self.execution.execute(*job.args), timeout=30)

    async def wish(self, what: str, *, user: str = MIRA, channel: str = "C0CHECKOUT", **fields: Any) -> list[str]:
        """A click or a command, performed; what was whispered for it."""
        before = len(self.wall.whispers)
        asked = Wish(id=f"{what}{len(self.wall.drawn)}", what=what, user=user, channel=channel, **fields)
        await self.desk.answer(asked.job().args[0])
        return [text for _, text in self.wall.whispers[before:]]

    async def incident(self, incident_id: str = "INC-1") -> Incident:
        incident = await self.store.incident(incident_id)
        assert incident is not None, f"there is no {incident_id}"
        return incident

    async def run(self, number: int, incident_id: str = "INC-1") -> Run:
        run = await self.store.run(f"{incident_id}-r{number}")
        assert run is not None, f"there is no run {number}"
        return run

    async def resolve(self, incident_id: str = "INC-1", *, by: str = MIRA) -> str:
        """End an incident whatever still fails, for tests of what comes afterwards."""
        return await self.resolution.resolve(incident_id, by=by, ending=Ending(override="it ends here"))

    async def broken(self) -> Incident:
        """The alert has come, the plan stands, and its confirm run has reproduced the bug."""
        self.shop.broken["/checkout"] = 1.0
        await self.receive(signal())
        await self.settle()
        return await self.incident()

    async def fixed(self) -> None:
        self.shop.broken.clear()
        self.datadog.value, self.datadog.monitor = 0.0, "OK"

    async def validate(self, *, by: str = MIRA, settle: bool = True, but: Collection[str] = ()) -> Incident:
        started = await self.validation.start("INC-1", RunKind.VALIDATE, by=by)
        assert started.run_id is not None, started.refusal
        if settle:
            await self.settle(but=but)
        return await self.incident()
