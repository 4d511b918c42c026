"""A websocket: its handshake, a text that is sent, and the message that comes.

Over the protocol part of ``websockets`` alone, which neither dials, nor follows redirects, nor asks for a proxy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NoReturn

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Response as Handshake
from websockets.protocol import State
from websockets.uri import WebSocketURI

from fixloop_bot.adapters.http.bodies import LARGEST_BODY
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.reading import LARGEST_HEAD
from fixloop_bot.adapters.http.wire.seen import Seen, Stopwatch, prevented
from fixloop_bot.adapters.http.wire.streams import MOST_FRAMES, PORTION, USER_AGENT, Stream, opened
from fixloop_bot.domain.addresses import Target, home, locate
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.expectations.claim import Subject
from fixloop_bot.domain.filling import Values, fill_request, uses_secret
from fixloop_bot.domain.headers import check_header, check_header_value
from fixloop_bot.domain.outgoing import check_message, check_secrets
from fixloop_bot.domain.plans import Request, WebsocketCheck
from fixloop_bot.domain.samples import FaultKind, Response
from fixloop_bot.domain.vetting.wire import speaks_of_a_message

OPENED = 101
MOST_BYTES = LARGEST_BODY + LARGEST_HEAD + 16 * MOST_FRAMES  # a frame has a head of 14 bytes at most
_SILENT = logging.Logger("websocket", level=logging.CRITICAL + 1)
"""The library would write every header to its log, secrets included."""


async def look_at_websocket(
    guard: Guard, service: Service, check: WebsocketCheck, values: Values, replica: str | None
) -> Seen:
    """Latency is from sending to the message, or the handshake's where nothing is sent.

    Where nothing is sent, a message is awaited only if a line of ``expect`` looks at one. The status of a refused
    handshake is an answer; 401, and 403 to a secret, are about us unless the step speaks of the status.
    """
    target, headers, text = _admitted(service, check, values)
    lines = [expect.parse(line) for line in check.expect]
    awaits = check.awaits_message and (text is not None or speaks_of_a_message(lines))
    context = guard.tls("http/1.1") if target.origin.scheme == "https" else None
    async with opened(guard, service, target.origin, tls=context, replica=replica) as stream:
        response = await _Talk(stream, target, headers).held(text, awaits=awaits)
    if not any(line.subject is Subject.STATUS for line in lines) and _about_us(check, response.status):
        raise prevented(FaultKind.CREDENTIALS, f"answered {response.status}")
    where = target.path if target.origin == home(service) else target.url
    return Seen(line=f"WebSocket {where}", response=response)


def _about_us(check: WebsocketCheck, status: int) -> bool:
    return status == 407 or (status in (401, 403) and uses_secret(_request(check)))


def _request(check: WebsocketCheck) -> Request:
    return Request(path=check.path, headers=check.headers)


def _admitted(
    service: Service, check: WebsocketCheck, values: Values
) -> tuple[Target, tuple[tuple[str, str], ...], bytes | None]:
    """Where it goes, with which headers and text, all filled; raises BadInput. The path is vetted like a GET's."""
    for name, value in check.headers:
        check_header(service, name, value)
    filled = fill_request(_request(check), values)
    for name, value in filled.headers:
        check_header_value(name, value)
    text = None if check.send is None else fill_request(_message(check.send), values).body
    check_message(service, check, filled.where)
    target = locate(service, method="GET", where=filled.where)
    check_secrets(service, Request(path=check.path, headers=check.headers, body=check.send), target.origin)
    return target, filled.headers, text


def _message(send: str) -> Request:
    """What is sent, filled as a body is: in JSON a value keeps its type and its escapes."""
    structured = send.lstrip()[:1] in ("{", "[")
    return Request(path="/", json_body=send) if structured else Request(path="/", body=send)


