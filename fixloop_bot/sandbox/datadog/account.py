"""Everything one Datadog organisation holds, and the words its API speaks in."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from .documents import Document, Shelf, iso
from .downtimes import Downtime
from .journal import Journal
from .monitors import Condition, Monitor
from .search import searchable
from .store import MetricStore
from .webhooks import Webhook

FIRST_EVENT = 6_327_818_702_635_911_562  # as long as the real ones: longer than a double can hold
FIRST_MONITOR = 155_844_758
SEARCHED = ("status", "source", "category", "aggregation_key", "host")
"""Fields of an event that are searched without an @."""
CREATOR = {"name": None, "handle": "oncall@example.com", "email": "oncall@example.com", "id": 1_445_416}


class ApiError(Exception):
    """An answer that is not 2xx: its status and the sentences of `errors`."""

    def __init__(self, status: int, *errors: Any, content_type: str = "application/json") -> None:
        super().__init__(str(errors))
        self.status = status
        self.errors = list(errors)
        self.content_type = content_type


@dataclass(slots=True)
class Account:
    """The state behind the API; `clock` gives seconds since the epoch, `app_url` begins the links."""

    clock: Callable[[], float]
    app_url: str
    journal: Journal
    metrics: MetricStore = field(default_factory=MetricStore)
    monitors: dict[int, Monitor] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    custom_variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    downtimes: dict[str, Downtime] = field(default_factory=dict)
    snapshot: Callable[[Condition, float], str] = lambda condition, now: ""
    """The address of a picture of what a monitor saw."""
    url: str = ""
    """Where this server answers; known once it listens."""
    logs: Shelf = field(init=False)
    events: Shelf = field(init=False)
    event_numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(FIRST_EVENT, 7919))
    monitor_numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(FIRST_MONITOR))
    downtime_numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.logs = Shelf(self.clock)
        self.events = Shelf(self.clock)

    def forget(self) -> None:
        """Drop what is older than it is kept."""
        self.metrics.forget(self.clock())
        self.logs.forget()
        self.events.forget()

    def add_event(
        self, *, title: str, text: str, tags: list[str], at: float, number: int | None = None, **more: Any
    ) -> int:
        """Put an event where searches find it; returns its id. `more` goes into its attributes."""
        number = next(self.event_numbers) if number is None else number
        category = {"category": more["category"]} if "category" in more else {}
        attributes = {
            "evt": {"id": str(number), "uid": event_uid(number), "name": title, "source_id": 36, **category},
            "title": title,
            "tags": tags,
            "timestamp": int(at * 1000),
            "status": more.pop("status", "info"),
            **{key: value for key, value in more.items() if value is not None},
        }
        body = {
            "id": f"AQAAA{number:x}",
            "type": "event",
            "attributes": {"attributes": attributes, "message": text, "tags": tags, "timestamp": iso(at)},
        }
        fields = {key: str(attributes[key]) for key in SEARCHED if key in attributes}
        found = searchable(f"{title}\n{text}", tags, attributes, **fields)
        self.events.add(Document(number=self.events.next_number(), at=at, body=body, searchable=found))
        return number


def event_uid(number: int) -> str:
    """An event's other name, by which its page is found."""
    return f"AZ{number:x}"


def reply(data: Any, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type=content_type)


async def read_json(request: web.Request) -> Any:
    """The body as JSON; raises ApiError 400."""
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "Payload is not in the expected format: it is not JSON") from error


async def read_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object; raises ApiError 400."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise ApiError(400, "Payload is not in the expected format: it is not an object")
    return body


def iso_micro(at: float) -> str:
    """Microseconds and +00:00, as monitors and downtimes print their times."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def texts(value: object) -> list[str]:
    """A list of texts from JSON; anything else is an empty list."""
    return [str(item) for item in value] if isinstance(value, list) else []


def search_request(query: Mapping[str, str]) -> dict[str, Any]:
    """`filter[query]=…&page[limit]=…` as the body that a POST would have had."""
    request: dict[str, Any] = {}
    for key, value in query.items():
        outer, bracket, inner = key.partition("[")
        if bracket:
            request.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            request[key] = value
    return request
