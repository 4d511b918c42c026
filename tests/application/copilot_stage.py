"""The copilot on the real store: a talker that says what a test has written, and a podium that remembers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from redis.asyncio import Redis

from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.redis.talks import Talks
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.application.copilot.searching import Search
from fixloop_bot.application.copilot.speech import (
    Heard,
    Offer,
    Place,
    Reference,
    Speech,
    Tool,
    ToolCall,
    Turn,
    Unheard,
    Words,
)
from fixloop_bot.application.copilot.turns import Turns
from tests.application.office import MIRA, Office
from tests.fake_clock import START

Part = str | ToolCall | Exception | Callable[[], Awaitable[None]]


def call(name: str, /, **arguments: Any) -> ToolCall:
    return ToolCall(id=f"call-{name}", name=name, arguments=arguments)


@dataclass
class Script:
    """A model that says its turns one after the other, the last one again and again. A callable happens in it."""

    turns: list[list[Part]] = field(default_factory=lambda: [["I do not know."]])
    available: bool = True
    model: str = "MiniMax-M2.5"
    heard: list[list[Mapping[str, Any]]] = field(default_factory=list)
    offered: list[tuple[str, ...]] = field(default_factory=list)
    closed: int = 0

    async def talk(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], *, deadline_s: float
    ) -> AsyncIterator[Heard]:
        assert deadline_s > 0
        parts = self.turns[min(len(self.heard), len(self.turns) - 1)]
        self.heard.append(list(messages))
        self.offered.append(tuple(tool.name for tool in tools))
        calls: list[ToolCall] = []
        try:
            for part in parts:
                if isinstance(part, Exception):
                    raise part
                if isinstance(part, ToolCall):
                    calls.append(replace(part, id=f"{part.id}-{len(self.heard)}"))
                elif isinstance(part, str):
                    for at in range(0, len(part), 7):
                        yield Words(part[at : at + 7])
                else:
                    await part()
            yield Turn(calls=tuple(calls), message={"role": "assistant", "content": "…"})
        finally:
            self.closed += 1

    def told(self) -> str:
        """Everything that the model was told in its last turn."""
        return "\n".join(str(message.get("content")) for message in self.heard[-1])


@dataclass
class Said:
    """One speech as people see it in the end."""

    place: Place
    id: str
    stand: Stand
    statuses: list[str] = field(default_factory=list)
    text: str = ""
    references: tuple[Reference, ...] = ()
    offers: tuple[Offer, ...] = ()
    failure: str = ""
    over: bool = False

    async def doing(self, status: str) -> None:
        assert not self.over
        self.statuses.append(status)

    async def say(self, text: str) -> None:
        assert not self.over
        self.text += text

    async def close(self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()) -> None:
        assert not self.over
        assert feedback_id == self.id
        self._reach()
        self.references, self.offers, self.over = tuple(references), tuple(offers), True

    async def fail(self, sentence: str) -> None:
        assert not self.over
        self._reach()
        self.failure, self.over = sentence, True

    def _reach(self) -> None:
        if self.stand.away:
            raise Unheard


@dataclass
class Stand:
    """Where answers appear; while it is ``away``, until that look, they end unheard."""

    said: list[Said] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    away: bool = False
    looks: int = 0
    back_at_look: int = 0

    def speech(self, place: Place, *, answer_id: str) -> Speech:
        self.said.append(Said(place=place, id=answer_id, stand=self))
        return self.said[-1]

    async def there(self) -> bool:
        self.looks += 1
        self.away = self.away and self.looks != self.back_at_look
        return not self.away

    async def suggest(self, place: Place, prompts: Sequence[str]) -> None:
        assert place.channel
        self.prompts = list(prompts)


@dataclass
class Deploys:
    """Change events, as Datadog tells them."""

    events: list[ChangeEvent] = field(
        default_factory=lambda: [
            ChangeEvent(id="e1", at=START - 420, title="deploy checkout 2.14.0", link="https://dd/e1")
        ]
    )

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        assert query == "service:checkout env:prod"
        return [event for event in self.events if start <= event.at <= end][:limit]


class Stage:
    """A copilot at work in an office."""

    def __init__(
        self,
        office: Office,
        redis: Redis,
        *,
        limits: Limits | None = None,
        secrets: Sequence[str] = (),
        search: Search | None = None,
    ) -> None:
        self.office, self.script, self.stand, self.deploys = office, Script(), Stand(), Deploys()
        self.talks = Talks(redis, clock=office.clock, retention_s=86_400)
        self.gathering = Gathering(
            office.store,
            office.datadog,
            office.shop,
            DatadogLinks("datadoghq.com"),
            view=office.threads.view,
            changes=self.deploys,
            permalink=lambda channel, ts: f"https://slack.example.com/archives/{channel}/p{ts.replace('.', '')}",
            secrets=lambda service: secrets,
            search=search,
        )
        self.limits = limits
        self.copilot = self.another_worker()
        self._ts = itertools.count(1)

    def another_worker(self, **changes: Any) -> Copilot:
        token = itertools.count(id(changes))
        turns = Turns(self.talks, clock=self.office.clock, token=lambda: f"t{next(token)}", **changes)
        return Copilot(
            self.office.store,
            self.talks,
            self.gathering,
            talker=self.script,
            podium=self.stand,
            turns=turns,
            clock=self.office.clock,
            limits=self.limits,
        )

    def question(self, text: str, *, user: str = MIRA, **changes: Any) -> Question:
        ts = f"{START + next(self._ts):.6f}"
        known = Question(
            id=f"C0CHECKOUT:{ts}",
            channel="C0CHECKOUT",
            thread_ts="1.0001",
            ts=ts,
            user=user,
            team="T1",
            text=text,
            incident="INC-1",
        )
        return replace(known, **changes)

    async def ask(self, text: str, *turns: list[Part], **changes: Any) -> Said:
        """A question, answered by a model that says ``turns``."""
        if turns:
            self.script.turns = list(turns)
            self.script.heard.clear()
        await self.deliver(self.question(text, **changes))
        return self.stand.said[-1]

    async def deliver(self, question: Question, *, by: Copilot | None = None) -> None:
        worker = by or self.copilot
        await asyncio.wait_for(worker.answer(question.job().args[0]), timeout=20)
