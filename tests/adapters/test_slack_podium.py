"""The copilot's voice over HTTP against the local Slack: streams, plain updates, limits, crashes, duplicates."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.podium import SlackPodium
from fixloop_bot.application.copilot.speech import Offer, Place, Reference
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.elements import interactive
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER, INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.workspace import TEAM_ID
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack, until

REFERENCES = (
    Reference(number=1, title="run 2, step 3", link="https://fixloop.example.com/runs/2?step=3&view=samples"),
    Reference(number=2, title="run 2, <step> 1"),
)
WORDS = ["Not yet. ", "Step 3 is still being decided: ", "p95 212 ms against 400 ms [1]. ", "Steps 1 and 2 pass [2]."]
SAID = "".join(WORDS)


class Room:
    """One thread in the local Slack, and a podium in it."""

    def __init__(self, slack: LocalSlack, api: SlackApi, clock: FakeClock) -> None:
        self.slack, self.api, self.clock = slack, api, clock
        self.root = slack.people.message("mira", "incidents", "checkout is down").ts
        self.begun: set[str] = set()

    @asynccontextmanager
    async def podium(self, first_time: Callable[[str], Awaitable[bool]] | None = None) -> AsyncIterator[SlackPodium]:
        async with SlackPodium(self.api, clock=self.clock, first_time=first_time or self.first_time) as podium:
            yield podium

    async def first_time(self, name: str) -> bool:
        new = name not in self.begun
        self.begun.add(name)
        return new

    def place(self, **more: str) -> Place:
        return Place(**{"channel": INCIDENTS, "thread_ts": self.root, "user": MIRA, "team": TEAM_ID, **more})

    def answers(self) -> list[Message]:
        return [each for each in self.slack.thread("incidents", self.root) if each.author == BOT_USER]

    def text(self) -> str:
        """Everything that the bot's messages say, without what stands below it."""
        return "".join(_words(message) for message in self.answers())

    def methods(self) -> list[str]:
        return [call.method for call in self.slack.calls]


def _words(message: Message) -> str:
    parts = []
    for block in message.blocks:
        if block["type"] == "markdown":
            parts.append(block["text"])
        elif block["type"] == "section" and "accessory" not in block:
            parts.append(block["text"]["text"])
    return " ".join(parts)


def block(message: Message, kind: str) -> dict[str, Any]:
    return next(each for each in message.blocks if each["type"] == kind)


