"""The standing questions of an incident, recognised by their words in seven languages.

A question may be several things at once (``is it safe, and what caused it?``); what is not recognised is no topic at
all, and is answered by the brief.
"""

from __future__ import annotations

import re
from enum import StrEnum

from fixloop_bot.domain.spoken_figures import figures_in, folded


class Topic(StrEnum):
    """What somebody wants to know."""

    SAFE = "safe or recovered"
    STEP = "which step fails"
    CHANGES = "what changed"
    LAST_TIME = "what was done last time"
    CAUSE = "what caused it"
    RUN_STEP = "run a step again"


_WORDS = {
    Topic.SAFE: (
        r"\bsafe(?:ly|ty)?\b|\brecover\w*|\bfixed\b|\bresolved\b|\bis it over\b|\ball clear\b|"
        r"\bback to normal\b|\bresum\w*|"
        r"\breopen traffic|\bhealthy\b|\bis it ok\b|\bprove[nds]?\b|"
        r"\bsicher\b|\berholt\b|\bbehoben\b|\bgelöst\b|\bwieder (?:in ordnung|gesund|ok|freigeben|aufnehmen)|"
        r"\bvorbei\b|"
        r"\bfreigeben\b|\bs[ûu]re?\b|\brétabli\w*|\brésolu\w*|\breprendre\b|\bréparé\w*|\bsans (?:danger|risque)|"
        r"\bsegur[oa]\b|\brecuperad[oa]\b|\bresuelt[oa]\b|\breanudar\b|\bsolucionad[oa]\b|\bresolvid[oa]\b|"
        r"\bretomar\b|"
        r"\bcorrigid[oa]\b|\bsicur[oa]\b|\bripristinat[oa]\b|\brisolt[oa]\b|\briprendere\b|\bveilig\b|\bhersteld\b|"
        r"\bopgelost\b|\bhervat\w*"
    ),
    Topic.STEP: (
        r"\b(?:which|what) (?:steps?|checks?)\b|\bwhat (?:is |'s )?(?:fail|broken|wrong|"
        r"still open)\w*|\bwhy (?:does|is|do) "
        r"(?:it|the|step)\b|\bfail(?:s|ing)\b|\bwelcher? schritt\w*|\bwas (?:schlägt|ist kaputt|geht nicht|"
        r"scheitert)|"
        r"\bquelle étape|\bqu'est-ce qui (?:échoue|ne)|\béchoue\b|\b(?:qué|cuál) paso|\bqué falla|\bfalla\b|"
        r"\bqual passo|"
        r"\bo que (?:está a )?falh\w*|\bfalha\b|\bquale passo|\bcosa (?:non|fallisce)|\bfallisce\b|"
        r"\bwelke stap|\bwat (?:faalt|mislukt)"
    ),
    Topic.CHANGES: (
        r"\bdeploy\w*|\bchanged?\b|\brelease\w*|\brolled out\b|\bcommit\w*|\bship(?:ped)?\b|"
        r"\bconfig(?:uration)? change|"
        r"\bge[äa]nder\w*|\bausgerollt\b|\bdéploi\w*|\bdéploy\w*|\bchangé\b|\bmodifi\w*|\bdespleg\w*|\bcambi[óoa]\w*|"
        r"\bimplant\w*|\bmud(?:ou|an[çc]a\w*)|\bimplementa\w*|\brilasci\w*|\bgewijzigd\b|\bveranderd\b|\buitgerold\b"
    ),
    Topic.LAST_TIME: (
        r"\blast time\b|\bbefore this\b|\bpreviously\b|\b(?:similar|past|earlier|previous) (?:incident|case|"
        r"outage)s?|\bhappened before\b|"
        r"\b(?:beim )?letzte[sn]? mal\b|\bfrüher\w*|\bschon (?:ein)?mal\b|\bla dernière fois\b|\bdéjà (?:eu|"
        r"arrivé|vu)|"
        r"\b(?:la )?última vez\b|\bultima volta\b|\bvorige keer\b|\blaatste keer\b|\beerder\b"
    ),
    Topic.CAUSE: (
        r"\bcaus\w+|\broot cause\b|\bwhy did (?:it|this)\b|\breason\b|\bwhose fault\b|\bursache\b|\bwarum\b|"
        r"\bwieso\b|\bverursach\w*|"
        r"\bpourquoi\b|\bpor ?qu[eé]\b|\bperch[eé]\b|\bwaarom\b|\boorzaak\b|\bwhat happened\b|\bwas ist passiert\b"
    ),
}
_TOPICS = {topic: re.compile(words) for topic, words in _WORDS.items()}
_RUN = re.compile(
    r"\b(?:re-?run|run|repeat|retry|redo|try|execute|again|nochmal|noch einmal|erneut|wiederhol\w*|"
    r"relanc\w*|refai\w*|répét\w*|"
    r"rejou\w*|repit\w*|repet\w*|ejecut\w*|execut\w*|riesegu\w*|esegu\w*|ripet\w*|herhaal|opnieuw|voer|starte?)\b"
)
_ASKS = re.compile(r"\b(?:did|what|which|why|when|how|was|were|warum|welche[rs]?|pourquoi|por qué|perché|waarom)\b")
_LONGEST = 2_000


def topics_of(question: str) -> tuple[Topic, ...]:
    """What the question is about; empty where it is none of the standing ones."""
    plain = folded(question[:_LONGEST])
    found = [topic for topic, words in _TOPICS.items() if words.search(plain)]
    return (Topic.RUN_STEP, *found) if step_to_run(question) is not None else tuple(found)


def step_to_run(question: str) -> int | None:
    """The number of the step that somebody wants to run again; None where that is not what they want."""
    plain = folded(question[:_LONGEST])
    steps = [number for name, number in figures_in(plain).places if name == "step"]
    return steps[0] if steps and _RUN.search(plain) is not None and _ASKS.search(plain) is None else None
