"""Interactive elements, and where each of them may stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.sandbox.slack.blocks.objects import (
    ANY_OPTION,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLAIN_OPTION,
    SLACK_FILE,
    any_text,
    initial_among_options,
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

_COMMON: dict[str, Rule] = {"type": anything, "action_id": string(255)}
_CONFIRMED: dict[str, Rule] = {"confirm": CONFIRM, "focus_on_load": boolean}
_PLACEHOLDER: dict[str, Rule] = {"placeholder": plain_text(150)}


def _element(required: Mapping[str, Rule], optional: Mapping[str, Rule], also: Rule | None = None) -> Rule:
    return record({"type": anything, **required}, {**_COMMON, **optional}, also=also)


def _options_or_groups(value: Any, pointer: str, report: Report) -> None:
    if ("options" in value) == ("option_groups" in value):
        report(pointer, "must define either `options` or `option_groups`")
    initial_among_options(value, pointer, report)


def _picture_source(value: Any, pointer: str, report: Report) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        report(pointer, "must define either `image_url` or `slack_file`")


BUTTON = _element(
    {"text": plain_text(75)},
    {
        "value": string(2000),
        "url": url,
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
IMAGE = record(
    {"type": anything, "alt_text": string(2000)},
    {"image_url": url, "slack_file": SLACK_FILE},
    also=_picture_source,
)
_SELECT_OPTIONS: dict[str, Rule] = {
    "options": list_of(PLAIN_OPTION, maximum=100),
    "option_groups": list_of(OPTION_GROUP, maximum=100),
    **_PLACEHOLDER,
    **_CONFIRMED,
}
_PEOPLE: dict[str, Rule] = {**_PLACEHOLDER, **_CONFIRMED, "response_url_enabled": boolean}
_MANY: dict[str, Rule] = {"max_selected_items": integer(1)}
_IDS = list_of(string(30), maximum=1000)
_CONVERSATIONS: dict[str, Rule] = {"default_to_current_conversation": boolean, "filter": CONVERSATION_FILTER}
_TYPED: dict[str, Rule] = {**_PLACEHOLDER, "focus_on_load": boolean, "dispatch_action_config": DISPATCH}
_FEEDBACK = record({"text": plain_text(75), "value": string(2000)}, {"accessibility_label": string(75)})

_RADIO = _element(
    {"options": list_of(ANY_OPTION, maximum=10)},
    {"initial_option": ANY_OPTION, **_CONFIRMED},
    also=initial_among_options,
)
CHOICES: dict[str, Rule] = {
    "checkboxes": _element(
        {"options": list_of(ANY_OPTION, maximum=10)},
        {"initial_options": list_of(ANY_OPTION, maximum=10), **_CONFIRMED},
        also=initial_among_options,
    ),
    "radio_buttons": _RADIO,
    "static_select": _element({}, {**_SELECT_OPTIONS, "initial_option": PLAIN_OPTION}, also=_options_or_groups),
    "multi_static_select": _element(
        {},
        {**_SELECT_OPTIONS, **_MANY, "initial_options": list_of(PLAIN_OPTION, maximum=100)},
        also=_options_or_groups,
    ),
    "external_select": _element({}, {**_PEOPLE, "initial_option": PLAIN_OPTION, "min_query_length": integer()}),
    "users_select": _element({}, {**_PEOPLE, "initial_user": string(30)}),
    "multi_users_select": _element({}, {**_PEOPLE, **_MANY, "initial_users": _IDS}),
    "channels_select": _element({}, {**_PEOPLE, "initial_channel": string(30)}),
    "multi_channels_select": _element({}, {**_PEOPLE, **_MANY, "initial_channels": _IDS}),
    "conversations_select": _element({}, {**_PEOPLE, **_CONVERSATIONS, "initial_conversation": string(30)}),
    "multi_conversations_select": _element({}, {**_PEOPLE, **_CONVERSATIONS, **_MANY, "initial_conversations": _IDS}),
    "datepicker": _element({}, {**_PLACEHOLDER, **_CONFIRMED, "initial_date": string(10, 10)}),
    "timepicker": _element({}, {**_PLACEHOLDER, **_CONFIRMED, "initial_time": string(5, 5), "timezone": string(60)}),
    "datetimepicker": _element({}, {**_CONFIRMED, "initial_date_time": integer()}),
}
ACTIONS: dict[str, Rule] = {
    **CHOICES,
    "button": BUTTON,
    "workflow_button": _element({"text": plain_text(75), "workflow": anything}, {"style": one_of("primary", "danger")}),
    "overflow": _element({"options": list_of(OVERFLOW_OPTION, maximum=5)}, {"confirm": CONFIRM}),
}
ACCESSORIES: dict[str, Rule] = {**ACTIONS, "image": IMAGE}
INPUTS: dict[str, Rule] = {
    **CHOICES,
    "plain_text_input": _element(
        {},
        {
            **_TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
    ),
    "number_input": _element(
        {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": string(100, 0), "min_value": string(100), "max_value": string(100)},
    ),
    "email_text_input": _element({}, {**_TYPED, "initial_value": string(3000, 0)}),
    "url_text_input": _element({}, {**_TYPED, "initial_value": string(3000, 0)}),
    "rich_text_input": _element({}, {**_TYPED, "initial_value": anything}),
    "file_input": _element({}, {"filetypes": list_of(string(20), maximum=100), "max_files": integer(1, 10)}),
}
CONTEXT: dict[str, Rule] = {"image": IMAGE, **{name: any_text(3000) for name in ("plain_text", "mrkdwn")}}
CONTEXT_ACTIONS: dict[str, Rule] = {
    "feedback_buttons": _element({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {}),
    "icon_button": _element(
        {"icon": one_of("trash"), "text": plain_text(75)},
        {
            "value": string(2000),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "visible_to_user_ids": _IDS,
        },
    ),
}

ACTION = by_type(ACTIONS)
ACCESSORY = by_type(ACCESSORIES)
INPUT = by_type(INPUTS)
CONTEXT_PART = by_type(CONTEXT)
CONTEXT_ACTION = by_type(CONTEXT_ACTIONS)
