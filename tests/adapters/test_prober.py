"""Probes against real servers: what is a failure of the target, what is our own trouble, and what is kept and shown."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.domain.catalog import Origin
from fixloop_bot.domain.plans import Request
from fixloop_bot.domain.samples import FaultKind, Outcome
from tests.adapters.bypasses import ALL, SERVICE
from tests.adapters.probing import NOW, Bench, Dials, Names, prober_with, service_at
from tests.adapters.targets import (
    BOMB,
    Shop,
    Speak,
    answering,
    blurting,
    client_tls,
    dripping,
    free_port,
    resetting,
    serving,
    silent,
)

# ── what a sample says ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_good_answer_passes_with_its_evidence(shop: Bench) -> None:
    """Every line holds: passed, with status, latency, replica, excerpt and a line that repeats it."""
    sample = await shop.send("/items/A1", "status == 200", "json $.price == 19.99", "latency < 5 s")
    assert sample.outcome is Outcome.PASSED
    assert (sample.number, sample.at, sample.status, sample.replica) == (1, NOW, 200, "blue-2")
    assert sample.request == "GET /items/A1"
    assert sample.latency_ms is not None
    assert 0 < sample.latency_ms < 5_000
    assert json.loads(sample.excerpt) == {"sku": "A1", "price": 19.99}
    assert sample.curl == f"curl -sS '{shop.service.base_url}/items/A1'"
    assert sample.reason() == ""


async def test_a_line_that_does_not_hold_fails_the_sample(shop: Bench) -> None:
    """The failed lines are named, with what was seen and what was expected."""
    sample = await shop.send("/items/A1", "status == 200", "json $.price == 9.99", "p95 < 0.0001 ms")
    assert sample.outcome is Outcome.FAILED
    assert [failure.source for failure in sample.failures] == ["json $.price == 9.99", "p95 < 0.0001 ms"]
    assert sample.reason() == "$.price was 19.99, expected 9.99"


async def test_only_samples_that_someone_may_read_keep_text(shop: Bench) -> None:
    """The first two and the failed ones have excerpt and curl; the other hundreds do not."""
    kept = [await shop.send("/items/A1", "status == 200", number=number) for number in (1, 2, 3, 100)]
    assert [bool(sample.excerpt and sample.curl) for sample in kept] == [True, True, False, False]
    failed = await shop.send("/items/A1", "status == 500", number=100)
    assert failed.excerpt
    assert failed.curl


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/status/500", ["status == 200"]),
        ("/status/404", ["status == 200"]),
        ("/status/404", ["latency < 5 s"]),
        ("/status/403", ["status == 200"]),
        ("/moved", ["status == 200"]),
        ("/moved", ["json $.price exists"]),
        ("/html", ["status == 200", "json $.price exists"]),
        ("/html", ["status == 200"]),
        ("/items/A1", ["header content-type contains html"]),
    ],
)
async def test_polite_looking_failures_fail(shop: Bench, path: str, lines: list[str]) -> None:
    """Errors, redirects, login pages and the wrong content type never count as passed."""
    sample = await shop.send(path, *lines)
    assert sample.outcome is Outcome.FAILED
    assert sample.failures


async def test_redirects_are_asserted_and_not_followed(shop: Bench) -> None:
    """A redirect to anywhere is an answer; nobody goes there."""
    sample = await shop.send("/moved?to=http://169.254.169.254/", 'redirect to "http://169.254.169.254/"')
    assert (sample.outcome, sample.status) == (Outcome.PASSED, 302)
    assert len(shop.shop.requests) == 1


async def test_packed_bodies_are_judged_unpacked(shop: Bench) -> None:
    """A gzip answer is asserted by its content."""
    assert (await shop.send("/gzip", "json $.packed == true")).outcome is Outcome.PASSED


async def test_head_has_no_body_to_miss(shop: Bench) -> None:
    """HEAD answers announce a length and bring none; that is no truncation."""
    sample = await shop.send(Request(method="HEAD", path="/items/A1"), "status == 200")
    assert sample.outcome is Outcome.PASSED
    assert sample.curl.startswith("curl -sS -I ")


# ── whose fault it is ─────────────────────────────────────────────────────────────────────────────────────────────────

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("speak", "kind", "status"),
    [
        (resetting, FaultKind.RESET, None),
        (answering(b""), FaultKind.RESET, None),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Le"), FaultKind.RESET, None),
        (answering(JSON_HEAD + b'Content-Length: 100\r\n\r\n{"a": 1'), FaultKind.TRUNCATED, 200),
        (answering(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"), FaultKind.TRUNCATED, 200),
        (answering(b"SSH-2.0-OpenSSH_9.6\r\n"), FaultKind.PROTOCOL, None),
        (answering(b"HTTP/1.1 abc OK\r\n\r\n"), FaultKind.PROTOCOL, None),
        (answering(JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), FaultKind.PROTOCOL, 200),
        (silent, FaultKind.TIMEOUT, None),
        (dripping(b"HTTP/1.1 200"), FaultKind.TIMEOUT, None),
        (dripping(JSON_HEAD + b"Content-Length: 9\r\n\r\n{"), FaultKind.TIMEOUT, 200),
    ],
)
async def test_a_target_that_misbehaves_has_failed(
    against: Callable[..., object], speak: Speak, kind: FaultKind, status: int | None
) -> None:
    """What goes wrong on the wire is the target's failure, by name, and never a pass."""
    bench = await against(speak, total_s=0.3 if kind is FaultKind.TIMEOUT else 10.0)
    sample = await bench.send("/", "status == 200")
    assert (sample.outcome, sample.status) == (Outcome.FAILED, status)
    assert sample.fault is not None
    assert sample.fault.kind is kind
    assert sample.curl


