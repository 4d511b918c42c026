"""Slack's texts as plain text for a terminal, with a little colour where wanted.

`*bold*`, `_italic_`, `~strike~` and `` `code` `` lose their marks; links, mentions and dates show what
Slack's clients show; a few emoji have their picture. Everything else in a message is data: control characters
are dropped, so that no text can steer the terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

EMOJI: Mapping[str, str] = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔",
    "ballot_box_with_check": "☑",
    "x": "❌",
    "warning": "⚠️",
    "rotating_light": "🚨",
    "red_circle": "🔴",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "white_circle": "⚪",
    "large_blue_circle": "🔵",
    "hourglass_flowing_sand": "⏳",
    "hourglass": "⌛",
    "hand": "✋",
    "raised_hand": "✋",
    "eyes": "👀",
    "tada": "🎉",
    "fire": "🔥",
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "mag": "🔍",
    "robot_face": "🤖",
    "bulb": "💡",
    "point_right": "👉",
    "arrow_right": "➡",
    "link": "🔗",
    "chart_with_upwards_trend": "📈",
}

_DATE_FORMATS: Mapping[str, str] = {
    "date_num": "%Y-%m-%d",
    "date": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "date_pretty": "%B %-d, %Y",
    "date_short_pretty": "%b %-d, %Y",
    "date_long_pretty": "%A, %B %-d, %Y",
    "day_divider_pretty": "%A, %B %-d",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ANGLE = re.compile(r"<([^<>\n]+)>")
_CODE_BLOCK = re.compile(r"```\n?(.{1,3000}?)\n?```", re.DOTALL)
_EMOJI = re.compile(r":([a-z0-9_+\-']{1,50}):")
_MARK = re.compile(r"(?<![\w*_~`])([*_~`])(?=\S)([^\n]{1,2000}?)(?<=\S)\1(?![\w*_~`])")
_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
_ANSI_OF = {"*": ("\x1b[1m", "\x1b[22m"), "_": ("\x1b[3m", "\x1b[23m"), "`": ("\x1b[36m", "\x1b[39m")}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How to say things: with colour or without, in which time zone (None: the machine's), whose names."""

    colour: bool = False
    timezone: tzinfo | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Ids of users, channels and groups → what to show, such as @mira or #incidents."""

    def paint(self, text: str, code: str) -> str:
        """ANSI code such as "1" (bold) or "2" (dim) around the text, when colour is on."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


def plain(text: str) -> str:
    """A plain_text object's text: emoji only, nothing else is markup."""
    return _emoji(clean(text))


def clean(text: str) -> str:
    """Without characters that could control a terminal or turn the reading direction."""
    return _CONTROL.sub("", text.replace("\t", " ")).replace("\ue000", "").replace("\ue001", "")


def spoken(text: str, voice: Voice) -> str:
    """A mrkdwn text as it reads."""
    parts: list[str] = []

    def shelve(match: re.Match[str]) -> str:
        parts.append(_angle(match[1], voice))
        return f"\ue000{len(parts) - 1}\ue001"

    def shelve_code(match: re.Match[str]) -> str:
        parts.append(match[1])
        return f"\ue000{len(parts) - 1}\ue001"

    shelved = _ANGLE.sub(shelve, _CODE_BLOCK.sub(shelve_code, clean(text)))
    marked = _marked(_emoji(shelved), voice)
    restored = _PLACEHOLDER.sub(lambda match: parts[int(match[1])], marked)
    return restored.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _marked(text: str, voice: Voice) -> str:
    def strip(match: re.Match[str]) -> str:
        mark, inside = match[1], match[2]
        inside = inside if mark == "`" else _marked(inside, voice)
        start, end = _ANSI_OF.get(mark, ("", "")) if voice.colour else ("", "")
        return each_word(inside, start, end)

    return _MARK.sub(strip, text)


def each_word(text: str, start: str, end: str) -> str:
    """Style each word by itself, so that a wrapped line carries no style into the margin."""
    return " ".join(f"{start}{word}{end}" if word else "" for word in text.split(" "))


def _emoji(text: str) -> str:
    return _EMOJI.sub(lambda match: EMOJI.get(match[1], match[0]), text)


def _angle(inside: str, voice: Voice) -> str:
    """What stands for `<…>`: a mention, a date, a link."""
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return date(target, label, voice)
    if target.startswith("!subteam^"):
        return voice.names.get(target.removeprefix("!subteam^"), label or "@group")
    if target.startswith("!"):
        return f"@{target[1:]}"
    if target.startswith(("@", "#")):
        return voice.names.get(target[1:], label or target)
    return _emoji(label) or target


def date(target: str, fallback: str, voice: Voice) -> str:
    """`!date^1392734382^{date_num} {time_secs}` in the reader's time, or its fallback."""
    parts = target.split("^")
    if len(parts) < 3 or not parts[1].isdigit():
        return fallback
    try:
        moment = datetime.fromtimestamp(int(parts[1]), tz=voice.timezone).astimezone(voice.timezone)
    except (OverflowError, OSError, ValueError):
        return fallback
    return re.sub(r"\{(\w+)\}", lambda match: _date_part(moment, match[1], match[0]), parts[2])


def _date_part(moment: datetime, name: str, unknown: str) -> str:
    return moment.strftime(_DATE_FORMATS[name]) if name in _DATE_FORMATS else unknown


def columns(text: str) -> int:
    """How many terminal columns a line takes: emoji and wide letters two, combining marks none."""
    total = 0
    for letter in _ANSI.sub("", text):
        if unicodedata.combining(letter) or letter in "\u200d\ufe0e":
            continue
        if letter == "\ufe0f":
            total += 1
        else:
            total += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
    return total


def pad(text: str, width: int, align: str = "left") -> str:
    space = max(0, width - columns(text))
    if align == "right":
        return " " * space + text
    if align == "center":
        return " " * (space // 2) + text + " " * (space - space // 2)
    return text + " " * space


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most `width` columns where words allow it; continuation lines start with `indent`."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.split(r"(?<=\S) (?=\S)", paragraph):
            candidate = f"{line} {word}" if line else word
            if line.strip() and columns(candidate) > width:
                lines.append(line)
                candidate = indent + word.lstrip()
            line = candidate
        lines.append(line)
    return lines
