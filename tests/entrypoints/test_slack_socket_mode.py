"""Clicks by WebSocket: a connection that breaks without a word is soon another one."""

from __future__ import annotations

from fixloop_bot.entrypoints.slack.app import socket_mode
from tests.sandbox.slack_room import APP_TOKEN, bolt_app, running_slack, until


async def test_a_connection_that_breaks_is_replaced_within_seconds() -> None:
    """No goodbye, as when a network goes: who clicks a few seconds later is heard."""
    async with running_slack() as slack, socket_mode(bolt_app(slack), APP_TOKEN):
        await until(lambda: len(slack.socket.connections) == 1)
        first = slack.socket.connections[0]
        transport = first._req.transport if first._req is not None else None
        assert transport is not None
        transport.abort()
        await until(
            lambda: bool(slack.socket.connections) and first not in slack.socket.connections,
            seconds=7,
        )
