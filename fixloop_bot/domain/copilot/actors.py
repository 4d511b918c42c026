"""Who did what: ``the acquirer reset the connections`` is not what ``the acquirer sees resets from our side`` says.

All words of an inverted sentence stand in its evidence. So where a sentence names who did something in an active verb
or behind "by", and the evidence tells of the same deed, the doer has to be the one that does it there: what stands
before the verb in its clause, or who speaks where the clause begins with the verb. Only English is read like this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike

LONGEST_LINE = 600
"""Characters of a line of evidence that are read for deeds."""

_CLAUSE = re.compile(
    r"([,;()\n]|:(?!\d)|\.\s|\s[-–—]\s|\b(?:and|but|while|whereas|that|because|since|so|after|before|when|although|as|"
    r"until|if|whether|says?|said|wrote|writes|reports?|reported)\b)"
)
_JOINED = frozenset(("and", "but"))
_VERDICTS = re.compile(r"(?:pass|fail|succeed)(?:ed|ing|es|s)|(?:un)?affected|owned")
"""How a step ended is no deed, and is held against its evidence elsewhere."""
_TOKEN = re.compile(r"[^\W\d_][^\s,;:!?()\[\]{}\"“”`/]*")
_PARTICIPLE = re.compile(r"[a-z]{2,30}ed")
_NO_NOUN = frozenset(("sees", "owns", "sends", "gives", "gets", "serves", "replaces", "blocks", "kills", "calls"))
_THIRD_PERSON = re.compile(r"[a-z]{2,20}[^s\W]s")
"""As often a noun (``sessions``), so that only who is its object in the evidence is no subject of it."""
_IRREGULAR = frozenset(
    (
        "put",
        "took",
        "reset",
        "sent",
        "began",
        "broke",
        "lost",
        "gave",
        "left",
        "cut",
        "shut",
        "hit",
        "set",
        "built",
        "ran",
        "wrote",
        "saw",
        "went",
        "made",
        "kept",
        "found",
        "held",
        "brought",
        "rose",
        "fell",
        "grew",
        "threw",
        "chose",
        "dropped",
    )
)
_BE = frozenset(("is", "are", "was", "were", "be", "been", "being", "got", "gets"))
_NO_VERB_BEHIND = frozenset(
    (
        "the",
        "a",
        "an",
        "of",
        "by",
        "with",
        "from",
        "in",
        "to",
        "its",
        "their",
        "his",
        "her",
        "our",
        "this",
        "that",
        "these",
        "those",
        "no",
    )
)
_PRONOUNS = frozenset(("it", "they", "he", "she", "which", "who", "this", "these", "those", "we", "i", "you"))
_OURSELVES = frozenset(("fixloop", "datadog"))
"""Talking of them claims nothing, but for what they are said to have done."""
_PREPOSITIONS = frozenset(
    (
        "on",
        "in",
        "at",
        "from",
        "to",
        "with",
        "for",
        "into",
        "onto",
        "by",
        "during",
        "under",
        "over",
        "against",
        "towards",
    )
)
_SPEAKER = re.compile(
    r"(?:\d{2}:\d{2}|\d{4}-\d{2}-\d{2} [\d:]{8} utc) (?P<person>\w+): |(?P<past>u\w{2,20}): |"
    r"(?:error|warn\w*|info|critical|alert|emergency|fatal|debug|notice) (?P<service>[\w.\-]+): "
)
_MEMBER = re.compile(r"\bu\d+(?=[a-z])")


@dataclass(frozen=True, slots=True)
class _Deed:
    """A verb with those who do it and what stands right behind it."""

    verb: str
    doers: frozenset[str]
    done_to: frozenset[str] = frozenset()


def done_by_another(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether somebody is said to do what another does in all evidence that tells of it."""
    runs = {place for place in figures_in(claim).places if place[0] == "run"}
    told = [line for each in cited if not (runs and _is_of_other_runs(each, runs)) for line in _lines(each)]
    moments = [name for name in figures_in(claim).names if ":" in name]
    told = [line for line in told if any(name in line for name in moments)] or told
    return any(_another_did(deed, told) for deed in _spoken(folded(claim)) if deed.doers)


def _is_of_other_runs(grounds: Grounds, runs: set[tuple[str, int]]) -> bool:
    own = {place for place in grounds.places if place[0] == "run"}
    return bool(own) and own.isdisjoint(runs)


def _lines(grounds: Grounds) -> Iterator[str]:
    yield from (_MEMBER.sub("", folded(line[:LONGEST_LINE])) for line in grounds.lines)


def _another_did(deed: _Deed, lines: Sequence[str]) -> bool:
    found = [(line, each) for line in lines for each in _told(line, deed.verb)]
    known = [(line, each) for line, each in found if each.doers]
    return bool(known) and len(known) == len(found) and all(_contradicts(deed, line, each) for line, each in known)


