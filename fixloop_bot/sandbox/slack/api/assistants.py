"""assistant.threads.*: what the assistant is doing, what one could ask it, what a thread is called."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.limits import SPECIAL, TIER_2
from fixloop_bot.sandbox.slack.records import Change, Channel, Json, RefusalError

PROMPTS = 4
LOADING_MESSAGES = 10


def methods() -> dict[str, Method]:
    scopes = ("assistant:write", "chat:write")
    return {
        "assistant.threads.setStatus": Method(handle=set_status, per_minute=SPECIAL, scopes=scopes),
        "assistant.threads.setSuggestedPrompts": Method(handle=set_prompts, per_minute=TIER_2, scopes=scopes),
        "assistant.threads.setTitle": Method(handle=set_title, per_minute=TIER_2, scopes=scopes),
    }


def set_status(call: Call) -> Json:
    """An empty status clears it; so do a post of the app in the thread, and two minutes."""
    channel, thread_ts = _thread(call)
    status = "" if call.get("status") is None else call.text("status")
    loading = call.get("loading_messages") or []
    if not isinstance(loading, list) or len(loading) > LOADING_MESSAGES:
        raise RefusalError(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] no more than 10 items allowed"]}
        )
    workspace = call.core.workspace
    workspace.statuses[(channel.id, thread_ts)] = (status, workspace.clock())
    _tell(call, "status_set", channel, thread_ts, {"status": status, "loading_messages": loading})
    return {"ok": True}


def set_prompts(call: Call) -> Json:
    channel, thread_ts = _thread(call)
    prompts = call.get("prompts")
    valid = isinstance(prompts, list) and 1 <= len(prompts) <= PROMPTS
    if not valid or not all(isinstance(each, dict) and each.get("title") and each.get("message") for each in prompts):
        raise RefusalError("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid prompts"]})
    shown = {"title": call.optional("title"), "prompts": prompts}
    call.core.workspace.threads.setdefault((channel.id, thread_ts), {})["prompts"] = shown
    _tell(call, "prompts_set", channel, thread_ts, shown)
    return {"ok": True}


def set_title(call: Call) -> Json:
    channel, thread_ts = _thread(call)
    title = call.text("title")
    call.core.workspace.threads.setdefault((channel.id, thread_ts), {})["title"] = title
    _tell(call, "title_set", channel, thread_ts, {"title": title})
    return {"ok": True}


def _thread(call: Call) -> tuple[Channel, str]:
    channel = call.channel(argument="channel_id")
    message = channel.messages.get(call.text("thread_ts"))
    if message is None or message.deleted:
        raise RefusalError("thread_not_found")
    return channel, message.thread_ts or message.ts


def _tell(call: Call, kind: str, channel: Channel, thread_ts: str, payload: Json) -> None:
    call.core.changes.publish(Change(kind=kind, channel=channel.id, ts=thread_ts, payload=payload))
