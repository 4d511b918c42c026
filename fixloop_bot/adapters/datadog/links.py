"""Addresses in Datadog's pages, with the incident's window. Pure functions of their arguments."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

from fixloop_bot.adapters.datadog.lz_string import to_uri_component

_APP_HOSTS = {
    "datadoghq.com": "app.datadoghq.com",
    "datadoghq.eu": "app.datadoghq.eu",
    "ddog-gov.com": "app.ddog-gov.com",
}


def app_host(site: str) -> str:
    """Where people look at a site: three have an ``app.`` host, every other site uses itself (us5.datadoghq.com)."""
    return _APP_HOSTS.get(_bare(site), _bare(site))


def _bare(site: str) -> str:
    return site.strip().lower().rstrip("/").removeprefix("https://").removeprefix("api.").removeprefix("app.")


class DatadogLinks:
    """Implements DeepLinks for one site, such as ``datadoghq.eu``. Times are epoch seconds."""

    def __init__(self, site: str) -> None:
        self._app = f"https://{app_host(site)}"

    def monitor(self, monitor_id: str, *, group: str, start: float, end: float) -> str:
        """The monitor's page, for one group if it is named."""
        asked = {"group": group} if group else {}
        window = {"from_ts": _ms(start), "to_ts": _ms(end)}
        return f"{self._app}/monitors/{quote(monitor_id, safe='')}?{urlencode(asked | window, quote_via=quote)}"

    def metric(self, query: str, *, start: float, end: float) -> str:
        """Metric Explorer with the whole query, formulas included, in the fragment as its current form keeps it."""
        window = urlencode({"start": _ms(start), "end": _ms(end), "paused": "true"})
        return f"{self._app}/metric/explorer?{window}#{to_uri_component(_explorer(query))}"

    def logs(self, query: str, *, start: float, end: float) -> str:
        """Log Explorer, standing still at the window."""
        asked = {"query": query, "from_ts": _ms(start), "to_ts": _ms(end), "live": "false"}
        return f"{self._app}/logs?{urlencode(asked, quote_via=quote)}"

    def event(self, uid: str, number: str = "") -> str:
        """An event's page, by its uid or by its older id; empty where it has neither."""
        asked = {"uid": uid} if uid else {"id": number}
        return f"{self._app}/event/event?{urlencode(asked, quote_via=quote)}" if uid or number else ""


def _ms(moment: float) -> int:
    return round(moment * 1000)


def _explorer(query: str) -> str:
    request = {
        "response_format": "timeseries",
        "queries": [{"name": "query1", "data_source": "metrics", "query": query}],
        "formulas": [{"formula": "query1"}],
        "display_type": "line",
    }
    widget = {
        "layout": {"x": 0, "y": 0, "width": 12, "height": 6},
        "definition": {"type": "timeseries", "requests": [request]},
    }
    return json.dumps({"widget": widget}, separators=(",", ":"), ensure_ascii=False)
