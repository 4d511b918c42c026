"""Text from outside, put into a prompt as data that cannot leave its section.

Each section is closed by a line that holds a digest of everything inside it. Text that closes its own
section would have to contain its own digest; so what is written in an alert or a log line cannot end it,
and the prompt stays deterministic.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.redaction import mask

# Our own marks, tokens of the model's chat template and its markup: as data they are taken apart.
_TEMPLATE = re.compile(
    r"\](?=~!b\[|~b\]|<\]minimax)|\[(?=e~\[|/?(?:INST|TOOL_CALLS?|THINK)\])|"
    r"<(?=<<|/?(?:[|｜]|minimax:|mm:|think|tool_call|invoke|parameter|s>))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A headline of ours over lines from outside, which are cut to ``line_limit`` and ``limit`` characters."""

    name: str
    lines: tuple[str, ...]
    limit: int = 4_000
    line_limit: int = 400
    secrets: tuple[str, ...] = ()


def boundary(sections: Sequence[Section]) -> str:
    """What the closing lines hold: 16 hex digits that depend on every character inside the sections."""
    inside = "\n".join(line for section in sections for line in (section.name, *section.lines))
    return hashlib.sha256(inside.encode("utf-8", "replace")).hexdigest()[:16]


def render(sections: Iterable[Section]) -> str:
    """The sections that have lines, one after the other."""
    filled = [section for section in sections if any(line.strip() for line in section.lines)]
    mark = boundary(filled)
    return "\n\n".join(_rendered(section, mark) for section in filled)


def one_line(text: str, limit: int, *, secrets: Sequence[str] = ()) -> str:
    """Printable text on one line, secrets masked, cut to ``limit`` characters with a note of how many were left out."""
    text = mask(text, secrets)
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: limit * 4]).split())
    left_out = max(0, len(line) - limit) + max(0, len(text) - limit * 4)
    line = _TEMPLATE.sub(lambda found: found[0] + " ", line[:limit])
    return f"{line} …({left_out} more characters)" if left_out else line


def _rendered(section: Section, mark: str) -> str:
    kept: list[str] = []
    room = section.limit
    for line in section.lines:
        shown = one_line(line, section.line_limit, secrets=section.secrets)
        if len(shown) > room:
            kept.append(f"…({len(section.lines) - len(kept)} more lines)")
            break
        kept.append(shown)
        room -= len(shown) + 1
    body = "\n".join(kept)
    return f"<<<DATA {mark} {section.name}>>>\n{body}\n<<<END {mark} {section.name}>>>"
