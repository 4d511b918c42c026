"""Whether the words of a sentence stand in the evidence that it cites, whatever figures it has.

Each word about the world has to stand there, by its stem or by another word of the same meaning; what only talks about
evidence (``the logs say that``) need not. So ``The payments database is down [1]`` is verified by evidence that holds
all of it, and by nothing else. A denial wants a denial in the evidence, and what stands there only as denied is no
fact. The rule errs on the strict side: what it costs is a mark behind the sentence, never the sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from fixloop_bot.domain.copilot.spoken_figures import without_number_words
from fixloop_bot.domain.copilot.spoken_places import NUMBER_WORDS
from fixloop_bot.domain.copilot.talk_words import (
    ASIAN,
    CAUSAL,
    MEANINGS,
    NEUTRAL,
    THINGS,
    asian_words,
    meanings_of,
    unaccented,
)

SHORTEST_STEM = 4
ALIKE = 0.7
"""Two words are alike whose common beginning is this share of the longer one, and four letters at least."""

_TOKEN = re.compile(r"[^\s,;:!?()\[\]{}\"“”„«»<>=|*`]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ROLLED = re.compile(r"\broll(?:s|ed|ing)?[ -](?:(?:it|them|this|that) )?(out|back)\b")
_NAME = re.compile(r"(?<![\w-])[a-z]{3,40}-[a-z]{1,40}(?![\w-])")
_ALL = re.compile(
    r"\b(?:all|every|each|always|entire|alle\w*|jede\w*|tous|toutes|chaque|todos|todas|tutti|tutte|ogni)\b"
)
_ALL_OF = re.compile(rf"{_ALL.pattern} (?:(?:of|the|der|die|les|des|los|las|os|as|i|gli|le|single|other) )*([^\W\d_]+)")
_COUNTABLE = frozenset(
    (
        *("requests", "calls", "responses", "answers", "lines", "logs", "services", "alerts", "monitors"),
        *("codes", "messages", "events", "entries", "records", "people"),
    )
)
"""Of these "all" says something, though the words themselves say nothing."""
_WHOLE = re.compile(r"\b([1-9]\d*) of \1\b")
_PHRASES = (
    (re.compile(r"\b(reproduc\w+) (?:the |this )?(?:problem|issue|bug|trouble|failure)\b"), r"\1"),
    (re.compile(r"\bby fixloop\b"), "byfixloop"),
    (re.compile(r"\bon[ -]call\b"), "oncall"),
    (re.compile(r"\bmost (?=recent|likely|probabl|often)"), ""),
    (re.compile(r"\bmost (?:common|frequent)\b"), "commonest"),
    (re.compile(r"\btrouble when\b"), "limit"),
    (
        re.compile(r"^first (?=\d{4}-)|\bfirst (?:fired|fires|triggered|went off)\b|\b(?:fired|triggered) first\b"),
        "onset ",
    ),
    (re.compile(r"\bfail(?:ed|s|ing)? (?:(\w+) )?over\b"), r"failover \1"),
    (
        re.compile(r"\b(?:turn|switch|flipp?)(?:ed|s)? (?:(?:the |flag )*(\S+) )?on\b(?= by| at| for|[,.;]|$)"),
        r"enabled \1",
    ),
    (re.compile(r"\b(?:not|n't|never) (?:affected|impacted)\b"), "unaffected"),
    (re.compile(r"\bafter (?=(?:an? |its |the )?peak)"), ""),
    (re.compile(r"\b(?:low|high) of (?=\d)"), "worst "),
    (re.compile(r"\binicios? de sesi[oó]n\b"), "login"),
    (re.compile(r"\blogg?(?:s|ed|ing)? (?:in|into)\b"), "login"),
    (re.compile(r"\b(?:been |is |was )?open (?=for |since )"), ""),
    (re.compile(r"\b(?:came|comes?|coming) back\b|\b(?:came|comes?|coming|end(?:ed|s)?|ending) (?=with |in |up )"), ""),
    (re.compile(r"\b(both|the|two|these|all|of|between|across|in) runs\b"), r"\1"),
    (re.compile(r"\btwo runs\b"), ""),
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
_POSSESSIVE = re.compile(r"(?<=\w\w)['’]s\b")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ELISION = re.compile(r"\b(?:l|d|j|qu|n|s|c|m|t)['’](?=\w)")
_DENIES = re.compile(
    r"\b(?:no|not|none|never|nothing|nobody|neither|nor|without|cannot|\w+n['’]t|nicht|kein\w*|nichts|nie|ohne|niemand|"
    r"ne|pas|aucun\w*|rien|jamais|sans|ni|nada|nunca|sin|ningun\w*|nao|nem|sem|nenhum\w*|non|nessun\w*|senza|mai|niet|"
    r"geen|niets|nooit|zonder)\b|\bn['’]\w|[未没无沒無]|ない|ません|없|않"
)
_FAILS = re.compile(
    r"\b(?:fail\w*|bad|refus\w*|reject\w*|denied|unreachable|unavailable|missing|wrong|lost|outside|error\w*|"
    r"broken?|unproven|tim(?:ed|es|ing) out|expired|impossible|unable|inconclusive|skipped|unknown)\b"
)
_ENDING = re.compile(r"(?:ations?|ing|ion|ed|es|e|s)$")
_SWITCHED_ON = re.compile(r"\bon(?= for \d|[,.;)]|$)")
_NONE_BAD = re.compile(r"\b0 of [\d,]+ tries bad\b|\berror (?:rate|share)\b")
_WITHOUT = re.compile(r"\b(?:without|ohne|sans|sin|sem|senza|zonder) \w+")
"""In evidence this denies what follows it, and not the line."""
_SENTENCES = re.compile(r"(?<=\w)\. (?=[A-Z])")
_REMARKS = re.compile(r" bad: | body: |, |: ")
_LOUD = re.compile(r"\berrors?\b", re.IGNORECASE)
_DENIED_FAILURE = re.compile(
    rf"\b(?:no|not|none|never|nothing|nobody|neither|nor|without|cannot|\w+n['’]t)\W+(?:\w+\W+){{0,3}}?(?:{_FAILS.pattern})"
)
_ENTRY = re.compile(r"^(?:error|critical|alert|emergency|fatal|warn\w*) [\w.\-]+: ")
"""What a log line begins with says how loud it is, not that what follows did not happen."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line's words, and whether it denies something or says that it fails."""

    words: frozenset[str]
    denies: bool
    fails: bool

    @classmethod
    def of(cls, text: str) -> Line:
        folded = _WITHOUT.sub(" ", _NONE_BAD.sub(" ", unaccented(_one_word(text))))
        denies, fails = _DENIES.search(folded) is not None, _FAILS.search(folded) is not None
        return cls(frozenset(_evidence_words(text)), denies, fails)


