"""/_sandbox/…: the same as the Python API for a page in the browser, on a port of its own.

It acts on behalf of people, so it answers only to requests that name this very host (against DNS rebinding),
and takes actions only as JSON (so that no other site's form can send them).
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fixloop_bot.sandbox.slack.delivery import Answer
from fixloop_bot.sandbox.slack.records import Json, Message, NotThereError, RefusalError

if TYPE_CHECKING:
    from fixloop_bot.sandbox.slack.server import LocalSlack

ACTIONS = (
    "click",
    "tick",
    "select",
    "click_view",
    "command",
    "message",
    "direct",
    "edit",
    "delete",
    "reaction",
    "join",
    "open_home",
    "submit_view",
    "close_view",
    "shortcut",
)
FAULT_FIELDS = frozenset({"method", "kind", "times", "error", "seconds", "status"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def control_app(slack: LocalSlack) -> web.Application:
    """GET state, messages, thread, screen, calls, changes (server-sent events), files; POST an action or a
    fault.
    """
    surface = _Control(slack)
    application = web.Application(middlewares=[_only_this_host])
    application.router.add_get("/_sandbox/state", surface.state)
    application.router.add_get("/_sandbox/messages", surface.messages)
    application.router.add_get("/_sandbox/thread", surface.thread)
    application.router.add_get("/_sandbox/screen", surface.screen)
    application.router.add_get("/_sandbox/calls", surface.calls)
    application.router.add_get("/_sandbox/changes", surface.changes)
    application.router.add_get("/_sandbox/files/{file}", surface.file)
    application.router.add_post("/_sandbox/faults", surface.fault)
    application.router.add_post("/_sandbox/{action}", surface.act)
    return application


class _Control:
    def __init__(self, slack: LocalSlack) -> None:
        self._slack = slack

    async def state(self, request: web.Request) -> web.Response:
        workspace = self._slack.core.workspace
        return web.json_response(
            {
                "users": [dataclasses.asdict(user) for user in workspace.users.values()],
                "channels": [
                    {
                        "id": channel.id,
                        "name": channel.name,
                        "kind": channel.kind,
                        "archived": channel.archived,
                        "members": sorted(channel.members),
                    }
                    for channel in workspace.channels.values()
                ],
                "socket_mode_connections": len(self._slack.socket.connections),
                "events_url": self._slack.events_url,
            }
        )

    async def messages(self, request: web.Request) -> web.Response:
        return self._listed(self._slack.messages(request.query.get("channel", "")))

    async def thread(self, request: web.Request) -> web.Response:
        query = request.query
        return self._listed(self._slack.thread(query.get("channel", ""), query.get("ts", "")))

    async def screen(self, request: web.Request) -> web.Response:
        """What one person sees besides messages: modals, Home, ephemeral messages."""
        user, views = request.query.get("user", ""), self._slack.core.views
        home = self._slack.home(user)
        return web.json_response(
            {
                "views": [{**views.shown(view), "errors": view.errors} for view in self._slack.open_views(user)],
                "home": None if home is None else views.shown(home),
                "ephemerals": [message.content for message in self._slack.ephemerals(user)],
            }
        )

    async def calls(self, request: web.Request) -> web.Response:
        method = request.query.get("method")
        calls = [dataclasses.asdict(call) for call in self._slack.calls if method in (None, call.method)]
        return web.json_response({"calls": calls, "counts": dict(self._slack.call_counts)})

    async def file(self, request: web.Request) -> web.Response:
        workspace, file_id = self._slack.core.workspace, request.match_info["file"]
        if file_id not in workspace.file_contents:
            raise NotThereError(f"there is no file {file_id}")
        kind = str(workspace.files[file_id]["mimetype"])
        # Uploaded content is the bot's: shown as a picture or not at all, never run as a page.
        kind = kind if kind.startswith("image/") and "svg" not in kind else "application/octet-stream"
        headers = {"X-Content-Type-Options": "nosniff"}
        return web.Response(body=workspace.file_contents[file_id], content_type=kind, headers=headers)

    async def changes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        changes = self._slack.changes()
        await response.prepare(request)
        await response.write(b": following\n\n")
        async for change in changes:
            line = json.dumps(dataclasses.asdict(change))
            await response.write(f"event: {change.kind}\ndata: {line}\n\n".encode())
        return response

    async def fault(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not body.keys() <= FAULT_FIELDS:
            raise NotThereError(f"a fault has the fields {', '.join(sorted(FAULT_FIELDS))}")
        self._slack.faults.add(**body)
        return web.json_response({"ok": True})

    async def act(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise NotThereError(f"people cannot {action}; they can {', '.join(ACTIONS)}")
        done = getattr(self._slack.people, action)(**await _body(request))
        return web.json_response({"ok": True, "result": _plain(await done if inspect.isawaitable(done) else done)})

    def _listed(self, messages: list[Message]) -> web.Response:
        shown = self._slack.core.workspace.shown
        return web.json_response({"messages": [shown(message) for message in messages]})


@web.middleware
async def _only_this_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.url.host or ""
    if host not in ("127.0.0.1", "localhost", "::1"):
        return web.json_response({"ok": False, "error": "wrong host"}, status=403)
    if request.method == "POST" and request.content_type != "application/json":
        return web.json_response({"ok": False, "error": "send JSON"}, status=415)
    try:
        return await handler(request)
    except (NotThereError, RefusalError, TypeError) as error:
        return web.json_response({"ok": False, "error": str(error)}, status=400)


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        raise NotThereError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise NotThereError("the body is not a JSON object")
    return body


def _plain(result: Any) -> Any:
    if isinstance(result, Message):
        return {**result.content, "channel": result.channel}
    return dataclasses.asdict(result) if isinstance(result, Answer) else result
