"""Metrics over HTTP: the two intakes and the query."""

import math
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from .account import Account, ApiError, read_object, reply
from .evaluate import Group, Points, Table, Window, evaluate, window_for
from .query import Expression, Metric, QueryError, display, leaves, parse_query

_TYPES = {0: "gauge", 1: "count", 2: "rate", 3: "gauge"}
_MILLISECONDS = {
    "family": "time",
    "scale_factor": 0.001,
    "name": "millisecond",
    "short_name": "ms",
    "plural": "milliseconds",
    "id": 10,
}


class MetricsApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v2/series", self.submit),
            web.post("/api/v1/distribution_points", self.submit_distributions),
            web.get("/api/v1/query", self.query),
        ]

    async def submit(self, request: web.Request) -> web.Response:
        """202 for a body of the right form, whatever becomes of its points, as the real intake answers."""
        now = self._account.clock()
        for series in _series(await read_object(request)):
            kind = _TYPES.get(series.get("type", 0), "gauge")
            for point in _items(series, "points"):
                if isinstance(point, dict):
                    self._add(series, kind, point.get("timestamp"), [point.get("value")], now)
        return reply({"errors": []}, 202)

    async def submit_distributions(self, request: web.Request) -> web.Response:
        now = self._account.clock()
        for series in _series(await read_object(request)):
            for point in _items(series, "points"):
                if isinstance(point, list) and len(point) == 2 and isinstance(point[1], list):
                    self._add(series, "distribution", point[0], point[1], now)
        return reply({"status": "ok"}, 202)

    async def query(self, request: web.Request) -> web.Response:
        text = request.query.get("query", "")
        start, end = (_seconds(request, name) for name in ("from", "to"))
        if start > end:
            raise ApiError(400, "The value provided for parameter 'from' must be before 'to'")
        try:
            tree = parse_query(text)
        except QueryError as error:
            raise ApiError(400, str(error)) from error
        window = window_for(tree, start, end, self._account.clock())
        table = evaluate(tree, window, self._account.metrics)
        return reply(_answer(text, tree, window, table, start, end))

    def _add(self, series: dict[str, Any], kind: str, timestamp: Any, values: list[Any], now: float) -> None:
        numbers = [
            float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)
        ]
        if isinstance(timestamp, (int, float)) and math.isfinite(timestamp):
            self._account.metrics.add(series["metric"], kind, _tags(series), int(timestamp), numbers, now)


def _series(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    series = body.get("series")
    if not isinstance(series, list):
        raise ApiError(400, "Payload is not in the expected format: series is missing")
    for one in series:
        if not isinstance(one, dict) or not isinstance(one.get("metric"), str) or not one["metric"]:
            raise ApiError(400, "Payload is not in the expected format: a series has no metric name")
        yield one


def _items(series: dict[str, Any], key: str) -> list[Any]:
    found = series.get(key)
    return found if isinstance(found, list) else []


def _tags(series: dict[str, Any]) -> frozenset[str]:
    tags = {str(tag) for tag in _items(series, "tags")}
    tags.update(
        f"{resource.get('type')}:{resource.get('name')}"
        for resource in _items(series, "resources")
        if isinstance(resource, dict)
    )
    if isinstance(series.get("host"), str):
        tags.add(f"host:{series['host']}")
    return frozenset(tags)


def _seconds(request: web.Request, name: str) -> int:
    text = request.query.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 11:
        raise ApiError(400, f"The value provided for parameter '{name}' is invalid")
    return int(text)


def _answer(text: str, tree: Expression, window: Window, table: Table, start: int, end: int) -> dict[str, Any]:
    """The body of GET /api/v1/query, field by field as recorded."""
    by = next((leaf.by for leaf in leaves(tree) if leaf.by), ())
    return {
        "status": "ok",
        "resp_version": 1,
        "series": [_one(tree, window, group, points) for group, points in table.items() if points],
        "to_date": end * 1000,
        "query": text,
        "message": "",
        "res_type": "time_series",
        "times": [],
        "from_date": start * 1000,
        "group_by": list(by),
        "values": [],
    }


def _one(tree: Expression, window: Window, group: Group, points: Points) -> dict[str, Any]:
    name = display(tree, lambda leaf: leaf.name)
    scope = _scope(leaves(tree)[0], group)
    first, last = min(points), max(points)
    return {
        "end": (last + window.interval) * 1000 - 1,
        "attributes": {},
        "metric": name,
        "interval": window.interval,
        "tag_set": list(group),
        "start": first * 1000,
        "length": len(points),
        "query_index": 0,
        "aggr": tree.aggregator if isinstance(tree, Metric) else None,
        "scope": scope,
        "pointlist": [[at * 1000, value] for at, value in points.items()],
        "expression": display(tree, lambda leaf: _expression(leaf, group)),
        "unit": [_MILLISECONDS, None] if name.endswith("latency") else None,
        "display_name": name,
    }


def _scope(leaf: Metric, group: Group) -> str:
    base = [] if leaf.scope.text == "*" else leaf.scope.text.split(",")
    return ",".join(sorted({*base, *group})) or "*"


def _expression(leaf: Metric, group: Group) -> str:
    suffix = {"count": ".as_count()", "rate": ".as_rate()"}.get(leaf.kind, "")
    return f"{leaf.aggregator}:{leaf.name}{{{_scope(leaf, group)}}}{suffix}"
