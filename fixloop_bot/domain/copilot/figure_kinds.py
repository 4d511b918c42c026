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
SPOKEN_BOUND = re.compile(
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
_OF_LINES = re.compile(rf"\bof {_NUMBER} lines looked at\b")
_LOOKED_AT = re.compile(
    r"\b(?:look(?:ed)?|sampled|searched|examined|checked|inspected|read|total|overall|of|sur|von|de|di|su|van)\b"
)
_POINTS = re.compile(rf"\b{_NUMBER} points\b")
_AFTER_FIGURE = re.compile(rf"{_NUMBER} ([^\W\d_]{{2,40}})")
_PRESENT = re.compile(
    r"\b(?:is|are|stands?|sits?|lies|remains?|stays?|liegt|liegen|beträgt|est|sont|está|están|sigue\w*|ligt|è)\b"
    r"(?! (?:up|down) from| pass)"
)
_EARLIER = ("before the incident", "worst since")
_LEVEL = re.compile(r"the newest at [^a-z]{8,30}utc (warn\w*|info|notice|debug|error|critical|alert|emergency|fatal) ")
_ERRORS = re.compile(r"\b(?:errors?|fehler\w*|erreurs?|errore|errori)\b(?! logs?| lines?| level)")
_VALUE = re.compile(rf"\bvalue {_NUMBER}")
_BAD_COUNT = re.compile(
    rf"{_NUMBER} [^\W\d_]{{3,30}} (?:have |has |were |are |had )?(?:fail|err|reject|refus|drop|lost|bad\b)"
)
_GOOD_COUNT = re.compile(rf"{_NUMBER} [^\W\d_]{{3,30}} (?:have |has |were |are |had )?(?:succe|pass|complet|work)")
_BAD_SHARE = re.compile(r"\b(?:fail\w*|errors?|fehler) ?(?:rate|share|ratio|quote|anteil)|\bfehlerrate|taux d.erreur")
_GOOD_SHARE = re.compile(r"\bsuccess\w* ?(?:rate|share|ratio)|\berfolgs\w+")
_BAD_NAME, _GOOD_NAME = re.compile(r"fail|err|bad|drop|5xx"), re.compile(r"success|ok\b|complet|availab|uptime|good")


def mislabelled(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a figure is said to be of another kind than all of its evidence has it."""
    return any(
        rule(part, [each for each in cited if part.fits(each)] or cited)
        for part in segments(claim, cited)
        for rule in _RULES
    )


def _is_a_bound(part: Segment, cited: Sequence[Grounds]) -> bool:
    return SPOKEN_BOUND.search(part.text) is None and _only_as(part.figures, cited, _BOUND)


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


def _counts_all_lines(part: Segment, cited: Sequence[Grounds]) -> bool:
    """``120 lines say`` where 120 were looked at, and fewer say it."""
    if part.figures.pairs or _LOOKED_AT.search(part.text) is not None:
        return False
    counted = any(_LINES_WORD.fullmatch(word) for word in _AFTER_FIGURE.findall(part.text))
    return counted and _only_as(part.figures, cited, _OF_LINES)


def _is_an_old_value(part: Segment, cited: Sequence[Grounds]) -> bool:
    """The value with which an alert fired, said to be the one of now."""
    if not part.figures.numbers or "now" not in times_of(part.text):
        return False
    return _only_as(part.figures, [each for each in cited if each.text.startswith("signal: ")], _VALUE) and not any(
        each.text.startswith("metric ") for each in cited
    )


def _is_no_longer_so(part: Segment, cited: Sequence[Grounds]) -> bool:
    """``The error rate is 0.2 %`` where that is what it was before the incident: the present wants the last reading."""
    named = times_of(part.text) or any(":" in name for name in part.figures.names)
    if named or _PRESENT.search(part.text) is None or not all(each.text.startswith("metric ") for each in cited):
        return False
    lines = [line for each in cited for line in each.lines]
    if not any(line.startswith("now: ") for line in lines):
        return False
    present = Grounds.of("\n".join(line for line in lines if not line.startswith(_EARLIER)))
    return any(not present.has(figure) for figure in part.figures.numbers)


def _is_no_error(part: Segment, cited: Sequence[Grounds]) -> bool:
    """What was logged as a warning, said to be an error."""
    levels = [found[1] for each in cited if (found := _LEVEL.search(each.text)) is not None]
    if not levels or len(levels) != len(cited) or any(not level.startswith(("warn", "info")) for level in levels):
        return False
    return _ERRORS.search(part.text) is not None and not any("error" in text for text in map(_message, cited))


def _message(grounds: Grounds) -> str:
    return " ".join(grounds.lines[2:]).casefold().partition(": ")[2]


def _is_the_other_share(part: Segment, cited: Sequence[Grounds]) -> bool:
    """A failure rate where what is measured is success."""
    names = [" ".join(each.lines[:2]).casefold() for each in cited if each.text.startswith("metric ")]
    if len(names) != len(cited) or not part.figures.numbers:
        return False
    failing = any(_BAD_NAME.search(name) for name in names)
    succeeding = any(_GOOD_NAME.search(name) for name in names)
    said_bad = _BAD_SHARE.search(part.text) or _BAD_COUNT.search(part.text)
    said_good = _GOOD_SHARE.search(part.text) or _GOOD_COUNT.search(part.text)
    return bool(said_bad and succeeding and not failing) or bool(said_good and failing and not succeeding)


def _is_of_two_times(part: Segment, cited: Sequence[Grounds]) -> bool:
    """``is at its worst now``: two times of a metric, of which nothing is said to be the same."""
    if not any(each.text.startswith("metric ") for each in cited):
        return False
    return len(times_of(part.text)) > max(len(part.figures.numbers), 1)


_RULES = (
    _is_a_bound,
    _is_a_percentile,
    _counts_other_things,
    _counts_all_lines,
    _is_an_old_value,
    _is_no_longer_so,
    _is_no_error,
    _is_the_other_share,
    _is_of_two_times,
)
