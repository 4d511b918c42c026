"""Whether the words of a sentence stand in the evidence that it cites, whatever figures it has.

Each word about the world has to stand there, by its stem or by another word of the same meaning; what only talks about
evidence (``the logs say that``) need not. So ``The payments database is down [1]`` is verified by evidence that holds
all of it, and by nothing else. A denial wants a denial in the evidence, and what stands there only as denied is no
fact. The rule errs on the strict side: what it costs is a mark behind the sentence, never the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fixloop_bot.domain.talk_words import ASIAN, CAUSAL, MEANINGS, NEUTRAL, asian_words, meanings_of, unaccented

SHORTEST_STEM = 4
ALIKE = 0.7
"""Two words are alike whose common beginning is this share of the longer one, and four letters at least."""

_TOKEN = re.compile(r"[^\s,;:!?()\[\]{}\"“”„«»<>=|*`]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ROLLED = re.compile(r"\broll(?:s|ed|ing)?[ -](out|back)\b")
_PHRASES = (
    (re.compile(r"\bmost (?=recent|likely|probabl|often)"), ""),
    (
        re.compile(
            r"\b(500|501|502|503|504|400|401|403|404|408|409|410|429)[ :\-–(]{1,3}(?:internal server error|bad gateway|"
            r"service unavailable|gateway time-?out|bad request|unauthori[sz]ed|forbidden|not found|conflict|gone|"
            r"request time-?out|too many requests|not implemented)\b"
        ),
        r"\1",
    ),
)
"""What says no more than the words beside it: a status and its own name are one thing."""
_ELISION = re.compile(r"\b(?:l|d|j|qu|n|s|c|m|t)['’](?=\w)")
_DENIES = re.compile(
    r"\b(?:no|not|none|never|nothing|nobody|neither|nor|without|cannot|\w+n['’]t|nicht|kein\w*|nichts|nie|ohne|niemand|"
    r"ne|pas|aucun\w*|rien|jamais|sans|ni|nada|nunca|sin|ningun\w*|nao|nem|sem|nenhum\w*|non|nessun\w*|senza|mai|niet|"
    r"geen|niets|nooit|zonder)\b|\bn['’]\w|[未没无沒無]|ない|ません|없|않"
)
_FAILS = re.compile(
    r"\b(?:fail\w*|bad|refus\w*|reject\w*|denied|unreachable|unavailable|missing|wrong|lost|outside|error\w*|"
    r"broken?|unproven|time[ds]? ?out|expired|impossible|unable)\b"
)


@dataclass(frozen=True, slots=True)
class Told:
    """The words of a piece of evidence: of each line, with whether it denies or fails something, and of all."""

    lines: tuple[tuple[frozenset[str], bool], ...] = ()
    meanings: frozenset[str] = frozenset()
    beginnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""

    @classmethod
    def of(cls, text: str) -> Told:
        lines = tuple((frozenset(_evidence_words(line)), _negative(line)) for line in text.splitlines() if line)
        words = {word for line, _ in lines for word in line}
        meant = {name for word in words for name in meanings_of(word)}
        meant |= {name for run in ASIAN.findall(text) for name in asian_words(run)[0]}
        beginnings: dict[str, tuple[str, ...]] = {}
        for word in words:
            start = word[:SHORTEST_STEM]
            beginnings[start] = (*beginnings.get(start, ()), word)
        return cls(lines, frozenset(meant), beginnings, text)

    def has(self, word: str) -> bool:
        if ASIAN.match(word):
            return word in self.text
        alike = (*self.beginnings.get(word[:SHORTEST_STEM], ()), *self.beginnings.get(word.removesuffix("s"), ()))
        return any(_alike(word, each) for each in alike)


def unsupported(claim: str, cited: Sequence[Told], *, context: Told, hedged: bool = False) -> str:
    """The first word of a claim that nothing cited supports, or ``not`` where it says the opposite; else empty.

    ``context`` names the incident's own subject, which may be spoken of anywhere. ``hedged`` is a sentence that says
    "may": its words about causes need no ground.
    """
    words, meanings = _spoken(claim)
    missing = next((name for name in meanings if not any(name in each.meanings for each in cited)), "")
    if missing:
        return missing
    subject = [word for word in words if not (hedged and CAUSAL.fullmatch(word))]
    for word in subject:
        if not any(each.has(word) for each in cited) and not context.has(word):
            return word
    return "not" if (subject or meanings) and _turned_round(claim, subject, cited) else ""


def speaks_of_the_world(claim: str) -> bool:
    """Whether a sentence has any word that could be wrong; ``In short`` has none."""
    return any(_spoken(claim))


def names_things(claim: str) -> bool:
    """Whether a heading has any word about the world; ``What fails`` has none."""
    return bool(_spoken(claim)[0])


def _spoken(claim: str) -> tuple[list[str], list[str]]:
    """A sentence's words about the world, and the names of its meanings."""
    words: list[str] = []
    meanings: list[str] = []
    for run in ASIAN.findall(claim):
        meant, strange = asian_words(run)
        meanings += meant
        words += strange
    for word in _words(ASIAN.sub(" ", _one_word(claim))):
        meant_by = meanings_of(word)
        if meant_by:
            meanings.append(meant_by[0])
        elif word not in NEUTRAL and len(word) > 1:
            words.append(word)
    return words, meanings


def _turned_round(claim: str, subject: Sequence[str], cited: Sequence[Told]) -> bool:
    """A denial of what is denied nowhere, or a plain statement of what stands there only denied or failing."""
    folded = unaccented(claim)
    lines = [line for each in cited for line in each.lines]
    if _DENIES.search(folded) is not None:
        return not any(negative for _, negative in lines)
    if not subject or any(MEANINGS[name].search(folded) for name in ("fail", "error", "outside")):
        return False
    if _FAILS.search(folded) is not None:
        return False
    counted = [(sum(any(_alike(word, each) for each in line) for word in subject), bad) for line, bad in lines]
    most = max((count for count, _ in counted), default=0)
    return most > 0 and all(bad for count, bad in counted if count == most)


def _negative(line: str) -> bool:
    folded = unaccented(line)
    return _DENIES.search(folded) is not None or _FAILS.search(folded) is not None


def _words(text: str) -> Iterator[str]:
    """Words of letters alone; what has a digit in it is a figure or a name, and is checked as such."""
    for token in _TOKEN.findall(_ELISION.sub(" ", text)):
        if not any(char.isdigit() for char in token):
            yield from map(unaccented, _LETTERS.findall(token))


def _one_word(text: str) -> str:
    text = text.casefold()
    for pattern, written in _PHRASES:
        text = pattern.sub(written, text)
    return _ROLLED.sub(lambda found: "deployed" if found[1] == "out" else "rollback", text)


def _evidence_words(line: str) -> Iterator[str]:
    return map(unaccented, _LETTERS.findall(_one_word(line)))


def _alike(one: str, other: str) -> bool:
    if one.removesuffix("s") == other.removesuffix("s"):
        return True
    common = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), None)
    common = min(len(one), len(other)) if common is None else common
    return common >= SHORTEST_STEM and common >= ALIKE * max(len(one), len(other))