class _Talk:
    """One websocket, from its handshake to the first message."""

    def __init__(self, stream: Stream, target: Target, headers: tuple[tuple[str, str], ...]) -> None:
        path, _, query = target.path.partition("?")
        origin = target.origin
        uri = WebSocketURI(origin.scheme == "https", origin.host, origin.port, path, query)
        self._stream = stream
        self._protocol = ClientProtocol(uri, max_size=LARGEST_BODY, logger=_SILENT)
        self._headers = headers
        self._events = self._incoming()
        self._received = self._frames = 0

    async def held(self, text: bytes | None, *, awaits: bool) -> Response:
        """Raises ProbeFault or OSError."""
        watch = Stopwatch()
        handshake = await self._shaken()
        latency_ms, body = watch.read_ms(), b""
        if self._protocol.handshake_exc is not None:
            return self._response(handshake, bytes(handshake.body or b""), latency_ms)
        if text is not None:
            watch = Stopwatch()
            await self._send(lambda: self._protocol.send_text(text))
        if awaits:
            body = await self._message()
        if text is not None:
            latency_ms = watch.read_ms()
        await self._send(lambda: self._protocol.send_close(1000))
        return self._response(handshake, body, latency_ms)

    async def _send(self, send: Callable[[], None]) -> None:
        """Unless the server has ended the talk already, which is seen where its message is awaited."""
        if self._protocol.state is State.OPEN:
            send()
            await self._flush()

    def _response(self, handshake: Handshake, body: bytes, latency_ms: float) -> Response:
        headers = tuple((name.lower(), value) for name, value in handshake.headers.raw_items())
        return Response(
            status=handshake.status_code,
            headers=headers,
            body=body,
            latency_ms=latency_ms,
            address=self._stream.address,
        )

    async def _shaken(self) -> Handshake:
        request = self._protocol.connect()
        request.headers = Headers([*request.headers.raw_items(), ("User-Agent", USER_AGENT), *self._headers])
        self._protocol.send_request(request)
        await self._flush()
        event = await self._next()
        if not isinstance(event, Handshake):
            raise prevented(FaultKind.PROTOCOL, "not a websocket handshake")
        if event.status_code == OPENED and self._protocol.handshake_exc is not None:
            raise prevented(FaultKind.PROTOCOL, "not a websocket handshake")
        return event

    async def _message(self) -> bytes:
        """The first whole message; raises ProbeFault where the server ends the talk before."""
        parts: list[bytes] = []
        while True:
            frame = await self._next()
            if not isinstance(frame, Frame):
                continue
            self._frames += 1
            if self._frames > MOST_FRAMES:
                raise prevented(FaultKind.PROTOCOL, f"over {MOST_FRAMES:,} frames and no whole message")
            if frame.opcode is Opcode.CLOSE:
                close = self._protocol.close_rcvd
                raise prevented(FaultKind.RESET, f"closed with code {close.code}" if close is not None else "")
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin:
                    return b"".join(parts)

    async def _next(self) -> object:
        """The next event, whatever it takes to receive it."""
        while (event := next(self._events, None)) is None:
            chunk = await self._stream.read(PORTION)
            self._received += len(chunk)
            if self._received > MOST_BYTES:
                raise prevented(FaultKind.TOO_LARGE)
            if chunk:
                self._protocol.receive_data(chunk)
            else:
                self._protocol.receive_eof()
            await self._flush()
            self._events = self._incoming()
            if self._protocol.parser_exc is not None or self._protocol.handshake_exc is not None or not chunk:
                event = next(self._events, None)
                return event if event is not None else self._broken(ended=not chunk)
        return event

    def _incoming(self) -> Iterator[object]:
        yield from self._protocol.events_received()

    def _broken(self, *, ended: bool) -> NoReturn:
        if isinstance(self._protocol.parser_exc, PayloadTooBig):
            raise prevented(FaultKind.TOO_LARGE)
        if ended:
            raise prevented(FaultKind.RESET)
        raise prevented(FaultKind.PROTOCOL, "not a websocket's answer")

    async def _flush(self) -> None:
        await self._stream.write(b"".join(self._protocol.data_to_send()))
