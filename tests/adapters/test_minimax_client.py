"""The model client: an answer or one sentence, within the deadline, whatever the endpoint does."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest

from fixloop_bot.adapters.minimax.client import LONGEST_BODY, MiniMaxClient, Question
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable
from tests.adapters.minimax_endpoint import (
    KEY,
    Endpoint,
    SwiftClock,
    body,
    called,
    completion,
    endpoint,
    http_error,
    moved,
    refused,
    said,
    text,
)

ASK = [{"role": "user", "content": "the-confidential-question"}]


@pytest.fixture
async def served() -> AsyncIterator[Endpoint]:
    async with endpoint() as running:
        yield running


@pytest.fixture
def clock() -> SwiftClock:
    return SwiftClock()


@pytest.fixture
async def client(served: Endpoint, clock: SwiftClock) -> AsyncIterator[MiniMaxClient]:
    made = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=clock, jitter=lambda: 0.5)
    yield made
    await made.aclose()


def question(**changes: Any) -> Question:
    return Question(**{"model": "MiniMax-M2.5", "messages": ASK, "deadline_s": 5.0, **changes})


async def refusal(client: MiniMaxClient, **changes: Any) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        await client.ask(question(**changes))
    return caught.value


async def test_an_answer_comes_back_without_its_thinking(served: Endpoint, client: MiniMaxClient) -> None:
    """The recorded shape: thoughts inside the content are no part of the text, and tokens are counted."""
    served.script = [body(said("<think>\nThe user asks 7 times 8.\n</think>\n\n56"))]
    answer = await client.ask(question())
    assert (answer.text, answer.thought) == ("56", "The user asks 7 times 8.")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.model) == (55, 61, "MiniMax-M2.5")


async def test_what_is_sent(served: Endpoint, client: MiniMaxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thinking is split off, the key goes in its header, and OPENAI_* variables of the machine go nowhere."""
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    served.script = [body(said("ok"))]
    await client.ask(question(max_tokens=5000))
    sent, headers = served.asked[0], served.headers[0]
    assert sent["reasoning_split"] is True
    assert sent["max_tokens"] == 5000
    assert 0 < sent["temperature"] <= 1
    assert not {"tools", "tool_choice", "response_format", "stream"} & sent.keys()
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert "from-the-environment" not in json.dumps(headers)


async def test_a_native_tool_call_and_the_whole_message_are_kept(served: Endpoint, client: MiniMaxClient) -> None:
    """A conversation needs the assistant's message as it came, reasoning_details included."""
    document = called('{"steps": []}')
    document["choices"][0]["message"]["reasoning_details"] = [{"text": "I think."}]
    served.script = [body(document)]
    answer = await client.ask(question())
    assert [(call.name, call.arguments, call.id) for call in answer.tool_calls] == [
        ("submit_plan", '{"steps": []}', "call_1")
    ]
    assert answer.message == document["choices"][0]["message"]
    assert answer.text == ""


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (refused(1004), "refused our key"),
        (refused(2049), "refused our key"),
        (refused(1008), "no balance left"),
        (refused(2056), "quota is used up"),
        (refused(1026), "content filter refused the question"),
        (refused(1027), "content filter withheld its answer"),
        (refused(1039), "token limit"),
        (refused(2013, "invalid params, unknown model 'x' (2013)"), "check MINIMAX_MODEL"),
        (refused(2013, "invalid params, bad messages (2013)"), "did not accept our parameters"),
        (refused(4242), "the model refused (4242)"),
        ({"error": {"message": "nope (1008)"}}, "no balance left"),
        ({"choices": None, "input_sensitive": True}, "content filter refused the question"),
    ],
)
async def test_a_refusal_inside_http_200_is_an_error_with_a_sentence(
    served: Endpoint, client: MiniMaxClient, document: dict[str, Any], words: str
) -> None:
    """HTTP 200 with an error inside is raised at once, in words for a person, and not asked again."""
    served.script = [body(document)]
    failure = await refusal(client)
    assert words in str(failure)
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (401, "login fail: Please carry the API secret key (1004)", "refused our key"),
        (403, "forbidden", "refused our key"),
        (400, "invalid params, unknown model 'm' (2013)", "check MINIMAX_MODEL"),
        (400, "invalid params, binding: expr_path=messages (2013)", "did not accept our parameters"),
        (402, "pay", "no balance left"),
        (404, "no such page", "answered 404; check MINIMAX_BASE_URL"),
        (422, "what", "did not accept the question"),
        (429, "plan limit (2056)", "quota is used up"),
    ],
)
async def test_a_4xx_is_a_sentence_and_not_retried(
    served: Endpoint, client: MiniMaxClient, status: int, message: str, words: str
) -> None:
    """What will not pass a second time is asked once; the vendor's text stays out of the sentence."""
    served.script = [body(http_error(status, message), status)]
    failure = await refusal(client)
    assert words in str(failure)
    assert message not in str(failure)
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    "passing",
    [body({}, 500), body({}, 529), body({}, 429), body(refused(1002)), body(refused(1000)), body({"choices": []})],
)
async def test_what_passes_is_asked_again(
    served: Endpoint, client: MiniMaxClient, clock: SwiftClock, passing: Any
) -> None:
    """429, 5xx, busy base_resp and an empty answer are retried twice, each time after a longer pause."""
    served.script = [passing, passing, body(said("ok"))]
    assert (await client.ask(question())).text == "ok"
    assert clock.slept == [0.5, 1.0]