@pytest.mark.parametrize(
    "speak",
    [
        answering(JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB),
        answering(JSON_HEAD + b"\r\n" + b"x" * 1_000_001),
    ],
)
async def test_an_answer_over_the_cap_says_nothing_about_the_service(
    against: Callable[..., object], speak: Speak
) -> None:
    """A healthy page may be large: our cap is our own limit, so the sample is void and not a failure."""
    bench = await against(speak, total_s=10.0)
    sample = await bench.send("/", "status == 200")
    assert (sample.outcome, sample.status) == (Outcome.VOID, 200)
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.TOO_LARGE


async def test_a_closed_port_is_the_targets_failure(shop: Bench) -> None:
    """Connection refused says that nothing listens there."""
    bench = replace(shop, service=service_at(free_port()))
    sample = await bench.send("/", "status == 200")
    assert sample.outcome is Outcome.FAILED
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.REFUSED


async def test_tls_that_is_not_trusted_is_the_targets_failure(against: Callable[..., object]) -> None:
    """An unknown certificate fails; a port without TLS is no HTTP answer; a trusted certificate passes."""
    async with serving(Shop().app(), tls=True) as port:
        for tls, name, kind in [
            (None, "shop", FaultKind.TLS),
            (client_tls(), "cart", FaultKind.TLS),
            (client_tls(), "shop", None),
        ]:
            prober = prober_with(Guard(tls=tls, resolve=Names(["127.0.0.1"])))
            service = service_at(port, scheme="https", host=f"{name}.example.com", networks=("127.0.0.1/32",))
            sample = await Bench(prober, service).send("/items/A1", "status == 200")
            assert (sample.fault.kind if sample.fault else None) is kind
            assert sample.outcome is (Outcome.FAILED if kind else Outcome.PASSED)
            await prober.aclose()
    bench = await against(blurting(b"HTTP/1.1 400 Bad\r\n\r\n"))
    port = Origin.of(bench.service.base_url).port
    sample = await replace(bench, service=service_at(port, scheme="https")).send("/", "status == 200")
    assert sample.outcome is Outcome.FAILED
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.PROTOCOL


async def test_a_name_that_is_not_found_is_our_trouble() -> None:
    """Without an address the target was never asked: void."""
    prober = prober_with(Guard(resolve=Names([])))
    sample = await Bench(prober, service_at(80, host="shop.example.com")).send("/", "status == 200")
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.NAME_NOT_FOUND
    assert "shop.example.com" in sample.fault.detail
    await prober.aclose()


async def test_no_network_here_is_our_trouble() -> None:
    """ENETUNREACH and the like mean that we could not look."""

    def no_route(address: object) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    prober = prober_with(Guard(open_socket=no_route))
    sample = await Bench(prober, service_at(80)).send("/", "status == 200")
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.UNREACHABLE
    await prober.aclose()


