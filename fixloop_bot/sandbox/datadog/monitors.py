"""Metric monitors: what they watch, how a value becomes a status, and which change is told.

query   avg(last_1m):sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{…}.as_count() > 0.05
status  OK, Warn, Alert, No Data     one for each group of the query
"""

import re
from dataclasses import dataclass, field
from typing import Any

from .evaluate import Group, Window, evaluate
from .query import Expression, QueryError, leaves, parse_query
from .store import MetricStore

OK, WARN, ALERT, NO_DATA = "OK", "Warn", "Alert", "No Data"

# (status last told, status now) → $ALERT_TRANSITION. What is not listed is not told.
TRANSITIONS = {
    (OK, ALERT): "Triggered",
    (WARN, ALERT): "Triggered",
    (NO_DATA, ALERT): "Triggered",
    (OK, WARN): "Warn",
    (ALERT, WARN): "Warn",
    (NO_DATA, WARN): "Warn",
    (OK, NO_DATA): "No Data",
    (WARN, NO_DATA): "No Data",
    (ALERT, NO_DATA): "No Data",
    (ALERT, OK): "Recovered",
    (WARN, OK): "Warn Recovered",
    (NO_DATA, OK): "No Data Recovered",
}
ON_MISSING_DATA = ("default", "show_no_data", "show_and_notify_no_data", "resolve")
RENOTIFICATIONS = {ALERT: "Re-Triggered", WARN: "Re-Warn", NO_DATA: "Re-No Data"}

