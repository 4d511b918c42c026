"""canvases.*, conversations.canvases.*: documents that Slack keeps as files.

The text is kept as sections, cut at its empty lines, because edits name a section by its id.
"""

from __future__ import annotations

from typing import Any

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.limits import TIER_2, TIER_3
from fixloop_bot.sandbox.slack.records import Canvas, Change, Channel, Json, RefusalError
from fixloop_bot.sandbox.slack.workspace import TEAM_DOMAIN, TEAM_ID

MARKDOWN = 1024 * 1024
"""Characters of one document."""
INSERTS = ("insert_at_start", "insert_at_end", "insert_before", "insert_after")
ACCESS = ("read", "write", "owner")
HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}


def methods() -> dict[str, Method]:
    write, read = ("canvases:write",), ("canvases:read",)
    return {
        "canvases.create": Method(handle=create, per_minute=TIER_2, scopes=write),
        "canvases.edit": Method(handle=edit, per_minute=TIER_3, scopes=write),
        "canvases.delete": Method(handle=delete, per_minute=TIER_3, scopes=write),
        "canvases.access.set": Method(handle=set_access, per_minute=TIER_3, scopes=write),
        "canvases.sections.lookup": Method(handle=look_up, per_minute=TIER_3, scopes=read),
        "conversations.canvases.create": Method(handle=create_in_channel, per_minute=TIER_2, scopes=write),
    }


def create(call: Call) -> Json:
    """A canvas of its own; with channel_id also a tab of that channel."""
    plan = call.core.workspace.canvas_plan
    if plan == "none":
        raise RefusalError("canvas_disabled_user_team")
    channel = call.joined_channel(argument="channel_id") if call.optional("channel_id") else None
    if channel is None and plan == "free":
        raise RefusalError("free_teams_cannot_create_non_tabbed_canvases")
    return _created(call, channel)


def create_in_channel(call: Call) -> Json:
    """The channel's own canvas, of which there is one."""
    workspace = call.core.workspace
    if workspace.canvas_plan == "none":
        raise RefusalError("canvas_disabled_user_team")
    channel = call.joined_channel(argument="channel_id")
    if workspace.canvas_plan == "free" and channel.kind != "im":
        raise RefusalError("team_tier_cannot_create_channel_canvases")
    if any(each.channel == channel.id and each.of_channel for each in workspace.canvases.values()):
        raise RefusalError("channel_canvas_already_exists")
    return _created(call, channel, of_channel=True)


def edit(call: Call) -> Json:
    """One change a call, as the API has it."""
    canvas, changes = _canvas(call), call.get("changes")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise _invalid("changes must be a list of exactly one change")
    change, operation = changes[0], changes[0].get("operation")
    if operation == "rename":
        canvas.title = _markdown(change.get("title_content"))
    elif operation == "delete":
        del canvas.sections[_place(canvas, change)]
    elif operation == "replace":
        _replace(call, canvas, change)
    elif operation in INSERTS:
        _insert(call, canvas, change, operation)
    else:
        raise _invalid("changes/0/operation is not an operation")
    _keep(call, canvas, "canvas_edited")
    return {"ok": True}


def delete(call: Call) -> Json:
    workspace, canvas = call.core.workspace, _canvas(call)
    del workspace.canvases[canvas.id]
    del workspace.files[canvas.id]
    del workspace.file_contents[canvas.id]
    call.core.changes.publish(Change(kind="canvas_deleted", channel=canvas.channel, payload={"canvas": canvas.id}))
    return {"ok": True}


def set_access(call: Call) -> Json:
    """Who may read or write it: people or channels, not both at once."""
    canvas, level = _canvas(call), call.text("access_level")
    people, channels = call.names("user_ids"), call.names("channel_ids")
    if level not in ACCESS or bool(people) == bool(channels):
        raise _invalid("access_level, and either user_ids or channel_ids, are required")
    known = {*call.core.workspace.users, *call.core.workspace.channels}
    unknown = [each for each in (*people, *channels) if each not in known]
    if unknown:
        raise RefusalError("user_not_found" if people else "channel_not_found")
    canvas.access |= dict.fromkeys((*people, *channels), level)
    _keep(call, canvas, "canvas_edited")
    return {"ok": True}


def look_up(call: Call) -> Json:
    """The ids of sections with this text, or of these kinds of heading."""
    canvas, criteria = _canvas(call), call.get("criteria")
    if not isinstance(criteria, dict) or not criteria:
        raise _invalid("criteria must name section_types or contains_text")
    kinds, text = criteria.get("section_types") or [], str(criteria.get("contains_text") or "")
    starts = tuple(HEADINGS[name] for name in (HEADINGS if "any_header" in kinds else kinds) if name in HEADINGS)
    fitting = [
        {"id": name}
        for name, section in canvas.sections.items()
        if text.lower() in section.lower() and (not kinds or section.startswith(starts))
    ]
    return {"ok": True, "sections": fitting}


