"""Reading a body that was meant to be JSON.

Datadog fills a template without quoting: a log sample, a quotation mark or a bare object inside ``"$EVENT_MSG"``
leaves invalid JSON. What can be relied upon is the template's own skeleton, ``"key": …, "key": …``. So a value
reaches to the next key of the skeleton, and an object that begins in the middle of a text is part of the text.

A general repairer guesses at this (it drops the keys after such a value) and needs seconds for hostile bytes; here
every step is one pass over the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_KEYS = 1_000
MOST_BRACES = 20_000
_KEY = re.compile(r"""(["'])([^"'\\\n]{1,80})\1[ \t\r\n]{0,200}:[ \t\r\n]{0,200}""")
_BARE_KEY = re.compile(r"(?:(?<=[{,\n])|\A)[ \t]{0,40}([A-Za-z_$][\w.$]{0,60})[ \t]{0,20}[:=][ \t]{0,20}")
_BRACE = re.compile(r"[{}]")
_LOOSE_QUOTE = re.compile(r'(?<!\\)"')
_QUOTED = r"\\\""
_AFTER_VALUE = " \t\r\n,{}[]"


@dataclass(frozen=True, slots=True)
class Found:
    """One key with the text of its value; ``path`` names the objects around it, outermost first."""

    path: tuple[str, ...]
    value: str


def salvage(text: str) -> list[Found]:
    """Every key of the skeleton with its value, in the order of the text; empty if there is no skeleton."""
    closing = _matching_braces(text)
    anchors = list(_anchors(text, closing))
    found: list[Found] = []
    around: list[tuple[int, str]] = []
    for index, (start, end, key) in enumerate(anchors):
        while around and start > around[-1][0]:
            around.pop()
        if text.startswith("{", end):
            around.append((closing.get(end, len(text)), key))
            continue
        after = anchors[index + 1][0] if index + 1 < len(anchors) else len(text)
        found.append(Found((*(name for _, name in around[-8:]), key), _value(text[end:after])))
    return found


def _anchors(text: str, closing: dict[int, int]) -> Iterator[tuple[int, int, str]]:
    """(start, end, key) of the skeleton's keys; what stands in an object inside a text is passed over."""
    passed_until = count = 0
    keys = list(_take(_KEY, text))
    if not keys and text.startswith("{"):  # the keys of plain prose ("Re: …") are none
        keys = list(_take(_BARE_KEY, text))
    for match in keys:
        if match.start() < passed_until:
            continue
        opening = _opening_before(text, match.start())
        if opening is not None and not _structural(text, opening) and opening in closing:
            passed_until = closing[opening]
            continue
        yield match.start(), match.end(), match[match.lastindex or 1].strip()
        count += 1
        if count >= MOST_KEYS:
            return


def _take(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for number, match in enumerate(pattern.finditer(text)):
        if number >= MOST_KEYS * 4:
            return
        yield match


def _opening_before(text: str, at: int) -> int | None:
    """Where the brace stands that this key follows directly, if it does."""
    near = text[max(0, at - 200) : at].rstrip()
    return max(0, at - 200) + len(near) - 1 if near.endswith("{") else None


def _structural(text: str, opening: int) -> bool:
    """Whether an object may begin here: at the top, in a list, or as the value of a quoted key."""
    before = text[max(0, opening - 200) : opening].rstrip()
    if not before or before[-1] in "[,":
        return True
    return before[-1] == ":" and before[:-1].rstrip()[-1:] in ("'", '"')


def _matching_braces(text: str) -> dict[int, int]:
    """Position of each opening brace → of its closing one; braces without a partner are left out."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for number, match in enumerate(_BRACE.finditer(text)):
        if number >= MOST_BRACES:
            break
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            pairs[opened.pop()] = match.start()
    return pairs


def _value(raw: str) -> str:
    if raw[:1] not in ("'", '"'):
        return raw.strip(_AFTER_VALUE)
    quote, rest = raw[0], raw[1:]
    end = rest.rstrip(_AFTER_VALUE)
    inner = end[:-1] if end.endswith(quote) else rest
    quoted = _LOOSE_QUOTE.sub(_QUOTED, inner)
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError:
        return inner.replace("\\n", "\n").replace('\\"', '"')
