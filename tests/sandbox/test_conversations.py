"""A conversation with the bot at the sandbox's keyboard: what is printed while an answer grows, what can be typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.desk import obey
from fixloop_bot.sandbox.narrator import Narrator
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.workspace import TEAM_ID
from fixloop_bot.sandbox.world import World
from tests.sandbox.slack_room import bolt_app, client_of, listening, modal, running_slack

THUMBS = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "answer_feedback",
            "positive_button": {"text": {"type": "plain_text", "text": "👍"}, "value": "up"},
            "negative_button": {"text": {"type": "plain_text", "text": "👎"}, "value": "down"},
        }
    ],
}
STOP = {
    "type": "section",
    "text": {"type": "mrkdwn", "text": "_Writing…_"},
    "accessory": {
        "type": "button",
        "action_id": "answer_stop",
        "text": {"type": "plain_text", "text": "Stop"},
        "value": "q1",
    },
}


class Keyboard:
    """The desk, with what it printed and what the bot heard."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.printed: list[str] = []
        self.heard: list[tuple[str, str]] = []
        self.narrator = Narrator(slack, self.printed.append, colour=False)
        nothing = cast(Any, None)
        self.world = World(shop=nothing, datadog=nothing, slack=slack, bot=nothing, folder=Path())

    async def type(self, words: str) -> str:
        return await obey(self.world, self.narrator, words)

    def lines(self) -> list[str]:
        return [line.removeprefix("  │ ").strip() for text in self.printed for line in text.split("\n")]


@pytest.fixture
async def keyboard() -> AsyncIterator[Keyboard]:
    async with running_slack() as slack:
        board = Keyboard(slack)
        app: AsyncApp = bolt_app(slack)

        @app.event("message")
        async def said(event: dict[str, Any]) -> None:
            board.heard.append(("said", event["text"]))

        @app.action("answer_stop")
        async def stopped(ack: Any) -> None:
            await ack()
            board.heard.append(("stopped", ""))

        @app.action("answer_feedback")
        async def judged(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            board.heard.append(("judged", body["actions"][0]["value"]))
            if body["actions"][0]["value"] == "down":
                view = modal(callback_id="answer_reason")
                view["blocks"][0]["element"]["action_id"] = "reason"
                view["blocks"][0]["block_id"] = "reason"
                await client.views_open(trigger_id=body["trigger_id"], view=view)

        @app.view("answer_reason")
        async def explained(ack: Any, view: dict[str, Any]) -> None:
            await ack()
            board.heard.append(("explained", view["state"]["values"]["reason"]["reason"]["value"]))

        async with listening(slack, app):
            yield board
            await slack.settled()
        board.narrator.close()


async def root(keyboard: Keyboard) -> str:
    posted = await client_of(keyboard.slack).chat_postMessage(channel=INCIDENTS, text="INC-42")
    return str(posted["ts"])


async def test_each_line_of_a_growing_answer_is_printed_once(keyboard: Keyboard) -> None:
    """A line is printed when it is whole; the status stands above it, the thumbs below."""
    client, ts = client_of(keyboard.slack), await root(keyboard)
    thread: dict[str, Any] = {"channel": INCIDENTS, "thread_ts": ts}
    await client.assistant_threads_setStatus(channel_id=INCIDENTS, thread_ts=ts, status="reading run 2…")
    start = await client.chat_startStream(
        **thread, recipient_team_id=TEAM_ID, recipient_user_id=MIRA, markdown_text="## Cause\nThe dep"
    )
    place = {"channel": INCIDENTS, "ts": str(start["ts"])}
    for piece in ("loy **2.14.0**.", "\n- It is ", "not safe.", "\nDone."):
        await client.chat_appendStream(**place, markdown_text=piece)
    await client.chat_stopStream(**place, blocks=[THUMBS])
    lines = keyboard.lines()
    said = ["Cause", "The deploy 2.14.0.", "• It is not safe.", "Done.", "👍  👎"]
    assert [line for line in lines if line in said] == said
    assert not [line for line in lines if line.startswith("The dep") and line != "The deploy 2.14.0."]
    assert lines.index("FixLoop reading run 2…") < lines.index("Cause")


async def test_a_person_can_ask_stop_and_judge_at_the_keyboard(keyboard: Keyboard) -> None:
    """``say``, ``stop answer``, ``good``, ``bad`` reach the bot as a reply, clicks and a modal."""
    assert "Not now" in await keyboard.type("say is it safe?")
    assert "Not now" in await keyboard.type("stop answer")
    client, ts = client_of(keyboard.slack), await root(keyboard)
    assert await keyboard.type("say is it safe?") == ""
    assert keyboard.slack.thread("incidents", ts)[-1].text == "is it safe?"
    await client.chat_postMessage(channel=INCIDENTS, thread_ts=ts, text="…", blocks=[STOP, THUMBS])
    assert await keyboard.type("stop answer") == ""
    assert await keyboard.type("good") == ""
    assert await keyboard.type("bad it was the database") == ""
    async with asyncio.timeout(5):
        await keyboard.slack.settled()
    told = [each for each in keyboard.heard if each[0] != "said"]
    assert told == [("stopped", ""), ("judged", "up"), ("judged", "down"), ("explained", "it was the database")]
    assert ("said", "is it safe?") in keyboard.heard
    assert keyboard.slack.open_views("mira") == []


async def test_the_help_lists_what_works_in_this_world(keyboard: Keyboard) -> None:
    """Beside a catalog of one's own there is no shop to break or mend."""
    assert "break NAME" in await keyboard.type("help")
    keyboard.world = replace(keyboard.world, has_shop=False)
    said = await keyboard.type("help")
    assert [verb for verb in ("break", "half", "fix ", "mend") if verb in said] == []
    assert "validate" in said
    assert await keyboard.type("fix") == "Not now: there is no shop to mend beside a catalog of your own"
