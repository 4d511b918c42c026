"""What the picture of a signal shows, as data, and the sentence that says the same to who cannot see it.

Times on its axis count from the incident's start: a picture cannot know its reader's zone, and a clock of another zone
would mislead whoever compares it with the card beside it. The start itself is named in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fixloop_bot.domain.figures import Unit, measured_name, reading, unit_of
from fixloop_bot.domain.incidents import Incident, RunLine
from fixloop_bot.domain.moments import utc
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.signals import Comparator, Measure

BEFORE_S = 3600.0
"""So much is shown from before the incident: what normal looks like."""
LEAST_BEFORE_S = 300.0
"""Where there is no data from before that, an empty hour says nothing."""
LEAST_AFTER_S, AFTER_SHARE = 300.0, 1 / 3
"""A young incident gets so much room behind its start, or its marks would stand on top of each other."""
MOST_MARKS = 5
MOST_POINTS = 600
"""More than a picture on a phone has columns for."""
LONG_S = 20 * 3600.0
"""A picture over more than this names days, too."""
GAP_STEPS, SHORTEST_GAP_S = 3.0, 90.0
"""Points this many usual steps apart are not joined by a line: nobody knows what was in between."""

Points = tuple[tuple[float, float], ...]

SAME_PLACE = 0.04
"""Two moments this share of the picture apart have their lines side by side."""
_VERDICTS = frozenset(verdict.value for verdict in RecoveryVerdict)
_SHOWN = re.compile(r"[\x20-\x7e\u00a0-\u024f\u0370-\u03ff\u0400-\u052f\u2013-\u2026\u00d7]+")
"""Letters that the picture's font has, and that read from left to right."""
_METRIC = re.compile(r"(?:^|[\s(])(?:[a-z0-9_]+:)?([A-Za-z][A-Za-z0-9_.]{1,60})\s*\{")
_ROLLED_BACK = re.compile(r"roll(?:ed|ing)?[\s_-]?back|revert", re.IGNORECASE)
_DEPLOYED = re.compile(r"deploy|release|roll(?:ed|ing)?[\s_-]?out", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of the incident with its word: ``start``, ``reproduced``, ``deploy``, ``validate``, ``proven`` …"""

    at: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A change that telemetry knows of: a deploy, a flag. ``title`` is data from outside and is never shown."""

    at: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalChart:
    """One metric around an incident. Times are epoch seconds; values and limit are in the query's own unit."""

    name: str
    unit: Unit
    comparator: Comparator
    limit: float
    opened_at: float
    start: float
    end: float
    points: Points
    marks: tuple[Mark, ...] = ()


def signal_chart(
    incident: Incident, measure: Measure, points: Points, *, name: str, changes: Sequence[Moment], now: float
) -> SignalChart:
    """The chart from an hour before the start until ``now``, or until the resolution; ``points`` in order of time."""
    began, last = incident.opened_at, min(now, incident.resolved_at or now)
    first = points[0][0] if points else began
    start = max(began - BEFORE_S, min(first, began - LEAST_BEFORE_S))
    end = max(last, began + max(LEAST_AFTER_S, AFTER_SHARE * (began - start)))
    return SignalChart(
        name=name,
        unit=unit_of(measure.query, measure.limit),
        comparator=measure.comparator,
        limit=measure.limit,
        opened_at=incident.opened_at,
        start=start,
        end=end,
        points=thinned(tuple(point for point in points if start <= point[0] <= last), most=MOST_POINTS),
        marks=_apart(tuple(mark for mark in marks_of(incident, changes) if start <= mark.at <= end), end - start),
    )


def _apart(marks: tuple[Mark, ...], span: float) -> tuple[Mark, ...]:
    """Without a validate run's beginning where its end, which says more, is hardly to be told from it."""
    ends = [mark.at for mark in marks if mark.word in _VERDICTS]
    close = [end - SAME_PLACE * span for end in ends]
    return tuple(mark for mark in marks if mark.word != "validate" or not any(mark.at >= each for each in close))


def chart_name(query: str, limit: float | None, named: Sequence[tuple[str, str]]) -> str:
    """What the metric is called: by the catalog, else by what it measures, else by its own name."""
    for name, known in named:
        words = name.removesuffix("_ms").replace("_", " ").strip()
        if known == query and words and _SHOWN.fullmatch(words):
            return words[:30]
    what = measured_name(query, limit)
    metric = _METRIC.search(query)
    return metric[1][:30] if what == "the metric" and metric is not None else what


def marks_of(incident: Incident, changes: Sequence[Moment]) -> tuple[Mark, ...]:
    """At most five, in order of time; where there are more, those that say least are left out."""
    lines = [line for line in incident.runs if line.number >= incident.evidence_from and not line.partial]
    found = [Mark(at=incident.opened_at, word="start")]
    validates = [line for line in lines if line.kind is RunKind.VALIDATE]
    reproduced = next((line for line in lines if line.kind is RunKind.CONFIRM and line.reproduced), None)
    last = validates[-1] if validates else None
    if last is not None and last.finished_at is not None and last.verdict is not None:
        found.append(Mark(at=last.finished_at, word=last.verdict.value))
    if reproduced is not None and reproduced.finished_at is not None:
        found.append(Mark(at=reproduced.finished_at, word="reproduced"))
    found += _changed(incident, changes, last)
    if incident.resolved_at is not None:
        found.append(Mark(at=incident.resolved_at, word="resolved"))
    if last is not None:
        found.append(Mark(at=last.started_at, word="validate"))
    return tuple(sorted(found[:MOST_MARKS], key=lambda mark: mark.at))


def _changed(incident: Incident, changes: Sequence[Moment], validate: RunLine | None) -> list[Mark]:
    """The last change before the start, which may be the cause, and the last one before the validate run."""
    began = incident.opened_at
    before = [change for change in changes if change.at <= began]
    until = validate.started_at if validate is not None else began
    after = [change for change in changes if began < change.at <= until]
    last = [max(each, key=lambda change: change.at) for each in (after, before) if each]
    return [Mark(at=change.at, word=_word(change.title)) for change in last]


def _word(title: str) -> str:
    if _ROLLED_BACK.search(title):
        return "rollback"
    return "deploy" if _DEPLOYED.search(title) else "change"


def thinned(points: Points, *, most: int) -> Points:
    """At most ``most`` points: of each stretch of time its lowest and its highest, so that no peak is lost."""
    if len(points) <= most:
        return points
    size = -(-len(points) // (most // 2))
    kept: list[tuple[float, float]] = []
    for begin in range(0, len(points), size):
        stretch = points[begin : begin + size]
        ends = {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
        kept += sorted(ends)
    return tuple(kept)


def pieces(points: Points) -> list[Points]:
    """The points in runs without a gap."""
    steps = sorted(after[0] - before[0] for before, after in pairwise(points))
    longest = max(SHORTEST_GAP_S, GAP_STEPS * steps[len(steps) // 2]) if steps else 0.0
    found: list[list[tuple[float, float]]] = []
    for point in points:
        if found and point[0] - found[-1][-1][0] <= longest:
            found[-1].append(point)
        else:
            found.append([point])
    return [tuple(piece) for piece in found]


def worst(chart: SignalChart, points: Points) -> tuple[float, float]:
    """The point that is farthest on the wrong side; ``points`` must not be empty."""
    low = chart.comparator in (Comparator.BELOW, Comparator.AT_MOST)
    return (min if low else max)(points, key=lambda point: point[1])


def headline(chart: SignalChart) -> str:
    """``Error rate 31 % at 02:59 UTC``, ``Error rate 0.1 % at 03:40 UTC, was 31 %``.

    The newest value with its time, since a picture is older than the card that it stands on; and the worst one where
    that is over.
    """
    name = f"{chart.name[:1].upper()}{chart.name[1:]}"
    if not chart.points:
        return f"{name}: no data"
    (at, last), (_, peak) = chart.points[-1], worst(chart, chart.points)
    over = chart.comparator.breached(peak, chart.limit) and not chart.comparator.breached(last, chart.limit)
    newest = f"{name} {reading(last, chart.unit)} at {_time(chart, at)}"
    return newest + (f", was {reading(peak, chart.unit)}" if over else "")


def alt_text(chart: SignalChart) -> str:
    """``Error rate rose from 0.2 % at 02:58 UTC to 31 % and is inside its limit since 03:22 UTC, 0.1 % at 03:40 …``."""
    name = f"{chart.name[:1].upper()}{chart.name[1:]}"
    limit = f"limit {reading(chart.limit, chart.unit)}"
    if not chart.points:
        return f"{name}: no data; {limit}. {_marks_said(chart)}"
    return f"{name} {_course(chart)}; {limit}. {_marks_said(chart)}"


def _course(chart: SignalChart) -> str:
    """How the value went, from its first breach to the end."""
    breached = [point for point in chart.points if chart.comparator.breached(point[1], chart.limit)]
    last_at, last = chart.points[-1]
    if not breached:
        return f"is {reading(last, chart.unit)} at {_time(chart, last_at)} and never crossed its limit"
    onset, peak = breached[0][0], worst(chart, tuple(breached))[1]
    before = [value for at, value in chart.points if at < onset]
    low = chart.comparator in (Comparator.BELOW, Comparator.AT_MOST)
    to, began = reading(peak, chart.unit), _time(chart, onset)
    if before:
        median = reading(sorted(before)[len(before) // 2], chart.unit)
        went = f"{'fell' if low else 'rose'} from {median} at {began} to {to}"
    else:
        went = f"was at {to} from {began} on" if onset < last_at else f"is {to} at {began}"
    ends = f"{reading(last, chart.unit)} at {_time(chart, last_at)}"
    if onset == last_at:
        return went
    if breached[-1][0] == last_at:
        same = reading(last, chart.unit) == to
        return f"{went}, still so at {_time(chart, last_at)}" if same else f"{went} and is {ends}"
    back = next(at for at, _ in chart.points if at > breached[-1][0])
    return f"{went} and is inside its limit since {_time(chart, back)}, {ends}"


def _marks_said(chart: SignalChart) -> str:
    said = ", ".join(f"{mark.word} {_clock(chart, mark.at)}" for mark in chart.marks)
    return f"Marks (UTC): {said}." if said else "No marks."


def _time(chart: SignalChart, at: float) -> str:
    return f"{_clock(chart, at)} UTC"


def _clock(chart: SignalChart, at: float) -> str:
    """``02:58``, with its day where the picture has several; a time that no calendar has is unknown."""
    whole = utc(at).removesuffix(" UTC")
    return whole[:-3] if chart.end - chart.start > LONG_S else whole[11:-3] or whole