def actions_of(message: Message) -> list[str]:
    return [placed.action_id for placed in interactive(message.blocks)]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    clock = FakeClock()
    async with (
        running_slack(clock=clock.now, enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as api,
        clock.flowing(),
    ):
        yield Room(slack, api, clock)


async def speak(room: Room, podium: SlackPodium, answer_id: str = "q1", **more: Any) -> None:
    """An answer from its first status to its buttons; each word is shown before the next one comes."""
    speech = podium.speech(room.place(), answer_id=answer_id)
    await speech.doing("reading the last run…")
    await until(lambda: room.slack.call_counts["assistant.threads.setStatus"])
    for word in WORDS:
        calls = sum(room.slack.call_counts.values())
        await speech.say(word)
        await until(lambda before=calls: sum(room.slack.call_counts.values()) > before)  # type: ignore[misc]
    await speech.close(references=REFERENCES, feedback_id="a1", **more)


async def test_an_answer_is_streamed(room: Room) -> None:
    """A status by the first call, words as they come, references, thumbs; the Stop button goes away at the end."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.doing("reading run 2…")
        await until(lambda: room.slack.calls)
        assert room.methods() == ["assistant.threads.setStatus"]
        assert room.slack.core.workspace.status(INCIDENTS, room.root) == "reading run 2…"
        await speech.say("Not yet. ")
        await until(lambda: "Not yet." in room.text())
        assert actions_of(room.answers()[0]) == ["answer_stop"]
        await speech.say("Step 3 <b> [1].")
        await speech.close(references=REFERENCES, feedback_id="a1")
    (answer,) = room.answers()
    assert room.text() == "Not yet. Step 3 &lt;b&gt; [1]."
    assert answer.stream_ended
    assert actions_of(answer) == ["answer_feedback"]
    (references,) = block(answer, "context")["elements"]
    link = "<https://fixloop.example.com/runs/2?step=3&amp;view=samples|[1] run 2, step 3>"
    assert references["text"] == f"{link} · [2] run 2, &lt;step&gt; 1"
    assert references["verbatim"] is True
    assert "chat.postMessage" not in room.methods()


async def test_words_are_gathered_within_slacks_limits(room: Room) -> None:
    """Hundreds of words become two appends a second at most, and a hundred a minute over all answers."""
    async with room.podium() as podium:
        speeches = [podium.speech(room.place(), answer_id=f"q{number}") for number in range(4)]
        for count in range(400):
            for speech in speeches:
                await speech.say(f"word {count} ")
            await room.clock.sleep(0.1)
        await asyncio.gather(*(speech.close(references=(), feedback_id="a") for speech in speeches))
    appends = room.slack.calls_of("chat.appendStream")
    assert [call.status for call in appends] == [200] * len(appends)
    moments = sorted(call.at for call in appends)
    assert 40 <= len(moments) <= 4 * 81
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[100:], strict=False))
    whole = "".join(f"word {count} " for count in range(400)).rstrip()
    assert [_words(answer).rstrip() for answer in room.answers()] == [whole] * 4


async def test_a_429_is_waited_for_while_words_gather(room: Room) -> None:
    """Retry-After is honoured; then everything that came meanwhile goes out at once, nothing twice."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("one ")
        await until(lambda: "one" in room.text())
        room.slack.faults.add("chat.appendStream", "ratelimited", seconds=7)
        await speech.say("two ")
        await until(lambda: room.slack.call_counts["chat.appendStream"])
        limited = room.slack.calls_of("chat.appendStream")[0].at
        await speech.say("three ")
        await speech.say("four.")
        await until(lambda: "four" in room.text())
        assert room.slack.calls_of("chat.appendStream")[1].at - limited >= 7
        await speech.close(references=(), feedback_id="a1")
    assert room.text() == "one two three four."
    assert room.slack.call_counts["chat.startStream"] == 1


@pytest.mark.parametrize(
    "error", ["unknown_method", "not_allowed_token_type", "missing_scope", "channel_type_not_supported"]
)
async def test_where_streaming_is_refused_one_message_is_updated(room: Room, error: str) -> None:
    """The same words, references and thumbs by chat.postMessage and chat.update, at least 1.2 s apart."""
    room.slack.faults.add("chat.startStream", "refuse", error=error, times=99)
    async with room.podium() as podium:
        await speak(room, podium)
        shown = [call.at for call in room.slack.calls if call.method in ("chat.postMessage", "chat.update")]
        await speak(room, podium, "q2")
    assert [_words(answer) for answer in room.answers()] == [SAID, SAID]
    assert [actions_of(answer) for answer in room.answers()] == [["answer_feedback"]] * 2
    assert len(shown) > 2
    assert all(later - earlier >= 1.2 for earlier, later in itertools.pairwise(shown))
    assert room.slack.call_counts["chat.startStream"] == 1, "what was refused is not asked again at once"


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "streaming_state_conflict", "internal_error"])
async def test_a_stream_that_dies_loses_and_doubles_nothing(room: Room, error: str) -> None:
    """The message goes on by updates from where the stream ended."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say(WORDS[0])
        await until(lambda: "Not yet." in room.text())
        room.slack.faults.add("chat.appendStream", "refuse", error=error, times=99)
        for word in WORDS[1:]:
            await speech.say(word)
        await until(lambda: "Steps 1 and 2" in room.text())
        await speech.close(references=REFERENCES, feedback_id="a1")
    assert [_words(answer) for answer in room.answers()] == [SAID]
    assert actions_of(room.answers()[0]) == ["answer_feedback"]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"])
async def test_an_answer_of_slacks_that_is_lost_doubles_nothing(room: Room, method: str) -> None:
    """The call took effect, but nobody told us: what is there is found, and said again only where that is harmless."""
    room.slack.faults.add(method, "lose_answer")
    async with room.podium() as podium:
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]
    assert actions_of(room.answers()[0]) == ["answer_feedback"]


async def test_a_lost_answer_on_the_second_page_takes_no_page_away(room: Room) -> None:
    """The first page is found as well, and is known to be this attempt's own."""
    room.slack.faults.add("chat.startStream", "refuse", error="unknown_method", times=99)
    words = "".join(f"This is sentence {count}. " for count in range(250))
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say(words[:2000])
        await until(lambda: room.answers())
        room.slack.faults.add("chat.postMessage", "lose_answer")
        await speech.say(words[2000:])
        await until(lambda: room.slack.call_counts["conversations.replies"])
        await speech.say("The end.")
        await speech.close(references=REFERENCES, feedback_id="a1")
    assert len(room.answers()) == 2
    assert " ".join(map(_words, room.answers())).split() == f"{words}The end.".split()


