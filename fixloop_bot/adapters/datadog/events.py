"""Tells Datadog how an incident ended: an event on the service. Implements the ``Announcer`` port."""

from __future__ import annotations

from typing import Any

from fixloop_bot.adapters.datadog.api import DEADLINE_S, DatadogApi
from fixloop_bot.domain.report import Report, headline_of

TITLE, TEXT, TAG = 100, 4_000, 200
"""Datadog's limits in characters; titles of events are cut in its lists."""
ALERT_TYPES = {"proven": "success", "not recovered": "error", "unproven": "warning", "inconclusive": "warning"}
"""What an event looks like in Datadog; ``info`` where nothing was validated."""
POSTED_BY = "posted_by:fixloop"
"""By this tag the search for changes leaves our own events out: "rolled back" stands in them."""
SOURCE = "my_apps"
"""What the API takes for the source of somebody's own program."""


class DatadogEvents:
    """Posts events with the API key; the application key is not asked for."""

    def __init__(self, *, api_key: str, app_key: str, host: str, deadline_s: float = DEADLINE_S) -> None:
        self._api = DatadogApi(api_key=api_key, app_key=app_key, host=host, deadline_s=deadline_s)

    @property
    def available(self) -> bool:
        return True

    async def announce(self, report: Report, *, service: str, env: str | None, link: str) -> None:
        """One event; it is sent once, since a second try might make a second event."""

        def request(client: Any) -> Any:
            from datadog_api_client.v1.api.events_api import EventsApi
            from datadog_api_client.v1.model.event_alert_type import EventAlertType
            from datadog_api_client.v1.model.event_create_request import EventCreateRequest

            body = EventCreateRequest(
                title=title_of(report),
                text=text_of(report, link),
                tags=tags_of(report, service, env),
                alert_type=EventAlertType(ALERT_TYPES.get(report.verdict, "info")),  # type: ignore[no-untyped-call]
                source_type_name=SOURCE,
                aggregation_key=report.incident_id,
            )
            events = EventsApi(client)  # type: ignore[no-untyped-call]
            return events.create_event(body=body)

        await self._api.call("the event", request, more_tries=0)

    def close(self) -> None:
        self._api.close()


def title_of(report: Report) -> str:
    return headline_of(report)[:TITLE]


def text_of(report: Report, link: str) -> str:
    """Plain lines, the verdict first. No ``%%%`` fence: what comes from outside is never read as Markdown."""
    more = [f"Not proven: {each}" for each in report.unproven] + [f"To do: {each}" for each in report.follow_ups]
    fixed = [f"What fixed it: {report.fixed_by}"] if report.fixed_by else []
    lines = [" ".join(line.replace("%%%", "").split()) for line in (*report.summary, *fixed, *more)]
    address = f"\nReport: {link}" if link else ""
    return "\n".join(lines)[: TEXT - len(address)] + address


def tags_of(report: Report, service: str, env: str | None) -> list[str]:
    tags = [f"service:{service}", f"env:{env}" if env else "", f"incident:{report.incident_id}"]
    tags += [f"verdict:{report.verdict.replace(' ', '_')}", f"severity:{report.severity.lower()}", POSTED_BY]
    return [" ".join(tag.split())[:TAG] for tag in tags if tag]


class NullEvents:
    """Without DD_API_KEY nobody else is told."""

    @property
    def available(self) -> bool:
        return False

    async def announce(self, report: Report, *, service: str, env: str | None, link: str) -> None:
        """Nothing is sent."""

    def close(self) -> None:
        """Nothing is held."""
