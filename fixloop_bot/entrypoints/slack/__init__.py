"""Slack's listeners, one module for each of its nouns.

A listener acks, translates and enqueues; nothing may raise after the ack.
"""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.bootstrap.steps import Steps
from fixloop_bot.entrypoints.slack import (
    actions,
    commands,
    events,
    groups,
    home,
    leftovers,
    modals,
    reactions,
    shortcuts,
    steps,
)
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import Forms


def register(app: AsyncApp, api: SlackApi, counter: Counter, forms: Forms, rooms: Steps | None = None) -> None:
    """Attach every listener; those of steps only where there are ``rooms`` for them.

    What a listener shows goes through ``api``, which keeps to Slack's limits, and never through Bolt's own client.
    """
    actions.register(app, api, counter)
    commands.register(app, counter, forms)
    modals.register(app, counter, forms)
    shortcuts.register(app, counter, forms)
    reactions.register(app, counter)  # before the events' catch-all
    groups.register(app, counter)  # before the events' catch-all
    home.register(app, counter)  # before the events' catch-all
    events.register(app, counter)
    if rooms is not None:
        steps.register(app, api, counter, rooms.details, rooms.editing)
    leftovers.register(app)
