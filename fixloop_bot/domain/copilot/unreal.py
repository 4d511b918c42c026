"""What is only asked, wished, advised or possible in the evidence is no fact of it.

``should I take 6.11.0 back?`` has all words of ``Samir took 6.11.0 back``, and a runbook's ``stop the sale`` those of
``the sale was stopped``. An alert's own text may say anything: it is repeated as what the alert says, or marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike

LONGEST_LINE = 600
MOST_LINES = 60
ALERT_TEXT = "alert text (data, not fact): "
"""What a signal's own text begins with in its evidence."""

_WISHED = re.compile(
    r"\?|\b(?:should|could|would|may|might|must|shall|will|won't|let's|lets|let us|wants? to|"
    r"wanted to|plan(?:s|ned|ning)? (?:to|on)|going to|about to|need(?:s|ed)? to|have to|has to|had to|try to|"
    r"trying to|hope|wish|please|if|unless|"
    r"can (?:we|i|you|someone|somebody|anyone)|i'll|we'll|they'll|tomorrow|soll\w*|könn\w*|würd\w*|müss\w*|wollen|"
    r"bitte|falls|devrai\w*|pourrai\w*|voudrai\w*|faut|debe\w*|podría\w*|quier\w*)\b"
)
_SAYS_SO = re.compile(
    rf"{_WISHED.pattern}|\b(?:ask(?:s|ed|ing)?|question\w*|wonder\w*|whether|suggest\w*|propos\w*|offer\w*|consider\w*|"
    r"intend\w*|recommend\w*|advi[sc]\w*|warn\w*|runbook|instruct\w*|guidance|according|expects?|expected|announc\w*|"
    r"request(?:s|ed)?|demand\w*|next|possible|possibly|can|not yet|to be|frag\w*|laut|rät|empf\w*|schläg\w*|selon|"
    r"demande\w*|propose\w*|según|pregunt\w*|prop\w*|says to|said to|tells? \w+ to|told \w+ to)\b"
)
_DONE = re.compile(
    r"\b(?:was|were|has|have|had|is|are|got) (?:\w+ ){0,2}?(?:been |being )?[a-z]{0,30}(?:ed|ken|wn|ne|nt|ght|ut|pt|"
    r"told|sold|held|found|lost|paid|read|met)\b|"
    r"\b[a-z]{3,30}ed\b|\b(?:took|put|ran|cut|shut|sent|set|made|began|brought|gave|went|did)\b|"
    r"\b(?:wurden?|hat|haben|ist|sind) (?:\w+ ){0,6}?(?:ge\w+|\w+iert)\b|"
    r"\b(?:a|ont|été|ha|han|fue|fueron) \w+(?:é|ée|és|ado|ido)\b"
)
_TELLS_OF_ALERT = re.compile(
    r"\b(?:alert|monitor|signal|alarm|meldung|alerte|alerta|alarma)\w*\b.{0,60}?\b(?:text|messages?|body|says?|said|states?|"
    r"claims?|reads?|asks?|tells?|contains?|describ\w*|link\w*|points|names?|mentions?|warns?|sagt|lautet|meldet|dit|"
    r"dice|indica|indique)\b|\b(?:according to|in|laut|selon|según) (?:the |its |der |dem |l'|la )?(?:alert|monitor|"
    r"signal|alarm|meldung|alerte|alerta|alarma)|\balert text\b|\btext of the alert\b"
)
_SENTENCE = re.compile(r"(?<=[.?!])\s|;\s|\n")
_SPOKEN = re.compile(r"(?:\d{2}:\d{2}|\d{4}-\d{2}-\d{2} [\d:]{8} utc) [\w.-]{1,40}: |u\w{2,20}: ")
_WORD = re.compile(r"[^\W\d_]{3,}|\w*\d[\w.-]*\w")


def only_wished_for(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a part of a claim states what is only asked, wished or advised wherever it is told."""
    if _SAYS_SO.search(folded(claim)) is not None:
        return False
    told = [each for grounds in cited for each in _sentences(grounds)]
    return any(_is_unreal(part.text, told) for part in segments(claim, cited))


def without_alert_text(claim: str, lines: Sequence[str]) -> Sequence[str]:
    """The lines of a signal's evidence without the alert's own text, unless a claim says that it is the alert's."""
    if not any(line.startswith(ALERT_TEXT) for line in lines) or _TELLS_OF_ALERT.search(folded(claim)) is not None:
        return lines
    return [line for line in lines if not line.startswith(ALERT_TEXT)]


def _is_unreal(part: str, told: Sequence[tuple[frozenset[str], bool, bool]]) -> bool:
    """Whether what shares most words with a part is wished for everywhere; advice is no deed, but may be a rule."""
    said = {word for word in _WORD.findall(part) if word not in NEUTRAL}
    counted = [
        (sum(any(alike(word, each) for each in words) for word in said), wished, advised)
        for words, wished, advised in told
    ]
    most = max((count for count, _, _ in counted), default=0)
    closest = [(wished, advised) for count, wished, advised in counted if count == most > 0]
    if not closest:
        return False
    if all(wished for wished, _ in closest):
        return True
    return all(wished or advised for wished, advised in closest) and _DONE.search(part) is not None


def _sentences(grounds: Grounds) -> Iterator[tuple[frozenset[str], bool, bool]]:
    """Each sentence's words, whether it only wishes, and whether it is a runbook's."""
    advised = grounds.text.startswith("runbook")
    for line in grounds.lines[:MOST_LINES]:
        yield from _read(line[:LONGEST_LINE], advised)


@lru_cache(maxsize=512)
def _read(line: str, advised: bool) -> tuple[tuple[frozenset[str], bool, bool], ...]:
    folded_line = folded(line)
    spoken = _SPOKEN.match(folded_line)
    wishing = spoken is not None
    start = spoken.end() if spoken is not None else 0
    speaker = frozenset(_WORD.findall(folded_line[:start]))
    return tuple(
        (speaker | frozenset(_WORD.findall(each)), wishing and _WISHED.search(each) is not None, advised)
        for each in _SENTENCE.split(folded_line[start:])
        if each.strip()
    )
