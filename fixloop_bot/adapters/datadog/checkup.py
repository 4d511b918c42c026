"""What ``fixloop doctor`` asks of Datadog: whether a key counts, where its webhook posts, and which monitors use it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fixloop_bot.adapters.datadog.api import DatadogApi
from fixloop_bot.adapters.datadog.refusals import Refusal
from fixloop_bot.adapters.datadog.template import SECRET_HEADER, payload_template


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledWebhook:
    """``sends_secret``: it has FixLoop's header; ``is_current``: its payload is this version's own template."""

    url: str
    sends_secret: bool
    is_current: bool


async def api_key_counts(api: DatadogApi) -> bool:
    """Whether the API key alone is taken; the application key plays no part in it. Raises TelemetryUnavailable."""

    def request(client: Any) -> Any:
        from datadog_api_client.v1.api.authentication_api import AuthenticationApi

        return AuthenticationApi(client).validate()  # type: ignore[no-untyped-call]

    try:
        answer = await api.call("the API key", request)
    except Refusal as refusal:
        if refusal.status in (401, 403):
            return False
        raise
    return isinstance(answer.document, dict) and answer.document.get("valid") is True


async def installed_webhook(api: DatadogApi, name: str) -> InstalledWebhook | None:
    """The webhook of this name, or None. Raises TelemetryUnavailable."""

    def request(client: Any) -> Any:
        from datadog_api_client.v1.api.webhooks_integration_api import WebhooksIntegrationApi

        return WebhooksIntegrationApi(client).get_webhooks_integration(name)  # type: ignore[no-untyped-call]

    try:
        answer = await api.call("the webhook integration", request)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise
    found = answer.document if isinstance(answer.document, dict) else {}
    headers = _object(found.get("custom_headers"))
    return InstalledWebhook(
        url=str(found.get("url") or ""),
        sends_secret=SECRET_HEADER.lower() in {str(key).lower() for key in headers},
        is_current=_object(found.get("payload")) == _object(payload_template()),
    )


async def monitors_that_mention(api: DatadogApi, name: str) -> tuple[int, int]:
    """How many monitors' messages name the webhook, of how many (the first thousand). Raises TelemetryUnavailable."""

    def request(client: Any) -> Any:
        from datadog_api_client.v1.api.monitors_api import MonitorsApi

        return MonitorsApi(client).list_monitors(page=0, page_size=1000)  # type: ignore[no-untyped-call]

    answer = await api.call("the list of monitors", request)
    listed = answer.document if isinstance(answer.document, list) else []
    messages = [str(each.get("message") or "") for each in listed if isinstance(each, dict)]
    return sum(f"@webhook-{name}" in message for message in messages), len(messages)


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
