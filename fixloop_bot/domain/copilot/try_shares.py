"""What is said of a step's tries, against the share of them that was bad.

``The name resolves in 8 of 12 tries`` has its share and its words from the evidence, where eight of twelve are bad.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.step_claims import EVERY, GOOD, STEPS, headline, verdicts_of
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike, is_denied_or_failing

_REASON = re.compile(r"^it is bad[^:]*: (.+?)(?:, expected .*)?$")
_TITLE = re.compile(r"^step \d+ \([^)]*\) of run \d+ \([^)]+\): \w+: (.+)$")
_TOKEN = re.compile(r"[^\W_]{3,}")
_ONE_ANSWER = re.compile(r"answers: (\w+) × [\d,]+")
_ANSWER = re.compile(r"(?<![\w.,])\w+(?![\w.,]\w)")
_EMPTY = frozenset(("the", "and", "that", "are", "can", "for", "has", "its", "still", "with", "from", "not", "have"))


def beyond_the_share(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether what holds in some tries is said of all of them, or the bad tries are spoken of as good ones.

    ``The name resolves in 8 of 12 tries`` has no word of failing, where eight of twelve are bad.
    """
    steps = [each for each in cited if headline(each)]
    return len(steps) == len(cited) > 0 and any(
        _of_all_tries(part, steps) or _of_another_step(part, steps) or _as_if_good(part, steps)
        for part in segments(claim, cited)
    )


def _of_all_tries(part: Segment, steps: Sequence[Grounds]) -> bool:
    if EVERY.search(part.text) is None or STEPS.search(part.text) is not None:
        return False
    about = _most_like(part, [each for each in steps if part.fits(each)])
    return any(0 < few < whole for each in about for few, whole in each.pairs if not _is_their_answer(part, each))


def _is_their_answer(part: Segment, step: Grounds) -> bool:
    """Whether all tries had one answer, and the part names it."""
    found = next((found for line in step.lines if (found := _ONE_ANSWER.fullmatch(line)) is not None), None)
    return found is not None and found[1] in _ANSWER.findall(part.text)


def _of_another_step(part: Segment, steps: Sequence[Grounds]) -> bool:
    """A share that stands in the evidence of a step, and is said of what another step does."""
    if any(name == "step" for name, _ in part.places):
        return False
    about = _most_like(part, steps)
    return any(not any(pair in each.pairs for each in about) for pair in part.figures.pairs)


def _most_like(part: Segment, steps: Sequence[Grounds]) -> list[Grounds]:
    """Of several steps those whose title has most words of the part; all where it names none."""
    counted = [(_title_words(part.text, each), each) for each in steps]
    most = max((count for count, _ in counted), default=0)
    return [each for count, each in counted if count == most]


def _as_if_good(part: Segment, steps: Sequence[Grounds]) -> bool:
    if any(_as_if_bad(part, pair, steps) for pair in part.figures.pairs):
        return True
    bad = [each for pair in part.figures.pairs for each in steps if set(verdicts_of(pair, each)) == {"failed"}]
    if not bad or is_denied_or_failing(part.text):
        return False
    return not any(_names_reason(part.text, each) for each in bad) and any(
        _title_words(part.text, each) for each in bad
    )


def _as_if_bad(part: Segment, pair: tuple[float, float], steps: Sequence[Grounds]) -> bool:
    """``wrong in 35 of 40 tries`` where these are the good ones."""
    known = {verdict for each in steps for verdict in verdicts_of(pair, each)}
    return known == {"passed"} and is_denied_or_failing(part.text) and GOOD.search(part.text) is None


def _names_reason(text: str, step: Grounds) -> bool:
    """Whether something of what the step saw instead is spoken of: a status, an error, a value."""
    seen = " ".join(found[1] for line in step.lines if (found := _REASON.search(line.casefold())) is not None)
    return not (set(_TOKEN.findall(seen)) - NEUTRAL).isdisjoint(_TOKEN.findall(text))


def _title_words(text: str, step: Grounds) -> int:
    """How many words of a text stand in the step's title."""
    title = next((found[1] for line in step.lines if (found := _TITLE.search(line.casefold())) is not None), "")
    named = [word for word in _TOKEN.findall(title) if word not in _EMPTY]
    return sum(any(alike(word, each) for each in named) for word in set(_TOKEN.findall(text)))
