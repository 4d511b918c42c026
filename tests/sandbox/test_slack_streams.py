"""Streams and the assistant's status, driven by the official client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import (
    INCIDENTS,
    JONAS,
)
from tests.sandbox.slack_room import Clock, client_of, refused, running_slack


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        yield local


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack)


async def test_a_stream_grows_and_ends(slack: LocalSlack, client: AsyncWebClient) -> None:
    """chat_stream: text is appended, tasks are kept by id, chat.update waits until the end."""
    root = slack.people.message("jonas", "incidents", "is it safe?")
    stream = await client.chat_stream(
        channel=INCIDENTS,
        thread_ts=root.ts,
        recipient_team_id="T0SANDBOX1",
        recipient_user_id=JONAS,
        buffer_size=1,
    )
    await stream.append(markdown_text="Not ")
    await stream.append(markdown_text="yet.")
    update = client.chat_update(channel=INCIDENTS, ts=stream.ts or "", text="x")
    assert await refused(update) == "streaming_state_conflict"
    for status in ("in_progress", "complete"):
        task = {"type": "task_update", "id": "t1", "title": "Look", "status": status}
        await stream.append(chunks=[task])
    await stream.stop()

    message = slack.thread("incidents", root.ts)[1]
    assert message.text == "Not yet."
    assert [task["status"] for task in message.blocks[1]["tasks"]] == ["complete"]
    late = client.chat_appendStream(channel=INCIDENTS, ts=message.ts, markdown_text="more")
    assert await refused(late) == "message_not_in_streaming_state"
    assert (await client.chat_update(channel=INCIDENTS, ts=message.ts, text="changed"))["ok"]


async def test_a_stream_dies_after_five_minutes_and_needs_a_recipient() -> None:
    """message_not_in_streaming_state after 300 s even while active; channels need the recipient."""
    clock = Clock()
    async with running_slack(clock=clock) as slack:
        client, root = client_of(slack), slack.people.message("jonas", "incidents", "hm?")
        where: dict[str, Any] = {"channel": INCIDENTS, "thread_ts": root.ts}
        assert await refused(client.chat_startStream(**where)) == "missing_recipient_team_id"
        team = {**where, "recipient_team_id": "T0SANDBOX1"}
        assert await refused(client.chat_startStream(**team)) == "missing_recipient_user_id"
        ts = (await client.chat_startStream(**team, recipient_user_id=JONAS))["ts"]
        clock.now += 299
        await client.chat_appendStream(channel=INCIDENTS, ts=ts, markdown_text="still here")
        clock.now += 1
        late = client.chat_appendStream(channel=INCIDENTS, ts=ts, markdown_text="gone")
        assert await refused(late) == "message_not_in_streaming_state"


async def test_a_status_goes_away_by_reply_and_by_time() -> None:
    """assistant.threads.setStatus lasts until the app replies, or two minutes."""
    clock = Clock()
    async with running_slack(clock=clock) as slack:
        client, root = client_of(slack), slack.people.message("jonas", "incidents", "hm?")
        thread: dict[str, Any] = {"channel_id": INCIDENTS, "thread_ts": root.ts}
        shown = slack.core.workspace.status
        await client.assistant_threads_setStatus(**thread, status="is looking…")
        assert shown(INCIDENTS, root.ts) == "is looking…"
        clock.now += 120
        assert shown(INCIDENTS, root.ts) == ""
        await client.assistant_threads_setStatus(**thread, status="is looking again…")
        await client.chat_postMessage(channel=INCIDENTS, thread_ts=root.ts, text="found it")
        assert shown(INCIDENTS, root.ts) == ""
        prompts = [{"title": str(number), "message": "why?"} for number in range(5)]
        too_many = client.assistant_threads_setSuggestedPrompts(**thread, prompts=prompts)
        assert await refused(too_many) == "invalid_arguments"
        assert (await client.assistant_threads_setTitle(**thread, title="Checkout"))["ok"]
