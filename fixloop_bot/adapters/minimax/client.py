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
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fixloop_bot.adapters.minimax.breaker import Breaker
from fixloop_bot.adapters.minimax.refusals import (
    AnswerTooLong,
    ModelUnavailable,
    from_body,
    from_exception,
    timed_out,
)
from fixloop_bot.adapters.minimax.spoken import Answer, read_answer
from fixloop_bot.application.ports import Clock

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

LOG = logging.getLogger(__name__)
RETRIES = 2
BACKOFF_S = 0.5
CONNECT_S = 5.0
PATIENCE_S = 10.0
"""Seconds. Who gives up later than this has met a silent model; who gives up earlier has changed their mind."""
LONGEST_BODY = 2_000_000
"""Bytes of one answer."""


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
            "extra_body": {"reasoning_split": True},
            **offered,
        }

    def tool_names(self) -> frozenset[str]:
        return frozenset(str(tool["function"]["name"]) for tool in self.tools)


@dataclass(slots=True, kw_only=True)
class _Call:
    """What is logged of a call: never its content."""

    model: str
    started: float
    outcome: str = "cancelled"
    attempts: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def answered(self, answer: Answer) -> None:
        self.outcome = "cut off" if answer.cut_off else "ok"
        self.prompt_tokens, self.completion_tokens = answer.prompt_tokens, answer.completion_tokens


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
        self._opening = asyncio.Lock()
        self._sdk: AsyncOpenAI | None = None

    @property
    def down(self) -> bool:
        """Whether a question would be refused at once."""
        return self._breaker.down

    async def ask(self, question: Question) -> Answer:
        """One answer within ``deadline_s``, after at most two retries. Cancelling it closes the connection."""
        async with self._call(question) as call:
            answer = await self._persist(question, call)
            call.answered(answer)
            return answer

    async def aclose(self) -> None:
        async with self._opening:
            if self._sdk is not None:
                await self._sdk.close()
                self._sdk = None

    @asynccontextmanager
    async def _call(self, question: Question) -> AsyncIterator[_Call]:
        """A call under its deadline, counted by the breaker and logged; whatever is asked, it is asked in here."""
        self._breaker.admit()
        call = _Call(model=question.model, started=self._clock.now())
        try:
            async with asyncio.timeout(question.deadline_s):
                yield call
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

    async def _persist(self, question: Question, call: _Call) -> Answer:
        """Attempts until one succeeds, cannot succeed, or was the last; the deadline is the caller's."""
        while True:
            call.attempts += 1
            try:
                return await self._attempt(question)
            except ModelUnavailable as failure:
                if not failure.retry or call.attempts > RETRIES:
                    raise
                pause = BACKOFF_S * 2 ** (call.attempts - 1) * (0.5 + self._jitter())
                if self._clock.now() - call.started + pause >= question.deadline_s:
                    raise
            await self._clock.sleep(pause)

    async def _attempt(self, question: Question) -> Answer:
        sdk = await self._open()
        timeout = _timeout(question.deadline_s)
        try:
            raw = await sdk.chat.completions.with_raw_response.create(**question.parameters(), timeout=timeout)
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, httpx2's and plain errors
            raise from_exception(error) from None
        body = _document(raw.http_response.content)
        refusal = from_body(body)
        if refusal is not None:
            raise refusal
        return read_answer(body, question.tool_names())

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(_sdk, self._base_url, self._api_key)
            return self._sdk

    def _fail(self, call: _Call, failure: ModelUnavailable) -> None:
        call.outcome = failure.label
        if failure.outage:
            self._breaker.failed(str(failure))
        else:
            self._breaker.succeeded()

    def _abandon(self, call: _Call) -> None:
        waited = self._clock.now() - call.started
        if waited >= PATIENCE_S:
            self._breaker.failed(f"no answer in {waited:.0f} s")
        else:
            self._breaker.undecided()

    def _log(self, call: _Call) -> None:
        LOG.info(
            "model call: model=%s outcome=%s attempts=%d tokens_in=%s tokens_out=%s seconds=%.2f",
            call.model,
            call.outcome.replace(" ", "-"),
            call.attempts,
            "?" if call.prompt_tokens is None else call.prompt_tokens,
            "?" if call.completion_tokens is None else call.completion_tokens,
            self._clock.now() - call.started,
        )


def _sdk(base_url: str, api_key: str) -> AsyncOpenAI:
    """The SDK's client, with everything it would take from the environment or log by itself switched off."""
    import httpx2
    import openai

    for name in ("openai", "httpx2", "httpcore2"):  # what they write at DEBUG differs with every version
        logging.getLogger(name).setLevel(logging.WARNING)
    http_client = openai.DefaultAsyncHttpxClient(
        timeout=httpx2.Timeout(60.0, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=not _loopback(base_url),
        event_hooks={"response": [_cap_body]},
    )
    sdk = openai.AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        http_client=http_client,
        default_headers={"Accept-Encoding": "identity"},
    )
    sdk.organization, sdk.project = None, None  # OPENAI_* of the machine are not MiniMax's business
    return sdk


def _timeout(deadline_s: float) -> Any:
    import openai

    return openai.Timeout(deadline_s, connect=min(CONNECT_S, deadline_s))


def _loopback(base_url: str) -> bool:
    """A model on this machine is never asked through a proxy."""
    return urlsplit(base_url).hostname in ("127.0.0.1", "::1", "localhost")


def _document(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ModelUnavailable("the model's address did not answer in JSON; check MINIMAX_BASE_URL", label="not json")
    return body


async def _cap_body(response: httpx2.Response) -> None:
    """Wrap the answer's stream, so that a body that never ends does not fill the memory until the deadline."""
    import httpx2

    inner = response.stream

    class Capped(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for chunk in inner:  # type: ignore[union-attr]
                seen += len(chunk)
                if seen > LONGEST_BODY:
                    raise AnswerTooLong
                yield chunk

        async def aclose(self) -> None:
            await inner.aclose()  # type: ignore[union-attr]

    response.stream = Capped()
