"""Whether what a sentence says stands in the evidence: its quotes, its figures, and how a step ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain import claims
from fixloop_bot.domain.spoken_figures import Grounds, figures_in, folded, missing

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
        r"\b(?:worst|peak\w*|max\w*|highest|lowest|höchst\w*|schlimmst\w*|pire|pic|peor|máxim\w*|pior|pic[co]o|"
        r"hoogste?)\b|"
        r"最大|最悪|最高|최대"
    ),
    "now": re.compile(
        r"\b(?:now|current\w*|at the moment|jetzt|aktuell|derzeit|actuellement|maintenant|ahora|actualmente|agora|"
        r"atualmente|ora|adesso|nu|momenteel)\b|現在|今|目前|当前|지금|현재"
    ),
}
"""How people name the times of which a metric's evidence has a reading each: its lines begin with these words."""
_ABBREVIATED = re.compile(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}")
_STEPS = re.compile(
    r"\b(?:steps|checks|controls|everything|schritte\w?|alles|étapes|tout|pasos|todo|passos|tudo|passi|tutto|"
    r"stappen)\b|"
    r"(?:他の|全|すべての|全ての|所有|其他|其它|全部|모든|다른)"
)
_ONLY = re.compile(r"\b(?:only|nur|seul\w*|solo|só|apenas|solamente|alleen)\b|だけ|只有|만 ")
_HEADLINE = re.compile(r"\bstep \d+ \([a-z]+\) of run \d+ \([a-z]+\): (passed|failed|inconclusive|skipped|not decided)")


def unfounded(claim: str, cited: Sequence[Grounds]) -> str:
    """The first quote, figure or identifier of a sentence that stands in none of the evidence."""
    for quote in quoted(claim):
        if not any(each.quotes(quote) for each in cited):
            return f"“{quote[:60]}”"
    rest = unquoted(claim)
    return missing(figures_in(rest), tuple(cited)) or next(
        (name for name in identifiers(rest) if not any(each.names(name) for each in cited)), ""
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
        times = [name for name, words in _TIMES.items() if words.search(folded(claim))]
        lines = [line for line in lines if not (times and _time_of(line) not in ("", *times))]
    return grounds if len(lines) == len(grounds.lines) else Grounds.of("\n".join(lines))


def _of_others(line: str, steps: set[tuple[str, int]]) -> bool:
    named = {place for place in figures_in(line).places if place[0] == "step"}
    return bool(named) and named.isdisjoint(steps)


def _time_of(line: str) -> str:
    return next((name for name in _TIMES if line.startswith(name)), "")


def wrong_step_verdict(claim: str, cited: Sequence[Grounds]) -> str:
    """A step that is said to pass or fail must be said so by evidence about that step; empty where it is.

    A share that fails or passes (``13 of 20 tries passed``) is no verdict, and is held against its own words elsewhere.
    """
    said = claims.step_verdicts(claim) if not figures_in(claim).pairs else frozenset()
    places = [place for place in figures_in(claim).places if place[0] == "step"] if said else []
    if not places:
        return ""
    known = {verdict for each in cited if any(place in each.places for place in places) for verdict in _verdicts(each)}
    return next((f"that a step {verdict}" for verdict in sorted(said) if verdict not in known), "")


def speaks_of_several_steps(claim: str) -> bool:
    """Whether a verdict is said of several steps: ``all other steps pass``, ``only step 1 fails``."""
    plain = folded(claim)
    if not claims.step_verdicts(claim):
        return False
    return _ONLY.search(plain) is not None or bool(_STEPS.search(plain) and not figures_in(claim).places)


def _verdicts(grounds: Grounds) -> frozenset[str]:
    """What evidence about a step says of its verdict: its own headline, else any of its words."""
    headline = _HEADLINE.search(grounds.text)
    return frozenset({headline[1]}) if headline is not None else claims.step_verdicts(grounds.text)
