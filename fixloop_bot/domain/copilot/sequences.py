"""Which of two came first: ``the rollback came before the peak`` by the times at which both stand in the evidence.

Where a claim says "before" or "after" of two things, each is looked for among what the cited evidence dates: changes,
messages, the worst of a metric, a run's beginning and end, an alert's first and last time. If the times bear it out
the claim is cut there, since each half is told by its own evidence; if they do not, it is untrue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import alike

LONGEST_LINE = 600
MOST_LINES = 60
MOST_ORDERED = 4
"""How many "before" and "after" of a sentence are held against the times."""
CUT = "; meanwhile "
"""Stands for "before" and "after" that the times bear out: ``directions`` still sees that two things are joined."""
_EARLIER = r"before|prior to|ahead of|preced(?:ed|es|ing)(?! by)|bevor|avant(?: que| le| la| l')?|antes de(?:l| que)?"
_LATER = r"after|following|once|preceded by|nachdem|après(?: que| le| la| l')?|después de(?:l| que)?"
_ORDER = re.compile(rf"\b(?:(?P<earlier>{_EARLIER})|(?P<later>{_LATER}))(?= )")
_STOP = re.compile(r"[,;()]|\.\s|: | - | – |\b(?:and|but|while|so|then)\b")
_CLOCK = re.compile(r"(?<![\d:.])(?:(\d{4}-\d{2}-\d{2}) )?(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])")
_APART = re.compile(r"(\d{1,3}) (?:min|minutes?|minuten|minutos?) (?:right |just |shortly )?$")
_CLOSE = re.compile(r"\b(?:right|just|shortly|immediately|directly|moments|kurz|unmittelbar|juste|justo) $")
HALF_A_DAY_S = 43_200
"""Two times of day without their days may lie on either side of midnight from here on."""
CLOSE_S = 600
"""What is said to be right before or after lies no farther away."""
_ALERTS = frozenset(("alert", "signal", "monitor", "alarm"))
"""What a signal is called without its title."""
_RANKED = re.compile(
    r"\b(?:(?P<last>last|latest|newest|most recent)|(?P<first>first|earliest)|(?P<only>only|sole|single)) (?:\w+ )?"
    r"(?:changes?|deploy\w*|releases?|rollouts?)\b"
)
_OF_INCIDENT = ("before the incident", "after the incident")
_PLACE = re.compile(r"\b(run|step) (\d+)")
_WORD = re.compile(r"[a-z]+#\d+|\w*\d[\w.\-]*\w|\d|[^\W\d_]{3,}")
_MEMBER = re.compile(r"\bu\d+(?=[a-z])")
_VERBS = {
    "first": frozenset(
        ["first", "fired", "began", "begun", "started", "triggered", "opened", "starts", "begins", "alarmed"]
    ),
    "last": frozenset(["last", "latest", "finally"]),
    "started": frozenset(["started", "began", "ran", "starts", "start"]),
    "finished": frozenset(["finished", "ended", "done", "over"]),
    "worst": frozenset(["peaked", "peak", "worst", "maximum", "highest", "lowest", "bottomed", "spiked"]),
    "now": frozenset(["now", "currently"]),
}
"""What a sentence calls the several times of one piece of evidence."""
_TIMED = re.compile(
    r"(?P<name>first|last|started|finished|worst|now|at)\b[^\d\n]{0,40}?(?:[\d.,]+[^\d\n]{0,12} at )?"
    r"(?P<clock>(?:\d{4}-\d{2}-\d{2} )\d{1,2}:\d{2}(?::\d{2})?)"
)


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that the evidence dates: its words, with and without those that say little, and when it was.

    ``verbs`` tell it from others of its piece of evidence.
    """

    spoken: frozenset[str]
    words: frozenset[str]
    verbs: frozenset[str]
    day: str
    second: int


def ordered(claim: str, cited: Sequence[Grounds]) -> tuple[str, bool]:
    """The claim, cut where the times bear out a "before" or "after", and whether they speak against one."""
    plain = folded(claim)
    found = list(_ORDER.finditer(plain))[:MOST_ORDERED]
    if not found:
        return claim, False
    events = [event for each in cited for event in _events(each)]
    proven = []
    for each in found:
        holds = _holds(plain, each, events)
        if holds is False:
            return claim, True
        if holds:
            proven.append(each)
    for each in reversed(proven):
        plain = f"{plain[: each.start()].rstrip()}{CUT}{plain[each.end() :].lstrip()}"
    return (plain.removeprefix(CUT) if proven else claim), False


def surpassed(claim: str, cited: Sequence[Grounds], changes: Sequence[Grounds]) -> bool:
    """Whether a change is said to be the last, the first or the only one, and another of all ``changes`` is."""
    plain = folded(claim)
    found = _RANKED.search(plain)
    own = [each for each in cited if each.text.startswith("change: ")]
    if found is None or not own:
        return False
    sides = [side for side in _OF_INCIDENT if side in plain]
    ranked = [each for each in changes if len(sides) != 1 or f"{sides[0]} began" in each.text]
    begins = [each.end() for each in _STOP.finditer(plain, 0, found.start())]
    clause = plain[begins[-1] if begins else 0 :]
    meant = _meant(_STOP.split(clause)[0], [event for each in own for event in _events(each)])
    others = [event for each in ranked for event in _events(each) if event not in meant]
    if found["only"]:
        return bool(others)
    return any(_precedes(*((one, other) if found["last"] else (other, one))) for one in meant[:1] for other in others)


