"""A local Slack workspace: a stranger to the bot, who speaks to it only over HTTP and WebSocket."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.delivery import Answer, Delivered
from fixloop_bot.sandbox.slack.records import Change, Channel, Message, NotThereError, User
from fixloop_bot.sandbox.slack.server import LocalSlack

__all__ = ["Answer", "Change", "Channel", "Delivered", "LocalSlack", "Message", "NotThereError", "User"]
