"""What stands in the evidence the other way round: expected for seen, from for to, old for new, what comes first.

All of these have every word of their evidence, so that only the word before the value tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.talk_words import NEUTRAL

_VALUE = r"[`\"'“„«]?([^\s,;()`\"'“”„«»]{1,80})"
_INSTEAD = (
    r"(?:instead of|rather than|statt|anstatt|anstelle von|au lieu de|en lugar de|en vez de|em vez de|invece di|"
    r"in plaats van)"
)
_WANTED = re.compile(rf"\b(?:{_INSTEAD}|expect(?:ed|s)(?: (?:was|is|to be))?|erwartet) {_VALUE}")
_GOT_INSTEAD = re.compile(rf"{_VALUE}[`\"'”“»]? {_INSTEAD}\b")
_GOT = re.compile(rf"\b(?:was|were|is|are|said|says|returned|returns|answered|got|saw|ist|war) {_VALUE}")
_EXPECTED = re.compile(rf"\bexpected {_VALUE}")
_SEEN = re.compile(rf"(?:\b(?:was|were|is|said)|→) {_VALUE}")
_FROM_TO = re.compile(rf"\b(?:from|von|de|desde|da|van) {_VALUE}[`\"'”“»]? (?:to|auf|zu|à|a|para|naar) {_VALUE}")
_FROM = re.compile(rf"\b(?:from|von|desde|van) {_VALUE}")
_TO = re.compile(rf"\b(?:to|auf|naar) {_VALUE}")
_PAIRS = (("old", "new"), ("already", "still"), ("oldest", "newest"), ("none", "all"), ("internal", "external"))
_COMES_FIRST = re.compile(r"\bfirst(?=[\s.]*(?:$|[,;:)]))|\b(?:the|was|were) first to\b|\bfirst and foremost\b")
_THEN = re.compile(r"([^.;]{3,200}?)\b(?:and then|, then|then|and only then|dann|puis|luego)\b([^.;]{3,200})")
_FROM_WORD = re.compile(r"\bfrom (?:(?:the|its|our|their|an?) )?([a-z][\w.\-]{2,60}\w)")
_NAMES = re.compile(r"[a-z][\w.\-]{2,60}\w")
_WORDS = re.compile(r"[^\W\d_]+")


def turned_about(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a claim has a value, a direction or a word where its evidence has the opposite."""
    plain, texts = folded(claim), [each.text for each in cited]
    orders = list(_THEN.finditer(plain))
    if orders and any(_backwards(orders, text) for text in texts):
        return True
    return _expected_for_seen(plain, texts) or _from_for_to(plain, texts) or _opposite(plain, texts)


def _expected_for_seen(plain: str, texts: Sequence[str]) -> bool:
    wanted = {_bare(value) for text in texts for value in _EXPECTED.findall(text)}
    seen = {_bare(value) for text in texts for value in _SEEN.findall(text)}
    if not wanted:
        return False
    said_wanted = {_bare(value) for value in _WANTED.findall(plain)}
    said_seen = {_bare(value) for value in _GOT_INSTEAD.findall(plain)} | {
        _bare(value) for value in _GOT.findall(plain)
    }
    return bool(said_wanted & (seen - wanted)) or bool((said_seen - said_wanted) & (wanted - seen))


def _from_for_to(plain: str, texts: Sequence[str]) -> bool:
    """Of ``from A to B`` nothing goes to A or comes from B."""
    ends = [(_bare(first), _bare(last)) for text in texts for first, last in _FROM_TO.findall(text)]
    starts, goals = {first for first, _ in ends}, {last for _, last in ends}
    if any(_from_another(each, text) for each in _FROM_WORD.findall(plain) for text in texts):
        return True
    left, reached = {_bare(each) for each in _FROM.findall(plain)}, {_bare(each) for each in _TO.findall(plain)}
    sources = {_bare(each) for text in texts for each in _FROM.findall(text)}
    goals |= {_bare(each) for text in texts for each in _TO.findall(text)} - sources
    return bool(reached & (starts - goals)) or bool(left & (goals - starts))


def _backwards(orders: Sequence[re.Match[str]], text: str) -> bool:
    """``first A and then B`` where the last word of A stands behind that of B."""
    told: dict[str, int] = {}
    for at, word in enumerate(_WORDS.findall(text)):
        if word not in NEUTRAL:
            told.setdefault(word, at)
    for found in orders:
        first, second = ([told[word] for word in _WORDS.findall(part) if word in told] for part in found.groups())
        if first and second and max(first) > max(second):
            return True
    return False


def _from_another(word: str, text: str) -> bool:
    """``resets from the acquirer`` where the acquirer stands in a text that has them from elsewhere."""
    sources = _FROM_WORD.findall(text)
    return bool(sources) and word not in sources and word in _NAMES.findall(text)


def _opposite(plain: str, texts: Sequence[str]) -> bool:
    told = {word for text in texts for word in _WORDS.findall(text)}
    if _COMES_FIRST.search(plain) is not None and "first" not in told:
        return True
    said = set(_WORDS.findall(plain))
    sides = (*_PAIRS, *((other, one) for one, other in _PAIRS))
    return any(one in said and other not in said and other in told and one not in told for one, other in sides)


def _bare(value: str) -> str:
    return value.strip(".:!?*_").replace(",", "")
