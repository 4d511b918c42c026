"""A webhook body becomes a Signal: the one door through which Datadog's notifications come in."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from fixloop_bot.adapters.datadog import prose
from fixloop_bot.adapters.datadog.fields import Fields, read_fields
from fixloop_bot.adapters.datadog.monitor_query import measure_of, metric_of, narrowed
from fixloop_bot.adapters.datadog.vocabulary import (
    ALERT_TYPES,
    DATADOG_WORDS,
    FIELD_WORDS,
    resolved,
    transition_word,
)
from fixloop_bot.domain.errors import UnreadableSignal
from fixloop_bot.domain.signals import IdentityKind, Measure, Signal, Transition, bare_title

MOST_TAGS = 100
LONGEST_TAG = 200
LONGEST_SCOPE = 500
LONGEST_KEY = 200
EVENT_ID_DIGITS = 15  # Datadog's events have 19, its monitors at most 10 yet
AHEAD_S = 300.0  # a notification from further in the future has a wrong clock
OLDEST = 1_262_304_000.0  # 2010: Datadog's first year

_PART = re.compile(r"[,\s]+")
_QUERY_TAG = re.compile(r"[{,]\s*(service|env):([\w./-]{1,100})\s*(?=[,}])")


def parse_signal(body: bytes, *, content_type: str, received_at: float) -> Signal:
    """The signal in one delivery; ``received_at`` in seconds since the epoch.

    Takes any template: JSON (also broken by unquoted text), form fields, any key naming and nesting. Raises
    UnreadableSignal, with one sentence, where there is neither a title nor anything that says which alert it is.
    """
    fields = read_fields(body, content_type=content_type)
    message = _message(fields)
    titles = _titles(fields, message)
    link = fields.first("LINK") or ""
    monitor = prose.monitor_in(link, fields.first("EVENT_MSG") or "", message)
    scope = _scope(fields, titles, monitor[1] if monitor else "")
    tags = _tags(fields)
    transition, contradiction = _transition(fields, titles, message)
    monitor_id = _monitor_id(fields) or (monitor[0] if monitor else None)
    query = fields.first("ALERT_QUERY") or prose.query_in(message) or ""
    service, env = (_fact(fields, name, scope=scope, tags=tags, query=query) for name in ("service", "env"))
    title = titles[0] if titles else ""
    kind, identity = _identity(fields, monitor_id=monitor_id, scope=scope, title=title, facts=(service, env))
    signal_id, stable = _signal_id(fields, body, transition=transition, texts=(link, message))
    return Signal(
        id=signal_id,
        stable_id=stable,
        identity=identity,
        identity_kind=kind,
        transition=transition,
        title=title or (f"Monitor {monitor_id}" if monitor_id else "Datadog alert"),
        message=message,
        service=service,
        env=env,
        tags=tags,
        scope=scope,
        monitor_id=monitor_id,
        measure=_measure(query, scope),
        metric=_short(fields.first("ALERT_METRIC"), LONGEST_KEY) or metric_of(query),
        value=_value(fields, message),
        priority=_priority(fields, titles),
        link=prose.web_address(link) or (prose.web_address(monitor[2]) if monitor else None),
        snapshot=prose.web_address(fields.first("SNAPSHOT")),
        occurred_at=_occurred_at(fields, received_at),
        received_at=received_at,
        contradiction=contradiction,
    )


def _message(fields: Fields) -> str:
    for variable in ("TEXT_ONLY_MSG", "EVENT_MSG", "MESSAGE"):
        for text in fields.all(variable):
            if message := prose.plain(text, prose.LONGEST_MESSAGE):
                return message
    return ""


def _titles(fields: Fields, message: str) -> list[str]:
    """Titles, best first; a chat-shaped payload has none, so its text counts if it begins as Datadog's titles do."""
    found = [
        title
        for variable in ("EVENT_TITLE", "ALERT_TITLE", "TITLE")
        for text in fields.all(variable)
        if (title := prose.one_line(text))
    ]
    first_line = prose.one_line(message.partition("\n")[0])
    if not found and prose.title_transition(first_line) is not None:
        found.append(first_line)
    return found


def _transition(fields: Fields, titles: list[str], message: str) -> tuple[Transition, bool]:
    """What changed, and whether the title says the opposite. The field is trusted over the title."""
    title_says = next((word for title in titles if (word := prose.title_transition(title))), None)
    said = fields.first("ALERT_TRANSITION")
    if said is None:
        return title_says or _hinted(fields, message), False
    transition = transition_word(said, FIELD_WORDS) or Transition.UNKNOWN
    if title_says is None or transition is Transition.UNKNOWN:
        return transition, False
    recovered = Transition.RECOVERED
    return transition, (transition is recovered) != (title_says is recovered)


def _hinted(fields: Fields, message: str) -> Transition:
    """From keys that may hold a transition among other things, the text of a manual resolve, at last $ALERT_TYPE."""
    words = {word for text in fields.all("HINT") if (word := transition_word(text, DATADOG_WORDS))}
    if len(words) == 1:
        return words.pop()
    if prose.says_recovered_by_hand(message):
        return Transition.RECOVERED
    return ALERT_TYPES.get((fields.first("ALERT_TYPE") or "").strip().lower(), Transition.UNKNOWN)


def _monitor_id(fields: Fields) -> str | None:
    found = fields.first("ALERT_ID")
    if found is None or not resolved(found):
        return None
    return _short(found.strip().removesuffix(".0"), 100)