async def test_retries_are_capped(served: Endpoint, client: MiniMaxClient) -> None:
    """Three attempts, then the last failure's sentence."""
    served.script = [body({}, 503)]
    assert str(await refusal(client)) == "the model answered 503"
    assert len(served.asked) == 3


async def test_no_retry_that_the_deadline_would_cut(served: Endpoint, client: MiniMaxClient) -> None:
    """A pause that ends after the deadline is not begun: the real failure is told, at once."""
    served.script = [body({}, 500)]
    assert str(await refusal(client, deadline_s=0.4)) == "the model answered 500"
    assert len(served.asked) == 1


async def test_a_silent_model_is_given_up_at_the_deadline(served: Endpoint, client: MiniMaxClient) -> None:
    """The deadline holds, and the connection is closed."""
    served.script = [served.hang()]
    assert str(await refusal(client, deadline_s=0.3)) == "the model did not answer in 0.3 s"
    await asyncio.wait_for(served.dropped.wait(), 5)


async def test_a_trickle_is_given_up_at_the_deadline(served: Endpoint, client: MiniMaxClient) -> None:
    """Bytes that keep coming do not extend the deadline."""
    served.script = [served.endless(b" ")]
    assert "did not answer in 0.3 s" in str(await refusal(client, deadline_s=0.3))
    await asyncio.wait_for(served.dropped.wait(), 5)


