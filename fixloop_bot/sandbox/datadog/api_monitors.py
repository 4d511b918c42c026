"""Monitors over HTTP."""

from typing import Any

from aiohttp import web

from .account import CREATOR, Account, ApiError, iso_micro, read_object, reply, texts
from .api_downtimes import matching_v1
from .monitors import ON_MISSING_DATA, Condition, Monitor, MonitorError, parse_condition
from .notification import ORG_ID

_METRIC_TYPES = frozenset({"metric alert", "query alert"})
_GROUP_STATES = frozenset({"all", "alert", "warn", "no data", "ok"})
_FIELDS = frozenset({"name", "message", "query", "type", "tags", "priority", "options", "restricted_roles"})
_OPTIONS = {
    "notify_no_data": False,
    "notify_audit": False,
    "new_host_delay": 300,
    "include_tags": True,
    "silenced": {},
}


class MonitorsApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/monitor", self.create),
            web.get("/api/v1/monitor", self.list_all),
            web.get(r"/api/v1/monitor/{id:\d+}", self.get),
            web.put(r"/api/v1/monitor/{id:\d+}", self.update),
            web.delete(r"/api/v1/monitor/{id:\d+}", self.delete),
            web.post(r"/api/v1/monitor/{id:\d+}/mute", self.mute),
            web.post(r"/api/v1/monitor/{id:\d+}/unmute", self.unmute),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body, condition = _definition(await read_object(request), {})
        number = next(self._account.monitor_numbers)
        monitor = Monitor(number=number, body=body, condition=condition, created_at=self._account.clock())
        body["modified"] = iso_micro(monitor.created_at)
        self._account.monitors[number] = monitor
        return reply(shown(monitor))

    async def list_all(self, request: web.Request) -> web.Response:
        states = _group_states(request)
        tags = {tag for tag in request.query.get("monitor_tags", "").split(",") if tag}
        name = request.query.get("name", "").lower()
        found = [
            {**shown(monitor, states), "matching_downtimes": matching_v1(self._account, monitor)}
            for monitor in self._account.monitors.values()
            if tags <= set(monitor.body["tags"]) and name in monitor.body["name"].lower()
        ]
        return reply(_page(found, request))

    async def get(self, request: web.Request) -> web.Response:
        states = _group_states(request)
        monitor = self._monitor(request)
        answer = shown(monitor, states)
        if request.query.get("with_downtimes") == "true":
            answer["matching_downtimes"] = matching_v1(self._account, monitor)
        return reply(answer)

    async def update(self, request: web.Request) -> web.Response:
        """What is left out stays; a new query forgets the states of the old one."""
        monitor = self._monitor(request)
        before = monitor.body["query"]
        monitor.body, monitor.condition = _definition(await read_object(request), monitor.body)
        monitor.body["modified"] = iso_micro(self._account.clock())
        if monitor.body["query"] != before:
            monitor.groups.clear()
        return reply(shown(monitor))

    async def delete(self, request: web.Request) -> web.Response:
        monitor = self._monitor(request)
        del self._account.monitors[monitor.number]
        return reply({"deleted_monitor_id": monitor.number})

    async def mute(self, request: web.Request) -> web.Response:
        """The whole monitor or one scope of it, until `end` (seconds) or until somebody unmutes it."""
        monitor, asked = self._monitor(request), await _asked(request)
        end = asked.get("end")
        if end is not None and (not str(end).isdecimal() or int(end) <= self._account.clock()):
            raise ApiError(400, "The value provided for parameter 'end' is invalid")
        silenced = {**monitor.options.get("silenced", {}), asked.get("scope") or "*": end and int(end)}
        monitor.body["options"] = {**monitor.options, "silenced": silenced}
        return reply(shown(monitor))

    async def unmute(self, request: web.Request) -> web.Response:
        """One scope, or with all_scopes every one."""
        monitor, asked = self._monitor(request), await _asked(request)
        everything = str(asked.get("all_scopes", "")).lower() == "true"
        silenced = {} if everything else dict(monitor.options.get("silenced", {}))
        silenced.pop(asked.get("scope") or "*", None)
        monitor.body["options"] = {**monitor.options, "silenced": silenced}
        return reply(shown(monitor))

    def _monitor(self, request: web.Request) -> Monitor:
        monitor = self._account.monitors.get(int(request.match_info["id"]))
        if monitor is None:
            raise ApiError(404, "Monitor not found")
        return monitor


