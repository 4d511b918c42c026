"""A webhook body becomes a Signal: the one door through which Datadog's notifications come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from fixloop_bot.adapters.datadog import prose
from fixloop_bot.adapters.datadog.fields import Fields, read_fields
from fixloop_bot.adapters.datadog.identity import (
    LONGEST_KEY,
    identity,
    monitor_implied,
    monitor_named,
    signal_id,
)
from fixloop_bot.adapters.datadog.monitor_query import measure_of, metric_of, narrowed
from fixloop_bot.adapters.datadog.vocabulary import (
    ALERT_TYPES,
    DATADOG_WORDS,
    FIELD_WORDS,
    TAG_SYNONYMS,
    TOOLS,
    transition_word,
)
from fixloop_bot.domain.signals import Measure, Signal, Transition

MOST_TAGS = 100
LONGEST_TAG = 200
LONGEST_SCOPE = 500
MOST_TEXTS = 12
MOST_OTHERS = 300
AHEAD_S = 300.0  # a notification from further in the future has a wrong clock
OLDEST = 1_262_304_000.0  # 2010: Datadog's first year

_PART = re.compile(r"[,\s]+")
_TAG_LIKE = re.compile(r"[A-Za-z][\w./-]{0,60}:\S|\{")
_QUERY_TAG = re.compile(r"[{,]\s*(service|env):([\w./-]{1,100})\s*(?=[,}])")


def parse_signal(body: bytes, *, content_type: str, received_at: float) -> Signal:
    """The signal in one delivery; ``received_at`` in seconds since the epoch.

    Takes any template: JSON (also broken by unquoted text), form fields, any key naming and nesting. Raises
    UnreadableSignal, with one sentence, where there is neither a title nor anything that says which alert it is.
    """
    fields = read_fields(body, content_type=content_type)
    texts = _texts(fields)
    message = _message(texts)
    titles = _titles(fields, texts)
    pages = _pages(fields, texts)
    monitor_id = monitor_named(fields) or pages.monitor_id
    if monitor_id is None and (titles or message):  # a number alone is no alert
        monitor_id = monitor_implied(fields)
    scope = _scope(fields, titles, pages.group)
    tags = _tags(fields)
    transition, contradiction = _transition(fields, titles, message)
    query = fields.first("ALERT_QUERY") or next(filter(None, map(prose.query_in, texts)), "")
    facts = _fact(fields, "service", scope, tags, query), _fact(fields, "env", scope, tags, query)
    title = titles[0] if titles else ""
    kind, about = identity(fields, monitor_id=monitor_id, event=pages.event, scope=scope, title=title, facts=facts)
    own_id, stable = signal_id(fields, body, transition=transition, monitor_id=monitor_id, event=pages.event)
    return Signal(
        id=own_id,
        stable_id=stable,
        identity=about,
        identity_kind=kind,
        transition=transition,
        title=title or (f"Monitor {monitor_id}" if monitor_id else "Datadog alert"),
        message=message,
        service=facts[0],
        env=facts[1],
        tags=tags,
        scope=scope,
        monitor_id=monitor_id,
        measure=_measure(query, scope),
        metric=_short(fields.first("ALERT_METRIC"), LONGEST_KEY) or metric_of(query),
        value=_value(fields, message),
        priority=_priority(fields, titles),
        link=_link(fields, pages.addresses),
        snapshot=_snapshot(fields, texts),
        occurred_at=_occurred_at(fields, received_at),
        received_at=received_at,
        contradiction=contradiction,
    )


def _texts(fields: Fields) -> list[str]:
    """What may be the message, best first, as it came: also a ``summary`` of many lines, and Datadog's markdown
    under any key."""
    found = [text for variable in ("TEXT_ONLY_MSG", "EVENT_MSG") for text in fields.all(variable)]
    found += sorted(fields.all("MESSAGE"), key=lambda text: prose.MARK not in text)
    found += [text for text in fields.all("TITLE") if prose.MARK in text or "\n" in text.strip()]
    found += [text for text in _others(fields) if prose.MARK in text]
    return found[:MOST_TEXTS]


def _message(texts: list[str]) -> str:
    """The first text that says more than a title does, or else the first."""
    plain = [message for text in texts if (message := prose.plain(text, prose.LONGEST_MESSAGE))]
    return next((message for message in plain if not prose.only_a_title(message)), plain[0] if plain else "")


def _titles(fields: Fields, texts: list[str]) -> list[str]:
    """Titles, best first. A card has none, or one that its button has too: then what begins as Datadog's titles do
    counts, in a text or under any key, and at last what the template wrote above the event's text."""
    named = [_title_in(text) for variable in ("EVENT_TITLE", "ALERT_TITLE") for text in fields.all(variable)]
    loose = list(filter(None, map(_title_in, fields.all("TITLE"))))
    found = [*filter(None, named), *filter(prose.title_transition, loose)]
    if not found:
        lines = map(prose.first_line, texts if loose else (*texts, *_others(fields)))
        found = list(filter(prose.title_transition, lines))
    return [*found, *loose] or list(filter(None, map(prose.heading, texts)))


