"""Targets for the prober: a polite shop and servers that misbehave on the wire, on free loopback ports."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

CERTIFICATE = Path(__file__).with_name("shop.pem")
BOMB = gzip.compress(b"0" * 30_000_000)
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Shop:
    """An aiohttp application that remembers its requests and counts its connections."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[str] = []
        self.peers: list[tuple[str, int]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._remember])
        app.router.add_get("/items/{sku}", self._item)
        app.router.add_get("/status/{code}", self._status)
        app.router.add_route("*", "/echo", self._echo)
        app.router.add_get("/moved", self._moved)
        app.router.add_get("/login", self._login)
        app.router.add_get("/html", self._login)
        app.router.add_get("/gzip", self._gzip)
        app.router.add_get("/big", self._big)
        app.router.add_post("/carts", self._new_cart)
        app.router.add_get("/carts/{id}", self._cart)
        return app

    @web.middleware
    async def _remember(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.text())
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername"))
        return await handler(request)

    async def _item(self, request: web.Request) -> web.Response:
        return web.json_response({"sku": request.match_info["sku"], "price": 19.99}, headers={"X-Replica": "blue-2"})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({"error": "no"}, status=int(request.match_info["code"]))

    async def _echo(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.json_response({"headers": headers, "body": await request.text(), "query": request.query_string})

    async def _moved(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query.get("to", "/login"))

    async def _login(self, request: web.Request) -> web.Response:
        page = "<html><title>Sign in</title><form><input type='password'></form></html>"
        return web.Response(text=page, content_type="text/html")

    async def _gzip(self, request: web.Request) -> web.Response:
        body = gzip.compress(b'{"packed": true}')
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    async def _big(self, request: web.Request) -> web.Response:
        return web.Response(text="x" * int(request.query["size"]))

    async def _new_cart(self, request: web.Request) -> web.Response:
        response = web.json_response({"id": "c/7", "links": {"self": "/carts/c%2F7"}}, status=201)
        response.set_cookie("visitor", "v1")
        return response

    async def _cart(self, request: web.Request) -> web.Response:
        if request.cookies.get("visitor") != "v1":
            return web.json_response({"error": "no visitor"}, status=404)
        return web.json_response({"id": request.match_info["id"]})


@asynccontextmanager
async def serving(app: web.Application, *, tls: bool = False) -> AsyncIterator[int]:
    """The application on a free loopback port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls() if tls else None)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[int]:
    """A raw TCP server on a free loopback port; ``speak`` handles one connection. None outlives it."""
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks[task] = writer
        with suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            await speak(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task, writer in talks.items():
            task.cancel()
            await asyncio.wait([task])
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()


def answering(raw: bytes) -> Speak:
    """Reads a request's head, sends these bytes, closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    return speak


def blurting(raw: bytes) -> Speak:
    """Sends these bytes at the first sign of life, whatever was said, and closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(raw)
        await writer.drain()
        writer.close()

    return speak


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads a request's head and resets the connection."""
    await reader.readuntil(b"\r\n\r\n")
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads until the client goes away, and never answers."""
    await reader.read()
    writer.close()


def dripping(head: bytes) -> Speak:
    """Sends a head, and then nothing more."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await reader.read()
        writer.close()

    return speak


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_tls() -> ssl.SSLContext:
    """Trusts the test certificate and nothing else."""
    return ssl.create_default_context(cafile=CERTIFICATE)
