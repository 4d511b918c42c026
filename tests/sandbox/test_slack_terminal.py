"""The thread as a terminal shows it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from fixloop_bot.sandbox.slack.mrkdwn import Voice, columns, spoken
from fixloop_bot.sandbox.slack.terminal import render_message, render_thread, render_view
from fixloop_bot.sandbox.slack.transcript import transcript
from tests.sandbox.slack_room import checklist, client_of, running_slack
from tests.sandbox.test_slack_blocks import ACCEPTED

Json = dict[str, Any]
VOICE = Voice(timezone=UTC, names={"U0FIXLOOP1": "@fixloop", "U0MIRA0001": "@mira", "C0INCIDENT": "#incidents"})
COLOUR = Voice(timezone=UTC, colour=True, names=VOICE.names)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def bot_says(*blocks: Json, ts: str = "1790000000.000100", **more: Any) -> Json:
    author = {"user": "U0FIXLOOP1", "bot_id": "B1", "bot_profile": {"name": "FixLoop"}}
    return {"ts": ts, "blocks": list(blocks), **author, **more}


STEPS = [
    {"text": mrkdwn("*1*  A cart can be paid"), "value": "1", "description": mrkdwn("POST /checkout → 200")},
    {"text": mrkdwn("*2*  Refunds are open"), "value": "2", "description": plain("by hand")},
]
BOXES = {"type": "checkboxes", "action_id": "steps", "options": STEPS, "initial_options": STEPS[:1]}
KEYS = [{"type": "button", "action_id": name, "text": plain(name)} for name in ("Validate", "New plan")]
ROOT = bot_says(
    {"type": "header", "text": plain(":red_circle: checkout · error rate 31 %")},
    {"type": "section", "fields": [mrkdwn("*Lead*\nnobody"), mrkdwn("*Since*\n02:58")]},
    {"type": "context", "elements": [mrkdwn("<https://example.com|Monitor> · <@U0MIRA0001>")]},
    {"type": "image", "alt_text": "chart: error rate", "image_url": "https://example.com/a.png"},
)
PLAN = bot_says(
    {"type": "actions", "block_id": "plan:1", "elements": [BOXES]},
    {"type": "divider"},
    {"type": "actions", "elements": [*KEYS, {"type": "overflow", "action_id": "more", "options": []}]},
    ts="1790000060.000100",
)


def test_a_thread_reads_as_in_slack() -> None:
    """Header, fields, links, images, checkboxes with descriptions, buttons, and replies beside a line."""
    assert render_thread([ROOT, PLAN], VOICE, width=40) == "\n".join(
        [
            "FixLoop  APP  14:13",
            "  🔴 checkout · error rate 31 %",
            "  Lead                Since",
            "  nobody              02:58",
            "  Monitor · @mira",
            "  [chart: error rate]",
            "",
            "  │ FixLoop  APP  14:14",
            "  │   ☑ 1  A cart can be paid",
            "  │     POST /checkout → 200",
            "  │   ☐ 2  Refunds are open",
            "  │     by hand",
            f"  │   {'─' * 34}",
            "  │   [ Validate ]  [ New plan ]  [ ⋯ ]",
        ]
    )


def test_what_a_person_ticked_wins_over_the_initial_options() -> None:
    """The checklist shows the reader's own state where there is one."""
    shown = render_message(PLAN, VOICE, ticked={"plan:1": ["2"]})
    assert "☐ 1  A cart can be paid" in shown
    assert "☑ 2  Refunds are open" in shown


def test_a_table_has_aligned_columns() -> None:
    """Columns are as wide as their widest cell, emoji included, and may align right."""
    rows = [["step", "verdict"], ["1", "✅ passed"], ["10", "❌ failed"]]
    cells = [[{"type": "raw_text", "text": text} for text in row] for row in rows]
    block = {"type": "table", "rows": cells, "column_settings": [{"align": "right"}]}
    lines = render_message(bot_says(block), VOICE).split("\n")[1:]
    assert lines == ["  step  verdict", "     1  ✅ passed", "    10  ❌ failed"]


