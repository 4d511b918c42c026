"""Downtimes and mutes: when nobody is told, and what is told when the silence ends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .monitors import ALERT, NO_DATA, WARN, Monitor
from .scope import Match, ScopeError, parse_scope

END_STATES = ("warn", "alert", "no data")
END_TYPES = ("expired",)
_STATES = {"warn": WARN, "alert": ALERT, "no data": NO_DATA}
SCHEDULED, ACTIVE, ENDED, CANCELED = "scheduled", "active", "ended", "canceled"


class DowntimeError(ValueError):
    """The definition is not a downtime; the message is one sentence for the caller."""


@dataclass(slots=True, kw_only=True)
class Downtime:
    """One silence, from `start` to `end` (seconds since the epoch; None for open) or until it is canceled."""

    id: str
    number: int
    scope: str
    monitor_id: int | None
    monitor_tags: frozenset[str]
    message: str | None
    start: float
    end: float | None
    created: float
    modified: float
    end_states: tuple[str, ...] = END_STATES
    end_types: tuple[str, ...] = END_TYPES
    mute_first_recovery: bool = False
    canceled: float | None = None
    matches: Match = field(repr=False)

    def status(self, now: float) -> str:
        if self.canceled is not None:
            return CANCELED
        if now < self.start:
            return SCHEDULED
        return ENDED if self.end is not None and now >= self.end else ACTIVE

    def concerns(self, monitor: Monitor) -> bool:
        """Whether it names this monitor, by id or by tags (`*` for every monitor)."""
        if self.monitor_id is not None:
            return self.monitor_id == monitor.number
        return self.monitor_tags == {"*"} or self.monitor_tags <= set(monitor.body["tags"])

    def covers(self, monitor: Monitor, tags: Iterable[str], now: float) -> bool:
        return self.status(now) == ACTIVE and self.concerns(monitor) and self.matches(frozenset(tags))

    def tells_at_its_end(self, status: str, now: float) -> bool:
        """Whether a group that is in `status` when the silence is over is told of then."""
        how = {ENDED: "expired", CANCELED: "canceled"}.get(self.status(now))
        return how in self.end_types and status in {_STATES[each] for each in self.end_states}


def read_downtime(given: Mapping[str, Any], *, id: str, number: int, now: float) -> Downtime:  # noqa: A002
    """From the API's attributes; raises DowntimeError."""
    identifier = given.get("monitor_identifier")
    if not isinstance(identifier, Mapping) or ("monitor_id" in identifier) == ("monitor_tags" in identifier):
        raise DowntimeError("monitor_identifier must have either monitor_id or monitor_tags")
    tags = identifier.get("monitor_tags") or []
    schedule = given.get("schedule")
    schedule = schedule if isinstance(schedule, Mapping) else {}
    start, end = _moment(schedule.get("start"), "start"), _moment(schedule.get("end"), "end")
    if end is not None and end <= max(start or now, now):
        raise DowntimeError("end must be after start, and in the future")
    return Downtime(
        id=id,
        number=number,
        scope=str(given.get("scope") or ""),
        monitor_id=identifier.get("monitor_id"),
        monitor_tags=frozenset(str(each) for each in tags),
        message=given.get("message"),
        start=now if start is None else start,
        end=end,
        created=now,
        modified=now,
        end_states=_chosen(given, "notify_end_states", END_STATES, END_STATES),
        end_types=_chosen(given, "notify_end_types", END_TYPES, ("canceled", "expired")),
        mute_first_recovery=bool(given.get("mute_first_recovery_notification")),
        matches=_scope(given.get("scope")),
    )


def _scope(text: object) -> Match:
    if not isinstance(text, str) or not text.strip():
        raise DowntimeError("scope is required")
    try:
        return parse_scope(text).matches
    except ScopeError as error:
        raise DowntimeError(f"scope is invalid: {error}") from error


def _moment(text: object, name: str) -> float | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise DowntimeError(f"{name} is not an ISO-8601 time") from error
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp()


def _chosen(given: Mapping[str, Any], key: str, default: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(key)
    if value is None:
        return default
    if not isinstance(value, list) or not set(value) <= set(allowed):
        raise DowntimeError(f"{key} may name {', '.join(allowed)}")
    return tuple(value)


def muted(monitor: Monitor, group_scope: str, now: float) -> bool:
    """Whether somebody muted the monitor, or this scope of it (options.silenced: scope → end in seconds, or null)."""
    present = set(group_scope.split(","))
    for scope, end in (monitor.options.get("silenced") or {}).items():
        covered = scope == "*" or set(scope.split(",")) <= present
        if covered and (end is None or now < float(end)):
            return True
    return False
