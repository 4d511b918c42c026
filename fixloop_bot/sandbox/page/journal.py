"""The log of the flight deck: API calls and webhooks between bot, Slack and Datadog, in one order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from fixloop_bot.sandbox.datadog.journal import Entry
from fixloop_bot.sandbox.slack import Delivered
from fixloop_bot.sandbox.slack.web_api import Logged
from fixloop_bot.sandbox.world import World

Json = dict[str, Any]
T = TypeVar("T")
KEPT = 400


class Journal:
    """Numbered rows, newest last; ``read`` takes in what is new at the three places where it is kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sources: tuple[_Source[Any], ...] = (
            _Source(lambda: world.slack.calls, _call),
            _Source(lambda: world.slack.deliveries, lambda each: _delivery(each, world.slack.core.workspace.clock())),
            _Source(world.datadog.journal.entries, _entry),
        )
        self._rows: deque[Json] = deque(maxlen=KEPT)
        self._number = 0

    def read(self) -> bool:
        """True if there was anything new."""
        rows = [row for source in self._sources for row in source.fresh()]
        for row in sorted(rows, key=lambda each: float(each["at"])):
            self._number += 1
            self._rows.append({"n": self._number, **row})
        return bool(rows)

    def after(self, number: int) -> list[Json]:
        """The rows with a higher number, oldest first."""
        return [row for row in self._rows if row["n"] > number]


class _Source(Generic[T]):
    """A list that grows at its end and forgets at its beginning."""

    def __init__(self, entries: Callable[[], Iterable[T]], row: Callable[[T], Json]) -> None:
        self._entries = entries
        self._row = row
        self._last: T | None = None

    def fresh(self) -> Iterator[Json]:
        found: list[T] = []
        for entry in reversed(list(self._entries())):
            if entry is self._last:
                break
            found.append(entry)
        if found:
            self._last = found[0]
        return (self._row(entry) for entry in reversed(found))


def _call(call: Logged) -> Json:
    """FixLoop → Slack."""
    error = call.response.get("error")
    return {
        "at": call.at,
        "way": "to Slack",
        "what": call.method,
        "status": call.status if error is None else str(error),
        "ok": bool(call.response.get("ok")),
        "ms": round(call.seconds * 1000, 1),
    }


def _delivery(delivered: Delivered, now: float) -> Json:
    """Slack → FixLoop; when it was sent is not kept, so it counts as just now."""
    answer = delivered.answer
    return {
        "at": now - answer.seconds,
        "way": "from Slack",
        "what": _occasion(delivered),
        "status": answer.status or answer.outcome,
        "ok": answer.ok,
        "ms": round(answer.seconds * 1000, 1),
    }


def _occasion(delivered: Delivered) -> str:
    payload = delivered.payload
    if delivered.kind == "slash_commands":
        return f"{payload.get('command', '')} {payload.get('text', '')}".strip()
    if delivered.kind == "interactive":
        actions = payload.get("actions") or [{}]
        return f"{payload.get('type', '')} {actions[0].get('action_id', '')}".strip()
    event = payload.get("event") or {}
    again = f" (retry {delivered.retry})" if delivered.retry else ""
    return f"{event.get('type', delivered.kind)}{again}"


def _entry(entry: Entry) -> Json:
    """Datadog → FixLoop for webhooks, FixLoop → Datadog for API calls."""
    webhook = entry.kind == "webhook"
    return {
        "at": entry.at,
        "way": "from Datadog" if webhook else "to Datadog",
        "what": entry.summary,
        "status": entry.status or "no answer",
        "ok": entry.status is not None and entry.status < 400,
        "ms": entry.milliseconds,
    }
