"""reactions.*, pins.*, bookmarks.*: marks on messages and channels."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.limits import TIER_2, TIER_3
from fixloop_bot.sandbox.slack.records import Change, Channel, Json, Message, RefusalError

EMOJI_NAME = 100
REACTIONS = 23
"""Slack's limit of different emoji on one message by apps."""


def methods() -> dict[str, Method]:
    write = ("reactions:write",)
    return {
        "reactions.add": Method(handle=add, per_minute=TIER_3, scopes=write),
        "reactions.remove": Method(handle=remove, per_minute=TIER_2, scopes=write),
        "reactions.get": Method(handle=get, per_minute=TIER_3, scopes=("reactions:read",)),
        "pins.add": Method(handle=pin, per_minute=TIER_2, scopes=("pins:write",)),
        "pins.remove": Method(handle=unpin, per_minute=TIER_2, scopes=("pins:write",)),
        "pins.list": Method(handle=pinned, per_minute=TIER_2, scopes=("pins:read",)),
        "bookmarks.add": Method(handle=bookmark, per_minute=TIER_2, scopes=("bookmarks:write",)),
        "bookmarks.edit": Method(handle=rebookmark, per_minute=TIER_2, scopes=("bookmarks:write",)),
        "bookmarks.remove": Method(handle=unbookmark, per_minute=TIER_2, scopes=("bookmarks:write",)),
        "bookmarks.list": Method(handle=bookmarked, per_minute=TIER_3, scopes=("bookmarks:read",)),
    }


def add(call: Call) -> Json:
    name, message = _name(call), _message(call)
    channel = call.core.workspace.channels[message.channel]
    if channel.archived:
        raise RefusalError("is_archived")
    present = channel.reactions.get(message.ts, {})
    if name not in present and len(present) >= REACTIONS:
        raise RefusalError("too_many_emoji")
    if not call.core.workspace.react(message, BOT_USER, name, add=True):
        raise RefusalError("already_reacted")
    return {"ok": True}


def remove(call: Call) -> Json:
    if not call.core.workspace.react(_message(call), BOT_USER, _name(call), add=False):
        raise RefusalError("no_reaction")
    return {"ok": True}


def get(call: Call) -> Json:
    message = _message(call)
    shown = {"reactions": [], **call.core.workspace.shown(message)}
    return {"ok": True, "type": "message", "channel": message.channel, "message": shown}


def pin(call: Call) -> Json:
    channel = call.joined_channel()
    message = call.message(channel, "timestamp")
    if message.ts in channel.pins:
        raise RefusalError("already_pinned")
    channel.pins.append(message.ts)
    call.core.changes.publish(Change(kind="pin_added", channel=channel.id, ts=message.ts, user=BOT_USER))
    return {"ok": True}


def unpin(call: Call) -> Json:
    channel = call.joined_channel()
    message = call.message(channel, "timestamp")
    if message.ts not in channel.pins:
        raise RefusalError("no_pin")
    channel.pins.remove(message.ts)
    call.core.changes.publish(Change(kind="pin_removed", channel=channel.id, ts=message.ts, user=BOT_USER))
    return {"ok": True}


def pinned(call: Call) -> Json:
    channel = call.joined_channel()
    messages = [channel.messages[ts] for ts in channel.pins if not channel.messages[ts].deleted]
    shown = call.core.workspace.shown
    return {"ok": True, "items": [_item(channel.id, shown(message)) for message in messages]}


def _item(channel: str, message: Json) -> Json:
    return {"type": "message", "channel": channel, "message": message, "created_by": BOT_USER}


def bookmark(call: Call) -> Json:
    channel = call.joined_channel(argument="channel_id")
    kind, title = call.text("type"), call.text("title")
    if kind != "link":
        raise RefusalError("invalid_bookmark_type")
    link = call.text("link")
    if "://" not in link:
        raise RefusalError("invalid_link")
    added: Json = {"id": call.core.workspace.ids.make("Bk"), "channel_id": channel.id, "type": kind}
    added |= {"title": title, "link": link, "emoji": call.optional("emoji") or ""}
    channel.bookmarks.append(added)
    call.core.changes.publish(Change(kind="bookmark_added", channel=channel.id, payload={"bookmark": added}))
    return {"ok": True, "bookmark": added}


def rebookmark(call: Call) -> Json:
    """What is given is changed; the rest stays."""
    channel = call.joined_channel(argument="channel_id")
    found = _bookmark(call, channel)
    link = call.optional("link")
    if link is not None and "://" not in link:
        raise RefusalError("invalid_link")
    given = {"title": call.optional("title"), "link": link, "emoji": call.optional("emoji")}
    found |= {name: value for name, value in given.items() if value is not None}
    call.core.changes.publish(Change(kind="bookmark_changed", channel=channel.id, payload={"bookmark": found}))
    return {"ok": True, "bookmark": found}


def unbookmark(call: Call) -> Json:
    channel = call.joined_channel(argument="channel_id")
    found = _bookmark(call, channel)
    channel.bookmarks.remove(found)
    call.core.changes.publish(Change(kind="bookmark_removed", channel=channel.id, payload={"bookmark": found}))
    return {"ok": True}


def bookmarked(call: Call) -> Json:
    return {"ok": True, "bookmarks": call.joined_channel(argument="channel_id").bookmarks}


def _bookmark(call: Call, channel: Channel) -> Json:
    wanted = call.text("bookmark_id")
    for each in channel.bookmarks:
        if each["id"] == wanted:
            return each
    raise RefusalError("not_found")


def _message(call: Call) -> Message:
    return call.message(call.joined_channel(), "timestamp")


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    plain = name.replace("_", "").replace("-", "").replace("+", "").replace(":", "").replace("'", "")
    if not plain.isalnum() or len(name) > EMOJI_NAME or name != name.lower():
        raise RefusalError("invalid_name")
    return name
