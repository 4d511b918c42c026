"""Numbers as people read them: a share in per cent, a latency with its unit, and always the limit beside the value."""

from __future__ import annotations

import math
import re
from enum import StrEnum


class Unit(StrEnum):
    """What a number counts. ``SHARE`` is a fraction of one, read in per cent; ``PERCENT`` is in per cent already."""

    SHARE = "share"
    PERCENT = "percent"
    MILLISECONDS = "ms"
    SECONDS = "s"
    NONE = ""


_TIMES_HUNDRED = re.compile(r"\*\s*100(?:\.0*)?(?![\d.])|(?<![\d.])100(?:\.0*)?\s*\*")
_MILLISECONDS = re.compile(r"(?:_|\.|\b)(?:ms|millis\w*|latency_ms)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\bp\d\d:trace\.|\b\w*seconds\b", re.IGNORECASE)  # Datadog's APM durations are in seconds
_TROUBLE = re.compile(r"error|fail|5xx|fault|exception", re.IGNORECASE)


def unit_of(query: str, limit: float | None) -> Unit:
    """The unit that a Datadog query's value has, as far as its text tells.

    A quotient with a limit of at most one is a share. One that is multiplied by 100 is in per cent already.
    """
    if "/" in query:
        if _TIMES_HUNDRED.search(query):
            return Unit.PERCENT
        return Unit.SHARE if limit is not None and 0 <= limit <= 1 else Unit.NONE
    if _MILLISECONDS.search(query):
        return Unit.MILLISECONDS
    return Unit.SECONDS if _SECONDS.search(query) else Unit.NONE


def measured_name(query: str, limit: float | None) -> str:
    """What is measured, in a word or two: ``error share``, ``share``, ``the metric``."""
    if unit_of(query, limit) not in (Unit.SHARE, Unit.PERCENT):
        return "the metric"
    return "error share" if _TROUBLE.search(query.split("/", 1)[0]) else "share"


def number(value: float) -> str:
    """Three significant digits below 100, four above, thousands apart, no trailing zeros."""
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e12:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size < 100 else f"{value:.4g}"


def reading(value: float, unit: Unit) -> str:
    """A value with its unit: ``31 %``, ``212 ms``, ``0.4``."""
    match unit:
        case Unit.SHARE:
            return f"{number(value * 100)} %"
        case Unit.PERCENT:
            return f"{number(value)} %"
        case Unit.MILLISECONDS:
            return milliseconds(value)
        case Unit.SECONDS:
            return f"{number(value)} s"
        case _:
            return number(value)


def milliseconds(value: float) -> str:
    """A latency as precise as it matters: ``1.6 ms``, ``84 ms``, ``1,240 ms``, ``12.4 s``."""
    if not math.isfinite(value):
        return "unknown"
    if abs(value) >= 10_000:
        return f"{number(value / 1000)} s"
    return f"{value:,.0f} ms" if abs(value) >= 10 else f"{value:.2g} ms"


def per_minute(value: float) -> str:
    """How often something is logged: ``42 a minute``."""
    return f"{number(value)} a minute"


def about_errors(text: str) -> bool:
    """Whether a title or a query speaks of errors, and not of slowness or load."""
    return bool(_TROUBLE.search(text))


def times_before(factor: float) -> str:
    """``the hour before``, ``2 × the hour before``: the yardstick of what has no limit of its own."""
    return "the hour before" if factor == 1 else f"{factor:g} × the hour before"


SIDES = {"<": "under", "<=": "at most", ">": "over", ">=": "at least"}


def bound(healthy_when: str, limit: str) -> str:
    """``at most 2 %``."""
    return f"{SIDES.get(healthy_when, healthy_when)} {limit}"
