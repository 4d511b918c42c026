"""How steps are said to have ended, against what their own evidence says: each part of a sentence for itself.

A step's evidence begins with its verdict. So a sentence that cites only steps, and says that something fails, needs
one that failed; and what is said of *all* tries needs a share that is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from fixloop_bot.domain.copilot import claims
from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded

_HEADLINE = re.compile(
    r"\bstep \d+ \([a-z]+\) of run \d+ \([^)]+\): (passed|failed|inconclusive|skipped|not decided)\b"
)
STEPS = re.compile(
    r"\b(?:steps|checks|controls|everything|schritte\w?|alles|étapes|tout|pasos|todo|passos|tudo|passi|tutto|"
    r"stappen)\b|"
    r"(?:他の|全|すべての|全ての|所有|其他|其它|全部|모든|다른)"
)
_ONLY = re.compile(r"\b(?:only|nur|seul\w*|solo|só|apenas|solamente|alleen)\b|だけ|只有|만 ")
_OTHERS = re.compile(
    r"\b(?:others?|rest|remaining|andere\w*|übrige\w*|autres?|otr[oa]s|outr[oa]s|altr[ei])\b|他の|其[他它]|다른"
)
EVERY = re.compile(
    r"\b(?:all|every|each|always|never|none|no (?:try|tries|request|sample|attempt)\w*|alle[rn]?|jede\w*|"
    r"immer(?! noch)|nie|"
    r"tous|toutes|chaque|toujours échou\w*|jamais|todos|todas|siempre|nunca|sempre|tutti|tutte|ogni|mai|altijd|nooit)\b"
    r"|すべて|全て|全部|都|毎回|모두|항상"
)
_BOTH = re.compile(
    r"\b(?:both|all|each|beide\w*|alle|les deux|ambos|ambas|entrambi|entrambe|tous|todos|tutti)\b|両方|都|모두"
)
_BAD, GOOD = re.compile(r"\b(?:bad|fail\w*|wrong)\b"), re.compile(r"\b(?:good|pass\w*)\b")
_EVIDENCE_SEGMENT = re.compile(r"[,;\n]")


def headline(grounds: Grounds) -> str:
    """The verdict with which a step's evidence begins; empty where it is not a step's."""
    found = _HEADLINE.search(grounds.text)
    return found[1] if found is not None else ""


def wrong_step_verdict(claim: str, cited: Sequence[Grounds]) -> str:
    """A step that is said to pass or fail must be said so by evidence about that step; empty where it is.

    A share that fails or passes (``13 of 20 tries passed``) is no verdict of the step, and is held against the share.
    """
    for part in segments(claim, cited):
        said = claims.step_verdicts(part.text)
        if not said:
            continue
        wrong = next(_turned(part, said, cited), "") or _not_all(part, said, cited) or _not_both(part, said, cited)
        if wrong or part.figures.pairs:
            if wrong:
                return wrong
            continue
        if _OTHERS.search(part.text) is not None:
            rest = {headline(each) for each in cited if part.places.isdisjoint(_steps(each))} - {""}
            missing = next((f"that the others {verdict}" for verdict in sorted(rest - said)), "")
            if missing:
                return missing
            continue
        known = [_known(each, said, cited) for each in _places(part)] or [_headlines(said, cited)]
        for verdicts in filter(None, known):
            missing = next((f"that a step {verdict}" for verdict in sorted(said ^ verdicts)), "")
            if missing:
                return missing
    return ""


def _not_both(part: Segment, said: frozenset[str], cited: Sequence[Grounds]) -> str:
    """What is said of both or all steps that are cited has to be the verdict of each."""
    verdicts = [verdict for each in cited if part.fits(each) and (verdict := headline(each))]
    if len(said) != 1 or len(verdicts) != len(cited) or len(verdicts) < 2:
        return ""
    if _BOTH.search(part.text) is None or STEPS.search(part.text) is None or said.issuperset(verdicts):
        return ""
    return f"that all of them {next(iter(said))}"


def _steps(grounds: Grounds) -> frozenset[tuple[str, int]]:
    return frozenset(place for place in grounds.places if place[0] == "step")


def _places(part: Segment) -> list[Segment]:
    """The part once for each step that it names: ``steps 1 and 2 fail`` is said of both."""
    steps = sorted(place for place in part.places if place[0] == "step")
    runs = frozenset(place for place in part.places if place[0] == "run")
    return [Segment(text=part.text, figures=part.figures, places=runs | {step}, phase=part.phase) for step in steps]


def _known(part: Segment, said: frozenset[str], cited: Sequence[Grounds]) -> frozenset[str]:
    """What evidence about the part's step says; that no cited evidence is about it is an error of its own."""
    about = [each for each in cited if not part.places.isdisjoint(each.places) and part.fits(each)]
    found = frozenset(verdict for each in about if (verdict := headline(each)))
    if found:  # of a step that ended differently in two runs it is said in which
        return found
    told = frozenset(verdict for each in about for verdict in claims.step_verdicts(each.text))
    return (told & said) or told or frozenset({"nothing"})


