"""A websocket: the handshake, what is sent, and the message that comes or does not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import Request, Response, ServerConnection, serve

from fixloop_bot.adapters.http.wire import ProbeFault
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.filling import Unfilled
from fixloop_bot.domain.plans import WebsocketCheck
from fixloop_bot.domain.samples import FaultKind
from tests.adapters.probing import Names
from tests.adapters.targets import answering, free_port, resetting, silent, speaking
from tests.adapters.wire_bench import HOST, TOKEN, WireBench, service_at

Handle = Callable[[ServerConnection], Awaitable[None]]
Screen = Callable[[ServerConnection, Request], Response | None]
AUTHORITY = trustme.CA()
ECHO = WebsocketCheck(path="/live", send="ping")
WRITES = ("/live", "/rooms")  # a message is a write


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def hold(connection: ServerConnection) -> None:
    await connection.wait_closed()


@asynccontextmanager
async def websocket(
    handle: Handle = echo, screen: Screen | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server of the ``websockets`` library on a free loopback port."""
    logger = logging.getLogger("tests.websocket")
    async with serve(handle, "127.0.0.1", 0, process_request=screen, ssl=tls, logger=logger) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def refusing(status: http.HTTPStatus, **headers: str) -> Screen:
    def screen(connection: ServerConnection, request: Request) -> Response:
        answer = connection.respond(status, "no\n")
        for name, value in headers.items():
            answer.headers[name] = value
        return answer

    return screen


def bench(port: int, **options: float) -> WireBench:
    return WireBench(service_at(port, writes=WRITES), **options)  # type: ignore[arg-type]


