"""The Bolt app: one workspace, one token, requests verified, listeners registered."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped, warning_token_skipped

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.bootstrap import House
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.entrypoints.slack import register
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import Forms

log = logging.getLogger(__name__)

ON_PURPOSE = frozenset({warning_client_prioritized_and_token_skipped(), warning_token_skipped()})
"""Bolt finds SLACK_BOT_TOKEN in the environment by itself, and warns that our client and our authorize come first."""


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

    bolt_log = logging.getLogger("fixloop_bot.bolt")
    bolt_log.setLevel(logging.WARNING)  # at INFO Bolt writes whole bodies of requests with a wrong signature
    bolt_log.addFilter(_on_purpose)
    app = AsyncApp(
        name="fixloop",
        logger=bolt_log,
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


def _on_purpose(record: logging.LogRecord) -> bool:
    return record.msg not in ON_PURPOSE


LOOKS_AFTER_THE_SOCKET_S = 3.0
"""So long a broken connection may go unnoticed; the SDK's ten seconds are three times the life of a click's trigger."""


@contextlib.asynccontextmanager
async def socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[None]:
    """Receive by WebSocket; reconnects by itself."""
    handler = AsyncSocketModeHandler(app, app_token, ping_interval=LOOKS_AFTER_THE_SOCKET_S)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
