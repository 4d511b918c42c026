"""Evidence out of telemetry: metrics as a summary with their limit, log lines by kind, changes before the start.

An answer of Datadog's may be large. Everything here is pure and blocking, and is run in a thread; what is looked at
is cut first, so that no answer takes longer than another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from fixloop_bot.application.ports import LogLine, Series
from fixloop_bot.domain.copilot.dossier import Evidence, Source
from fixloop_bot.domain.figures import reading, unit_of
from fixloop_bot.domain.moments import apart, utc
from fixloop_bot.domain.signals import Comparator

MOST_POINTS = 50_000
MOST_LINES = 2_000
"""Log records that are looked at; the newest come first."""
KINDS_OF_LINES, MOST_CHANGES = 6, 8
MESSAGE = 300
_FIGURE = re.compile(r"\b(?![1-5]\d\d\b)(?=[\w.\-]{0,64}\d)[\w.\-]{1,64}\b")
CLOSE_S = 300.0
"""A link to a log line shows so much around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """Something that was changed: a deploy, a flag, a configuration. ``at`` is epoch seconds; texts are data."""

    id: str
    at: float
    title: str
    text: str = ""
    link: str = ""


class Changes(Protocol):
    """Change events, newest first. Raises TelemetryUnavailable."""

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        """What was changed where ``query`` (tags such as ``service:checkout env:prod``) applies."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A metric that may be asked for: its name, its query, and the limit that it is held against."""

    name: str
    query: str
    limit: float | None = None
    comparator: Comparator = Comparator.ABOVE


def metric(gauge: Gauge, series: Sequence[Series], *, opened_at: float, link: str) -> Evidence:
    """A metric before the incident, at its worst and now, against its limit."""
    points = _merged(series)
    unit = unit_of(gauge.query, gauge.limit)
    lines = [f"metric {gauge.name}: {gauge.query}"]
    before = [value for at, value in points if at < opened_at]
    during = [(at, value) for at, value in points if at >= opened_at]
    if not points:
        lines.append("no data")
    if before:
        lines.append(f"before the incident: mean {reading(sum(before) / len(before), unit)}, {len(before)} points")
    if during:
        low = gauge.comparator in (Comparator.BELOW, Comparator.AT_MOST)
        at, worst = (min if low else max)(during, key=lambda point: point[1])
        last_at, last = during[-1]
        lines.append(f"worst since it began: {reading(worst, unit)} at {utc(at)}")
        lines.append(f"now: {reading(last, unit)} at {utc(last_at)}")
    if gauge.limit is not None:
        side = "outside" if during and gauge.comparator.breached(during[-1][1], gauge.limit) else "inside"
        lines.append(f"limit {reading(gauge.limit, unit)}" + (f", now {side} its limit" if during else ""))
    text, title = "\n".join(lines), f"metric {gauge.name}"
    return Evidence(key=f"metric:{gauge.name}", source=Source.METRIC, title=title, text=text, link=link)


def _merged(series: Sequence[Series]) -> list[tuple[float, float]]:
    """The mean of all groups at each time, in order; what is beyond MOST_POINTS is not looked at."""
    if len(series) == 1:
        return sorted(islice(series[0].points, MOST_POINTS))
    at: dict[float, tuple[float, int]] = {}
    for when, value in islice((point for each in series for point in each.points), MOST_POINTS):
        total, count = at.get(when, (0.0, 0))
        at[when] = (total + value, count + 1)
    return [(when, total / count) for when, (total, count) in sorted(at.items())]


def logs(
    lines: Sequence[LogLine], *, found: str, link: Callable[[float, float], str], most: int = KINDS_OF_LINES
) -> Iterator[Evidence]:
    """One for each kind of line, the commonest first; ``found`` names the search (``last error logs``)."""
    kinds: dict[str, list[LogLine]] = {}
    looked = lines[:MOST_LINES]
    for line in looked:
        kinds.setdefault(_kind(line.message), []).append(line)
    beyond = f" ({len(lines):,} were found)" if len(lines) > len(looked) else ""
    ranked = sorted(kinds.values(), key=lambda alike: -len(alike))[:most]
    for place, alike in enumerate(ranked):
        newest = alike[0]
        first = ", the commonest kind" if not place and len(ranked) > 1 and len(alike) > len(ranked[1]) else ""
        text = (
            f"{found}: {len(alike):,} of {len(looked):,} lines looked at are like this one{first}{beyond}, "
            f"the newest at {utc(newest.at)}\n"
            f"{newest.status} {newest.service}: {newest.message[:MESSAGE]}"
        )
        address = link(newest.at - CLOSE_S, newest.at + CLOSE_S)
        title = f"log {newest.service or 'line'}"
        yield Evidence(key=f"log:{newest.id}", source=Source.LOG, title=title, text=text, link=address)


def _kind(message: str) -> str:
    """A message without its figures and ids, but for a status: two that differ only in an order's number are alike."""
    return _FIGURE.sub("0", message[:240])[:120]


def changes(events: Sequence[ChangeEvent], *, opened_at: float) -> Iterator[Evidence]:
    """Those before the incident first, the nearest to its start at the top; then those after it."""
    listed = sorted(islice(events, 200), key=lambda event: (event.at > opened_at, abs(event.at - opened_at)))
    for event in listed[:MOST_CHANGES]:
        text = f"{event.title[:MESSAGE]}\nat {utc(event.at)}, {apart(event.at, opened_at)} the incident began"
        if event.text:
            text = f"{text}\n{event.text[:MESSAGE]}"
        title = f"change: {event.title[:60]}"
        yield Evidence(key=f"change:{event.id}", source=Source.CHANGE, title=title, text=text, link=event.link)
