"""Sets FixLoop's webhook up in Datadog; running it again changes only what differs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fixloop_bot.adapters.datadog.api import DatadogApi
from fixloop_bot.adapters.datadog.refusals import Refusal
from fixloop_bot.adapters.datadog.template import custom_headers, payload_template

NAME = "fixloop"
SECRET_VARIABLE = "FIXLOOP_WEBHOOK_SECRET"  # noqa: S105 - the variable's name, not the secret
_VARIABLE = f"the hidden variable {SECRET_VARIABLE}"


class Written:
    """What of it is written in Datadog so far, for whoever ends it early; ``name`` is the webhook's."""

    def __init__(self, name: str) -> None:
        self._webhook = f"the webhook {name}"
        self._parts = {_VARIABLE: "is not", self._webhook: "is not"}

    async def variable(self, writing: Awaitable[object]) -> None:
        await self._write(_VARIABLE, writing)

    async def webhook(self, writing: Awaitable[object]) -> None:
        await self._write(self._webhook, writing)

    def without_variable(self) -> None:
        """There is no secret, or none can be hidden in this Datadog."""
        self._parts.pop(_VARIABLE, None)

    async def _write(self, part: str, writing: Awaitable[object]) -> None:
        self._parts[part] = "may be"
        await writing
        self._parts[part] = "is"

    def __str__(self) -> str:
        """Such as "The hidden variable … is written, the webhook fixloop may be"."""
        if set(self._parts.values()) == {"is not"}:
            return "Nothing is written in Datadog"
        first, *others = (f"{part} {stands}" for part, stands in self._parts.items())
        return ", ".join((f"{first[0].upper()}{first[1:]} written", *others))


async def install_webhook(
    *, api_key: str, app_key: str, host: str, url: str, secret: str, name: str = NAME, written: Written | None = None
) -> str:
    """Create or update the webhook integration ``name`` so that it posts FixLoop's template to ``url``.

    The secret is kept in a hidden custom variable of Datadog's, which the header names; where that cannot be had (404),
    the header holds the secret itself. An empty secret sends no header. Returns a sentence of what was done, and keeps
    in ``written`` how far it is; raises TelemetryUnavailable.
    """
    written = written or Written(name)
    api = DatadogApi(api_key=api_key, app_key=app_key, host=host)
    try:
        hidden = await _keep_secret(api, secret, written) if secret else False
        if not hidden:
            written.without_variable()
        wanted = {
            "name": name,
            "url": url,
            "payload": payload_template(),
            "encode_as": "json",
            "custom_headers": custom_headers(f"${SECRET_VARIABLE}" if hidden else secret) if secret else None,
        }
        done = await _put_webhook(api, wanted, written)
    finally:
        api.close()
    where = "in a hidden variable" if hidden else "in its header" if secret else "not set"
    return f"{done} {name}, which posts to {url} (secret {where}). Add @webhook-{name} to a monitor's message."


async def _keep_secret(api: DatadogApi, secret: str, written: Written) -> bool:
    """Write the hidden variable; False where this Datadog has no such variables. Its value cannot be read back, so it
    is written every time."""
    exists = await _found(api, "get_webhooks_integration_custom_variable", SECRET_VARIABLE) is not None

    def request(client: Any) -> Any:
        from datadog_api_client.v1.model.webhooks_integration_custom_variable import (
            WebhooksIntegrationCustomVariable,
        )
        from datadog_api_client.v1.model.webhooks_integration_custom_variable_update_request import (
            WebhooksIntegrationCustomVariableUpdateRequest,
        )

        webhooks = _webhooks(client)
        values: dict[str, Any] = {"is_secret": True, "name": SECRET_VARIABLE, "value": secret}
        if exists:
            body = WebhooksIntegrationCustomVariableUpdateRequest(**values)
            return webhooks.update_webhooks_integration_custom_variable(SECRET_VARIABLE, body=body)
        return webhooks.create_webhooks_integration_custom_variable(body=WebhooksIntegrationCustomVariable(**values))

    try:
        await written.variable(api.call("the webhook's hidden variable", request, more_tries=0))
    except Refusal as refusal:
        if refusal.status == 404:
            return False
        raise
    return True


async def _put_webhook(api: DatadogApi, wanted: dict[str, Any], written: Written) -> str:
    known = await _found(api, "get_webhooks_integration", wanted["name"])
    if known is not None and _same(known, wanted):
        return "Nothing to change in the webhook"

    def request(client: Any) -> Any:
        from datadog_api_client.v1.model.webhooks_integration import WebhooksIntegration
        from datadog_api_client.v1.model.webhooks_integration_encoding import WebhooksIntegrationEncoding
        from datadog_api_client.v1.model.webhooks_integration_update_request import (
            WebhooksIntegrationUpdateRequest,
        )

        values = {key: value for key, value in wanted.items() if value is not None}
        values["encode_as"] = WebhooksIntegrationEncoding("json")  # type: ignore[no-untyped-call]
        if known is None:
            return _webhooks(client).create_webhooks_integration(body=WebhooksIntegration(**values))
        body = WebhooksIntegrationUpdateRequest(**values)
        return _webhooks(client).update_webhooks_integration(wanted["name"], body=body)

    await written.webhook(api.call("the webhook", request, more_tries=0))
    return "Created the webhook" if known is None else "Updated the webhook"


async def _found(api: DatadogApi, operation: str, name: str) -> dict[str, Any] | None:
    """What Datadog has under this name, or None."""
    request: Callable[[Any], Any] = lambda client: getattr(_webhooks(client), operation)(name)  # noqa: E731
    try:
        answer = await api.call("the webhook integration", request)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise
    return answer.document if isinstance(answer.document, dict) else {}


def _same(known: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(_plain(known.get(key)) == _plain(value) for key, value in wanted.items())


def _plain(value: Any) -> Any:
    """JSON written as text, read; so that spaces and the order of keys make no difference."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value or None


def _webhooks(client: Any) -> Any:
    from datadog_api_client.v1.api.webhooks_integration_api import WebhooksIntegrationApi

    return WebhooksIntegrationApi(client)  # type: ignore[no-untyped-call]
