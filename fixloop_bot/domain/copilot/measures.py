"""What a figure is measured in: ``310 /s`` is not 310 a minute, 6 GB are not 6 MB, and 41 % are not 41 logins.

The number itself stands in the evidence, and units are no words about the world; only that they stand together tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from fixloop_bot.domain.copilot.spoken_figures import Figure, Grounds, Kind, figures_in, folded
from fixloop_bot.domain.copilot.spoken_places import plainly

LONGEST_TEXT = 4_000
"""Characters of a piece of evidence that are read for units."""

_NUMBER = r"(?<![\w.,:])(?P<number>\d{1,12}(?:[.,]\d{1,12}){0,4})"
_SPANS = {
    "second": r"s|secs?|seconds?|sekunden?|secondes?|segundos?|secondi|secondo",
    "minute": r"mins?|minutes?|minuten?|minuut|minutos?|minut[oi]",
    "hour": r"h|hrs?|hours?|stunden?|heures?|horas?|or[ae]|uur",
    "day": r"d|days?|tag|tage|jours?|días?|dias?|giorn[oi]|dag|dagen",
    "week": r"weeks?|wochen?|semaines?|semanas?|settiman[ae]",
}
_PER = r"(?:\s?/\s?|[- ](?:per|an?|each|every|pro|par|por|al|alla|à la|a la|je|in der)[- ])"
_RATE = re.compile(
    rf"{_NUMBER}\s?%?k?(?: [^\W\d_]{{2,30}}){{0,3}}?{_PER}"
    rf"(?:{'|'.join(f'(?P<{name}>{words})' for name, words in _SPANS.items())})"
    r"(?![\w/])(?! (?:later|earlier|ago|after|before|long|apart|spät\w*|plus tard))"
)
_SIZES = {
    "byte": r"b|bytes?",
    "kilobyte": r"ki?b|kilobytes?",
    "megabyte": r"mi?b|megabytes?",
    "gigabyte": r"gi?b|gigabytes?",
    "terabyte": r"ti?b|terabytes?",
}
_SIZE = re.compile(
    rf"{_NUMBER}\s?(?:{'|'.join(f'(?P<{name}>{words})' for name, words in _SIZES.items())})(?!\w)(?! \d)"
)
_NAMED_RATE = {
    "second": re.compile(r"as_rate\(\)|per_?sec|\b[rqt]ps\b"),
    "minute": re.compile(r"per_?min|as_rate\(60\)"),
}
_THING = re.compile(
    r"(?<![\w.,:/#-])(?P<number>\d{1,3}(?:[, ]\d{3})+|\d{1,12}) (?P<thing>[^\W\d_]{3,40})"
    r"(?! (?:its|the|as|more|higher|over|their|that)\b)"
)
_NO_THINGS = frozenset(
    [
        "exceeds",
        "seconds",
        "minutes",
        "hours",
        "days",
        "weeks",
        "points",
        "was",
        "has",
        "is",
        "its",
        "less",
        "this",
        "sees",
    ]
)
_WORDS = (_RATE, _SIZE)


def measured_otherwise(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a figure is said to be a rate, a size or a count that it is nowhere."""
    plain = folded(plainly(claim))
    known = [each.text[:LONGEST_TEXT] for each in cited]
    spoken = [each for kind in _WORDS for each in _measured(plain, kind)]
    if any(not any(_has(text, *each) for text in known) for each in spoken):
        return True
    return any(_counts(found, cited) for found in _THING.finditer(plain))


def _has(text: str, figure: Figure, unit: str) -> bool:
    """Whether a text has the figure in this unit; a metric may have a rate's unit in its name, for all its figures."""
    told = _told(text)
    if any(unit == other and _same(figure, each) for each, other in told):
        return True
    named = _NAMED_RATE.get(unit)
    return named is not None and named.search(text) is not None and not told


@lru_cache(maxsize=256)
def _told(text: str) -> tuple[tuple[Figure, str], ...]:
    return tuple(each for kind in _WORDS for each in _measured(text, kind))


def _measured(text: str, kind: re.Pattern[str]) -> Iterator[tuple[Figure, str]]:
    for found in kind.finditer(text):
        number = next(iter(figures_in(found["number"]).numbers), None)
        unit = next((name for name, words in found.groupdict().items() if words and name != "number"), "")
        if number is not None and unit:
            yield number, unit


def _same(spoken: Figure, written: Figure) -> bool:
    return any(abs(value - each) <= half + 1e-9 for value, half in spoken.readings for each, _ in written.readings)


def _counts(found: re.Match[str], cited: Sequence[Grounds]) -> bool:
    """``41 logins`` where all that is 41 is a share or a time."""
    if found["thing"] in _NO_THINGS or not (found["thing"].endswith("s") or found["thing"] == "entries"):
        return False
    figure = next(iter(figures_in(found["number"]).numbers), None)
    if figure is None or figure.kind is not Kind.PLAIN:
        return False
    there = [each for each in cited if each.has(figure)]
    return bool(there) and not any(each.counts_as_is(figure) for each in there)
