"""Blocks, and the surfaces they may stand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.sandbox.slack.blocks.elements import (
    ACCESSORY,
    ACTION,
    CONTEXT_ACTION,
    CONTEXT_PART,
    INPUT,
)
from fixloop_bot.sandbox.slack.blocks.objects import (
    RICH_TEXT,
    RICH_TEXT_PARTS,
    SLACK_FILE,
    any_text,
    plain_text,
)
from fixloop_bot.sandbox.slack.blocks.shape import (
    Report,
    Rule,
    anything,
    boolean,
    by_type,
    integer,
    list_of,
    one_of,
    record,
    string,
    url,
)

TABLE_ROWS, TABLE_COLUMNS = 100, 20


def _block(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, also: Rule | None = None) -> Rule:
    common: dict[str, Rule] = {"block_id": string(255), **(optional or {})}
    return record({"type": anything, **required}, common, also=also)


def _text_or_fields(value: Any, pointer: str, report: Report) -> None:
    if "text" not in value and "fields" not in value:
        report(pointer, "must define either `text` or `fields`")


def _picture_source(value: Any, pointer: str, report: Report) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        report(pointer, "must define either `image_url` or `slack_file`")


_SOURCE = record({"type": one_of("url"), "url": url, "text": string(3000)})
_TASK_STATUS = one_of("pending", "in_progress", "complete", "error")
_TASK: dict[str, Rule] = {"task_id": string(255), "title": string(255), "status": _TASK_STATUS}
_TASK_MORE: dict[str, Rule] = {
    "details": RICH_TEXT,
    "output": RICH_TEXT,
    "sources": list_of(_SOURCE, minimum=0, maximum=100),
}
_TASK_IN_PLAN = by_type({"task_card": _block(_TASK, _TASK_MORE)})


def _not_pending_alone(value: Any, pointer: str, report: Report) -> None:
    if value.get("status") == "pending":
        report(f"{pointer}/status", "must be a valid enum value: in_progress, complete, error")


_CELL = by_type(
    {
        "raw_text": record({"type": anything, "text": string(10_000)}),
        "raw_number": record({"type": anything, "value": anything}, {"text": string(100)}),
        "rich_text": RICH_TEXT,
    }
)
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column_setting(value: Any, pointer: str, report: Report) -> None:
    if value is not None:
        _COLUMN(value, pointer, report)


EVERYWHERE: dict[str, Rule] = {
    "section": _block(
        {},
        {
            "text": any_text(3000),
            "fields": list_of(any_text(2000), maximum=10),
            "accessory": ACCESSORY,
            "expand": boolean,
        },
        also=_text_or_fields,
    ),
    "header": _block({"text": plain_text(150)}, {"level": integer(1, 4)}),
    "divider": _block({}),
    "context": _block({"elements": list_of(CONTEXT_PART, maximum=10)}),
    "actions": _block({"elements": list_of(ACTION, maximum=25)}),
    "image": _block(
        {"alt_text": string(2000)},
        {"image_url": url, "slack_file": SLACK_FILE, "title": plain_text(2000)},
        also=_picture_source,
    ),
    "rich_text": _block({"elements": RICH_TEXT_PARTS}),
    "video": _block(
        {"title": plain_text(199), "video_url": url, "thumbnail_url": url, "alt_text": string(2000)},
        {
            "description": plain_text(200),
            "author_name": string(49),
            "title_url": url,
            "provider_name": string(50),
            "provider_icon_url": url,
        },
    ),
}
INPUT_BLOCK = _block(
    {"label": plain_text(2000), "element": INPUT},
    {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
)
MESSAGE: dict[str, Rule] = {
    **EVERYWHERE,
    "input": INPUT_BLOCK,
    "markdown": _block({"text": string(12_000)}),
    "table": _block(
        {
            "rows": list_of(
                list_of(_CELL, maximum=TABLE_COLUMNS),
                maximum=TABLE_ROWS,
            )
        },
        {"column_settings": list_of(_column_setting, minimum=0, maximum=TABLE_COLUMNS)},
    ),
    "context_actions": _block({"elements": list_of(CONTEXT_ACTION, maximum=5)}),
    "task_card": _block(_TASK, _TASK_MORE, also=_not_pending_alone),
    "plan": _block({"title": string(255)}, {"tasks": list_of(_TASK_IN_PLAN, minimum=0, maximum=50)}),
    "file": _block({"external_id": string(255), "source": one_of("remote")}),
}
MODAL: dict[str, Rule] = {**EVERYWHERE, "input": INPUT_BLOCK}
HOME: dict[str, Rule] = MODAL

MESSAGE_BLOCKS = list_of(by_type(MESSAGE), minimum=0, maximum=50)
MODAL_BLOCKS = list_of(by_type(MODAL), minimum=0, maximum=100)
HOME_BLOCKS = list_of(by_type(HOME), minimum=0, maximum=100)
