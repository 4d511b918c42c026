"""chat.startStream, appendStream, stopStream: an answer that grows while it is written.

A stream ends by itself after five minutes, active or not; then appending is refused with
message_not_in_streaming_state, and chat.update works again.
"""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.api.chat import MARKDOWN_TEXT, by_bot, metadata, root_of, target
from fixloop_bot.sandbox.slack.blocks import message_problems
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.limits import TIER_2, TIER_4
from fixloop_bot.sandbox.slack.records import Channel, Json, Message, RefusalError
from fixloop_bot.sandbox.slack.workspace import TEAM_ID

STREAM_SECONDS = 300
TASK_STATES = frozenset({"pending", "in_progress", "complete", "error"})
TEXT_BLOCK, PLAN_BLOCK = "stream-text", "stream-plan"


def methods() -> dict[str, Method]:
    write = ("chat:write",)
    return {
        "chat.startStream": Method(handle=start, per_minute=TIER_2, scopes=write),
        "chat.appendStream": Method(handle=append, per_minute=TIER_4, scopes=write),
        "chat.stopStream": Method(handle=stop, per_minute=TIER_2, scopes=write),
    }


def start(call: Call) -> Json:
    channel, thread_ts = target(call), call.text("thread_ts")
    if channel.kind != "im":
        _recipient(call)
    chunks = _chunks(call)
    content: Json = {**by_bot(call), "text": "", "thread_ts": root_of(channel, thread_ts), "blocks": []}
    content["streaming_state"] = "in_progress"
    message = call.core.workspace.post(channel, _grown(content, chunks))
    message.streaming_since = call.core.workspace.clock()
    return _answer(channel, message)


def append(call: Call) -> Json:
    channel, message = _streaming(call)
    chunks = _chunks(call)
    if not chunks:
        raise RefusalError("no_text")
    call.core.workspace.update(message, _grown(message.content, chunks))
    return _answer(channel, message)


def stop(call: Call) -> Json:
    channel, message = _streaming(call)
    content = _grown(message.content, _chunks(call))
    content["blocks"] = [*(content.get("blocks") or []), *(call.blocks() or [])]
    content["streaming_state"] = "completed"
    if call.get("metadata") is not None:
        message.metadata = metadata(call)
    message.stream_ended = True
    call.core.workspace.update(message, content)
    return {**_answer(channel, message), "message": call.core.workspace.shown(message)}


def _recipient(call: Call) -> None:
    """In a channel Slack wants to know for whom the answer is."""
    if call.optional("recipient_team_id") is None:
        raise RefusalError("missing_recipient_team_id")
    user = call.optional("recipient_user_id")
    if user is None:
        raise RefusalError("missing_recipient_user_id")
    if user not in call.core.workspace.users or call.optional("recipient_team_id") != TEAM_ID:
        raise RefusalError("user_not_found" if user not in call.core.workspace.users else "team_not_found")


def _streaming(call: Call) -> tuple[Channel, Message]:
    channel = call.channel()
    message = call.message(channel)
    if message.author != BOT_USER:
        raise RefusalError("message_not_owned_by_app")
    now = call.core.workspace.clock()
    if message.streaming_since is not None and now - message.streaming_since >= STREAM_SECONDS:
        message.stream_ended = True
    if message.streaming_since is None or message.stream_ended:
        raise RefusalError("message_not_in_streaming_state")
    return channel, message


def _chunks(call: Call) -> list[Json]:
    """Both ways to say it, markdown_text and chunks, as one list of valid chunks."""
    text, chunks = call.optional("markdown_text"), call.get("chunks") or []
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise RefusalError("invalid_chunks")
    if text is not None and chunks:
        raise RefusalError("markdown_text_conflict")
    if text is not None:
        chunks = [{"type": "markdown_text", "text": text}]
    for chunk in chunks:
        _check(chunk)
    return chunks


def _check(chunk: Json) -> None:
    kind = chunk.get("type")
    if kind == "markdown_text":
        if not isinstance(chunk.get("text"), str):
            raise RefusalError("invalid_chunks")
        if len(chunk["text"]) > MARKDOWN_TEXT:
            raise RefusalError("msg_too_long")
    elif kind == "task_update":
        named = isinstance(chunk.get("id"), str) and isinstance(chunk.get("title"), str)
        if not named or chunk.get("status", "in_progress") not in TASK_STATES:
            raise RefusalError("invalid_chunks")
    elif kind == "blocks":
        if not isinstance(chunk.get("blocks"), list) or message_problems(chunk["blocks"]):
            raise RefusalError("invalid_chunks")
    elif kind != "plan_update" or not isinstance(chunk.get("title"), str):
        raise RefusalError("invalid_chunks")


def _grown(content: Json, chunks: list[Json]) -> Json:
    """The message with the chunks added: text at the end, tasks by their id."""
    grown = {**content, "text": content.get("text", ""), "blocks": list(content.get("blocks") or [])}
    for chunk in chunks:
        if chunk["type"] == "markdown_text":
            _add_text(grown, chunk["text"])
        elif chunk["type"] == "blocks":
            grown["blocks"] += chunk["blocks"]
        else:
            _add_to_plan(grown, chunk)
    return grown


def _add_text(content: Json, text: str) -> None:
    content["text"] += text
    last = content["blocks"][-1] if content["blocks"] else {}
    if str(last.get("block_id", "")).startswith(TEXT_BLOCK):
        content["blocks"][-1] = {**last, "text": last["text"] + text}
    else:
        block_id = f"{TEXT_BLOCK}-{len(content['blocks'])}"
        content["blocks"].append({"type": "markdown", "block_id": block_id, "text": text})


def _add_to_plan(content: Json, chunk: Json) -> None:
    index = next((i for i, each in enumerate(content["blocks"]) if each.get("block_id") == PLAN_BLOCK), None)
    if index is None:
        content["blocks"].append({"type": "plan", "block_id": PLAN_BLOCK, "title": "Working", "tasks": []})
        index = len(content["blocks"]) - 1
    plan = content["blocks"][index]
    if chunk["type"] == "plan_update":
        content["blocks"][index] = {**plan, "title": chunk["title"]}
        return
    task = {
        "type": "task_card",
        "task_id": chunk["id"],
        "title": chunk["title"],
        "status": chunk.get("status"),
    }
    task |= {name: chunk[name] for name in ("details", "output", "sources") if chunk.get(name) is not None}
    others = {each["task_id"]: each for each in plan["tasks"]}
    content["blocks"][index] = {**plan, "tasks": list({**others, chunk["id"]: task}.values())}


def _answer(channel: Channel, message: Message) -> Json:
    return {"ok": True, "channel": channel.id, "ts": message.ts}
