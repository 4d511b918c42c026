"""Points and log records out of Datadog's JSON, in the core's words. Pure; run in a thread, since they may be many."""

from __future__ import annotations

import math
from typing import Any

from fixloop_bot.adapters.datadog.changes import moment
from fixloop_bot.adapters.datadog.refusals import words_of
from fixloop_bot.application.ports import LogLine, Series
from fixloop_bot.domain.errors import TelemetryUnavailable

LONGEST_LOG = 2_000


def series_of(answer: Any) -> list[Series]:
    """A metric query's series; raises TelemetryUnavailable where Datadog did not accept the query."""
    document = answer if isinstance(answer, dict) else {}
    words = words_of({"error": document.get("error")})
    if document.get("status") == "error" or words:
        raise TelemetryUnavailable(f"Datadog does not accept the query: {words or 'it gives no reason'}")
    found = (document.get("series") or []) if isinstance(document.get("series"), list | None) else []
    return [_series(each) for each in found if isinstance(each, dict)]


def lines_of(answer: Any, *, most: int) -> list[LogLine]:
    """The newest ``most`` log records, newest first."""
    data = answer.get("data") if isinstance(answer, dict) else None
    found = data if isinstance(data, list) else []
    lines = [_log_line(each) for each in found if isinstance(each, dict)]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:most]


def _series(found: dict[str, Any]) -> Series:
    """One series; gaps, which Datadog sends as nulls, are left out."""
    points = found.get("pointlist")
    read = [point for each in (points if isinstance(points, list) else []) if (point := _point(each))]
    return Series(scope=str(found.get("scope") or ""), points=tuple(sorted(read)))


def _point(found: Any) -> tuple[float, float] | None:
    if not isinstance(found, list | tuple) or len(found) < 2:
        return None
    moment, value = found[0], found[1]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (moment, value)):
        return None
    return (moment / 1000.0, float(value)) if math.isfinite(moment) and math.isfinite(value) else None


def _log_line(found: dict[str, Any]) -> LogLine:
    about = found.get("attributes")
    about = about if isinstance(about, dict) else {}
    return LogLine(
        id=str(found.get("id") or ""),
        at=moment(about.get("timestamp")),
        status=str(about.get("status") or ""),
        service=str(about.get("service") or ""),
        message=_log_message(about)[:LONGEST_LOG],
    )


def _log_message(about: dict[str, Any]) -> str:
    """The record's message; structured records keep theirs among their own attributes."""
    own = about.get("attributes")
    own = own if isinstance(own, dict) else {}
    error = own.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    candidates = (about.get("message"), own.get("message"), own.get("msg"), inner)
    return next((each for each in candidates if isinstance(each, str) and each), "")


def count_of(document: Any) -> int:
    """The number in the only bucket; no bucket is Datadog's zero. A partial or odd answer is none, and never zero."""
    answer = document if isinstance(document, dict) else {}
    meta = answer.get("meta")
    if isinstance(meta, dict) and (meta.get("status", "done") != "done" or meta.get("warnings")):
        raise TelemetryUnavailable("Datadog counted only a part of the logs.")
    data = answer.get("data")
    buckets = data.get("buckets") if isinstance(data, dict) else None
    if buckets == []:
        return 0
    try:
        count = buckets[0]["computes"]["c0"]  # type: ignore[index]
    except (TypeError, LookupError):
        count = None
    if isinstance(count, bool) or not isinstance(count, int | float) or not 0 <= count < math.inf:
        raise TelemetryUnavailable("Datadog's count of the logs cannot be read.")
    return round(count)