@dataclass(frozen=True, slots=True)
class Told:
    """The words of a piece of evidence, line by line and of all."""

    lines: tuple[Line, ...] = ()
    meanings: frozenset[str] = frozenset()
    beginnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    text: str = ""

    @staticmethod
    def of(text: str) -> Told:
        """The words of a text; it is read once, though many sentences cite it."""
        return _read(text)

    @classmethod
    def read(cls, text: str) -> Told:
        lines = tuple(Line.of(part) for line in text.splitlines() for part in _parts(line) if part)
        words = {word for line in text.splitlines() for word in _evidence_words(line)}
        meant = {name for word in words for name in meanings_of(word)}
        meant |= {name for run in ASIAN.findall(text) for name in asian_words(run)[0]}
        beginnings: dict[str, tuple[str, ...]] = {}
        for word in words:
            start = word[:SHORTEST_STEM]
            beginnings[start] = (*beginnings.get(start, ()), word)
        return cls(lines, frozenset(meant), beginnings, frozenset(_NAME.findall(text.casefold())), text)

    def resembles(self, name: str) -> bool:
        """Whether a name with a hyphen stands here with another ending only: ``acquirer-eu`` for ``acquirer-us``."""
        start = name.partition("-")[0]
        return name not in self.names and any(each.partition("-")[0] == start for each in self.names)

    def has(self, word: str) -> bool:
        if ASIAN.match(word):
            return word in self.text
        if word in NUMBER_WORDS:
            return re.search(rf"(?<![\w.,]){NUMBER_WORDS[word]}(?![\w]|[.,]\d)", self.text) is not None
        near = (*self.beginnings.get(word[:SHORTEST_STEM], ()), *self.beginnings.get(word.removesuffix("s"), ()))
        return any(alike(word, each) for each in near)


@lru_cache(maxsize=128)
def _read(text: str) -> Told:
    return Told.read(text)


def _speaks_of_all(claim: str, cited: Sequence[Told]) -> bool:
    """Whether something is said of all of a kind, where the evidence neither says so nor has a whole share."""
    things = (found[1] for found in _ALL_OF.finditer(unaccented(claim)))
    if all(thing in NEUTRAL and thing not in _COUNTABLE for thing in things):
        return False
    return not any(_ALL.search(unaccented(each.text)) or _WHOLE.search(each.text) for each in cited)


def unsupported(claim: str, cited: Sequence[Told], *, context: Told, hedged: bool = False) -> str:
    """The first word of a claim that nothing cited supports, or ``not`` where it says the opposite; else empty.

    ``context`` names the incident's own subject, which may be spoken of anywhere. ``hedged`` is a sentence that says
    "may": its words about causes need no ground.
    """
    words, meanings = _spoken(claim)
    other = next((name for name in _NAME.findall(claim.casefold()) if any(each.resembles(name) for each in cited)), "")
    if other or _speaks_of_all(claim, cited):
        return other or "all"
    missing = next((name for name in meanings if not any(name in each.meanings for each in cited)), "")
    if missing:
        return missing
    subject = [word for word in words if not (hedged and CAUSAL.fullmatch(word))]
    for word in subject:
        if not any(each.has(word) for each in cited) and not context.has(word):
            return word
    return "not" if (subject or meanings) and _turned_round(claim, subject, meanings, cited) else ""


