"""A step as a person edits it in a form: the grammar of a plan's file, one field for what is sent, one for what it
must find. Every mistake is named at its field, with line and column where it has one."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

import orjson
import yaml

from fixloop_bot.adapters.plan_keys import KINDS
from fixloop_bot.adapters.plan_steps import StepReader
from fixloop_bot.adapters.plan_text import check_document, yaml_text
from fixloop_bot.adapters.yaml_nodes import Complaints, compose
from fixloop_bot.application.drafts import StepWords, Unreadable
from fixloop_bot.domain.errors import CatalogError, ExpectError
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.plans import Check, Step

WHAT = "what it checks"
LONGEST_LINE = 300
"""A longer expectation (a schema that was written out) is typed as ``keep 2``: nobody edits it on a phone."""
LONGEST_QUOTE = 60
_TEXT = "tag:yaml.org,2002:str"
_KEPT = re.compile(r"keep (\d{1,3})\b.*")
_ELSEWHERE = {"title": "title", "role": "role", "expect": "expect"}
"""Keys that have a field of their own."""
_COLUMN = re.compile(r"\s*\(column (\d+) of `.*`\)$", re.DOTALL)


class PlanWords:
    """Implements the ``Wording`` port."""

    def words(self, step: Step) -> StepWords:
        document = check_document(step.check)
        lines = document.pop("expect", None)
        proof = {key: value for key, value in asdict(step.proof).items() if value is not None}
        document |= {"proof": proof} if proof else {}
        typed = None if lines is None else "\n".join(_shown(number, line) for number, line in enumerate(lines, 1))
        return StepWords(title=step.title, role=step.role.value, check=yaml_text(document).rstrip(), expect=typed)

    def read(self, words: StepWords, *, step_id: str, before: Step | None = None) -> Step:
        root = _mapping(words.check)
        given = [str(key.value) for key, _ in root.value]
        twice = next((name for name in _ELSEWHERE if name in given), None)
        if twice is not None:
            raise Unreadable({"check": f"{twice} has a field of its own: write it there."})
        lines, errors = _lines(words.expect or "", before)
        _add(root, "title", _scalar(root, words.title))
        _add(root, "role", _scalar(root, words.role))
        if lines:
            _add(root, "expect", _sequence(root, lines))
        found = _Places()
        step = StepReader(found).step(root, "", 1)
        errors = found.errors | errors
        if errors:
            raise Unreadable(errors)
        _storable(step)
        why = step.why or (before.why if before is not None else "")  # the form has no field for it
        return replace(step, id=step_id, why=why)


class _Places(Complaints):
    """Notes each mistake at the field that it belongs to, the first one of each."""

    def __init__(self) -> None:
        super().__init__(WHAT)
        self.errors: dict[str, str] = {}

    def add(self, node: yaml.Node, path: str, sentence: str) -> None:
        name = path.partition("[")[0].partition(".")[0]
        field = _ELSEWHERE.get(name, "check")
        where = f"Line {node.start_mark.line + 1}, column {node.start_mark.column + 1}: " if field == "check" else ""
        self.errors.setdefault(field, f"{where}{f'{path} ' if path else 'it '}{sentence}.")


def _storable(step: Step) -> None:
    """Raise Unreadable for half a character (``"\\ud800"``), which YAML can name and nothing can store or send."""
    try:
        orjson.dumps(step)
    except TypeError:
        raise Unreadable({"check": "A character in it is only half of one: write it out."}) from None


def _mapping(text: str) -> yaml.MappingNode:
    try:
        root = compose(text, WHAT)
    except CatalogError as error:
        said = str(error).removeprefix(WHAT).strip(" :")
        raise Unreadable({"check": f"{said[:1].upper()}{said[1:]}."}) from None
    if not isinstance(root, yaml.MappingNode):
        kinds = ", ".join(KINDS[:3])
        raise Unreadable(
            {"check": f"Write what it checks as `post: /checkout`: a word such as {kinds}, a colon, a path."}
        )
    return root


def _add(root: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    root.value.append((_scalar(root, key), value))


def _scalar(near: yaml.Node, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TEXT, text, near.start_mark, near.end_mark)


def _sequence(near: yaml.Node, lines: tuple[str, ...]) -> yaml.SequenceNode:
    items: list[Any] = [_scalar(near, line) for line in lines]
    return yaml.SequenceNode("tag:yaml.org,2002:seq", items, near.start_mark, near.end_mark)


def _shown(number: int, line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"keep {number}: {line[:LONGEST_QUOTE]}…"


def _lines(typed: str, before: Step | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """The expectations as the language has them, and what is wrong with the first that cannot be read."""
    old = _expectations(before.check) if before is not None else ()
    lines, errors = [], dict[str, str]()
    for number, line in enumerate(typed.splitlines(), start=1):
        said = line.strip().removeprefix("- ").strip()
        if not said:
            continue
        kept = _KEPT.fullmatch(said)
        if kept and 1 <= int(kept[1]) <= len(old):
            lines.append(old[int(kept[1]) - 1])
            continue
        try:
            expect.parse(said)
        except ExpectError as error:
            sentence = _COLUMN.sub("", str(error)).rstrip(".")
            errors.setdefault("expect", f"Line {number}, column {error.column}: {sentence}.")
        lines.append(said)
    return tuple(lines), errors


def _expectations(check: Check) -> tuple[str, ...]:
    return tuple(getattr(check, "expect", ()))