def _scope(fields: Fields, titles: list[str], from_link: str) -> str:
    """The group that triggered, as ``key:value`` parts; empty for a monitor without groups."""
    candidates = [*fields.all("ALERT_SCOPE"), *(prose.title_scope(title) for title in titles), from_link]
    for candidate in candidates:
        scope = prose.one_line(candidate, LONGEST_SCOPE).strip("{} ").replace('"', "")
        if scope.startswith("["):
            scope = scope.strip("[] ")
        if scope:
            return "" if scope == "*" else scope
    return ""


def _tags(fields: Fields) -> tuple[str, ...]:
    """Tags in the order they came, each once: from lists, mappings, ``a:b, c:d`` and ``#a:b #c:d``."""
    parts = (
        part.strip("#\"'[]{}") for text in fields.all("TAGS") for part in _PART.split(prose.plain(text, prose.READ))
    )
    return tuple(dict.fromkeys(part[:LONGEST_TAG] for part in parts if part))[:MOST_TAGS]


def _fact(fields: Fields, name: str, *, scope: str, tags: tuple[str, ...], query: str) -> str | None:
    """``service`` or ``env``: from its own key, the scope, the tags, or the monitor's query if that names one only."""
    if own := fields.first(name.upper()):
        return _short(own, 100)
    for parts in (scope.split(","), tags):
        for part in parts:
            key, _, value = part.strip().partition(":")
            if key.lower() == name and value.strip():
                return _short(value, 100)
    asked = {value for key, value in _QUERY_TAG.findall(query[:4_000]) if key == name}
    return asked.pop() if len(asked) == 1 else None


def _identity(
    fields: Fields, *, monitor_id: str | None, scope: str, title: str, facts: tuple[str | None, str | None]
) -> tuple[IdentityKind, str]:
    """Which trouble this is about, from the first of the documented keys that is there."""
    for kind, variable, space in (
        (IdentityKind.CYCLE, "ALERT_CYCLE_KEY", "cycle"),
        (IdentityKind.AGGREGATE, "AGGREG_KEY", "aggreg"),
    ):
        key = next((key for key in fields.all(variable) if resolved(key)), None)
        if key is not None:
            return kind, _bounded(space, key.strip())
    if monitor_id is not None:
        parts = ",".join(sorted(part.strip() for part in scope.split(",") if part.strip()))
        return IdentityKind.MONITOR_AND_SCOPE, _bounded("monitor", f"{monitor_id}|{parts}" if parts else monitor_id)
    if not title:
        raise UnreadableSignal("The body has neither a title nor a key that says which alert it is about.")
    named = [f"{name}:{value}" for name, value in zip(("service", "env"), facts, strict=True) if value]
    return IdentityKind.TITLE, _bounded("title", "|".join([bare_title(title), *named]).casefold())


def _signal_id(fields: Fields, body: bytes, *, transition: Transition, texts: tuple[str, ...]) -> tuple[str, bool]:
    """The notification's id and whether it is stable: from the event id, or else from the bytes."""
    date = fields.first("DATE") or ""
    event = _event_id(fields, dated=bool(date)) or prose.event_in(*texts)
    if event is None:
        return f"body:{hashlib.sha256(body).hexdigest()}", False
    return _bounded("event", "|".join((event, transition.value, date.strip()))), True


def _event_id(fields: Fields, *, dated: bool) -> str | None:
    """$ID. Some templates put the monitor's id under ``id``: then only a date tells two notifications apart, and
    where it may be so without one, the bytes are the safer id."""
    if own := fields.explicit("ID"):
        return own.strip()
    found = (fields.first("ID") or "").strip()
    monitor = fields.first("ALERT_ID")
    if not found or not resolved(found) or (monitor is not None and monitor.strip() == found and not dated):
        return None
    certain = len(found) >= EVENT_ID_DIGITS or monitor is not None
    return found if certain or dated else None


def _measure(query: str, scope: str) -> Measure | None:
    measure = measure_of(prose.plain(query, prose.LONGEST_MESSAGE)) if query else None
    return narrowed(measure, scope) if measure is not None else None


def _value(fields: Fields, message: str) -> float | None:
    numbers = [number for text in fields.all("VALUE") if (number := prose.number_of(text)) is not None]
    return numbers[0] if numbers else prose.value_in(message)


def _priority(fields: Fields, titles: list[str]) -> str | None:
    own = (prose.priority_of(text) for text in fields.all("ALERT_PRIORITY"))
    return next(filter(None, [*own, *map(prose.title_priority, titles)]), None)


def _occurred_at(fields: Fields, received_at: float) -> float:
    """Seconds since the epoch; when it was received, if the payload has no date that can be right."""
    for variable in ("DATE", "LAST_UPDATED"):
        for text in fields.all(variable):
            moment = moment_of(text)
            if moment is not None and OLDEST <= moment <= received_at + AHEAD_S:
                return moment
    return received_at


def moment_of(text: str) -> float | None:
    """Epoch seconds of a date in s, ms, µs or ns, or in ISO 8601 (UTC unless it says otherwise)."""
    number = prose.number_of(text)
    if number is not None:
        for limit, unit in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)):
            if abs(number) < limit:
                return number / unit
        return number / 1e9
    try:
        moment = datetime.fromisoformat(text.strip()[:40].removesuffix(" UTC"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _short(text: str | None, limit: int) -> str | None:
    return (prose.one_line(text, limit) or None) if text else None


def _bounded(space: str, key: str) -> str:
    """``space:key``, where a long or unprintable key is replaced by its SHA-256."""
    if len(key) <= LONGEST_KEY and key.isprintable():
        return f"{space}:{key}"
    return f"{space}:sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
