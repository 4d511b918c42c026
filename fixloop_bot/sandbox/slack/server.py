"""LocalSlack: a Slack workspace on this machine, reached as the real one is: over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

from aiohttp import web

from fixloop_bot.sandbox.slack.api.files import receive
from fixloop_bot.sandbox.slack.app import App, installed
from fixloop_bot.sandbox.slack.background import Background
from fixloop_bot.sandbox.slack.changes import Changes
from fixloop_bot.sandbox.slack.control import control_app
from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.delivery import Delivered, Delivery
from fixloop_bot.sandbox.slack.events import Events
from fixloop_bot.sandbox.slack.faults import Faults
from fixloop_bot.sandbox.slack.ids import Ids
from fixloop_bot.sandbox.slack.inhabitants import settle
from fixloop_bot.sandbox.slack.limits import Enforcement, RateLimits
from fixloop_bot.sandbox.slack.manifest import read_manifest
from fixloop_bot.sandbox.slack.people import People
from fixloop_bot.sandbox.slack.records import Change, Channel, Clock, Json, Message, RefusalError, User
from fixloop_bot.sandbox.slack.response_urls import ResponseUrls
from fixloop_bot.sandbox.slack.socket_mode import SocketMode
from fixloop_bot.sandbox.slack.views import View, Views
from fixloop_bot.sandbox.slack.web_api import Logged, WebApi
from fixloop_bot.sandbox.slack.workspace import Workspace

UPLOAD_BYTES = 64 * 1024 * 1024
GRACE_SECONDS = 1.0
"""How long `stop` lets deliveries finish."""


class LocalSlack:
    """One workspace with one app installed.

    `events_url` is where the app listens (events, interactivity and commands alike) and may be set later;
    with Socket Mode it stays None. `manifest` is the path of the app's manifest: it decides on scopes, events,
    commands, shortcuts, the Home tab and direct messages (ManifestError where Slack would not take it); without
    it everything is granted. `scopes`, `bot_events` and `commands` count instead of the manifest's.
    `enforcement` is how strictly rate limits are kept.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        signing_secret: str,
        app_token: str = "xapp-local",  # noqa: S107 - a token of the local workspace only
        events_url: str | None = None,
        manifest: Path | None = None,
        scopes: Collection[str] | None = None,
        bot_events: Collection[str] | None = None,
        commands: Collection[str] | None = None,
        enforcement: Enforcement = "relaxed",
        clock: Clock = time.time,
        bot_name: str = "FixLoop",
    ) -> None:
        app = installed(
            bot_token=bot_token,
            signing_secret=signing_secret,
            app_token=app_token,
            manifest=read_manifest(manifest) if manifest is not None else None,
            scopes=scopes,
            bot_events=bot_events,
            commands=commands,
        )
        self.core = _core(app, clock, enforcement)
        self.core.delivery.events_url = events_url
        settle(self.core.workspace, bot_name=bot_name)
        self.core.changes.listen(Events(self.core.workspace, app, self.core.delivery).hear)
        self.people = People(self.core)
        self._api = WebApi(self.core)
        self._runners: list[web.AppRunner] = []
        self.admin_url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0, admin_port: int = 0) -> None:
        """Listen; port 0 takes a free one. The control surface has a port of its own."""
        await self.core.delivery.open()
        self.core.base_url = await self._listen(self._application(), host, port)
        self.core.response_urls.base_url = self.core.base_url
        self.admin_url = await self._listen(control_app(self), host, admin_port, until_hang_up=True)

    async def stop(self) -> None:
        """Let deliveries end (a second at most), close sockets and ports."""
        try:
            await self.core.background.drain(GRACE_SECONDS)
        finally:
            await self.core.socket.close()
            for runner in self._runners:
                await runner.cleanup()
            await self.core.delivery.close()

    @property
    def api_url(self) -> str:
        """For `AsyncWebClient(base_url=…)` and SLACK_API_URL."""
        return f"{self.core.base_url}/api/"

    @property
    def events_url(self) -> str | None:
        return self.core.delivery.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self.core.delivery.events_url = url

    @property
    def faults(self) -> Faults:
        return self.core.faults

    @property
    def limits(self) -> RateLimits:
        return self.core.limits

    @property
    def delivery(self) -> Delivery:
        """Its knobs: ack_seconds, retry_scale, repeat_events; its `log`."""
        return self.core.delivery

    @property
    def socket(self) -> SocketMode:
        return self.core.socket

    @property
    def calls(self) -> deque[Logged]:
        """The Web API calls, oldest first."""
        return self._api.log

    @property
    def call_counts(self) -> Counter[str]:
        return self._api.counts

    @property
    def deliveries(self) -> deque[Delivered]:
        return self.core.delivery.log

    def calls_of(self, method: str) -> list[Logged]:
        return [call for call in self._api.log if call.method == method]

    def user(self, who: str) -> User:
        return self.core.workspace.user(who)

    def channel(self, where: str) -> Channel:
        return self.core.workspace.channel(where)

    def message(self, channel: str, ts: str) -> Message:
        return self.core.workspace.message(channel, ts)

    def messages(self, channel: str) -> list[Message]:
        """Everything in a channel that was not deleted, replies included, oldest first."""
        return [each for each in self.channel(channel).messages.values() if not each.deleted]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """Root and replies of bot and people, oldest first."""
        return self.core.workspace.thread(self.channel(channel), ts)

    def ephemerals(self, user: str) -> list[Message]:
        """What only this person was shown."""
        who = self.user(user).id
        return [each for each in self.core.workspace.ephemerals if each.visible_to == who and not each.deleted]

    def open_views(self, user: str) -> list[View]:
        """This person's open modals, the topmost last."""
        who, homes = self.user(user).id, self.core.views.homes.values()
        return [each for each in self.core.views.views.values() if each.user == who and each.open and each not in homes]

    def home(self, user: str) -> View | None:
        return self.core.views.homes.get(self.user(user).id)

    def changes(self) -> AsyncIterator[Change]:
        """Follow the workspace from this call on: `async for change in slack.changes()`."""
        return self.core.changes.follow()

    def on_change(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        return self.core.changes.listen(listener)

    async def settled(self) -> None:
        """Wait until no event is being delivered or waits for a retry (minutes, unless retry_scale is small)."""
        await self.core.background.settled()

    async def verify_url(self) -> bool:
        """The url_verification handshake with the current events_url."""
        return await self.core.delivery.verify_url(self.core.workspace.ids.make("challenge"))

    def revoke_token(self) -> None:
        self.core.app.revoked = True

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=UPLOAD_BYTES)
        application.router.add_route("*", "/api/{method}", self._api.serve)
        application.router.add_post("/upload/{ticket}", self._upload)
        application.router.add_get("/files/{file}/{name}", self._download)
        application.router.add_post("/response/{key}", self._respond)
        application.router.add_get("/link/", self.core.socket.serve)
        return application

    async def _listen(self, application: web.Application, host: str, port: int, *, until_hang_up: bool = False) -> str:
        # A Web API call takes effect even if its caller hangs up; a follower of changes just ends.
        runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=GRACE_SECONDS,
            handler_cancellation=until_hang_up,
        )
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def _upload(self, request: web.Request) -> web.Response:
        if request.content_type == "multipart/form-data":
            parts = [each for each in (await request.post()).values() if isinstance(each, web.FileField)]
            content = await asyncio.to_thread(parts[0].file.read) if parts else b""
        else:
            content = await request.read()
        try:
            return web.Response(text=receive(self.core, request.match_info["ticket"], content))
        except RefusalError as refusal:
            return web.Response(status=404, text=refusal.error)

    async def _download(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.core.app.bot_token}":
            return web.Response(status=403, text="not_authed")
        return _file(self.core, request.match_info["file"])

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            self.core.response_urls.use(request.match_info["key"], await _json(request))
        except RefusalError as refusal:
            status = 404 if refusal.error in ("used_url", "expired_url") else 400
            return web.json_response(refusal.body(), status=status)
        return web.Response(text="ok")


def _core(app: App, clock: Clock, enforcement: Enforcement) -> Core:
    ids, changes, background = Ids(clock), Changes(), Background()
    workspace, socket = Workspace(clock, ids, changes), SocketMode(ids)
    return Core(
        app=app,
        workspace=workspace,
        changes=changes,
        background=background,
        socket=socket,
        delivery=Delivery(app, clock, background, socket),
        limits=RateLimits(clock, enforcement),
        faults=Faults(),
        views=Views(workspace),
        response_urls=ResponseUrls(workspace),
    )


def _file(core: Core, file_id: str) -> web.Response:
    content = core.workspace.file_contents.get(file_id)
    if content is None:
        return web.Response(status=404, text="file_not_found")
    return web.Response(body=content, content_type=core.workspace.files[file_id]["mimetype"])


async def _json(request: web.Request) -> Json | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
