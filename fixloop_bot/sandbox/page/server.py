"""The page's server: static files, the workspace's pictures, and one WebSocket; for this machine's browser alone.

It acts on behalf of people, so it answers only to requests that name this very host (against DNS rebinding), and takes
deeds only over a WebSocket that its own page has opened (by Origin). The page may load nothing from elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from fixloop_bot.sandbox.page.deeds import perform
from fixloop_bot.sandbox.page.line import Line
from fixloop_bot.sandbox.page.live import Live
from fixloop_bot.sandbox.page.plays import Player, Plays
from fixloop_bot.sandbox.scenarios import scenarios
from fixloop_bot.sandbox.world import World

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
AT_ONCE = 32
"""Deeds of one page that may wait for an answer at the same time."""
FRAME_BYTES = 64 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def page(world: World, *, port: int = 0, player: Player | None = None) -> AsyncIterator[str]:
    """Serve the page of a running world; yields its address. Port 0 takes a free one.

    ``player`` plays the scenarios that the page offers; without one it offers none.
    """
    plays = Plays(world, scenarios(), player)
    live = Live(world, plays)
    runner = web.AppRunner(_application(live), access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
    deaf = live.listen()
    looking = asyncio.create_task(live.look_around(), name="page looks around")
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        deaf()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await plays.stop()
        await runner.cleanup()


def _application(live: Live) -> web.Application:
    served = _Served(live)
    application = web.Application(middlewares=[_guarded])
    application.router.add_get("/", served.index)
    application.router.add_get("/live", served.live)
    application.router.add_get("/files/{file}", served.file)
    application.router.add_get("/static/{name}", served.static)
    application.on_shutdown.append(served.hang_up)
    return application


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.url.host not in HOSTS:
        return web.Response(status=403, text="wrong host", headers=HEADERS)
    response = await handler(request)
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


class _Served:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._sockets: set[web.WebSocketResponse] = set()
        self._static = {each.name: each for each in _static_folder().iterdir() if each.suffix in KINDS}

    async def index(self, _: web.Request) -> web.StreamResponse:
        return self._file("index.html")

    async def static(self, request: web.Request) -> web.StreamResponse:
        return self._file(request.match_info["name"])

    async def file(self, request: web.Request) -> web.Response:
        """An uploaded file: a picture is shown, everything else is only ever downloaded."""
        workspace, name = self._live.world.slack.core.workspace, request.match_info["file"]
        content = workspace.file_contents.get(name)
        if content is None:
            raise web.HTTPNotFound
        kind = str(workspace.files[name]["mimetype"])
        if kind.startswith("image/") and "svg" not in kind:
            return web.Response(body=content, content_type=kind)
        headers = {"Content-Disposition": "attachment"}
        return web.Response(body=content, content_type="application/octet-stream", headers=headers)

    async def live(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != f"http://{request.host}":
            return web.Response(status=403, text="wrong origin")
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=FRAME_BYTES, compress=False)
        await socket.prepare(request)

        async def send(deltas: list[dict[str, Any]]) -> None:
            with contextlib.suppress(ConnectionError):  # it went away; the reader notices it, too
                await socket.send_str(orjson.dumps(deltas).decode())

        line = Line(self._live.picture.anybody(request.query.get("user", "")), self._live.draw, send)
        self._sockets.add(socket)
        self._live.join(line)
        try:
            await _converse(self._live, line, socket)
        finally:
            self._live.leave(line)
            self._sockets.discard(socket)
        return socket

    async def hang_up(self, _: web.Application) -> None:
        for socket in list(self._sockets):
            await socket.close()

    def _file(self, name: str) -> web.StreamResponse:
        if name not in self._static:
            raise web.HTTPNotFound
        kind = KINDS[self._static[name].suffix]
        charset = None if kind.startswith("font/") else "utf-8"
        return web.Response(body=self._static[name].read_bytes(), content_type=kind, charset=charset)


KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


def _static_folder() -> Path:
    with resources.as_file(resources.files("fixloop_bot.sandbox.page") / "static") as folder:
        return folder


async def _converse(live: Live, line: Line, socket: web.WebSocketResponse) -> None:
    """Tell the page what changes, and do what it asks, until it goes away."""
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(line.run(), name="page is told")
        waiting: set[asyncio.Task[None]] = set()
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            asked = _asked(frame.data)
            if asked is None or len(waiting) >= AT_ONCE:
                line.tell({"kind": "answer", "id": 0, "error": "The page asked for something that makes no sense."})
                continue
            task = group.create_task(_answer(live, line, *asked), name=f"page: {asked[1]}")
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        for task in (telling, *waiting):
            task.cancel()


async def _answer(live: Live, line: Line, number: int, what: str, values: dict[str, Any]) -> None:
    error = await perform(live, line, what, values)
    line.tell({"kind": "answer", "id": number, "error": error})


def _asked(text: str) -> tuple[int, str, dict[str, Any]] | None:
    """`{"id": 7, "do": "click", "with": {…}}`, or None for anything else."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("id"), int) or not isinstance(body.get("do"), str):
        return None
    values = body.get("with", {})
    return (body["id"], body["do"], values) if isinstance(values, dict) else None
