"""The figures in a sentence, and whether they stand in a piece of evidence.

A figure may be spoken in another shape than it is written: 31 % for 0.312, 1.2 s for 1,204 ms, 35 % for 7 of 20,
``0,4`` for 0.4 in many languages. It counts as the same where rounding to the digits that are spoken makes it so. A
pair (3 of 20) has to stand there as a pair; what has letters or several dots in it (a version, an id, a time of day)
is a name and has to stand there whole. ``step 3`` is not the number 3: a place is held against places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from fixloop_bot.domain.copilot.spoken_places import NUMBER_WORDS, SPELT, ZERO, plainly, spaced

_PLACES = {
    "step": r"steps?|schritte?n?|[ée]tapes?|pasos?|passos?|passi|stap|stappen",
    "run": r"runs?|(?:prüf|test|validierungs|bestätigungs|kontroll)?l[äa]ufe?|"
    r"ex[ée]cutions?|ejecuci(?:ón|ones)|execuç(?:ão|ões)|esecuzion[ei]|uitvoering(?:en)?",
    "sample": r"samples?|stichproben?|[ée]chantillons?|muestras?|amostras?|campion[ei]|monsters?",
}
_PLURAL = (
    r"(?<=teps|runs|asos|assi|äufe|ions|ioni)|(?<=chritten)|(?<=chritte|onsters)|(?<=tapes|assos|iones|ingen)|"
    r"(?<=tappen|amples|estras|ostras|proben)|(?<=ões)"
)
_NO_COUNT = r"(?!\d|\s*(?:/|%|(?:of|out|von|sur|de|di|su|van|ms|s|min|tries|times|per|in (?:run|step))\b))"
_AND = (
    r"(?:\s*&\s*|\s+(?:and|or|to|und|oder|bis|et|ou|y|o|e|en|à|a|t/m|и|i|ve)\s+|"
    r"\s*[、と和와과，]\s*|\s*[-–]\s*)"
)
_ALSO = rf"(?:,\s*(?:(?:and|und|et|y|e|en)\s+)?|\s+of\s+|{_AND})"
_LIST = (
    rf"(?:(?:{_PLURAL})\s*(?:no\.?\s*|nr\.?\s*|#)?(?P<many>\d{{1,4}}(?:{_ALSO}\d{{1,2}}{_NO_COUNT})*)"
    rf"|\s*(?:no\.?\s*|nr\.?\s*|#)?(?P<places>\d{{1,4}}(?:{_AND}\d{{1,4}}{_NO_COUNT})*))"
)
_PLACE = "|".join(rf"(?P<{name}>{words})" for name, words in _PLACES.items())
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME_OF_DAY = r"\d{1,2}:\d{2}(?::\d{2})?(?![\d:])"
_DOTTED = r"v?\d+(?:\.\d+){2,}(?:[-+][A-Za-z0-9][\w.]*\w|[-+]\w)?"
_NUMBER = r"\d{1,3}(?:[,.\u00a0\u202f']\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_OF = r"\s*/\s*|\s+(?:out\s+of|of|von|sur|de|di|su|van)\s+(?:the\s+|den\s+|las\s+|los\s+)?"
_SHARE_WORDS = r"%|per\s?cent|percent|prozent|pour\s?cent|por\s?ciento|por\s?cento|per\s?cento|procent"
_TIME_WORDS = (
    r"ms|millisec\w*|millisek\w*|milliseg\w*|s|secs?|seconds?|sekunden?|secondes?|segundos?|secondi|seconden|mins?|"
    r"minutes?|minuten?|minutos?|minuti|h|hours?|stunden?|heures?|horas?|ore|uur|uren"
)
_TOKEN = re.compile(
    rf"(?<!\w)(?:{_PLACE}){_LIST}(?![\w%]|[.,:]\d)"
    rf"|(?<![\w:])(?P<moment>{_DATE}|{_TIME_OF_DAY})"
    rf"|(?<![\w.])(?P<dotted>{_DOTTED})(?!\w)"
    rf"|(?<![\w.,])(?P<hours>\d{{1,3}})\s?h(?:ours?)?\s(?P<minutes>\d{{1,2}})\s?min(?:utes?)?(?!\w)"
    rf"|(?<![\w.,])(?P<part>{_NUMBER})(?:{_OF})(?P<whole>{_NUMBER})(?![\w%]|[.,]\d|\s*(?:{_SHARE_WORDS}))"
    rf"|(?<![\w.,])(?P<number>{_NUMBER})(?:\s?(?P<unit>{_SHARE_WORDS}|{_TIME_WORDS}|k)(?!\w))?(?!\w)"
    r"|(?<![\w.\-/])(?P<word>(?=[\w.\-/]{0,80}\d)\w(?:[\w.\-/]{0,80}\w)?)",
    re.IGNORECASE,
)
_NAMED_TIME = re.compile(
    r"([\w.]{0,40}(?:ms|millis|milliseconds|seconds|secs|_s|latency|duration|elapsed|"
    r"took))[\"']?\s?[:=]\s?(\d{1,12}(?:\.\d{1,12})?)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d+)(?:\s*(?:[-–]|\bto\b|\bbis\b|\bà\b|\ba\b|\bt/m\b)\s*(\d+))?")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|er|ère|ème|º|ª)", re.IGNORECASE)
_FRACTION = re.compile(
    r"(?<![\w-])(?:(?P<many>an?|one|two|three|four|ein\w*|zwei|drei|vier|une?|deux|trois|uno|dos|tres|um|dois|três|due|tre|"
    r"een)[ -](?P<name>thirds?|dritte[ln]?|tiers|tercios?|quarters?|viertel\w*|fifths?|fünftel\w*|tenths?|zehntel\w*)|"
    r"(?P<half>half|hälfte|moitié|mitad|metade|metà|helft))(?= (?:of|der|des|de|dei|degli|van|all|the)\b|[,.;)]|$)",
    re.IGNORECASE,
)
_PARTS = (("th", "dritt", 3), ("ti", "terc", 3), ("q", "viert", 4), ("fi", "fünf", 5), ("te", "zehn", 10))
_NO_COUNT_FROM = 10.0
"""A smaller number without a unit counts things: five times is not the five of 5 min."""
_ABOUT = 0.03
"""A fraction in words is a rounded one: a third is anything from 30 to 36 percent."""
_SECOND, _MINUTE, _HOUR = 1_000.0, 60_000.0, 3_600_000.0
_STATUSES = frozenset(("401", "403", "404", "429", "500", "502", "503", "504"))
"""``503s`` are several answers with this status, unless the evidence has such a time."""
_SCALES = (1.0, _SECOND, _MINUTE, _HOUR)


class Kind(Enum):
    """What a figure counts."""

    PLAIN = "a number"
    SHARE = "a share"
    TIME = "a time"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was spoken: what it may mean, each with half of the last digit's worth as its tolerance.

    Shares are fractions of 1 and times milliseconds.
    """

    text: str
    kind: Kind
    readings: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything in a text that can be checked.

    ``pairs`` are (part, whole); ``places`` (``step``, 3); ``names`` have to stand there as they are.
    """

    numbers: tuple[Figure, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.pairs or self.places or self.names)


@lru_cache(maxsize=512)
def figures_in(text: str) -> Figures:
    """The figures, pairs, places and names of a text, each in order; never raises."""
    numbers: list[Figure] = []
    pairs: list[tuple[float, float]] = []
    places: list[tuple[str, int]] = []
    names: list[str] = []
    text = plainly(text)
    if _FRACTION.search(text) is not None:
        numbers += map(_fraction, _FRACTION.finditer(text))
    for found in _TOKEN.finditer(text):
        if found["places"] or found["many"]:
            places += _places(found)
        elif found["part"]:
            pairs.append((_count(found["part"]), _count(found["whole"])))
        elif found["hours"]:
            minutes = 60 * float(found["hours"]) + float(found["minutes"])
            numbers.append(Figure(found[0], Kind.TIME, ((minutes * _MINUTE, 0.5 * _MINUTE),)))
        elif found["number"]:
            numbers.append(_figure(found["number"], " ".join((found["unit"] or "").lower().split()), found[0]))
        elif not (found["word"] and _ORDINAL.fullmatch(found["word"])):
            names.append(found["moment"] or found["dotted"] or found["word"])
    return Figures(tuple(numbers), tuple(pairs), tuple(places), tuple(names))


def _places(found: re.Match[str]) -> Iterator[tuple[str, int]]:
    name = next(name for name in _PLACES if found[name])
    for first, last in _SPAN.findall(found["many"] or found["places"]):
        low, high = int(first), int(last or first)
        yield from ((name, number) for number in (range(low, high + 1) if low <= high <= low + 20 else (low, high)))


def _figure(number: str, unit: str, text: str) -> Figure:
    spoken = tuple(_readings(number))
    if re.fullmatch(_SHARE_WORDS, unit):
        shares = ((value / 100, (half or (0.5 if 0 < value < 100 else 0.05)) / 100) for value, half in spoken)
        return Figure(text, Kind.SHARE, tuple(shares))
    if unit == "k":
        return Figure(text, Kind.PLAIN, tuple((value * 1000, (half or 0.5) * 1000) for value, half in spoken))
    scale = _scale(unit)
    if scale is not None and not (text.endswith("s") and number in _STATUSES and text[-2].isdigit()):
        rounded = 0.5 if scale >= _MINUTE else 0.0
        times = ((value * scale, (half or _rounding(value) or rounded) * scale) for value, half in spoken)
        return Figure(text, Kind.TIME, tuple(times))
    return Figure(text, Kind.PLAIN, tuple((value, half or _rounding(value)) for value, half in spoken))


def without_number_words(text: str) -> str:
    """Without the fractions and numbers in words that count as figures."""
    return _FRACTION.sub(" ", SPELT.sub(" ", ZERO.sub(" ", text)))


def _fraction(found: re.Match[str]) -> Figure:
    if found["half"]:
        return Figure(found[0], Kind.SHARE, ((0.5, _ABOUT),))
    name, many = found["name"].casefold(), found["many"].casefold()
    whole = next(whole for one, other, whole in _PARTS if name.startswith((one, other)))
    share = int(NUMBER_WORDS.get(many, "1")) / whole
    return Figure(found[0], Kind.SHARE, ((share, _ABOUT),))


def _scale(unit: str) -> float | None:
    """Milliseconds in a unit of time; None for what is none."""
    if not unit:
        return None
    if unit.startswith("mil") or unit == "ms":
        return 1.0
    if unit.startswith("min"):
        return _MINUTE
    return _HOUR if unit.startswith(("h", "st", "o", "u")) else _SECOND


def _rounding(value: float) -> float:
    """A whole number may be a rounded one from ten on; three samples are three."""
    return 0.5 if value >= 10 else 0.0


def _readings(number: str) -> Iterator[tuple[float, float]]:
    """``1,204`` is twelve hundred and four here and 1.204 elsewhere; ``0,4`` is 0.4."""
    plain = re.sub(r"[\u00a0\u202f']", "", number)
    separators = [char for char in plain if char in ",."]
    if not separators:
        yield float(plain), 0.0
        return
    whole, _, decimals = plain.rpartition(separators[-1])
    repeated = len(separators) > 1 and len(set(separators)) == 1
    if not repeated:
        yield float(f"{re.sub('[,.]', '', whole) or '0'}.{decimals}"), 0.5 * 10 ** -len(decimals)
    if len(decimals) == 3 and len(set(separators)) == 1:
        yield float(re.sub("[,.]", "", plain)), 0.0


def _count(text: str) -> float:
    """A number of things: ``1,204`` is never 1.204 here."""
    values = [value for value, _ in _readings(text)]
    return max(values) if values else 0.0


@dataclass(frozen=True, slots=True)
class Grounds:
    """A piece of evidence, read once: what figures and names may be taken from it.

    ``counts`` are the members of pairs: seven of twenty lets one speak of twenty samples, but not of 20 s.
    """

    text: str
    lines: tuple[str, ...] = ()
    plain: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    times: tuple[float, ...] = ()
    pairs: frozenset[tuple[float, float]] = frozenset()
    places: frozenset[tuple[str, int]] = frozenset()

    @staticmethod
    def of(text: str) -> Grounds:
        """What a text has; it is read once, though many sentences cite it."""
        return _read(text)

    @classmethod
    def read(cls, text: str) -> Grounds:
        found = figures_in(text)
        written: dict[Kind, list[float]] = {kind: [] for kind in Kind}
        for each in found.numbers:
            written[each.kind] += [value for value, _ in each.readings]
        ratios = [part / whole for part, whole in found.pairs if whole > 0 and part <= whole]
        return cls(
            text=folded(spaced(text)),
            lines=tuple(text.splitlines()),
            plain=tuple(written[Kind.PLAIN]),
            counts=tuple(number for pair in found.pairs for number in pair),
            shares=(*written[Kind.SHARE], *ratios),
            times=(*written[Kind.TIME], *_named_times(text)),
            pairs=frozenset(found.pairs),
            places=frozenset(found.places),
        )

    def has(self, figure: Figure) -> bool:
        """Whether the figure can be read off this evidence."""
        return any(self._near(figure.kind, value, half) for value, half in figure.readings)

    def counts_as_is(self, figure: Figure) -> bool:
        """Whether the figure stands here as a plain number, and not only as a share or a time."""
        written = (*self.plain, *self.counts)
        return any(abs(value - each) <= half + 1e-9 for value, half in figure.readings for each in written)

    def _near(self, kind: Kind, value: float, half: float) -> bool:
        match kind:
            case Kind.SHARE:
                written: Iterator[float] = iter((*self.shares, *(each for each in self.plain if 0 <= each <= 1)))
            case Kind.TIME:
                written = iter(self.times)
            case Kind.PLAIN:
                spoken = (each * 100 for each in self.shares)
                scaled = (each / scale for each in self.times for scale in _SCALES if value >= _NO_COUNT_FROM)
                written = iter((*self.plain, *self.counts, *spoken, *scaled))
        return any(abs(value - each) <= half * (1 + 1e-9) + 1e-9 for each in written)

    def names(self, name: str) -> bool:
        """Whether a version, an id or a time of day stands here whole: 2.15.0 is neither 12.15.0 nor 2.15.0-rc1."""
        wanted = folded(name)
        bare = wanted.removeprefix("v") if wanted[1:2].isdigit() else wanted
        if re.fullmatch(r"\d:\d{2}(?::\d{2})?", bare):
            bare = f"0{bare}"
        pattern = rf"(?<![^\W_])(?<!\d[.:])v?{re.escape(bare)}(?![^\W_])(?![.\-+]\w)"
        return re.search(pattern, self.text) is not None

    def quotes(self, text: str) -> bool:
        """Whether a quoted text stands here, whatever its case and spaces; an ellipsis may leave something out."""
        at = 0
        for part in re.split(r"…|\.\.\.", text):
            wanted = folded(spaced(part)).strip(" .,;:!?")
            if wanted:
                found = _whole(wanted).search(self.text, at)
                if found is None:
                    return False
                at = found.end()
        return True


@lru_cache(maxsize=256)
def _read(text: str) -> Grounds:
    return Grounds.read(text)


def _whole(text: str) -> re.Pattern[str]:
    """The text where no letter, digit or fraction goes on beside it: ``3 of 20`` is not in ``13 of 20``."""
    before = r"(?<![^\W_])(?<!\d[.,:])" if text[0].isalnum() and text[0].isascii() else ""
    after = r"(?![^\W_])(?![.,:]\d)" if text[-1].isalnum() and text[-1].isascii() else ""
    return re.compile(before + re.escape(text) + after)


def _named_times(text: str) -> Iterator[float]:
    """``p95_ms: 412``, ``"seconds": 1.2``, ``duration=84``: the unit stands in the name of what was measured."""
    for name, number in _NAMED_TIME.findall(text):
        unit = name.casefold()
        if not unit.endswith(("s", "seconds", "secs")) or unit.endswith(("ms", "millis", "milliseconds")):
            yield float(number)
        if not unit.endswith(("ms", "millis", "milliseconds")):
            yield float(number) * _SECOND


_ALIKE = str.maketrans({"‹": "<", "›": ">", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " "})


@lru_cache(maxsize=512)
def folded(text: str) -> str:
    """For comparing texts: one case, single spaces, one kind of quotes and brackets."""
    return " ".join(text.translate(_ALIKE).casefold().split())


def missing(spoken: Figures, cited: tuple[Grounds, ...]) -> str:
    """The first figure or name that stands in none of the cited evidence; empty where all do."""
    for part, whole in spoken.pairs:
        if not any((part, whole) in each.pairs for each in cited):
            return f"{part:g} of {whole:g}"
    for name, number in spoken.places:
        if not any((name, number) in each.places for each in cited):
            return f"{name} {number}"
    for figure in spoken.numbers:
        if not any(each.has(figure) for each in cited):
            return figure.text
    return next((name for name in spoken.names if not any(each.names(name) for each in cited)), "")
