"""HTTP/1.1 over connections that the guard has dialled: a request is sent once, its answer read whole.

There are no redirects, proxies, cookies or retries here: one call is one request on the wire, so that nothing which
happens to it is hidden.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time

from fixloop_bot.adapters.http.guard import CONNECT_S, Connected, ConnectTimeout, Guard, Policy
from fixloop_bot.adapters.http.lag import LagMeter
from fixloop_bot.adapters.http.reading import LostConnection, MalformedAnswer, Reading, Reply
from fixloop_bot.domain.catalog import Origin, Service

KEEP_ALIVE_S = 4.0  # under the 5 s after which common servers close, so that a reused one is alive
CLOSING_TURNS = 1_000
PORTION = 8_192  # bytes that are parsed at once
PIECES_A_TURN = 2_000  # pieces of a body after which everybody else has a turn; some 2 ms
TLS_TURNS = 3  # of the loop, in which what the kernel holds of a TLS connection is read


class Route:
    """Where connections lead, and those that are kept for it. They are never shared between policies."""

    __slots__ = ("idle", "origin", "replica")

    def __init__(self, origin: Origin, replica: str | None) -> None:
        self.origin = origin
        self.replica = replica
        self.idle: list[_Connection] = []


class Transport:
    """Sends requests; keeps connections for those that are not to have a fresh one. ``total_s`` limits a whole call."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.lag = LagMeter()
        self._routes: dict[tuple[Policy, Origin, str | None], Route] = {}
        self._open: set[_Connection] = set()
        self._sweeping = False

    @property
    def connections(self) -> int:
        """How many are open, kept ones included."""
        return len(self._open)

    def route(self, service: Service, origin: Origin, replica: str | None = None) -> Route:
        """The way to an origin (or, in its place, to a replica of it) under a service's policy."""
        key = (Policy.of(service), origin, replica)
        if key not in self._routes:
            self._routes[key] = Route(origin, replica)
        return self._routes[key]

    async def send(
        self, service: Service, route: Route, request: bytes, reply: Reply, *, fresh: bool, bodiless: bool = False
    ) -> None:
        """Send the request's bytes and fill ``reply``; on trouble that tells how far it got.

        Raises what ``faults.TROUBLE`` lists. ``fresh`` asks for a new connection. A kept one that turns out closed
        before anything was written to it is no fault of the service: another is dialled. Once a byte is out, a lost
        connection is a lost request.
        """
        self._guard.switch.check()
        deadline = asyncio.get_running_loop().time() + self._guard.total_s
        self.lag.begin()
        started = time.perf_counter()
        try:
            connection = None if fresh else _kept(route)
            if connection is None:
                async with asyncio.timeout_at(deadline):
                    connection = await self._dial(service, route)
            reply.address = connection.address
            await connection.ask(request, reply, deadline=deadline, bodiless=bodiless)
        finally:
            reply.lag_ms = self.lag.end(reply.sent or started)
        if fresh or not connection.reusable:
            connection.close()
        else:
            self._keep(route, connection)

    def drop(self) -> None:
        """End every connection at once, also in the middle of an answer."""
        for connection in tuple(self._open):
            connection.abort()
        for route in self._routes.values():
            route.idle.clear()

    async def aclose(self) -> None:
        """End every connection, and see them gone: each is in one of the loop's next turns."""
        self.drop()
        for _ in range(CLOSING_TURNS):
            if not self._open:
                return
            await asyncio.sleep(0)

    async def _dial(self, service: Service, route: Route) -> _Connection:
        origin = route.origin
        connected = await self._guard.connect(service, origin.host, origin.port, replica=route.replica)
        connection = _Connection(connected, self._open)
        try:
            if origin.scheme == "https":
                await self._shake_hands(connected, connection, origin.host)
            else:
                await asyncio.get_running_loop().create_connection(lambda: connection, sock=connected.socket)
        except BaseException:
            connection.abandon()
            raise
        return connection

    async def _shake_hands(self, connected: Connected, connection: _Connection, name: str) -> None:
        try:
            async with asyncio.timeout(CONNECT_S) as patience:
                await asyncio.get_running_loop().create_connection(
                    lambda: connection, sock=connected.socket, ssl=self._guard.tls("http/1.1"), server_hostname=name
                )
        except TimeoutError:
            if patience.expired():
                raise ConnectTimeout(f"no TLS connection in {CONNECT_S:g} s") from None
            raise

    def _keep(self, route: Route, connection: _Connection) -> None:
        connection.idle_since = time.monotonic()
        route.idle.append(connection)
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self._sweep)

    def _sweep(self) -> None:
        """Close what has been idle for too long; comes again while anything is kept."""
        oldest = time.monotonic() - KEEP_ALIVE_S
        for route in self._routes.values():
            for connection in route.idle:
                if connection.idle_since <= oldest:
                    connection.close()
            route.idle = [connection for connection in route.idle if connection.idle_since > oldest]
        waiting = [connection.idle_since for route in self._routes.values() for connection in route.idle]
        self._sweeping = bool(waiting)
        if waiting:
            asyncio.get_running_loop().call_later(min(waiting) - oldest, self._sweep)


