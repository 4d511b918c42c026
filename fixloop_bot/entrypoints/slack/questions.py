"""Which messages and clicks are questions, and to which incident's thread they belong."""

from __future__ import annotations

import re
from typing import Any

from fixloop_bot.adapters.slack.blocks.answer import PROMPT
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.asking import asks

OLDEST_S = 600.0
"""Slack repeats events for hours; nobody waits for the answer to a question that is older than this."""
LONGEST_TEXT = 2000
SPOKEN = frozenset({None, "", "thread_broadcast", "file_share", "me_message"})
"""Subtypes of what a person says; all others are edits, deletions, joins and what apps say."""
_TO_SOMEBODY = re.compile(r"\s*<@")
"""A question that begins with somebody's name is theirs to answer."""
_LINK = re.compile(r"link\s+(?:to\s+)?(?=#?(?:inc)?[-_ #]?\d)", re.IGNORECASE)
_SLACKBOT = "USLACKBOT"
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("&(?:lt|gt|amp);")


def question(body: dict[str, Any], *, now: float) -> Question | None:
    """What a person says, in a ``message`` or an ``app_mention``; None for bots, edits, what is hidden or too old.

    ``incident`` is still empty. A mention counts wherever it is made; a message without one only within a thread.
    """
    event = body.get("event") or {}
    if not _by_person(event) or now - _seconds(event.get("ts")) > OLDEST_S:
        return None
    text, bot = str(event.get("text") or ""), bot_user(body)
    mentioned = mentions(body)
    if not mentioned and not event.get("thread_ts"):
        return None
    channel, ts = str(event.get("channel", "")), str(event["ts"])
    return Question(
        id=f"{channel}:{ts}",
        channel=channel,
        thread_ts=str(event.get("thread_ts") or ts),
        ts=ts,
        user=str(event["user"]),
        team=str(event.get("user_team") or event.get("team") or body.get("team_id") or ""),
        text=words_of(text, bot)[:LONGEST_TEXT],
        addressed=mentioned or (asks(text) and not _TO_SOMEBODY.match(text)),
    )


def is_reply(body: dict[str, Any]) -> bool:
    return bool((body.get("event") or {}).get("thread_ts"))


def mentions(body: dict[str, Any]) -> bool:
    """Whether the message speaks to the bot by name."""
    event, bot = body.get("event") or {}, bot_user(body)
    text = str(event.get("text") or "")
    return event.get("type") == "app_mention" or (bool(bot) and re.search(rf"<@{re.escape(bot)}[>|]", text) is not None)


def greeting(asked: Question) -> Wish:
    """A mention without words asks how things stand; only its author is told."""
    thread = asked.thread_ts if asked.thread_ts != asked.ts else ""
    return Wish(id=f"mention:{asked.id}", what="mention", user=asked.user, channel=asked.channel, thread_ts=thread)


def linking(asked: Question) -> Wish | None:
    """``@FixLoop link INC-42``: Slack takes no slash command within a thread, so the mention stands for it there."""
    if _LINK.match(asked.text) is None:
        return None
    thread = asked.thread_ts if asked.thread_ts != asked.ts else ""
    return Wish(
        id=f"link:{asked.id}",
        what="command",
        user=asked.user,
        channel=asked.channel,
        thread_ts=thread,
        text=asked.text,
        place="command",
    )


def withdrawal(body: dict[str, Any]) -> Wish | None:
    """Somebody deleted their reply: what answers it stops. None for anything else."""
    event = body.get("event") or {}
    before = event.get("previous_message") or {}
    if event.get("subtype") != "message_deleted" or before.get("bot_id") or not before.get("user"):
        return None
    channel, ts = str(event.get("channel", "")), str(event.get("deleted_ts") or before.get("ts") or "")
    return Wish(
        id=f"withdrawn:{channel}:{ts}",
        what="withdraw_question",
        user=str(before["user"]),
        channel=channel,
        thread_ts=str(before.get("thread_ts") or ts),
        chosen=(f"{channel}:{ts}",),
    )


def prompted(body: dict[str, Any]) -> Question | None:
    """A click on a suggested question asks it, for whoever clicked."""
    action = body["actions"][0]
    text, ts = str(action.get("value") or "").strip(), str(action.get("action_ts") or "")
    message, container = body.get("message") or {}, body.get("container") or {}
    user = body.get("user") or {}
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id", ""))
    thread = str(message.get("thread_ts") or container.get("thread_ts") or message.get("ts") or "")
    if not str(action.get("action_id", "")).startswith(PROMPT) or not (text and user.get("id") and channel and thread):
        return None
    return Question(
        id=f"{channel}:{ts}:{user['id']}",
        channel=channel,
        thread_ts=thread,
        ts=ts,
        user=str(user["id"]),
        team=str(user.get("team_id") or (body.get("team") or {}).get("id") or ""),
        text=text[:LONGEST_TEXT],
    )


def _by_person(event: dict[str, Any]) -> bool:
    if event.get("bot_id") or event.get("bot_profile") or event.get("hidden") or event.get("edited"):
        return False
    return event.get("subtype") in SPOKEN and bool(event.get("ts")) and event.get("user") not in (None, "", _SLACKBOT)


def bot_user(body: dict[str, Any]) -> str:
    """Who we are, as the event says; several where it is delivered for several installations."""
    authorizations = body.get("authorizations") or [{}]
    return next((str(each["user_id"]) for each in authorizations if each.get("is_bot") and each.get("user_id")), "")


def words_of(text: str, bot: str) -> str:
    """Without the bot's name, and as it was typed."""
    without = (
        re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>[\s,:]*", "", text) if bot else re.sub(r"^\s*<@\w+>[\s,:]*", "", text)
    )
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], without).strip()


def _seconds(ts: Any) -> float:
    try:
        return float(ts)
    except (TypeError, ValueError):
        return 0.0
