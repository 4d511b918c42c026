"""What the local Slack accepts as blocks, and with which words it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.sandbox.slack.blocks import message_problems, view_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str = "1", text: str = "one", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain("Go"), **more}


def checkboxes(options: list[Json], **more: Any) -> Json:
    return {"type": "checkboxes", "action_id": "steps", "options": options, **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def table(rows: int, columns: int) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns for _ in range(rows)]}


def rich(text: str) -> Json:
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


TEN = [option(str(number)) for number in range(10)]
CONFIRM = {"title": plain("Sure?"), "text": mrkdwn("*Really*"), "confirm": plain("Yes"), "deny": plain("No")}
IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a chart"}
FEEDBACK = {
    "type": "feedback_buttons",
    "positive_button": {"text": plain("👍"), "value": "up"},
    "negative_button": {"text": plain("👎"), "value": "down"},
}
TASK = {"type": "task_card", "task_id": "1", "title": "Look", "status": "pending"}

ACCEPTED: dict[str, list[Json]] = {
    "nothing": [],
    "fifty": [section()] * 50,
    "section at its limit": [section("x" * 3000)],
    "fields": [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
    "header": [{"type": "header", "text": plain("x" * 150)}],
    "context": [{"type": "context", "elements": [mrkdwn("a"), plain("b"), IMAGE, *[mrkdwn("c")] * 7]}],
    "ten boxes": [actions(checkboxes(TEN, initial_options=TEN[:2]))],
    "described": [actions(checkboxes([option(description=mrkdwn("x" * 75), text="y" * 75)]))],
    "confirmed": [actions(button(confirm=CONFIRM, style="danger", url="https://example.com"))],
    "one overflow": [section(accessory={"type": "overflow", "action_id": "o", "options": [option()]})],
    "select": [actions({"type": "static_select", "action_id": "s", "options": [option()] * 100})],
    "image": [IMAGE, {"type": "image", "alt_text": "x", "slack_file": {"id": "F1"}}],
    "table": [table(100, 20)],
    "rich text": [rich("hello")],
    "markdown": [{"type": "markdown", "text": "x" * 12_000}],
    "feedback": [{"type": "context_actions", "elements": [FEEDBACK]}],
    "plan": [{"type": "plan", "title": "Working", "tasks": [TASK]}],
}

REFUSED: dict[str, tuple[list[Json], str]] = {
    "51 blocks": ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "unknown type": ([{"type": "blink"}], "unsupported type: blink [json-pointer:/blocks/0/type]"),
    "no type": ([{}], "missing required field: type [json-pointer:/blocks/0]"),
    "alert": ([{"type": "alert", "text": plain("x")}], "unsupported type: alert"),
    "empty section": ([{"type": "section"}], "must define either `text` or `fields`"),
    "no text": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "long section": ([section("x" * 3001)], "must be less than 3001 characters"),
    "long field": ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "[json-pointer:/blocks/0/fields/0/text]"),
    "11 fields": ([{"type": "section", "fields": [mrkdwn("x")] * 11}], "no more than 10 items allowed"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    "mrkdwn header": ([{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn"),
    "11 in context": ([{"type": "context", "elements": [mrkdwn("x")] * 11}], "no more than 10 items allowed"),
    "button in context": ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    "26 actions": (
        [actions(*[button(action_id=str(number)) for number in range(26)])],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "11 boxes": ([actions(checkboxes([*TEN, option("11")]))], "no more than 10 items allowed"),
    "no boxes": ([actions(checkboxes([]))], "no fewer than 1 items allowed"),
    "empty initial_options": ([actions(checkboxes(TEN, initial_options=[]))], "no fewer than 1 items allowed"),
    "foreign initial option": (
        [actions(checkboxes(TEN, initial_options=[option("99")]))],
        "[json-pointer:/blocks/0/elements/0/initial_options/0]",
    ),
    "initial option with other description": (
        [actions(checkboxes(TEN, initial_options=[option("1", description=plain("more"))]))],
        "failed to match an option",
    ),
    "long option": ([actions(checkboxes([option(text="x" * 76)]))], "must be less than 76 characters"),
    "long value": ([actions(checkboxes([option("x" * 151)]))], "must be less than 151 characters"),
    "long description": (
        [actions(checkboxes([option(description=plain("x" * 76))]))],
        "must be less than 76 characters",
    ),
    "long button": ([actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    "mrkdwn button": ([actions(button(text=mrkdwn("x")))], "unsupported type: mrkdwn"),
    "long button value": ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    "odd style": ([actions(button(style="loud"))], "must be a valid enum value: primary, danger"),
    "long url": ([actions(button(url="https://" + "x" * 3000))], "must be less than 3001 characters"),
    "incomplete confirm": (
        [actions(button(confirm={"title": plain("?")}))],
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "long ids": ([actions(button(action_id="x" * 256))], "must be less than 256 characters"),
    "block_id twice": ([section(block_id="a"), section(block_id="a")], "`block_id` a already exists"),
    "action_id twice": ([actions(button(), button())], "`action_id` go already exists"),
    "6 in overflow": (
        [section(accessory={"type": "overflow", "action_id": "o", "options": TEN[:6]})],
        "no more than 5 items allowed",
    ),
    "101 in select": (
        [actions({"type": "static_select", "action_id": "s", "options": [option()] * 101})],
        "no more than 100 items allowed",
    ),
    "select without options": (
        [actions({"type": "static_select", "action_id": "s"})],
        "must define either `options` or `option_groups`",
    ),
    "image without alt_text": (
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        "missing required field: alt_text",
    ),
    "image without source": ([{"type": "image", "alt_text": "x"}], "either `image_url` or `slack_file`"),
    "two tables": ([table(1, 1), table(1, 1)], "only one table allowed"),
    "101 rows": ([table(101, 1)], "no more than 100 items allowed"),
    "21 columns": ([table(1, 21)], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    "markdown together": ([{"type": "markdown", "text": "x" * 6_001}] * 2, "less than 12001 characters"),
    "unknown property": ([section(colour="red")], "invalid additional property: colour"),
    "a type on an option": ([actions(checkboxes([option(type="option")]))], "invalid additional property: type"),
    "pending task alone": ([TASK], "[json-pointer:/blocks/0/status]"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_blocks_within_the_limits_are_accepted(name: str) -> None:
    """Exactly at a limit is fine."""
    assert message_problems(ACCEPTED[name]) == []


@pytest.mark.parametrize("name", REFUSED)
def test_blocks_beyond_the_limits_are_refused(name: str) -> None:
    """One above a limit, or the wrong thing in the wrong place, has a problem that says where."""
    blocks, expected = REFUSED[name]
    problems = message_problems(blocks)
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith("[ERROR] ") for problem in problems)


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("x" * 24), "blocks": list(blocks), **more}


INPUT = {
    "type": "input",
    "label": plain("Why"),
    "element": {"type": "plain_text_input", "action_id": "reason"},
}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (modal(INPUT, submit=plain("Go")), ""),
        (modal(*[section()] * 100, private_metadata="x" * 3000), ""),
        ({"type": "home", "blocks": [section(), INPUT]}, ""),
        (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(INPUT), "missing required field: submit"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(close=plain("x" * 25)), "[json-pointer:/view/close/text]"),
        (modal(submit=mrkdwn("Go")), "unsupported type: mrkdwn"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown"),
        (modal(table(1, 1)), "unsupported type: table"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        ({"type": "tab"}, "unsupported type: tab"),
        ("nothing", "unsupported type: None"),
    ],
)
def test_views_have_their_own_limits(view: Any, expected: str) -> None:
    """100 blocks, short titles, a submit button with any input, and no message-only blocks."""
    problems = view_problems(view)
    assert any(expected in problem for problem in problems) if expected else problems == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "options", "initial_options", "element", "rows", "value"])
            | st.sampled_from(["option_groups", "accessory", "blocks", "title", "block_id", "action_id", "tasks"]),
            inner | st.sampled_from(["section", "actions", "checkboxes", "static_select", "table", "input", "modal"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_gets_an_answer(value: Any) -> None:
    """Whatever a bot sends is either accepted or refused with sentences, never a crash."""
    for problems in (message_problems(value), message_problems([value]), view_problems(value)):
        assert all(isinstance(problem, str) for problem in problems)
