"""``above 500``, ``below its limit``: whether a metric's reading lies on the side that is said.

Held against the numbers, and not against a word: a limit may be one from below, and then ``outside`` is beneath it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.copilot.founded import about
from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Figure, Grounds, figures_in, folded

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
_NAMES_LIMIT = re.compile(_LIMIT)


def compared_wrongly(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a reading is said to lie on the side of a figure, or of its limit, on which it does not lie."""
    return any(not _holds(found, metric) for found, metric in _compared(claim, cited))


def without_proven_comparisons(claim: str, cited: Sequence[Grounds]) -> str:
    """The claim without the words of comparison that the readings bear out."""
    plain = folded(claim)
    if not any(True for _ in _compared(plain, cited)) or compared_wrongly(plain, cited):
        return claim
    return _COMPARED.sub(lambda found: " " if _is_whole(found) else found[0], plain)


def _is_whole(found: re.Match[str]) -> bool:
    return bool(found["figure"]) or _NAMES_LIMIT.search(found[0]) is not None


def _compared(claim: str, cited: Sequence[Grounds]) -> Iterator[tuple[re.Match[str], Grounds]]:
    """Each comparison, with the lines of the one metric that is cited, of the time that the part speaks of."""
    metrics = [each for each in cited if each.text.startswith("metric ")]
    if len(metrics) != 1:
        return
    for part in segments(claim, cited):
        for found in _COMPARED.finditer(part.text):
            if _is_whole(found):
                yield found, about(part.text, metrics[0])


def _holds(found: re.Match[str], metric: Grounds) -> bool:
    bound = _first(found.string[found.end() :]) if found["figure"] else _first(_line(metric, "limit"))
    value = next((_first(line) for line in (_line(metric, name) for name in ("now", "worst", "before")) if line), None)
    if bound is None or value is None or bound.kind is not value.kind:
        return False
    measured = max(each for each, _ in value.readings)  # ``4,150`` as we write it is never 4.15
    return all(measured > each if found["over"] else measured < each for each, _ in bound.readings)


def _line(metric: Grounds, beginning: str) -> str:
    line = next((line for line in metric.lines if line.startswith(beginning)), "")
    return line.partition(": ")[2] or line


def _first(text: str) -> Figure | None:
    return next(iter(figures_in(text).numbers), None)
