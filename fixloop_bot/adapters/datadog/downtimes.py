"""Downtimes: while one lasts, Datadog itself notifies nobody of these monitors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fixloop_bot.adapters.datadog.api import DatadogApi
from fixloop_bot.adapters.datadog.refusals import Refusal
from fixloop_bot.domain.errors import TelemetryUnavailable

_TAG = re.compile(r"[\w.:/-]+")
EVERY_MONITOR = ["*"]


class DatadogDowntimes:
    """Implements the ``Downtimes`` port by version 2 of the API (docs.datadoghq.com/api/latest/downtimes)."""

    def __init__(self, *, api_key: str, app_key: str, host: str) -> None:
        self._api = DatadogApi(api_key=api_key, app_key=app_key, host=host)

    async def create(self, tags: Sequence[tuple[str, str]], *, until: float, message: str) -> str:
        """Silence every monitor whose groups have all these tags, from now until then; returns the downtime's id.

        Tried once: a POST whose answer was lost may have made one, and a second one would outlive a cancellation.
        """
        scope, end = scope_of(tags), datetime.fromtimestamp(until, UTC)

        def request(client: Any) -> Any:
            from datadog_api_client.v2.api.downtimes_api import DowntimesApi
            from datadog_api_client.v2.model.downtime_create_request import DowntimeCreateRequest
            from datadog_api_client.v2.model.downtime_create_request_attributes import DowntimeCreateRequestAttributes
            from datadog_api_client.v2.model.downtime_create_request_data import DowntimeCreateRequestData
            from datadog_api_client.v2.model.downtime_monitor_identifier_tags import DowntimeMonitorIdentifierTags
            from datadog_api_client.v2.model.downtime_resource_type import DowntimeResourceType
            from datadog_api_client.v2.model.downtime_schedule_one_time_create_update_request import (
                DowntimeScheduleOneTimeCreateUpdateRequest,
            )

            attributes = DowntimeCreateRequestAttributes(
                message=message,
                monitor_identifier=DowntimeMonitorIdentifierTags(monitor_tags=EVERY_MONITOR),
                schedule=DowntimeScheduleOneTimeCreateUpdateRequest(end=end),
                scope=scope,
            )
            kind = DowntimeResourceType("downtime")  # type: ignore[no-untyped-call]
            body = DowntimeCreateRequest(data=DowntimeCreateRequestData(attributes=attributes, type=kind))
            return DowntimesApi(client).create_downtime(body=body)  # type: ignore[no-untyped-call]

        answer = await self._api.call("the downtime", request, more_tries=0)
        data = answer.document.get("data") if isinstance(answer.document, dict) else None
        made = data.get("id") if isinstance(data, dict) else None
        if not made:
            raise TelemetryUnavailable("Datadog's answer about the downtime names none.")
        return str(made)

    async def cancel(self, downtime: str) -> None:
        """End a downtime; one that Datadog does not know any more has ended."""

        def request(client: Any) -> Any:
            from datadog_api_client.v2.api.downtimes_api import DowntimesApi

            return DowntimesApi(client).cancel_downtime(downtime)  # type: ignore[no-untyped-call]

        try:
            await self._api.call("the downtime", request)
        except Refusal as refusal:
            if refusal.status != 404:
                raise

    def close(self) -> None:
        self._api.close()


class NullDowntimes:
    """Stands in where there are no keys."""

    async def create(self, tags: Sequence[tuple[str, str]], *, until: float, message: str) -> str:
        del tags, until, message
        raise TelemetryUnavailable("Datadog keys are not set: DD_API_KEY and DD_APP_KEY.")

    async def cancel(self, downtime: str) -> None:
        del downtime
        raise TelemetryUnavailable("Datadog keys are not set: DD_API_KEY and DD_APP_KEY.")

    def close(self) -> None:
        """Nothing is held."""


def scope_of(tags: Sequence[tuple[str, str]]) -> str:
    """``service:checkout AND env:prod``; raises TelemetryUnavailable for what a scope cannot say."""
    if not tags or not all(_TAG.fullmatch(key) and _TAG.fullmatch(value) for key, value in tags):
        raise TelemetryUnavailable("Datadog has no scope for these tags.")
    return " AND ".join(f"{key}:{value}" for key, value in tags)
