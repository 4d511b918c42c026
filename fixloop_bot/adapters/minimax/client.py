"""The one client of the model, for the planner and the copilot: a question in, an answer or one sentence out.

The ``openai`` SDK takes most of a second and 50 MiB to load, so it is loaded at the first question, in a
thread. Its own retries are off: the deadline, the retries within it, the circuit breaker and the refusals
that come as HTTP 200 are decided here. The body is read as it came and not through the SDK's models, which
take any shape without a word.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from fixloop_bot.adapters.minimax.breaker import Breaker
from fixloop_bot.adapters.minimax.connection import STREAM, open_sdk, timeouts
from fixloop_bot.adapters.minimax.optional_fields import REASONING_SPLIT, STREAM_OPTIONS, OptionalFields
from fixloop_bot.adapters.minimax.refusals import (
    ModelUnavailable,
    foreign,
    from_body,
    from_exception,
    timed_out,
)
from fixloop_bot.adapters.minimax.spoken import Answer, read_answer
from fixloop_bot.application.ports import Clock

if TYPE_CHECKING:
    from openai import AsyncAPIResponse, AsyncOpenAI

T = TypeVar("T")
LOG = logging.getLogger(__name__)
RETRIES = 2
BACKOFF_S = 0.5
PATIENCE_S = 10.0
"""Seconds. Who gives up later than this has met a silent model; who gives up earlier has changed their mind."""
LONGEST_BODY = 2_000_000
"""Bytes of one answer."""
LONGEST_STREAM = 16_000_000
"""Bytes of a streamed one, in which every few letters come with 400 bytes around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call. ``deadline_s`` covers everything, retries included. Thinking counts into ``max_tokens``."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    deadline_s: float = 30.0
    max_tokens: int = 8192
    temperature: float = 0.3

    def parameters(self) -> dict[str, Any]:
        """Keyword arguments of the SDK's ``create``; ``tool_choice`` and ``response_format`` would be ignored."""
        offered: dict[str, Any] = {"tools": list(self.tools)} if self.tools else {}
        return {
            "model": self.model,
            "messages": list(self.messages),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            **offered,
        }

    def tool_names(self) -> frozenset[str]:
        return frozenset(str(tool["function"]["name"]) for tool in self.tools)


@dataclass(slots=True, kw_only=True)
class Call:
    """What is logged of a call, never its content, and what the breaker learns from it.

    ``first_word_s``: seconds until a person could have read something. ``trouble``: it ended well enough to be
    used, and yet as a healthy model's does not.
    """

    model: str
    started: float
    outcome: str = "cancelled"
    attempts: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_word_s: float | None = None
    trouble: str = ""

    def answered(self, *, cut_off: bool, prompt_tokens: int | None, completion_tokens: int | None) -> None:
        self.outcome = "cut off" if cut_off else "ok"
        self.prompt_tokens, self.completion_tokens = prompt_tokens, completion_tokens


