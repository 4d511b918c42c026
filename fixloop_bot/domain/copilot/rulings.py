"""What is said of one unit of an answer, and what is not.

::

    cites what there is, and every word, figure, name and quote stands in it            said
    claims something without a citation, in words that the cited evidence does not hold,
    or names a cause as a fact                                                          said, marked "not verified"
    a citation that leads nowhere; a figure, name, quote or step verdict not there      left out
    claims recovery or safety, and the verdict in code is not *proven*; where recovery
    was asked about, whatever is not verified                                           left out
    repeats eight words of our own instructions; code that stands nowhere in evidence   left out
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.calm_text import bare
from fixloop_bot.domain.copilot import claims
from fixloop_bot.domain.copilot.admissions import claims_nothing
from fixloop_bot.domain.copilot.bindings import misbound
from fixloop_bot.domain.copilot.citation_marks import Marked, is_footnote, read_marks
from fixloop_bot.domain.copilot.comparisons import without_proven_multiples
from fixloop_bot.domain.copilot.dossier import Dossier, Source
from fixloop_bot.domain.copilot.founded import about, identifiers, quoted, unfounded, unquoted
from fixloop_bot.domain.copilot.no_recovery import stands_for_itself
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.copilot.sentences import Shape, Unit
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in
from fixloop_bot.domain.copilot.stated_reasons import gives_its_reason
from fixloop_bot.domain.copilot.step_claims import wrong_step_verdict
from fixloop_bot.domain.copilot.vouching import vouched_for
from fixloop_bot.domain.copilot.word_grounds import names_things, speaks_of_the_world

NOT_VERIFIED = "_(not verified)_"
CAUSE_NOT_VERIFIED = "_(cause not verified)_"
LEAKED_WORDS = 8
"""This many words of our instructions in a row are a quotation of them."""
FEW_WORDS = 4
"""Shorter sentences without a figure and a word about the world ("In short:") claim nothing."""
SILENT = "says nothing"
"""Why something is not said that nobody misses."""

_WORDS = re.compile(r"\w+")
_MARK = re.compile(r"mark|[0-9a-f]{16}")
"""The mark of our sections differs from prompt to prompt; the rule that names it is known without it."""
_PLAIN = re.compile(r"[\w ,.!:'*-]+")


_UNFIXED = (
    r"\W{0,4}(?:no\W{1,4})?(?:it(?:'s| is) )?(?:not (?:yet )?(?:fixed|recovered|resolved|solved)|"
    r"still (?:broken|failing|failed))(?: yet)?"
)
_NOT_YET = re.compile(rf"{_UNFIXED}\W*")
_OPENS_NOT_YET = re.compile(rf"^{_UNFIXED} ?(?:[,:;–—-] ?(?:since|as|because)?|since|as|because) (?=\w)", re.IGNORECASE)
"""``Not fixed yet: …`` before what is held against the evidence."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """``why`` is set for what is left out; ``mark`` stands behind what is said with a reservation.

    ``empty`` is what says nothing ("In short:"), and is said if anything else is.
    """

    why: str = ""
    mark: str = ""
    empty: bool = False


class Judge:
    """Holds each unit of one answer against its dossier. It remembers the last words, for quotations over two units."""

    def __init__(self, dossier: Dossier, *, house: HouseRules) -> None:
        self._dossier = dossier
        self._house = house
        self._instructions = _shingles(_words(house.instructions))
        self._before: tuple[str, ...] = ()

    def known(self, number: int) -> bool:
        """Whether there is evidence of that number."""
        return self._dossier.entry(number) is not None

    def of(self, unit: Unit) -> Ruling:
        """How a sentence, a row or a block of code is said."""
        ruling = self._of(unit)
        if ruling.mark == NOT_VERIFIED and self._house.guarded and not self._house.proven:
            return Ruling(why="is not verified, where recovery was asked about")
        return ruling

    def of_heading(self, text: str, words: str) -> Ruling:
        """How a heading is said; ``words`` are its own, without citations."""
        ruling = self._always(bare(text)) or Ruling()
        if not ruling.why and (names_things(bare(words)) or claims.names_cause(bare(words))):
            return Ruling(why="claims something in a heading")
        return ruling

    def _of(self, unit: Unit) -> Ruling:
        if unit.shape is Shape.CODE:
            return self._always(bare(unit.text)) or self._code(unit.text)
        if is_footnote(unit.text):
            return Ruling(why=SILENT)
        read = read_marks(unit.text, known=self.known)
        marked = Marked(bare(read.claim), read.numbers)
        if not _WORDS.search(marked.claim) or self._is_shown(marked):  # citations alone say nothing
            return Ruling(why=SILENT)
        return self._always(marked.claim, marked.numbers) or (
            self._cited(marked) if marked.numbers else self._uncited(marked.claim)
        )

    def _always(self, claim: str, numbers: Sequence[int] = ()) -> Ruling | None:
        """What holds for every sentence, cited or not."""
        if claims.is_disguised(claim):
            return Ruling(why="hides its words")
        if self._quotes_instructions(claim):
            return Ruling(why="quotes FixLoop's instructions")
        if not self._house.proven and self._speaks_of_recovery(claim, numbers):
            return Ruling(why="claims recovery, which only the verdict in code says")
        unknown = next((number for number in numbers if not self.known(number)), None)
        return Ruling(why=f"cites [{unknown}], which there is not") if unknown is not None else None

    def _speaks_of_recovery(self, claim: str, numbers: Sequence[int]) -> bool:
        if self._house.guarded and claims.affirms(claim):
            return True
        if not claims.claims_recovery(claim):
            return False
        cited = [each for number in numbers if (each := self._dossier.entry(number)) is not None]
        old = bool(cited) and all(each.source is Source.PAST for each in cited)
        if old and claims.tells_of_the_past(claim):
            return False
        return self._house.guarded or not stands_for_itself(claims.recovery_clauses(claim), cited)

    def _cited(self, marked: Marked) -> Ruling:
        stated = _OPENS_NOT_YET.sub("", marked.claim, count=1) if self._not_recovered() else marked.claim
        claim = without_proven_multiples(stated, [self._dossier.grounds(number) for number in marked.numbers])
        cited = [about(claim, self._dossier.grounds(number)) for number in marked.numbers]
        wrong = (
            unfounded(claim, cited, names=self._subject()) or wrong_step_verdict(claim, cited) or misbound(claim, cited)
        )
        if wrong:
            return Ruling(why=f"{wrong} does not stand in what it cites")
        if claims.names_cause(unquoted(claim)) and not gives_its_reason(claim, cited):
            return Ruling(mark=CAUSE_NOT_VERIFIED)
        stands = claims_nothing(claim) or vouched_for(claim, marked.numbers, cited, self._dossier)
        return Ruling(mark="" if stands else NOT_VERIFIED)

    def _is_shown(self, marked: Marked) -> bool:
        """A line of the list of what the model was shown (``[3] incident: INC-1``), instead of an answer from it.

        The heading of a change is one: it says what was changed.
        """
        claim = _words(marked.claim)
        cited = [each for number in marked.numbers if (each := self._dossier.entry(number)) is not None]
        return any(claim == _words(each.heading) for each in cited if each.source is not Source.CHANGE)

    def _subject(self) -> tuple[Grounds, ...]:
        """The incident itself, whose own names may be spoken of anywhere."""
        number = self._dossier.number_of("incident")
        return (self._dossier.grounds(number),) if number is not None else ()

    def _uncited(self, claim: str) -> Ruling:
        if claims.announces(claim):
            return Ruling(why=SILENT)
        everything = (self._dossier.grounds(number) for number, _ in self._dossier.numbered())
        if (figures_in(claim) or quoted(claim) or identifiers(claim)) and (wrong := unfounded(claim, list(everything))):
            return Ruling(why=f"{wrong} stands nowhere, and nothing is cited")
        if claims_nothing(claim):
            return Ruling()
        if len(_WORDS.findall(claim)) < FEW_WORDS and claim.isascii():
            if self._house.guarded or not _PLAIN.fullmatch(claim):
                return Ruling(why=SILENT)
            if not speaks_of_the_world(claim) or (_NOT_YET.fullmatch(claim.casefold()) and self._not_recovered()):
                return Ruling(empty=True)
        return Ruling(mark=NOT_VERIFIED)

    def _not_recovered(self) -> bool:
        verdict = self._dossier.of("verdict")
        return verdict is not None and verdict.text.startswith("recovery verdict: not recovered")

    def _code(self, text: str) -> Ruling:
        """A command that nobody has run is no evidence, and pressing return on it is no small thing."""
        lines = [line for line in text.splitlines() if line.strip()]
        known = [self._dossier.grounds(number) for number, _ in self._dossier.numbered()]
        if lines and all(any(each.quotes(line) for each in known) for line in lines):
            return Ruling()
        return Ruling(why="code that stands nowhere in the evidence")

    def _quotes_instructions(self, text: str) -> bool:
        words = _words(text)
        together = (*self._before, *words)
        self._before = together[-(LEAKED_WORDS - 1) :]
        return not self._instructions.isdisjoint(_shingles(together))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _WORDS.findall(text.casefold()) if _MARK.fullmatch(word) is None)


def _shingles(words: Iterable[str]) -> frozenset[tuple[str, ...]]:
    listed = tuple(words)
    return frozenset(listed[at : at + LEAKED_WORDS] for at in range(len(listed) - LEAKED_WORDS + 1))
