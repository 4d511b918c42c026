"""Whose figure it is: ``double sales peaked at 310`` where 310 stands in what is cited about evictions.

Two pieces that are cited together hold all words and all figures of both. So what a part of a sentence calls by a
word of one piece's title takes its figures from a piece that has this word, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.figure_kinds import SPOKEN_BOUND
from fixloop_bot.domain.copilot.founded import about
from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Figures, Grounds, missing
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.unreal import ALERT_TEXT
from fixloop_bot.domain.copilot.word_grounds import alike

_WORD = re.compile(r"[^\W\d_]{3,}")


def of_another_subject(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a part of a claim names one cited piece by its title and has its figures from others only."""
    if len(cited) < 2:
        return False
    titles = [frozenset(_WORD.findall(each.text.partition(ALERT_TEXT)[0])) for each in cited]
    return any(_is_anothers(part, cited, titles) for part in segments(claim, cited))


def _is_anothers(part: Segment, cited: Sequence[Grounds], titles: Sequence[frozenset[str]]) -> bool:
    moments = tuple(name for name in part.figures.names if ":" in name)
    figures = Figures(numbers=part.figures.numbers, pairs=part.figures.pairs, names=moments)
    if not figures:
        return False
    bound = SPOKEN_BOUND.search(part.text) is not None
    has = [part.fits(each) and not missing(figures, (_readings(part.text, each, bound),)) for each in cited]
    if all(has) or not any(has):
        return False
    own = [
        frozenset(_WORD.findall(each.text.partition(ALERT_TEXT)[0]))
        for each, held in zip(cited, has, strict=True)
        if held
    ]
    others = [title for title, held in zip(titles, has, strict=True) if not held]
    said = {word for word in _WORD.findall(part.text) if word not in NEUTRAL}
    strange = {word for word in said if any(_in(word, title) for title in others)}
    return any(not any(_in(word, words) for words in own) for word in strange)


def _readings(text: str, grounds: Grounds, bound: bool) -> Grounds:
    """What a part may take its figures from: a limit only where it speaks of one."""
    own = about(text, grounds)
    if bound or not grounds.text.startswith("metric "):
        return own
    return Grounds.of("\n".join(line for line in own.lines if not line.startswith("limit ")))


def _in(word: str, words: frozenset[str]) -> bool:
    return any(alike(word, each) for each in words)
