"""What the bot's cards say, read by a stranger: the headline of an incident, and a run step by step.

Only the plain text that every message carries is read, as a person without pictures would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fixloop_bot.sandbox.slack import Message

Json = dict[str, Any]

TONES = {"🔴": "bad", "🟡": "busy", "🟢": "good", "⚪": "open"}
MARKS = {
    "✅": "passed",
    "❌": "failed",
    "❔": "inconclusive",
    "➖": "skipped",
    "⏳": "running",
    "☐": "left out",
    "✋": "manual",
}
BUTTON_KEYS = ("action_id", "text", "style", "confirm")
_NAME = re.compile(r"INC-\d+\b")
_STEP = re.compile(rf"(\d{{1,2}})\s+([{''.join(MARKS)}])️?\s+(.{{1,400}})")
_RUN = re.compile(r"(Confirm run|Validate run|Watch|Another look at step)\b.{0,60}")
_LINK = re.compile(r"<([^|<>]{0,2000})\|([^<>]{0,500})>")
_DATE = re.compile(r"(<!date\^\d{1,12}\^[^<>|]{1,100}\|[^<>]{0,100}>)")
_MARKS_OF_STYLE = re.compile(r"(?<!\w)[*_`~]|[*_`~](?!\w)")


def headline(message: Message) -> Json:
    """title, status and tone of an incident's root card; every field empty where the card is another one.

    Dates in ``status`` and ``facts`` stay Slack's marks: the page writes them in the reader's own time.
    """
    title = next((_text(block) for block in message.blocks if block.get("type") == "header"), "")
    said = next((_text(block) for block in message.blocks if block.get("type") == "section"), "")
    line = said.partition("\n")[0].strip()
    tone = next((name for mark, name in TONES.items() if line.startswith(mark)), "")
    said_small = [line for block in message.blocks for line in _first_text(block).split("\n") if line]
    facts = next((line for line in said_small if _NAME.match(line)), "")
    return {
        "title": plain(title),
        "status": dated(line.lstrip("".join(TONES)).strip()) if tone else "",
        "tone": tone,
        "facts": dated(facts),
        "buttons": _buttons(message),
    }


def _buttons(message: Message) -> list[Json]:
    """The plain buttons of the card, as the deck repeats them."""
    rows = [block for block in message.blocks if block.get("type") == "actions"]
    return [
        {"block_id": block.get("block_id", ""), **{key: each[key] for key in BUTTON_KEYS if key in each}}
        for block in rows[:1]
        for each in block.get("elements") or ()
        if each.get("type") == "button"
    ]


def run_of(messages: Iterable[Message]) -> Json | None:
    """The newest run that a thread shows, or None: its heading, its outcome if it is over, and its steps."""
    for message in reversed(list(messages)):
        lines = message.text.split("\n")
        heading = heading_of(message.text)
        steps = steps_of(lines[1:])
        if heading and steps:
            outcome = lines[1].strip() if _STEP.fullmatch(lines[1].strip()) is None else ""
            return {"ts": message.ts, "heading": heading, "outcome": plain(outcome), "steps": steps}
    return None


def heading_of(text: str) -> str:
    """`Confirm run 1`: the first line of a message that shows a run, nothing for any other message."""
    first = text.partition("\n")[0].strip()
    return first if _RUN.fullmatch(first) is not None else ""


def steps_of(lines: Iterable[str]) -> list[Json]:
    """The lines `1  ✅ passed · A cart can be paid`, each with the line of figures below it."""
    steps: list[Json] = []
    fresh = False
    for line in lines:
        match = _STEP.fullmatch(line.strip())
        if match is not None:
            state, _, title = _split(match[3])
            steps.append(
                {
                    "number": int(match[1]),
                    "mark": MARKS[match[2]],
                    "state": plain(state),
                    "title": plain(title),
                    "figures": "",
                }
            )
        elif fresh and steps:
            steps[-1]["figures"] = plain(line.strip())
        fresh = match is not None
    return steps


def plain(text: str) -> str:
    """Slack's text as a person reads it: links by their label, dates by their fallback, no marks, no escapes."""
    text = _LINK.sub(lambda match: match[2], text)
    text = _MARKS_OF_STYLE.sub("", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def dated(text: str) -> str:
    """``plain``, but for the marks of dates, which stay as they are."""
    return "".join(part if _DATE.fullmatch(part) else plain(part) for part in _DATE.split(text))


def _split(said: str) -> tuple[str, str, str]:
    """`leaning to passed · 10 s to go · A cart can be paid · control`: what is said of the state, and the title."""
    pieces = said.split(" · ")
    if len(pieces) > 2 and pieces[1].endswith(" to go"):
        return " · ".join(pieces[:2]), "", " · ".join(pieces[2:])
    return pieces[0], "", " · ".join(pieces[1:])


def _text(block: Json) -> str:
    text = block.get("text")
    return str(text.get("text") or "") if isinstance(text, dict) else ""


def _first_text(block: Json) -> str:
    """What a context block says first; nothing for other blocks."""
    if block.get("type") != "context":
        return ""
    return next(
        (str(each.get("text")) for each in block.get("elements") or () if isinstance(each.get("text"), str)), ""
    )