async def _asked(request: web.Request) -> dict[str, Any]:
    """Arguments from the query or a JSON body."""
    body = await read_object(request) if await request.read() else {}
    return {**request.query, **body}


def _definition(given: dict[str, Any], before: dict[str, Any]) -> tuple[dict[str, Any], Condition | None]:
    """The stored form and its condition; metric alerts become query alerts, as in the recordings."""
    merged = {**before, **{key: value for key, value in given.items() if key in _FIELDS}}
    missing = [key for key in ("type", "query") if not merged.get(key)]
    if missing:
        raise ApiError(400, f"The value provided for parameter '{missing[0]}' is invalid")
    options = merged.get("options")
    body = {
        **merged,
        "type": "query alert" if merged["type"] in _METRIC_TYPES else merged["type"],
        "name": str(merged.get("name") or merged["query"]),
        "message": str(merged.get("message") or ""),
        "tags": texts(merged.get("tags")),
        "priority": merged.get("priority"),
        "options": {**_OPTIONS, **(options if isinstance(options, dict) else {})},
    }
    if body["type"] != "query alert":
        return body, None
    _check_minutes(body["options"])
    try:
        condition = parse_condition(body)
    except MonitorError as error:
        raise ApiError(400, str(error)) from error
    body["options"]["thresholds"] = condition.thresholds
    return body, condition


def _check_minutes(options: dict[str, Any]) -> None:
    missing = options.get("on_missing_data", "default")
    if missing not in ON_MISSING_DATA:
        raise ApiError(400, "The value provided for parameter 'on_missing_data' is invalid")
    for name in ("no_data_timeframe", "renotify_interval"):
        value = options.get(name)
        if value is not None and (not isinstance(value, (int, float)) or not 0 <= value <= 1440):
            raise ApiError(400, f"The value provided for parameter '{name}' is invalid")


def shown(monitor: Monitor, states: frozenset[str] | None = None) -> dict[str, Any]:
    """A monitor as the API prints it; with `states` also its groups in these states."""
    answer = {
        "id": monitor.number,
        "org_id": int(ORG_ID),
        "type": monitor.body["type"],
        "name": monitor.body["name"],
        "message": monitor.body["message"],
        "tags": monitor.body["tags"],
        "query": monitor.body["query"],
        "options": monitor.options,
        "multi": bool(monitor.condition and monitor.condition.by),
        "created_at": int(monitor.created_at) * 1000,
        "created": iso_micro(monitor.created_at),
        "modified": monitor.body["modified"],
        "deleted": None,
        "restricted_roles": None,
        "priority": monitor.body["priority"],
        "overall_state_modified": iso_micro(monitor.changed_at) if monitor.changed_at else None,
        "overall_state": monitor.overall,
        "creator": CREATOR,
    }
    return answer if states is None else {**answer, "state": {"groups": _groups(monitor, states)}}


def _groups(monitor: Monitor, wanted: frozenset[str]) -> dict[str, Any]:
    """Groups by name: the tags of the grouping, or `*` for a monitor without one."""
    return {
        ",".join(group) or "*": {
            "name": ",".join(group) or "*",
            "status": state.status,
            "last_triggered_ts": int(state.triggered_at) or None,
            "last_resolved_ts": int(state.resolved_at) or None,
            "last_notified_ts": int(state.told_at) or None,
            "last_nodata_ts": None,
        }
        for group, state in monitor.groups.items()
        if "all" in wanted or state.status.lower() in wanted
    }


def _group_states(request: web.Request) -> frozenset[str] | None:
    text = request.query.get("group_states")
    if text is None:
        return None
    wanted = frozenset(part.strip().lower() for part in text.split(","))
    if not wanted <= _GROUP_STATES:
        raise ApiError(400, "Invalid group_state filters.")
    return wanted


def _page(found: list[dict[str, Any]], request: web.Request) -> list[dict[str, Any]]:
    """All of them, unless `page` (from 0) is asked for; 100 a page by default."""
    page, size = request.query.get("page"), request.query.get("page_size", "100")
    if page is None:
        return found
    if not page.isdecimal() or not size.isdecimal() or not 1 <= int(size) <= 1000:
        raise ApiError(400, "The value provided for parameter 'page' is invalid")
    return found[int(page) * int(size) :][: int(size)]
