"""Socket Mode of the local Slack, with Bolt's own AsyncSocketModeHandler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from tests.sandbox.slack_room import APP_TOKEN, bolt_app, client_of, running_slack, until


@asynccontextmanager
async def connected(app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, APP_TOKEN, ping_interval=1)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        local.delivery.retry_scale = 0.0
        yield local


def hearing_app(slack: LocalSlack, heard: list[str]) -> AsyncApp:
    app = bolt_app(slack)

    @app.event("message")
    async def hear(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    @app.action("go")
    async def go(ack: Any) -> None:
        await ack()
        heard.append("click")

    @app.command("/fixloop")
    async def command(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"you said {command['text']}")

    return app


async def test_events_clicks_and_commands_travel_in_envelopes(slack: LocalSlack) -> None:
    """Each is acknowledged on the socket, and a command's answer comes back in the acknowledgement."""
    heard: list[str] = []
    async with connected(hearing_app(slack, heard)):
        slack.people.message("mira", "incidents", "hello")
        await slack.settled()
        go = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
        posted = await client_of(slack).chat_postMessage(
            channel=INCIDENTS, text="go?", blocks=[{"type": "actions", "elements": [go]}]
        )
        assert (await slack.people.click("mira", "incidents", posted["ts"], "go")).ok
        assert (await slack.people.command("mira", "incidents", "/fixloop status")).ok
        await until(lambda: len(heard) == 2)
    assert heard == ["hello", "click"]
    assert [message.text for message in slack.ephemerals("mira")] == ["you said status"]


async def test_a_client_reconnects_after_a_disconnect(slack: LocalSlack) -> None:
    """refresh_requested ends the connection; what happens meanwhile waits for the next one."""
    heard: list[str] = []
    async with connected(hearing_app(slack, heard)):
        await until(lambda: len(slack.socket.connections) == 1)
        first = slack.socket.connections[0]
        await slack.socket.disconnect("warning")
        await slack.socket.disconnect("refresh_requested")
        slack.people.message("mira", "incidents", "are you there?")
        await until(lambda: heard == ["are you there?"], seconds=10)
        # slack_sdk opens a new connection for each of the two notices; only the last one stays.
        await until(lambda: slack.socket.connections and first not in slack.socket.connections)


async def test_two_connections_share_the_envelopes(slack: LocalSlack) -> None:
    """Any connection may get a payload, and each payload goes to one of them."""
    left: list[str] = []
    right: list[str] = []
    async with connected(hearing_app(slack, left)), connected(hearing_app(slack, right)):
        await until(lambda: len(slack.socket.connections) == 2)
        for number in range(4):
            slack.people.message("mira", "incidents", str(number))
        await slack.settled()
        await until(lambda: len(left) + len(right) == 4)
    assert (len(left), len(right)) == (2, 2)
    assert sorted(left + right) == ["0", "1", "2", "3"]


async def test_hello_counts_connections_and_an_eleventh_is_refused(slack: LocalSlack) -> None:
    """hello says how many connections there are; apps.connections.open stops at ten; tickets work once."""
    client = client_of(slack, APP_TOKEN)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for number in range(1, 11):
            url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
            sockets.append(await session.ws_connect(url))
            hello = await sockets[-1].receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", number)
        with pytest.raises(SlackApiError, match="too_many_websockets"):
            await client.apps_connections_open(app_token=APP_TOKEN)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        for socket in sockets:
            await socket.close()


async def test_an_unacknowledged_envelope_is_a_timeout_and_is_retried(slack: LocalSlack) -> None:
    """Retries in envelopes carry retry_attempt and retry_reason."""
    slack.delivery.ack_seconds = 0.05
    client = client_of(slack, APP_TOKEN)
    async with aiohttp.ClientSession() as session:
        url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
        async with session.ws_connect(url) as socket:
            await socket.receive_json()
            slack.people.message("mira", "incidents", "hello")
            envelopes = [await socket.receive_json(timeout=2) for _ in range(4)]
            await slack.settled()
    attempts = [(each["retry_attempt"], each["retry_reason"]) for each in envelopes]
    assert attempts == [(0, ""), (1, "http_timeout"), (2, "http_timeout"), (3, "http_timeout")]
    assert len({each["envelope_id"] for each in envelopes}) == 4