class MiniMaxClient:
    """Asks an OpenAI-compatible endpoint. Raises ModelUnavailable with one sentence; close it with ``aclose``."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        breaker: Breaker | None = None,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._clock = clock
        self._jitter = jitter
        self._breaker = breaker or Breaker(clock)
        self._optional = OptionalFields()
        self._opening = asyncio.Lock()
        self._sdk: AsyncOpenAI | None = None

    @property
    def down(self) -> bool:
        """Whether a question would be refused at once."""
        return self._breaker.down

    async def ask(self, question: Question) -> Answer:
        """One answer within ``deadline_s``, after at most two retries. Cancelling it closes the connection."""
        with self.counted(question) as call:
            async with asyncio.timeout(question.deadline_s):
                answer = await self._persist(question, call)
            call.answered(
                cut_off=answer.cut_off,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
            )
            return answer

    @asynccontextmanager
    async def streamed(self, question: Question) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of one streamed answer, as they come; leaving closes the connection. No deadline, no retry."""
        sdk = await self._open()

        async def send(**fields: Any) -> AsyncAPIResponse[Any]:
            request = sdk.chat.completions.with_streaming_response.create
            response: AsyncAPIResponse[Any]
            response = await request(**fields, stream=True, extra_headers={"Accept": STREAM}).__aenter__()
            return response

        response = await self._sent(send, question, {**REASONING_SPLIT, **STREAM_OPTIONS})
        try:
            yield response.http_response.aiter_bytes()
        finally:
            await response.close()

    async def aclose(self) -> None:
        async with self._opening:
            if self._sdk is not None:
                await self._sdk.close()
                self._sdk = None

    @contextmanager
    def counted(self, question: Question) -> Iterator[Call]:
        """A call that is counted by the breaker and logged; whatever is asked, it is asked in here."""
        self._breaker.admit()
        call = Call(model=question.model, started=self._clock.now())
        try:
            yield call
            if call.trouble:
                self._breaker.failed(call.trouble)
            else:
                self._breaker.succeeded()
        except TimeoutError:
            self._fail(call, failure := timed_out(question.deadline_s))
            raise failure from None
        except ModelUnavailable as failure:
            self._fail(call, failure)
            raise
        except BaseException:
            self._abandon(call)
            raise
        finally:
            self._log(call)

    def pause(self, question: Question, call: Call, failure: ModelUnavailable) -> float | None:
        """Seconds until the next attempt, or None where the failure is final or the deadline too near."""
        if not failure.retry or call.attempts > RETRIES:
            return None
        pause = BACKOFF_S * 2 ** (call.attempts - 1) * (0.5 + self._jitter())
        return pause if self.elapsed(call) + pause < question.deadline_s else None

    def elapsed(self, call: Call) -> float:
        """Seconds since the call began."""
        return self._clock.now() - call.started

    async def _persist(self, question: Question, call: Call) -> Answer:
        """Attempts until one succeeds, cannot succeed, or was the last; the deadline is the caller's."""
        while True:
            call.attempts += 1
            try:
                return await self._attempt(question)
            except ModelUnavailable as failure:
                pause = self.pause(question, call, failure)
                if pause is None:
                    raise
            await self.rest(pause)

    async def rest(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def _attempt(self, question: Question) -> Answer:
        sdk = await self._open()
        raw = await self._sent(sdk.chat.completions.with_raw_response.create, question, REASONING_SPLIT)
        body = _document(raw.http_response.content)
        refusal = from_body(body)
        if refusal is not None:
            raise refusal
        return read_answer(body, question.tool_names())

    async def _sent(self, send: Callable[..., Awaitable[T]], question: Question, optional: Mapping[str, Any]) -> T:
        """What comes of a question; asked once more without an optional field that is refused by its name."""
        timeout = timeouts(question.deadline_s)
        while True:
            fields = self._optional.taken(optional)
            try:
                return await send(**question.parameters(), extra_body=fields, timeout=timeout)
            except Exception as error:  # noqa: BLE001 - the SDK raises its own, httpx2's and plain errors
                if not self._optional.learns(error, fields):  # of which there are ever fewer
                    raise from_exception(error) from None

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(
                    open_sdk, self._base_url, self._api_key, longest_body=LONGEST_BODY, longest_stream=LONGEST_STREAM
                )
            return self._sdk

    def _fail(self, call: Call, failure: ModelUnavailable) -> None:
        call.outcome = failure.label
        if failure.outage:
            self._breaker.failed(str(failure))
        else:
            self._breaker.succeeded()

    def _abandon(self, call: Call) -> None:
        waited = self.elapsed(call)
        if call.first_word_s is not None:
            self._breaker.succeeded()
        elif waited >= PATIENCE_S:
            self._breaker.failed(f"no answer in {waited:.0f} s")
        else:
            self._breaker.undecided()

    def _log(self, call: Call) -> None:
        LOG.info(
            "model call: model=%s outcome=%s attempts=%d tokens_in=%s tokens_out=%s seconds=%.2f%s",
            call.model,
            call.outcome.replace(" ", "-"),
            call.attempts,
            "?" if call.prompt_tokens is None else call.prompt_tokens,
            "?" if call.completion_tokens is None else call.completion_tokens,
            self.elapsed(call),
            "" if call.first_word_s is None else f" first_word={call.first_word_s:.2f}",
        )


def _document(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise foreign()
    return body
