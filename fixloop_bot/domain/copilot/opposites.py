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
_WAS = re.compile(rf"\b(?:was|previously|formerly|replac(?:es|ed|ing)) {_VALUE}")
_DEPLOYED = re.compile(r"\b(?:deploy|release|rollout|upgrade)\w* (?:of )?[\w.-]{1,60} (?:to )?(v?\d[\w.+-]{0,40})")
_WITH = re.compile(r"\bwith (?:an? |the |its |any )?([a-z]{3,40})")
_WITHOUT = re.compile(r"\bwithout (?:an? |the |its |any )?([a-z]{3,40})")
_UNTIL_THEN = re.compile(r"\W*(?:before|previously|until|earlier|to|auf|vorher|avant|antes)\b")
_FORMERLY = re.compile(
    r"\b(?:from|before|previous\w*|formerly|until|used to|instead|old\w*|replac\w*|than|earlier|original\w*|"
    r"von|vom|vor\w*|zuvor|statt|de|du|avant|desde|antes|anterior\w*|(?:was|were|is|are|war|était|era)(?= \d))\b"
)
_PAIRS = (("old", "new"), ("already", "still"), ("oldest", "newest"), ("none", "all"), ("internal", "external"))
_ORDERED = re.compile(
    r"(?P<one>[^.;:,]{3,120}?)\b(?P<word>before|after) (?P<other>[^.;:,]{3,120})(?<!the incident began)"
)
_SETTING = re.compile(rf"([^.,;:]{{0,80}})\bfrom {_VALUE} to {_VALUE}")
LONGEST_STEM = 5
"""Letters by which two forms of a word are alike here: ``raise``, ``raising``."""
MOST_ORDERED = 12
LONGEST_TEXT = 4_000
_PHRASES = (
    (r"at once|at the same time|simultaneously|in parallel", r"at a time|one by one|one after (?:another|the other)"),
    (r"at least \d[\d.,]*|no less than \d[\d.,]*", r"at most \d[\d.,]*|no more than \d[\d.,]*"),
)
_SAID_ONE = tuple((re.compile(rf"\b(?:{one})"), re.compile(rf"\b(?:{other})")) for one, other in _PHRASES)
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
    if any(_told_the_other_way(plain, text) for text in texts) or _of_another_setting(plain, texts):
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
    changed = [text for text in texts if text.startswith("change: ")]
    starts = {first for first, _ in ends} | {_bare(value) for text in changed for value in _WAS.findall(text)}
    starts |= {value for text in changed for each in _FROM.findall(text) if (value := _bare(each))[-1:].isdigit()}
    goals = {last for _, last in ends} | {_bare(value) for text in changed for value in _DEPLOYED.findall(text)}
    if any(_from_another(each, text) for each in _FROM_WORD.findall(plain) for text in texts):
        return True
    if len(changed) == len(texts) and any(_is_still_there(value, plain) for value in starts - goals):
        return True
    left, reached = {_bare(each) for each in _FROM.findall(plain)}, {_bare(each) for each in _TO.findall(plain)}
    sources = {_bare(each) for text in texts for each in _FROM.findall(text)}
    goals |= {_bare(each) for text in texts for each in _TO.findall(text)} - sources
    return bool(reached & (starts - goals)) or bool(left & (goals - starts))


def _is_still_there(value: str, plain: str) -> bool:
    """Whether what a change replaced is spoken of as if it were there: no word says that it was before."""
    found = re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.]?\w)", plain) if value[-1:].isdigit() else None
    if found is None:
        return False
    begins = max(plain.rfind(each, 0, found.start()) for each in ",;(") + 1
    behind = plain[found.end() : found.end() + len(" previously,")]
    return _FORMERLY.search(plain[begins : found.end()]) is None and _UNTIL_THEN.match(behind) is None


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


def _told_the_other_way(plain: str, text: str) -> bool:
    """``the maximum before the minimum`` where the text has the minimum before the maximum, or before anything."""
    said = [_sides(found) for found in _ORDERED.finditer(plain)][:MOST_ORDERED]
    told = [_sides(found) for found in _ORDERED.finditer(text[:LONGEST_TEXT])][:MOST_ORDERED] if said else []
    for first, second in said:
        same = max((len(first & one) + len(second & other) for one, other in told), default=0)
        if max((len(first & other) + len(second & one) for one, other in told), default=0) > same:
            return True
    return False


def _sides(found: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of what comes first, and of what comes second, each by its beginning."""
    one, other = _stems(found["one"]), _stems(found["other"])
    return (one, other) if found["word"] == "before" else (other, one)


def _of_another_setting(plain: str, texts: Sequence[str]) -> bool:
    """``the maximum went from 12 to 4`` where the minimum did, and the maximum is told of beside it."""
    said = {(_bare(found[2]), _bare(found[3])): _stems(found[1]) for found in _SETTING.finditer(plain)}
    for text in texts if said else ():
        clauses = [_stems(clause) for clause in re.split("[,;]", text)]
        for found in _SETTING.finditer(text):
            subject, own = said.get((_bare(found[2]), _bare(found[3])), frozenset()), _stems(found[1])
            if not subject & own and any(subject & clause for clause in clauses if not own <= clause):
                return True
    return False


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:LONGEST_STEM] for word in _WORDS.findall(text) if word not in NEUTRAL)


def _from_another(word: str, text: str) -> bool:
    """``resets from the acquirer`` where the acquirer stands in a text that has them from elsewhere."""
    sources = _FROM_WORD.findall(text)
    return bool(sources) and word not in sources and word in _NAMES.findall(text)


def _opposite(plain: str, texts: Sequence[str]) -> bool:
    told = {word for text in texts for word in _WORDS.findall(text)}
    if _COMES_FIRST.search(plain) is not None and "first" not in told:
        return True
    if any(_says_other(plain, texts, *each) or _says_other(plain, texts, *reversed(each)) for each in _SAID_ONE):
        return True
    if any(_has_for_lacks(plain, each, texts) for each in (_WITH, _WITHOUT)):
        return True
    said = set(_WORDS.findall(plain))
    sides = (*_PAIRS, *((other, one) for one, other in _PAIRS))
    return any(one in said and other not in said and other in told and one not in told for one, other in sides)


def _says_other(plain: str, texts: Sequence[str], said: re.Pattern[str], other: re.Pattern[str]) -> bool:
    """``all at once`` where the evidence says one at a time."""
    there = any(other.search(text) for text in texts)
    return there and said.search(plain) is not None and not any(said.search(text) for text in texts)


def _has_for_lacks(plain: str, said: re.Pattern[str], texts: Sequence[str]) -> bool:
    """``with a hold`` where all that is told is without one."""
    other = _WITHOUT if said is _WITH else _WITH
    own = {thing for text in texts for thing in said.findall(text)}
    others = {thing for text in texts for thing in other.findall(text)}
    return any(thing in others and thing not in own for thing in said.findall(plain))


def _bare(value: str) -> str:
    return value.strip(".:!?*_").replace(",", "")
