"""chat.*: posting, changing and removing messages."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.api.sharing import shared_by_link
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER
from fixloop_bot.sandbox.slack.limits import SPECIAL, TIER_3, TIER_4
from fixloop_bot.sandbox.slack.records import Channel, Json, Message, RefusalError
from fixloop_bot.sandbox.slack.workspace import APP_ID, TEAM_ID

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
MARKDOWN_TEXT = 12_000
ATTACHMENTS = 100


def methods() -> dict[str, Method]:
    write = ("chat:write",)
    return {
        "chat.postMessage": Method(handle=post_message, per_minute=SPECIAL, scopes=write),
        "chat.update": Method(handle=update, per_minute=TIER_3, scopes=write),
        "chat.delete": Method(handle=delete, per_minute=TIER_3, scopes=write),
        "chat.postEphemeral": Method(handle=post_ephemeral, per_minute=TIER_4, scopes=write),
        "chat.getPermalink": Method(handle=get_permalink, per_minute=SPECIAL),
    }


def post_message(call: Call) -> Json:
    channel = target(call)
    content, truncated = composed(call)
    thread_ts = call.optional("thread_ts")
    if thread_ts is not None:
        content["thread_ts"] = root_of(channel, thread_ts)
        if call.flag("reply_broadcast"):
            content |= {"subtype": "thread_broadcast"}
    if files := shared_by_link(call, channel, content["text"]):
        content["files"] = files
    message = call.core.workspace.post(channel, {**content, **by_bot(call)}, metadata=metadata(call))
    answer: Json = {"ok": True, "channel": channel.id, "ts": message.ts, "message": shown(call, message)}
    if truncated:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


def update(call: Call) -> Json:
    """A text without blocks removes the blocks; blocks or attachments without text keep the old text."""
    channel = call.channel()
    message = call.message(channel)
    own(message)
    if message.streaming_since is not None and not message.stream_ended:
        raise RefusalError("streaming_state_conflict")
    text, blocks, attachments = call.optional("text"), call.blocks(), call.attachments()
    markdown = call.optional("markdown_text")
    if (text is None and markdown is None and blocks is None and attachments is None) or text == "":
        raise RefusalError("no_text")
    if len(text or "") > UPDATE_TEXT or len(markdown or "") > MARKDOWN_TEXT:
        raise RefusalError("msg_too_long")
    if channel.archived:
        raise RefusalError("is_archived")
    changed: Json = {}
    if text is not None:
        changed |= {"text": text, "blocks": None}
        if not message.content.get("upload"):
            changed["files"] = shared_by_link(call, channel, text) or None
    if markdown is not None:
        changed |= markdown_content(markdown)
    if blocks is not None:
        changed["blocks"] = blocks or None
    if attachments is not None:
        changed["attachments"] = attachments or None
    if call.get("metadata") is not None:
        message.metadata = metadata(call)
    edited_by = BOT_USER if blocks is None else None
    call.core.workspace.update(message, changed, edited_by=edited_by)
    return {
        "ok": True,
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": shown(call, message),
    }


def delete(call: Call) -> Json:
    channel = call.channel()
    message = call.message(channel)
    if message.author != BOT_USER:
        raise RefusalError("cant_delete_message")
    call.core.workspace.delete(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    channel = target(call)
    user = call.person()
    if user.id not in channel.members:
        raise RefusalError("user_not_in_channel")
    content, _ = composed(call)
    thread_ts = call.optional("thread_ts")
    if thread_ts is not None:
        content["thread_ts"] = root_of(channel, thread_ts)
    message = call.core.workspace.whisper(channel, user.id, {**content, **by_bot(call)})
    return {"ok": True, "message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    channel = call.channel()
    message = call.message(channel, "message_ts")
    return {"ok": True, "channel": channel.id, "permalink": call.core.workspace.permalink(message)}


def target(call: Call) -> Channel:
    """Where a message may go: by id, by #name, or by a person's id, which opens the direct conversation.

    A public channel without the bot needs chat:write.public; it does not join the bot.
    """
    workspace, wanted = call.core.workspace, call.text("channel")
    direct = workspace.direct(wanted, BOT_USER) if wanted in workspace.users else None
    channel = direct or call.channel(by_name=True)
    if channel.kind == "im" and not call.core.app.writes_to_people:
        raise RefusalError("messages_tab_disabled")
    if channel.archived:
        raise RefusalError("is_archived")
    if BOT_USER not in channel.members and not call.core.app.may(("chat:write.public",)):
        raise RefusalError("not_in_channel")
    return channel


def composed(call: Call) -> tuple[Json, bool]:
    """The content of a new message, and whether its text had to be cut at 40,000 characters."""
    text, blocks, attachments = call.optional("text"), call.blocks(), call.attachments()
    markdown = call.optional("markdown_text")
    if markdown is not None and (text is not None or blocks is not None):
        raise RefusalError("markdown_text_conflict")
    if len(markdown or "") > MARKDOWN_TEXT:
        raise RefusalError("msg_too_long")
    if not text and not blocks and not attachments and not markdown:
        raise RefusalError("no_text")
    if len(attachments or []) > ATTACHMENTS:
        raise RefusalError("too_many_attachments")
    content: Json = {"text": (text or "")[:POST_TEXT]}
    if markdown is not None:
        content |= markdown_content(markdown)
    if blocks:
        content["blocks"] = blocks
    if attachments:
        content["attachments"] = attachments
    return content, len(text or "") > POST_TEXT


def markdown_content(markdown: str) -> Json:
    return {"text": markdown, "blocks": [{"type": "markdown", "text": markdown}]}


def metadata(call: Call) -> Json | None:
    """Message metadata must name an event and carry an object."""
    given = call.get("metadata")
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("event_payload"), dict):
        raise RefusalError("invalid_metadata_format")
    if not isinstance(given.get("event_type"), str):
        raise RefusalError("invalid_metadata_format")
    return given


def root_of(channel: Channel, thread_ts: str) -> str:
    """Replying to a reply continues its thread."""
    message = channel.messages.get(thread_ts)
    if message is None or message.deleted:
        raise RefusalError("thread_not_found")
    return message.thread_ts or message.ts


def own(message: Message) -> None:
    if message.author != BOT_USER:
        raise RefusalError("cant_update_message")


def by_bot(call: Call) -> Json:
    """What makes a message the bot's own."""
    return {
        "user": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "bot_profile": {
            "id": BOT_ID,
            "app_id": APP_ID,
            "user_id": BOT_USER,
            "name": call.core.workspace.users[BOT_USER].real_name,
            "team_id": TEAM_ID,
            "deleted": False,
        },
    }


def shown(call: Call, message: Message) -> Json:
    with_metadata = {"metadata": message.metadata} if message.metadata is not None else {}
    return {**call.core.workspace.shown(message), **with_metadata}
