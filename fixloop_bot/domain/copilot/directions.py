"""Words of direction (``fell from 4.87 s to 1.24 s``): proven by their own figures, or not at all.

The figures have to go where the word says, and the evidence has to name them in that order, the earlier one first; a
direction without two figures (``is still climbing``) stands for itself and needs its own word in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from fixloop_bot.domain.copilot.founded import about
from fixloop_bot.domain.copilot.spoken_figures import Figure, Figures, Grounds, figures_in, folded, missing

_DOWN = (
    r"cut|cuts|fell|falls?|fallen|falling|drop(?:s|ped|ping)?|decreas\w*|lower(?:ed|s)?|declin\w*|down|sank|reduc\w*|improv\w*|"
    r"gefallen|gesenkt|senkte|reduziert|verringert|réduite?|redujo|reducid[oa]|gesunken|fiel(?:en)?|sank(?:en)?|baiss\w*|diminu\w*|bajó|bajado|bajaron|disminu\w*|caiu|desceu|sces[oa]|"
    r"calat[oa]|gedaald|daalde"
)
_UP = (
    r"rose|ris(?:es?|en|ing)|increas\w*|climb\w*|grew|grown|jump(?:ed|s)?|rais(?:ed|es)|up|went up|spik(?:ed|es)|"
    r"gestiegen|erhöhte?|gesteigert|stieg(?:en)?|augment\w*|mont(?:é|e|ée)|subió|subido|aument\w*|subiu|salit[oa]|gestegen|steeg"
)
_WORDS = re.compile(rf"(?<![\w-])(?:(?P<down>{_DOWN})|(?P<up>{_UP}))(?![\w-])")
_RATIOS = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5, "verdoppelt": 2.0, "halbiert": 0.5}
_BY_RATIO = re.compile(rf"(?<![\w-])(?:{'|'.join(_RATIOS)})(?![\w-])")
_ROUNDED = 0.06
"""A ratio in words is a rounded one."""
_FROM = re.compile(r"\bfrom\b|(?<!\d )\b(?:von|vom|de|desde|da|van)\b(?= \D{0,20}\d)")
_LATER = re.compile(r"\bpeak(?:ed|s)? (?:at|of) (.{1,60}?)\b(?:down|dropped|fallen|fell|decreased|declined) to\b")
_COMPARED_WITH = re.compile(r"\b(?:compared (?:with|to)|versus|vs) (.{1,40}?) (?:before|earlier|previously|in run)\b")
_CHANGED = re.compile(r"\bfrom (\d[\d.,]{0,20}(?: ?[a-z%]{1,3})?) to (\d[\d.,]{0,20}(?: ?[a-z%]{1,3})?)(?!\w)")
_BY = re.compile(r"\bby \d")
_OFTEN = re.compile(
    r"\b(?:(?P<less>less (?:often|frequently)|fewer times|seltener|moins souvent)|(?P<more>more (?:often|"
    r"frequently)|häufiger|plus souvent))\b"
)
_AGAINST = re.compile(r"\b(?:against|than|versus|vs|compared|instead of|down from|up from|gegen|gegenüber|contre)\b")
_STOP = re.compile(r"[,;:()]")
_GOAL = re.compile(rf"{_WORDS.pattern} (?:again |back )?to (?=[^\d;,.]{{0,12}}\d)")
_SINCE_THEN = re.compile(
    r"\b(?:meanwhile|after|since|following|once|with|because|nach\w*|seit\w*|depuis|après|desde|tras)\b"
)
"""What may name a cause of a direction."""
_TIMES = ("before", "worst", "now")
_THEN = re.compile(r", now |\bto\b")
_TO = re.compile(r"\b(?:to|auf|zu|à|para|naar|until|bis)\b|\ba(?= \d)")


def without_proven_directions(claim: str, cited: Sequence[Grounds]) -> str:
    """The claim without the words of direction that its own figures bear out."""
    claim = _without_proven_goals(_without_proven_often(claim), cited)
    plain = folded(claim)
    found, ratio = _WORDS.search(plain), _BY_RATIO.search(plain)
    if found is None and ratio is None:
        return claim
    ends = _ends(plain) or _changed(plain, cited)
    if ends is None or not any(_in_order(each, ends) for each in _orders(cited)):
        return claim
    first, last = (max(value for value, _ in end.readings) for end in ends)  # ``6,150`` may be read as 6.15, too
    if ratio is not None and first and abs(last / first / _RATIOS[ratio[0]] - 1) <= _ROUNDED:
        plain = claim = _BY_RATIO.sub(" ", plain)
    return _WORDS.sub(" ", plain) if found is not None and (last < first) == bool(found["down"]) else claim


def parted(claim: str, cited: Sequence[Grounds]) -> str:
    """``from 840 ms to 130 ms``, of two runs or two times of a metric, in two parts that have their own evidence.

    Only where the evidence has them in that order; each part keeps the words before "from".
    """
    plain = folded(claim)
    start, ends = _FROM.search(plain), _ends(plain)
    if start is None or ends is None or _TO.search(plain, start.end()) is None:
        return claim
    clause = _STOP.split(plain[start.start() :])[0]
    if any(not missing(Figures(numbers=ends), (about(clause, each),)) for each in cited):
        return claim
    if not any(_in_order(each, ends) for each in _orders(cited)):
        return claim
    plain = folded(without_proven_directions(plain, cited))
    at = plain.index(start[0])
    subject = _STOP.split(plain[:at])[-1]
    return plain[:at] + _TO.sub(f"; {subject} ", plain[at:], count=1)


def rarer_or_more_often(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether "less often" or "more often" is said of two shares that are the other way round; ``cited`` may be any."""
    shares = _compared_shares(folded(claim))
    return shares is not None and not shares