RENOTIFIED = ("alert", "warn", "no data")
_QUERY = re.compile(
    r"\s*(avg|sum|min|max|percentile)\(\s*last_(\d{1,5})([smhd])\s*\)\s*:(.+?)(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*",
    re.DOTALL,
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class MonitorError(ValueError):
    """The definition is not a monitor; the message is one sentence for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The parsed query of a metric monitor; `window_s` in seconds."""

    over: str
    window_s: int
    text: str
    tree: Expression
    comparator: str
    thresholds: dict[str, float]

    @property
    def scope(self) -> str:
        return leaves(self.tree)[0].scope.text

    @property
    def by(self) -> tuple[str, ...]:
        return next((leaf.by for leaf in leaves(self.tree) if leaf.by), ())

    def breaches(self, value: float, threshold: float) -> bool:
        match self.comparator:
            case ">":
                return value > threshold
            case ">=":
                return value >= threshold
            case "<":
                return value < threshold
            case _:
                return value <= threshold


@dataclass(slots=True)
class GroupState:
    """One group's life; times in seconds, 0 for never."""

    status: str = NO_DATA
    told: str = OK
    value: float | None = None
    told_at: float = 0
    data_at: float = 0
    triggered_at: float = 0
    resolved_at: float = 0
    cycle_key: str = ""
    repeats: int = 0
    held_by: str = ""
    """Why nobody was told of the present status: a downtime's id, "mute", or nothing."""


@dataclass(slots=True)
class Monitor:
    """A stored definition with the state of its groups. `condition` is None for types that are only kept."""

    number: int
    body: dict[str, Any]
    condition: Condition | None
    created_at: float
    groups: dict[Group, GroupState] = field(default_factory=dict)
    changed_at: float = 0

    @property
    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.body["options"]
        return options

    @property
    def overall(self) -> str:
        """The worst status of any group; No Data where there is none."""
        present = {state.status for state in self.groups.values()}
        return next((status for status in (ALERT, WARN, NO_DATA, OK) if status in present), NO_DATA)

    def scope_of(self, group: Group) -> str:
        """`env:prod,service:checkout`: the query's own scope with the group's tags; `*` for neither."""
        base = [] if self.condition is None or self.condition.scope == "*" else self.condition.scope.split(",")
        return ",".join(sorted({*base, *group})) or "*"


def parse_condition(body: dict[str, Any]) -> Condition:
    """The condition of a metric monitor from its definition; raises MonitorError."""
    match = _QUERY.fullmatch(str(body.get("query", "")))
    if match is None:
        raise MonitorError("The value provided for parameter 'query' is invalid")
    try:
        tree = parse_query(match[4].strip())
    except QueryError as error:
        raise MonitorError(f"The value provided for parameter 'query' is invalid: {error}") from error
    return Condition(
        over=match[1],
        window_s=max(int(match[2]) * _UNITS[match[3]], 1),
        text=match[4].strip(),
        tree=tree,
        comparator=match[5],
        thresholds=_thresholds(body, float(match[6])),
    )


def _thresholds(body: dict[str, Any], critical: float) -> dict[str, float]:
    given = (body.get("options") or {}).get("thresholds") or {}
    try:
        thresholds = {str(name): float(value) for name, value in given.items() if value is not None}
    except (TypeError, ValueError, AttributeError) as error:
        raise MonitorError("The value provided for parameter 'thresholds' is invalid") from error
    if thresholds.setdefault("critical", critical) != critical:
        raise MonitorError(
            f"Alert threshold ({thresholds['critical']:g}) does not match that of the query ({critical:g})"
        )
    return thresholds


def measure(condition: Condition, store: MetricStore, now: float) -> dict[Group, float]:
    """The value of each group that has data in the window before `now`.

    Counts and distributions are added up over the whole window before arithmetic, so that an error rate is
    errors by requests and not a mean of rates; gauges are aggregated as the query's `avg(last_…)` says.
    """
    end = int(now)
    summed = all(_is_total(leaf.kind, store.type_of(leaf.name)) for leaf in leaves(condition.tree))
    interval = condition.window_s if summed else max(1, condition.window_s // 60)
    window = Window(start=end - condition.window_s, end=end, interval=interval)
    return {
        group: _over_time(condition.over, values)
        for group, points in evaluate(condition.tree, window, store).items()
        if (values := [value for value in points.values() if value is not None])
    }


def _is_total(kind: str, metric_type: str) -> bool:
    return kind == "count" or metric_type in ("count", "distribution")


def _over_time(method: str, values: list[float]) -> float:
    match method:
        case "sum":
            return sum(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case _:
            return sum(values) / len(values)


def judge(condition: Condition, value: float, before: str) -> str:
    """The status of a value; inside a recovery threshold the status before it stays."""
    limits = condition.thresholds
    if _holds(condition, value, "critical", stays=before == ALERT):
        return ALERT
    if "warning" in limits and _holds(condition, value, "warning", stays=before in (ALERT, WARN)):
        return WARN
    return OK


def _holds(condition: Condition, value: float, level: str, *, stays: bool) -> bool:
    recovery = condition.thresholds.get(f"{level}_recovery")
    limit = recovery if stays and recovery is not None else condition.thresholds[level]
    return condition.breaches(value, limit)


def advance(monitor: Monitor, state: GroupState, value: float | None, now: float) -> str | None:
    """Move one group to the status of its newest value; the transition to be told, or None."""
    condition = monitor.condition
    if condition is None:
        return None
    state.value = value
    if value is None:
        return _without_data(monitor, state, now)
    state.data_at = now
    return _enter(monitor, state, judge(condition, value, state.status), now)


def _without_data(monitor: Monitor, state: GroupState, now: float) -> str | None:
    """Silence becomes No Data after the time frame (minutes; default two windows), told only if asked for."""
    minutes = monitor.options.get("no_data_timeframe")
    window_s = monitor.condition.window_s if monitor.condition else 60
    patience_s = float(minutes) * 60 if minutes else 2.0 * window_s
    if now - max(state.data_at, monitor.created_at) < patience_s:
        return None
    wanted = monitor.options.get("on_missing_data", "default")
    if wanted == "resolve":
        return _enter(monitor, state, OK, now)
    if wanted == "show_and_notify_no_data" or (wanted == "default" and monitor.options.get("notify_no_data")):
        return _enter(monitor, state, NO_DATA, now)
    _change(monitor, state, NO_DATA, now)
    return None


def _enter(monitor: Monitor, state: GroupState, status: str, now: float) -> str | None:
    _change(monitor, state, status, now)
    change = TRANSITIONS.get((state.told, status))
    transition = change or _renotification(monitor, state, now)
    if transition is not None:
        state.repeats = 0 if change else state.repeats + 1
        state.told, state.told_at = status, now
    return transition


def _change(monitor: Monitor, state: GroupState, status: str, now: float) -> None:
    if status == state.status:
        return
    if status == ALERT:
        state.triggered_at = now
    if status == OK and state.status != NO_DATA:
        state.resolved_at = now
    state.status = status
    monitor.changed_at = now


def _renotification(monitor: Monitor, state: GroupState, now: float) -> str | None:
    """Repeat a bad status every `renotify_interval` minutes; fractions are allowed here.

    `renotify_statuses` (alert, warn, no data) says which, `renotify_occurrences` how often at most.
    """
    minutes = float(monitor.options.get("renotify_interval") or 0)
    statuses = monitor.options.get("renotify_statuses") or RENOTIFIED
    most = monitor.options.get("renotify_occurrences")
    due = minutes > 0 and now - state.told_at >= minutes * 60 and state.status.lower() in statuses
    due = due and (most is None or state.repeats < int(most))
    return RENOTIFICATIONS.get(state.status) if due and state.status == state.told else None
