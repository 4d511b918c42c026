"""Datadog's telemetry, read by API, in the core's words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from fixloop_bot.adapters.datadog.api import DEADLINE_S, DatadogApi
from fixloop_bot.adapters.datadog.changes import MOST_EVENTS, Link, changes_of, search_of
from fixloop_bot.adapters.datadog.rate_limit import SHORTEST_S, QueryBudget
from fixloop_bot.adapters.datadog.records import count_of, lines_of, series_of
from fixloop_bot.adapters.datadog.refusals import Refusal
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.application.ports import LogLine, Series
from fixloop_bot.domain.errors import TelemetryUnavailable

MOST_LOGS = 1_000  # Datadog's own page limit


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReading:
    """A monitor group's state in Datadog's words, and the monitor's name."""

    state: str
    name: str


class DatadogTelemetry:
    """Implements Telemetry and Changes. ``host`` is the API's address; ``now`` a monotonic clock in seconds;
    ``event_link`` gives an event's address from its uid and id."""

    def __init__(
        self,
        api_key: str,
        app_key: str,
        host: str,
        *,
        deadline_s: float = DEADLINE_S,
        now: Callable[[], float] = monotonic,
        event_link: Link = lambda uid, number: "",
    ) -> None:
        self._api = DatadogApi(api_key=api_key, app_key=app_key, host=host, deadline_s=deadline_s)
        self._budget = QueryBudget(now=now)
        self._event_link = event_link

    async def query(self, query: str, *, start: float, end: float) -> Sequence[Series]:
        """Points of a metric query between two epoch seconds; empty where nothing matches."""

        def request(client: Any) -> Any:
            from datadog_api_client.v1.api.metrics_api import MetricsApi

            metrics = MetricsApi(client)  # type: ignore[no-untyped-call]
            return metrics.query_metrics(_from=math.floor(start), to=math.ceil(end), query=query)

        answer = await self._budgeted(request)
        return await self._api.read(lambda: series_of(answer))

    async def _budgeted(self, request: Callable[[Any], Any]) -> Any:
        """The query's JSON; its rate-limit headers are kept, also those of a refusal."""
        try:
            answer = await self._api.call("the query", request)
        except Refusal as refusal:
            self._budget.note(refusal.headers)
            raise
        self._budget.note(answer.headers)
        return answer.document

    async def error_logs(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        """The newest ``limit`` log records of a query, newest first."""

        def request(client: Any) -> Any:
            from datadog_api_client.v2.api.logs_api import LogsApi
            from datadog_api_client.v2.model.logs_list_request import LogsListRequest
            from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
            from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
            from datadog_api_client.v2.model.logs_sort import LogsSort

            newest_first = LogsSort("-timestamp")  # type: ignore[no-untyped-call]
            body = LogsListRequest(
                filter=LogsQueryFilter(query=query, _from=_milliseconds(start), to=_milliseconds(end)),
                sort=newest_first,
                page=LogsListRequestPage(limit=min(max(limit, 1), MOST_LOGS)),
            )
            logs = LogsApi(client)  # type: ignore[no-untyped-call]
            return logs.list_logs(body=body)

        answer = await self._api.call("the log search", request)
        return await self._api.read(lambda: lines_of(answer.document, most=limit))

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        """The newest ``limit`` changes where ``query`` applies (``service:checkout env:prod``), newest first."""
        most = min(max(limit, 1), MOST_EVENTS)

        def request(client: Any) -> Any:
            from datadog_api_client.v2.api.events_api import EventsApi
            from datadog_api_client.v2.model.events_list_request import EventsListRequest
            from datadog_api_client.v2.model.events_query_filter import EventsQueryFilter
            from datadog_api_client.v2.model.events_request_page import EventsRequestPage
            from datadog_api_client.v2.model.events_sort import EventsSort

            wanted = EventsQueryFilter(query=search_of(query), _from=_milliseconds(start), to=_milliseconds(end))
            newest_first = EventsSort("-timestamp")  # type: ignore[no-untyped-call]
            body = EventsListRequest(filter=wanted, sort=newest_first, page=EventsRequestPage(limit=most))
            events = EventsApi(client)  # type: ignore[no-untyped-call]
            return events.search_events(body=body)

        answer = await self._api.call("the event search", request)
        return await self._api.read(lambda: changes_of(answer.document, self._event_link, most=most))

    async def count_logs(self, query: str, *, start: float, end: float) -> int:
        """How many log records match between two epoch seconds, counted by Datadog."""

        def request(client: Any) -> Any:
            from datadog_api_client.v2.api.logs_api import LogsApi
            from datadog_api_client.v2.model.logs_aggregate_request import LogsAggregateRequest
            from datadog_api_client.v2.model.logs_aggregation_function import LogsAggregationFunction
            from datadog_api_client.v2.model.logs_compute import LogsCompute
            from datadog_api_client.v2.model.logs_compute_type import LogsComputeType
            from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter

            count = LogsAggregationFunction("count")  # type: ignore[no-untyped-call]
            total = LogsComputeType("total")  # type: ignore[no-untyped-call]
            body = LogsAggregateRequest(
                compute=[LogsCompute(aggregation=count, type=total)],
                filter=LogsQueryFilter(query=query, _from=_milliseconds(start), to=_milliseconds(end)),
            )
            logs = LogsApi(client)  # type: ignore[no-untyped-call]
            return logs.aggregate_logs(body=body)

        answer = await self._api.call("the log count", request)
        return count_of(answer.document)

    async def monitor_state(self, monitor_id: str, *, group: str = "") -> MonitorReading:
        """The state of one group, or of the whole monitor if it has no groups or none is named."""
        if not monitor_id.isdecimal():
            raise TelemetryUnavailable(f"{monitor_id[:100]!r} is not the id of a Datadog monitor.")

        def request(client: Any) -> Any:
            from datadog_api_client.v1.api.monitors_api import MonitorsApi

            monitors = MonitorsApi(client)  # type: ignore[no-untyped-call]
            return monitors.get_monitor(int(monitor_id), group_states="all")

        answer = await self._api.call(f"monitor {monitor_id}", request)
        document = answer.document if isinstance(answer.document, dict) else {}
        name = str(document.get("name") or f"Monitor {monitor_id}")
        return MonitorReading(state=_state(document, group), name=name)

    def seconds_between_queries(self) -> float:
        """How long a poller should wait between two queries: at least 5 s, and so long that a fifth of the shared
        budget is left for runs and people."""
        return self._budget.seconds_between()

    def close(self) -> None:
        self._api.close()


class NullTelemetry:
    """Stands in where there are no keys: every question is answered with what to set."""

    def _unset(self) -> TelemetryUnavailable:
        return TelemetryUnavailable("Datadog keys are not set: DD_API_KEY and DD_APP_KEY")

    async def query(self, query: str, *, start: float, end: float) -> Sequence[Series]:
        raise self._unset()

    async def error_logs(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        raise self._unset()

    async def count_logs(self, query: str, *, start: float, end: float) -> int:
        raise self._unset()

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        raise self._unset()

    async def monitor_state(self, monitor_id: str, *, group: str = "") -> MonitorReading:
        raise self._unset()

    def seconds_between_queries(self) -> float:
        return SHORTEST_S

    def close(self) -> None:
        """Nothing is held."""


def _milliseconds(moment: float) -> str:
    return str(round(moment * 1000))


def _state(document: dict[str, Any], group: str) -> str:
    """The named group's status. Groups are compared as sets of tags; a monitor without groups is its overall state."""
    overall = str(document.get("overall_state") or "Unknown")
    inner = document.get("state")
    groups = inner.get("groups") if isinstance(inner, dict) else None
    wanted = _parts(group)
    if not wanted or not isinstance(groups, dict) or set(groups) <= {"*"}:
        return overall
    for name, state in groups.items():
        if _parts(str(name)) == wanted and isinstance(state, dict):
            return str(state.get("status") or "Unknown")
    if overall == "OK":
        return overall  # it is worst of all groups, so the named one cannot be worse
    raise TelemetryUnavailable(f"The monitor reports no group {group[:200]}.")


def _parts(group: str) -> frozenset[str]:
    return frozenset(part.strip() for part in group.strip("{} ").split(",") if part.strip(" *"))
