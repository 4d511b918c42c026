"""A growing text, cut into the units that can be checked: sentences, list items, lines of a table, blocks of code.

A sentence's own citations stay with it, also where they follow its full stop. What is not yet complete waits; the
time is linear in the text, and a unit never grows beyond LONGEST_UNIT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST_UNIT = 1_500
"""Characters; a sentence that goes on longer is cut where it stands, and checked like that."""
LONGEST_BLOCK = 1_500
"""A longer block of code is not looked at, and counts as empty."""

_LEAD = re.compile(r"(?:[ \t]{0,12}(?:[-*•–▪◦]|\d{1,2}[.)]|#{1,6}|>)[ \t]+)+|[ \t]+")
_FENCE = re.compile(r"[ \t]*(```+|~~~+)")
_STOPS = ".!?…"
_WIDE_STOPS = "。！？"
_CLOSERS = "\"'”’»)*_`›"
_MARK_AFTER = re.compile(r"\s{0,2}(?:\[\[?[^\]\n]{0,40}\]{1,2}(?:\([^)\s]{0,300}\))?|【[^】\n]{0,40}】)")
_MARK_BEGINS = re.compile(r"\s{0,2}(?:\[[^\]\n]{0,40}|【[^】\n]{0,40}|\[\[?[^\]\n]{0,40}\]\([^)\s]{0,300})$")
_ABBREVIATIONS = re.compile(
    r"e\.g|i\.e|eg|ie|etc|vs|cf|approx|no|dr|mr|mrs|ms|st|inc|ltd|fig|nr|resp|z\.b|bzw|ca|usw|d\.h|u\.a|p\.ex|ex|sr|"
    r"sra|p\.ej|núm|aprox|art|ecc|bijv|d\.w\.z|o\.a|jan|feb|mar|apr|jun|jul|aug|sept|oct|nov|dec|avg|v"
)
_LAST_WORD = re.compile(r"([^\s(\[]{1,12})$")


class Shape(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    ROW = "row"
    CODE = "code"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Unit:
    """A complete piece. ``lead`` is what stands before its words (a bullet, an indent, a line break)."""

    shape: Shape
    text: str
    lead: str = ""


class Cutter:
    """Fed with text as it comes, gives units as they become complete."""

    def __init__(self) -> None:
        self._rest = self._return = ""
        self._new_line = True

    def feed(self, text: str) -> Iterator[Unit]:
        """The units that are complete now."""
        whole = self._return + text
        self._return = "\r" if whole.endswith("\r") else ""  # its line feed may be in the next piece
        self._rest += whole[: len(whole) - len(self._return)].replace("\r\n", "\n").replace("\r", "\n")
        yield from self._units(final=False)

    def close(self) -> Iterator[Unit]:
        """What is left, complete or not."""
        self._rest += "\n" if self._return else ""
        yield from self._units(final=True)
        self._rest = self._return = ""

    def _units(self, *, final: bool) -> Iterator[Unit]:
        while self._rest:
            unit, size = self._next(final=final)
            if not size:
                return
            self._rest = self._rest[size:]
            if unit is not None:
                self._new_line = unit.shape is not Shape.SENTENCE
                yield unit

    def _next(self, *, final: bool) -> tuple[Unit | None, int]:
        """The next unit and how much of the text it takes; 0 where it is not complete."""
        if self._rest[0] == "\n":
            return Unit(Shape.BREAK, "\n"), 1
        if self._new_line:
            special = self._block(final=final) or self._row(final=final)
            if special is not None:
                return special
        return self._sentence(final=final)

    def _block(self, *, final: bool) -> tuple[Unit | None, int] | None:
        """A fenced block of code, to its closing fence."""
        fence = _FENCE.match(self._rest)
        if fence is None:
            unsure = not final and re.fullmatch(r"[ \t]*[`~]{0,2}", self._rest) is not None
            return (None, 0) if unsure else None
        end = re.compile(rf"\n[ \t]*{re.escape(fence[1])}[ \t]*(?=\n|$)").search(self._rest, fence.end())
        if end is not None and (final or end.end() < len(self._rest)):
            inside = self._rest[fence.end() : end.start()].partition("\n")[2]
            return Unit(Shape.CODE, inside if len(inside) <= LONGEST_BLOCK else ""), end.end()
        if final or len(self._rest) > LONGEST_BLOCK:
            inside = self._rest[fence.end() :]
            return Unit(Shape.CODE, inside if len(inside) <= LONGEST_BLOCK else ""), len(self._rest)
        return None, 0

    def _row(self, *, final: bool) -> tuple[Unit | None, int] | None:
        if not self._rest.lstrip(" \t").startswith("|"):
            return None
        size = self._rest.find("\n")
        if size < 0:
            if not final and len(self._rest) < LONGEST_UNIT:
                return None, 0
            size = len(self._rest)
        size = min(size, LONGEST_UNIT)
        return Unit(Shape.ROW, self._rest[:size].strip()), size

    def _sentence(self, *, final: bool) -> tuple[Unit | None, int]:
        lead = _LEAD.match(self._rest) if self._new_line else re.match(r"[ \t]+", self._rest)
        start = lead.end() if lead is not None else 0
        line_end = self._rest.find("\n", start)
        line = self._rest[: line_end if line_end >= 0 else None]
        end = _end_of_sentence(line, start, complete=final or line_end >= 0)
        if not end and len(line) > LONGEST_UNIT:
            end = _cut_between_words(line)
        if not end and (line_end >= 0 or final):
            end = len(line)
        if not end:
            return None, 0
        words = line[start:end]
        return (Unit(Shape.SENTENCE, words, line[:start]) if words.strip() else None), end


def _cut_between_words(line: str) -> int:
    space = line.rfind(" ", LONGEST_UNIT // 2, LONGEST_UNIT)
    return space if space > 0 else LONGEST_UNIT


def _end_of_sentence(line: str, start: int, *, complete: bool) -> int:
    """Where the first sentence of a line ends, its citations included; 0 where that is not certain yet."""
    for found in re.finditer(rf"[{_STOPS}]+|[{_WIDE_STOPS}]", line[start : start + LONGEST_UNIT]):
        at, end = start + found.start(), start + found.end()
        wide = found[0] in _WIDE_STOPS
        while end < len(line) and line[end] in _CLOSERS:
            end += 1
        cited = False
        while (mark := _MARK_AFTER.match(line, end)) is not None:
            end, cited = mark.end(), True
            while end < len(line) and line[end] in f"{_STOPS}{_CLOSERS}":
                end += 1
        if not complete and (not line[end:].strip() or _MARK_BEGINS.match(line, end)):
            return 0
        following = line[end:]
        if wide or cited or not following:
            return end
        if following[0].isspace() and not _goes_on(line[start:at], found[0], following):
            return end
    return 0


def _goes_on(before: str, stop: str, following: str) -> bool:
    """Whether a full stop belongs to an abbreviation, an ordinal or an initial."""
    if stop != ".":
        return False
    word = _LAST_WORD.search(before)
    last = word[1].casefold().rstrip(".") if word is not None else ""
    initial = word is not None and len(word[1]) == 1 and word[1].isupper()
    if initial or _ABBREVIATIONS.fullmatch(last):
        return True
    if before.endswith(("]", "】")):  # its citations end a sentence, whatever comes
        return False
    small = following.lstrip()[:1].islower()  # a service's name may begin a sentence
    return small and (len(last) < 3 or not last.isalpha())
