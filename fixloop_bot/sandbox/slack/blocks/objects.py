"""Composition objects: texts, options, confirmations, rich text."""

from __future__ import annotations

from typing import Any

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


def plain_text(maximum: int) -> Rule:
    return by_type({"plain_text": _plain(maximum)})


def any_text(maximum: int) -> Rule:
    mrkdwn = record({"type": anything, "text": string(maximum)}, {"verbatim": boolean})
    return by_type({"plain_text": _plain(maximum), "mrkdwn": mrkdwn})


def _plain(maximum: int) -> Rule:
    return record({"type": anything, "text": string(maximum)}, {"emoji": boolean})


def option(text: Rule, *, with_url: bool = False) -> Rule:
    more = {"url": url} if with_url else {}
    return record({"text": text, "value": string(150)}, {"description": any_text(75), **more})


PLAIN_OPTION = option(plain_text(75))
ANY_OPTION = option(any_text(75))
OVERFLOW_OPTION = option(plain_text(75), with_url=True)
OPTION_GROUP = record({"label": plain_text(75), "options": list_of(PLAIN_OPTION, maximum=100)})

CONFIRM = record(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
DISPATCH = record(
    {},
    {"trigger_actions_on": list_of(one_of("on_enter_pressed", "on_character_entered"), maximum=2)},
)
CONVERSATION_FILTER = record(
    {},
    {
        "include": list_of(one_of("im", "mpim", "private", "public"), maximum=4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
SLACK_FILE = record({}, {"id": string(255), "url": url})


def initial_among_options(value: Any, pointer: str, report: Report) -> None:
    """Each initial option must equal one of the options exactly, description included."""
    groups = value.get("option_groups") or []
    options = [
        *(value.get("options") or []),
        *(each for group in groups for each in group.get("options", [])),
    ]
    initial = value.get("initial_options", [])
    if "initial_option" in value:
        initial = [value["initial_option"]]
    for index, chosen in enumerate(initial if isinstance(initial, list) else []):
        if chosen not in options:
            field = "initial_option" if "initial_option" in value else f"initial_options/{index}"
            report(f"{pointer}/{field}", "failed to match an option: initial options must be among the options")


_STYLE = record({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_WITH_STYLE = {"style": _STYLE}
_RICH_PIECES: dict[str, Rule] = {
    "text": record({"type": anything, "text": string(40_000)}, _WITH_STYLE),
    "link": record({"type": anything, "url": string(3000)}, {"text": string(3000), "unsafe": boolean, **_WITH_STYLE}),
    "emoji": record({"type": anything, "name": string(100)}, {"unicode": string(100), **_WITH_STYLE}),
    "user": record({"type": anything, "user_id": string(30)}, _WITH_STYLE),
    "usergroup": record({"type": anything, "usergroup_id": string(30)}, _WITH_STYLE),
    "channel": record({"type": anything, "channel_id": string(30)}, _WITH_STYLE),
    "broadcast": record({"type": anything, "range": one_of("here", "channel", "everyone")}, _WITH_STYLE),
    "color": record({"type": anything, "value": string(20)}),
    "date": record(
        {"type": anything, "timestamp": integer(), "format": string(200)},
        {"url": url, "fallback": string(200), **_WITH_STYLE},
    ),
}
_SECTION = record({"type": anything, "elements": list_of(by_type(_RICH_PIECES), minimum=0, maximum=10_000)})
_PREFORMATTED = record(
    {"type": anything, "elements": list_of(by_type(_RICH_PIECES), minimum=0, maximum=10_000)},
    {"border": integer(), "language": string(50)},
)
_LIST = record(
    {
        "type": anything,
        "style": one_of("bullet", "ordered"),
        "elements": list_of(by_type({"rich_text_section": _SECTION}), minimum=0, maximum=1_000),
    },
    {"indent": integer(0, 8), "offset": integer(), "border": integer()},
)
RICH_TEXT_PARTS = list_of(
    by_type(
        {
            "rich_text_section": _SECTION,
            "rich_text_list": _LIST,
            "rich_text_quote": _PREFORMATTED,
            "rich_text_preformatted": _PREFORMATTED,
        }
    ),
    minimum=0,
    maximum=1_000,
)
RICH_TEXT = by_type({"rich_text": record({"type": anything, "elements": RICH_TEXT_PARTS}, {"block_id": string(255)})})
