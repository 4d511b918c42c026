"""What Datadog knows about an incident, for plan and verdict. Where it cannot be asked, that is said, not guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from fixloop_bot.application.copilot.readings import Changes
from fixloop_bot.application.ports import LogLine, Series, Telemetry
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.incidents import Incident, RecentChange, SignalLine
from fixloop_bot.domain.periods import longest_period
from fixloop_bot.domain.redaction import mask
from fixloop_bot.domain.runs import Run, TrafficReading
from fixloop_bot.domain.signals import Measure

HOUR_S = 3600.0
MINUTE_S = 60.0

MOST_VALUES = 3
CHANGES_S = 6 * HOUR_S
CHANGES_TIMEOUT_S = 4.0
"""Shorter than the model's patience: the plan does not wait for what only explains."""
CHANGES_KEPT = 3
CHANGE_LENGTH = 160
Points = tuple[tuple[float, float], ...]


def measure_of(incident: Incident, service: Service | None) -> Measure | None:
    """What the trouble is measured by: the signal's own query, else the catalog's error rate, else its latency."""
    for line in (incident.main_signal(), *incident.signals):
        if line is not None and line.measure is not None:
            return line.measure
    if service is None:
        return None
    return service.measure("error_rate") or service.measure("p95_ms")


async def hour_of_metrics(
    telemetry: Telemetry, incident: Incident, service: Service | None, *, now: float
) -> tuple[tuple[str, str, Points], ...]:
    """One hour of the signal's metric and the catalog's, as (name, query, points); what fails is left out."""
    queries = dict(service.metrics) if service is not None else {}
    measure = measure_of(incident, None)
    if measure is not None and measure.query not in queries.values():
        queries = {"signal": measure.query, **queries}
    answers = await asyncio.gather(
        *(_points(telemetry, query, start=now - HOUR_S, end=now) for query in queries.values())
    )
    return tuple(
        (name, query, points) for (name, query), points in zip(queries.items(), answers, strict=True) if points
    )


async def last_errors(telemetry: Telemetry, service: Service | None, *, now: float) -> Sequence[LogLine]:
    """The last error logs of the service; none where it has no ``logs`` query or Datadog cannot be asked."""
    if service is None or service.logs is None:
        return ()
    try:
        lines = await telemetry.error_logs(service.logs, start=now - HOUR_S, end=now, limit=20)
        return [replace(line, message=mask(line.message)) for line in lines]
    except TelemetryUnavailable:
        return ()


async def changes_before(
    changes: Changes | None, incident: Incident, service: Service | None
) -> tuple[RecentChange, ...]:
    """What was changed in the hours before the incident, newest first; nothing where Datadog cannot be asked."""
    if changes is None:
        return ()
    match = service.match if service is not None else ()
    where = " ".join(f"{key}:{value}" for key, value in match) or f"service:{incident.service or incident.label}"
    start = incident.opened_at - CHANGES_S
    try:
        async with asyncio.timeout(CHANGES_TIMEOUT_S):
            found = await changes.changes(where, start=start, end=incident.opened_at, limit=20)
    except (TelemetryUnavailable, TimeoutError):
        return ()
    before = sorted((each for each in found if start <= each.at <= incident.opened_at), key=lambda each: -each.at)
    return tuple(
        RecentChange(at=each.at, what=mask(" ".join(each.title.split())[:CHANGE_LENGTH]), link=each.link)
        for each in before[:CHANGES_KEPT]
    )


async def log_rate(telemetry: Telemetry, query: str, *, start: float, end: float, least_s: float = 1.0) -> float:
    """Records a minute that a log search matches between two epoch seconds; raises TelemetryUnavailable.

    A time shorter than ``least_s`` counts as that long: two records in the first second are not 120 a minute.
    """
    found = await telemetry.count_logs(query, start=start, end=max(end, start + 1.0))
    return found * MINUTE_S / max(end - start, least_s)


