"""Whether the right figures stand beside the right words: a true number with a wrong label is a lie, too.

Evidence that says ``p95 912 ms, limit 400 ms`` has all figures of ``The limit is 912 ms``, and two pieces that are
cited together have all of ``In run 1, step 1 failed in 4 of 20 tries``. So what is called a limit or a percentile has
to be called so in the evidence, and what is said of a step and a run has to stand in evidence about both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.copilot.founded import about
from fixloop_bot.domain.copilot.segments import PLACE, Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Figure, Figures, Grounds, figures_in, folded, missing
from fixloop_bot.domain.copilot.spoken_places import plainly

LABELS = {
    "limit": re.compile(
        r"\b(?:limit\w*|threshold\w*|slo|tolerated\w*|trouble when|grenz\w*|schwell\w*|seuil\w*|límite\w*|umbral\w*|"
        r"limiar\w*|"
        r"soglia|drempel\w*)\b|阈值|上限|しきい値|閾値|한도|임계값"
    ),
    "percentile": re.compile(r"\bp(?:50|75|90|95|99)\b"),
}
_SIDE = re.compile(
    r"\b(?:under|below|above|over|beyond|within|outside|inside|than|unter|über) (?:the |its |their |dem )?$"
)
_BETWEEN = re.compile(r"[^\d,;.]{0,28}?(?<![a-z])(?=[<>≤≥=]*\s*\d)")


def misbound(claim: str, cited: Sequence[Grounds]) -> str:
    """What stands in the evidence under another label, in words; empty where nothing does."""
    plain = folded(plainly(claim))
    for name, words in LABELS.items():
        known = [figure for each in cited for figure in _labelled(each.text, words)]
        for spoken in _labelled(plain, words):
            if known and not any(_same(spoken, each) for each in known):
                return f"a {name} of {spoken.text}"
    return next((wrong for part in segments(claim, cited) if (wrong := _elsewhere(part, cited))), "")


def scattered(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a part of a claim joins figures that no one piece of evidence joins."""
    return any(
        not any(part.fits(each) and not _lacks(part, about(part.text, each)) for each in cited)
        for part in segments(claim, cited)
    )


def _elsewhere(part: Segment, cited: Sequence[Grounds]) -> str:
    """A figure that stands only in evidence about another step or run than its part of the sentence is about."""
    fitting = [each for each in cited if part.fits(each)]
    for one in _single(part.figures):
        if not any(not missing(one, (each,)) for each in fitting) and any(not missing(one, (each,)) for each in cited):
            return missing(one, ())
    return ""


def _lacks(part: Segment, grounds: Grounds) -> str:
    found = part.figures
    if grounds.text.startswith("metric ") and (late := next(_at_another_time(found, grounds), "")):
        return late
    return missing(Figures(numbers=found.numbers, pairs=found.pairs, names=found.names), (grounds,))


def _at_another_time(figures: Figures, grounds: Grounds) -> Iterator[str]:
    """A time of day at which a metric's evidence has none of the readings that are said beside it."""
    moments = [name for name in figures.names if ":" in name]
    for moment in moments if figures.numbers else ():
        lines = [Grounds.of(line) for line in grounds.lines]
        at = [line for line in lines if line.names(moment)]
        if at and not any(line.has(number) for line in at for number in figures.numbers):
            yield moment


def _single(figures: Figures) -> Iterator[Figures]:
    yield from (Figures(pairs=(pair,)) for pair in figures.pairs)
    yield from (Figures(numbers=(number,)) for number in figures.numbers)
    yield from (Figures(names=(name,)) for name in figures.names)


def _labelled(text: str, words: re.Pattern[str]) -> Iterator[Figure]:
    """The figures that stand right behind one of these words."""
    text = PLACE.sub(" ", text)
    for found in words.finditer(text):
        between = _BETWEEN.match(text, found.end())
        if between is not None and ":" in between[0] and _SIDE.search(text[: found.start()]) is not None:
            continue
        if between is not None:
            yield from figures_in(text[between.end() : between.end() + 24]).numbers[:1]


def _same(spoken: Figure, written: Figure) -> bool:
    values = [value for value, _ in written.readings]
    return any(
        abs(value * scale - each) <= half * scale + 1e-9
        for value, half in spoken.readings
        for each in values
        for scale in (1.0, 0.01, 100.0)
    )