async def test_a_stream_that_may_begin_soon_is_waited_for(room: Room) -> None:
    """A Retry-After of two seconds is honoured; a stream is worth that."""
    room.slack.faults.add("chat.startStream", "ratelimited", seconds=2)
    async with room.podium() as podium:
        await speak(room, podium)
    first, second = room.slack.calls_of("chat.startStream")
    assert second.at - first.at >= 2
    assert room.text() == SAID
    assert room.slack.call_counts["chat.postMessage"] == 0


async def test_a_lost_answer_to_a_plain_post_doubles_nothing(room: Room) -> None:
    room.slack.faults.add("chat.startStream", "refuse", error="unknown_method", times=99)
    room.slack.faults.add("chat.postMessage", "lose_answer")
    async with room.podium() as podium:
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]


async def test_a_long_answer_changes_its_stream_before_slack_ends_it(room: Room) -> None:
    """After four minutes a new message goes on; the code block that is cut goes on as one, and no word is lost."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("Look:\n```\n")
        for count in range(26):
            await speech.say(f"line {count}\n")
            await until(lambda number=count: f"line {number}\n" in room.text())  # type: ignore[misc]
            room.clock.advance(20)
        await speech.say("```\nThat is all.")
        await speech.close(references=REFERENCES, feedback_id="a1")
    pages = [_words(answer) for answer in room.answers()]
    assert len(pages) == 3
    assert [f"line {count}" for count in range(26)] == [line for line in "".join(pages).split("\n") if "line" in line]
    assert all(page.count("```") == 2 for page in pages)
    assert [actions_of(answer) for answer in room.answers()] == [[], [], ["answer_feedback"]]
    refused = [call for call in room.slack.calls if call.response.get("ok") is False]
    assert refused == []


async def test_a_long_plain_answer_takes_several_messages(room: Room) -> None:
    """Each within what chat.update takes, cut between words; the buttons stand below the last."""
    room.slack.faults.add("chat.startStream", "refuse", error="unknown_method", times=99)
    words = "".join(f"This is sentence {count} & it stands. " for count in range(280))
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        for start in range(0, len(words), 1000):
            await speech.say(words[start : start + 1000])
            await room.clock.sleep(0.3)
        await speech.close(references=REFERENCES, feedback_id="a1")
    pages = room.answers()
    assert len(pages) > 2
    assert " ".join(map(_words, pages)).split() == words.replace("&", "&amp;").split()
    assert [actions_of(page) for page in pages] == [[] for _ in pages[1:]] + [["answer_feedback"]]
    for call in room.slack.calls_of("chat.update") + room.slack.calls_of("chat.postMessage"):
        assert len(call.arguments["text"]) <= 3900
        assert call.response.get("error") in (None, "ratelimited")


async def test_a_refused_status_becomes_a_line_of_the_message(room: Room) -> None:
    """Where setStatus is refused, what goes on stands in the message itself, and is gone when the answer is there."""
    room.slack.faults.add("assistant.threads.setStatus", "refuse", error="missing_scope", times=99)
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.doing("reading <run> 2…")
        await until(lambda: room.answers())
        (message,) = room.answers()
        assert block(message, "section")["text"]["text"] == "_reading &lt;run&gt; 2…_"
        assert actions_of(message) == ["answer_stop"]
        await speech.doing("asking Datadog…")
        await until(lambda: "asking Datadog" in str(room.answers()[0].blocks))
        await speech.say(SAID)
        await speech.close(references=(), feedback_id="a1")
    (answer,) = room.answers()
    assert _words(answer) == SAID
    assert "Datadog" not in str(answer.blocks)


async def test_a_busy_status_does_not_keep_the_words_waiting(room: Room) -> None:
    """A status is decoration: words go out although Slack asks to wait with it."""
    room.slack.faults.add("assistant.threads.setStatus", "ratelimited", seconds=60, times=99)
    began = room.clock.now()
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.doing("reading…")
        await until(lambda: room.slack.calls)
        await speech.say("Not yet.")
        await until(lambda: room.slack.call_counts["chat.startStream"])
        assert room.slack.calls_of("chat.startStream")[0].at - began < 60
        await speech.close(references=(), feedback_id="a1")


async def test_where_many_ask_at_once_the_first_words_do_not_wait_for_a_stream(room: Room) -> None:
    """Twenty streams a minute are Slack's limit: the next answer is a plain message, at once."""
    room.slack.faults.add("chat.startStream", "ratelimited", seconds=40)
    async with room.podium() as podium:
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]
    assert room.slack.call_counts["chat.postMessage"] == 1


