"""The webhooks integration over HTTP."""

from typing import Any, TypeVar

from aiohttp import web

from .account import Account, ApiError, read_object, reply
from .webhooks import WebhookError, read_webhook

T = TypeVar("T")

_WEBHOOKS = "/api/v1/integration/webhooks/configuration/webhooks"
_VARIABLES = "/api/v1/integration/webhooks/configuration/custom-variables"


class IntegrationsApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        one_webhook, one_variable = f"{_WEBHOOKS}/{{name}}", f"{_VARIABLES}/{{name}}"
        return [
            web.post(_WEBHOOKS, self.create_webhook),
            web.get(one_webhook, self.get_webhook),
            web.put(one_webhook, self.update_webhook),
            web.delete(one_webhook, self.delete_webhook),
            web.post(_VARIABLES, self.create_variable),
            web.get(one_variable, self.get_variable),
            web.put(one_variable, self.update_variable),
            web.delete(one_variable, self.delete_variable),
        ]

    async def create_webhook(self, request: web.Request) -> web.Response:
        try:
            webhook = read_webhook(await read_object(request))
        except WebhookError as error:
            raise ApiError(400, str(error)) from error
        if webhook.name in self._account.webhooks:
            raise ApiError(400, f"Webhook {webhook.name} already exists")
        self._account.webhooks[webhook.name] = webhook
        return reply(webhook.as_json(), 201)

    async def get_webhook(self, request: web.Request) -> web.Response:
        return reply(_named(self._account.webhooks, request).as_json())

    async def update_webhook(self, request: web.Request) -> web.Response:
        existing = _named(self._account.webhooks, request)
        try:
            webhook = read_webhook(await read_object(request), existing)
        except WebhookError as error:
            raise ApiError(400, str(error)) from error
        del self._account.webhooks[existing.name]
        self._account.webhooks[webhook.name] = webhook
        return reply(webhook.as_json())

    async def delete_webhook(self, request: web.Request) -> web.Response:
        del self._account.webhooks[_named(self._account.webhooks, request).name]
        return reply({})

    async def create_variable(self, request: web.Request) -> web.Response:
        variable = _variable(await read_object(request), {})
        if variable["name"] in self._account.custom_variables:
            raise ApiError(400, f"Custom variable {variable['name']} already exists")
        self._account.custom_variables[variable["name"]] = variable
        return reply(_shown(variable), 201)

    async def get_variable(self, request: web.Request) -> web.Response:
        return reply(_shown(_named(self._account.custom_variables, request)))

    async def update_variable(self, request: web.Request) -> web.Response:
        existing = _named(self._account.custom_variables, request)
        variable = _variable(await read_object(request), existing)
        del self._account.custom_variables[existing["name"]]
        self._account.custom_variables[variable["name"]] = variable
        return reply(_shown(variable))

    async def delete_variable(self, request: web.Request) -> web.Response:
        del self._account.custom_variables[_named(self._account.custom_variables, request)["name"]]
        return reply({})


def _named(found: dict[str, T], request: web.Request) -> T:
    name = request.match_info["name"]
    if name not in found:
        raise ApiError(404, f"{name} not found")
    return found[name]


def _variable(body: dict[str, Any], existing: dict[str, Any]) -> dict[str, Any]:
    variable = {"is_secret": False, **existing, **body}
    name = str(variable.get("name", ""))
    if not name or not name.replace("_", "").isalnum() or name != name.upper() or "value" not in variable:
        raise ApiError(400, "Invalid custom variable: an upper-case name and a value are required")
    return {"name": name, "value": str(variable["value"]), "is_secret": bool(variable["is_secret"])}


def _shown(variable: dict[str, Any]) -> dict[str, Any]:
    """A secret variable is never read back."""
    return {key: value for key, value in variable.items() if key != "value" or not variable["is_secret"]}
