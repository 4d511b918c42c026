"""The model in conversation: one streamed turn at a time, with words as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from fixloop_bot.adapters.minimax.client import Call, MiniMaxClient, Question
from fixloop_bot.adapters.minimax.history import ids, mended
from fixloop_bot.adapters.minimax.refusals import (
    ModelUnavailable,
    broke_off,
    fell_silent,
    foreign,
    nothing_said,
    strange,
    timed_out,
    too_long,
)
from fixloop_bot.adapters.minimax.stream import EventReader
from fixloop_bot.adapters.minimax.turn import TurnReader
from fixloop_bot.adapters.minimax.wire import Wire
from fixloop_bot.application.copilot.speech import Heard, Tool, Turn, Words
from fixloop_bot.domain.errors import ModelSilent
from fixloop_bot.domain.redaction import Detector, mask

IDLE_S = 15.0
"""Seconds without a byte after which a stream counts as dead."""
TRAILING_S = 1.0
"""Seconds for what may come behind the end that the model named: the tokens it counted."""
DOUBT_S = 0.15
"""Seconds for which words wait that may turn out to be thinking, unless they sound like it: then to the end."""

CUT = ("length", "max_tokens", "model_length", "content_filter", "safety", "recitation", "sensitive")
FAILED = (
    "error",
    "abort",
    "aborted",
    "failed",
    "cancelled",
    "timeout",
    "network_error",
    "insufficient_system_resource",
)
"""Reasons for which an answer ends before its end, in the words of the servers; any other one is an end."""

Secrets = Callable[[], Iterable[str]]


def _none() -> Iterable[str]:
    return ()


class MiniMaxTalker:
    """Talks with the model. ``secrets`` are values that are masked in whatever is sent, asked for at each turn.

    ``detect`` finds others besides. Its rules are loaded by then: the evidence in the messages went through it.
    """

    def __init__(
        self,
        client: MiniMaxClient,
        model: str,
        secrets: Secrets = _none,
        *,
        idle_s: float = IDLE_S,
        detect: Detector | None = None,
    ) -> None:
        self._client = client
        self._model = model
        self._secrets = secrets
        self._idle_s = idle_s
        self._detect = detect

    @property
    def available(self) -> bool:
        return not self._client.down

    @property
    def model(self) -> str:
        return self._model

    async def talk(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], *, deadline_s: float
    ) -> AsyncGenerator[Heard, None]:
        """One turn: words as they come, and a Turn at the end. Closing the iterator closes the connection.

        Asked again, after a pause, only as long as no word was heard. Raises ModelSilent with one sentence; words
        may have come before. A stream that breaks off after its first word ends in a Turn that is ``cut_off``.
        """
        question = Question(
            model=self._model, messages=self._sent(messages), tools=offered(tools), deadline_s=deadline_s
        )
        try:
            with self._client.counted(question) as call:
                exchange = _Exchange(self._client, question, call, self._idle_s)
                async with aclosing(exchange.heard(tools)) as heard:
                    async for part in heard:
                        yield part
        except ModelUnavailable as failure:
            raise ModelSilent(str(failure)) from failure

    def _sent(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        known = tuple(self._secrets())
        return mended(messages, lambda text: mask(text, known, detect=self._detect))


class _Exchange:
    """One turn's requests, of which the last is heard to its end."""

    def __init__(self, client: MiniMaxClient, question: Question, call: Call, idle_s: float) -> None:
        self._client = client
        self._question = question
        self._call = call
        self._idle_s = idle_s
        self._begun = False
        self._now = asyncio.get_running_loop().time
        self._until = self._now() + question.deadline_s

    async def heard(self, tools: Sequence[Tool]) -> AsyncGenerator[Heard, None]:
        """Attempts until words were heard, a turn is complete, or another is of no use."""
        messages = self._question.messages
        while True:
            self._call.attempts += 1
            self._begun = False
            reader = TurnReader(tools, prefix=f"call_{len(messages)}", taken=ids(messages))
            try:
                async with aclosing(self._attempt(reader)) as parts:
                    async for part in parts:
                        yield part
            except ModelUnavailable as failure:
                heard_words = self._call.first_word_s is not None
                pause = None if heard_words else self._client.pause(self._question, self._call, failure)
                if pause is None:
                    raise
            else:
                return
            await self._client.rest(pause)

    async def _attempt(self, reader: TurnReader) -> AsyncGenerator[Heard, None]:
        events = EventReader()
        trouble: ModelUnavailable | None = None
        async with Wire(self._client, self._question) as wire:
            try:
                async with aclosing(self._words(wire, events, reader)) as parts:
                    async for text in parts:
                        yield self._said(text)
            except TimeoutError:
                trouble = self._too_late()
            except ModelUnavailable as failure:
                if not failure.mid_stream:
                    raise
                trouble = failure
            if events.done:
                await wire.drain()
        for part in self._ending(events, reader, trouble):
            yield part

    async def _words(self, wire: Wire, events: EventReader, reader: TurnReader) -> AsyncGenerator[str, None]:
        """What may be shown, until the stream ends, says that it does, or sends more than may be kept."""
        release_at: float | None = None
        trailing_until = self._until
        while not (events.done or reader.flooded):
            if reader.waiting:
                release_at = release_at or self._now() + DOUBT_S
                if self._now() >= release_at and (words := reader.release()):
                    yield words
                    continue
            if reader.finish_reason:
                trailing_until = min(trailing_until, self._now() + TRAILING_S)
            try:
                data = await self._read(wire, trailing_until, release_at if reader.waiting else None)
            except TimeoutError:
                if reader.finish_reason:
                    return
                raise
            if data is None:
                continue
            for event in events.feed(data) if data else events.finish():
                if words := reader.take(event):
                    yield words
            self._begun = reader.begun
            if not data:
                return

    async def _read(self, wire: Wire, until: float, release_at: float | None) -> bytes | None:
        """The next bytes, none at the end; None if words have waited long enough meanwhile."""
        if self._begun:  # before, a model that does not stream may be thinking
            until = min(until, self._now() + self._idle_s)
        if release_at is not None and self._now() < release_at < until:
            return await wire.peek(release_at)
        return await wire.read(until)

    def _ending(self, events: EventReader, reader: TurnReader, trouble: ModelUnavailable | None) -> Iterable[Heard]:
        """The last words and the turn; raises where nothing was said that could be cut off."""
        ended = events.done or bool(reader.finish_reason)
        if trouble is None and not reader.answered:
            trouble = _nothing(events, reader, ended=ended)
        if trouble is None and reader.flooded:
            trouble = too_long()
        if trouble is None and (events.damaged or not ended or reader.finish_reason.lower() in FAILED):
            trouble = broke_off()
        if trouble is not None and self._call.first_word_s is None:
            raise trouble
        words, turn = reader.finish(complete=trouble is None and reader.finish_reason.lower() not in CUT)
        if words:
            yield self._said(words)
        self._note(turn, trouble)
        yield turn

    def _said(self, text: str) -> Words:
        if self._call.first_word_s is None:
            self._call.first_word_s = self._client.elapsed(self._call)
        return Words(text)

    def _note(self, turn: Turn, trouble: ModelUnavailable | None) -> None:
        self._call.answered(
            cut_off=turn.cut_off, prompt_tokens=turn.prompt_tokens, completion_tokens=turn.completion_tokens
        )
        if trouble is not None:
            self._call.outcome, self._call.trouble = trouble.label, str(trouble)

    def _too_late(self) -> ModelUnavailable:
        late = self._now() >= self._until
        return timed_out(self._question.deadline_s) if late else fell_silent(self._idle_s)


def _nothing(events: EventReader, reader: TurnReader, *, ended: bool) -> ModelUnavailable:
    """Why no choice came at all."""
    if events.foreign:
        return foreign()
    if reader.strange:
        return strange()
    return nothing_said() if ended else broke_off()


def offered(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The tools in the API's words; each needs parameters, even empty ones."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": {"type": "object", "properties": {}, **tool.parameters},
            },
        }
        for tool in tools
    ]


class NullTalker:
    """Without MINIMAX_API_KEY the built-in brief answers."""

    available = False
    model = ""

    async def talk(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], *, deadline_s: float
    ) -> AsyncGenerator[Heard, None]:
        del messages, tools, deadline_s
        nothing: tuple[Heard, ...] = ()
        for heard in nothing:
            yield heard
        raise ModelSilent("MINIMAX_API_KEY is not set")