async def _points(telemetry: Telemetry, query: str, *, start: float, end: float) -> Points:
    try:
        return merged(await telemetry.query(query, start=start, end=end))
    except TelemetryUnavailable:
        return ()


async def period_of(telemetry: Telemetry, measure: Measure, *, start: float, end: float) -> float:
    """How far apart (seconds) the measure's breaches began between two times; 0 where that cannot be said."""
    points = await _points(telemetry, measure.query, start=start, end=end)
    return longest_period(points, measure.limit, measure.comparator)


def merged(series: Sequence[Series]) -> Points:
    """All groups of an answer as one series: their mean at each time."""
    at: dict[float, list[float]] = {}
    for each in series:
        for when, value in each.points:
            at.setdefault(when, []).append(value)
    return tuple((when, sum(values) / len(values)) for when, values in sorted(at.items()))


def since(points: Points, start: float) -> Points:
    """The points whose whole interval lies after ``start``: Datadog stamps a point with its interval's beginning."""
    return tuple(point for point in points if point[0] >= start)


def with_reading(points: Points, proof: Run | None, measure: Measure) -> Points:
    """The series with what the proof itself has measured, in the place of what Datadog has not yet told of that time.

    A point is a mean over an interval that may reach back into the trouble: the last one before a proof would belie it.
    """
    reading = proof.traffic if proof is not None else None
    if proof is None or reading is None or reading.value is None or reading.query != measure.query:
        return points
    ended = proof.finished_at or proof.started_at
    if points and points[-1][0] >= ended:
        return points
    return (*(point for point in points if point[0] < proof.started_at), (ended, reading.value))


async def current_values(telemetry: Telemetry, lines: Sequence[SignalLine], *, now: float) -> dict[str, float]:
    """Identity → reading over the monitor's window, for signals that came without a value; what fails is left out."""
    values: dict[str, float] = {}
    for line in lines[:MOST_VALUES]:
        if line.measure is None or line.value is not None:
            continue
        start = now - line.measure.window_s
        points = await _points(telemetry, line.measure.query, start=start, end=now)
        value = folded(points, line.measure, over_s=line.measure.window_s)
        if value is not None:
            values[line.identity] = value
    return values


def folded(points: Points, measure: Measure, *, over_s: float) -> float | None:
    """One number of a series, folded as the monitor folds its window; None without points.

    A sum over a shorter or longer time than the monitor's window is brought to that window's length: the limit fits.
    """
    values = [value for _, value in points]
    if not values:
        return None
    match measure.reduce:
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "last":
            return values[-1]
        case "sum":
            return sum(values) * measure.window_s / max(over_s, 1.0)
        case _:
            return sum(values) / len(values)


def mean(points: Points) -> float | None:
    return sum(value for _, value in points) / len(points) if points else None


async def traffic_since(
    telemetry: Telemetry, measure: Measure | None, *, start: float, end: float, until: float | None = None
) -> TrafficReading:
    """What real traffic says between two epoch seconds; never raises.

    An interval that began before the run is left out: it still holds what was before it. Data that does not reach
    ``until`` says too little: the reading is silent then.
    """
    if measure is None:
        return TrafficReading(why_not="the alert names no metric")
    try:
        series = await telemetry.query(measure.query, start=start, end=end)
    except TelemetryUnavailable as error:
        return TrafficReading(query=measure.query, limit=measure.limit, why_not=str(error).rstrip("."))
    points = since(merged(series), start)
    value = folded(points, measure, over_s=end - start)
    if value is None or points[-1][0] < (until or start):
        why = "no data since the run began" if value is None else "no data yet for the end of the run"
        return TrafficReading(query=measure.query, limit=measure.limit, silent=True, why_not=why)
    return TrafficReading(
        query=measure.query,
        value=value,
        limit=measure.limit,
        breached=measure.comparator.breached(value, measure.limit),
    )
