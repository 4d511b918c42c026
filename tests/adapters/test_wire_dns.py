"""A name server's answer: what it says, what it does not, and whose fault silence is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import dns.message
import dns.rcode
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire import ProbeFault, look
from fixloop_bot.adapters.http.wire.dns import look_at_dns, system_servers
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.not_fooled.wire import implicit_wire
from fixloop_bot.domain.plans import DnsCheck
from fixloop_bot.domain.samples import FaultKind
from fixloop_bot.domain.vetting.wire import DOCUMENTS
from tests.adapters.name_server import NameServer, naming
from tests.adapters.probing import Names
from tests.adapters.targets import free_port
from tests.adapters.wire_bench import HOST, WireBench, service_at

ZONE = {
    (HOST, "A"): ["10.0.0.5", "10.0.0.4"],
    (HOST, "TXT"): ['"v=spf1 " "-all"'],
    (HOST, "MX"): ["10 mail.example.com."],
    (HOST, "SRV"): ["0 5 5060 sip.example.com."],
}


def bench(*servers: NameServer) -> WireBench:
    return WireBench(service_at(443, name_servers=tuple(f"127.0.0.1:{server.port}" for server in servers)))


async def test_the_answers_stand_in_the_document_in_order() -> None:
    """Texts, sorted, with the server that gave them and how long they hold."""
    async with naming(NameServer(ZONE)) as server:
        seen = await bench(server).look(DnsCheck())
        assert await bench(server).passes(DnsCheck(expect=('json $.answers contains "10.0.0.4"', "json $.ttl < 61")))
        assert not await bench(server).passes(DnsCheck(expect=('json $.answers contains "10.0.0.9"',)))
    assert seen.line == f"DNS A {HOST} @127.0.0.1:{server.port}"
    assert json.loads(seen.response.body) == {
        "name": HOST,
        "record": "A",
        "server": f"127.0.0.1:{server.port}",
        "answers": ["10.0.0.4", "10.0.0.5"],
        "ttl": 60,
        "rcode": "NOERROR",
    }
    assert tuple(json.loads(seen.response.body)) == DOCUMENTS["dns"]
    assert 0 < seen.response.latency_ms < 2_000
    assert seen.response.address == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        (DnsCheck(record="TXT"), ["v=spf1 -all"]),
        (DnsCheck(record="MX"), ["10 mail.example.com"]),
        (DnsCheck(record="SRV"), ["0 5 5060 sip.example.com"]),
        (DnsCheck(record="AAAA"), []),
    ],
)
async def test_every_record_is_written_as_people_write_it(check: DnsCheck, answers: list[str]) -> None:
    """No dots at the end of names, no quotes around texts."""
    async with naming(NameServer(ZONE)) as server:
        assert (await bench(server).document(check))["answers"] == answers


async def test_an_alias_is_followed_to_its_answer() -> None:
    """The records at the end of a chain of names, with the lowest TTL on the way."""
    zone = {(HOST, "CNAME"): ["edge.example.com."], ("edge.example.com", "A"): ["10.0.0.7"]}
    async with naming(NameServer(zone)) as server:
        document = await bench(server).document(DnsCheck())
    assert (document["answers"], document["ttl"]) == (["10.0.0.7"], 60)


async def test_name_servers_take_turns_by_the_samples_number() -> None:
    """Two servers that disagree are both seen."""
    async with naming(NameServer(ZONE)) as good, naming(NameServer({(HOST, "A"): ["10.6.6.6"]})) as stale:
        found = [
            (await bench(good, stale).document(DnsCheck(), number=number))["answers"][0] for number in (1, 2, 3, 4)
        ]
        asked = DnsCheck(servers=(f"127.0.0.1:{stale.port}",))
        chosen = await bench(good, stale).document(asked)
    assert found == ["10.0.0.4", "10.6.6.6", "10.0.0.4", "10.6.6.6"]
    assert chosen["answers"] == ["10.6.6.6"]


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_refusal_is_an_answer_that_does_not_pass(rcode: dns.rcode.Rcode) -> None:
    """It stands in the document, and fails also a step that only asked how fast it came."""
    async with naming(NameServer(ZONE, rcode=rcode)) as server:
        document = await bench(server).document(DnsCheck())
        assert not await bench(server).passes(DnsCheck())
        assert not await bench(server).passes(DnsCheck(expect=("latency < 5 s",)))
        assert not await bench(server).passes(DnsCheck(expect=('json $.answers not contains "10.6.6.6"',)))
        assert await bench(server).passes(DnsCheck(expect=(f'json $.rcode == "{rcode.name}"',)))
        seen = await bench(server).look(DnsCheck())
    (wrong,) = implicit_wire(DnsCheck(), (), seen.response)
    assert wrong.sentence() == f"$.rcode was {rcode.name}, expected NOERROR"
    assert document["rcode"] == rcode.name
    assert (document["answers"], document["ttl"]) == ([], None)


async def test_an_empty_answer_passes_only_who_wants_it() -> None:
    """A name without such a record."""
    async with naming(NameServer(ZONE)) as server:
        assert not await bench(server).passes(DnsCheck(record="AAAA", expect=("latency < 5 s",)))
        assert await bench(server).passes(DnsCheck(record="AAAA", expect=("json $.answers length == 0",)))


async def test_a_long_answer_comes_over_tcp() -> None:
    """A datagram that was cut is asked for again as a stream."""
    async with naming(NameServer(ZONE, truncates=True)) as server:
        assert await bench(server).passes(DnsCheck())
    assert server.asked == [f"udp {HOST}", f"tcp {HOST}"]


async def test_a_listed_server_that_is_silent_or_gone_is_evidence() -> None:
    """Somebody's name server is down, which is what the check is for."""
    async with naming(NameServer(raw=lambda query: None)) as server:
        impatient = bench(server)
        impatient.total_s = 0.2
        assert await impatient.fault(DnsCheck()) is FaultKind.TIMEOUT
    gone = WireBench(service_at(443, name_servers=(f"127.0.0.1:{free_port()}",)))
    assert await gone.fault(DnsCheck()) is FaultKind.REFUSED


