"""Messages with every kind of block that an app may send, and with texts that must stay texts."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
NASTY = (
    '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script> &lt;b&gt; &amp; <@U0MIRA0001> *bold* `<i>x</i>`'
)


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str, **more: Any) -> Json:
    return {"text": plain(f"Choice {value}"), "value": value, **more}


OPTIONS = [option("1"), option("2"), option("3")]
CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("It cannot be undone."),
    "confirm": plain("Do it"),
    "deny": plain("No"),
}
TASK = {"type": "task_card", "task_id": "t1", "title": "Reads the logs", "status": "in_progress"}


def every_block() -> list[Json]:
    """One of each; block ids are their names."""
    buttons = [
        {"type": "button", "action_id": "go", "text": plain("Go"), "style": "primary", "value": "v"},
        {
            "type": "button",
            "action_id": "drop",
            "text": plain("Drop"),
            "style": "danger",
            "value": "v",
            "confirm": CONFIRM,
        },
        {"type": "overflow", "action_id": "more", "options": OPTIONS},
        {"type": "static_select", "action_id": "pick", "placeholder": plain("Pick one"), "options": OPTIONS},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-22"},
        {"type": "radio_buttons", "action_id": "one", "options": OPTIONS, "initial_option": OPTIONS[1]},
    ]
    boxes = {"type": "checkboxes", "action_id": "ticks", "options": OPTIONS, "initial_options": OPTIONS[:2]}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich ", "style": {"bold": True}}]}
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "thumbs",
        "positive_button": {"text": plain("Good"), "value": "good", "accessibility_label": "It helped"},
        "negative_button": {"text": plain("Bad"), "value": "bad", "accessibility_label": "It did not help"},
    }
    return [
        {"type": "header", "block_id": "header", "text": plain("Every block")},
        {"type": "section", "block_id": "section", "text": mrkdwn(NASTY), "fields": [mrkdwn("*a*\n1"), mrkdwn("b")]},
        {"type": "context", "block_id": "context", "elements": [mrkdwn("since <!date^1795356506^{time}|14:08 UTC>")]},
        {"type": "divider", "block_id": "divider"},
        {"type": "actions", "block_id": "actions", "elements": buttons},
        {"type": "actions", "block_id": "boxes", "elements": [boxes]},
        {"type": "rich_text", "block_id": "rich", "elements": [section]},
        {
            "type": "markdown",
            "block_id": "markdown",
            "text": f"**md** [bad](javascript:alert(1))\n\n| a | b |\n|--|--|\n| 1 | {NASTY} |",
        },
        {"type": "plan", "block_id": "plan", "title": "Thinking", "tasks": [TASK]},
        {"type": "context_actions", "block_id": "feedback", "elements": [thumbs]},
    ]


def beyond_the_package() -> list[Json]:
    """What the published package does not draw, or does not know."""
    rows = [
        [{"type": "raw_text", "text": "step"}, {"type": "raw_text", "text": "p95"}],
        [{"type": "raw_text", "text": "1"}, {"type": "raw_text", "text": NASTY}],
    ]
    return [
        {"type": "table", "block_id": "table", "rows": rows},
        {"type": "data_table", "block_id": "data", "columns": [{"name": "step"}], "rows": [{"cells": [{"value": 7}]}]},
        {"type": "hologram", "block_id": "future", "beams": 3},
        {"type": "section", "block_id": "broken", "text": {"type": "mrkdwn"}},
    ]
