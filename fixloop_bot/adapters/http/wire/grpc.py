"""gRPC's health protocol: one call over HTTP/2, its two messages of one field written and read by hand.

The call: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. The messages:
https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto::

    message HealthCheckRequest { string service = 1; }
    message HealthCheckResponse {
      enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
      ServingStatus status = 1;
    }
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error

from fixloop_bot.adapters.http.bodies import LARGEST_BODY
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire.seen import Seen, Stopwatch, document, prevented
from fixloop_bot.adapters.http.wire.streams import MOST_FRAMES, PORTION, USER_AGENT, Stream, opened
from fixloop_bot.adapters.http.wire.tls import authority
from fixloop_bot.domain.addresses import locate_wire
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.plans import GrpcCheck
from fixloop_bot.domain.samples import FaultKind

SERVING_STATUS = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
UNKNOWN = 2
_BY_HTTP_STATUS = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
"""grpc/doc/http-grpc-status-mapping.md: what stands in for a grpc-status that a proxy has not given."""
_PATH = "/grpc.health.v1.Health/Check"
LONGEST_MESSAGE = 200
SETTINGS = b"\x04"  # the type of a server's first frame (RFC 9113, 3.4), which follows three bytes of length
NOT_HTTP2 = "not an HTTP/2 answer"


@dataclass(slots=True)
class _Reply:
    """What has come of the call so far."""

    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    frames: int = 0

    def take(self, headers: Iterable[tuple[bytes, bytes]] | None) -> None:
        for name, value in headers or ():
            self.fields[bytes(name).decode("ascii", "replace")] = bytes(value).decode("utf-8", "replace")

    @property
    def grpc_status(self) -> int:
        text = self.fields.get("grpc-status", "")
        if text.isascii() and text.isdigit() and len(text) < 4:
            return int(text)
        status = self.fields.get(":status", "")
        return _BY_HTTP_STATUS.get(int(status) if status.isascii() and status.isdigit() else 0, UNKNOWN)


async def look_at_grpc(guard: Guard, service: Service, check: GrpcCheck, replica: str | None) -> Seen:
    """Latency is from the request to the end of the answer. Any grpc-status is an answer, in the document."""
    origin = locate_wire(service, check.target)
    context = guard.tls("h2") if origin.scheme == "https" else None
    async with opened(guard, service, origin, tls=context, replica=replica) as stream:
        if stream.tls is not None and stream.tls.selected_alpn_protocol() != "h2":
            raise prevented(FaultKind.PROTOCOL, "the server does not speak HTTP/2")
        reply, latency_ms = await _call(stream, origin, check.service)
        seen = _document(reply)
        response = document(seen, latency_ms=latency_ms, address=stream.address)
    return Seen(line=f"gRPC health {authority(origin)} {check.service}".rstrip(), response=response)


async def _call(stream: Stream, origin: Origin, name: str) -> tuple[_Reply, float]:
    """Raises ProbeFault or OSError."""
    h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    h2.initiate_connection()
    call = h2.get_next_available_stream_id()
    h2.send_headers(call, _headers(origin))
    h2.send_data(call, _framed(_request(name)), end_stream=True)
    watch, reply = Stopwatch(), _Reply()
    await stream.write(h2.data_to_send())
    received, start = 0, b""
    while not reply.ended:
        chunk = await stream.read(PORTION)
        received, start = received + len(chunk), (start + chunk)[:9]
        if not chunk:
            raise prevented(FaultKind.TRUNCATED if reply.fields else FaultKind.RESET)
        if received > LARGEST_BODY:
            raise prevented(FaultKind.TOO_LARGE)
        if start[3:4] not in (b"", SETTINGS):  # else HTTP/1.1 would pass for a very long frame of an unknown type
            raise prevented(FaultKind.PROTOCOL, NOT_HTTP2)
        _receive(h2, call, reply, chunk)
        await stream.write(h2.data_to_send())
    return reply, watch.read_ms()


def _receive(h2: H2Connection, call: int, reply: _Reply, chunk: bytes) -> None:
    try:
        for event in h2.receive_data(chunk):
            reply.frames += 1
            if getattr(event, "stream_id", call) in (call, None):  # what a server pushes is nobody's answer
                _take(h2, reply, event)
    except H2Error:
        raise prevented(FaultKind.PROTOCOL, NOT_HTTP2) from None
    if reply.frames > MOST_FRAMES and not reply.ended:
        raise prevented(FaultKind.PROTOCOL, f"over {MOST_FRAMES:,} frames of HTTP/2 and no whole answer")


def _take(h2: H2Connection, reply: _Reply, event: Event) -> None:
    match event:
        case ResponseReceived() | TrailersReceived():
            reply.take(event.headers)
        case DataReceived():
            reply.body += event.data or b""
            h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        case StreamEnded():
            reply.ended = True
        case StreamReset() if not reply.ended:  # RFC 9113, 8.1: a whole answer may be followed by RST_STREAM
            raise prevented(FaultKind.RESET, "the call was reset")
        case ConnectionTerminated() if event.error_code and not reply.ended:
            raise prevented(FaultKind.RESET, "the connection was ended by the server")


def _headers(origin: Origin) -> list[tuple[str, str]]:
    named = str(origin).partition("://")[2]
    return [
        (":method", "POST"),
        (":scheme", origin.scheme),
        (":path", _PATH),
        (":authority", named),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", USER_AGENT),
    ]


def _request(service: str) -> bytes:
    """HealthCheckRequest: field 1, of type length-delimited."""
    name = service.encode()
    return b"\x0a" + _varint(len(name)) + name if name else b""


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _framed(message: bytes) -> bytes:
    """Not compressed, its length in four bytes, the message."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _document(reply: _Reply) -> dict[str, object]:
    code = reply.grpc_status
    message = unquote(reply.fields.get("grpc-message", ""), errors="replace")[:LONGEST_MESSAGE]
    return {"status": _serving(reply.body) if code == 0 else "UNKNOWN", "grpc_status": code, "message": message}


def _serving(body: bytes) -> str:
    """The status in a framed HealthCheckResponse: its first field, left out where it is 0. Raises ProbeFault."""
    message = body[5:]
    well_framed = body[:1] == b"\0" and int.from_bytes(body[1:5], "big") == len(message)
    if well_framed and not message:
        return SERVING_STATUS[0]
    if well_framed and len(message) >= 2 and message[0] == 0x08 and message[1] < len(SERVING_STATUS):
        return SERVING_STATUS[message[1]]
    raise prevented(FaultKind.PROTOCOL, "not an answer of gRPC's health protocol")