def _title_in(text: str) -> str:
    return prose.one_line(text.partition(prose.MARK)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    """What the links of a payload lead to in Datadog, and the links, best first."""

    monitor_id: str | None
    group: str
    event: str | None
    addresses: tuple[str | None, ...]


def _pages(fields: Fields, texts: list[str]) -> _Pages:
    """A link's own key before the texts, and those before links that stand alone under any key."""
    links, loose = (list(filter(prose.is_alert_page, found)) for found in (fields.all("LINK"), _others(fields)))
    monitor = prose.monitor_in(*links, *texts) or prose.monitor_in(*loose)
    monitor_id, group, address = monitor or (None, "", None)
    event = prose.event_in(*links) or prose.event_in(*texts) or prose.event_in(*loose)
    addresses = (*links, address, prose.event_page_in(*texts), *loose)
    return _Pages(monitor_id=monitor_id, group=group, event=event, addresses=addresses)


def _others(fields: Fields) -> list[str]:
    return fields.all("OTHER")[:MOST_OTHERS]


def _link(fields: Fields, pages: Iterable[str | None]) -> str | None:
    """Datadog's own page before a link that the template writes for something else."""
    return next(filter(None, map(prose.web_address, (*pages, *fields.all("LINK")))), None)


def _snapshot(fields: Fields, texts: list[str]) -> str | None:
    own = filter(None, map(prose.web_address, fields.all("SNAPSHOT")))
    return next(own, None) or prose.web_address(prose.snapshot_in(*_others(fields), *texts))


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


def _fact(fields: Fields, name: str, scope: str, tags: tuple[str, ...], query: str) -> str | None:
    """``service`` or ``env``: from its own key, the scope, the tags, or the monitor's query if that names one only."""
    hosts = {part.strip().removeprefix("host:") for part in (*scope.split(","), *tags) if "host:" in part}
    hosts.update(fields.all("HOSTNAME"))
    for own in fields.all(name.upper()):
        if found := _tag_value(own.split(","), name):
            return found
        if not (own in hosts or own.lower() in TOOLS or _TAG_LIKE.match(own)):
            return _short(own, 100)
    if found := _tag_value(scope.split(","), name) or _tag_value(tags, name):
        return found
    asked = {value for key, value in _QUERY_TAG.findall(query[:4_000]) if key == name}
    return asked.pop() if len(asked) == 1 else None


def _tag_value(parts: Iterable[str], name: str) -> str | None:
    for part in parts:
        key, _, value = part.strip().partition(":")
        if key.lower() in (name, TAG_SYNONYMS.get(name)) and value.strip():
            return _short(value, 100)
    return None


def _measure(query: str, scope: str) -> Measure | None:
    measure = measure_of(prose.plain(query, prose.LONGEST_MESSAGE)) if query else None
    return narrowed(measure, scope) if measure is not None else None


def _value(fields: Fields, message: str) -> float | None:
    numbers = [number for text in fields.all("VALUE") if (number := prose.number_of(text)) is not None]
    return numbers[0] if numbers else prose.value_in(message)


def _priority(fields: Fields, titles: list[str]) -> str | None:
    own = (prose.priority_of(text) for text in fields.all("ALERT_PRIORITY"))
    hinted = (prose.priority_of(text) for text in fields.all("HINT") if text.strip()[:1] in "Pp")
    return next(filter(None, [*own, *map(prose.title_priority, titles), *hinted]), None)


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
