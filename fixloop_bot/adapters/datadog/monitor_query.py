"""The measure inside a metric monitor's query: ``avg(last_5m):sum:shop.errors{…}.as_count() > 0.01``.

Grammar: docs.datadoghq.com/api/latest/monitors, "Query types", metric alert:
``time_aggr(time_window):space_aggr:metric{tags} [by {key}] operator #``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from fixloop_bot.domain.signals import Comparator, Measure

LONGEST_QUERY = 4_000
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_HEAD = re.compile(r"\s*(avg|sum|min|max|last)\(\s*last_(\d{1,6})(s|m|h|d|w)\s*\)\s*:")
_TAIL = re.compile(r"(>=|<=|>|<)\s*(-?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,3})?)\s*$")
_METRIC = re.compile(r"\b(?:avg|sum|min|max|count|p\d{1,2}(?:\.\d{1,3})?):\s*([A-Za-z][\w.]*)\s*\{")
_NOT_A_READING = re.compile(r"\b(?:change|pct_change|anomalies|outliers|forecast|percentile|logs|formula)\s*\(")
_TAG = re.compile(r"[^\s{}():,]{1,100}:[^\s{}(),]{1,200}")
_GROUPED = re.compile(r"\{([^{}]*)\}(\s*by\s*\{([^{}]*)\})")


def measure_of(query: str) -> Measure | None:
    """The measure of a metric monitor, or None: only what the v1 query API can read as it stands, and what can
    be folded from its points. Log, trace and other monitors, changes, anomalies and forecasts cannot.
    """
    if len(query) > LONGEST_QUERY or _NOT_A_READING.search(query):
        return None
    head = _HEAD.match(query)
    at = max(query.rfind(">"), query.rfind("<"))
    tail = _TAIL.match(query, at) or None if at >= 0 else None
    if head is None or tail is None or at < head.end():
        return None
    if query[at - 1 : at + 1] in ("=>", "=<", "<>", "><"):
        return None
    metric, limit = query[head.end() : at].strip(), float(tail[2])
    if not _METRIC.search(metric) or not math.isfinite(limit) or not _balanced(metric):
        return None
    return Measure(
        query=metric,
        comparator=Comparator(tail[1]),
        limit=limit,
        window_s=float(int(head[2]) * _SECONDS[head[3]]),
        reduce=head[1],
    )


def metric_of(query: str) -> str | None:
    """The metric's name, where a query reads exactly one."""
    found = set(_METRIC.findall(query[:LONGEST_QUERY]))
    return found.pop() if len(found) == 1 else None


def narrowed(measure: Measure, scope: str) -> Measure:
    """The measure of one group: ``{*} by {host}`` becomes ``{host:a}`` if the scope says ``host:a``, so that another
    group's trouble is not counted as this one's. Grouping that the scope does not settle stays.
    """
    known = dict(part.strip().split(":", 1) for part in scope.split(",") if _TAG.fullmatch(part.strip()))

    def one_group(match: re.Match[str]) -> str:
        keys = [key.strip() for key in match[3].split(",")]
        if not all(key in known for key in keys):
            return match[0]
        wanted = [part.strip() for part in match[1].split(",") if part.strip() not in ("", "*")]
        return "{" + ",".join(dict.fromkeys([*wanted, *(f"{key}:{known[key]}" for key in keys)])) + "}"

    return replace(measure, query=_GROUPED.sub(one_group, measure.query))


def _balanced(text: str) -> bool:
    depths = {"(": 0, "{": 0}
    for mark in text:
        for opening, closing in (("(", ")"), ("{", "}")):
            depths[opening] += (mark == opening) - (mark == closing)
            if depths[opening] < 0:
                return False
    return not any(depths.values())
