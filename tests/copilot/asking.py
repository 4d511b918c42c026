"""Asks a case's question of the real use case, and keeps everything that an answer can be judged by."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from redis.asyncio import Redis

from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.copilot.speech import Heard, Offer, Place, Reference, Speech, Talker, Tool, Turn, Words
from fixloop_bot.application.copilot.talks import Exchange, Remark
from fixloop_bot.application.copilot.turns import Turns
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.copilot.dossier import Evidence
from fixloop_bot.domain.copilot.situation import Situation
from tests.application.office import MIRA
from tests.copilot.cases import Case
from tests.copilot.plant import Plant
from tests.fake_clock import START

CHANNEL = "C0CHECKOUT"
GRACE_S = 10.0
"""Seconds beyond an answer's own limit after which it counts as never ended."""


@dataclass
class Answer(Speech):
    """What people see of one answer."""

    statuses: list[str] = field(default_factory=list)
    text: str = ""
    references: tuple[Reference, ...] = ()
    offers: tuple[Offer, ...] = ()
    failure: str = ""
    over: bool = False

    async def doing(self, status: str) -> None:
        self.statuses.append(status)

    async def say(self, text: str) -> None:
        self.text += text

    async def close(self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()) -> None:
        del feedback_id
        self.references, self.offers, self.over = tuple(references), tuple(offers), True

    async def fail(self, sentence: str) -> None:
        self.failure, self.over = sentence, True


@dataclass
class Collector:
    """A podium with one speech."""

    answer: Answer = field(default_factory=Answer)

    def speech(self, place: Place, *, answer_id: str) -> Speech:
        del place, answer_id
        return self.answer

    async def there(self) -> bool:
        return True

    async def suggest(self, place: Place, prompts: Sequence[str]) -> None:
        del place, prompts


class Overheard:
    """A talker whose conversation is kept: what it was told, what it said, how many turns it took."""

    def __init__(self, talker: Talker | None) -> None:
        self._talker = talker
        self.told: list[str] = []
        self.said = ""
        self.turns = 0

    @property
    def available(self) -> bool:
        return self._talker is not None and self._talker.available

    @property
    def model(self) -> str:
        return self._talker.model if self._talker is not None else ""

    async def talk(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], *, deadline_s: float
    ) -> AsyncIterator[Heard]:
        assert self._talker is not None
        self.turns += 1
        self.told = [str(message.get("content")) for message in messages]
        parts = cast(AsyncGenerator[Heard, None], self._talker.talk(messages, tools, deadline_s=deadline_s))
        async with aclosing(parts) as heard:
            async for part in heard:
                if isinstance(part, Words):
                    self.said += part.text
                if isinstance(part, Turn) and part.calls:
                    self.said += "".join(f"\n⟨{call.name} {dict(call.arguments)}⟩\n" for call in part.calls)
                yield part


class Reading:
    """The plant's gathering, whose last dossier is kept: it grows while the answer is worked on."""

    def __init__(self, plant: Plant) -> None:
        self._gathering = plant.gathering
        self.situation: Situation | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gathering, name)

    async def gather(
        self, view: ThreadView, question: str, talk: Sequence[Exchange], heard: Sequence[Remark] = ()
    ) -> Situation:
        self.situation = await self._gathering.gather(view, question, talk, heard)
        return self.situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A case, what came back, and what may not have changed: ``before`` and ``after`` are the state's fingerprints."""

    case: Case
    answer: Answer
    seconds: float
    limit_s: float
    told: str = ""
    said: str = ""
    rounds: int = 0
    evidence: tuple[Evidence, ...] = ()
    before: tuple[object, ...] = ()
    after: tuple[object, ...] = ()


_numbers = itertools.count(1)


async def ask(plant: Plant, case: Case, talker: Talker | None, *, limits: Limits | None = None) -> Asked:
    """One answer, within its limit and ten seconds; a question that never ends is given up and counts as such."""
    limits = limits or Limits()
    number = next(_numbers)
    thread = f"{number}.0001"
    await plant.told(f"{CHANNEL}:{thread}", *case.before)
    overheard, podium, reading = Overheard(talker), Collector(), Reading(plant)
    copilot = Copilot(
        plant.store,
        plant.talks,
        cast(Any, reading),
        talker=overheard,
        podium=podium,
        turns=Turns(plant.talks, clock=plant.clock, token=lambda: f"t{number}"),
        clock=plant.clock,
        limits=limits,
    )
    before, began = await _state(plant, case), time.perf_counter()
    try:
        async with asyncio.timeout(limits.seconds + GRACE_S):
            await copilot.answer(_question(case, thread, number).job().args[0])
    except TimeoutError:
        podium.answer.over = False
    return Asked(
        case=case,
        answer=podium.answer,
        seconds=time.perf_counter() - began,
        limit_s=limits.seconds,
        told="\n".join(overheard.told),
        said=overheard.said,
        rounds=max(0, overheard.turns - 1),
        evidence=tuple(each for _, each in reading.situation.dossier.numbered()) if reading.situation else (),
        before=before,
        after=await _state(plant, case),
    )


def _question(case: Case, thread: str, number: int) -> Question:
    ts = f"{START + number:.6f}"
    known = Question(
        id=f"{CHANNEL}:{ts}", channel=CHANNEL, thread_ts=thread, ts=ts, user=MIRA, team="T1", text=case.asks
    )
    return replace(known, incident=case.incident)


async def _state(plant: Plant, case: Case) -> tuple[object, ...]:
    """What an answer may not touch: the incident, the jobs that wait, and what was sent to the service."""
    incident = await plant.store.incident(case.incident) if case.incident else None
    return (incident, tuple(plant.tray.names()), len(plant.backend.requests), len(plant.wall.drawn))


@asynccontextmanager
async def embedded_store() -> AsyncIterator[Redis]:
    """The store that FixLoop brings along, in a folder of its own."""
    with TemporaryDirectory(prefix="fixloop-copilot-") as folder:
        server = EmbeddedValkey(Path(folder))
        await server.start()
        client = Redis.from_url(server.url)
        try:
            yield client
        finally:
            await client.aclose()
            await server.stop()
