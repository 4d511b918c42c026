"""The dossier of a question: numbered pieces of evidence, each with where it comes from and what it opens.

The model sees the numbers and cites them; the check reads the texts. Whatever is not in here was not known when the
question was answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.word_grounds import Told


class Source(StrEnum):
    """Where a piece of evidence comes from, in the word that a person reads."""

    VERDICT = "verdict"
    INCIDENT = "incident"
    SIGNAL = "signal"
    PLAN = "plan"
    RUN = "run"
    STEP = "step"
    COMPARISON = "comparison"
    TIMELINE = "timeline"
    CATALOG = "catalog"
    METRIC = "metric"
    LOG = "log"
    CHANGE = "change"
    THREAD = "thread"
    RUNBOOK = "runbook"
    PAST = "past incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that can be cited. ``key`` is the same for the same thing; ``text`` is masked and bounded.

    ``title`` names it in a few words (``run 2, step 3``); ``link`` is what it opens, empty where there is nothing.
    """

    key: str
    source: Source
    title: str
    text: str
    link: str = ""

    @property
    def heading(self) -> str:
        """What the model reads above it: ``incident: INC-1``."""
        return self.title if self.title.startswith(self.source.value) else f"{self.source.value}: {self.title}"


class Dossier:
    """Evidence in the order in which it was found, numbered from 1; it grows while an answer is worked on."""

    def __init__(self, evidence: tuple[Evidence, ...] = ()) -> None:
        self._entries: list[Evidence] = []
        self._numbers: dict[str, int] = {}
        self._grounds: dict[int, Grounds] = {}
        self._told: dict[int, Told] = {}
        for each in evidence:
            self.add(each)

    def add(self, evidence: Evidence) -> int:
        """Its number; what is known under the same key is replaced and keeps its number."""
        number = self._numbers.get(evidence.key)
        if number is None:
            self._entries.append(evidence)
            number = self._numbers[evidence.key] = len(self._entries)
        else:
            self._entries[number - 1] = evidence
            self._grounds.pop(number, None)
            self._told.pop(number, None)
        return number

    def number_of(self, key: str) -> int | None:
        return self._numbers.get(key)

    def entry(self, number: int) -> Evidence | None:
        return self._entries[number - 1] if 1 <= number <= len(self._entries) else None

    def of(self, key: str) -> Evidence | None:
        number = self._numbers.get(key)
        return self._entries[number - 1] if number is not None else None

    def from_source(self, source: Source) -> tuple[Evidence, ...]:
        return tuple(each for each in self._entries if each.source is source)

    def grounds(self, number: int) -> Grounds:
        """What figures may be taken from an entry; read when it is first cited, since reading all takes time."""
        if number not in self._grounds:
            evidence = self._entries[number - 1]
            self._grounds[number] = Grounds.of(f"{evidence.title}\n{evidence.text}")
        return self._grounds[number]

    def told(self, number: int) -> Told:
        """The words of an entry, with its title; read when it is first cited, as ``grounds`` is."""
        if number not in self._told:
            evidence = self._entries[number - 1]
            self._told[number] = Told.of(f"{evidence.title}\n{evidence.text}")
        return self._told[number]

    def links(self) -> frozenset[str]:
        """The addresses that state supplies; an answer may contain no others."""
        return frozenset(each.link for each in self._entries if each.link)

    def numbered(self) -> Iterator[tuple[int, Evidence]]:
        return enumerate(self._entries, start=1)

    def __len__(self) -> int:
        return len(self._entries)