async def test_a_name_server_that_is_gone_is_named() -> None:
    """The check names only what it asks for: whoever reads "connection refused" looks at the wrong machine."""
    there = f"127.0.0.1:{free_port()}"
    with pytest.raises(ProbeFault) as caught:
        await look_at_dns(service_at(443, name_servers=(there,)), DnsCheck(), 1)
    assert caught.value.fault.sentence() == f"connection refused: name server {there}"


async def test_this_machines_own_name_server_says_nothing_by_its_silence() -> None:
    """Where the catalog lists none, the system's are asked; if they are gone, or none is set up, we could not look."""
    service = service_at(443)
    async with naming(NameServer(ZONE)) as server:
        seen = await look_at_dns(service, DnsCheck(), 1, lambda: [("127.0.0.1", server.port)])
    assert b"10.0.0.4" in seen.response.body
    for servers in ([("127.0.0.1", free_port())], []):
        with pytest.raises(ProbeFault) as caught:
            await look_at_dns(service, DnsCheck(), 1, lambda found=servers: found)  # type: ignore[misc]
        assert caught.value.fault.kind is FaultKind.NAME_NOT_FOUND
        assert caught.value.fault.kind.ours
    assert all(isinstance(port, int) for _, port in system_servers())


async def test_a_metadata_address_is_nobodys_name_server() -> None:
    """Not even if the catalog lists it, or the machine is set up with it alone."""
    for address in ("169.254.169.253", "168.63.129.16", "fd00:ec2::254"):
        with pytest.raises(GateRefused, match="address"):
            await WireBench(service_at(443, name_servers=(address,))).look(DnsCheck())
        with pytest.raises(GateRefused, match="address"):
            await look_at_dns(service_at(443), DnsCheck(), 1, lambda one=address: [(one, 53)])  # type: ignore[misc]


