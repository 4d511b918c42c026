"""Fixtures' parts for the local Slack: a running workspace, a real client, and a real Bolt app that listens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.slack import LocalSlack

BOT_TOKEN = "xoxb-local-test"
APP_TOKEN = "xapp-local-test"
SECRET = "a-signing-secret"

Json = dict[str, Any]


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running_slack(**options: object) -> AsyncIterator[LocalSlack]:
    slack = LocalSlack(bot_token=BOT_TOKEN, signing_secret=SECRET, app_token=APP_TOKEN, **options)  # type: ignore[arg-type]
    await slack.start()
    try:
        yield slack
    finally:
        await slack.stop()


def client_of(slack: LocalSlack, token: str = BOT_TOKEN) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=slack.api_url)


def bolt_app(slack: LocalSlack) -> AsyncApp:
    return AsyncApp(client=client_of(slack), signing_secret=SECRET)


@asynccontextmanager
async def listening(slack: LocalSlack, app: AsyncApp) -> AsyncIterator[None]:
    """The Bolt app behind HTTP on a free port, and the workspace's events_url pointing at it."""
    async with serving(slack, app.server(path="/slack/events").web_app):
        yield


@asynccontextmanager
async def serving(slack: LocalSlack, application: web.Application) -> AsyncIterator[None]:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; fail at the deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def option(value: str) -> Json:
    return {"text": {"type": "mrkdwn", "text": f"step {value}"}, "value": value}


def checklist(block_id: str, *ticked: str) -> list[Json]:
    boxes: Json = {"type": "checkboxes", "action_id": "steps", "options": [option("1"), option("2")]}
    if ticked:
        boxes["initial_options"] = [option(value) for value in ticked]
    label = {"type": "plain_text", "text": "Validate"}
    button = {"type": "button", "action_id": "validate", "text": label, "value": "INC-42"}
    return [
        {"type": "actions", "block_id": block_id, "elements": [boxes]},
        {"type": "actions", "block_id": "keys", "elements": [button]},
    ]


def modal(**more: Any) -> Json:
    label = {"type": "plain_text", "text": "Why"}
    field = {"type": "plain_text_input", "action_id": "reason"}
    return {
        "type": "modal",
        "callback_id": "edit",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "why", "label": label, "element": field}],
        **more,
    }


async def refused(call: object) -> str:
    """The error name of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await call  # type: ignore[misc]
    return str(caught.value.response["error"])
