"""What is said of a step's tries, against the share of them that was bad.

``The name resolves in 8 of 12 tries`` has its share and its words from the evidence, where eight of twelve are bad.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.step_claims import EVERY, GOOD, STEPS, headline, verdicts_of
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike, is_denied_or_failing, is_denying, is_failing

_REASON = re.compile(r"^it is bad[^:]*: (.+?)(?:, expected .*)?$")
_TITLE = re.compile(r"^step \d+ \([^)]*\) of run \d+ \([^)]+\): \w+: (.+)$")
_TOKEN = re.compile(r"[^\W_]{3,}")
_ANSWERS = re.compile(r"(\w+) × ([\d,]+)")
_TIMES = re.compile(r"(?<![\w.,])(\w{1,6}) times\b")
_NONE = re.compile(r"\b(?:no|none|never|not (?:one|a single)|kein\w*|nie|aucun\w*|jamais|ningun\w*|nunca)\b")
_ANSWER = re.compile(r"(?<![\w.,])\w+(?![\w.,]\w)")
_UNDECIDED = frozenset(("inconclusive", "skipped", "not decided"))
_LEAVES_OPEN = re.compile(
    r"\b(?:inconclusive|unclear|unknown|undecided|skipped|"
    r"not (?:yet )?(?:decided|known|clear|tested|checked|looked|run)|no (?:result|answer|verdict)|could(?: not|n't)|"
    r"cannot|can't|unable|did(?: not|n't) (?:look|run|decide)|"
    r"reason|unentschieden|unklar|ergebnislos|konnten?|übersprungen|indécis\w*|inconclu\w*|incierto|incert\w*|"
    r"onbeslist|non concluant\w*|no concluyente\w*)\b"
)
_EMPTY = frozenset(("the", "and", "that", "are", "can", "for", "has", "its", "still", "with", "from", "not", "have"))


def beyond_the_share(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether what holds in some tries is said of all of them, or the bad tries are spoken of as good ones.

    ``The name resolves in 8 of 12 tries`` has no word of failing, where eight of twelve are bad.
    """
    steps = [each for each in cited if headline(each)]
    return len(steps) == len(cited) > 0 and any(
        _of_an_open_step(part, claim, steps)
        or _of_all_tries(part, steps)
        or _is_denied_their_answer(part, steps)
        or _of_another_answer(part, steps)
        or _of_another_step(part, steps)
        or _as_if_good(part, steps)
        for part in segments(claim, cited)
    )


def _of_all_tries(part: Segment, steps: Sequence[Grounds]) -> bool:
    if EVERY.search(part.text) is None or STEPS.search(part.text) is not None:
        return False
    about = _most_like(part, [each for each in steps if part.fits(each)])
    return any(0 < few < whole for each in about for few, whole in each.pairs if not _is_their_answer(part, each))


def _of_an_open_step(part: Segment, claim: str, steps: Sequence[Grounds]) -> bool:
    """Whether something is said of what a step asks for that could not look; its reason alone may be told."""
    about = [
        each for each in _most_like(part, [each for each in steps if part.fits(each)]) if _title_words(part.text, each)
    ]
    if not about or any(headline(each) not in _UNDECIDED for each in about):
        return False
    return _LEAVES_OPEN.search(folded(claim)) is None


def _is_their_answer(part: Segment, step: Grounds) -> bool:
    """Whether all tries had one answer, and the part names it."""
    answers = _answers(step)
    return len(answers) == 1 and not answers.keys().isdisjoint(_ANSWER.findall(part.text))


def _is_denied_their_answer(part: Segment, steps: Sequence[Grounds]) -> bool:
    """``no try was answered with 201`` where some were."""
    if _NONE.search(part.text) is None or part.figures.pairs:
        return False
    codes = set(_ANSWER.findall(part.text))
    return any(part.fits(each) and not codes.isdisjoint(_answers(each)) for each in steps)


def _of_another_answer(part: Segment, steps: Sequence[Grounds]) -> bool:
    """``status 0 in 4 of 20 tries`` where another status was the answer in four, and this one in sixteen."""
    codes = set(_ANSWER.findall(part.text))
    if any(
        _TIMES.search(part.text) and found in _answers(each) for each in steps for found in _TIMES.findall(part.text)
    ):
        return True
    return any(
        not any(answers[code] == pair[0] for code in codes & answers.keys()) and pair[0] in answers.values()
        for each in steps
        if part.fits(each) and (answers := _answers(each)) and not codes.isdisjoint(answers)
        for pair in part.figures.pairs
    )


def _answers(step: Grounds) -> dict[str, int]:
    """How often each answer came."""
    line = next((line for line in step.lines if line.startswith("answers: ")), "")
    return {answer: int(times.replace(",", "")) for answer, times in _ANSWERS.findall(line)}


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
    if not bad or is_denied_or_failing(_without_title(part.text, bad)):
        return False
    return not any(_names_reason(part.text, each) for each in bad) and any(
        _title_words(part.text, each) for each in bad
    )


def _as_if_bad(part: Segment, pair: tuple[float, float], steps: Sequence[Grounds]) -> bool:
    """``wrong in 35 of 40 tries`` where these are the good ones."""
    known = {verdict for each in steps for verdict in verdicts_of(pair, each)}
    return (
        known == {"passed"}
        and is_denied_or_failing(_without_title(part.text, steps))
        and GOOD.search(part.text) is None
    )


def _without_title(text: str, steps: Sequence[Grounds]) -> str:
    """A part without the words of the steps' titles, where what is well sounds like failing: ``A code is refused``."""
    titles = [title for each in steps if is_failing(title := _title(each)) and not is_denying(title)]
    words = [word for title in titles for word in _TOKEN.findall(title)]
    return _TOKEN.sub(lambda found: " " if any(alike(found[0], word) for word in words) else found[0], text)


def _names_reason(text: str, step: Grounds) -> bool:
    """Whether something of what the step saw instead is spoken of: a status, an error, a value."""
    seen = " ".join(found[1] for line in step.lines if (found := _REASON.search(line.casefold())) is not None)
    return not (set(_TOKEN.findall(seen)) - NEUTRAL).isdisjoint(_TOKEN.findall(text))


def _title_words(text: str, step: Grounds) -> int:
    """How many words of a text stand in the step's title."""
    named = [word for word in _TOKEN.findall(_title(step)) if word not in _EMPTY]
    return sum(any(alike(word, each) for each in named) for word in set(_TOKEN.findall(text)))


def _title(step: Grounds) -> str:
    return next((found[1] for line in step.lines if (found := _TITLE.search(line.casefold())) is not None), "")
