"""What belongs together within a line of evidence: a figure with its thing, a key with its value, a head with its noun.

``replica eu-2 serves version 17, primary eu-1 has version 19`` holds all of ``eu-1 serves version 17``; only the
comma tells that it is untrue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Figure, Figures, Grounds, figures_in, folded, missing
from fixloop_bot.domain.copilot.talk_words import NEUTRAL

_CLAUSE = re.compile(r"[,;](?!\d| now\b)|: |\band\b|\bwhile\b")
_KEYED = re.compile(r"(?:\"(\w{1,40})\":|\$\.([\w.]{1,60}) (?:was|is)|\b(\w{1,40})=)\s?\"?(\d[\d.,]{0,20})")
_SAID_OF = re.compile(r"(?:\b|\$\.)(\w{1,40})[`\"']? (?:was|is|of|at) (?:only )?(\d[\d.,]{0,20})")
_HEAD = re.compile(r"\b([a-z]\w{2,40}) (of|for|from|by|on|with) (?:(?:the|an?|its|our|their) )?([a-z][\w.\-]{0,60}\w)")
_NAMES = re.compile(r"[a-z][\w.\-]{1,60}\w")
LONGEST_LINE = 600
"""Characters of a line that are looked at."""
MOST_PAIRED = 6
"""How many names and figures of a part are held against each other."""


def torn_apart(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a claim joins what the evidence has apart, in one line and of the same kind."""
    plain = folded(claim)
    pieces = [[folded(line[:LONGEST_LINE]) for line in each.lines] for each in cited]
    lines = [line for piece in pieces for line in piece]
    if any(_has_another_value(found[1], found[2], lines) for found in _SAID_OF.finditer(plain)):
        return True
    said = {found.group(1, 2, 3) for found in _HEAD.finditer(plain)}
    if said and any(_hang_elsewhere(said, " | ".join(piece)) for piece in pieces):
        return True
    return any(_of_another_thing(part, lines) for part in segments(claim, cited))


def _has_another_value(key: str, value: str, lines: Sequence[str]) -> bool:
    """``net was 118.40`` where the net is 100.00 and something else is 118.40."""
    keyed = [(_key(found), _number(found[4])) for line in lines for found in _KEYED.finditer(line)]
    own, others = {number for name, number in keyed if name == key}, {number for name, number in keyed if name != key}
    return bool(own) and _number(value) not in own and _number(value) in others


def _key(found: re.Match[str]) -> str:
    return found[1] or (found[2] or "").rpartition(".")[2] or found[3] or ""


def _number(text: str) -> str:
    plain = text.rstrip(".,").replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _hang_elsewhere(said: Iterable[tuple[str, ...]], text: str) -> bool:
    """``maintenance of eu-2`` where it is of eu-1, and eu-2 is something else of the same piece."""
    told: dict[tuple[str, ...], set[str]] = {}
    for found in _HEAD.finditer(text):
        told.setdefault(found.group(1, 2), set()).add(found[3])
    names = set(_NAMES.findall(text))
    return any(
        head not in NEUTRAL and noun in names and (head, by) in told and noun not in told[head, by]
        for head, by, noun in said
    )


def _of_another_thing(part: Segment, lines: Sequence[str]) -> bool:
    names = [name for name in part.figures.names if ":" not in name][:MOST_PAIRED]
    return any(_apart(name, figure, lines) for name in names for figure in part.figures.numbers[:MOST_PAIRED])


def _apart(name: str, figure: Figure, lines: Sequence[str]) -> bool:
    """Whether a name and a figure stand in different clauses only, and the name's own clause has another figure."""
    one, torn = Figures(numbers=(figure,)), False
    for line in lines:
        named, figured = [], []
        for clause in _clauses(line):
            if clause.names(name):
                named.append(clause)
            if not missing(one, (clause,)):
                figured.append(clause)
        if any(clause in figured for clause in named):
            return False
        rivals = [other for clause in named for other in figures_in(clause.text).numbers]
        torn = torn or bool(figured and any(other.kind is figure.kind for other in rivals))
    return torn


@lru_cache(maxsize=256)
def _clauses(line: str) -> tuple[Grounds, ...]:
    return tuple(Grounds.of(clause) for clause in _CLAUSE.split(line) if clause.strip())
