"""Calls as the templates of other models write them inside of a block: the tool's name, then its arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

_TAGS = re.compile(r"<(/?)(?:minimax:|mm:)?(?:tool_calls?|function_calls)(?:\s[^<>]{0,120})?>", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_][\w-]{0,63}")
_PAIR = re.compile(r"<arg_key>([^<>]{1,64})</arg_key>\s{0,8}<arg_value>(.*?)</arg_value>", re.DOTALL)
_OPTION = re.compile(r"^\s{0,40}--([A-Za-z_]\w{0,63})\s+(.+?)\s*$", re.MULTILINE)
_ARROW = re.compile(r"\btool\s{0,8}=>\s{0,8}[\"']([\w.-]{1,64})[\"']")
_FENCE = re.compile(r"```(?:json)?")
LONGEST = 8_000


def named_call(block: str, names: Collection[str], *, closed: bool) -> tuple[str, Any] | None:
    """A known tool's name and its arguments; None where they cannot be made out, or where the block broke off.

    A block without its end counts if its arguments are a whole JSON object: some templates have no end.
    """
    inside = _TAGS.sub("", block[:LONGEST]).strip()
    arrow = _ARROW.search(inside)
    if arrow is not None:
        return (arrow[1], _options(inside)) if closed else None
    name = _first_name(inside, names)
    if name is None:
        return None
    if closed and (pairs := _PAIR.findall(inside)):
        return name, {key.strip(): _value(value) for key, value in pairs}
    at = inside.find("{")
    if at < 0:
        return (name, {}) if closed and inside == name else None
    arguments = _object(_FENCE.sub("", inside[at:]).strip())
    return (name, arguments) if arguments is not None else None


def _first_name(inside: str, names: Collection[str]) -> str | None:
    """The known tool that is named before the arguments."""
    head = re.split(r"[{<]", inside, maxsplit=1)[0]
    return next((word for word in _WORD.findall(head) if word in names), None)


def _options(inside: str) -> dict[str, Any]:
    return {name: _value(value) for name, value in _OPTION.findall(inside)}


def _value(text: str) -> Any:
    try:
        return json.loads(text.strip())
    except (ValueError, RecursionError):
        return text.strip()


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
