"""files.*: an upload in three steps (a URL, the bytes, the completion that shares it)."""

from __future__ import annotations

import mimetypes

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.api.chat import by_bot, root_of
from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.limits import TIER_4
from fixloop_bot.sandbox.slack.records import Change, Json, RefusalError

BYTES = 1024**3
"""Slack's limit for one file."""


def methods() -> dict[str, Method]:
    write = ("files:write",)
    return {
        "files.getUploadURLExternal": Method(handle=get_upload_url, per_minute=TIER_4, scopes=write),
        "files.completeUploadExternal": Method(handle=complete, per_minute=TIER_4, scopes=write),
        "files.info": Method(handle=info, per_minute=TIER_4, scopes=("files:read",)),
    }


def get_upload_url(call: Call) -> Json:
    core, name = call.core, call.text("filename")
    call.text("length")
    length = call.number("length", 0, BYTES + 1)
    if length > BYTES:
        raise RefusalError("file_upload_size_restricted")
    file_id, ticket = core.workspace.ids.make("F"), core.workspace.ids.make("")
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    core.workspace.files[file_id] = {
        "id": file_id,
        "created": int(core.workspace.clock()),
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": name.rpartition(".")[2],
        "user": BOT_USER,
        "size": length,
        "alt_txt": call.optional("alt_txt"),
        "url_private": f"{core.base_url}/files/{file_id}/{name}",
        "permalink": f"{core.base_url}/files/{file_id}/{name}",
        "channels": [],
        "url_private_download": f"{core.base_url}/files/{file_id}/{name}",
        "mode": "hosted",
        "is_external": False,
        "done": False,
    }
    core.uploads[ticket] = file_id
    return {"ok": True, "upload_url": f"{core.base_url}/upload/{ticket}", "file_id": file_id}


def receive(core: Core, ticket: str, content: bytes) -> str:
    """The bytes arrive at the upload URL; the answer is Slack's plain text."""
    file_id = core.uploads.pop(ticket, None)
    if file_id is None:
        raise RefusalError("invalid_upload_url")
    core.workspace.file_contents[file_id] = content
    core.workspace.files[file_id]["size"] = len(content)
    return f"OK - {len(content)}"


def complete(call: Call) -> Json:
    workspace = call.core.workspace
    requested = call.get("files")
    if not isinstance(requested, list) or not requested or not all(isinstance(each, dict) for each in requested):
        raise RefusalError("invalid_arguments")
    channels = [*([call.text("channel_id")] if call.optional("channel_id") else []), *call.names("channels")]
    files = [_finished(call, each) for each in requested]
    for channel_id in dict.fromkeys(channels):
        channel = workspace.channels.get(channel_id)
        if channel is None or BOT_USER not in channel.members:
            raise RefusalError("channel_not_found" if channel is None else "not_in_channel")
        content: Json = {**by_bot(call), "text": call.optional("initial_comment") or "", "upload": True}
        content |= {"subtype": "file_share", "files": [_public(file) for file in files]}
        if blocks := call.blocks():
            content["blocks"] = blocks
        if thread_ts := call.optional("thread_ts"):
            content["thread_ts"] = root_of(channel, thread_ts)
        workspace.post(channel, content)
        for file in files:
            file["channels"].append(channel.id)
            shared = {"file_id": file["id"], "user_id": BOT_USER, "channel_id": channel.id}
            call.core.changes.publish(Change(kind="file_shared", channel=channel.id, payload=shared))
    return {"ok": True, "files": [_public(file) for file in files]}


def info(call: Call) -> Json:
    file = call.core.workspace.files.get(call.text("file"))
    if file is None or not file["done"]:
        raise RefusalError("file_not_found")
    return {"ok": True, "file": _public(file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _finished(call: Call, requested: Json) -> Json:
    file_id = str(requested.get("id"))
    file = call.core.workspace.files.get(file_id)
    if file is None or file_id not in call.core.workspace.file_contents:
        raise RefusalError("file_not_found")
    file["title"] = requested.get("title") or file["name"]
    file["done"] = True
    file["ready_at"] = call.core.workspace.clock() + call.core.workspace.file_seconds
    return file


def _public(file: Json) -> Json:
    return {name: value for name, value in file.items() if name not in ("done", "ready_at")}
