"""``above 500``, ``below its limit``: whether a metric's reading lies on the side that is said.

Held against the numbers, and not against a word: a limit may be one from below, and then ``outside`` is beneath it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.copilot.founded import about
from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Figure, Grounds, figures_in, folded
from fixloop_bot.domain.copilot.spoken_places import NUMBER_WORDS

_OVER = (
    r"above|over|exceed(?:s|ed|ing)?|beyond|more than|higher than|greater than|über|oberhalb|encima de|por encima|"
    r"acima de"
)
_UNDER = r"below|beneath|under|less than|lower than|unter|unterhalb|debajo de|abaixo de"
_LIMIT = r"(?:limit|threshold|minimum|maximum|target|slo|grenzwert|límite|limiar)"
_COMPARED = re.compile(
    rf"\b(?:(?P<over>{_OVER})|(?P<under>{_UNDER})) (?:(?:the|its|an?|der|dem|des|del|el|their|own|configured|alert) )*"
    rf"(?:{_LIMIT} ?)?(?:of |von |de )?(?=(?P<figure>[<>]?\d)|)"
)
_TROUBLE = ", trouble when "
_ROUNDED = 0.1
"""A multiple in words is a rounded one."""
_NAMES_LIMIT = re.compile(_LIMIT)
_SIDES = (
    re.compile(rf"\b(?:inside|within) (?:the|its|an?|their) (?:\w+ )?{_LIMIT}"),
    re.compile(rf"\b(?:outside(?: of)?) (?:the|its|an?|their) (?:\w+ )?{_LIMIT}"),
)
_TIMES_LIMIT = re.compile(
    r"\b(?P<bound>more than |over |nearly |almost |about |around |roughly )?"
    rf"(?P<times>\d{{1,3}}(?:\.\d)?|twice|{'|'.join(NUMBER_WORDS)})"
    rf"(?: times|x)? (?:the|its|their) (?=(?:[\d.,]+ ?(?:%|ms|s)? )?{_LIMIT})"
)
_AT_LIMIT = re.compile(rf"(?<!now )\b(?:at|reach(?:ed|es)|hit|hits) (?:the|its|their) {_LIMIT}\b")


def compared_wrongly(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a reading is said to lie on the side of a figure, or of its limit, on which it does not lie."""
    if any(not _holds(found, metric) for found, metric in _compared(claim, cited)):
        return True
    return _on_the_other_side(folded(claim), cited)


def _on_the_other_side(plain: str, cited: Sequence[Grounds]) -> bool:
    """``outside its limit`` where all that is cited lies inside; "at its limit" is what no metric's evidence says."""
    if _AT_LIMIT.search(plain) is not None:
        return not any(_AT_LIMIT.search(each.text) for each in cited)
    said = [side.search(plain) is not None for side in _SIDES]
    told = [any(side.search(each.text) for each in cited) for side in _SIDES]
    if not any(_is_measured(each) for each in cited):
        limits = [found for found in _COMPARED.finditer(plain) if _NAMES_LIMIT.search(found[0]) is not None]
        said[0] = said[0] or any(found["under"] for found in limits)
        said[1] = said[1] or any(found["over"] for found in limits)
    return any(told) and any(spoken and not there for spoken, there in zip(said, told, strict=True))


def without_proven_comparisons(claim: str, cited: Sequence[Grounds]) -> str:
    """The claim without the words of comparison that the readings bear out."""
    plain = folded(claim)
    if not any(True for _ in _compared(plain, cited)) or compared_wrongly(plain, cited):
        return claim
    return _COMPARED.sub(lambda found: " " if _is_whole(found) else found[0], plain)


def without_proven_multiples(claim: str, cited: Sequence[Grounds]) -> str:
    """Without ``three times its`` before a limit, where the reading is that many times the limit."""
    plain, metrics = folded(claim), [each for each in cited if _is_measured(each)]
    found = _TIMES_LIMIT.search(plain)
    if found is None or len(metrics) != 1:
        return claim
    value, limit = _reading(about(plain[: found.start()], metrics[0])), _limit(metrics[0])
    if value is None or limit is None or not limit.readings[0][0]:
        return claim
    ratio = max(each for each, _ in value.readings) / max(each for each, _ in limit.readings)
    times = float({"twice": "2", **NUMBER_WORDS}.get(found["times"], found["times"]))
    holds = (
        times <= ratio < times + 1 if found["bound"] in ("more than ", "over ") else abs(ratio / times - 1) <= _ROUNDED
    )
    return f"{plain[: found.start()]} {plain[found.end() :]}" if holds else claim


def _is_whole(found: re.Match[str]) -> bool:
    return bool(found["figure"]) or _NAMES_LIMIT.search(found[0]) is not None


def _compared(claim: str, cited: Sequence[Grounds]) -> Iterator[tuple[re.Match[str], Grounds]]:
    """Each comparison, with the lines of the one metric that is cited, of the time that the part speaks of."""
    metrics = [each for each in cited if _is_measured(each)]
    if len(metrics) != 1:
        return
    for part in segments(claim, cited):
        for found in _COMPARED.finditer(part.text):
            if _is_whole(found):
                yield found, about(part.text, metrics[0])


def _holds(found: re.Match[str], metric: Grounds) -> bool:
    bound = _first(found.string[found.end() :]) if found["figure"] else _limit(metric)
    value = _reading(metric)
    if bound is None or value is None or bound.kind is not value.kind:
        return False
    measured = max(each for each, _ in value.readings)  # ``4,150`` as we write it is never 4.15
    limit = _limit(metric)
    bounds = [each for each, _ in bound.readings]
    if limit is not None and (known := max(each for each, _ in limit.readings)) in bounds:
        bounds = [known]  # ``40,000`` as people write it may be 40.0
    return all(measured > each if found["over"] else measured < each for each in bounds)


def _is_measured(grounds: Grounds) -> bool:
    """A metric, or an alert that fires still: what a recovered one was is not so now."""
    signal = grounds.text.startswith("signal: ") and _TROUBLE in grounds.text and " triggered: " in grounds.text
    return signal or grounds.text.startswith("metric ")


def _reading(metric: Grounds) -> Figure | None:
    """What it reads at the latest time that is there."""
    names = ("now", "worst", "before", "value ")
    return next((_first(line) for line in (_line(metric, name) for name in names) if line), None)


def _line(metric: Grounds, beginning: str) -> str:
    line = next((line for line in metric.lines if line.startswith(beginning)), "")
    if line.startswith("value "):
        return line.partition(_TROUBLE)[0]
    return line.partition(": ")[2] or line


def _limit(metric: Grounds) -> Figure | None:
    """The limit of a metric, or that of the alert that a signal tells of."""
    line = _line(metric, "limit")
    return _first(line or next((line.partition(_TROUBLE)[2] for line in metric.lines if _TROUBLE in line), ""))


def _first(text: str) -> Figure | None:
    return next(iter(figures_in(text).numbers), None)