async def test_a_failure_is_said_below_what_was_said_so_far(room: Room) -> None:
    """An honest line, no thumbs, no Stop."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("The error rate is ")
        await until(lambda: room.answers())
        await speech.fail("The model stopped answering <!channel>.")
        silent = podium.speech(room.place(), answer_id="q2")
        await silent.fail("Busy, 3 ahead.")
    first, second = room.answers()
    assert _words(first).strip() == "The error rate is"
    assert block(first, "context")["elements"][0]["text"] == "⚠️ The model stopped answering &lt;!channel&gt;."
    assert actions_of(first) == actions_of(second) == []
    assert "Busy, 3 ahead." in str(second.blocks)


async def test_a_second_attempt_goes_on_in_the_first_ones_messages(room: Room) -> None:
    """A process dies in the middle of a stream; the next one says its own answer there, and nothing stands twice."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("It was the dep")
        await until(lambda: room.answers())
    async with room.podium() as podium:
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]
    assert actions_of(room.answers()[0]) == ["answer_feedback"]


async def test_a_second_attempt_at_a_whole_answer_says_nothing(room: Room) -> None:
    """The job comes again although the answer is there: the thread stays as it is."""
    async with room.podium() as podium:
        await speak(room, podium)
    before = [answer.content for answer in room.answers()]
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("Something else.")
        await speech.close(references=(), feedback_id="a1")
    assert [answer.content for answer in room.answers()] == before


async def test_a_shorter_second_attempt_leaves_no_page_of_the_first(room: Room) -> None:
    room.slack.faults.add("chat.startStream", "refuse", error="unknown_method", times=99)
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("word " * 1500)
        await until(lambda: len(room.answers()) > 1)
    async with room.podium() as podium:
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]


async def test_without_the_store_it_looks_before_it_posts(room: Room) -> None:
    """Whether an answer was begun cannot be known: then it is looked for."""

    async def down(name: str) -> bool:
        raise StoreUnavailable(f"no {name}")

    async with room.podium(first_time=down) as podium:
        await speak(room, podium)
    assert room.slack.call_counts["conversations.replies"] == 1
    assert [_words(answer) for answer in room.answers()] == [SAID]


async def test_an_answer_that_somebody_deletes_does_not_come_back(room: Room) -> None:
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("one ")
        await until(lambda: room.answers())
        room.slack.core.workspace.delete(room.answers()[0])
        await speech.say("two ")
        await speech.close(references=(), feedback_id="a1")
    assert room.answers() == []


async def test_where_thumbs_are_refused_two_buttons_stand_in(room: Room) -> None:
    room.slack.faults.add("chat.stopStream", "refuse", error="invalid_blocks")
    room.slack.faults.add("chat.update", "refuse", error="invalid_blocks", times=1)
    room.slack.faults.add("chat.startStream", "refuse", error="unknown_method")
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("Yes.")
        await until(lambda: room.answers())
        await speech.close(references=(), feedback_id="a1")
    assert actions_of(room.answers()[0]) == ["answer_liked", "answer_disliked"]


async def test_offers_are_buttons_with_their_values(room: Room) -> None:
    """The same action may be offered twice; each press says which."""
    offers = [Offer(action="run_step", label=f"Run step {n} again", value=f"INC-42:s{n}") for n in (2, 3)]
    async with room.podium() as podium:
        await speak(room, podium, offers=offers)
    elements = block(room.answers()[0], "actions")["elements"]
    assert [(each["action_id"], each["value"]) for each in elements] == [
        ("offer:run_step:0", "INC-42:s2"),
        ("offer:run_step:1", "INC-42:s3"),
    ]


async def test_a_speech_that_nobody_ends_does_not_keep_the_process(room: Room) -> None:
    """Leaving the podium ends its writers."""
    async with room.podium() as podium:
        await podium.speech(room.place(), answer_id="q1").doing("reading…")
        await until(lambda: room.slack.calls)
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("answer ")] == []


async def test_suggestions_are_one_message_that_is_updated(room: Room) -> None:
    """At most four buttons, each with its question; after a restart the same message is found again."""
    questions = [f"Question {number}, is it <safe>?" for number in range(6)]
    async with room.podium() as podium:
        await podium.suggest(room.place(), questions)
        await podium.suggest(room.place(), questions)
    async with room.podium() as podium:
        await podium.suggest(room.place(), ["Which step fails and why?"])
    (message,) = room.answers()
    values = [placed.element["value"] for placed in interactive(message.blocks)]
    assert values == ["Which step fails and why?"]
    (first,) = room.slack.calls_of("chat.postMessage")
    assert first.response["ok"] is True
    assert len(room.slack.calls_of("chat.update")) == 1
    room.slack.faults.add("chat.update", "refuse", error="channel_not_found")
    async with room.podium() as podium:
        await podium.suggest(room.place(), questions)  # trouble is not the asker's
