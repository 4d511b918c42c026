"""What stands right beside a number or a noun: ``140 complaints``, ``order 8790``, ``the later buyer``.

``support has 140 complaints, 9 from the arena`` holds all of ``9 complaints``, and ``refund of order 8815 rejected,
order 8790 paid`` all of ``the refund of order 8790 was rejected``. So what is counted has to have its own number, an
id stands with the words of its own clause, and a noun keeps the word that tells it from another of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded, missing
from fixloop_bot.domain.copilot.spoken_places import plainly
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike

LONGEST_LINE = 600
"""Characters of a line that are looked at."""
MOST_LINES = 60
_COUNTED = re.compile(r"(?<![\w.,:/#-])(?<!\bof )(\d{1,3}(?:,\d{3})+|\d{1,12}) ([^\W\d_]{3,40})(?![\w-])")
_CLAUSE = re.compile(r"[,;](?!\d)|: |\. |\b(?:and|but|while|whereas)\b")
_MARKED = re.compile(
    r"(?<![\w-])([a-z]{3,30}) #?([a-z]{0,3}\d[\w-]{0,30}(?:\.\d{1,5}){0,3})(?![\w%:]|[.,:]\d| ?(?:%|ms|s|min|h|"
    r"[kmg]b)\b)"
)
_MEMBER = re.compile(r"(?<![\w-])([a-z]{2,30}(?:-[a-z]{2,30}){0,2})-([a-z]|[a-z]{0,3}\d{1,4})(?![\w-])")
_NO_LABELS = frozenset(
    (
        *("and", "but", "the", "for", "with", "from", "than", "into", "over", "above", "below", "under", "about"),
        *("around", "only", "after", "before", "since", "until", "has", "had", "have", "was", "were", "are", "its"),
        *("all", "now", "mean", "value", "limit", "expected", "seen", "step", "steps", "run", "runs", "sample"),
        *("answers", "status", "code", "utc", "when", "still", "then", "says", "said", "got", "gets", "returned"),
        *("answered", "within", "nearly", "almost", "exactly", "roughly", "instead", "between", "least", "most"),
    )
)
"""What stands before a figure without naming its thing."""
_UNITS = frozenset(
    [
        "seconds",
        "minutes",
        "hours",
        "days",
        "weeks",
        "points",
        "times",
        "percent",
        "sekunden",
        "minuten",
        "stunden",
        "minutos",
        "horas",
    ]
)
_ELAPSED = re.compile(
    r"\b(after|within|every|lasted|took|for)\b (?:about |nearly |almost |only )?"
    r"(\d[\d.,]{0,12} ?(?:ms|s|min\w*|h|d|sec\w*|hours?|days?)(?: \d{1,2} min)?)\b"
)
_DIGITS = re.compile(r"(?<![\w.-])[\w-]{0,20}\d[\w-]{0,30}(?:\.\d{1,5}){0,3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_KINDS = (
    ("first earliest initial oldest earlier previous former old", "last latest newest final later next second new"),
    ("upper higher highest larger largest biggest longest", "lower lowest smaller smallest shortest"),
    ("primary main leading", "secondary backup standby replica spare"),
    ("local", "remote"),
    ("public", "private"),
    ("incoming inbound", "outgoing outbound"),
    ("upstream", "downstream"),
    ("left", "right"),
    ("daily nightly", "hourly", "weekly", "monthly"),
    ("erste ersten erster frühere früheren", "letzte letzten letzter spätere späteren neue neuen"),
)
"""Words that tell a thing from another of its kind: those of one string mean about the same, the strings differ."""
_SIDE = {
    word: (at, side) for at, kind in enumerate(_KINDS) for side, words in enumerate(kind) for word in words.split()
}
_TOLD_APART = re.compile(rf"\b({'|'.join(_SIDE)}) ([^\W\d_]{{3,40}})")


def beside_another(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a claim puts a number, an id or a word of rank beside what has another one in the evidence."""
    plain = folded(plainly(claim))
    lines = [folded(line[:LONGEST_LINE]) for each in cited for line in each.lines[:MOST_LINES]]
    return (
        any(_has_another_count(number, thing, lines) for number, thing in _COUNTED.findall(plain))
        or _lasted_another_time(plain, lines)
        or any(_is_another_kind(found[1], found[2], lines) for found in _TOLD_APART.finditer(plain))
        or any(_is_of_another_clause(part, lines) for part in segments(claim, cited))
        or any(_bears_another_id(part.text, lines) for part in segments(claim, cited))
    )


def _has_another_count(number: str, thing: str, lines: Iterable[str]) -> bool:
    if thing in _UNITS or (thing in NEUTRAL and not thing.endswith("s")):
        return False
    told = {_plain(other) for line in lines for other, each in _COUNTED.findall(line) if _same(thing, each)}
    said = figures_in(number).numbers
    return bool(told and said) and not any(
        abs(value - other) <= half + 1e-9 for value, half in said[0].readings for other in told
    )


