"""The local Datadog: a server in memory that answers as the real API does, for the parts FixLoop uses."""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from .account import Account, ApiError, reply
from .alerting import Alerting
from .api_documents import DocumentsApi
from .api_downtimes import DowntimesApi
from .api_integrations import IntegrationsApi
from .api_metrics import MetricsApi
from .api_monitors import MonitorsApi
from .api_snapshots import SnapshotsApi
from .journal import Journal
from .limits import Limit, RateLimiter
from .webhooks import Deliveries

# These need the API key alone; everything else needs the application key as well.
_INTAKE = frozenset({"/api/v2/series", "/api/v1/distribution_points", "/api/v2/logs"})
_API_KEY_ONLY = _INTAKE | {"/api/v1/validate", "/api/v1/events"}
_POSTED_WITH_API_KEY = frozenset({"/api/v2/events"})
_LIMIT_NAMES = {
    "/api/v1/query": "query",
    "/api/v2/logs/events/search": "logs_public_search_api",
    "/api/v2/logs/analytics/aggregate": "logs_public_aggregate_api",
    "/api/v2/events/search": "events_search",
    "/api/v1/graph/snapshot": "graph_snapshot",
}
DEFAULT_LIMITS = {
    "query": Limit(calls=600, period_s=3600),
    "logs_public_search_api": Limit(calls=300, period_s=3600),
    "logs_public_aggregate_api": Limit(calls=300, period_s=300),
    "graph_snapshot": Limit(calls=60, period_s=3600),
}
MAX_BODY = 5 * 2**20


class LocalDatadog:
    """Start it, point clients at `url`, stop it.

    `account` holds the data, `deliveries.mood` makes webhooks late or double, `journal` says what happened,
    and `limiter.limits` can be changed at any time. Monitors are looked at every `evaluate_every_s`.
    """

    def __init__(
        self,
        *,
        api_key: str,
        app_key: str,
        limits: Mapping[str, Limit] | None = None,
        evaluate_every_s: float = 1.0,
        app_url: str = "https://app.datadoghq.com",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api_key = api_key
        self._app_key = app_key
        self._every_s = evaluate_every_s
        self.journal = Journal(clock)
        self.account = Account(clock=clock, app_url=app_url, journal=self.journal)
        self.deliveries = Deliveries(self.journal)
        self.alerting = Alerting(self.account, self.deliveries)
        self.limiter = RateLimiter(dict(DEFAULT_LIMITS if limits is None else limits), clock)
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._evaluator: asyncio.Task[None] | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen and begin to evaluate; `url` is known afterwards."""
        self._runner = web.AppRunner(self._application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        self.url = self.account.url = f"http://{host}:{bound[1]}"
        await self.deliveries.start()
        self._evaluator = asyncio.create_task(self.alerting.run(self._every_s), name="datadog-monitors")

    async def stop(self) -> None:
        """Stop evaluating, abandon deliveries under way, close the server."""
        if self._evaluator is not None:
            self._evaluator.cancel()
            await asyncio.gather(self._evaluator, return_exceptions=True)
        await self.deliveries.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._answer], client_max_size=MAX_BODY)
        app.add_routes([web.get("/api/v1/validate", self._validate)])
        for part in (MetricsApi, DocumentsApi, MonitorsApi, IntegrationsApi, DowntimesApi, SnapshotsApi):
            app.add_routes(part(self.account).routes())
        return app

    async def _validate(self, _: web.Request) -> web.Response:
        return reply({"valid": True})

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keys, then the rate limit, then the handler; every refusal in the API's own form."""
        began = time.perf_counter()
        headers: Mapping[str, str] = {}
        try:
            self._authenticate(request)
            headers = self._limit(request)
            response = await handler(request)
        except ApiError as error:
            response = reply({"errors": error.errors}, error.status, error.content_type)
            headers = getattr(error, "headers", headers)
        except web.HTTPException as error:
            response = reply({"errors": [error.reason]}, error.status)
        response.headers.update(headers)
        self._note(request, response.status, time.perf_counter() - began)
        return response

    def _authenticate(self, request: web.Request) -> None:
        if request.path.startswith("/snapshot/view/"):
            return  # a picture's address is its secret, so that it can be shown in a chat
        given = request.headers.get("DD-API-KEY") or request.query.get("api_key", "")
        if not given and request.path == "/api/v1/validate":
            raise ApiError(403, "API key required")
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise ApiError(403, "Forbidden")
        posted = request.method == "POST" and request.path in _POSTED_WITH_API_KEY
        if posted or request.path in _API_KEY_ONLY:
            return
        if not hmac.compare_digest(request.headers.get("DD-APPLICATION-KEY", "").encode(), self._app_key.encode()):
            raise ApiError(403, "Forbidden")

    def _limit(self, request: web.Request) -> Mapping[str, str]:
        name = _LIMIT_NAMES.get(request.path, "")
        allowed, headers = self.limiter.spend(name)
        if not allowed:
            limit = self.limiter.limits[name]
            rule = f"{limit.calls} requests in {limit.period_s} seconds"
            raise _LimitedError(headers, f"Rate limit of {rule} reached. Please try again later.")
        return headers

    def _note(self, request: web.Request, status: int, seconds: float) -> None:
        if request.path in _INTAKE and status < 300:
            self.journal.intake_calls += 1
            return
        query = {key: value for key, value in request.query.items() if "key" not in key}
        self.journal.note("api", f"{request.method} {request.path}", status, seconds, query=query)


class _LimitedError(ApiError):
    """429, with the headers that say when to come back."""

    def __init__(self, headers: Mapping[str, str], sentence: str) -> None:
        super().__init__(429, sentence)
        self.headers = headers