async def test_a_message_comes_back() -> None:
    """What is sent is answered; the message is the body, with status 101."""
    async with websocket() as port:
        seen = await bench(port).look(ECHO)
        assert await bench(port).passes(WebsocketCheck(path="/live", send="ping", expect=('body contains "ping"',)))
        assert not await bench(port).passes(WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',)))
    assert seen.line == "WebSocket /live"
    assert (seen.response.status, seen.response.body) == (101, b"ping")
    assert seen.response.header("upgrade") == "websocket"
    assert seen.response.address == f"127.0.0.1:{port}"
    assert 0 < seen.response.latency_ms < 5_000


async def test_a_handshake_alone_is_enough_where_nothing_is_sent() -> None:
    """A silent server passes; one that greets is heard where a line looks at its message."""

    async def greet(connection: ServerConnection) -> None:
        await connection.send('{"hello": 1}')
        await hold(connection)

    async with websocket(hold) as port:
        assert await bench(port).passes(WebsocketCheck(path="/live"))
        assert await bench(port).passes(WebsocketCheck(path="/live", send="x", awaits_message=False))
    async with websocket(greet) as port:
        assert await bench(port).passes(WebsocketCheck(path="/live", expect=("json $.hello == 1",)))


async def test_values_and_secrets_are_filled_at_the_last_moment() -> None:
    """In the path percent-encoded, in JSON with their type, in headers as they are."""
    requests: list[Request] = []

    def screen(connection: ServerConnection, request: Request) -> None:
        requests.append(request)

    check = WebsocketCheck(
        path="/rooms/{{room}}?a=1",
        headers=(("authorization", "Bearer ${TOKEN}"),),
        send='{"room": "{{room}}", "n": "{{n}}"}',
    )
    async with websocket(screen=screen) as port:
        seen = await bench(port).look(check, room='a"b/c', n=2)
    assert json.loads(seen.response.body) == {"room": 'a"b/c', "n": 2}
    assert requests[0].path == "/rooms/a%22b%2Fc?a=1"
    assert requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert requests[0].headers["host"] == f"{HOST}:{port}"
    assert "origin" not in requests[0].headers


async def test_a_refused_handshake_is_an_answer_that_does_not_pass() -> None:
    """403 fails also a step that expects nothing, and passes one that wants exactly that."""
    async with websocket(screen=refusing(http.HTTPStatus.FORBIDDEN)) as port:
        seen = await bench(port).look(ECHO)
        assert not await bench(port).passes(ECHO)
        assert not await bench(port).passes(WebsocketCheck(path="/live", expect=("latency < 5 s", "status != 500")))
        assert await bench(port).passes(WebsocketCheck(path="/live", expect=("status == 403",)))
    assert (seen.response.status, seen.response.body) == (403, b"no\n")


async def test_a_redirect_is_not_followed() -> None:
    """Wherever it leads: it is an answer."""
    moved = refusing(http.HTTPStatus.FOUND, Location="http://169.254.169.254/")
    async with websocket(screen=moved) as port:
        seen = await bench(port).look(ECHO)
    assert seen.response.status == 302
    assert seen.response.header("location") == "http://169.254.169.254/"


async def test_refused_credentials_are_ours() -> None:
    """401 and 403 to a request that carried a secret, unless the step speaks of the status; without one it failed."""
    secret = WebsocketCheck(path="/live", headers=(("authorization", "Bearer ${TOKEN}"),))
    async with websocket(screen=refusing(http.HTTPStatus.UNAUTHORIZED)) as port:
        assert await bench(port).fault(secret) is FaultKind.CREDENTIALS
        assert not await bench(port).passes(ECHO)
        assert await bench(port).passes(WebsocketCheck(path="/live", expect=("status == 401",)))
    async with websocket(screen=refusing(http.HTTPStatus.FORBIDDEN)) as port:
        assert await bench(port).fault(secret) is FaultKind.CREDENTIALS


async def test_a_server_that_says_nothing_or_hangs_up_is_at_fault() -> None:
    """No message in time, and a talk that the server ends."""

    async def leave(connection: ServerConnection) -> None:
        await connection.close(1011, "broken")

    async with websocket(hold) as port:
        assert await bench(port, total_s=0.3).fault(ECHO) is FaultKind.TIMEOUT
    async with websocket(leave) as port:
        with pytest.raises(ProbeFault, match="closed with code 1011"):
            await bench(port).look(ECHO)
    async with speaking(resetting) as port:
        assert await bench(port).fault(ECHO) is FaultKind.RESET
    assert await bench(free_port()).fault(ECHO) is FaultKind.REFUSED
    async with speaking(silent) as port:
        assert await bench(port, total_s=0.2).fault(ECHO) is FaultKind.TIMEOUT


async def test_a_message_over_the_cap_is_not_read() -> None:
    """Two megabytes, in one frame and in many: as with a body over HTTP, we could not look."""

    async def flood(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("x" * 2_000_000)

    async def drip(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("x" * 100_000 for _ in range(20))

    for handle in (flood, drip):
        async with websocket(handle) as port:
            assert await bench(port).fault(ECHO) is FaultKind.TOO_LARGE


async def test_a_message_in_many_frames_is_one_message() -> None:
    """Fragments are joined, pings between them answered."""

    async def parts(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.ping()
        await connection.send(["po", "ng"])

    async with websocket(parts) as port:
        assert (await bench(port).look(ECHO)).response.body == b"pong"


async def test_over_tls_the_certificate_is_checked() -> None:
    """wss for an https origin."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(HOST).configure_cert(context)
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)
    async with websocket(tls=context) as port:
        service = service_at(port, scheme="https", writes=WRITES)
        assert (await WireBench(service, trust).look(ECHO)).response.body == b"ping"
        assert await WireBench(service, ssl.create_default_context()).fault(ECHO) is FaultKind.TLS


async def test_what_is_no_websocket_is_a_fault() -> None:
    """Half an HTTP answer, another protocol, and a 101 with the wrong proof."""
    wrong_proof = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAA\r\n\r\n"
    )
    for raw in (b"SSH-2.0-OpenSSH_9.6\r\n", wrong_proof, b"HTTP/1.1 OK\r\n\r\n"):
        async with speaking(answering(raw)) as port:
            assert await bench(port).fault(ECHO) is FaultKind.PROTOCOL
    async with speaking(answering(b"HTTP/1.1 101 Swi")) as port:
        assert await bench(port).fault(ECHO) is FaultKind.RESET


@pytest.mark.parametrize(
    "check",
    [
        WebsocketCheck(path="wss://evil.example.com/live"),
        WebsocketCheck(path="https://evil.example.com/live"),
        WebsocketCheck(path="//evil.example.com/live"),
        WebsocketCheck(path="/a/../b"),
        WebsocketCheck(path="/live", headers=(("authorization", "Bearer abc"),)),
        WebsocketCheck(path="/live", headers=(("host", "evil.example.com"),)),
        WebsocketCheck(path="/admin", send="x"),
        WebsocketCheck(path="/live", headers=(("sec-websocket-extensions", "${TOKEN}"),)),
        WebsocketCheck(path="/live", headers=(("accept", "a\r\nhost: b"),)),
    ],
)
async def test_what_the_catalog_does_not_allow_is_refused(check: WebsocketCheck) -> None:
    """The path as a GET's, the headers as a request's."""
    with pytest.raises(GateRefused):
        await bench(1).look(check)


async def test_a_missing_value_and_a_rebound_name_send_nothing() -> None:
    """A placeholder without a value, and the catalog's own name on a metadata address."""
    with pytest.raises(Unfilled):
        await bench(1).look(WebsocketCheck(path="/live/{{room}}"))
    with pytest.raises(GateRefused, match="control"):
        await bench(1).look(WebsocketCheck(path="/live", headers=(("accept", "{{kind}}"),)), kind="a\r\nhost: b")
    rebound = bench(443)
    rebound.names = Names(["127.0.0.1", "100.100.100.200"])
    assert await rebound.fault(ECHO) is FaultKind.GATE


async def test_no_header_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The library writes its handshake to the log; a secret must not get there."""
    caplog.set_level(logging.DEBUG)
    async with websocket() as port:
        await bench(port).look(WebsocketCheck(path="/live", headers=(("authorization", "Bearer ${TOKEN}"),), send="x"))
    ours = [record for record in caplog.records if record.name != "tests.websocket"]
    assert TOKEN not in " ".join(record.getMessage() for record in ours)


FRAME = st.builds(
    lambda head, size, payload: bytes([head, size]) + payload,
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=40),
)


@given(st.booleans(), st.lists(FRAME | st.binary(max_size=40), max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_a_server_sends_is_an_answer_or_a_fault(polite: bool, parts: list[bytes]) -> None:
    """Hostile frames after a good handshake, and bytes that are none."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            key = next(line[19:] for line in head.splitlines() if line.lower().startswith(b"sec-websocket-key"))
            proof = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")  # noqa: S324 - RFC 6455
            accept = base64.b64encode(proof.digest())
            if polite:
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
                writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            for part in parts:
                writer.write(part)
            await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def outcome() -> str:
        async with speaking(speak) as port:
            try:
                await bench(port, total_s=2).look(ECHO)
            except ProbeFault as prevented:
                return prevented.fault.kind.value
            return "answered"

    assert asyncio.run(outcome()) in {"answered", *(kind.value for kind in FaultKind)}