def is_denied_or_failing(text: str) -> bool:
    """Whether a text has a word of denial or of failing."""
    return is_failing(text) or is_denying(text)


def is_failing(text: str) -> bool:
    """Whether a text has a word of failing."""
    plain = unaccented(text)
    return (
        any(MEANINGS[name].search(plain) for name in ("fail", "error", "outside")) or _FAILS.search(plain) is not None
    )


def is_denying(text: str) -> bool:
    """Whether a text has a word of denial."""
    return _DENIES.search(unaccented(text)) is not None


def closest(claim: str, lines: Sequence[str]) -> list[str]:
    """Of lines that each tell of something else, those that share most words with a claim, whatever the words."""
    words = [word for word in _words(_one_word(claim)) if len(word) >= SHORTEST_STEM]
    counted = [(sum(map(Told.of(line).has, words)), line) for line in lines]
    most = max((count for count, _ in counted), default=0)
    return [line for count, line in counted if count == most]


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
    for word in _words(ASIAN.sub(" ", _one_word(without_number_words(claim)))):
        meant_by = meanings_of(word)
        if meant_by:
            meanings.append(meant_by[0])
        elif word not in NEUTRAL and len(word) > 1:
            words.append(word)
    return words, meanings


def _turned_round(claim: str, subject: Sequence[str], meanings: Sequence[str], cited: Sequence[Told]) -> bool:
    """A denial of what is denied nowhere, or a plain statement of what stands there only denied or failing."""
    folded = unaccented(_one_word(claim))
    if _DENIES.search(folded) is not None:
        return not _denied(folded, subject, meanings, cited)
    subject = [word for word in subject if word != "fix"]  # it says when, and ``segments`` holds it to that
    things = [name for name in meanings if name in THINGS]
    if not (subject or things) or any(MEANINGS[name].search(folded) for name in ("fail", "error", "outside")):
        return False
    if _FAILS.search(folded) is not None:
        return False
    lines = _closest([line for each in cited for line in each.lines], subject, things)
    return bool(lines) and all(line.denies or line.fails for line in lines)


def _denied(folded: str, subject: Sequence[str], meanings: Sequence[str], cited: Sequence[Told]) -> bool:
    """Whether the lines that speak of the same deny it, too; a denied failure (``has not expired``) wants a denial."""
    lines = _closest([line for each in cited for line in each.lines], subject, meanings)
    if _DENIED_FAILURE.search(folded) is not None:
        return any(line.denies for line in lines)
    return any(line.denies or line.fails for line in lines)


def _closest(lines: Sequence[Line], subject: Sequence[str], meanings: Sequence[str]) -> list[Line]:
    """The lines that hold most of what is spoken of; none where no line holds any."""
    words, names = Counter(subject), Counter(meanings)
    counted = [
        (
            sum(times for word, times in words.items() if any(alike(word, each) for each in line.words))
            + sum(times for name, times in names.items() if any(name in meanings_of(each) for each in line.words)),
            line,
        )
        for line in lines
    ]
    most = max((count for count, _ in counted), default=0)
    return [line for count, line in counted if count == most > 0] if subject or meanings else list(lines)


def _words(text: str) -> Iterator[str]:
    """Words of letters alone; what has a digit in it is a figure or a name, and is checked as such."""
    for token in _TOKEN.findall(_ELISION.sub(" ", text)):
        if not any(char.isdigit() for char in token):
            yield from map(unaccented, _LETTERS.findall(_POSSESSIVE.sub("", token)))


def _one_word(text: str) -> str:
    text = text.casefold()
    for pattern, written in _PHRASES:
        text = pattern.sub(written, text)
    return _ROLLED.sub(lambda found: "deployed" if found[1] == "out" else "rollback", text)


def _parts(line: str) -> list[str]:
    """A line's sentences; of a log line or a sample each remark, without what only says how loud it is."""
    entry = _ENTRY.match(line)
    if line.startswith("sample #"):
        return _REMARKS.split(line)
    if entry is None:
        return _SENTENCES.split(line)
    return [_LOUD.sub(" ", part) for part in line[entry.end() :].split(": ")]


def _evidence_words(line: str) -> Iterator[str]:
    line = _SWITCHED_ON.sub("on enabled", line)
    yield from map(unaccented, _LETTERS.findall(_one_word(line)))
    if _CAMEL.search(line) is not None:  # ``rateLimited`` is spoken of as "rate limited"
        yield from map(unaccented, _LETTERS.findall(_one_word(_CAMEL.sub(" ", line))))


@lru_cache(maxsize=16_384)
def alike(one: str, other: str) -> bool:
    """Whether a word that is spoken is one that is written, in another form or shorter (``cert``)."""
    if len(one) >= SHORTEST_STEM and other.startswith(one):
        return True
    if one.removesuffix("s") == other.removesuffix("s"):
        return True
    stem = _ENDING.sub("", one)
    if len(stem) >= SHORTEST_STEM - 1 and stem == _ENDING.sub("", other):
        return True
    common = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), None)
    common = min(len(one), len(other)) if common is None else common
    return common >= SHORTEST_STEM and common >= ALIKE * max(len(one), len(other))
