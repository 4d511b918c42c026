"""The check of an answer: what the model wrote, held against the evidence, sentence by sentence, before it is said.

::

    cites what there is, and every word, figure, name and quote stands in it            said, renumbered
    claims something without a citation, in words that the cited evidence does not hold,
    or names a cause as a fact                                                          said, marked "not verified"
    a citation that leads nowhere; a figure, name, quote or step verdict not there      left out
    claims recovery or safety, and the verdict in code is not *proven*; where recovery
    was asked about, whatever is not verified                                           left out
    repeats eight words of our own instructions; code that stands nowhere in evidence   left out

The check is fed while the model still writes, and gives whole sentences back as soon as they are complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fixloop_bot.domain.calm_text import bare, calm, plain
from fixloop_bot.domain.copilot import claims
from fixloop_bot.domain.copilot.admissions import claims_nothing, without_admissions
from fixloop_bot.domain.copilot.bindings import misbound, scattered
from fixloop_bot.domain.copilot.citation_marks import Marked, begins_sources, is_footnote, read_marks, renumbered
from fixloop_bot.domain.copilot.directions import out_of_order, without_proven_directions
from fixloop_bot.domain.copilot.dossier import Dossier, Source
from fixloop_bot.domain.copilot.founded import about, identifiers, quoted, unfounded, unquoted
from fixloop_bot.domain.copilot.replies import House, LeftOut, Numbering, Reply
from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.sentences import Cutter, Shape, Unit
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, missing
from fixloop_bot.domain.copilot.step_claims import covers, speaks_of_both, speaks_of_several_steps, wrong_step_verdict
from fixloop_bot.domain.copilot.word_grounds import Told, closest, names_things, speaks_of_the_world, unsupported

NOT_VERIFIED = "_(not verified)_"
CAUSE_NOT_VERIFIED = "_(cause not verified)_"
LONGEST_ANSWER = 6_000
"""Characters that are said; whatever a model writes beyond that is not looked at."""
LEAKED_WORDS = 8
"""So many words of our instructions in a row are a quotation of them."""
FEW_WORDS = 4
"""Shorter sentences without a figure and a word about the world ("In short:") claim nothing."""

_LISTED = frozenset({Source.TIMELINE, Source.THREAD, Source.PLAN})
_EVENTS = frozenset({Source.CHANGE, Source.SIGNAL, Source.LOG, Source.PAST})
_SEPARATOR = re.compile(r"\|?[\s:|\-–—+=]+\|?")
_WORDS = re.compile(r"\w+")
_MARK = re.compile(r"mark|[0-9a-f]{16}")
"""The mark of our sections differs from prompt to prompt; the rule that names it is known without it."""
_PLAIN = re.compile(r"[\w ,.!:'*-]+")


@dataclass(frozen=True, slots=True)
class _Ruling:
    """``why`` is set for what is left out; ``mark`` stands behind what is said with a reservation.

    ``empty`` is what says nothing ("In short:"), and is said if anything else is.
    """

    why: str = ""
    mark: str = ""
    empty: bool = False


def checked(text: str, dossier: Dossier, *, house: House | None = None) -> Reply:
    """A whole answer, checked; never raises."""
    checker = Checker(dossier, house=house or House())
    said = checker.feed(text) + checker.close()
    return checker.reply(said)


class Checker:
    """Fed with the model's words; ``feed`` and ``close`` return what may be said."""

    def __init__(self, dossier: Dossier, *, house: House, numbering: Numbering | None = None) -> None:
        self._dossier = dossier
        self._house = house
        self._numbering = numbering if numbering is not None else Numbering()
        self._instructions = _shingles(_words(house.instructions))
        self._cutter = Cutter()
        self._before: tuple[str, ...] = ()
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
        return "".join(self._say(unit) for unit in self._cutter.feed(text))

    def close(self) -> str:
        """The rest. A heading or an introduction under which nothing stood is not said."""
        rest = "".join(self._say(unit) for unit in self._cutter.close())
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

    def _say(self, unit: Unit) -> str:
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
        words = read_marks(unit.text, known=self._known).claim
        ruling = self._common(bare(unit.text)) or _Ruling()
        if not ruling.why and (names_things(bare(words)) or claims.names_cause(bare(words))):
            ruling = _Ruling(why="claims something in a heading")
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
        ruling = self._ruling(unit)
        if ruling.mark == NOT_VERIFIED and self._house.guarded and not self._house.proven:
            ruling = _Ruling(why="is not verified, where recovery was asked about")
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
        if why != _SILENT:
            self.left_out.append(LeftOut(sentence=sentence, why=why))

    def _shown(self, text: str) -> str:
        return self._calm(renumbered(text, known=self._known, shown=self._number))

    def _number(self, number: int) -> int:
        evidence = self._dossier.entry(number)
        return self._numbering.number(evidence) if evidence is not None else number

    def _known(self, number: int) -> bool:
        return self._dossier.entry(number) is not None

    def _calm(self, text: str) -> str:
        return calm(self._house.masked(text), links=self._dossier.links())

    # What is said, and what is not

    def _ruling(self, unit: Unit) -> _Ruling:
        if unit.shape is Shape.CODE:
            return self._common(bare(unit.text)) or self._code(unit.text)
        if is_footnote(unit.text):
            return _Ruling(why=_SILENT)
        read = read_marks(unit.text, known=self._known)
        marked = Marked(bare(read.claim), read.numbers)
        if not _WORDS.search(marked.claim):  # citations alone say nothing
            return _Ruling(why=_SILENT)
        return self._common(marked.claim, marked.numbers) or (
            self._cited(marked) if marked.numbers else self._uncited(marked.claim)
        )

    def _common(self, claim: str, numbers: Sequence[int] = ()) -> _Ruling | None:
        """What holds for every sentence, cited or not."""
        if claims.is_disguised(claim):
            return _Ruling(why="hides its words")
        if self._quotes_instructions(claim):
            return _Ruling(why="quotes FixLoop's instructions")
        if not self._house.proven and self._speaks_of_recovery(claim, numbers):
            return _Ruling(why="claims recovery, which only the verdict in code says")
        unknown = next((number for number in numbers if not self._known(number)), None)
        return _Ruling(why=f"cites [{unknown}], which there is not") if unknown is not None else None

    def _speaks_of_recovery(self, claim: str, numbers: Sequence[int]) -> bool:
        if self._house.guarded and claims.affirms(claim):
            return True
        if not claims.claims_recovery(claim):
            return False
        cited = [each for number in numbers if (each := self._dossier.entry(number)) is not None]
        old = bool(cited) and all(each.source is Source.PAST for each in cited)
        return not (old and claims.tells_of_the_past(claim))

    def _cited(self, marked: Marked) -> _Ruling:
        claim = marked.claim
        cited = [about(claim, self._dossier.grounds(number)) for number in marked.numbers]
        wrong = (
            unfounded(claim, cited, names=self._subject()) or wrong_step_verdict(claim, cited) or misbound(claim, cited)
        )
        if wrong:
            return _Ruling(why=f"{wrong} does not stand in what it cites")
        if claims.names_cause(claim):
            return _Ruling(mark=CAUSE_NOT_VERIFIED)
        return _Ruling(mark="" if claims_nothing(claim) or self._worded(claim, marked.numbers, cited) else NOT_VERIFIED)

    def _worded(self, claim: str, numbers: Sequence[int], cited: Sequence[Grounds]) -> bool:
        """Whether the words of a claim stand in what it cites, and its figures together."""
        if (
            scattered(claim, cited)
            or out_of_order(claim, cited)
            or (speaks_of_several_steps(claim) and not self._covered(claim, numbers))
        ):
            return False
        about = self._dossier.number_of("incident")
        context = self._dossier.told(about) if about is not None else Told()
        hedged = claims.is_hedged(claim)
        stated = without_proven_directions(unquoted(without_admissions(claim)), cited)
        units = [unit for number, each in zip(numbers, cited, strict=True) for unit in self._units(number, each)]
        whole = [number for number in numbers if not self._units(number, self._dossier.grounds(number))]
        told = [self._dossier.told(number) for number in whole]
        if len(units) < 2:
            every = [self._dossier.told(number) for number in numbers]
            return not unsupported(stated, every, context=context, hedged=hedged)
        grounds = tuple(map(self._dossier.grounds, whole))

        def stands(part: Segment, unit: str) -> bool:
            lacking = missing(part.figures, (*grounds, Grounds.of(unit)))
            return not lacking and not unsupported(part.text, [*told, Told.of(unit)], context=context, hedged=hedged)

        return all(
            all(stands(part, unit) for unit in units)
            if speaks_of_both(part.text)
            else any(stands(part, unit) for unit in closest(part.text, units))
            for part in segments(stated, cited)
        )

    def _units(self, number: int, cited: Grounds) -> Sequence[str]:
        """What stands for itself: each line of a list, each event. One part of a sentence tells of one of them."""
        evidence = self._dossier.entry(number)
        if evidence is None or evidence.source not in _EVENTS:
            return cited.lines if evidence is not None and evidence.source in _LISTED else ()
        return ("\n".join(cited.lines),)

    def _subject(self) -> tuple[Grounds, ...]:
        """The incident itself, whose own names may be spoken of anywhere."""
        number = self._dossier.number_of("incident")
        return (self._dossier.grounds(number),) if number is not None else ()

    def _covered(self, claim: str, numbers: Sequence[int]) -> bool:
        """Whether a claim about several steps cites enough of them; other evidence than steps may tell of all."""
        entries = [each for number in numbers if (each := self._dossier.entry(number)) is not None]
        if any(each.source is not Source.STEP for each in entries):
            return True
        runs = {each.key.partition(".")[0] for each in entries}
        rest = [
            self._dossier.grounds(number)
            for number, each in self._dossier.numbered()
            if each.source is Source.STEP and each.key.partition(".")[0] in runs and number not in numbers
        ]
        return covers(claim, cited=len(entries), others=rest)

    def _uncited(self, claim: str) -> _Ruling:
        if claims.announces(claim):
            return _Ruling(why=_SILENT)
        everything = (self._dossier.grounds(number) for number, _ in self._dossier.numbered())
        if (figures_in(claim) or quoted(claim) or identifiers(claim)) and (wrong := unfounded(claim, list(everything))):
            return _Ruling(why=f"{wrong} stands nowhere, and nothing is cited")
        if claims_nothing(claim):
            return _Ruling()
        if len(_WORDS.findall(claim)) < FEW_WORDS and claim.isascii():
            if self._house.guarded or not _PLAIN.fullmatch(claim):
                return _Ruling(why=_SILENT)
            if not speaks_of_the_world(claim):
                return _Ruling(empty=True)
        return _Ruling(mark=NOT_VERIFIED)

    def _code(self, text: str) -> _Ruling:
        """A command that nobody has run is no evidence, and pressing return on it is no small thing."""
        lines = [line for line in text.splitlines() if line.strip()]
        known = [self._dossier.grounds(number) for number, _ in self._dossier.numbered()]
        if lines and all(any(each.quotes(line) for each in known) for line in lines):
            return _Ruling()
        return _Ruling(why="code that stands nowhere in the evidence")

    def _quotes_instructions(self, text: str) -> bool:
        words = _words(text)
        together = (*self._before, *words)
        self._before = together[-(LEAKED_WORDS - 1) :]
        return not self._instructions.isdisjoint(_shingles(together))


_SILENT = "says nothing"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _WORDS.findall(text.casefold()) if _MARK.fullmatch(word) is None)


def _shingles(words: Iterable[str]) -> frozenset[tuple[str, ...]]:
    listed = tuple(words)
    return frozenset(listed[at : at + LEAKED_WORDS] for at in range(len(listed) - LEAKED_WORDS + 1))
