"""What a figure is a figure of: a limit is no reading, a percentile is no single try, a count of lines counts lines.

The figure itself stands in the evidence, and so does each word beside it; only that they belong together does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from fixloop_bot.domain.copilot.bindings import LABELS
from fixloop_bot.domain.copilot.founded import times_of
from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Figure, Figures, Grounds, missing
from fixloop_bot.domain.copilot.talk_words import NEUTRAL

_NUMBER = r"\d+(?:[.,]\d+)*"
_BOUND = re.compile(
    rf"(?:[<>≤≥]=?|==|\bmust be (?:\w+ ){{1,2}}|\bexpected|\btolerated [\w ]{{2,20}}?)\s{{0,2}}{_NUMBER}"
    rf"|(?:{LABELS['limit'].pattern})[^\d,;.\n]{{0,28}}?{_NUMBER}"
)
_SPOKEN_BOUND = re.compile(
    rf"[<>≤≥=]|超|未満|以上|以下|より|低于|高于|초과|이하|이상|期待|期望|{LABELS['limit'].pattern}|"
    r"\b(?:above|below|over|under|exceed\w*|against|versus|vs|than|beyond|within|between|allowed|targets?|must|"
    r"should|minimum|maximum|max|min|at (?:least|most)|expect\w*|instead|required?\w*|needs?|where|healthy|from|to|"
    r"über|unter|gegen|als|erlaubt|statt|erwartet|mindestens|höchstens|dessus|dessous|contre|attendu\w*|que|encima|"
    r"debajo|esperad\w*|acima|abaixo|sopra|sotto|di|boven|onder|dan)\b"
)
_PERCENTILE = re.compile(rf"\bp(?:50|75|90|95|99)\b[^\d,;.\n]{{0,8}}?{_NUMBER}")
_SPOKEN_PERCENTILE = re.compile(
    r"\bp(?:50|75|90|95|99)\b|percentil\w*|perzentil\w*|quantil\w*|laten\w*|response times?|slow\w*|faster|"
    r"answer times?|antwortzeit\w*|レイテンシ|延迟|響应"
)
_LINES = re.compile(rf"\b{_NUMBER} of {_NUMBER} lines looked at\b")
_LINES_WORD = re.compile(r"(?:lines?|entr\w+|errors?|logs?|messages?|zeil\w+|fehler\w*|líneas?|lignes?|righe|regels)")
_POINTS = re.compile(rf"\b{_NUMBER} points\b")
_AFTER_FIGURE = re.compile(rf"{_NUMBER} ([^\W\d_]{{2,40}})")
_BAD_SHARE = re.compile(r"\b(?:fail\w*|errors?|fehler) ?(?:rate|share|ratio|quote|anteil)|\bfehlerrate|taux d.erreur")
_GOOD_SHARE = re.compile(r"\bsuccess\w* ?(?:rate|share|ratio)|\berfolgs\w+")
_BAD_NAME, _GOOD_NAME = re.compile(r"fail|err|bad|drop|5xx"), re.compile(r"success|ok\b|complet|availab|uptime|good")


def mislabelled(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a figure is said to be of another kind than all of its evidence has it."""
    return any(rule(part, cited) for part in segments(claim, cited) for rule in _RULES)


def _is_a_bound(part: Segment, cited: Sequence[Grounds]) -> bool:
    return _SPOKEN_BOUND.search(part.text) is None and _only_as(part.figures, cited, _BOUND)


def _is_a_percentile(part: Segment, cited: Sequence[Grounds]) -> bool:
    return _SPOKEN_PERCENTILE.search(part.text) is None and _only_as(part.figures, cited, _PERCENTILE)


def _only_as(figures: Figures, cited: Sequence[Grounds], kind: re.Pattern[str]) -> bool:
    """Whether some figure stands nowhere but where ``kind`` finds it."""
    return any(_lost(figure, cited, kind) for figure in figures.numbers)


def _lost(figure: Figure, cited: Sequence[Grounds], kind: re.Pattern[str]) -> bool:
    one = Figures(numbers=(figure,))
    there = [each for each in cited if not missing(one, (each,))]
    found = any(kind.search(each.text) is not None for each in there)
    return found and all(missing(one, (_without(kind, each.text),)) for each in there)


@lru_cache(maxsize=256)
def _without(kind: re.Pattern[str], text: str) -> Grounds:
    return Grounds.of(kind.sub(" ", text))


def _counts_other_things(part: Segment, cited: Sequence[Grounds]) -> bool:
    """``12 orders`` where twelve log lines were counted."""
    if part.figures.pairs or not (_only_as(part.figures, cited, _LINES) or _only_as(part.figures, cited, _POINTS)):
        return False
    counted = [word for word in _AFTER_FIGURE.findall(part.text) if word not in NEUTRAL]
    return any(_LINES_WORD.fullmatch(word) is None for word in counted)


def _is_the_other_share(part: Segment, cited: Sequence[Grounds]) -> bool:
    """A failure rate where what is measured is success."""
    names = [each.lines[0].casefold() for each in cited if each.text.startswith("metric ")]
    if len(names) != len(cited) or not part.figures.numbers:
        return False
    failing = any(_BAD_NAME.search(name) for name in names)
    succeeding = any(_GOOD_NAME.search(name) for name in names)
    said_bad, said_good = _BAD_SHARE.search(part.text), _GOOD_SHARE.search(part.text)
    return bool(said_bad and succeeding and not failing) or bool(said_good and failing and not succeeding)


def _is_of_two_times(part: Segment, cited: Sequence[Grounds]) -> bool:
    """``is at its worst now``: two times of a metric, of which nothing is said to be the same."""
    if not any(each.text.startswith("metric ") for each in cited):
        return False
    return len(times_of(part.text)) > max(len(part.figures.numbers), 1)


_RULES = (_is_a_bound, _is_a_percentile, _counts_other_things, _is_the_other_share, _is_of_two_times)