def _kept(route: Route) -> _Connection | None:
    """The connection that was used last and is still alive."""
    while route.idle:
        connection = route.idle.pop()
        if connection.alive():
            return connection
        connection.abort()
    return None


class _Connection(asyncio.Protocol):
    """One connection and the answer that is being read from it, if any."""

    def __init__(self, connected: Connected, opened: set[_Connection]) -> None:
        self.address = connected.address
        self.idle_since = 0.0
        self.reusable = False
        self._connected = connected
        self._opened = opened
        self._reading: Reading | None = None
        self._asked = self._early = False
        self._backlog = memoryview(b"")
        self._lost: Exception | None = None
        self._waiting: select.poll | None = None
        self._abandoned = False
        self._transport: asyncio.Transport

    async def ask(self, request: bytes, reply: Reply, *, deadline: float, bodiless: bool) -> None:
        """Send, and read one answer. The connection is aborted unless that went well."""
        if not self._asked:
            await self._hear_nothing()
        loop = asyncio.get_running_loop()
        reading = self._reading = Reading(reply, loop.create_future(), bodiless=bodiless)
        alarm = loop.call_at(deadline, reading.time_out)
        try:
            reply.sent = time.perf_counter()
            self._transport.write(request)
            await reading.done
            unsent = self._transport.get_write_buffer_size()
            self.reusable = reading.reusable and not unsent and not self._backlog
        except BaseException:
            self.abort()
            raise
        finally:
            alarm.cancel()
            self._reading = None
            reading.close()

    def alive(self) -> bool:
        """Whether an idle connection can carry a request: nothing has come on it since, neither bytes nor its end."""
        if self._lost is not None or self._early or self._transport.is_closing():
            return False
        return not self._has_bytes()

    def _has_bytes(self) -> bool:
        """Whether the kernel holds bytes for us, or the connection's end."""
        if self._waiting is None:
            self._waiting = select.poll()
            self._waiting.register(self._connected.socket, select.POLLIN)
        return bool(self._waiting.poll(0))

    async def _hear_nothing(self) -> None:
        """What a server says before it is asked answers no question, however well it is made."""
        self._asked = True
        if self._transport.get_extra_info("ssl_object") is not None:
            await self._read_tickets()
        elif self._lost is None:
            self._early |= _speaks(self._connected.socket)
        if self._early:
            self.abort()
            raise MalformedAnswer("the server spoke before it was asked")
        if self._lost is not None:
            raise self._lost

    async def _read_tickets(self) -> None:
        """A TLS server sends tickets after its handshake, which are no words; whether words follow, they must tell."""
        try:
            for _ in range(TLS_TURNS):
                if self._lost is not None or not self._has_bytes():
                    return
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.abort()
            raise

    def abandon(self) -> None:
        """Nobody waits for this connection any more, made or not; a socket that has a transport is the transport's."""
        self._abandoned = True
        if hasattr(self, "_transport"):
            self._opened.discard(self)
            self.abort()
        else:
            self._connected.socket.close()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # ── called by the event loop ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's own is no subclass
        if self._abandoned:
            self._transport.abort()
        else:
            self._opened.add(self)

    def data_received(self, data: bytes) -> None:
        if self._reading is None:
            self._early = True
            self.abort()
        elif len(data) <= PORTION and not self._backlog:
            self._reading.feed(data)
        else:
            idle = not self._backlog
            self._backlog = memoryview(bytes(self._backlog) + data)
            if idle:
                self._work_off()

    def _work_off(self) -> None:
        """Parse what has come in portions. One that is cut into very many pieces keeps nobody else waiting."""
        reading = self._reading
        if reading is None or reading.done.done():
            return
        enough = reading.pieces + PIECES_A_TURN
        while self._backlog and reading.pieces < enough:
            reading.feed(self._backlog[:PORTION])
            self._backlog = self._backlog[PORTION:]
        if self._transport.is_closing():
            return
        if self._backlog:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work_off)
        else:
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._opened.discard(self)
        self._lost = error or LostConnection("closed before it was asked")
        if self._reading is not None:
            if self._backlog:
                self._reading.feed(self._backlog)
                self._backlog = memoryview(b"")
            self._reading.end(error)


def _speaks(waited: socket.socket) -> bool:
    """Whether bytes wait, and not just the connection's end; which is known as soon as the loop comes round."""
    try:
        return bool(waited.recv(1, socket.MSG_PEEK))
    except OSError:
        return False
