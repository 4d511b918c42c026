"""/api/METHOD: reads a call, checks token, scope and rate, lets a fault happen, answers, and keeps a log."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass

from aiohttp import web

from fixloop_bot.sandbox.slack.api import all_methods
from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.faults import Fault
from fixloop_bot.sandbox.slack.records import Json, RefusalError

CALLS_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One call as it was answered, without its token; status 0 means that the connection was dropped."""

    method: str
    arguments: Json
    response: Json
    status: int
    at: float
    seconds: float


class WebApi:
    """Slack's Web API over HTTP."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._methods = all_methods()
        self.log: deque[Logged] = deque(maxlen=CALLS_KEPT)
        self.counts: Counter[str] = Counter()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name, started = request.match_info["method"], self._core.workspace.clock()
        arguments, token = await _arguments(request)
        fault = self._core.faults.take(name)
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        status, body, headers = self._decide(name, arguments, token, fault)
        seconds = self._core.workspace.clock() - started
        self.counts[name] += 1
        self.log.append(
            Logged(method=name, arguments=arguments, response=body, status=status, at=started, seconds=seconds)
        )
        if status == 0:
            return _drop(request)
        return web.json_response(body, status=status, headers=headers)

    def _decide(
        self, name: str, arguments: Json, token: str | None, fault: Fault | None
    ) -> tuple[int, Json, dict[str, str]]:
        if fault is not None and fault.kind == "ratelimited":
            return _limited(int(fault.seconds))
        if fault is not None and fault.kind == "server_error":
            return fault.status, {"ok": False, "error": "internal_error"}, {}
        if fault is not None and fault.kind == "drop":
            return 0, {}, {}
        if fault is not None and fault.kind == "refuse":
            return 200, {"ok": False, "error": fault.error}, {}
        status, body, headers = self._answer(name, arguments, token)
        return (0 if fault is not None and fault.kind == "lose_answer" else status), body, headers

    def _answer(self, name: str, arguments: Json, token: str | None) -> tuple[int, Json, dict[str, str]]:
        method = self._methods.get(name)
        if method is None:
            return 200, {"ok": False, "error": "unknown_method", "req_method": name}, {}
        headers = {"x-oauth-scopes": ",".join(sorted(self._core.app.scopes or ()))}
        if method.scopes:
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        try:
            self._authorize(method, token)
            wait = self._core.limits.retry_after(name, method.per_minute, arguments.get("channel"))
            if wait is not None:
                return _limited(wait)
            return 200, method.handle(Call(core=self._core, method=name, arguments=arguments)), headers
        except RefusalError as refusal:
            return 200, refusal.body(), headers

    def _authorize(self, method: Method, token: str | None) -> None:
        app = self._core.app
        if method.token == "none":  # noqa: S105
            return
        if not token:
            raise RefusalError("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise RefusalError("invalid_auth")
        if app.revoked:
            raise RefusalError("token_revoked")
        if (token == app.app_token) != (method.token == "app"):  # noqa: S105
            raise RefusalError("not_allowed_token_type")
        if not app.may(method.scopes):
            raise RefusalError("missing_scope", needed=method.scopes[0], provided=",".join(sorted(app.scopes or ())))


def _limited(seconds: int) -> tuple[int, Json, dict[str, str]]:
    return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(seconds)}


async def _arguments(request: web.Request) -> tuple[Json, str | None]:
    """Query, form or JSON body in one dictionary, and the token from wherever it was."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        body = await _json(request)
        arguments |= body if isinstance(body, dict) else {}
    elif request.body_exists:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    in_body = arguments.pop("token", None)
    header = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return arguments, header or (str(in_body) if in_body else None)


async def _json(request: web.Request) -> object:
    try:
        return await request.json()
    except ValueError:
        return {}


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
