"""Graph snapshots over HTTP: a picture of a query, asked for with keys and looked at without."""

import hashlib
import json
from dataclasses import dataclass

from aiohttp import web

from .account import Account, ApiError, reply
from .evaluate import evaluate, window_for
from .monitors import Condition
from .notification import ORG_ID
from .picture import chart
from .query import Expression, QueryError, parse_query

KEPT = 200
BEFORE_S = 600
_FOLDER = f"/snapshot/view/dd-snapshots-prod/org_{ORG_ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a picture shows: a query over some seconds, and perhaps a threshold."""

    tree: Expression
    start: int
    end: int
    limit: float | None = None


class SnapshotsApi:
    """The picture is drawn when it is looked at; the newest 200 are kept."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._kept: dict[str, Snapshot] = {}
        account.snapshot = self.of_condition

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/graph/snapshot", self.create), web.get(f"{_FOLDER}/{{name}}.png", self.look)]

    def of_condition(self, condition: Condition, now: float) -> str:
        """The address of a picture of what a monitor saw, for its notification."""
        start = int(now) - max(BEFORE_S, condition.window_s)
        limit = condition.thresholds.get("critical")
        return self._keep(Snapshot(tree=condition.tree, start=start, end=int(now), limit=limit))

    async def create(self, request: web.Request) -> web.Response:
        text = request.query.get("metric_query", "")
        start, end = request.query.get("start", ""), request.query.get("end", "")
        if not text or not start.isdecimal() or not end.isdecimal() or int(start) >= int(end):
            raise ApiError(400, "The parameters metric_query, start and end are required")
        try:
            tree = parse_query(text)
        except QueryError as error:
            raise ApiError(400, str(error)) from error
        address = self._keep(Snapshot(tree=tree, start=int(start), end=int(end)))
        definition = json.dumps({"requests": [{"q": text}]})
        return reply({"graph_def": definition, "snapshot_url": address, "metric_query": text})

    async def look(self, request: web.Request) -> web.Response:
        snapshot = self._kept.get(request.match_info["name"])
        if snapshot is None:
            raise ApiError(404, "Snapshot not found")
        window = window_for(snapshot.tree, snapshot.start, snapshot.end, self._account.clock())
        table = evaluate(snapshot.tree, window, self._account.metrics)
        curves = [list(points.items()) for points in table.values()]
        picture = chart(curves, start=snapshot.start, end=snapshot.end, limit=snapshot.limit)
        return web.Response(body=picture, content_type="image/png")

    def _keep(self, snapshot: Snapshot) -> str:
        name = hashlib.sha1(f"{snapshot}{len(self._kept)}".encode(), usedforsecurity=False).hexdigest()
        self._kept[name] = snapshot
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return f"{self._account.url}{_FOLDER}/{name}.png"
