"""Logs and events over HTTP: intake and search."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import web

from .account import Account, ApiError, event_uid, read_json, read_object, reply, search_request, texts
from .aggregates import NotCounted, aggregate
from .documents import Document, Page, SearchRequestError, Shelf, iso, read_moment
from .search import searchable

MAX_BATCH = 1000
EVENT_TEXT = 4000
ALERT_TYPES = ("error", "warning", "info", "success", "user_update", "recommendation", "snapshot")
CATEGORIES = ("change", "alert")
_RESERVED = frozenset({"message", "service", "status", "hostname", "host", "ddsource", "ddtags", "timestamp", "date"})
_EVENTS_OWN = frozenset({"title", "tags", "at", "text", "number", "evt", "category", "aggregation_key", "host"})


class DocumentsApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v2/logs", self.submit_logs),
            web.post("/api/v2/logs/events/search", self.search_logs),
            web.get("/api/v2/logs/events", self.search_logs),
            web.post("/api/v2/logs/analytics/aggregate", self.aggregate_logs),
            web.post("/api/v1/events", self.create_event),
            web.post("/api/v2/events", self.create_change),
            web.get("/api/v2/events", self.search_events),
            web.get("/api/v2/events/search", self.search_events),
            web.post("/api/v2/events/search", self.search_events),
        ]

    async def submit_logs(self, request: web.Request) -> web.Response:
        """One log or an array of at most 1000; 202 and an empty object."""
        body = await read_json(request)
        logs = body if isinstance(body, list) else [body]
        if len(logs) > MAX_BATCH:
            raise ApiError(413, {"status": "413", "title": "Request Entity Too Large", "detail": "too many logs"})
        for log in logs:
            if not isinstance(log, dict):
                raise ApiError(400, {"status": "400", "title": "Bad Request", "detail": "a log is not an object"})
            self._add_log(log)
        return reply({}, 202)

    async def search_logs(self, request: web.Request) -> web.Response:
        return await self._search(request, self._account.logs, "/api/v2/logs/events")

    async def aggregate_logs(self, request: web.Request) -> web.Response:
        """Count logs; no bucket at all where nothing matches, as recorded."""
        began = time.perf_counter()
        try:
            buckets = aggregate(self._account.logs, await read_object(request))
        except SearchRequestError as error:
            raise _bad_request(error) from error
        except NotCounted as error:
            raise ApiError(501, {"status": "501", "title": "Not Implemented", "detail": str(error)}) from error
        return reply({"meta": _meta(time.perf_counter() - began), "data": {"buckets": buckets}})

    async def search_events(self, request: web.Request) -> web.Response:
        return await self._search(request, self._account.events, "/api/v2/events")

    async def create_event(self, request: web.Request) -> web.Response:
        """The v1 form: title, text, alert_type, tags, aggregation_key."""
        body = await read_object(request)
        if not body.get("title") or not body.get("text"):
            raise ApiError(400, "The parameters 'title' and 'text' are required")
        if body.get("alert_type") not in (None, *ALERT_TYPES):
            raise ApiError(400, f"The value provided for parameter 'alert_type' is invalid: {body['alert_type']}")
        if len(str(body["text"])) > EVENT_TEXT:
            raise ApiError(400, f"The parameter 'text' is limited to {EVENT_TEXT} characters")
        happened = body.get("date_happened")
        at = float(happened) if isinstance(happened, int) else self._account.clock()
        number = self._account.add_event(
            title=str(body["title"]),
            text=str(body["text"]),
            tags=texts(body.get("tags")),
            at=at,
            status=body.get("alert_type") or "info",
            aggregation_key=body.get("aggregation_key"),
            source=body.get("source_type_name"),
        )
        return reply({"status": "ok", "event": self._v1(number, body, at)}, 202)

    async def create_change(self, request: web.Request) -> web.Response:
        """The v2 form: a change or alert event with its own attributes."""
        data = (await read_object(request)).get("data")
        found = data.get("attributes") if isinstance(data, dict) else None
        if not isinstance(found, dict) or not found.get("title") or not found.get("category"):
            raise ApiError(400, {"title": "Generic Error", "detail": "title and category are required"})
        if found["category"] not in CATEGORIES or len(str(found.get("message", ""))) > EVENT_TEXT:
            detail = f"category must be change or alert, message at most {EVENT_TEXT} characters"
            raise ApiError(400, {"title": "Generic Error", "detail": detail})
        at = _moment(found.get("timestamp"), self._account.clock())
        own = found["attributes"] if isinstance(found.get("attributes"), dict) else {}
        number = self._account.add_event(
            title=str(found["title"]),
            text=str(found.get("message", "")),
            tags=texts(found.get("tags")),
            at=at,
            aggregation_key=found.get("aggregation_key"),
            category=found["category"],
            host=found.get("host"),
            **{key: value for key, value in own.items() if key not in _EVENTS_OWN},
        )
        uid = event_uid(number)
        event = {
            "id": "_",
            "type": "event",
            "attributes": {"attributes": {"evt": {"id": str(number), "uid": uid}}},
        }
        link = f"{self._account.app_url}/event/event?uid={uid}"
        return reply({"data": event, "links": {"self": link}}, 202)

    def _v1(self, number: int, body: Mapping[str, Any], at: float) -> dict[str, Any]:
        return {
            "id": number // 1000 * 1000,  # the real answer's number has lost its last digits, too
            "id_str": str(number),
            "title": body["title"],
            "text": body["text"],
            "date_happened": int(at),
            "handle": None,
            "priority": body.get("priority"),
            "related_event_id": None,
            "tags": texts(body.get("tags")),
            "url": f"{self._account.app_url}/event/event?id={number}",
        }

    def _add_log(self, log: dict[str, Any]) -> None:
        at = _moment(log.get("timestamp") or log.get("date"), self._account.clock())
        tags = [tag.strip() for tag in str(log.get("ddtags") or "").split(",") if tag.strip()]
        attributes = {key: value for key, value in log.items() if key not in _RESERVED}
        known = {
            "service": str(log.get("service") or ""),
            "status": str(log.get("status") or "info").lower(),
            "host": str(log.get("hostname") or log.get("host") or ""),
        }
        message, source = str(log.get("message", "")), str(log.get("ddsource") or "")
        tags += [f"source:{source}"] if source else []
        number = self._account.logs.next_number()
        shown = {**known, "tags": tags, "timestamp": iso(at), "message": message, "attributes": attributes}
        body = {"id": f"AQAAA{uuid4().hex}", "type": "log", "attributes": shown}
        found = searchable(message, tags, attributes, **known)
        self._account.logs.add(Document(number=number, at=at, body=body, searchable=found))

    async def _search(self, request: web.Request, shelf: Shelf, path: str) -> web.Response:
        began = time.perf_counter()
        asked = await read_object(request) if request.method == "POST" else search_request(request.query)
        try:
            page = shelf.search(asked)
        except SearchRequestError as error:
            raise _bad_request(error) from error
        return reply(_found(page, asked, f"{request.url.origin()}{path}", time.perf_counter() - began))


def _found(page: Page, asked: dict[str, Any], address: str, seconds: float) -> dict[str, Any]:
    """The recorded form: `after` and `links.next` only where another page exists."""
    answer: dict[str, Any] = {
        "data": [document.body for document in page.documents],
        "meta": _meta(seconds),
    }
    if page.after:
        answer["meta"]["page"] = {"after": page.after}
        answer["links"] = {"next": f"{address}?{_query_string(asked, page.after)}"}
    return answer


def _meta(seconds: float) -> dict[str, Any]:
    return {"elapsed": int(seconds * 1000), "request_id": f"pddv1ch{uuid4().hex}", "status": "done"}


def _bad_request(error: SearchRequestError) -> ApiError:
    return ApiError(400, {"status": "400", "title": "Bad Request", "detail": str(error)})


def _query_string(asked: dict[str, Any], after: str) -> str:
    fields = {f"filter[{key}]": str(value) for key, value in (asked.get("filter") or {}).items() if key != "indexes"}
    fields |= {"page[cursor]": after, "page[limit]": str((asked.get("page") or {}).get("limit", 10))}
    return urlencode(fields | ({"sort": str(asked["sort"])} if asked.get("sort") else {}))


def _moment(value: object, now: float) -> float:
    """When something happened; the time of its arrival where it does not say so in a form we know."""
    if value is None:
        return now
    try:
        return min(read_moment(value, now), now)
    except SearchRequestError:
        return now