async def test_a_flood_is_cut_off_long_before_the_deadline(served: Endpoint, client: MiniMaxClient) -> None:
    """A body that never ends is cut at its cap and is not asked for again."""
    served.script = [served.endless(b" " * (LONGEST_BODY // 4))]
    assert str(await refusal(client, deadline_s=30.0)) == "the model's answer did not end"
    assert len(served.asked) == 1


async def test_an_endpoint_that_is_not_there(clock: SwiftClock) -> None:
    """No connection is one sentence, after retries."""
    client = MiniMaxClient(base_url="http://127.0.0.1:9/v1", api_key=KEY, clock=clock)
    assert str(await refusal(client)) == "the model could not be reached"
    assert len(clock.slept) == 2
    await client.aclose()


@pytest.mark.parametrize("page", ["<html>Welcome</html>", "", "[1]", '"text"', "[" * 5000, '{"choices": ['])
async def test_an_answer_that_is_no_json_object(served: Endpoint, client: MiniMaxClient, page: str) -> None:
    """A login page or a cut body is named as such; nothing else comes out."""
    served.script = [text(page)]
    assert "did not answer in JSON" in str(await refusal(client))


async def test_a_redirect_is_not_followed(served: Endpoint, client: MiniMaxClient) -> None:
    """A question never travels to another address."""
    served.script = [moved(served.base_url + "/chat/completions"), body(said("followed"))]
    assert "a redirect; check MINIMAX_BASE_URL" in str(await refusal(client))
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    "choices",
    [[{}], [None], [{"message": None}], [{"message": {"content": None}}], [{"message": "x"}], "x", {"a": 1}],
)
async def test_odd_choices_are_an_empty_answer(served: Endpoint, client: MiniMaxClient, choices: Any) -> None:
    """A shape that nobody has seen yet is an empty answer, never a crash."""
    served.script = [body({**said(""), "choices": choices, "usage": None})]
    answer = await client.ask(question())
    assert (answer.text, answer.tool_calls, answer.prompt_tokens) == ("", (), None)


async def test_an_answer_cut_at_its_token_limit_says_so(served: Endpoint, client: MiniMaxClient) -> None:
    """finish_reason length is kept, so that the planner can say what went wrong."""
    served.script = [body(said("<think>I was still", finish_reason="length"))]
    answer = await client.ask(question())
    assert answer.cut_off
    assert answer.text == ""


async def test_after_three_failures_nobody_waits_for_a_minute(
    served: Endpoint, client: MiniMaxClient, clock: SwiftClock
) -> None:
    """The breaker opens after three failed calls, refuses at once for 60 s, then lets exactly one call try."""
    served.script = [body(http_error(401, "(1004)"), 401)]
    for _ in range(3):
        await refusal(client)
    failure = await refusal(client)
    assert "not asked for another 60 s" in str(failure)
    assert "refused our key" in str(failure)
    assert len(served.asked) == 3
    clock.skipped += 61
    served.script = [served.hang()]
    trial = asyncio.create_task(refusal(client, deadline_s=0.3), name="trial")
    for _ in range(4):
        await served.arrived.acquire()
    assert "not asked for another" in str(await refusal(client))
    assert "did not answer" in str(await trial)
    assert len(served.asked) == 4
    clock.skipped += 61
    served.script = [body(said("back"))]
    assert (await client.ask(question())).text == "back"
    assert not client.down


async def test_a_refused_question_says_nothing_about_the_models_health(served: Endpoint, client: MiniMaxClient) -> None:
    """The content filter does not open the breaker."""
    served.script = [body(refused(1026))]
    for _ in range(4):
        assert "content filter" in str(await refusal(client))
    assert len(served.asked) == 4


async def test_cancelling_closes_the_connection(served: Endpoint, client: MiniMaxClient, clock: SwiftClock) -> None:
    """A caller who goes early leaves nothing behind; three who waited in vain open the breaker."""
    served.script = [served.hang()]
    down: list[bool] = []
    for patience in (0.0, 11.0, 11.0, 11.0):
        served.dropped.clear()
        asking = asyncio.create_task(client.ask(question(deadline_s=60.0)), name="ask")
        await served.arrived.acquire()
        clock.skipped += patience
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(served.dropped.wait(), 5)
        down.append(client.down)
    assert down == [False, False, False, True]


async def test_a_trial_that_was_cancelled_decides_nothing(
    served: Endpoint, client: MiniMaxClient, clock: SwiftClock
) -> None:
    """If the one call that may try is cancelled early, the next may try at once."""
    served.script = [*[body(refused(1008))] * 3, served.hang(), body(said("back"))]
    for _ in range(3):
        await refusal(client)
        await served.arrived.acquire()
    clock.skipped += 61
    trial = asyncio.create_task(client.ask(question()), name="trial")
    await served.arrived.acquire()
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert (await client.ask(question())).text == "back"


async def test_a_line_per_call_without_content_and_key(
    served: Endpoint, client: MiniMaxClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Model, outcome, tokens and seconds are logged; the question, the answer and the key never, not even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    served.script = [body(said("the-confidential-answer")), body(refused(1004, f"bad key {KEY}"))]
    await client.ask(question())
    await refusal(client)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("fixloop_bot")]
    assert lines[0].startswith(
        "model call: model=MiniMax-M2.5 outcome=ok attempts=1 tokens_in=55 tokens_out=61 seconds="
    )
    assert "outcome=1004" in lines[1]
    assert "confidential" not in caplog.text
    assert KEY not in caplog.text


async def test_twenty_at_once_share_one_connection_pool(served: Endpoint, client: MiniMaxClient) -> None:
    """Concurrent questions open one SDK client, and each gets its answer."""
    served.script = [body(completion({"content": "ok"}))]
    answers = await asyncio.gather(*(client.ask(question()) for _ in range(20)))
    assert [answer.text for answer in answers] == ["ok"] * 20


def test_the_sdk_is_not_loaded_before_it_is_needed() -> None:
    """Importing the planner and building a client costs neither the SDK's time nor its memory."""
    code = (
        "import sys; from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner;"
        "from fixloop_bot.adapters.minimax.client import MiniMaxClient;"
        "MiniMaxClient(base_url='http://127.0.0.1:9', api_key='k', clock=None);"
        "assert not {'openai', 'httpx2', 'json_repair'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
