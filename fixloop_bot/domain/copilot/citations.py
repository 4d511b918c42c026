"""The check of an answer: what the model wrote, held against the evidence, sentence by sentence, before it is said.

It is fed while the model still writes, and gives whole sentences back as soon as they are complete, with their
citations numbered anew. How a sentence is judged stands in ``rulings``; what evidence vouches for, in ``vouching``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.domain.calm_text import calm, plain
from fixloop_bot.domain.copilot.citation_marks import begins_sources, read_marks, renumbered
from fixloop_bot.domain.copilot.dossier import Dossier
from fixloop_bot.domain.copilot.replies import HouseRules, LeftOut, Numbering, Reply
from fixloop_bot.domain.copilot.rulings import CAUSE_NOT_VERIFIED, NOT_VERIFIED, SILENT, Judge
from fixloop_bot.domain.copilot.sentences import Cutter, Shape, Unit
from fixloop_bot.domain.copilot.spoken_figures import figures_in

__all__ = ("CAUSE_NOT_VERIFIED", "LONGEST_ANSWER", "NOT_VERIFIED", "Checker", "checked")

LONGEST_ANSWER = 6_000
"""Characters that are said; whatever a model writes beyond that is not looked at."""

_SEPARATOR = re.compile(r"\|?[\s:|\-–—+=]+\|?")


def checked(text: str, dossier: Dossier, *, house: HouseRules | None = None) -> Reply:
    """A whole answer, checked; never raises."""
    checker = Checker(dossier, house=house or HouseRules())
    said = checker.feed(text) + checker.close()
    return checker.reply(said)


class Checker:
    """Fed with the model's words; ``feed`` and ``close`` return what may be said."""

    def __init__(self, dossier: Dossier, *, house: HouseRules, numbering: Numbering | None = None) -> None:
        self._dossier = dossier
        self._house = house
        self._numbering = numbering if numbering is not None else Numbering()
        self._judge = Judge(dossier, house=house)
        self._cutter = Cutter()
        self._held = ""
        self._spoilt = False
        self._break = ""
        self._bare_line = True
        self._in_sources = False
        self._said = 0
        self.left_out: list[LeftOut] = []
        self.not_verified = 0
        self.verified = 0
        """Sentences that were said without a reservation."""

    def feed(self, text: str) -> str:
        """The sentences that are complete now and may be said."""
        return "".join(map(self.say, self.cut(text)))

    def cut(self, text: str) -> Sequence[Unit]:
        """What is complete now, for ``say``, one after the other. This takes no time; a judgement may."""
        return [*self._cutter.feed(text)]

    def close(self) -> str:
        """The rest. A heading or an introduction under which nothing stood is not said."""
        rest = "".join(map(self.say, self._cutter.close()))
        self._held = ""
        return rest

    def reply(self, text: str) -> Reply:
        """What was said so far, as one."""
        return Reply(
            text=text.strip(),
            cited=self._numbering.shown,
            left_out=tuple(self.left_out),
            not_verified=self.not_verified,
        )

    def say(self, unit: Unit) -> str:
        """What of it may be said, if anything."""
        if unit.shape is Shape.BREAK:
            self._break = self._break + "\n" if len(self._break) < 2 else self._break
            if len(self._break) == 2 and self._spoilt:
                self._held, self._spoilt = "", False
            self._bare_line = True
            return ""
        if self._said > LONGEST_ANSWER:
            return ""
        unit = replace(unit, text=plain(unit.text))
        said = self._heading(unit) if self._introduces(unit) else self._judged(unit)
        if said:
            self._bare_line = False
        return said

    def _heading(self, unit: Unit) -> str:
        """Held until something under it may be said."""
        if begins_sources(unit.text):
            self._in_sources = True
            return ""
        words = read_marks(unit.text, known=self._judge.known).claim
        ruling = self._judge.of_heading(unit.text, words)
        if ruling.why:
            self._leave_out(unit.text, ruling.why)
            return ""
        above = "" if "#" in unit.lead else self._held
        self._held = above + self._taken_break() + unit.lead + self._calm(words)
        return ""

    def _introduces(self, unit: Unit) -> bool:
        """A heading, an introduction that ends with a colon, the head of a table: nothing that has a figure."""
        words = unit.text.rstrip("*_ ")
        if unit.shape is Shape.ROW:
            return _SEPARATOR.fullmatch(words) is not None or not figures_in(unit.text)
        if unit.shape is not Shape.SENTENCE or (figures_in(unit.text) and not begins_sources(unit.text)):
            return False
        return "#" in unit.lead or words.endswith((":", "：")) or begins_sources(unit.text)

    def _judged(self, unit: Unit) -> str:
        if self._in_sources and (unit.lead.strip() or unit.text.lstrip().startswith(("[", "【", "("))):
            return ""
        self._in_sources = False
        ruling = self._judge.of(unit)
        if ruling.why:
            self._leave_out(unit.text, ruling.why)
            self._held, self._spoilt = "" if unit.shape is Shape.CODE else self._held, bool(self._held)
            return ""
        shown = self._shown(unit.text) if unit.shape is not Shape.CODE else f"```\n{self._calm(unit.text)}\n```"
        if not shown.strip():
            return ""
        if ruling.mark:
            self.not_verified += 1
            shown = f"{shown} {ruling.mark}"
        elif not ruling.empty:
            self.verified += 1
        return self._joined(unit, shown)

    def _joined(self, unit: Unit, shown: str) -> str:
        held, self._held, self._spoilt = self._held, "", False
        breaks = self._taken_break()
        lead = unit.lead if self._bare_line else " "
        said = held + breaks + lead + shown
        if self._said == 0:
            said = said.lstrip()
        self._said += len(said)
        return said

    def _taken_break(self) -> str:
        breaks, self._break = self._break, ""
        return breaks

    def _leave_out(self, sentence: str, why: str) -> None:
        if why != SILENT:
            self.left_out.append(LeftOut(sentence=sentence, why=why))

    def _shown(self, text: str) -> str:
        return self._calm(renumbered(text, known=self._judge.known, shown=self._number))

    def _number(self, number: int) -> int:
        evidence = self._dossier.entry(number)
        return self._numbering.number(evidence) if evidence is not None else number

    def _calm(self, text: str) -> str:
        return calm(self._house.masked(text), links=self._dossier.links())
