"""What the local Slack tells a bot unasked: events, their retries, and the ways to follow changes."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER, INCIDENTS
from tests.sandbox.slack_room import (
    SECRET,
    client_of,
    running_slack,
    serving,
    until,
)

Json = dict[str, Any]


async def test_a_mention_arrives_twice_and_own_messages_come_back(slack: LocalSlack, app: AsyncApp) -> None:
    """One @mention is an app_mention and a message; the bot's posts and edits are delivered with its bot_id."""
    said = slack.people.message("mira", "incidents", "@fixloop is it safe?")
    client = client_of(slack)
    posted = await client.chat_postMessage(channel=INCIDENTS, text="no", thread_ts=said.ts)
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="not yet")
    await slack.settled()

    events = [each.payload for each in slack.deliveries if each.retry == 0]
    kinds = [(each["event"]["type"], each["event"].get("subtype")) for each in events]
    expected = [("message", None), ("app_mention", None), ("message", None), ("message", "message_changed")]
    assert sorted(kinds, key=str) == sorted(expected, key=str)
    assert len({each["event_id"] for each in events}) == 4
    mention = next(each["event"] for each in events if each["event"]["type"] == "app_mention")
    assert (mention["text"], mention["ts"]) == (f"<@{BOT_USER}> is it safe?", said.ts)
    own = [each["event"] for each in events if each["event"].get("bot_id") == BOT_ID]
    assert [each["thread_ts"] for each in own] == [said.ts]
    changed = next(each["event"] for each in events if each["event"].get("subtype") == "message_changed")
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("not yet", "no")


async def test_only_subscribed_events_of_its_channels_are_delivered() -> None:
    """bot_events of the manifest decide, and so does membership."""
    async with running_slack(bot_events=["app_mention"]) as slack:
        slack.people.message("mira", "incidents", "hello")
        slack.people.message("mira", "general", "@fixloop hello")
        slack.people.message("mira", "incidents", "@fixloop hello")
        await slack.settled()
        assert [each.payload["event"]["type"] for each in slack.deliveries] == ["app_mention"]


async def test_edits_deletions_reactions_and_home_are_events(slack: LocalSlack, app: AsyncApp) -> None:
    """Each thing a person does has its event."""
    people = slack.people
    said = people.message("mira", "incidents", "rolled back")
    people.edit("mira", "incidents", said.ts, "rolled back 2.14.0")
    people.reaction("jonas", "incidents", said.ts, ":tada:")
    people.reaction("jonas", "incidents", said.ts, "tada", add=False)
    people.delete("mira", "incidents", said.ts)
    people.join("fixloop", "general")
    people.direct("mira", "hi")
    people.open_home("mira")
    await slack.settled()
    events = [each.payload["event"] for each in slack.deliveries if each.retry == 0]
    kinds = {f"{each['type']}/{each.get('subtype') or each.get('channel_type', '')}" for each in events}
    assert kinds == {
        "message/channel",
        "message/message_changed",
        "message/message_deleted",
        "message/im",
        "reaction_added/",
        "reaction_removed/",
        "member_joined_channel/C",
        "app_home_opened/",
    }


async def test_unacknowledged_events_are_sent_again_three_times(slack: LocalSlack) -> None:
    """Retries carry number and reason and the same event_id, and are signed like the first attempt."""
    seen: list[tuple[str | None, str | None, bool]] = []
    verifier = SignatureVerifier(SECRET)

    async def broken(request: web.Request) -> web.Response:
        valid = verifier.is_valid_request(await request.read(), dict(request.headers))
        headers = request.headers
        seen.append((headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason"), valid))
        return web.Response(status=500)

    application = web.Application()
    application.router.add_post("/slack/events", broken)
    async with serving(slack, application):
        slack.people.message("mira", "incidents", "hello")
        await slack.settled()
    error = "http_error"
    assert seen == [(None, None, True), ("1", error, True), ("2", error, True), ("3", error, True)]
    assert len({each.payload["event_id"] for each in slack.deliveries}) == 1


async def test_repeated_deliveries_can_be_ordered(slack: LocalSlack, app: AsyncApp) -> None:
    """repeat_events sends each event again although it was acknowledged."""
    ids: list[str] = []

    @app.event("message")
    async def hear(body: Json) -> None:
        ids.append(body["event_id"])

    slack.delivery.repeat_events = 2
    slack.people.message("mira", "incidents", "hello")
    await slack.settled()
    await until(lambda: len(ids) == 3)
    assert len(set(ids)) == 1


async def test_the_url_handshake(slack: LocalSlack, app: AsyncApp) -> None:
    """url_verification succeeds with an app that echoes the challenge, and fails without one."""
    assert await slack.verify_url()
    slack.events_url = None
    assert not await slack.verify_url()


async def test_changes_can_be_followed(slack: LocalSlack) -> None:
    """A follower sees what happened since it began to follow, in order."""
    client, changes = client_of(slack), slack.changes()
    posted = await client.chat_postMessage(channel=INCIDENTS, text="one")
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="two")
    slack.people.reaction("mira", "incidents", posted["ts"], "eyes")
    async with asyncio.timeout(2):
        kinds = [(await anext(changes)).kind for _ in range(3)]
    assert kinds == ["message_posted", "message_updated", "reaction_added"]


async def test_the_control_surface_acts_for_people(slack: LocalSlack, app: AsyncApp) -> None:
    """POST /_sandbox/ACTION does what the Python API does; a foreign host name and a form are refused."""

    @app.command("/fixloop")
    async def status(ack: Any) -> None:
        await ack()

    async with aiohttp.ClientSession(base_url=slack.admin_url) as session:
        message = {"user": "mira", "channel": "#incidents", "text": "hello"}
        async with session.post("/_sandbox/message", json=message) as response:
            ts = (await response.json())["result"]["ts"]
        command = {"user": "mira", "channel": "#incidents", "text": "/fixloop status"}
        async with session.post("/_sandbox/command", json=command) as response:
            assert (await response.json())["result"]["outcome"] == "ok"
        async with session.get("/_sandbox/thread", params={"channel": INCIDENTS, "ts": ts}) as response:
            assert [each["text"] for each in (await response.json())["messages"]] == ["hello"]
        async with session.get("/_sandbox/changes") as response:
            slack.people.message("jonas", "incidents", "hi")
            line = b""
            while not line.startswith(b"data:"):
                line = await response.content.readline()
            assert b"message_posted" in line
        async with session.post("/_sandbox/message", data=message) as response:
            assert response.status == 415
        async with session.get("/_sandbox/state", headers={"Host": "evil.example"}) as response:
            assert response.status == 403
        async with session.post("/_sandbox/faults", json={"method": "*", "kind": "refuse"}) as response:
            assert response.status == 200
    with pytest.raises(SlackApiError, match="internal_error"):
        await client_of(slack).auth_test()
