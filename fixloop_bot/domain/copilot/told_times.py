"""A time of day belongs to what is told of it: the certificate did not expire when the sample was taken.

In evidence what happened stands before its time (``finished 03:20:05``), or behind it where a line begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.word_grounds import alike

_MOMENT = re.compile(r"(?<![\d:.])(?:\d{4}-\d{2}-\d{2} )?(\d{1,2}:\d{2}(?::\d{2})?)(?![\d:])")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NEAR_THE_START = re.compile(r", [\w ]{1,30} (?:before|after) the incident began")
"""How far a change lies from the beginning of the incident is not what happened then."""
_MESSAGE = re.compile(r"(\d{2}:\d{2}) \w+: (.+)")
_OWN_DEED = re.compile(r"(?:i|we|i'm|we're|i've|we've)\b|\w+(?:ing|ed)\b|(?:put|took|sent|set|cut|ran|shut|built)\b")
_SAYING = re.compile(
    r"\b(?:sa(?:ys?|id|gte?|gt)|wr(?:ote|ites?)|reports?|reported|not(?:es|ed)|mention\w*|tells?|told|ask\w*|according|"
    r"messages?|post\w*|announce\w*|confirm\w*|relay\w*|thread|laut|schrieb|selon|según|dice|dit)\b|投稿|によると|说"
)
_EMPTY = frozenset(
    (
        "utc",
        "the",
        "and",
        "was",
        "were",
        "has",
        "have",
        "had",
        "with",
        "from",
        "for",
        "its",
        "not",
        "out",
        "are",
        "did",
        "this",
        "that",
        "run",
        "step",
    )
)


def at_another_time(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a time of day stands beside a word that the evidence tells of other times, and not of this one."""
    told = [each for grounds in cited if not grounds.text.startswith("metric ") for each in _told(grounds)]
    if len({moment for moment, _ in told}) < 2:
        return False
    parts = ["", *(part.text for part in segments(claim, cited))]
    return any(_strange(part, told, before=before) for before, part in pairwise(parts))


def dated_by_its_message(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether something is said to have been when somebody only spoke of it; of one's own deeds one speaks at once."""
    plain = folded(claim)
    if _SAYING.search(plain) is not None:
        return False
    lines = [folded(line) for each in cited for line in each.lines]
    messages = [found for line in lines if (found := _MESSAGE.match(line)) is not None and found[1] in plain]
    elsewhere = any(found[1] in line for found in messages for line in lines if _MESSAGE.match(line) is None)
    return bool(messages) and not elsewhere and not any(_OWN_DEED.match(found[2]) for found in messages)


def _strange(text: str, told: Sequence[tuple[str, frozenset[str]]], *, before: str) -> bool:
    for found in _MOMENT.finditer(text):
        own = _WORD.findall(text[: found.start()])
        behind = _WORD.findall(text[found.end() :])
        near = [*reversed(own), *behind] if own or behind else [*reversed(_WORD.findall(before))]
        here = [words for moment, words in told if moment.startswith(found[1].zfill(5))]
        others = [words for moment, words in told if not moment.startswith(found[1].zfill(5))]
        word = next((word for word in near if word not in _EMPTY and _any(word, [*here, *others])), "")
        if here and word and not _any(word, here):
            return True
    return False


def _told(grounds: Grounds) -> Iterator[tuple[str, frozenset[str]]]:
    """Each time of day with the words that say what was then."""
    lead = ""
    for line in map(folded, grounds.lines):
        line = _NEAR_THE_START.sub("", line)
        moments = list(_MOMENT.finditer(line))
        for at, found in enumerate(moments):
            start = moments[at - 1].end() if at else 0
            before, end = line[start : found.start()], moments[at + 1].start() if at + 1 < len(moments) else len(line)
            said = before if len(before.strip()) > len("at ") else f"{lead} {line[found.end() : end]}"
            yield found[1], frozenset(_WORD.findall(said)) - _EMPTY
        lead = line


def _any(word: str, labels: Sequence[frozenset[str]]) -> bool:
    return any(alike(word, each) for words in labels for each in words)
