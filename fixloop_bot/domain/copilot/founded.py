"""Whether what a sentence says stands in the evidence: its quotes, its figures and its names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded, missing

_QUOTES = re.compile(
    r"`([^`\n]{2,300})`|\"([^\"\n]{2,300})\"|“([^”\n]{2,300})”|„([^“”\n]{2,300})[“”]|"
    r"«\s?([^»\n]{2,300}?)\s?»|「([^」\n]{1,300})」|『([^』\n]{1,300})』|‘([^’\n]{2,300})’|"
    r"(?<![\w'])'([^'\n]{2,300})'(?![\w'])"
)
_IDENTIFIER = re.compile(
    r"(?<![\w/.])(?:/[A-Za-z][\w./{}\-]{0,200}\w|[A-Za-z]{2,40}(?:_[A-Za-z]{1,40}){1,8}|"
    r"[a-z]{1,40}(?:[A-Z][a-z]{1,40}){1,8}|(?:[A-Z][a-z]{1,40}){2,8}|[A-Za-z][\w-]{0,60}(?:\.[A-Za-z][\w-]{1,60}){1,8})"
    r"(?![\w/])"
)
_OWN_NAMES = frozenset({"FixLoop", "MiniMax", "DataDog", "GitHub"})
_TIMES = {
    "before": re.compile(
        r"\b(?:before|prior|earlier|usual\w*|vor|vorher|zuvor|avant|antes|prima|voor)\b|以前|之前|前|이전"
    ),
    "worst": re.compile(
        r"\b(?:low of|high of|"
        r"worst|peak\w*|max\w*|highest|lowest|höchst\w*|schlimmst\w*|pire|pic|peor|máxim\w*|pior|pic[co]o|"
        r"hoogste?)\b|"
        r"最大|最悪|最高|최대"
    ),
    "now": re.compile(
        r"\b(?:now|current\w*|at the moment|jetzt|aktuell|derzeit|actuellement|maintenant|ahora|actualmente|agora|"
        r"atualmente|ora|adesso|nu|momenteel)\b|現在|现在|今|目前|当前|지금|현재"
    ),
}
"""How people name the times of which a metric's evidence has a reading each: its lines begin with these words."""
_FROM_TO = re.compile(
    r"(\b(?:from|peak of|high of|low of) [^\d;,.]{0,30}\d[\d.,]{0,15}(?: ?[a-z%]{1,4})?) to (?=[^\d;,.]{0,20}\d)"
)
"""From one time of a metric to another: each end may be of its own."""
_ABBREVIATED = re.compile(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}")


def unfounded(claim: str, cited: Sequence[Grounds], *, names: Sequence[Grounds] = ()) -> str:
    """The first quote, figure or identifier of a sentence that stands in none of the evidence.

    An identifier may also stand in ``names``: what the incident itself is called after.
    """
    for quote in quoted(claim):
        if not any(each.quotes(quote) for each in cited):
            return f"“{quote[:60]}”"
    rest = unquoted(claim)
    return missing(figures_in(rest), tuple(cited)) or next(
        (name for name in identifiers(rest) if not any(each.names(name) for each in (*cited, *names))), ""
    )


def unquoted(claim: str) -> str:
    return _QUOTES.sub(" ", claim)


def identifiers(claim: str) -> list[str]:
    """Endpoints, hosts, and the names that programs give to things: ``/refund``, ``new_receipts``, ``OutOfMemory``."""
    found = (name for name in _IDENTIFIER.findall(claim) if name not in _OWN_NAMES)
    return [name for name in found if _ABBREVIATED.fullmatch(name) is None]


def quoted(claim: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTES.findall(claim)]


def about(claim: str, grounds: Grounds) -> Grounds:
    """The part of the evidence that a claim may take its figures from.

    Of a list of steps, the lines of the steps that it names; of a metric, the reading of the time that it speaks of.
    """
    steps = {place for place in figures_in(claim).places if place[0] == "step"}
    others = {place for place in grounds.places if place[0] == "step"} - steps
    lines = [line for line in grounds.lines if not (steps and others and _of_others(line, steps))]
    if grounds.text.startswith("metric "):
        times = _times_with_figures(claim)
        lines = [line for line in lines if not (times and _time_of(line) not in ("", *times))]
    if len(lines) == len(grounds.lines):
        return grounds
    return replace(Grounds.of("\n".join(lines)), places=grounds.places)


def times_of(claim: str) -> list[str]:
    """The times of a metric that a claim speaks of."""
    plain = folded(claim)
    return [name for name, words in _TIMES.items() if words.search(plain)]


def _times_with_figures(claim: str) -> list[str]:
    """The times of its parts that have figures; none where one of these names no time, nor does the part beside it."""
    plain = _FROM_TO.sub(r"\1; ", folded(claim))
    parts = [(times_of(part.text), bool(part.figures.numbers)) for part in segments(plain, ())]
    found: list[str] = []
    for at, (times, has_figures) in enumerate(parts):
        beside = [more for more, figured in (*parts[max(0, at - 1) : at], *parts[at + 1 : at + 2]) if not figured]
        named = times or [name for more in beside for name in more]
        if has_figures and not named:
            return []
        found += named if has_figures or not any(figured for _, figured in parts) else []
    return found


def _of_others(line: str, steps: set[tuple[str, int]]) -> bool:
    named = {place for place in figures_in(line).places if place[0] == "step"}
    return bool(named) and named.isdisjoint(steps)


def _time_of(line: str) -> str:
    return next((name for name in _TIMES if line.startswith(name)), "")