WITH_TOKEN = (("Authorization", "Bearer ${TOKEN}"),)


@pytest.mark.parametrize(
    ("status", "headers", "line", "outcome"),
    [
        (401, (), "status == 200", Outcome.FAILED),
        (401, (), "status < 500", Outcome.FAILED),
        (401, (), "latency < 5 s", Outcome.FAILED),
        (407, (), "status == 200", Outcome.VOID),
        (401, WITH_TOKEN, "status == 200", Outcome.VOID),
        (403, WITH_TOKEN, "status == 200", Outcome.VOID),
        (403, (), "status == 200", Outcome.FAILED),
        (401, (), "status == 401", Outcome.PASSED),
        (403, WITH_TOKEN, "status in 401, 403", Outcome.PASSED),
        (500, WITH_TOKEN, "status == 200", Outcome.FAILED),
    ],
)
async def test_refused_credentials_are_ours_unless_wanted(
    shop: Bench, status: int, headers: tuple[tuple[str, str], ...], line: str, outcome: Outcome
) -> None:
    """A 401 to a secret says that ours is refused, and not that the service is broken; without one it is an answer."""
    sample = await shop.send(Request(path=f"/status/{status}", headers=headers), line)
    assert sample.outcome is outcome
    if outcome is Outcome.VOID:
        assert sample.fault is not None
        assert sample.fault.kind is FaultKind.CREDENTIALS


# ── the gate ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_bypass_is_ever_dialled() -> None:
    """The whole corpus ends void at the gate: no name is asked for, no socket opened."""
    dials, names = Dials(), Names(["127.0.0.1"])
    bench = Bench(
        prober_with(Guard(resolve=names, open_socket=dials)), replace(SERVICE, secrets=(("host", "env:TOKEN"),))
    )
    for method, where in ALL:
        sample = await bench.send(
            Request(method=method, path=where), "status == 200", inputs=['{"host": "//evil.example"}']
        )
        assert sample.outcome is Outcome.VOID, where
        assert sample.fault is not None
        assert sample.fault.kind is FaultKind.GATE, where
        assert len(sample.request) <= 200
        assert "\n" not in sample.request
        assert "\x00" not in sample.request
    assert (dials.addresses, names.asked) == ([], 0)
    await bench.prober.aclose()


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]"])
async def test_a_catalog_that_names_a_forbidden_address_reaches_nothing(address: str) -> None:
    """Even an origin that the catalog allows is not dialled if its address is out of bounds."""
    dials = Dials()
    bench = Bench(prober_with(Guard(open_socket=dials)), service_at(80, host=address))
    sample = await bench.send("/latest/meta-data/", "status == 200")
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.GATE
    assert address.strip("[]") in sample.fault.detail
    assert dials.addresses == []
    await bench.prober.aclose()


async def test_a_name_that_rebinds_ends_at_the_gate(shop: Bench) -> None:
    """The second answer points elsewhere: that sample is void, and nothing was dialled for it."""
    dials = Dials()
    port = Origin.of(shop.service.base_url or "").port
    guard = Guard(resolve=Names(["127.0.0.1"], ["169.254.169.254"]), open_socket=dials, remember_s=0.0)
    bench = Bench(prober_with(guard), service_at(port, host="shop.example.com", networks=("127.0.0.1/32",)))
    first, second = [await bench.send("/items/A1", "status == 200", number=number) for number in (1, 2)]
    assert first.outcome is Outcome.PASSED
    assert second.outcome is Outcome.VOID
    assert second.fault is not None
    assert second.fault.kind is FaultKind.GATE
    assert dials.addresses == ["127.0.0.1"]
    await bench.prober.aclose()


@pytest.mark.parametrize(
    "header",
    [("Host", "evil.example"), ("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Forwarded-For", "${TOKEN}")],
)
async def test_forbidden_headers_send_nothing(shop: Bench, header: tuple[str, str]) -> None:
    """A plan may not set these; the request is not sent without them either."""
    sample = await shop.send(Request(path="/echo", headers=(header,)), "status == 200")
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.GATE
    assert shop.shop.requests == []
