"""The cases of ``questions.yaml``, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("questions.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with a known answer; the words are explained at the top of the file."""

    name: str
    world: str
    asks: str
    good: str
    incident: str = "INC-1"
    facts: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    blames: tuple[str, ...] = ()
    safe: bool = False
    abstains: bool = False
    offer: str = ""
    refused: str = ""
    by_hand: str = "yes"
    gaps: tuple[str, ...] = ()
    before: tuple[tuple[str, str, str], ...] = ()


def read_cases(path: Path = FILE) -> tuple[Case, ...]:
    """Raises TypeError for an unknown word, re.error for a broken expression, ValueError for a name used twice."""
    cases = tuple(_case(each) for each in yaml.safe_load(path.read_text("utf-8")))
    names = [case.name for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"These names are used twice: {', '.join(twice)}.")
    return cases


def _case(told: dict[str, Any]) -> Case:
    lists: dict[str, Any] = {key: tuple(told[key]) for key in ("facts", "never", "blames", "gaps") if key in told}
    before = tuple((user, question, answer) for user, question, answer in told.get("before", ()))
    known: dict[str, Any] = {**told, **lists, "before": before}
    case = Case(**known)
    for pattern in (*case.facts, *case.never, *case.blames):
        re.compile(pattern)
    return case
