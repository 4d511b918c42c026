"""Messages of people that were changed or deleted after they were heard: they are never answered, only kept as told."""

from __future__ import annotations

from typing import Any

from fixloop_bot.application.copilot.question import Question
from fixloop_bot.entrypoints.slack.questions import LONGEST_TEXT, bot_user, words_of

_GONE = frozenset({"message_deleted"})
_TOMBSTONE = "tombstone"


def amendment(body: dict[str, Any]) -> Question | None:
    """A reply as it reads now, empty where it is gone; None for anything else, unfurled links and bots among it."""
    event = body.get("event") or {}
    now, before = event.get("message") or {}, event.get("previous_message") or {}
    subtype, said = event.get("subtype"), before or now
    if subtype not in (*_GONE, "message_changed") or said.get("bot_id") or not said.get("user"):
        return None
    thread = str(said.get("thread_ts") or now.get("thread_ts") or "")
    channel, ts = str(event.get("channel", "")), str(event.get("deleted_ts") or said.get("ts") or "")
    if not (thread and channel and ts) or thread == ts:
        return None
    gone = subtype in _GONE or now.get("subtype") == _TOMBSTONE
    if not gone and now.get("text") == before.get("text"):
        return None
    text = "" if gone else words_of(str(now.get("text") or ""), bot_user(body))[:LONGEST_TEXT]
    at = str((now.get("edited") or {}).get("ts") or event.get("event_ts") or event.get("ts") or ts)
    return Question(
        id=f"{channel}:{ts}",
        channel=channel,
        thread_ts=thread,
        ts=ts,
        user=str(said["user"]),
        team=str(body.get("team_id") or ""),
        text=text,
        addressed=False,
        edited=at,
    )
