"""Slack's listeners, one module for each of its nouns.

A listener acks, translates and enqueues; nothing may raise after the ack.
"""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from fixloop_bot.entrypoints.slack import actions, commands, events, leftovers
from fixloop_bot.entrypoints.slack.counter import Counter


def register(app: AsyncApp, counter: Counter) -> None:
    """Attach every listener."""
    actions.register(app, counter)
    commands.register(app, counter)
    events.register(app, counter)
    leftovers.register(app)