@pytest.mark.parametrize(
    ("check", "word"),
    [
        (DnsCheck(name="evil.example.com"), "does not allow evil"),
        (DnsCheck(name=f"{HOST}:443"), "does not allow"),
        (DnsCheck(servers=("8.8.8.8",)), "does not list 8.8.8.8"),
        (DnsCheck(servers=("127.0.0.1:5353",)), "does not list 127.0.0.1"),
        (DnsCheck(servers=("ns.example.com",)), "not an address"),
    ],
)
async def test_other_names_and_servers_are_refused(check: DnsCheck, word: str) -> None:
    """Only the catalog's hosts, and only its name servers."""
    with pytest.raises(GateRefused, match=word):
        await WireBench(service_at(443, name_servers=("127.0.0.1",))).look(check)


def with_other_id(query: dns.message.Message) -> bytes:
    answer = dns.message.make_response(query)
    answer.id ^= 1
    return answer.to_wire()


def nonsense_with_other_id(query: dns.message.Message) -> bytes:
    return (query.id ^ 1).to_bytes(2, "big") + b"nonsense"


def to_another_question(query: dns.message.Message) -> bytes:
    other = dns.message.make_query("evil.example.com", "A", id=query.id)
    return dns.message.make_response(other).to_wire()


@pytest.mark.parametrize("forged", [with_other_id, nonsense_with_other_id, to_another_question])
async def test_a_forged_answer_is_not_taken(forged: Callable[[dns.message.Message], bytes]) -> None:
    """Who does not know the question's id and name is somebody else; the real answer did not come."""
    async with naming(NameServer(raw=forged)) as server:
        impatient = bench(server)
        impatient.total_s = 0.2
        assert await impatient.fault(DnsCheck()) is FaultKind.TIMEOUT


async def test_nonsense_with_the_right_id_is_no_answer() -> None:
    """Bytes that are no message are the server's fault."""
    async with naming(NameServer(raw=lambda query: query.id.to_bytes(2, "big") + b"nonsense")) as server:
        assert await bench(server).fault(DnsCheck()) is FaultKind.PROTOCOL


def test_it_works_in_the_loop_that_the_bot_runs_in() -> None:
    """Datagrams over plain sockets, under uvloop too."""

    async def asked() -> bool:
        async with naming(NameServer(ZONE, truncates=True)) as server:
            return await bench(server).passes(DnsCheck())

    assert uvloop.run(asked())


HEADER = st.binary(min_size=10, max_size=10)


@given(st.binary(max_size=120), st.booleans(), HEADER)
@settings(max_examples=60, deadline=None)
def test_whatever_a_name_server_sends_is_an_answer_or_a_fault(tail: bytes, truncated: bool, header: bytes) -> None:
    """Hostile bytes behind the right id, over UDP and over TCP."""

    async def outcome() -> str:
        def reply(query: dns.message.Message) -> bytes:
            flags = bytes([0x80 | (0x02 if truncated else 0), 0])
            counts = b"\0\1" + header[:6] if header[0] & 1 else header[:8]
            question = query.to_wire()[12:] if header[0] & 1 else b""
            return query.id.to_bytes(2, "big") + flags + counts + question + tail

        async with naming(NameServer(raw=reply)) as server:
            try:
                await look(
                    Guard(resolve=Names(["127.0.0.1"])),
                    bench(server).service,
                    DnsCheck(),
                    number=1,
                    fresh=True,
                    named={},
                    secrets={},
                    total_s=0.15,
                )
            except ProbeFault as prevented:
                return prevented.fault.kind.value
            return "answered"

    assert asyncio.run(outcome()) in {"answered", *(kind.value for kind in FaultKind)}