def _contradicts(said: _Deed, line: str, told: _Deed) -> bool:
    """Who stands in the same line, in another part, is another; and whoever is not the person that tells of it."""
    if _meet(said.doers, told.doers):
        return False
    if _THIRD_PERSON.fullmatch(said.verb) is not None and said.verb not in _NO_NOUN:
        return _meet(said.doers, told.done_to)
    speaker = _SPEAKER.match(line)
    if speaker is not None and speaker["person"] and told.doers == _words([speaker["person"]]):
        return True
    if speaker is not None and speaker["service"] and _is_own(said, line[speaker.end() :], told):
        return not _meet(said.doers, _words(_TOKEN.findall(speaker["service"])))
    return bool(said.doers & _OURSELVES) or _meet(said.doers, _words(_TOKEN.findall(line)))


def _is_own(said: _Deed, message: str, told: _Deed) -> bool:
    """``circuit opened``: a service says of itself that it opened the circuit; not of what it was told by others."""
    first = message.partition(": ")[0]
    return _meet(said.done_to, told.doers) and any(alike(told.verb, word) for word in _TOKEN.findall(first))


def _spoken(text: str) -> Iterator[_Deed]:
    """The deeds of a sentence, each with its doers; what is joined by "and" takes over those of the clause before."""
    doers: frozenset[str] = frozenset()
    for joint, clause in _clauses(text):
        tokens = _TOKEN.findall(clause)
        at = next((at for at in range(len(tokens)) if _is_verb(tokens, at)), None)
        own = tokens[:at]
        if own or joint not in _JOINED:
            doers = frozenset() if own and own[-1] in _PRONOUNS else _words(own)
        if at is not None:
            agents = _agents(tokens[at + 1 :]) if _is_passive(tokens, at) else doers
            yield _Deed(tokens[at], agents, _object(tokens[at + 1 :]))


def _told(line: str, verb: str) -> Iterator[_Deed]:
    """Where a line tells of the same deed: by whom."""
    found = _SPEAKER.match(line)
    message = line[found.end() :] if found is not None else line
    speaker = found[found.lastgroup or 0] if found is not None else ""
    doers = _words(_TOKEN.findall(speaker))
    for _, clause in _clauses(message):
        tokens = _TOKEN.findall(clause.replace("/", " "))
        own = _words(tokens)
        for at, token in enumerate(tokens):
            if alike(verb, token) and (verb not in _IRREGULAR or token in (verb, f"{verb}s")):
                before = _words(tokens[:at])
                yield _Deed(token, _agents(tokens[at + 1 :]) or before or doers, _words(tokens[at + 1 :]))
                own = before or own
        doers = own or doers


def _clauses(text: str) -> list[tuple[str, str]]:
    """Each clause, and what stands before it."""
    parts = ["", *_CLAUSE.split(text)]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _is_verb(tokens: Sequence[str], at: int) -> bool:
    token, before = tokens[at], tokens[at - 1] if at else ""
    if _VERDICTS.fullmatch(token) is not None:
        return False
    if at and (token in _NO_NOUN or (before not in NEUTRAL and _THIRD_PERSON.fullmatch(token) is not None)):
        return True
    if token.endswith("ing") and len(token) > 5:
        return before in _BE or (at > 1 and tokens[at - 2] in _BE)
    return before not in _NO_VERB_BEHIND and (token in _IRREGULAR or _PARTICIPLE.fullmatch(token) is not None)


def _is_passive(tokens: Sequence[str], at: int) -> bool:
    if tokens[at].endswith("ing"):
        return False
    return not _BE.isdisjoint(tokens[max(0, at - 3) : at]) or tokens[at + 1 : at + 2] == ["by"]


def _agents(tokens: Sequence[str]) -> frozenset[str]:
    """Who stands behind "by"."""
    if "by" not in tokens:
        return frozenset()
    at = tokens.index("by")
    return _object(tokens[at + 1 : at + 5])


def _object(tokens: Sequence[str]) -> frozenset[str]:
    """What stands behind a verb, up to a preposition."""
    end = next((at for at, token in enumerate(tokens) if token in _PREPOSITIONS), len(tokens))
    return _words(tokens[:end])


def _words(tokens: Sequence[str]) -> frozenset[str]:
    parts = (part.rstrip(".-'’") for token in tokens for part in re.split(r"['’]s?\b", token))
    return frozenset(part for part in parts if len(part) > 1 and (part not in NEUTRAL or part in _OURSELVES))


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    return any(_same(one, other) for one in some for other in others)


def _same(one: str, other: str) -> bool:
    """Of a name with a hyphen a part has to be the same: cert-manager is no certificate."""
    if "-" in one or "-" in other:
        return not set(one.split("-")).isdisjoint(other.split("-"))
    return alike(one, other)
