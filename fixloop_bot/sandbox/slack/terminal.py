"""Messages and views as text for a terminal of about 100 columns: calm, aligned, worst news first as the bot
wrote it.

Pure functions of what Slack would show. Colour is off unless the Voice says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from fixloop_bot.sandbox.slack.mrkdwn import EMOJI, Voice, clean, columns, pad, plain, spoken, wrap
from fixloop_bot.sandbox.slack.records import Json
from fixloop_bot.sandbox.slack.rich_text import lines_of
from fixloop_bot.sandbox.slack.workspace import Workspace

WIDTH = 100
_HEADING = re.compile(r"(?m)^#{1,6} +(.+?) *#*$")
_BULLET = re.compile(r"(?m)^( *)[-*+] +")
MARGIN = "  "
BOLD, DIM, GREEN, RED, CYAN = "1", "2", "32", "31", "36"
Ticked = Mapping[str, Sequence[str]]
"""block_id → values that the reader sees ticked; blocks that are missing show their initial options."""


def voice_of(workspace: Workspace, *, colour: bool = False) -> Voice:
    """Names of everybody and everything in this workspace."""
    names = {user.id: f"@{user.name}" for user in workspace.users.values()}
    names |= {channel.id: f"#{channel.name}" for channel in workspace.channels.values()}
    names |= {group.id: f"@{group.handle}" for group in workspace.groups.values()}
    return Voice(colour=colour, names=names)


def render_message(
    message: Json, voice: Voice, *, width: int = WIDTH, ticked: Ticked | None = None, margin: str = MARGIN
) -> str:
    """Who said it, when, and what, indented below."""
    body = message_lines(message, voice, width=width - columns(margin), ticked=ticked or {})
    return "\n".join([_heading(message, voice), *(f"{margin}{line}".rstrip() for line in body)])


def render_thread(
    messages: Iterable[Json], voice: Voice, *, width: int = WIDTH, ticked: Mapping[str, Ticked] | None = None
) -> str:
    """The root, and its replies beside a line. `ticked` is keyed by the messages' ts."""
    rendered: list[str] = []
    for index, message in enumerate(messages):
        seen = (ticked or {}).get(message["ts"])
        text = render_message(message, voice, width=width - (4 if index else 0), ticked=seen)
        rail = voice.paint("  │ ", DIM) if index else ""
        rendered.append("\n".join(f"{rail}{line}".rstrip() for line in text.split("\n")))
    return "\n\n".join(rendered)


def render_view(view: Json, voice: Voice, *, width: int = WIDTH) -> str:
    """A modal in a frame, or a Home tab without one."""
    inner = width - 4
    body = [line for block in view["blocks"] for line in block_lines(block, voice, inner, {})]
    if view["type"] == "home":
        return "\n".join(body)
    title = plain(view["title"]["text"])
    top = f"╭─ {title} {'─' * max(0, width - columns(title) - 5)}╮"
    keys = [plain(view[name]["text"]) for name in ("close", "submit") if view.get(name)]
    foot = pad("  ".join(f"[ {key} ]" for key in keys or ["Close"]), inner, "right")
    framed = [f"│ {pad(line, inner)} │" for line in [*body, "", foot]]
    return "\n".join([top, *framed, f"╰{'─' * (width - 2)}╯"])


def message_lines(message: Json, voice: Voice, *, width: int, ticked: Ticked) -> list[str]:
    blocks = message.get("blocks") or []
    if blocks:
        lines = [line for block in blocks for line in block_lines(block, voice, width, ticked)]
    else:
        lines = wrap(spoken(str(message.get("text") or ""), voice), width)
    for attachment in message.get("attachments") or []:
        text = attachment.get("text") or attachment.get("fallback") or ""
        lines += [f"▏ {line}" for line in wrap(spoken(str(text), voice), width - 2)]
    lines += [voice.paint(f"📎 {plain(str(each.get('title')))}", DIM) for each in message.get("files") or []]
    reactions = [f"{EMOJI.get(each['name'], each['name'])} {each['count']}" for each in message.get("reactions") or []]
    return [*lines, voice.paint("  ".join(reactions), DIM)] if reactions else lines


