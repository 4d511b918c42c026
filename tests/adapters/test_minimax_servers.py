"""Servers that speak the API in their own way, as public reports have it: the words, or one honest sentence."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest

from fixloop_bot.adapters.minimax.client import MiniMaxClient, Question
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot.speech import Turn, Words
from fixloop_bot.domain.errors import ModelSilent
from tests.adapters.minimax_endpoint import (
    DONE,
    KEY,
    Endpoint,
    SwiftClock,
    body,
    end,
    endpoint,
    event,
    piece,
    said,
    streamed,
    text,
    thoughts,
    words,
)

ASK = [{"role": "user", "content": "why?"}]
HM = "I should not say that."
STOP = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})


@pytest.fixture
async def served() -> AsyncIterator[Endpoint]:
    async with endpoint() as running:
        yield running


@pytest.fixture
async def client(served: Endpoint) -> AsyncIterator[MiniMaxClient]:
    made = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock(), jitter=lambda: 0.5)
    yield made
    await made.aclose()


async def turn(client: MiniMaxClient) -> tuple[str, Turn]:
    heard = [part async for part in MiniMaxTalker(client, "m", idle_s=0.3).talk(ASK, (), deadline_s=5.0)]
    assert isinstance(heard[-1], Turn)
    return "".join(part.text for part in heard if isinstance(part, Words)), heard[-1]


def choice(**more: Any) -> bytes:
    return event({"choices": [{"index": 0, **more}]})


def beside(delta: str, so_far: str, reason: str | None = None) -> bytes:
    return choice(delta={"content": delta}, message={"role": "assistant", "content": so_far}, finish_reason=reason)


@pytest.mark.parametrize(
    "reply",
    [
        streamed(piece({"content": [{"type": "thinking", "text": HM}, {"type": "text", "text": "The cause."}]}), STOP),
        streamed(
            piece({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": HM}]}]}),
            *words("The cause."),
            *end(),
        ),
        streamed(piece({"content": [{"type": "reasoning", "summary": [{"text": HM}]}, "The cause."]}), *end()),
        streamed(piece({"content": {"type": "text", "text": "The cause."}}), *end()),
        streamed(choice(text="The "), choice(text="cause."), STOP),
        streamed(choice(delta="The "), choice(delta="cause."), STOP),
        streamed(beside("The ", "The "), beside("cau", "The cau"), beside("se.", "The cause.", "stop")),
        streamed(event({"choices": [{"index": 1, "delta": {"content": "The cause."}, "finish_reason": "stop"}]}), DONE),
        streamed(*words("The cause."), b"data: [done]\n\n"),
        streamed(*words("The cause."), b"[DONE]\n\n"),
        streamed(*words("The cause."), b'data: "[DONE]"\n\n'),
        streamed(*(b"data: " + each for each in (*words("The cause."), *end()))),
        streamed(b'data: {"choices":[{"index":0,"delta":{"content":"The\tcause."}}]}\n\n', *end()),
        body({"choices": [{"index": 0, "text": "The cause.", "finish_reason": "stop"}]}),
    ],
    ids=[
        "thinking part", "thinking parts in a part", "reasoning summary", "one part", "completions", "bare delta",
        "recap beside each piece", "index one", "done in small letters", "done without data", "done in quotes",
        "wrapped twice", "tab in a string", "completion",
    ],
)  # fmt: skip
async def test_an_answer_in_an_odd_shape_is_heard(served: Endpoint, client: MiniMaxClient, reply: Any) -> None:
    """The words come once and whole, and thinking in a part of its own is not among them."""
    served.script = [reply]
    spoken, last = await turn(client)
    assert (" ".join(spoken.split()), last.cut_off) == ("The cause.", False)


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource", "max_tokens", "MAX_TOKENS"])
async def test_an_answer_that_ended_before_its_end_is_cut_off(
    served: Endpoint, client: MiniMaxClient, reason: str
) -> None:
    """A reason that is no end in the words of a server: what was said stays, and is known to be cut."""
    served.script = [streamed(*thoughts("Hm."), *words("The cause"), piece({"content": ""}, reason), DONE)]
    spoken, last = await turn(client)
    assert (spoken, last.cut_off) == ("The cause", True)


@pytest.mark.parametrize(
    ("reply", "sentence", "asked"),
    [
        (streamed(b'error: {"code":400,"message":"the request exceeds the context size"}\n\n'), "token limit", 1),
        (streamed(b"event: error\ndata: upstream connect error\n\n"), "internal error", 3),
        (streamed(event({"error": {"message": "queue", "code": 503}}), DONE), "answered 503", 3),
        (streamed(choice(delta={}, finish_reason="error", error={"code": 429, "message": "x"})), "rate-limited", 3),
        (streamed(event({"detail": "Not authenticated"})), "refused our key", 1),
        (streamed(event({"object": "error", "message": "The model `m` does not exist.", "code": 404})), "MODEL", 1),
        (streamed(event({"type": "message_start", "message": {"content": []}})), "another API's form", 1),
        (streamed(event({"candidates": [{"content": {"parts": [{"text": "x"}]}}]})), "another API's form", 1),
        (streamed(b'{"message": {"content": "x"}, "done": false}\n' * 2), "another API's form", 1),
        (streamed(*[b": ping\n\n"] * 9), "broke off", 3),
        (body({"error": {"message": "x", "code": "invalid_api_key"}}), "refused our key", 1),
        (
            body({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, 429),
            "quota is used",
            1,
        ),
        (body({"error": {"message": "Insufficient Balance", "type": "unknown_error"}}), "no balance left", 1),
        (body({"error": {"message": "This model's maximum context length is 8192 tokens."}}, 400), "token limit", 1),
        (body({"success": False, "error": {"code": "INTERNAL", "status": 500}}), "answered 500", 3),
        (body({"code": 401, "message": "token expired"}), "refused our key", 1),
        (body({"detail": "Something"}), "internal error", 3),
        (body({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, 503), "overloaded", 3),
    ],
)
async def test_an_error_in_any_envelope_is_a_sentence(
    served: Endpoint, client: MiniMaxClient, reply: Any, sentence: str, asked: int
) -> None:
    """What a server says inside of HTTP 200, or in its own words, is told plainly, and asked again if it may pass."""
    served.script = [reply]
    with pytest.raises(ModelSilent, match=sentence):
        await turn(client)
    assert len(served.asked) == asked


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"detail": "Not authenticated"}, "refused our key"),
        ({"code": 402, "msg": "x"}, "no balance left"),
        ({"candidates": []}, "another API's form"),
        ({"choices": [{"error": {"code": 401}, "finish_reason": "error"}]}, "refused our key"),
        ({"error": "Insufficient credits"}, "no balance left"),
    ],
)
async def test_the_planner_is_told_the_same(
    served: Endpoint, client: MiniMaxClient, document: dict[str, Any], sentence: str
) -> None:
    """A question that is not streamed meets the same errors inside of HTTP 200."""
    served.script = [body(document)]
    with pytest.raises(ModelUnavailable, match=sentence):
        await client.ask(Question(model="m", messages=ASK, deadline_s=5.0))


async def test_an_answer_in_parts_is_read_without_its_thinking(served: Endpoint, client: MiniMaxClient) -> None:
    """Not streamed: parts, a bare text, and thinking beside them."""
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": HM}]}, {"type": "text", "text": "The cause."}]
    served.script = [body(said(json.dumps("x")) | {"choices": [{"message": {"content": parts}}]})]
    answer = await client.ask(Question(model="m", messages=ASK, deadline_s=5.0))
    assert (answer.text, answer.thought) == ("The cause.", HM)


async def test_a_page_that_is_no_stream_is_told_from_one_that_says_nothing(
    served: Endpoint, client: MiniMaxClient
) -> None:
    """HTML under a stream's content type is a wrong address, and not a model that broke off."""
    served.script = [text("<html>Sign in</html>", content_type="text/event-stream")]
    with pytest.raises(ModelSilent, match="did not answer in JSON"):
        await turn(client)
