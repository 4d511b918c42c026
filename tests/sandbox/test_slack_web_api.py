"""The local Slack's Web API, driven by the official client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import (
    ARCHIVED,
    BOT_USER,
    GENERAL,
    INCIDENTS,
    JONAS,
    MIRA,
    ON_CALL,
    PRIVATE,
)
from tests.sandbox.slack_room import APP_TOKEN, Clock, client_of, running_slack


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        yield local


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack)


async def refused(call: object) -> str:
    """The error name of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await call  # type: ignore[misc]
    return str(caught.value.response["error"])


async def test_a_posted_message_is_answered_stored_and_readable(slack: LocalSlack, client: AsyncWebClient) -> None:
    """chat.postMessage answers with channel, ts and message; history and replies show the same message."""
    root = await client.chat_postMessage(channel="#incidents", text="checkout is broken")
    reply = await client.chat_postMessage(channel=INCIDENTS, text="looking", thread_ts=root["ts"])

    assert root["channel"] == INCIDENTS
    assert root["message"]["user"] == BOT_USER
    history = await client.conversations_history(channel=INCIDENTS)
    assert [message["ts"] for message in history["messages"]] == [root["ts"]]
    assert history["messages"][0]["reply_count"] == 1
    thread = await client.conversations_replies(channel=INCIDENTS, ts=root["ts"])
    assert [message["text"] for message in thread["messages"]] == ["checkout is broken", "looking"]
    assert thread["messages"][1]["thread_ts"] == root["ts"]
    assert [message.ts for message in slack.thread("incidents", root["ts"])] == [root["ts"], reply["ts"]]


async def test_an_update_keeps_the_earlier_states(slack: LocalSlack, client: AsyncWebClient) -> None:
    """Each state of a message can be seen afterwards; a text without blocks removes the blocks."""
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Validating"}}]
    posted = await client.chat_postMessage(channel=INCIDENTS, text="one", blocks=blocks)
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], blocks=blocks, text="two")
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="three")

    message = slack.message("incidents", posted["ts"])
    assert [state["text"] for state in message.states] == ["one", "two", "three"]
    assert ["blocks" in state for state in message.states] == [True, True, False]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE1", "channel_not_found"),
        ("#nowhere", "channel_not_found"),
        (PRIVATE, "channel_not_found"),
        ("#war-room", "channel_not_found"),
        (ARCHIVED, "is_archived"),
    ],
)
async def test_where_the_bot_cannot_post(client: AsyncWebClient, channel: str, error: str) -> None:
    """A private channel without the bot does not exist for it; an archived one refuses."""
    assert await refused(client.chat_postMessage(channel=channel, text="hello")) == error


async def test_a_public_channel_needs_joining_or_a_scope() -> None:
    """Without chat:write.public a bot posts to a public channel only after conversations.join."""
    async with running_slack(scopes=["chat:write", "channels:join"]) as slack:
        client = client_of(slack)
        assert await refused(client.chat_postMessage(channel=GENERAL, text="hi")) == "not_in_channel"
        await client.conversations_join(channel=GENERAL)
        assert (await client.chat_postMessage(channel=GENERAL, text="hi"))["ok"]
        again = await client.conversations_join(channel=GENERAL)
        assert again["warning"] == "already_in_channel"


async def test_a_missing_scope_is_named() -> None:
    """missing_scope says what was needed and what was provided."""
    async with running_slack(scopes=["chat:write"]) as slack:
        with pytest.raises(SlackApiError) as caught:
            await client_of(slack).users_info(user=MIRA)
        assert caught.value.response.data == {
            "ok": False,
            "error": "missing_scope",
            "needed": "users:read",
            "provided": "chat:write",
        }


async def test_tokens_are_checked(slack: LocalSlack) -> None:
    """No token, a wrong one, one of the wrong kind and a revoked one each have their error."""
    async with aiohttp.ClientSession() as session, session.post(f"{slack.api_url}auth.test") as answer:
        assert await answer.json() == {"ok": False, "error": "not_authed"}
    assert await refused(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await refused(client_of(slack, APP_TOKEN).auth_test()) == "not_allowed_token_type"
    slack.revoke_token()
    assert await refused(client_of(slack).auth_test()) == "token_revoked"


async def test_texts_have_their_limits(slack: LocalSlack, client: AsyncWebClient) -> None:
    """chat.postMessage cuts at 40,000 characters with a warning; chat.update refuses above 4,000."""
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x" * 40_001)
    assert posted["warning"] == "message_truncated"
    assert len(slack.message(INCIDENTS, posted["ts"]).text) == 40_000
    update = client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="x" * 4_001)
    assert await refused(update) == "msg_too_long"
    assert (await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="x" * 4_000))["ok"]
    nothing = client.api_call("chat.postMessage", json={"channel": INCIDENTS, "text": ""})
    assert await refused(nothing) == "no_text"


