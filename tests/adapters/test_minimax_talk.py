"""The model in conversation: words as they come, a turn at the end, one sentence where there is none."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest

from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot.speech import Talker, Tool, Turn, Words
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
    http_error,
    piece,
    refused,
    said,
    streamed,
    text,
    thoughts,
    words,
)

ASK = [{"role": "user", "content": "the-confidential-question"}]
METRIC = Tool(
    name="query_metric",
    description="A metric.",
    parameters={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
RUNBOOK = Tool(name="read_runbook", description="The runbook.")
TOOLS = (METRIC, RUNBOOK)


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


@pytest.fixture
def talker(client: MiniMaxClient) -> MiniMaxTalker:
    return MiniMaxTalker(client, "MiniMax-M2.5", lambda: ["hunter2-secret"], idle_s=0.3)


async def turn(
    talker: Talker, messages: Sequence[dict[str, Any]] = ASK, *, tools: Sequence[Tool] = TOOLS, deadline_s: float = 5.0
) -> tuple[str, Turn]:
    """All the words of one turn, and its end, which comes last and once."""
    heard = [part async for part in talker.talk(messages, tools, deadline_s=deadline_s)]
    assert [isinstance(part, Turn) for part in heard] == [False] * (len(heard) - 1) + [True]
    assert isinstance(heard[-1], Turn)
    return "".join(part.text for part in heard if isinstance(part, Words)), heard[-1]


async def silence(talker: Talker, **more: Any) -> str:
    with pytest.raises(ModelSilent) as caught:
        await turn(talker, **more)
    return str(caught.value)


async def test_words_come_as_they_are_said_and_a_turn_ends_them(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Thinking is in no word, the whole message is kept to be sent back, and tokens are counted."""
    served.script = [streamed(*thoughts("The user ", "asks."), *words("\n\nThe", " cause", " is [1]."), *end())]
    heard = [part async for part in talker.talk(ASK, TOOLS, deadline_s=5.0)]
    assert heard[:3] == [Words("The"), Words(" cause"), Words(" is [1].")]
    last = heard[3]
    assert isinstance(last, Turn)
    assert (last.cut_off, last.calls, last.prompt_tokens, last.completion_tokens) == (False, (), 55, 61)
    assert last.message == {
        "role": "assistant",
        "content": "The cause is [1].",
        "reasoning_content": "The user asks.",
        "reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "The user asks."}],
    }


