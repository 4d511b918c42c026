"""What a look of ``fixloop doctor`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a look found."""

    OK = "ok"
    OFF = "off"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: a part, its state, what was seen, and the cure."""

    part: str
    state: State
    seen: str
    cure: str = ""