def test_a_modal_has_a_frame() -> None:
    """Title above, inputs with their hints, the keys below at the right."""
    field = {"type": "plain_text_input", "action_id": "a", "placeholder": plain("one sentence")}
    block = {"type": "input", "label": plain("Why"), "element": field, "optional": True}
    view = {"type": "modal", "title": plain("Edit"), "submit": plain("Save"), "blocks": [block]}
    assert render_view(view, VOICE, width=24) == "\n".join(
        [
            "╭─ Edit ───────────────╮",
            "│ Why (optional)       │",
            "│ [ one sentence ]     │",
            "│                      │",
            "│             [ Save ] │",
            "╰──────────────────────╯",
        ]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*bold* _italic_ ~gone~ `code`", "bold italic gone code"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("<https://example.com>", "https://example.com"),
        ("<https://example.com/a_b_c|a *link*>", "a *link*"),
        ("<@U0MIRA0001> in <#C0INCIDENT|x>", "@mira in #incidents"),
        ("<!here> <!subteam^S1|@on-call>", "@here @on-call"),
        ("<!date^1790000000^{date_num} {time_secs}|then>", "2026-09-21 14:13:20"),
        ("<!date^soon^{time}|at noon>", "at noon"),
        (":white_check_mark: :not_an_emoji:", "✅ :not_an_emoji:"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("safe\x1b[2Jtext\x07\u202e", "safe[2Jtext"),
    ],
)
def test_mrkdwn_becomes_plain_text(text: str, expected: str) -> None:
    """Marks disappear only where Slack sees marks; nothing in a text can steer the terminal."""
    assert spoken(text, VOICE) == expected


def test_colour_is_only_there_when_asked_for() -> None:
    """With colour a text is styled and as wide as without."""
    coloured, bare = spoken("*now* `503`", COLOUR), spoken("*now* `503`", VOICE)
    assert "\x1b[1m" in coloured
    assert "\x1b" not in bare
    assert columns(coloured) == columns(bare)


@pytest.mark.parametrize("name", ACCEPTED)
def test_everything_that_slack_accepts_can_be_shown(name: str) -> None:
    """No accepted message breaks the terminal or comes out empty."""
    shown = render_message(bot_says(*ACCEPTED[name]), VOICE)
    assert shown.startswith("FixLoop  APP  14:13")
    assert "(context_actions)" not in shown


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab *_~`<>|!@#^&:\x1b\n{}1"), max_size=40))
def test_any_text_is_shown_without_control_characters(text: str) -> None:
    """Rendering never fails, and only the renderer itself writes escape sequences."""
    assert "\x1b" not in render_message(bot_says({"type": "section", "text": mrkdwn(text)}), VOICE)


async def test_a_transcript_is_what_one_person_sees_now() -> None:
    """Names, this reader's ticks, and the assistant's status below the thread."""
    async with running_slack() as slack:
        client = client_of(slack)
        root = slack.people.message("mira", "incidents", "@fixloop is it safe?")
        posted = await client.chat_postMessage(
            channel=INCIDENTS, text="plan", blocks=checklist("r1", "1"), thread_ts=root.ts
        )
        await client.assistant_threads_setStatus(channel_id=INCIDENTS, thread_ts=root.ts, status="is checking…")
        await slack.people.tick("mira", "incidents", posted["ts"], "r1", ["2"])
        seen = {
            reader: transcript(slack.core.workspace, "incidents", root.ts, reader=reader)
            for reader in ("mira", "jonas")
        }
    assert "@fixloop is it safe?" in seen["mira"]
    assert seen["mira"].endswith("FixLoop is checking…")
    assert "☐ step 1\n  │   ☑ step 2" in seen["mira"]
    assert "☑ step 1\n  │   ☐ step 2" in seen["jonas"]