def _without_proven_goals(claim: str, cited: Sequence[Grounds]) -> str:
    """Without ``down to 4``, where the one metric that is cited read more than 4 at its time before."""
    plain, metrics = folded(claim), [each for each in cited if each.text.startswith("metric ")]
    found = _GOAL.search(plain)
    if found is None or len(metrics) != 1 or _FROM.search(plain) or _SINCE_THEN.search(plain):
        return claim
    goal = _first(plain[found.end() : found.end() + 24])
    readings = [_first(line.partition(": ")[2]) for line in metrics[0].lines if line.startswith(_TIMES)]
    for earlier, later in pairwise(readings):
        if goal is None or earlier is None or later is None or not Grounds.of(later.text).has(goal):
            continue
        sinks = max(value for value, _ in later.readings) < max(value for value, _ in earlier.readings)
        if sinks == bool(found["down"]):
            return f"{plain[: found.start()]} at {plain[found.end() :]}"
    return claim


def _without_proven_often(claim: str) -> str:
    return _OFTEN.sub(" ", folded(claim)) if _compared_shares(folded(claim)) else claim


def _compared_shares(plain: str) -> bool | None:
    """Whether the first of two shares is the rarer, or the more frequent one, as is said; None where nothing is."""
    found, against = _OFTEN.search(plain), _AGAINST.search(plain)
    if found is None or against is None:
        return None
    one, other = figures_in(plain[: against.start()]).pairs, figures_in(plain[against.end() :]).pairs
    if len(one) != 1 or len(other) != 1 or not (one[0][1] and other[0][1]):
        return None
    first, second = (part / whole for part, whole in (one[0], other[0]))
    return first < second if found["less"] else first > second


def _changed(plain: str, cited: Sequence[Grounds]) -> tuple[Figure, Figure] | None:
    """From what to what the one change that is cited went, where the claim says no more than ``raised``."""
    told = [found for each in cited if each.text.startswith("change:") for found in _CHANGED.finditer(each.text)]
    if len(told) != 1 or _FROM.search(plain) is not None or _BY.search(plain) is not None:
        return None
    return _of_one_kind(_first(told[0][1]), _first(told[0][2]))


def out_of_order(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether ``from A to B`` stands nowhere in that order."""
    ends = _ends(folded(claim))
    return ends is not None and not any(_in_order(each, ends) for each in _orders(cited))


def _ends(plain: str) -> tuple[Figure, Figure] | None:
    """The figures between which it went: ``from A to B``, or ``B, up from A``; shares of tries count as shares."""
    start = _FROM.search(plain)
    if start is None:
        return _peak_and_later(plain)
    to = _TO.search(plain, start.end())
    if to is None and not plain[: start.start()].endswith(("up ", "down ")):
        return None
    first = _first(plain[start.end() : to.start() if to is not None else None])
    last = _first(plain[to.end() :]) if to is not None else _first(plain[: start.start()])
    return _of_one_kind(first, last)


def _peak_and_later(plain: str) -> tuple[Figure, Figure] | None:
    """``peaked at A and has come down to B``, ``B, compared with A before``."""
    found, compared = _LATER.search(plain), _COMPARED_WITH.search(plain)
    if found is not None:
        first, last = _first(found[1]), _first(plain[found.end() :])
    elif compared is not None:
        first, last = _first(compared[1]), _first(plain[: compared.start()])
    else:
        return None
    return _of_one_kind(first, last)


def _of_one_kind(first: Figure | None, last: Figure | None) -> tuple[Figure, Figure] | None:
    return (first, last) if first is not None and last is not None and first.kind is last.kind else None


def _first(text: str) -> Figure | None:
    found = figures_in(text)
    if found.pairs and found.pairs[0][1] > 0:
        part, whole = found.pairs[0]
        return figures_in(f"{100 * part / whole:.2f} %").numbers[0]
    return next(iter(found.numbers), None)


def _orders(cited: Sequence[Grounds]) -> list[list[Grounds]]:
    """What is cited in the order of time: each line of one piece, and the pieces of several runs."""
    by_run = sorted(cited, key=lambda each: max((number for name, number in each.places if name == "run"), default=0))
    return [by_run, *([Grounds.of(part) for line in each.lines for part in _THEN.split(line)] for each in cited)]


def _in_order(ordered: Sequence[Grounds], ends: tuple[Figure, Figure]) -> bool:
    places = [[at for at, each in enumerate(ordered) if not missing(Figures(numbers=(end,)), (each,))] for end in ends]
    return bool(places[0] and places[1]) and min(places[0]) < max(places[1])
