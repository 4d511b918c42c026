"""gRPC health, asked of the reference server, of servers that are not well, and of some that do not speak it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
import trustme
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.http.wire import ProbeFault
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.plans import GrpcCheck
from fixloop_bot.domain.samples import FaultKind
from fixloop_bot.domain.vetting.wire import DOCUMENTS
from tests.adapters.probing import Names
from tests.adapters.targets import free_port, silent, speaking
from tests.adapters.wire_bench import HOST, WireBench, hostile, secured, service_at

AUTHORITY = trustme.CA()
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@asynccontextmanager
async def healthy(statuses: Mapping[str, int], credentials: grpc.ServerCredentials | None = None) -> AsyncIterator[int]:
    """The reference implementation on a free loopback port."""
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    for name, status in statuses.items():
        await servicer.set(name, status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


async def test_a_server_that_serves_passes() -> None:
    """As a whole, and for one service by name."""
    async with healthy({"": SERVING, "shop.Orders": SERVING}) as port:
        seen = await WireBench(service_at(port)).look(GrpcCheck(service="shop.Orders"))
        assert await WireBench(service_at(port)).passes(GrpcCheck())
    assert seen.line == f"gRPC health {HOST}:{port} shop.Orders"
    assert json.loads(seen.response.body) == {"status": "SERVING", "grpc_status": 0, "message": ""}
    assert tuple(json.loads(seen.response.body)) == DOCUMENTS["grpc"]
    assert seen.response.status == 0
    assert 0 < seen.response.latency_ms < 5_000


async def test_a_server_that_does_not_serve_fails() -> None:
    """Also a step that asked only how fast it says so, or only whether the call itself went well."""
    async with healthy({"": NOT_SERVING}) as port:
        bench = WireBench(service_at(port))
        assert (await bench.document(GrpcCheck()))["status"] == "NOT_SERVING"
        assert not await bench.passes(GrpcCheck())
        assert not await bench.passes(GrpcCheck(expect=("latency < 5 s",)))
        assert not await bench.passes(GrpcCheck(expect=("json $.grpc_status == 0",)))
        assert await bench.passes(GrpcCheck(expect=('json $.status == "NOT_SERVING"',)))


async def test_an_unknown_service_is_answered_by_its_grpc_status() -> None:
    """NOT_FOUND is 5; the status is not known then."""
    async with healthy({"": SERVING}) as port:
        bench = WireBench(service_at(port))
        document = await bench.document(GrpcCheck(service="shop.Nobody"))
        assert not await bench.passes(GrpcCheck(service="shop.Nobody", expect=("latency < 5 s",)))
        assert await bench.passes(GrpcCheck(service="shop.Nobody", expect=("json $.grpc_status == 5",)))
    assert (document["status"], document["grpc_status"]) == ("UNKNOWN", 5)


async def test_a_server_without_the_health_service_is_unimplemented() -> None:
    """It speaks gRPC, but not this: 12."""
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    document = await WireBench(service_at(port)).document(GrpcCheck())
    await server.stop(None)
    assert (document["status"], document["grpc_status"]) == ("UNKNOWN", 12)


async def test_over_tls_the_protocol_is_negotiated() -> None:
    """A trusted certificate and HTTP/2 by ALPN; a certificate that nobody trusts is the service's fault."""
    leaf = AUTHORITY.issue_cert(HOST)
    chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
    credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
    async with healthy({"": SERVING}, credentials) as port:
        service = service_at(port, scheme="https")
        assert await WireBench(service, trust()).passes(GrpcCheck())
        assert await WireBench(service, ssl.create_default_context()).fault(GrpcCheck()) is FaultKind.TLS


async def test_a_tls_server_that_does_not_negotiate_is_no_grpc_server() -> None:
    """Without h2 by ALPN nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(HOST).configure_cert(context)
    async with secured(silent, context) as port:
        assert await WireBench(service_at(port, scheme="https"), trust()).fault(GrpcCheck()) is FaultKind.PROTOCOL


async def test_a_server_that_speaks_http_1_1_is_no_grpc_server() -> None:
    """It answers the preface with a 400 in a language of its own."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await silent(reader, writer)

    async with speaking(speak) as port:
        assert await WireBench(service_at(port)).fault(GrpcCheck()) is FaultKind.PROTOCOL


async def test_silence_and_a_closed_port_are_evidence() -> None:
    """Neither is trouble of ours."""
    async with speaking(silent) as port:
        impatient = WireBench(service_at(port), total_s=0.2)
        assert await impatient.fault(GrpcCheck()) is FaultKind.TIMEOUT
    assert await WireBench(service_at(free_port())).fault(GrpcCheck()) is FaultKind.REFUSED


