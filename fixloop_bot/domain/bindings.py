"""Whether the right figures stand beside the right words: a true number with a wrong label is a lie, too.

Evidence that says ``p95 912 ms, limit 400 ms`` and ``7 of 20 tries bad, 13 of 20 good`` has all figures of ``The limit
is
912 ms`` and of ``13 of 20 tries failed``. So what is called a limit or a percentile has to be called so in the
evidence,
and a share that is said to fail must not stand there as the one that passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.claims import step_verdicts
from fixloop_bot.domain.spoken_figures import Figure, Grounds, figures_in, folded
from fixloop_bot.domain.spoken_places import plainly

_LABELS = {
    "limit": re.compile(
        r"\b(?:limit\w*|threshold\w*|slo|tolerated\w*|trouble when|grenz\w*|schwell\w*|seuil\w*|límite\w*|umbral\w*|"
        r"limiar\w*|"
        r"soglia|drempel\w*)\b|阈值|上限|しきい値|閾値|한도|임계값"
    ),
    "percentile": re.compile(r"\bp(?:50|75|90|95|99)\b"),
}
_BETWEEN = re.compile(r"[^\d,;.]{0,28}?(?=[<>≤≥=]*\s*\d)")
_PLACE = re.compile(
    r"\b(?:steps?|schritt\w*|étapes?|pasos?|passos?|passi|stap\w*|runs?|lauf\w*|samples?)\s*#?\d+"
    r"(?:(?:, | and | und | et | y | e | en )\d+)*"
)
_SEGMENT = re.compile(r"[,;:\n()。、，；]|\.\s|\b(?:and|but|while|und|aber|et|mais|y|pero|e|ma|mas|en|maar)\b")
_EVIDENCE_SEGMENT = re.compile(r"[,;\n]")
_BAD, _GOOD = re.compile(r"\b(?:bad|fail\w*|wrong)\b"), re.compile(r"\b(?:good|pass\w*)\b")


def misbound(claim: str, cited: Sequence[Grounds]) -> str:
    """What stands in the evidence under another label, in words; empty where nothing does."""
    plain = folded(plainly(claim))
    for name, words in _LABELS.items():
        known = [figure for each in cited for figure in _labelled(each.text, words)]
        for spoken in _labelled(plain, words):
            if known and not any(_same(spoken, each) for each in known):
                return f"a {name} of {spoken.text}"
    return next(_turned(plain, cited), "")


def _labelled(text: str, words: re.Pattern[str]) -> Iterator[Figure]:
    """The figures that stand right behind one of these words."""
    text = _PLACE.sub(" ", text)
    for found in words.finditer(text):
        between = _BETWEEN.match(text, found.end())
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


def _turned(plain: str, cited: Sequence[Grounds]) -> Iterator[str]:
    """A share that is said to fail and stands in the evidence as the one that passed, or the other way round."""
    for segment in _SEGMENT.split(plain):
        said = step_verdicts(segment)
        for pair in figures_in(segment).pairs if len(said) == 1 else ():
            known = {verdict for each in cited for verdict in _verdicts_of(pair, each)}
            if known and said.isdisjoint(known):
                yield f"{pair[0]:g} of {pair[1]:g} {next(iter(said))}"


def _verdicts_of(pair: tuple[float, float], grounds: Grounds) -> Iterator[str]:
    for line in grounds.lines:
        for segment in _EVIDENCE_SEGMENT.split(line.casefold()):
            if pair in figures_in(segment).pairs:
                if _BAD.search(segment) is not None:
                    yield "failed"
                if _GOOD.search(segment) is not None:
                    yield "passed"
