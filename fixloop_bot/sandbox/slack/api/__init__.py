"""The Web API, one module for each of Slack's nouns."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api import (
    apps,
    assistants,
    canvases,
    chat,
    conversations,
    files,
    marks,
    modals,
    streams,
    users,
)
from fixloop_bot.sandbox.slack.api.call import Method

__all__ = ["all_methods"]


def all_methods() -> dict[str, Method]:
    """Every method the local Slack knows, by its name."""
    families = (apps, assistants, canvases, chat, conversations, files, marks, modals, streams, users)
    return {name: method for family in families for name, method in family.methods().items()}