def _headlines(said: frozenset[str], cited: Sequence[Grounds]) -> frozenset[str]:
    """Where only steps are cited, their verdicts as far as they are said; nothing where anything else is cited."""
    found = frozenset(map(headline, cited))
    return (found & said) or found if "" not in found else frozenset()


def speaks_of_several_steps(claim: str) -> bool:
    """Whether a verdict is said of several steps: ``all other steps pass``, ``only step 1 fails``."""
    plain = folded(claim)
    if not claims.step_verdicts(claim):
        return False
    return _ONLY.search(plain) is not None or bool(STEPS.search(plain) and not figures_in(claim).places)


def speaks_of_both(text: str) -> bool:
    """Whether something is said of both or all of what is cited."""
    return _BOTH.search(folded(text)) is not None


def says_only(text: str) -> bool:
    """Whether something is said of one and of no other."""
    return _ONLY.search(folded(text)) is not None


def covers(claim: str, *, cited: int, others: Iterable[Grounds]) -> bool:
    """Whether what is said of several steps leaves room for those of the run that are not among the ``cited``.

    *Only* this one fails: no other does. *All others* pass: what is left does not. *All*: nothing is left. Where one
    step alone is known, nothing is known of several.
    """
    plain, said = folded(claim), claims.step_verdicts(claim)
    left = [headline(each) for each in others]
    if cited + len(left) < 2:
        return False
    if _ONLY.search(plain) is not None or _OTHERS.search(plain) is not None:
        return all(each not in said or len(said) > 1 for each in left)
    return not left


def _turned(part: Segment, said: frozenset[str], cited: Sequence[Grounds]) -> Iterator[str]:
    """A share that is said to fail and stands in the evidence as the one that passed, or the other way round."""
    for pair in part.figures.pairs if len(said) == 1 else ():
        known = {verdict for each in cited for verdict in verdicts_of(pair, each)}
        if known and said.isdisjoint(known):
            yield f"{pair[0]:g} of {pair[1]:g} {next(iter(said))}"


def verdicts_of(pair: tuple[float, float], grounds: Grounds) -> Iterator[str]:
    """As what a share stands in the evidence: ``failed``, ``passed``."""
    for line in grounds.lines:
        for segment in _EVIDENCE_SEGMENT.split(line.casefold()):
            if pair in figures_in(segment).pairs:
                if _BAD.search(segment) is not None:
                    yield "failed"
                if GOOD.search(segment) is not None:
                    yield "passed"


def _not_all(part: Segment, said: frozenset[str], cited: Sequence[Grounds]) -> str:
    """What is said of every try has to be a whole share of the evidence that the part is about."""
    if EVERY.search(part.text) is None or STEPS.search(part.text) is not None or len(said) != 1:
        return ""
    verdict = next(iter(said))
    shares = [
        pair
        for each in cited
        if headline(each) and part.fits(each)
        for pair in each.pairs
        if verdict in verdicts_of(pair, each)
    ]
    whole = any(part_ == all_ > 0 for part_, all_ in shares)
    return "" if whole or not shares else f"that every try {verdict}"
