"""Clicks by WebSocket: a connection that breaks without a word is soon another one, and nobody reads a traceback."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from fixloop_bot.entrypoints.slack.app import Receiver, bolt_log, socket_mode
from fixloop_bot.sandbox.slack import LocalSlack
from tests.sandbox.slack_room import APP_TOKEN, SECRET, bolt_app, client_of, running_slack, until


def cut(connection: web.WebSocketResponse) -> None:
    """No goodbye, as when a network goes."""
    transport = connection._req.transport if connection._req is not None else None
    assert transport is not None
    transport.abort()


async def test_a_connection_that_breaks_is_replaced_within_seconds() -> None:
    """Who clicks a few seconds later is heard."""
    async with running_slack() as slack, socket_mode(bolt_app(slack), APP_TOKEN):
        await until(lambda: len(slack.socket.connections) == 1)
        first = slack.socket.connections[0]
        cut(first)
        await until(
            lambda: bool(slack.socket.connections) and first not in slack.socket.connections,
            seconds=7,
        )


def logged_app(slack: LocalSlack) -> AsyncApp:
    """A Bolt app that writes where ours does."""
    return AsyncApp(client=client_of(slack), signing_secret=SECRET, logger=bolt_log())


async def test_a_connection_that_breaks_before_the_ack_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """It says what happened and what follows."""
    async with running_slack() as slack:
        app = logged_app(slack)
        receiver = Receiver(app, APP_TOKEN)

        @app.middleware
        async def breaking(next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002 - Bolt's name for it
            session = receiver.client.current_session
            assert session is not None
            cut(slack.socket.connections[0])
            await until(lambda: session.closed or session._writer.transport.is_closing())
            await next()

        @app.event("message")
        async def said() -> None: ...

        await receiver.connect_async()  # type: ignore[no-untyped-call]
        await until(lambda: slack.socket.connections)
        slack.people.message("mira", "incidents", "is it over?")
        await until(lambda: "broke before it took an answer" in caplog.text)
        await receiver.close_async()  # type: ignore[no-untyped-call]
    assert "Slack sends that again." in caplog.text
    assert "Traceback" not in caplog.text
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.levelname == "WARNING"


def test_what_is_wrong_with_us_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Only where a connection broke it is left out, also where the SDK connects again."""
    for error in (ConnectionResetError("gone"), KeyError("a bug")):
        try:
            raise error
        except (ConnectionResetError, KeyError):
            bolt_log().exception("Failed to connect")
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
