"""One process of FixLoop on a real store, with stand-ins for what is outside that have something to tell.

As ``tests.application.office`` has it; here the service's answers have bodies, telemetry has a past and log lines, and
somebody deploys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from redis.asyncio import Redis

from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.redis.talks import Talks
from fixloop_bot.application import execution, jobs
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.application.copilot.talks import Exchange, Record
from fixloop_bot.application.ports import LogLine, Series
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import ProbedCheck
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.samples import Outcome, Response, Sample
from tests.application.office import Datadog, Office, Shop, checkout, signal
from tests.fake_clock import START, FakeClock

RETENTION_S = 90 * 86_400.0
INCIDENT = "INC-1"
THREAD = "https://slack.example.com/archives/"
MINUTE = 60.0


@dataclass
class Backend(Shop):
    """A service whose bad answers have a status and a body of their own, and of which a sample keeps the start."""

    bad: tuple[int, str] = (503, '{"error": "no connection left in the pool"}')

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        sample = await super().sample(service, check, number=number, fresh=fresh)
        told = sample.outcome is Outcome.FAILED and sample.fault is None
        return replace(sample, excerpt=self.bad[1][:400]) if told else sample

    def _answer(self, path: str) -> Response:
        response = super()._answer(path)
        if response.status == 200:
            return response
        return replace(response, status=self.bad[0], body=self.bad[1].encode())


@dataclass
class Telemetry(Datadog):
    """A metric that was calm before the incident, and log lines (seconds from its start, message)."""

    calm: float = 0.002
    lines: list[tuple[float, str]] = field(default_factory=list)

    async def query(self, query: str, *, start: float, end: float) -> Sequence[Series]:
        self._ask(query)
        if self.value is None:
            return ()
        times = sorted({start, *(START - minute * MINUTE for minute in (50, 30, 10)), (start + end) / 2, end})
        within = [at for at in times if start <= at <= end]
        return (Series(scope="*", points=tuple((at, self.calm if at < START else self.value) for at in within)),)

    async def error_logs(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        self._ask(query)
        told = [
            LogLine(id=f"l{number}", at=START + at, status="error", service="checkout", message=text)
            for number, (at, text) in enumerate(self.lines)
        ]
        return sorted((line for line in told if start <= line.at <= end), key=lambda line: -line.at)[:limit]


@dataclass
class Events:
    """What was changed, by the minutes before the incident began."""

    events: list[ChangeEvent] = field(default_factory=list)

    def happened(self, minutes_before: float, title: str, text: str = "") -> None:
        name = f"e{len(self.events)}"
        at, link = START - minutes_before * MINUTE, f"https://events.example.com/{name}"
        self.events.append(ChangeEvent(id=name, at=at, title=title, text=text, link=link))

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        del query
        return [event for event in self.events if start <= event.at <= end][:limit]


class Plant(Office):
    """All use cases on one store, and what the copilot reads from."""

    def __init__(self, redis: Redis, *, services: tuple[Service, ...] | None = None) -> None:
        clock = FakeClock()
        super().__init__(RedisStore(redis, clock=clock, retention_s=RETENTION_S), clock, services=services)
        self.shop = self.backend = Backend(clock)
        self.datadog = self.telemetry = Telemetry()
        self.execution = self.another_worker()
        self.handlers[jobs.EXECUTE_RUN] = self.execution.execute
        self.events = Events()
        self.secrets: tuple[str, ...] = ()
        self.talks = Talks(redis, clock=clock, retention_s=RETENTION_S)
        self.gathering = Gathering(
            self.store,
            self.telemetry,
            self.backend,
            DatadogLinks("datadoghq.com"),
            view=self.threads.view,
            changes=self.events,
            permalink=lambda channel, ts: f"{THREAD}{channel}/p{ts.replace('.', '')}",
            secrets=lambda service: self.secrets,
        )

    async def alerted(self, **changes: Any) -> Incident:
        """The alert has come; nothing has looked yet."""
        await self.receive(signal(**changes))
        return await self.incident()

    async def reproduced(self, *, share: float = 1.0, **changes: Any) -> Incident:
        """The plan stands, and its confirm run has seen the bug."""
        self.backend.broken["/checkout"] = share
        await self.alerted(**changes)
        await self.settle()
        return await self.incident()

    async def watched(self) -> Incident:
        """Validated after the fix; the watch has not begun to look."""
        await self.fixed()
        await self.validate(but=(jobs.EXECUTE_RUN,))
        await self.execution_of_next()
        return await self.incident()

    async def under_way(self, number: int) -> Run:
        """A run that waits is performed until its first samples are kept; then its worker is gone."""
        run_id = f"{INCIDENT}-r{number}"
        with patch.object(execution, "SAVE_EVERY_S", 0.01):
            async with self.clock.flowing(), asyncio.timeout(20):
                running = asyncio.create_task(self.execution.execute(run_id), name="a run that is left")
                while not any(step.samples for step in (await self.run(number)).steps):
                    await asyncio.sleep(0.001)
                running.cancel()
                await asyncio.wait({running})
        self.tray.jobs.clear()
        return await self.run(number)

    async def told(self, thread: str, *exchanges: tuple[str, str, str]) -> None:
        """What was asked and answered in the thread before: user, question, answer."""
        for number, (user, question, answer) in enumerate(exchanges):
            known = f"{thread}:before{number}"
            exchange = Exchange(id=known, at=self.clock.now(), user=user, question=question, answer=answer)
            await self.talks.keep(thread, Record(id=known, incident=INCIDENT, exchange=exchange))


def service(**changes: Any) -> Service:
    """The catalog's entry: a dozen samples in ten seconds prove or break a step, the watch takes twenty."""
    return checkout(**changes)