def _created(call: Call, channel: Channel | None, *, of_channel: bool = False) -> Json:
    workspace = call.core.workspace
    content = call.get("document_content")
    canvas = Canvas(
        id=workspace.ids.make("F"),
        title=call.optional("title") or "Untitled",
        channel=channel.id if channel is not None else None,
        of_channel=of_channel,
    )
    if content is not None:
        canvas.sections = _sections(call, _markdown(content))
    if channel is not None:
        canvas.access[channel.id] = "write"
    workspace.canvases[canvas.id] = canvas
    _keep(call, canvas, "canvas_created")
    return {"ok": True, "canvas_id": canvas.id}


def _replace(call: Call, canvas: Canvas, change: Json) -> None:
    """A section, or without section_id the whole document."""
    text = _markdown(change.get("document_content"))
    if change.get("section_id") is None:
        canvas.sections = _sections(call, text)
    else:
        canvas.sections[_place(canvas, change)] = text


def _insert(call: Call, canvas: Canvas, change: Json, operation: str) -> None:
    new, names = _sections(call, _markdown(change.get("document_content"))), list(canvas.sections)
    at = {"insert_at_start": 0, "insert_at_end": len(names)}.get(operation)
    if at is None:
        at = names.index(_place(canvas, change)) + (operation == "insert_after")
    before = {name: canvas.sections[name] for name in names[:at]}
    after = {name: canvas.sections[name] for name in names[at:]}
    canvas.sections = {**before, **new, **after}
    if len(canvas.markdown) > MARKDOWN:
        raise RefusalError("canvas_editing_failed")


def _keep(call: Call, canvas: Canvas, kind: str) -> None:
    """A canvas is a file to files.info, and its text is what the file holds."""
    workspace = call.core.workspace
    link = f"https://{TEAM_DOMAIN}.slack.com/docs/{TEAM_ID}/{canvas.id}"
    content = canvas.markdown.encode()
    now = int(workspace.clock())
    before = workspace.files.get(canvas.id, {"created": now})
    workspace.files[canvas.id] = {
        "id": canvas.id,
        "created": before["created"],
        "updated": now,
        "name": canvas.title,
        "title": canvas.title,
        "mimetype": "application/vnd.slack-docs",
        "filetype": "quip",
        "pretty_type": "Canvas",
        "user": BOT_USER,
        "size": len(content),
        "permalink": link,
        "url_private": link,
        "channels": [canvas.channel] if canvas.channel else [],
        "done": True,
    }
    workspace.file_contents[canvas.id] = content
    shown = {"id": canvas.id, "title": canvas.title, "markdown": canvas.markdown, "access": dict(canvas.access)}
    call.core.changes.publish(Change(kind=kind, channel=canvas.channel, payload={"canvas": shown}))


def _sections(call: Call, markdown: str) -> dict[str, str]:
    """Paragraphs by id; an empty line inside a fence does not end one."""
    sections: dict[str, str] = {}
    lines: list[str] = []
    fenced = False
    for line in [*markdown.splitlines(), ""]:
        fenced = fenced != line.lstrip().startswith("```")
        if line.strip() or fenced:
            lines.append(line)
        elif lines:
            sections[call.core.workspace.ids.make("temp:C:")] = "\n".join(lines)
            lines = []
    if lines:
        sections[call.core.workspace.ids.make("temp:C:")] = "\n".join(lines)
    return sections


def _markdown(content: Any) -> str:
    if (
        not isinstance(content, dict)
        or content.get("type") != "markdown"
        or not isinstance(content.get("markdown"), str)
    ):
        raise _invalid('content must be {"type": "markdown", "markdown": "…"}')
    if len(content["markdown"]) > MARKDOWN:
        raise RefusalError("canvas_creation_failed")
    return str(content["markdown"])


def _place(canvas: Canvas, change: Json) -> str:
    section = change.get("section_id")
    if section not in canvas.sections:
        raise RefusalError("section_not_found" if section else "invalid_arguments")
    return str(section)


def _canvas(call: Call) -> Canvas:
    canvas = call.core.workspace.canvases.get(call.text("canvas_id"))
    if canvas is None:
        raise RefusalError("canvas_not_found")
    return canvas


def _invalid(sentence: str) -> RefusalError:
    return RefusalError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {sentence}"]})