def block_lines(block: Json, voice: Voice, width: int, ticked: Ticked) -> list[str]:
    """One block; a type that this renderer does not know is named, not hidden."""
    kind = block["type"]
    if kind in ("section", "actions", "input"):
        chosen = ticked.get(str(block.get("block_id")))
        return _INTERACTIVE[kind](block, voice, width, chosen)
    if kind in _STILL:
        return _STILL[kind](block, voice, width)
    return [voice.paint(f"({kind})", DIM)]


def _heading(message: Json, voice: Voice) -> str:
    author = voice.names.get(str(message.get("user")), str(message.get("user", "?"))).removeprefix("@")
    name = str((message.get("bot_profile") or {}).get("name") or author.capitalize())
    moment = datetime.fromtimestamp(float(message["ts"]), tz=voice.timezone).astimezone(voice.timezone)
    tags = [tag for tag, on in (("APP", message.get("bot_id")), ("only you", message.get("is_ephemeral"))) if on]
    details = "  ".join([*tags, moment.strftime("%H:%M"), *(["(edited)"] if message.get("edited") else [])])
    return f"{voice.paint(clean(name), BOLD)}  {voice.paint(details, DIM)}"


def _text(text: Json, voice: Voice) -> str:
    return plain(text["text"]) if text["type"] == "plain_text" else spoken(text["text"], voice)


def _section(block: Json, voice: Voice, width: int, chosen: Sequence[str] | None) -> list[str]:
    lines = wrap(_text(block["text"], voice), width) if "text" in block else []
    fields = [_text(field, voice) for field in block.get("fields") or []]
    half = (width - 2) // 2
    for left in range(0, len(fields), 2):
        sides = [wrap(each, half) for each in fields[left : left + 2]]
        rows = max(len(side) for side in sides)
        padded = [side + [""] * (rows - len(side)) for side in sides]
        lines += ["  ".join(pad(side[row], half) for side in padded).rstrip() for row in range(rows)]
    accessory = block.get("accessory")
    if accessory is None:
        return lines
    shown = _element(accessory, voice, width, chosen)
    alone = len(shown) == 1 and bool(lines) and columns(lines[0]) + columns(shown[0]) + 2 <= width
    if alone:
        return [pad(lines[0], width - columns(shown[0])) + shown[0], *lines[1:]]
    return [*lines, *shown]


def _actions(block: Json, voice: Voice, width: int, chosen: Sequence[str] | None) -> list[str]:
    lines: list[str] = []
    row: list[str] = []
    for element in block["elements"]:
        shown = _element(element, voice, width, chosen)
        if len(shown) == 1 and columns("  ".join([*row, shown[0]])) <= width:
            row.append(shown[0])
            continue
        lines += ["  ".join(row)] if row else []
        row = shown if len(shown) == 1 else []
        lines += [] if row else shown
    return [*lines, "  ".join(row)] if row else lines


def _input(block: Json, voice: Voice, width: int, chosen: Sequence[str] | None) -> list[str]:
    hint = [voice.paint(line, DIM) for line in wrap(_text(block["hint"], voice), width)] if "hint" in block else []
    label = voice.paint(_text(block["label"], voice), BOLD)
    optional = voice.paint(" (optional)", DIM) if block.get("optional") else ""
    return [label + optional, *_element(block["element"], voice, width, chosen), *hint]


def _element(element: Json, voice: Voice, width: int, chosen: Sequence[str] | None) -> list[str]:
    kind = element["type"]
    if kind in ("checkboxes", "radio_buttons"):
        return _options(element, voice, width, chosen)
    if kind in ("button", "workflow_button"):
        colour = {"primary": GREEN, "danger": RED}.get(str(element.get("style")), BOLD)
        return [voice.paint(f"[ {plain(element['text']['text'])} ]", colour)]
    if kind == "overflow":
        return ["[ ⋯ ]"]
    if kind == "image":
        return [voice.paint(f"[{plain(element['alt_text'])}]", DIM)]
    if kind == "feedback_buttons":
        return ["  ".join(plain(element[side]["text"]["text"]) for side in ("positive_button", "negative_button"))]
    first = element.get("initial_option", {}).get("text", element.get("placeholder", {})).get("text")
    value = plain(str(element.get("initial_value") or first or "…"))
    return [f"[ {value} ▾ ]" if "select" in kind else f"[ {value} ]"]


