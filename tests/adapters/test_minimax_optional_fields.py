"""A server that refuses a field which we can do without is asked without it, and only that one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest
from aiohttp import web

from fixloop_bot.adapters.minimax.client import MiniMaxClient, Question
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot.speech import Words
from tests.adapters.minimax_endpoint import (
    KEY,
    Endpoint,
    Reply,
    SwiftClock,
    body,
    end,
    endpoint,
    http_error,
    said,
    streamed,
    text,
    words,
)

QUESTION = Question(model="m", messages=({"role": "user", "content": "why?"},), deadline_s=5.0)
OPTIONAL = {"reasoning_split", "stream_options"}
ECHO = {"model": "m", "stream": True, "reasoning_split": True, "stream_options": {"include_usage": True}}
FORBIDDEN = "Extra inputs are not permitted"


@pytest.fixture
async def served() -> AsyncIterator[Endpoint]:
    async with endpoint() as running:
        yield running


@pytest.fixture
async def client(served: Endpoint) -> AsyncIterator[MiniMaxClient]:
    made = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock(), jitter=lambda: 0.5)
    yield made
    await made.aclose()


async def spoken(client: MiniMaxClient) -> str:
    heard = MiniMaxTalker(client, "m", idle_s=0.3).talk(QUESTION.messages, (), deadline_s=5.0)
    return "".join([part.text async for part in heard if isinstance(part, Words)])


def sent(served: Endpoint) -> list[set[str]]:
    """Of each question the optional fields."""
    return [OPTIONAL & asked.keys() for asked in served.asked]


def strict(*refused: str, answer: Reply) -> Reply:
    """Refuses the first of these fields that is sent, as pydantic would."""

    async def reply(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        found = next((name for name in refused if name in asked), None)
        detail = [{"type": "extra_forbidden", "loc": ["body", found], "msg": FORBIDDEN, "input": asked.get(found)}]
        return await (body({"detail": detail}, 422) if found else answer)(request)

    return reply


@pytest.mark.parametrize(
    "refusal",
    [
        body(http_error(400, "Unknown parameter: 'reasoning_split'."), 400),
        body({"error": {"message": "Unrecognized request argument supplied: reasoning_split", "code": None}}, 400),
        body({"error": {"message": "bad request", "param": "reasoning_split"}}, 400),
        body({"detail": [{"loc": ["body", "reasoning_split"], "msg": FORBIDDEN, "input": True}]}, 422),
        body([{"error": {"code": 400, "message": 'Unknown name "reasoning_split": Cannot find field.'}}], 400),
        text('json: unknown field "reasoning_split"', 400, "text/plain"),
    ],
    ids=["openai", "old openai", "param", "pydantic", "google", "go"],
)
async def test_a_refused_field_is_left_out_and_stays_out(
    served: Endpoint, client: MiniMaxClient, refusal: Reply
) -> None:
    """The first question is answered all the same, and later ones are sent without it at once."""
    served.script = [refusal, body(said("The cause."))]
    assert [(await client.ask(QUESTION)).text for _ in range(2)] == ["The cause."] * 2
    assert sent(served) == [{"reasoning_split"}, set(), set()]


async def test_a_conversation_goes_on_without_both(served: Endpoint, client: MiniMaxClient) -> None:
    """A server that names one field at a time is asked until it has named them all; a plan knows of it, too."""
    served.script = [strict("stream_options", "reasoning_split", answer=streamed(*words("The cause."), *end()))]
    assert await spoken(client) == "The cause."
    assert await spoken(client) == "The cause."
    served.script = [body(said("A plan."))]
    await client.ask(QUESTION)
    assert sent(served) == [OPTIONAL, {"reasoning_split"}, set(), set(), set()]


async def test_two_questions_at_once_are_both_answered(served: Endpoint, client: MiniMaxClient) -> None:
    """The one that is refused later had sent the field as well."""
    served.script = [strict("reasoning_split", answer=body(said("The cause.")))]
    answers = await asyncio.gather(*(client.ask(QUESTION) for _ in range(3)))
    assert [answer.text for answer in answers] == ["The cause."] * 3


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"detail": [{"loc": ["body", "messages"], "msg": "Field required", "input": ECHO}]}, 422),
        ({"error": {"message": f"messages: Field required, input: {ECHO}"}}, 400),
        ({"error": {"message": f"messages is required in {json.dumps(ECHO)}"}}, 400),
        ({"error": {"message": "Unknown parameter: 'temperature'."}}, 400),
        ({"error": {"message": "Unknown parameter: 'my_reasoning_split'."}}, 400),
        ({"error": {"message": "reasoning_split failed"}}, 403),
    ],
    ids=["echo", "echo in words", "echo in a string", "another", "another that looks like it", "another status"],
)
async def test_what_does_not_name_it_is_a_refusal_as_before(
    served: Endpoint, client: MiniMaxClient, document: dict[str, Any], status: int
) -> None:
    """Who only repeats what was sent has not refused it."""
    served.script = [body(document, status)]
    with pytest.raises(ModelUnavailable):
        await client.ask(QUESTION)
    assert sent(served) == [{"reasoning_split"}]


async def test_a_server_that_goes_on_naming_it_is_asked_once_more(served: Endpoint, client: MiniMaxClient) -> None:
    """What is not sent cannot be left out."""
    served.script = [body({"error": {"message": "Unknown parameter: 'reasoning_split'."}}, 400)]
    with pytest.raises(ModelUnavailable):
        await client.ask(QUESTION)
    assert sent(served) == [{"reasoning_split"}, set()]
