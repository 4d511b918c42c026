"""Checks below and beside HTTP keep the catalog's rules too, and a sentence says how to repair those that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args, get_type_hints

import pytest

from fixloop_bot.domain.catalog import Allow, Origin, Probe, Service
from fixloop_bot.domain.errors import PlanRejected
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    LogsCheck,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.vetting.plan import requests_needed, vet
from fixloop_bot.domain.vetting.wire import RECORDS

CHECKOUT = Service(
    name="checkout",
    base_url="https://checkout.example.com",
    allow=Allow(
        origins=(
            Origin.of("https://checkout.example.com"),
            Origin.of("https://db.example.com:5432"),
            Origin.of("http://plain.example.com"),
        ),
        name_servers=("10.0.0.2", "10.0.0.3:5353"),
        writes=("/rooms",),
    ),
    secrets=(("TOKEN", "env:TOKEN"),),
)


def step(check: Check) -> Step:
    return Step(id="s1", title="It works again", role=Role.CONFIRMATION, check=check)


def reasons(check: Check, service: Service | None = CHECKOUT) -> str:
    with pytest.raises(PlanRejected) as refused:
        vet((step(check),), service, exactly=None)
    assert all(reason.startswith("Step 1: ") and reason.endswith(".") for reason in refused.value.reasons)
    return " ".join(refused.value.reasons)


GOOD: list[Check] = [
    TlsCheck(),
    TlsCheck(target="db.example.com:5432", expect=('json $.names contains "db.example.com"', "p95 < 200 ms")),
    TlsCheck(expect=()),
    DnsCheck(),
    DnsCheck(name="db.example.com", record="AAAA", servers=("10.0.0.3:5353",), expect=('json $.rcode == "NXDOMAIN"',)),
    TcpCheck(target="db.example.com", expect=('body contains "220"', "latency < 100 ms")),
    GrpcCheck(service="shop.Orders", expect=('json $["status"] in ["SERVING"]',)),
    WebsocketCheck(path="/live"),
    WebsocketCheck(
        path="/rooms/{{room}}",
        headers=(("authorization", "Bearer ${TOKEN}"),),
        send='{"room": "{{room}}"}',
        expect=("status == 101", "json $.room == {{room}}"),
        inputs=('{"room": "a"}',),
    ),
    LogsCheck(query='service:checkout "card declined"', per_minute=0.5),
    LogsCheck(query="service:checkout", times_before=2),
]


@pytest.mark.parametrize("check", GOOD)
def test_a_good_check_passes(check: Check) -> None:
    """Vetting changes nothing."""
    steps = (step(check),)
    assert vet(steps, CHECKOUT, exactly=None) is steps


BREACHES: list[tuple[Check, str]] = [
    (TlsCheck(target="evil.example.com"), "only checkout.example.com:443, db.example.com:5432"),
    (TlsCheck(target="checkout.example.com:8443"), "does not allow checkout.example.com:8443"),
    (TlsCheck(target="169.254.169.254"), "does not allow 169.254.169.254"),
    (TlsCheck(target="https://checkout.example.com"), "plain lower-case name"),
    (TlsCheck(target="plain.example.com"), "plain http"),
    (TlsCheck(expect=("status == 200",)), "has no status"),
    (TlsCheck(expect=("json $.days >= 3",)), "has no 'days'; expect latency, or json with $.host"),
    (TlsCheck(expect=("json $.days_left >= soon",)), "cannot be read"),
    (TlsCheck(expect=("json $.days_left >= {{days}}",)), "{{days}} is not defined"),
    (TlsCheck(expect=('json $.names contains "${TOKEN}"',)), "names a secret"),
    (TlsCheck(expect=("latency < 1 s",) * 21), "21 expectations"),
    (TlsCheck(expect=("schema openapi",)), "not described by the OpenAPI document"),
    (TlsCheck(expect=("p99.99 < 1 ms",)), "too many samples"),
    (DnsCheck(name="evil.example.com"), "does not allow evil.example.com"),
    (DnsCheck(name="checkout.example.com:53"), "does not allow checkout.example.com:53"),
    (DnsCheck(servers=("8.8.8.8",)), "does not list 8.8.8.8 as a name server (10.0.0.2, 10.0.0.3:5353)"),
    (DnsCheck(servers=("10.0.0.3",)), "does not list 10.0.0.3"),
    (DnsCheck(servers=("ns.example.com",)), "not an address"),
    (DnsCheck(servers=("10.0.0.2",) * 11), "11 name servers"),
    (DnsCheck(record="PTR"), "'PTR' is unknown; use one of A, AAAA"),  # type: ignore[arg-type]
    (DnsCheck(expect=('header server == "x"',)), "has no header"),
    (TcpCheck(target="db.example.com:22"), "does not allow db.example.com:22"),
    (TcpCheck(expect=("json $.connected == true",)), "a banner and not JSON"),
    (TcpCheck(expect=('redirect to "/"',)), "has no redirect"),
    (GrpcCheck(service="a b"), "no plain name"),
    (GrpcCheck(expect=('cookie a == "b"',)), "has no cookie"),
    (GrpcCheck(expect=('json $.state == "SERVING"',)), "has no 'state'"),
    (WebsocketCheck(path="//evil.example.com"), "two slashes"),
    (WebsocketCheck(path="wss://checkout.example.com/live"), "neither a path"),
    (WebsocketCheck(path="/live", headers=(("cookie", "a=b"),)), "cookie"),
    (WebsocketCheck(path="/live", headers=(("sec-websocket-protocol", "${TOKEN}"),)), "sec-websocket-protocol"),
    (WebsocketCheck(path="/admin", send="x"), "a message to /admin safe to repeat"),
    (WebsocketCheck(path="/{{x}}", send="x", inputs=('{"x": "rooms"}',)), "safe to repeat"),
    (WebsocketCheck(path="{{x}}", send="x", inputs=('{"x": "/rooms"}',)), "safe to repeat"),
    (WebsocketCheck(path="http://plain.example.com/rooms?k=${TOKEN}"), "may not go to http://plain.example.com."),
    (WebsocketCheck(path="/live", send="{{x}}"), "{{x}} is not defined"),
    (WebsocketCheck(path="/live", send="${OTHER}"), "${OTHER} is not a secret"),
    (WebsocketCheck(path="/live", inputs=("1",)), "input 1 is no JSON object"),
    (WebsocketCheck(path="/live", expect=("body is fine",)), "cannot be read"),
    (WebsocketCheck(path="/live", awaits_message=False, expect=('body == "a"',)), "none is awaited"),
    (LogsCheck(query=" ", per_minute=1), "query is empty"),
    (LogsCheck(query="x" * 1_001, per_minute=1), "1,001 characters"),
    (LogsCheck(query="x"), "exactly one yardstick"),
    (LogsCheck(query="x", per_minute=1, times_before=1), "exactly one yardstick"),
    (LogsCheck(query="x", per_minute=0), "per_minute is not a number above 0"),
    (LogsCheck(query="x", per_minute=float("nan")), "per_minute is not a number above 0"),
    (LogsCheck(query="x", times_before=float("inf")), "times_before is not a number above 0"),
]


@pytest.mark.parametrize(("check", "says"), BREACHES)
def test_a_breach_is_told_with_its_name_and_what_to_do(check: Check, says: str) -> None:
    """The sentence holds the name that is wrong, and what stands in its place."""
    assert says in reasons(check)


def test_a_message_of_the_teams_own_probe_may_be_sent() -> None:
    """The same text, on the same path, filled from the same inputs: another is a write that nobody called safe."""
    own = WebsocketCheck(path="/live", send='{"subscribe": "{{sku}}"}', inputs=('{"sku": "A1"}', '{"sku": "B2"}'))
    service = replace(CHECKOUT, probes=(Probe(name="live", expect=(), check=own),))
    for good in (own, replace(own, inputs=own.inputs[:1]), replace(own, expect=("p95 < 1 s",))):
        assert vet((step(good),), service, exactly=None)
    for bad in (replace(own, path="/admin"), replace(own, send="{}"), replace(own, inputs=('{"sku": "x"}',))):
        assert "safe to repeat" in reasons(bad, service)


def test_every_probed_kind_costs_requests() -> None:
    """As many as an http step with the same expectations; a log search costs none."""
    fewest = CHECKOUT.proof.fewest_samples
    for check in (TlsCheck(), DnsCheck(), TcpCheck(), GrpcCheck(), WebsocketCheck(path="/")):
        assert requests_needed(step(check), CHECKOUT) == fewest
        strict = step(replace(check, expect=("p99 < 1 s",)))
        assert requests_needed(strict, CHECKOUT) > fewest
    assert requests_needed(step(LogsCheck(query="x", per_minute=1)), CHECKOUT) == 0


def test_without_a_catalog_entry_only_the_logs_can_be_read() -> None:
    """Nothing may be sent."""
    for check in (TlsCheck(), DnsCheck(), TcpCheck(), GrpcCheck(), WebsocketCheck(path="/")):
        assert "no entry" in reasons(check, None)
    assert vet((step(LogsCheck(query="x", per_minute=1)),), None, exactly=None)


def test_every_record_that_a_plan_can_hold_is_known() -> None:
    """The sentence lists what the type allows."""
    assert get_args(get_type_hints(DnsCheck)["record"]) == RECORDS
