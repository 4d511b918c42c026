"""The local Slack's Web API, driven by the official client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
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
from tests.sandbox.slack_room import client_of, refused, running_slack


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        yield local


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack)


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


async def test_history_is_newest_first_and_pages(client: AsyncWebClient) -> None:
    """limit and cursor walk back in time; oldest and latest bound it, themselves excluded unless inclusive."""
    posted = [(await client.chat_postMessage(channel=INCIDENTS, text=str(number)))["ts"] for number in range(3)]

    async def read(**bounds: Any) -> list[str]:
        messages = (await client.conversations_history(channel=INCIDENTS, **bounds))["messages"]
        return [message["text"] for message in messages]

    first = await client.conversations_history(channel=INCIDENTS, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    assert ([message["text"] for message in first["messages"]], first["has_more"]) == (["2", "1"], True)
    assert await read(limit=2, cursor=cursor) == ["0"]
    assert await read(oldest=posted[0]) == ["2", "1"]
    assert await read(latest=posted[1], inclusive=True) == ["1", "0"]
    assert await refused(client.conversations_history(channel=INCIDENTS, cursor="?")) == "invalid_cursor"


async def test_arguments_may_come_as_form_query_or_json(slack: LocalSlack, client: AsyncWebClient) -> None:
    """A form carries blocks as JSON text; broken JSON in it is invalid_blocks_format."""
    form = {"channel": INCIDENTS, "text": "x", "blocks": '[{"type": "divider", "block_id": "d"}]'}
    posted = await client.api_call("chat.postMessage", data=form)
    assert posted["message"]["blocks"] == [{"type": "divider", "block_id": "d"}]
    broken = client.api_call("chat.postMessage", data={**form, "blocks": "[{"})
    assert await refused(broken) == "invalid_blocks_format"
    by_query = await client.api_call("users.info", http_verb="GET", params={"user": MIRA})
    assert by_query["user"]["name"] == "mira"
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("chat.postMessage", json={"text": "where?"})
    expected = ["[ERROR] missing required field: channel"]
    assert caught.value.response["response_metadata"]["messages"] == expected
    assert await refused(client.api_call("chat.shout")) == "unknown_method"


async def test_replies_go_to_the_root_and_deleted_ones_are_gone(slack: LocalSlack, client: AsyncWebClient) -> None:
    """Replying to a reply continues the thread; deleting a reply takes it out of the count."""
    root = await client.chat_postMessage(channel=INCIDENTS, text="root")
    first = await client.chat_postMessage(channel=INCIDENTS, text="1", thread_ts=root["ts"])
    second = await client.chat_postMessage(channel=INCIDENTS, text="2", thread_ts=first["ts"])
    assert second["message"]["thread_ts"] == root["ts"]
    await client.chat_delete(channel=INCIDENTS, ts=first["ts"])
    thread = (await client.conversations_replies(channel=INCIDENTS, ts=root["ts"]))["messages"]
    assert [message["text"] for message in thread] == ["root", "2"]
    assert thread[0]["reply_count"] == 1
