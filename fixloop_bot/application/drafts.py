"""A plan while somebody edits it: kept in the store, since what stands in a modal may be closed at any moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.domain.plans import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One person's edit of one plan version. ``base`` are the steps as that version has them, ``steps`` as edited.

    ``revision`` counts the edits, so that each drawing of the modal has ids of its own.
    """

    id: str
    incident: str
    version: int
    by: str
    base: tuple[Step, ...]
    steps: tuple[Step, ...]
    revision: int = 0

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def mark(self, step: Step) -> str:
        """``new``, ``edited``, or nothing for a step that is as it was."""
        before = next((each for each in self.base if each.id == step.id), None)
        if before is None:
            return "new"
        return "" if before == step else "edited"


class Drafts(Protocol):
    """Keeps drafts for some hours."""

    async def save_draft(self, draft: Draft) -> None: ...
    async def draft(self, draft_id: str) -> Draft | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """A step in the words of a plan's file, as a person types them.

    ``check`` is the YAML of what is sent or read (``post: /checkout``), ``expect`` one expectation a line; None for a
    kind of check that has none.
    """

    title: str
    role: str
    check: str
    expect: str | None = None


class Unreadable(Exception):  # noqa: N818 - it is an answer, shown beside the field
    """Typed words that are no step: a sentence for each field (``title``, ``role``, ``check``, ``expect``)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(self.errors.values()))


class Wording(Protocol):
    """Puts steps into the words of a plan's file, and reads them."""

    def words(self, step: Step) -> StepWords: ...

    def read(self, words: StepWords, *, step_id: str, before: Step | None = None) -> Step:
        """The step; raises Unreadable. ``before`` is what was edited: its long lines are typed as ``keep 2``."""
        ...
