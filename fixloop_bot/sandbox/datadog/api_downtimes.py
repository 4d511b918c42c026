"""Downtimes over HTTP (v2), and muting one monitor (v1)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiohttp import web

from .account import Account, ApiError, iso_micro, read_object, reply
from .downtimes import ACTIVE, Downtime, DowntimeError, read_downtime
from .monitors import Monitor

_RECURRING = "This stand-in knows downtimes with one start and one end; it does not repeat them"


class DowntimesApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v2/downtime", self.create),
            web.get("/api/v2/downtime", self.list_all),
            web.get("/api/v2/downtime/{id}", self.get),
            web.patch("/api/v2/downtime/{id}", self.update),
            web.delete("/api/v2/downtime/{id}", self.cancel),
            web.get(r"/api/v2/monitor/{monitor:\d+}/downtime_matches", self.of_monitor),
        ]

    async def create(self, request: web.Request) -> web.Response:
        downtime = self._read(await _attributes(request), str(uuid4()), next(self._account.downtime_numbers))
        self._account.downtimes[downtime.id] = downtime
        return reply({"data": self._shown(downtime)})

    async def list_all(self, request: web.Request) -> web.Response:
        """All that are kept, or with current_only=true the active ones."""
        current, now = request.query.get("current_only") == "true", self._account.clock()
        found = [each for each in self._account.downtimes.values() if not current or each.status(now) == ACTIVE]
        shown = [self._shown(each) for each in found]
        return reply({"data": shown, "meta": {"page": {"total_filtered_count": len(shown)}}})

    async def get(self, request: web.Request) -> web.Response:
        return reply({"data": self._shown(self._named(request))})

    async def update(self, request: web.Request) -> web.Response:
        """What is left out stays; a canceled downtime stays canceled."""
        before = self._named(request)
        if before.canceled is not None:
            raise _invalid("a canceled downtime cannot be changed")
        kept = self._shown(before)["attributes"]
        after = self._read({**kept, **await _attributes(request)}, before.id, before.number)
        after.created = before.created
        self._account.downtimes[after.id] = after
        return reply({"data": self._shown(after)})

    async def cancel(self, request: web.Request) -> web.Response:
        downtime = self._named(request)
        if downtime.canceled is None:
            downtime.canceled = downtime.modified = self._account.clock()
        return web.Response(status=204, content_type="text/html", charset="utf-8")

    async def of_monitor(self, request: web.Request) -> web.Response:
        number = int(request.match_info["monitor"])
        monitor = self._account.monitors.get(number)
        found = matching(self._account, monitor) if monitor is not None else []
        shown = [
            {
                "type": "downtime_match",
                "id": each.id,
                "attributes": {
                    "scope": each.scope,
                    "start": iso_micro(each.start),
                    "end": _iso(each.end),
                    "groups": [],
                },
            }
            for each in found
        ]
        return reply({"data": shown, "meta": {"page": {"total_filtered_count": len(shown)}}})

    def _read(self, given: dict[str, Any], id: str, number: int) -> Downtime:  # noqa: A002 - the API's word
        schedule = given.get("schedule")
        if isinstance(schedule, dict) and schedule.get("recurrences"):
            raise ApiError(501, {"title": "Not Implemented", "detail": _RECURRING})
        try:
            return read_downtime(given, id=id, number=number, now=self._account.clock())
        except DowntimeError as error:
            raise _invalid(str(error)) from error

    def _named(self, request: web.Request) -> Downtime:
        found = self._account.downtimes.get(request.match_info["id"])
        if found is None:
            raise ApiError(404, {"title": "Not Found", "detail": "Downtime not found"})
        return found

    def _shown(self, downtime: Downtime) -> dict[str, Any]:
        identifier = (
            {"monitor_tags": sorted(downtime.monitor_tags)}
            if downtime.monitor_id is None
            else {"monitor_id": downtime.monitor_id}
        )
        return {
            "type": "downtime",
            "id": downtime.id,
            "attributes": {
                "display_timezone": "UTC",
                "scope": downtime.scope,
                "notify_end_states": list(downtime.end_states),
                "message": downtime.message,
                "created": iso_micro(downtime.created),
                "status": downtime.status(self._account.clock()),
                "modified": iso_micro(downtime.modified),
                "canceled": _iso(downtime.canceled),
                "monitor_identifier": identifier,
                "schedule": {"end": _iso(downtime.end), "start": iso_micro(downtime.start)},
                "notify_end_types": list(downtime.end_types),
                "mute_first_recovery_notification": downtime.mute_first_recovery,
            },
            "relationships": {"monitor": {"data": _related(downtime)}},
        }


def matching(account: Account, monitor: Monitor) -> list[Downtime]:
    """The downtimes that silence this monitor, or a part of it, now."""
    now = account.clock()
    return [each for each in account.downtimes.values() if each.status(now) == ACTIVE and each.concerns(monitor)]


def matching_v1(account: Account, monitor: Monitor) -> list[dict[str, Any]]:
    """The same in the form of GET /api/v1/monitor/{id}?with_downtimes=true."""
    return [
        {
            "id": each.number,
            "scope": each.scope.replace(" AND ", ",").split(","),
            "start": int(each.start),
            "end": None if each.end is None else int(each.end),
        }
        for each in matching(account, monitor)
    ]


def _related(downtime: Downtime) -> dict[str, Any] | None:
    return None if downtime.monitor_id is None else {"type": "monitors", "id": str(downtime.monitor_id)}


async def _attributes(request: web.Request) -> dict[str, Any]:
    data = (await read_object(request)).get("data")
    found = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(found, dict):
        raise _invalid("data.attributes is required")
    return found


def _invalid(sentence: str) -> ApiError:
    return ApiError(400, {"title": "Invalid Parameter", "detail": sentence})


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