async def test_messages_that_cannot_be_changed(slack: LocalSlack, client: AsyncWebClient) -> None:
    """Nobody's message, somebody else's message and a thread that is not there are refused by name."""
    said = slack.people.message("mira", "incidents", "is it us?")
    assert await refused(client.chat_update(channel=INCIDENTS, ts="1.0", text="x")) == "message_not_found"
    assert await refused(client.chat_update(channel=INCIDENTS, ts=said.ts, text="x")) == "cant_update_message"
    assert await refused(client.chat_delete(channel=INCIDENTS, ts=said.ts)) == "cant_delete_message"
    reply = client.chat_postMessage(channel=INCIDENTS, text="x", thread_ts="1.0")
    assert await refused(reply) == "thread_not_found"
    assert await refused(client.conversations_replies(channel=INCIDENTS, ts="1.0")) == "thread_not_found"


async def test_invalid_blocks_come_with_slacks_wording(client: AsyncWebClient) -> None:
    """Each problem has its text and a JSON pointer, in errors and in response_metadata."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
    expected = ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == expected


async def test_reactions_are_counted_once(client: AsyncWebClient) -> None:
    """already_reacted and no_reaction keep one reaction for each person and name."""
    posted = await client.chat_postMessage(channel=INCIDENTS, text="done")
    mark = {"channel": INCIDENTS, "timestamp": posted["ts"], "name": "eyes"}
    await client.reactions_add(**mark)
    assert await refused(client.reactions_add(**mark)) == "already_reacted"
    shown = await client.reactions_get(channel=INCIDENTS, timestamp=posted["ts"])
    assert shown["message"]["reactions"] == [{"name": "eyes", "users": [BOT_USER], "count": 1}]
    await client.reactions_remove(**mark)
    assert await refused(client.reactions_remove(**mark)) == "no_reaction"


async def test_who_and_what_is_there(client: AsyncWebClient) -> None:
    """Lists page with cursors; the group, the bot, the team and a person can be looked up."""
    assert (await client.auth_test())["user_id"] == BOT_USER
    first = await client.conversations_list(limit=1, exclude_archived=True)
    second = await client.conversations_list(
        limit=1, exclude_archived=True, cursor=first["response_metadata"]["next_cursor"]
    )
    names = [page["channels"][0]["name"] for page in (first, second)]
    assert (names, second["response_metadata"]["next_cursor"]) == (["incidents", "general"], "")
    assert (await client.conversations_info(channel=INCIDENTS))["channel"]["is_member"] is True
    assert (await client.conversations_members(channel=GENERAL))["members"] == [JONAS, MIRA]
    assert [each["id"] for each in (await client.users_conversations())["channels"]] == [INCIDENTS, ARCHIVED]
    assert (await client.users_info(user=MIRA))["user"]["profile"]["display_name"] == "mira"
    assert len((await client.users_list())["members"]) == 4
    assert (await client.usergroups_users_list(usergroup=ON_CALL))["users"] == [MIRA]
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == [MIRA]
    assert (await client.bots_info())["bot"]["user_id"] == BOT_USER
    assert (await client.team_info())["team"]["domain"] == "sandbox"
    opened = await client.conversations_open(users=MIRA)
    assert (await client.chat_postMessage(channel=MIRA, text="psst"))["channel"] == opened["channel"]["id"]


async def test_pins_bookmarks_and_links(slack: LocalSlack, client: AsyncWebClient) -> None:
    """A pin is refused twice; a bookmark needs a URL; a permalink names channel and message."""
    posted = await client.chat_postMessage(channel=INCIDENTS, text="root")
    await client.pins_add(channel=INCIDENTS, timestamp=posted["ts"])
    again = client.pins_add(channel=INCIDENTS, timestamp=posted["ts"])
    assert await refused(again) == "already_pinned"
    mark = {"channel_id": INCIDENTS, "title": "Runbook", "type": "link"}
    assert await refused(client.bookmarks_add(**mark, link="nothing")) == "invalid_link"
    assert (await client.bookmarks_add(**mark, link="https://wiki.example.com"))["bookmark"]["title"] == "Runbook"
    link = await client.chat_getPermalink(channel=INCIDENTS, message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/archives/{INCIDENTS}/p{posted['ts'].replace('.', '')}")


async def test_metadata_is_shown_only_when_asked(client: AsyncWebClient) -> None:
    """include_all_metadata decides; malformed metadata is refused."""
    good = {"event_type": "incident", "event_payload": {"id": "INC-42"}}
    await client.chat_postMessage(channel=INCIDENTS, text="x", metadata=good)
    plain = await client.conversations_history(channel=INCIDENTS)
    full = await client.conversations_history(channel=INCIDENTS, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == good
    bad = client.chat_postMessage(channel=INCIDENTS, text="x", metadata={"event_type": "incident"})
    assert await refused(bad) == "invalid_metadata_format"


async def test_an_ephemeral_message_reaches_one_person(slack: LocalSlack, client: AsyncWebClient) -> None:
    """Only the named member sees it, and it is not part of the history."""
    await client.chat_postEphemeral(channel=INCIDENTS, user=MIRA, text="only you")
    assert [message.text for message in slack.ephemerals("mira")] == ["only you"]
    assert slack.ephemerals("jonas") == []
    assert slack.messages("incidents") == []
    outsider = client.chat_postEphemeral(channel=INCIDENTS, user="U0NOBODY01", text="x")
    assert await refused(outsider) == "user_not_found"


async def test_a_file_is_uploaded_in_three_steps(slack: LocalSlack, client: AsyncWebClient) -> None:
    """files_upload_v2 shares the file as a message in the thread; an image block may refer to it."""
    root = await client.chat_postMessage(channel=INCIDENTS, text="root")
    done = await client.files_upload_v2(
        channel=INCIDENTS, thread_ts=root["ts"], filename="chart.png", content=b"\x89PNG", title="Error rate"
    )
    file_id = done["file"]["id"]
    shared = slack.thread("incidents", root["ts"])[1].content
    assert (shared["files"][0]["title"], shared["subtype"]) == ("Error rate", "file_share")
    assert (await client.files_info(file=file_id))["file"]["size"] == 4
    image = {"type": "image", "alt_text": "chart", "slack_file": {"id": file_id}}
    assert (await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[image]))["ok"]
    missing = {**image, "slack_file": {"id": "F0NOTHING"}}
    posted = client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[missing])
    assert await refused(posted) == "invalid_blocks"


async def test_strict_limits_answer_429_with_retry_after() -> None:
    """The 51st chat.update within a minute is refused until the first is a minute old."""
    clock = Clock()
    async with running_slack(enforcement="strict", clock=clock) as slack:
        client = client_of(slack)
        ts = (await client.chat_postMessage(channel=INCIDENTS, text="0"))["ts"]
        for number in range(50):
            await client.chat_update(channel=INCIDENTS, ts=ts, text=str(number))
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=INCIDENTS, ts=ts, text="one too many")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "60"
        clock.now += 60
        assert (await client.chat_update(channel=INCIDENTS, ts=ts, text="now"))["ok"]
        assert slack.call_counts["chat.update"] == 52


async def test_posting_is_limited_per_channel() -> None:
    """Strictly one message a second and channel; the relaxed workspace admits a burst of five."""
    for enforcement, admitted in (("strict", 1), ("relaxed", 5)):
        async with running_slack(enforcement=enforcement, clock=Clock()) as slack:
            client = client_of(slack)
            for number in range(admitted):
                await client.chat_postMessage(channel=INCIDENTS, text=str(number))
            assert await refused(client.chat_postMessage(channel=INCIDENTS, text="more")) == "ratelimited"
            assert (await client.chat_postMessage(channel=MIRA, text="elsewhere"))["ok"]


async def test_faults_hit_the_next_calls_only(slack: LocalSlack, client: AsyncWebClient) -> None:
    """A refusal, a 500, a dropped connection and a 429, each as often as ordered."""
    slack.faults.add("chat.postMessage", "refuse", error="fatal_error")
    slack.faults.add("chat.postMessage", "server_error", status=503)
    slack.faults.add("chat.postMessage", "drop")
    client.retry_handlers.clear()
    post: dict[str, Any] = {"channel": INCIDENTS, "text": "x"}
    assert await refused(client.chat_postMessage(**post)) == "fatal_error"
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(**post)
    assert caught.value.response.status_code == 503
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(**post)
    assert slack.messages("incidents") == []

    slack.faults.add("chat.postMessage", "ratelimited", seconds=0)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    assert (await client.chat_postMessage(**post))["ok"]


async def test_a_lost_answer_leaves_the_message_posted(slack: LocalSlack) -> None:
    """lose_answer is the honest ambiguity: the call took effect and the caller cannot know."""
    slack.faults.add("chat.postMessage", "lose_answer")
    client = client_of(slack)
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=INCIDENTS, text="did it arrive?")
    assert [message.text for message in slack.messages("incidents")] == ["did it arrive?"]


async def test_calls_are_logged_without_the_token(slack: LocalSlack, client: AsyncWebClient) -> None:
    """The log has arguments and answers; a token in header or body is nowhere in it."""
    await client.chat_postMessage(channel=INCIDENTS, text="hello")
    async with aiohttp.ClientSession() as session:
        form = {"token": client.token, "error": "my_error"}
        async with session.post(f"{slack.api_url}api.test", data=form) as answer:
            assert (await answer.json())["error"] == "my_error"
    logged = slack.calls_of("chat.postMessage")[0]
    assert (logged.arguments["text"], logged.response["ok"], logged.status) == ("hello", True, 200)
    assert str(client.token) not in repr(list(slack.calls))


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
