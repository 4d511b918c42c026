"""The Bolt app: one workspace, one token, requests verified, listeners registered."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped, warning_token_skipped
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.bootstrap import House
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.entrypoints.slack import register
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import Forms

log = logging.getLogger(__name__)

LOST = (ConnectionError, TimeoutError, aiohttp.ClientError)
"""What a broken connection raises."""

ON_PURPOSE = frozenset({warning_client_prioritized_and_token_skipped(), warning_token_skipped()})
"""Bolt finds SLACK_BOT_TOKEN in the environment by itself, and warns that our client and our authorize come first."""
SAID_BY_RECEIVER = "is no longer active. Failed to send a message"
"""The end of what the SDK says before it raises; our own line says what follows from it."""


def create_slack_app(built: House) -> AsyncApp:
    """Bolt with our own ``authorize``: with it, SLACK_CLIENT_ID in the environment cannot switch Bolt to OAuth mode."""
    api = built.slack
    if api is None:
        raise ValueError("Slack is not configured")

    async def authorize(**_: Any) -> Any:
        try:
            me = await api.identity()
        except (SlackRefused, SlackBusy) as error:
            # Who we are is a convenience. A click must not be lost for it, nor people be told to reinstall the app.
            log.warning("Slack did not say who we are: %s", error)
            me = {}
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.get("team_id"),
            bot_user_id=me.get("user_id"),
            bot_id=me.get("bot_id"),
            bot_token=built.settings.slack_bot_token,
        )

    app = AsyncApp(
        name="fixloop",
        logger=bolt_log(),
        client=api.client,
        authorize=authorize,
        signing_secret=built.settings.slack_signing_secret or "socket mode needs none",
        request_verification_enabled=not built.settings.socket_mode,
    )
    counter = Counter(built.store, built.queue, built.board)
    register(app, api, counter, forms_of(built, api, counter), built.steps)
    return app


def forms_of(built: House, api: SlackApi, counter: Counter) -> Forms:
    by = built.ownership
    return Forms(api, built.store, built.store, counter, by.permissions, by.resolution, catalog=built.catalog)


def bolt_log() -> logging.Logger:
    """Where Bolt and Slack's SDK write, without what is no news."""
    bolt = logging.getLogger("fixloop_bot.bolt")
    bolt.setLevel(logging.WARNING)  # at INFO Bolt writes whole bodies of requests with a wrong signature
    bolt.addFilter(_on_purpose)
    bolt.addFilter(_without_lost_connections)
    return bolt


def _on_purpose(record: logging.LogRecord) -> bool:
    return record.msg not in ON_PURPOSE and not str(record.msg).endswith(SAID_BY_RECEIVER)


def _without_lost_connections(record: logging.LogRecord) -> bool:
    """That Slack cannot be reached is a sentence; where in aiohttp it was noticed is no news. The SDK has no other seam
    for its own reconnecting."""
    if record.exc_info and isinstance(record.exc_info[1], LOST):
        record.exc_info = None
    return True


LOOKS_AFTER_THE_SOCKET_S = 3.0
"""So long a broken connection may go unnoticed; the SDK's ten seconds are three times the life of a click's trigger."""


class Receiver(AsyncSocketModeHandler):
    """Bolt's handler; a connection that breaks while it answers is no fault of ours."""

    async def handle(self, socket: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        try:
            await super().handle(socket, req)
        except LOST as error:
            log.warning(
                "The connection to Slack broke before it took an answer (%s). Slack sends that again.",
                type(error).__name__,
            )


@contextlib.asynccontextmanager
async def socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[None]:
    """Receive by WebSocket; reconnects by itself."""
    handler = Receiver(app, app_token, ping_interval=LOOKS_AFTER_THE_SOCKET_S)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