def _holds(plain: str, word: re.Match[str], events: Sequence[_Event]) -> bool | None:
    """Whether the times bear it out; None where the evidence does not date both."""
    one, other = _sides(plain, word)
    apart = _APART.search(plain[: word.start()])
    first, second = (_dated(one), _dated(other)) if _CLOCK.search(one) and _CLOCK.search(other) else ([], [])
    if not (first and second):
        first, second = _meant(one, events), _meant(other, events)
    if not first or not second or set(first) & set(second):
        return None
    pairs = [(a, b) if word["earlier"] else (b, a) for a in first for b in second]
    if any(not (a.day and b.day) and not 0 < abs(a.second - b.second) < HALF_A_DAY_S for a, b in pairs):
        return None
    if apart is not None and all(abs(abs(a.second - b.second) / 60 - int(apart[1])) > 1 for a, b in pairs):
        return False
    if _CLOSE.search(plain[: word.start()]) is not None and any(abs(a.second - b.second) > CLOSE_S for a, b in pairs):
        return None
    told = {_precedes(a, b) for a, b in pairs}
    return told.pop() if len(told) == 1 else None


def _precedes(one: _Event, other: _Event) -> bool:
    if one.day and other.day and one.day != other.day:
        return one.day < other.day
    return one.second < other.second


def _sides(plain: str, word: re.Match[str]) -> tuple[str, str]:
    """What stands before and behind the word in its clause; of ``After B, A`` the clause behind comes first."""
    begins = [each.end() for each in _STOP.finditer(plain, 0, word.start())]
    own = plain[begins[-1] if begins else 0 : word.start()]
    ends = _STOP.search(plain, word.end())
    other = plain[word.end() : ends.start() if ends is not None else None]
    if begins and not _APART.sub("", own).strip():  # ``…, 20 minutes before …``
        before = [
            clause for clause in _STOP.split(plain[: word.start()]) if _APART.sub("", f"{clause.rstrip()} ").strip()
        ]
        own = before[-1] if before else own
    if own.strip() or ends is None:
        return own, other
    behind = _STOP.search(plain, ends.end())
    return plain[ends.end() : behind.start() if behind is not None else None], other


def _dated(text: str) -> list[_Event]:
    return [_event("", frozenset(), found) for found in list(_CLOCK.finditer(text))[-1:]]


def _meant(text: str, events: Sequence[_Event]) -> list[_Event]:
    """The events that share most words with a text; none where it has no word of any."""
    verbs = _words(text)
    said = (verbs - NEUTRAL) | (verbs & _ALERTS)
    counted = [(sum(any(alike(word, each) for each in event.words) for word in said), event) for event in events]
    most = max((count for count, _ in counted), default=0)
    named = [event for count, event in counted if count == most > 0]
    spoken = {event.second // 60 for event in _dated(text)}
    named = [event for event in named if event.second // 60 in spoken] or named
    named = [event for event in named if not verbs.isdisjoint(event.verbs)] or named
    closest = max((len(verbs & event.spoken) for event in named), default=0)
    return [event for event in named if len(verbs & event.spoken) == closest]


def _events(grounds: Grounds) -> Iterator[_Event]:
    title = grounds.lines[0] if grounds.lines else ""
    kind = title.partition(" ")[0].rstrip(":").casefold()
    kinds = " ".join(_ALERTS) if kind == "signal" else ""
    own = " ".join(grounds.lines[:4] if kind == "change" else grounds.lines[:1])[:LONGEST_LINE]
    for line in grounds.lines[:MOST_LINES]:
        line = _MEMBER.sub("", folded(line[:LONGEST_LINE]))
        begins = _CLOCK.match(line)
        if begins is not None:
            yield _event(line[begins.end() :], frozenset(), begins)
        elif kind in ("change", "signal", "metric", "run"):
            for found in _TIMED.finditer(line):
                clock = _CLOCK.search(found["clock"])
                if clock is not None:
                    yield _event(
                        f"{own} {kinds} {line[: found.start('clock')]}", _VERBS.get(found["name"], frozenset()), clock
                    )


def _event(text: str, verbs: frozenset[str], clock: re.Match[str]) -> _Event:
    hours, minutes, seconds = (int(each or 0) for each in clock.group(2, 3, 4))
    spoken = _words(text)
    return _Event(spoken, spoken - (NEUTRAL - _ALERTS), verbs, clock[1] or "", 3600 * hours + 60 * minutes + seconds)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_PLACE.sub(r"\1#\2", _CLOCK.sub(" ", folded(text)))))
