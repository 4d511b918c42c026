"""User groups: who is put on call, or taken off it, has their rights or has lost them with the next click."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from fixloop_bot.application.directory import group_key
from fixloop_bot.entrypoints.slack.counter import Counter


def register(app: AsyncApp, counter: Counter) -> None:
    async def changed(body: dict[str, Any]) -> None:
        group, mark = changed_group(body)
        if group and mark:
            await counter.changed(group_key(group), mark)

    app.event("subteam_members_changed")(changed)
    app.event("subteam_updated")(changed)


def changed_group(body: dict[str, Any]) -> tuple[str, str]:
    """The group's id, and what tells this change from others; empty where the event does not say."""
    event = body.get("event") or {}
    subteam = event.get("subteam")
    group = event.get("subteam_id") or (subteam.get("id") if isinstance(subteam, dict) else "")
    return str(group or ""), str(body.get("event_id") or event.get("event_ts") or "")