def _options(element: Json, voice: Voice, width: int, chosen: Sequence[str] | None) -> list[str]:
    first = element.get("initial_options") or [each for each in [element.get("initial_option")] if each]
    on = set(chosen) if chosen is not None else {option["value"] for option in first}
    marks = ("☑", "☐") if element["type"] == "checkboxes" else ("◉", "○")
    lines: list[str] = []
    for option in element["options"]:
        ticked = option["value"] in on
        mark = voice.paint(marks[0], GREEN) if ticked else marks[1]
        lines += wrap(f"{mark} {_text(option['text'], voice)}", width, indent="  ")
        if "description" in option:
            described = wrap(_text(option["description"], voice), width - 2)
            lines += [f"  {voice.paint(line, DIM)}" for line in described]
    return lines


def _header(block: Json, voice: Voice, width: int) -> list[str]:
    return [voice.paint(line, BOLD) for line in wrap(plain(block["text"]["text"]), width)]


def _context(block: Json, voice: Voice, width: int) -> list[str]:
    parts = [
        f"[{plain(each['alt_text'])}]" if each["type"] == "image" else _text(each, voice) for each in block["elements"]
    ]
    return [voice.paint(line, DIM) for line in wrap("  ".join(parts), width)]


def _context_actions(block: Json, voice: Voice, width: int) -> list[str]:
    shown = [_element(each, voice, width, None)[0] for each in block["elements"] if each["type"] != "icon_button"]
    return ["  ".join(shown)]


def _divider(block: Json, voice: Voice, width: int) -> list[str]:
    return [voice.paint("─" * width, DIM)]


def _image(block: Json, voice: Voice, width: int) -> list[str]:
    title = f"{plain(block['title']['text'])}: " if "title" in block else ""
    return [voice.paint(line, DIM) for line in wrap(f"[{title}{plain(block['alt_text'])}]", width)]


def _markdown(block: Json, voice: Voice, width: int) -> list[str]:
    # Headings and strong emphasis are mrkdwn's bold; the rest reads well as it is, and code keeps its lines.
    parts = block["text"].split("```")
    parts[::2] = [_BULLET.sub(r"\1• ", _HEADING.sub(r"*\1*", part).replace("**", "*")) for part in parts[::2]]
    return wrap(spoken("```".join(parts), voice), width)


def _rich_text(block: Json, voice: Voice, width: int) -> list[str]:
    return [part for line in lines_of(block, voice) for part in wrap(line, width, indent="  ")]


def _table(block: Json, voice: Voice, width: int) -> list[str]:
    rows = [[_cell(cell, voice) for cell in row] for row in block["rows"]]
    count = max(len(row) for row in rows)
    rows = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(columns(row[index]) for row in rows) for index in range(count)]
    settings = [setting or {} for setting in block.get("column_settings") or []]
    aligns = [str(setting.get("align", "left")) for setting in settings] + ["left"] * count
    lines = ["  ".join(map(pad, row, widths, aligns)).rstrip() for row in rows]
    return [voice.paint(lines[0], BOLD), *lines[1:]]


def _cell(cell: Json, voice: Voice) -> str:
    if cell["type"] == "rich_text":
        return " ".join(lines_of(cell, voice))
    return plain(str(cell.get("text") or cell.get("value")))


def _plan(block: Json, voice: Voice, width: int) -> list[str]:
    tasks = [line for task in block.get("tasks") or [] for line in _task(task, voice, width)]
    return [voice.paint(plain(block["title"]), BOLD), *tasks]


def _task(block: Json, voice: Voice, width: int) -> list[str]:
    mark = {"complete": "✔", "error": "✘", "in_progress": "▸"}.get(str(block.get("status")), "·")
    return wrap(f"{mark} {plain(block['title'])}", width, indent="  ")


_Still = Callable[[Json, Voice, int], list[str]]
_Interactive = Callable[[Json, Voice, int, Sequence[str] | None], list[str]]
_STILL: Mapping[str, _Still] = {
    "header": _header,
    "context": _context,
    "context_actions": _context_actions,
    "divider": _divider,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
    "plan": _plan,
    "task_card": _task,
}
_INTERACTIVE: Mapping[str, _Interactive] = {"section": _section, "actions": _actions, "input": _input}