def _lasted_another_time(plain: str, lines: Iterable[str]) -> bool:
    """``after 203 days`` where 55 min are what it was after."""
    told: dict[str, set[str]] = {}
    for line in lines:
        for word, span in _ELAPSED.findall(line):
            told.setdefault(word, set()).add(span)
    for word, span in _ELAPSED.findall(plain):
        known = told.get(word)
        said = figures_in(span)
        if known and not any(not missing(said, (Grounds.of(each),)) for each in known):
            return True
    return False


def _is_of_another_clause(part: Segment, lines: Iterable[str]) -> bool:
    """``140 complaints from the arena`` where the arena stands in the next clause, with a count of its own."""
    if any(_dated_elsewhere(part.text, name, lines) for name in part.figures.names if _DATE.fullmatch(name)):
        return True
    counted = _COUNTED.findall(part.text)
    if len(counted) != 1 or len(part.figures.numbers) != 1 or part.figures.pairs:
        return False
    number, thing = counted[0]
    said = {word for word in _WORD.findall(part.text) if word not in NEUTRAL} - {thing}
    for line in lines:
        clauses = [each for each in _CLAUSE.split(line) if figures_in(each).numbers] if thing in line else []
        own = [each for each in clauses if re.search(rf"(?<![\w.,]){number}(?![\w.,]?\d)", each) is not None]
        rest = set(_WORD.findall(" ".join(each for each in clauses if each not in own)))
        here = set(_WORD.findall(" ".join(own)))
        if own and any(_stands(word, rest) and not _stands(word, here) for word in said):
            return True
    return False


def _dated_elsewhere(text: str, day: str, lines: Iterable[str]) -> bool:
    """``valid until 2026-12-18`` where that day is told of another thing."""
    said = {word for word in _WORD.findall(text) if word not in NEUTRAL}
    own = other = 0
    for line in lines:
        for clause in _CLAUSE.split(line) if day in line else ():
            shared = sum(_stands(word, _WORD.findall(clause)) for word in said)
            own, other = (max(own, shared), other) if day in clause else (own, max(other, shared))
    return other > own == 0


def _stands(word: str, words: Iterable[str]) -> bool:
    return any(alike(word, each) for each in words)


def _plain(number: str) -> float:
    return float(number.replace(",", ""))


def _same(one: str, other: str) -> bool:
    return one.removesuffix("s") == other.removesuffix("s")


def _is_another_kind(word: str, thing: str, lines: Iterable[str]) -> bool:
    """``the first buyer`` where all that is told of a buyer is told of the later one."""
    kind, side = _SIDE[word]
    told = {_SIDE[found[1]] for line in lines for found in _TOLD_APART.finditer(line) if _same(thing, found[2])}
    sides = {other for at, other in told if at == kind}
    return bool(sides) and side not in sides


def _bears_another_id(part: str, lines: Sequence[str]) -> bool:
    """Whether the words beside an id stand beside another id of the same label."""
    marked = [(label, name) for label, name in _ids(part) if label not in _NO_LABELS]
    labels = [label for label, _ in marked]
    said = {word for word in _WORD.findall(part) if word not in NEUTRAL} - set(labels)
    for label, name in marked:
        if labels.count(label) > 1:
            continue
        own, others = 0, 0
        for has_it, has_another, words in _clauses_with(label, name, lines):
            shared = sum(_stands(word, words) for word in said)
            own, others = max(own, shared * has_it), max(others, shared * has_another)
        if others > own:
            return True
    return False


def _ids(text: str) -> list[tuple[str, str]]:
    """``order 8790`` and ``broker-b``: of what, and which."""
    return [*_MARKED.findall(text), *_MEMBER.findall(text)]


def _clauses_with(label: str, name: str, lines: Iterable[str]) -> Iterator[tuple[bool, bool, frozenset[str]]]:
    """Each clause that has this id, or another of its label: which of both, and its words."""
    for line in lines:
        for ids, parts, words in _clauses(line):
            has_it = (label, name) in ids or name in parts
            has_another = not has_it and any(each == label for each, _ in ids)
            if has_it or has_another:
                yield has_it, has_another, words


@lru_cache(maxsize=512)
def _clauses(line: str) -> tuple[tuple[tuple[tuple[str, str], ...], frozenset[str], frozenset[str]], ...]:
    """The ids of each clause, what has a digit in it, and its words."""
    return tuple(
        (tuple(_ids(clause)), frozenset(_DIGITS.findall(clause)), frozenset(_WORD.findall(clause)))
        for clause in _CLAUSE.split(line)
    )
