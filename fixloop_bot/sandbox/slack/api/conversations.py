"""conversations.*: where people talk, and what was said."""

from __future__ import annotations

import math

from fixloop_bot.sandbox.slack.api.call import Call, Method, page
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.limits import TIER_2, TIER_3, TIER_4
from fixloop_bot.sandbox.slack.records import Channel, Json, Message, RefusalError

CREATED = 1_700_000_000
KINDS = {"public": "public_channel", "private": "private_channel", "im": "im"}
SCOPE_OF_KIND = {"public": "channels", "private": "groups", "im": "im"}


def methods() -> dict[str, Method]:
    read = ("channels:read", "groups:read", "im:read")
    history_of = ("channels:history", "groups:history", "im:history")
    return {
        "conversations.list": Method(handle=list_all, per_minute=TIER_2, scopes=read),
        "conversations.info": Method(handle=info, per_minute=TIER_3, scopes=read),
        "conversations.join": Method(handle=join, per_minute=TIER_3, scopes=("channels:join",)),
        "conversations.history": Method(handle=history, per_minute=TIER_3, scopes=history_of),
        "conversations.replies": Method(handle=replies, per_minute=TIER_3, scopes=history_of),
        "conversations.members": Method(handle=members, per_minute=TIER_4, scopes=read),
        "conversations.open": Method(handle=open_direct, per_minute=TIER_3, scopes=("im:write",)),
        "users.conversations": Method(handle=of_user, per_minute=TIER_3, scopes=read),
    }


def list_all(call: Call) -> Json:
    return _listed(call, [channel for channel in call.core.workspace.channels.values() if _visible(channel)])


def of_user(call: Call) -> Json:
    user = call.optional("user") or BOT_USER
    channels = call.core.workspace.channels.values()
    return _listed(call, [each for each in channels if user in each.members and _visible(each)])


def info(call: Call) -> Json:
    channel = call.channel()
    _scope(call, channel, "read")
    shown = described(channel, count=call.flag("include_num_members"))
    canvases = call.core.workspace.canvases.values()
    own = [each for each in canvases if each.channel == channel.id and each.of_channel]
    if own:
        shown["properties"] = {"canvas": {"file_id": own[0].id, "is_empty": not own[0].sections}}
    return {"ok": True, "channel": shown}


def join(call: Call) -> Json:
    channel = call.channel()
    if channel.kind != "public":
        raise RefusalError("method_not_supported_for_channel_type")
    if channel.archived:
        raise RefusalError("is_archived")
    answer: Json = {"ok": True, "channel": described(channel)}
    if not call.core.workspace.join(channel, BOT_USER):
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    answer["channel"] = described(channel)
    return answer


def history(call: Call) -> Json:
    """Newest first, without replies that were not also sent to the channel."""
    channel = call.joined_channel()
    _scope(call, channel, "history")
    top = [each for each in channel.messages.values() if not each.is_reply or _broadcast(each)]
    messages = _between(call, [each for each in top if not each.deleted])
    chosen, metadata = page(messages[::-1], call, default=100, maximum=999)
    return {
        "ok": True,
        "messages": [_read(call, message) for message in chosen],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": len(channel.pins),
        "response_metadata": metadata,
    }


def replies(call: Call) -> Json:
    """The root first, then the replies, oldest first."""
    channel = call.joined_channel()
    _scope(call, channel, "history")
    ts = call.text("ts")
    asked = channel.messages.get(ts)
    if asked is None or asked.deleted:
        raise RefusalError("thread_not_found")
    thread = [asked] if asked.is_reply else call.core.workspace.thread(channel, ts)
    root, others = thread[:1], _between(call, thread[1:])
    chosen, metadata = page(root + others, call, default=1000, maximum=1000)
    return {
        "ok": True,
        "messages": [_read(call, message) for message in chosen],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def members(call: Call) -> Json:
    channel = call.channel()
    _scope(call, channel, "read")
    chosen, metadata = page(sorted(channel.members), call)
    return {"ok": True, "members": chosen, "response_metadata": metadata}


def open_direct(call: Call) -> Json:
    if call.optional("channel") is not None:
        return {"ok": True, "no_op": True, "already_open": True, "channel": described(call.channel())}
    users = call.names("users")
    if len(users) != 1:
        raise RefusalError("users_list_not_supplied" if not users else "not_enough_users")
    if users[0] not in call.core.workspace.users:
        raise RefusalError("user_not_found")
    return {"ok": True, "channel": described(call.core.workspace.direct(users[0], BOT_USER))}


def described(channel: Channel, *, count: bool = True) -> Json:
    """A conversation object."""
    common: Json = {
        "id": channel.id,
        "created": CREATED,
        "is_archived": channel.archived,
        "is_org_shared": False,
    }
    if channel.kind == "im":
        return {**common, "is_im": True, "user": channel.name}
    members_count = {"num_members": len(channel.members)} if count else {}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "private",
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_member": BOT_USER in channel.members,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
        **members_count,
    }


def _listed(call: Call, channels: list[Channel]) -> Json:
    types = call.names("types") or ["public_channel"]
    if not set(types) <= {"public_channel", "private_channel", "im", "mpim"}:
        raise RefusalError("invalid_types")
    for kind in KINDS:
        needed = f"{SCOPE_OF_KIND[kind]}:read"
        if KINDS[kind] in types and not call.core.app.may((needed,)):
            provided = ",".join(sorted(call.core.app.scopes or ()))
            raise RefusalError("missing_scope", needed=needed, provided=provided)
    hide_archived = call.flag("exclude_archived")
    fitting = [
        described(channel)
        for channel in channels
        if KINDS[channel.kind] in types and not (hide_archived and channel.archived)
    ]
    chosen, metadata = page(fitting, call)
    return {"ok": True, "channels": chosen, "response_metadata": metadata}


def _scope(call: Call, channel: Channel, what: str) -> None:
    """Every kind of conversation has its own scopes to read it, and its history."""
    needed = f"{SCOPE_OF_KIND[channel.kind]}:{what}"
    if not call.core.app.may((needed,)):
        raise RefusalError("missing_scope", needed=needed, provided=",".join(sorted(call.core.app.scopes or ())))


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = _moment(call, "oldest", 0.0), _moment(call, "latest", math.inf)
    inclusive = call.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < float(message.ts) < latest or (inclusive and float(message.ts) in (oldest, latest))
    ]


def _moment(call: Call, name: str, default: float) -> float:
    try:
        return float(call.optional(name) or default)
    except ValueError:
        raise RefusalError(f"invalid_ts_{name}") from None


def _read(call: Call, message: Message) -> Json:
    shown = call.core.workspace.shown(message)
    if call.flag("include_all_metadata") and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def _broadcast(message: Message) -> bool:
    return message.content.get("subtype") == "thread_broadcast"


def _visible(channel: Channel) -> bool:
    return channel.kind == "public" or BOT_USER in channel.members
