"""Socket Mode: the bot opens WebSockets to Slack and receives envelopes on them.

Up to ten connections; each envelope goes to one of them, in turn. A connection begins with `hello` and is
ended by `disconnect`, after which the client asks for a new URL.
"""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from fixloop_bot.sandbox.slack.ids import Ids
from fixloop_bot.sandbox.slack.records import Json, RefusalError
from fixloop_bot.sandbox.slack.workspace import APP_ID

CONNECTIONS = 10
CONNECTION_SECONDS = 18_060
"""What `hello` announces as the life of a connection; the local Slack ends one only when told to."""


class SocketMode:
    """The open sockets of the app and the envelopes that wait for an acknowledgement."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._tickets: set[str] = set()
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._connected = asyncio.Event()
        self._turn = count()
        self.connections: list[web.WebSocketResponse] = []
        self.in_use = False

    def ticket(self) -> str:
        """A ticket for one connection, as apps.connections.open hands out."""
        ticket = self._ids.make("")
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from `hello` to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="unknown or used ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        if len(self.connections) >= CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        self._joined(socket)
        try:
            await socket.send_json(self._hello())
            await self._listen(socket)
        finally:
            self._left(socket)
        return socket

    async def send(self, kind: str, payload: Json, more: Json) -> Any:
        """Send one envelope and wait for its acknowledgement; the caller sets the deadline."""
        await self._connected.wait()
        envelope_id = self._ids.make("e")
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            **more,
        }
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[envelope_id] = ack
        try:
            await self.connections[next(self._turn) % len(self.connections)].send_json(envelope)
            return await ack
        finally:
            del self._acks[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested", *, which: int | None = None) -> None:
        """End connections as Slack does: `warning` only announces it, any other reason also closes."""
        chosen = list(self.connections) if which is None else [self.connections[which]]
        for socket in chosen:
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
            if reason != "warning":
                await socket.close()

    async def close(self) -> None:
        for socket in list(self.connections):
            await socket.close()

    async def connected(self) -> None:
        """Return when at least one connection is open."""
        await self._connected.wait()

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                self._acknowledge(frame.data)

    def _acknowledge(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        ack = self._acks.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if ack is not None and not ack.done():
            ack.set_result(message.get("payload"))

    def _joined(self, socket: web.WebSocketResponse) -> None:
        self.connections.append(socket)
        self.in_use = True
        self._connected.set()

    def _left(self, socket: web.WebSocketResponse) -> None:
        if socket in self.connections:
            self.connections.remove(socket)
        if not self.connections:
            self._connected.clear()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {
                "host": "local",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": APP_ID},
        }


def check_room(socket_mode: SocketMode) -> None:
    """apps.connections.open refuses an eleventh connection."""
    if len(socket_mode.connections) >= CONNECTIONS:
        raise RefusalError("too_many_websockets")