async def test_what_is_sent(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A streamed question with tools that all have parameters, thinking split off, and known secrets masked."""
    served.script = [streamed(*thoughts("Hm."), *words("ok"), *end())]
    await turn(talker, [{"role": "user", "content": "the password is hunter2-secret"}])
    sent = served.asked[0]
    assert (sent["stream"], sent["reasoning_split"], sent["model"]) == (True, True, "MiniMax-M2.5")
    assert sent["max_tokens"] >= 4096
    assert [tool["function"]["parameters"]["type"] for tool in sent["tools"]] == ["object", "object"]
    assert sent["tools"][1]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert "hunter2" not in json.dumps(sent)
    assert "tool_choice" not in sent


@pytest.mark.parametrize(
    "chunks",
    [
        ["<think>\nSecret.\n</think>\n\nThe cause."],
        ["<th", "ink>Sec", "ret.</thi", "nk>", "\n\nThe cause."],
        ["Secret.", "</think>", "The cause."],
        ["Let me think. Secret. ", "So.", "</think>\nThe cause."],
        ["<think>Secret.<think>Secret.</think>Secret.</think>The cause."],
        ["<think>Secret.</think><think>Secret.</think>The cause."],
        ["<mm:think>Secret.</mm:think>", "The cause."],
    ],
)
async def test_thinking_inside_content_is_never_said(
    served: Endpoint, talker: MiniMaxTalker, chunks: list[str]
) -> None:
    """In whatever chunks, nested, repeated, or without its opening tag."""
    served.script = [streamed(*words(*chunks), *end())]
    spoken, last = await turn(talker)
    assert spoken == "The cause."
    assert "Secret." in last.message["content"]


async def test_thinking_that_never_ends_is_not_said(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Without a closing tag everything may be thinking."""
    served.script = [streamed(*words("<think>Secret", " for ever."), *end())]
    assert (await turn(talker))[0] == ""


async def test_a_model_that_does_not_think_is_heard_as_well(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Words without any sign of thinking wait a moment, and are let go unless they sound like thinking."""
    served.script = [served.begins(*words("The cause is a deploy [1]."))]
    async with aclosing(talker.talk(ASK, TOOLS, deadline_s=5.0)) as heard:
        assert await anext(heard) == Words("The cause is a deploy [1].")
        assert asyncio.get_running_loop().time() - served.sent_at < 0.3


async def test_what_sounds_like_thinking_waits_for_the_end(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Nothing leaks while the opening tag may be missing, however slow the model is."""
    served.script = [served.begins(*words("The user asks what caused this. I should look."))]
    assert "fell silent" in await silence(talker)


async def test_thinking_that_was_taken_for_words_ends_the_turn(served: Endpoint, talker: MiniMaxTalker) -> None:
    """If a late closing tag shows that words had been thinking, the turn is no answer."""

    go_on = asyncio.Event()
    served.script = [served.paced(words("Deploys look fine."), go_on, [*words("</think>The cause."), *end()])]
    heard = talker.talk(ASK, TOOLS, deadline_s=5.0)
    assert await anext(heard) == Words("Deploys look fine.")
    go_on.set()
    with pytest.raises(ModelSilent, match="could not be told"):
        await anext(heard)


EMPTY = [b": hello\n\n", event({"choices": []}), event({"choices": None, "usage": None})]
LAST_MESSAGE = {"finish_reason": "stop", "delta": None, "message": {"content": "The cause."}}


@pytest.mark.parametrize(
    "reply",
    [
        body(said("<think>Hm.</think>\n\nThe cause.")),
        text(json.dumps(said("The cause.")), content_type="text/plain"),
        text(json.dumps(said("The cause."), indent=2), content_type="text/event-stream"),
        streamed(*words("The cause."), piece({"content": ""}, "stop")),
        streamed(*words("The cause."), DONE),
        streamed(*words("The cause."), *end(), content_type="text/html"),
        streamed(*EMPTY, *words("The cause."), *end()),
        streamed(*words("The", " cause"), event({**said("The cause."), "object": "chat.completion"}), DONE),
        streamed(*words("The cause"), piece(None, "stop", choices=[LAST_MESSAGE])),
        streamed(*words("The cau", "The cause", "The cause."), *end()),
        streamed(*(one.replace(b"\n", b"\r\n") for one in (*words("The ", "cause."), *end()))),
        streamed(*[bytes([byte]) for byte in b"".join([*words("The cause."), *end()])]),
    ],
    ids=[
        "json", "plain", "json as stream", "no done", "no reason", "html", "empty", "recap", "recap of the rest",
        "cumulative", "crlf", "bytes",
    ],
)  # fmt: skip
async def test_odd_streams_are_answers(served: Endpoint, talker: MiniMaxTalker, reply: Any) -> None:
    """Each shape in which an answer has been seen gives its words once, and a whole turn."""
    served.script = [reply]
    spoken, last = await turn(talker)
    assert (spoken, last.cut_off) == ("The cause.", False)


async def test_an_emoji_in_two_halves_is_whole(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A surrogate pair that was cut between two chunks never becomes two broken characters."""
    first, second = (
        b'{"choices":[{"delta":{"content":"ok \\ud83d"}}]}',
        b'{"choices":[{"delta":{"content":"\\ude80!"}}]}',
    )
    served.script = [streamed(b"data: " + first + b"\n\n", b"data: " + second + b"\n\n", *end())]
    spoken, last = await turn(talker)
    assert (spoken, last.message["content"]) == ("ok 🚀!", "ok 🚀!")


@pytest.mark.parametrize("how", ["broken", "ended"])
async def test_a_stream_cut_after_its_first_word_is_a_turn_that_is_cut_off(
    served: Endpoint, talker: MiniMaxTalker, how: str
) -> None:
    """What was said stays, the turn says that it is cut off, and half a call is not carried out."""
    half = piece({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read_runbook", "arguments": "{}"}}]})
    served.script = [streamed(*thoughts("Hm."), *words("The cause"), half, cut=how == "broken")]
    spoken, last = await turn(talker)
    assert (spoken, last.cut_off, last.calls) == ("The cause", True, ())
    assert "tool_calls" not in last.message
    assert len(served.asked) == 1


async def test_a_stream_cut_before_its_first_word_is_asked_again(
    served: Endpoint, talker: MiniMaxTalker, clock: SwiftClock
) -> None:
    """Nobody heard anything yet, so nothing is said twice."""
    served.script = [streamed(*thoughts("Hm."), cut=True), streamed(), streamed(*words("ok"), *end())]
    assert (await turn(talker))[0] == "ok"
    assert clock.slept == [0.5, 1.0]


async def test_a_lost_event_makes_the_turn_cut_off(served: Endpoint, talker: MiniMaxTalker) -> None:
    """An event that cannot be read may have been half of a call."""
    served.script = [streamed(*thoughts("Hm."), *words("The cause"), b'data: {"choi\n\n', *words(" is"), *end())]
    spoken, last = await turn(talker)
    assert (spoken, last.cut_off) == ("The cause is", True)


async def test_the_token_limit_is_a_cut(served: Endpoint, talker: MiniMaxTalker) -> None:
    """finish_reason length: what was said stands, and the turn says that it is cut off."""
    served.script = [streamed(*thoughts("Hm."), *words("The cause"), *end("length"))]
    spoken, last = await turn(talker)
    assert (spoken, last.cut_off) == ("The cause", True)


async def test_a_stream_that_never_ends_is_left_at_the_deadline(
    served: Endpoint, talker: MiniMaxTalker, client: MiniMaxClient
) -> None:
    """A stream that goes on without an end is a cut-off turn at the deadline, and its connection is closed."""
    served.script = [served.endless(words("on and ")[0])]
    spoken, last = await turn(talker, deadline_s=0.6)
    assert last.cut_off
    assert "on and on" in spoken
    await asyncio.wait_for(served.dropped.wait(), 5)


async def test_a_silent_stream_is_left_after_the_idle_limit(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Between chunks the model may not be silent for longer, though the deadline is far."""
    served.script = [served.begins(*thoughts("Hm."), *words("The cause"))]
    spoken, last = await turn(talker, deadline_s=60.0)
    assert (spoken, last.cut_off) == ("The cause", True)
    await asyncio.wait_for(served.dropped.wait(), 5)
    served.script = [served.begins(*thoughts("Hm."))]
    assert await silence(talker, deadline_s=60.0) == "the model fell silent for 0.3 s"


async def test_an_empty_first_event_does_not_start_the_idle_limit(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A model that says only that it was asked may think for longer than it may be silent later."""
    go_on = asyncio.Event()
    asyncio.get_running_loop().call_later(0.6, go_on.set)
    served.script = [served.paced([piece({"role": "", "content": ""})], go_on, [*words("The cause."), *end()])]
    spoken, last = await turn(talker, deadline_s=10.0)
    assert (spoken, last.cut_off) == ("The cause.", False)


@pytest.mark.parametrize("tag", ["think", "thinking", "reasoning", "thought", "reflection", "scratchpad", "Analysis"])
async def test_thinking_under_other_names_is_thinking(served: Endpoint, talker: MiniMaxTalker, tag: str) -> None:
    """Cut into single letters, as a stream may cut it."""
    letters = f"<{tag}>The user asks. Hidden.</{tag}>\n\nThe cause is [1]."
    served.script = [streamed(*words(*letters), *end())]
    spoken, _ = await turn(talker)
    assert spoken == "The cause is [1]."


async def test_a_model_that_says_nothing_is_given_up_at_the_deadline(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Before the first byte the deadline counts."""
    served.script = [served.hang()]
    assert await silence(talker, deadline_s=0.5) == "the model did not answer in 0.5 s"
    await asyncio.wait_for(served.dropped.wait(), 5)


async def test_a_stream_that_stays_open_after_its_end_is_not_waited_for(
    served: Endpoint, client: MiniMaxClient
) -> None:
    """finish_reason ends the turn even if nobody closes the stream."""
    served.script = [served.begins(*thoughts("Hm."), *words("The cause."), piece({"content": ""}, "stop"))]
    spoken, last = await turn(MiniMaxTalker(client, "m"), deadline_s=30.0)
    assert (spoken, last.cut_off) == ("The cause.", False)


@pytest.mark.parametrize(
    ("reply", "words_in_it"),
    [
        (body(refused(1008)), "no balance left"),
        (streamed(event(refused(1004)), DONE), "refused our key"),
        (streamed(event({"error": {"message": "nope (1008)"}})), "no balance left"),
        (streamed(b"event: error\n" + event({"type": "error", "error": {"http_code": "401"}})), "refused our key"),
        (streamed(*thoughts("Hm."), event({"base_resp": {"status_code": 1027}, "choices": []})), "withheld its answer"),
        (body(http_error(401, "login fail (1004)"), 401), "refused our key"),
        (text("<html>Welcome</html>"), "did not answer in JSON"),
        (streamed(b"data: rate limited\n\n"), "did not answer in JSON"),
    ],
)
async def test_a_refusal_in_any_place_is_a_sentence(
    served: Endpoint, talker: MiniMaxTalker, reply: Any, words_in_it: str
) -> None:
    """HTTP 200 with an error inside, as a body or as an event, is told as any other, and not asked again."""
    served.script = [reply]
    assert words_in_it in await silence(talker)
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    "passing",
    [
        body({}, 503),
        body({}, 429),
        body(refused(1002)),
        streamed(event(refused(1002))),
        streamed(*thoughts("Hm."), event({"error": {"message": "overloaded", "code": 529}})),
        streamed(DONE),
        text('{"choices": ['),
    ],
)
async def test_what_passes_is_asked_again(
    served: Endpoint, talker: MiniMaxTalker, clock: SwiftClock, passing: Any
) -> None:
    """429, 5xx, a busy base_resp in a body or a stream, and an empty answer are retried twice, with longer pauses."""
    served.script = [passing, passing, streamed(*words("ok"), *end())]
    assert (await turn(talker))[0] == "ok"
    assert clock.slept == [0.5, 1.0]


async def test_an_error_after_the_first_word_is_not_retried(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Words that were heard are not said again: the reason is told."""
    served.script = [streamed(*thoughts("Hm."), *words("The"), event(refused(1002)))]
    assert "rate-limited" in await silence(talker)
    assert len(served.asked) == 1


async def test_the_breaker_is_shared_with_the_planner(
    served: Endpoint, talker: MiniMaxTalker, client: MiniMaxClient
) -> None:
    """Three failed turns, and the model counts as down: nobody waits for it."""
    served.script = [body({}, 401)]
    available = [talker.available]
    for _ in range(3):
        await silence(talker)
    available.append(talker.available)
    assert (available, client.down) == ([True, False], True)
    assert "not asked for another" in await silence(talker)
    assert len(served.asked) == 3


async def test_closing_the_iterator_closes_the_connection(
    served: Endpoint, talker: MiniMaxTalker, client: MiniMaxClient
) -> None:
    """Who stops listening leaves nothing behind, at once, and it says nothing about the model's health."""
    served.script = [served.begins(*thoughts("Hm."), *words("The"))]
    for _ in range(4):
        served.dropped.clear()
        heard = talker.talk(ASK, TOOLS, deadline_s=60.0)
        assert await anext(heard) == Words("The")
        await heard.aclose()
        await asyncio.wait_for(served.dropped.wait(), 1)
    assert not client.down


async def test_cancelling_the_task_closes_the_connection(served: Endpoint, talker: MiniMaxTalker) -> None:
    """Cancellation while waiting for the first byte, and while words are in doubt."""
    for reply in (served.hang(), served.begins(*words("The user"))):
        served.dropped.clear()
        served.script = [reply]
        asking = asyncio.create_task(turn(talker, deadline_s=60.0), name="ask")
        await served.arrived.acquire()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(served.dropped.wait(), 1)


async def test_a_flood_is_cut(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A megabyte of text is not kept: the turn is cut off, and the connection closed."""
    served.script = [streamed(*thoughts("Hm."), *words(*["x" * 10_000] * 100), *end())]
    spoken, last = await turn(talker)
    assert last.cut_off
    assert 300_000 < len(spoken) < 500_000


async def test_what_stands_around_the_text_is_not_counted_as_text(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A long stream of short chunks is several megabytes of JSON, and a whole answer all the same."""
    chunk = piece({"content": "word "}, padding="x" * 4_000)
    served.script = [streamed(*thoughts("Hm."), *[chunk] * 700, *end())]
    spoken, last = await turn(talker)
    assert (len(spoken), last.cut_off) == (3_499, False)


async def test_streams_that_break_off_open_the_breaker(
    served: Endpoint, talker: MiniMaxTalker, client: MiniMaxClient
) -> None:
    """What was said is used, and yet a model that never gets to its end counts as down after three turns."""
    served.script = [streamed(*thoughts("Hm."), *words("The cause"), cut=True)]
    for _ in range(3):
        await turn(talker)
    assert client.down


async def test_turns_share_a_connection(served: Endpoint, talker: MiniMaxTalker) -> None:
    """A stream that ended is read to its end, so that the next turn needs no new connection."""
    served.script = [streamed(*words("ok"), *end())]
    for _ in range(3):
        await turn(talker)
    assert len(set(served.ports)) == 1


async def test_a_line_per_turn_without_content(
    served: Endpoint, talker: MiniMaxTalker, caplog: pytest.LogCaptureFixture
) -> None:
    """Model, outcome, tokens, seconds and the time to the first word; never what was said, thought or asked."""
    caplog.set_level(logging.DEBUG)
    served.script = [streamed(*thoughts("the-confidential-thought"), *words("the-confidential-answer"), *end())]
    await turn(talker)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("fixloop_bot")]
    assert len(lines) == 1
    assert lines[0].startswith(
        "model call: model=MiniMax-M2.5 outcome=ok attempts=1 tokens_in=55 tokens_out=61 seconds="
    )
    assert " first_word=" in lines[0]
    assert "confidential" not in caplog.text
    assert KEY not in caplog.text
