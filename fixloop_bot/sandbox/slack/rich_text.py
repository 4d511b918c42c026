"""rich_text blocks as lines of plain text."""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.sandbox.slack.mrkdwn import EMOJI, Voice, clean, date, each_word
from fixloop_bot.sandbox.slack.records import Json


def lines_of(block: Json, voice: Voice) -> list[str]:
    """Sections as paragraphs, lists with bullets or numbers, quotes and code with a bar."""
    lines: list[str] = []
    for part in block["elements"]:
        lines += _part(part, voice)
    return lines


def _part(part: Json, voice: Voice) -> list[str]:
    if part["type"] == "rich_text_list":
        indent, start = "  " * int(part.get("indent", 0)), int(part.get("offset", 0)) + 1
        ordered = part.get("style") == "ordered"
        marks = [f"{start + index}." if ordered else "•" for index in range(len(part["elements"]))]
        texts = [_inline(item["elements"], voice) for item in part["elements"]]
        return [f"{indent}{mark} {text}" for mark, text in zip(marks, texts, strict=True)]
    text = _inline(part["elements"], voice).removesuffix("\n")
    bar = "▏ " if part["type"] in ("rich_text_quote", "rich_text_preformatted") else ""
    return [f"{bar}{line}" for line in text.split("\n")]


def _inline(elements: Sequence[Json], voice: Voice) -> str:
    return "".join(_piece(element, voice) for element in elements)


def _piece(element: Json, voice: Voice) -> str:
    kind = element["type"]
    if kind == "text":
        text = clean(element["text"])
        return each_word(text, "\x1b[1m", "\x1b[22m") if voice.colour and _bold(element) else text
    if kind == "link":
        return clean(element.get("text") or element["url"])
    if kind == "emoji":
        return EMOJI.get(element["name"], f":{clean(element['name'])}:")
    if kind == "date":
        target = f"!date^{element['timestamp']}^{element['format']}"
        return clean(date(target, str(element.get("fallback", "")), voice))
    if kind == "broadcast":
        return f"@{clean(element['range'])}"
    for name in ("user_id", "channel_id", "usergroup_id"):
        if name in element:
            return voice.names.get(element[name], clean(str(element[name])))
    return clean(str(element.get("value", "")))


def _bold(element: Json) -> bool:
    return bool((element.get("style") or {}).get("bold"))