@asynccontextmanager
async def answering_http2(
    headers: list[tuple[str, str]], body: bytes = b"", *, pushed: bytes = b""
) -> AsyncIterator[int]:
    """An HTTP/2 server that answers every call alike, after it has pushed something that nobody asked for."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        while chunk := await reader.read(65_536):
            for event in h2.receive_data(chunk):
                if isinstance(event, RequestReceived):
                    if pushed:
                        h2.push_stream(event.stream_id, 2, event.headers)
                        h2.send_headers(2, headers)
                        h2.send_data(2, pushed, end_stream=True)
                    h2.send_headers(event.stream_id, headers, end_stream=not body)
                    if body:
                        h2.send_data(event.stream_id, body, end_stream=True)
            writer.write(h2.data_to_send())
            await writer.drain()
        writer.close()

    async with speaking(speak) as port:
        yield port


@pytest.mark.parametrize(
    ("status", "code"), [("404", 12), ("503", 14), ("502", 14), ("403", 7), ("200", 2), ("500", 2), ("400", 13)]
)
async def test_a_proxys_http_status_stands_for_a_grpc_status(status: str, code: int) -> None:
    """A gateway that knows no gRPC: a page with 200 does not pass either."""
    headers = [(":status", status), ("content-type", "text/html")]
    async with answering_http2(headers, b"<html>") as port:
        bench = WireBench(service_at(port))
        assert (await bench.document(GrpcCheck()))["grpc_status"] == code
        assert not await bench.passes(GrpcCheck(expect=("latency < 5 s",)))


async def test_who_sends_no_credentials_has_none_refused() -> None:
    """UNAUTHENTICATED is what the server answers to everybody, and no health."""
    headers = [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "16"),
        ("grpc-message", "a%20b"),
    ]
    async with answering_http2(headers) as port:
        bench = WireBench(service_at(port))
        assert not await bench.passes(GrpcCheck())
        assert await bench.passes(GrpcCheck(expect=("json $.grpc_status == 16", 'json $.message == "a b"')))


@pytest.mark.parametrize(
    "body",
    [b"", b"\0\0\0\0\x01\x08", b"\x01\0\0\0\x02\x08\x01", b"\0\0\0\0\x09\x08\x01", b"\0\0\0\0\x02\x08\x09", b"x"],
)
async def test_a_call_that_went_well_without_a_health_answer_is_a_fault(body: bytes) -> None:
    """Status 0, and then nothing, something compressed, cut off, or of another kind."""
    headers = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")]
    async with answering_http2(headers, body) as port:
        assert await WireBench(service_at(port)).fault(GrpcCheck()) is FaultKind.PROTOCOL


async def test_a_health_answer_of_a_later_time_is_read() -> None:
    """A field that is not known yet follows the status."""
    headers = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")]
    async with answering_http2(headers, b"\0\0\0\0\x04\x08\x01\x10\x07") as port:
        assert await WireBench(service_at(port)).passes(GrpcCheck())


async def test_what_a_server_pushes_is_not_its_answer() -> None:
    """The call alone is looked at."""
    headers = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")]
    answer, pushed = b"\0\0\0\0\x02\x08\x02", b"\0\0\0\0\x02\x08\x01"
    async with answering_http2(headers, answer, pushed=pushed) as port:
        assert (await WireBench(service_at(port)).document(GrpcCheck()))["status"] == "NOT_SERVING"


async def test_what_the_catalog_does_not_allow_is_refused() -> None:
    """Another host, and the catalog's own name on a metadata address."""
    bench = WireBench(service_at(443), names=Names(["fd00:ec2::254"]))
    with pytest.raises(GateRefused):
        await bench.look(GrpcCheck(target="metadata.google.internal"))
    assert await bench.fault(GrpcCheck()) is FaultKind.GATE


FRAME = st.builds(
    lambda kind, flags, stream, payload: (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    ),
    st.integers(0, 10),
    st.integers(0, 255),
    st.integers(0, 2),
    st.binary(max_size=60),
)
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"


@given(st.booleans(), st.lists(FRAME | st.binary(max_size=40), max_size=5))
@settings(max_examples=150, deadline=None)
def test_whatever_a_server_sends_is_an_answer_or_a_fault(polite: bool, parts: list[bytes]) -> None:
    """Hostile frames, and bytes that are none."""

    async def outcome() -> str:
        async with speaking(hostile([SETTINGS, *parts] if polite else parts)) as port:
            try:
                await WireBench(service_at(port), total_s=2).look(GrpcCheck())
            except ProbeFault as prevented:
                return prevented.fault.kind.value
            return "answered"

    assert asyncio.run(outcome()) in {"answered", *(kind.value for kind in FaultKind)}
