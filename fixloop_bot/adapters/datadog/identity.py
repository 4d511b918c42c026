"""Which trouble, which monitor and which notification a payload is about.

Templates put Datadog's ids under keys of every name, so a key's name is confirmed by the id's form: a monitor's id has
up to ten digits, an event's nineteen, an aggregation key is hexadecimal.
"""

from __future__ import annotations

import hashlib
import re

from fixloop_bot.adapters.datadog import prose
from fixloop_bot.adapters.datadog.fields import Fields
from fixloop_bot.adapters.datadog.vocabulary import resolved
from fixloop_bot.domain.errors import UnreadableSignal
from fixloop_bot.domain.signals import IdentityKind, Transition, bare_title

LONGEST_KEY = 200
EVENT_ID_DIGITS = 15  # Datadog's events have 19, its monitors at most 10 yet

_AROUND_DIGITS = re.compile(r"^\D+|\D+$")


def monitor_named(fields: Fields) -> str | None:
    """$ALERT_ID, under a key that says so; an event's id under such a key is none."""
    for text in fields.all("ALERT_ID"):
        found = prose.one_line(text, 100).removesuffix(".0")
        if found and resolved(found) and not _event_sized(found):
            return found
    return None


def monitor_implied(fields: Fields) -> str | None:
    """A monitor's id under ``id`` or as a de-duplication key, where nothing else names the monitor."""
    for variable in ("ID", "AGGREG_KEY"):
        for text in fields.generic(variable):
            if _number(text) and not _event_sized(text):
                return text.strip()
    return None


def identity(
    fields: Fields,
    *,
    monitor_id: str | None,
    event: str | None,
    scope: str,
    title: str,
    facts: tuple[str | None, str | None],
) -> tuple[IdentityKind, str]:
    """Which trouble this is about, from the first of the documented keys that is there."""
    if cycle := next(filter(resolved, fields.all("ALERT_CYCLE_KEY")), None) or _cycle_under_id(fields, event):
        return IdentityKind.CYCLE, bounded("cycle", cycle.strip())
    for key in filter(resolved, fields.all("AGGREG_KEY")):
        if monitor_id is None or _AROUND_DIGITS.sub("", key[:LONGEST_KEY]) != monitor_id:
            return IdentityKind.AGGREGATE, bounded("aggreg", key.strip())
    if monitor_id is not None:
        parts = ",".join(sorted(part.strip() for part in scope.split(",") if part.strip()))
        return IdentityKind.MONITOR_AND_SCOPE, bounded("monitor", f"{monitor_id}|{parts}" if parts else monitor_id)
    if not title:
        raise UnreadableSignal("The body has neither a title nor a key that says which alert it is about.")
    named = [f"{name}:{value}" for name, value in zip(("service", "env"), facts, strict=True) if value]
    return IdentityKind.TITLE, bounded("title", "|".join([bare_title(title), *named]).casefold())


def signal_id(
    fields: Fields, body: bytes, *, transition: Transition, monitor_id: str | None, event: str | None
) -> tuple[str, bool]:
    """The notification's id and whether it is stable: from the event id, or else from the bytes."""
    date = (fields.first("DATE") or "").strip()
    under_id = _event_under_id(fields, monitor_id, dated=bool(date))
    found = _event_named(fields) or event or under_id or next(filter(_event_sized, fields.all("ALERT_ID")), None)
    if found is None:
        return f"body:{hashlib.sha256(body).hexdigest()}", False
    return bounded("event", "|".join((found, transition.value, date))), True


def bounded(space: str, key: str) -> str:
    """``space:key``, where a long or unprintable key is replaced by its SHA-256."""
    if len(key) <= LONGEST_KEY and key.isprintable():
        return f"{space}:{key}"
    return f"{space}:sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _event_named(fields: Fields) -> str | None:
    """$ID, under a key that says so; a template that forgot the dollar sends the word "ID"."""
    own = fields.explicit("ID")
    return own.strip() if own is not None and resolved(own) and any(map(str.isdigit, own)) else None


def _event_under_id(fields: Fields, monitor_id: str | None, *, dated: bool) -> str | None:
    """$ID under ``id``, unless it is the monitor's: then two groups that change at once would be one notification."""
    found = next(iter(fields.generic("ID")), "").strip()
    if not found or not resolved(found) or found == monitor_id:
        return None
    return found if dated or _event_sized(found) or monitor_named(fields) is not None else None


def _cycle_under_id(fields: Fields, event: str | None) -> str | None:
    """$ALERT_CYCLE_KEY under ``id``: as long as an event's id, while the links name another event."""
    found = next(iter(fields.generic("ID")), "").strip()
    if event is None or _event_named(fields) is not None or found == event:
        return None
    return found if _number(found) and _event_sized(found) else None


def _number(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit()


def _event_sized(text: str) -> bool:
    return _number(text) and len(text.strip()) >= EVENT_ID_DIGITS
