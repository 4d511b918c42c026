"""A signal: one received Datadog notification, immutable.

Its *alert transition* says what it claims has changed; its *identity* says which trouble it is about. The identity
is the first of these that the payload has, because each later one merges more: alert cycle key, aggregation key,
monitor and scope, title without prefixes and tags (docs.datadoghq.com/integrations/webhooks).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Transition(StrEnum):
    """What a signal says has changed. ``UNKNOWN`` is neither firing nor recovered."""

    TRIGGERED = "Triggered"
    RE_TRIGGERED = "Re-Triggered"
    WARN = "Warn"
    RE_WARN = "Re-Warn"
    NO_DATA = "No Data"
    RE_NO_DATA = "Re-No Data"
    RECOVERED = "Recovered"
    RENOTIFY = "Renotify"
    UNKNOWN = "Unknown"

    @property
    def alerting(self) -> bool:
        """Whether the monitor says that something is wrong now."""
        return self not in (Transition.RECOVERED, Transition.UNKNOWN)

    @property
    def again(self) -> bool:
        """Whether the monitor says that a trouble it had let go of is back."""
        return self in (Transition.RE_TRIGGERED, Transition.RE_WARN, Transition.RE_NO_DATA)


class IdentityKind(StrEnum):
    """Which part of the payload the identity came from, strongest first."""

    CYCLE = "alert cycle"
    AGGREGATE = "aggregation key"
    MONITOR_AND_SCOPE = "monitor and scope"
    TITLE = "title"
    WATCH = "watched metric"
    DECLARED = "declaration"
    """No telemetry: a person says so."""


class Comparator(StrEnum):
    """How a measured value is held against its limit; the *trouble* is when it is true."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def breached(self, value: float, limit: float) -> bool:
        """Whether ``value`` is on the wrong side of ``limit``."""
        match self:
            case Comparator.ABOVE:
                return value > limit
            case Comparator.AT_LEAST:
                return value >= limit
            case Comparator.BELOW:
                return value < limit
            case Comparator.AT_MOST:
                return value <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The metric behind a signal: a query, and the limit beyond which it is trouble.

    ``window_s`` is the monitor's evaluation window in seconds; ``reduce`` how it folds the window into one number.
    """

    query: str
    comparator: Comparator
    limit: float
    window_s: float = 300.0
    reduce: str = "avg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One notification. Times are seconds since the epoch; text is as it came, and is data, never instructions.

    ``id`` is the same for a repeated delivery of the same notification, and ``stable_id`` says whether it was built
    from an event id (then a repetition is recognised for a day) or only from the bytes (then for a quarter of an
    hour).
    """

    id: str
    stable_id: bool = True
    identity: str
    identity_kind: IdentityKind
    transition: Transition
    title: str
    message: str = ""
    service: str | None = None
    env: str | None = None
    tags: tuple[str, ...] = ()
    scope: str = ""
    monitor_id: str | None = None
    measure: Measure | None = None
    metric: str | None = None
    value: float | None = None
    priority: str | None = None
    link: str | None = None
    snapshot: str | None = None
    occurred_at: float
    received_at: float
    contradiction: bool = False
    """The title says the opposite of the transition: such a signal never counts as a recovery."""

    @property
    def recovers(self) -> bool:
        """Whether this signal may be taken as the monitor's word that the trouble is over."""
        return self.transition is Transition.RECOVERED and not self.contradiction

    def facts(self) -> dict[str, set[str]]:
        """Tags and scope as key → values, the way a catalog entry's ``match`` reads them."""
        found: dict[str, set[str]] = {}
        for part in (*self.tags, *self.scope.strip("{}").split(",")):
            key, separator, value = part.strip().partition(":")
            if separator and value:
                found.setdefault(key.strip().lower(), set()).add(value.strip().lower())
        for key, known in (("service", self.service), ("env", self.env)):
            if known:
                found.setdefault(key, set()).add(known.lower())
        return found


_PREFIX = re.compile(r"^\s*(?:\[[^\]]*\]\s*)+")
_SUFFIX = re.compile(r"\s+on\s+\{[^}]*\}\s*$|\s*\{[^}]*\}\s*$")


def bare_title(title: str) -> str:
    """A monitor's title without ``[P2] [Triggered on {…}]`` prefixes and trailing scope tags.

    An alert names nobody: what looks like a mention in it would call a person wherever a line of ours quotes it.
    """
    stripped = _SUFFIX.sub("", _PREFIX.sub("", title)).strip()
    return (stripped or title.strip()).replace("<@", "‹@")
