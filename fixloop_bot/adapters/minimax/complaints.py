"""What is wrong with a submitted step, one sentence a problem, fit to be quoted in a re-ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

_SHOWN = 80


class Problem(Exception):  # noqa: N818 - caught where a step is read, and turned into a complaint
    """A field that cannot be used: its name, and a sentence for each thing that is wrong with it."""

    def __init__(self, field: str, *sentences: str) -> None:
        self.field = field
        self.sentences = sentences
        super().__init__(*sentences)


def complaints_of(number: int, error: ValidationError) -> Iterator[str]:
    """A sentence with the step's number and the field for each of pydantic's errors."""
    for problem in error.errors(include_url=False, include_context=False):
        field = _field(problem["loc"])
        missing = problem["type"] == "missing"
        what = "it is missing." if missing else sentence(f"{problem['msg']}, not {_shown(problem['input'])}")
        yield f"Step {number}, {field}: {what}"


def _field(loc: tuple[int | str, ...]) -> str:
    name = ""
    for part in loc:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    return one_line(name.removeprefix("."), _SHOWN)


def _shown(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)


def sentence(text: str) -> str:
    """One line of at most 300 characters with a full stop."""
    text = one_line(text, 300)
    return text if text.endswith(".") else f"{text}."


def one_line(text: str, limit: int) -> str:
    """Printable, on one line, cut to ``limit`` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
