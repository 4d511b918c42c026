"""What a probe fills in and what it keeps: inputs, secrets, journeys, documents."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from fixloop_bot import __version__
from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.guard import Guard, open_plain_socket
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.domain.catalog import Origin, Probe
from fixloop_bot.domain.errors import BadInput, GateRefused
from fixloop_bot.domain.plans import HttpCheck, Leg, Request
from fixloop_bot.domain.samples import FaultKind, Outcome
from tests.adapters.probing import TOKEN, Bench, FixedClock, prober_with, service_at
from tests.adapters.targets import (
    Shop,
    answering,
    free_port,
    serving,
    speaking,
)

# ── filling ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_inputs_rotate_and_are_written_for_their_place(shop: Bench) -> None:
    """Sample 1 takes the first input, sample 2 the second; each value is encoded where it stands."""
    request = Request(
        method="POST",
        path="/echo?q={{q}}",
        json_body='{"q": "{{q}}", "text": "<{{q}}>", "qty": "{{qty}}", "tags": "{{tags}}"}',
    )
    inputs = ['{"q": "a b&c=\\"é\\"/..", "qty": 2, "tags": ["x"]}', '{"q": "plain", "qty": null, "tags": []}']
    for number, q, qty, tags in [(1, 'a b&c="é"/..', 2, ["x"]), (2, "plain", None, []), (3, 'a b&c="é"/..', 2, ["x"])]:
        await shop.send(request, "status == 200", inputs=inputs, number=number)
        assert shop.shop.requests[-1].query["q"] == q
        assert json.loads(shop.shop.bodies[-1]) == {"q": q, "text": f"<{q}>", "qty": qty, "tags": tags}


async def test_inputs_reach_the_lines(shop: Bench) -> None:
    """``{{sku}}`` in a line is the value that was sent."""
    for number, sku in ((1, "A1"), (2, "B2")):
        sample = await shop.send(
            "/items/{{sku}}", 'json $.sku == "{{sku}}"', inputs=['{"sku": "A1"}', '{"sku": "B2"}'], number=number
        )
        assert sample.outcome is Outcome.PASSED
        assert sample.request == f"GET /items/{sku}"


@pytest.mark.parametrize(
    ("request_", "inputs"),
    [
        (Request(path="/items/{{sku}}"), []),
        (Request(path="/items/{{sku}}"), ['{"other": 1}']),
        (Request(path="/items/{{sku}}"), ["not json"]),
        (Request(path="/items/A1"), ["[1]"]),
        (Request(path="/echo", headers=(("authorization", "Bearer ${UNSET}"),)), []),
        (Request(path="/echo", headers=(("authorization", "Bearer ${UNKNOWN}"),)), []),
    ],
)
async def test_a_missing_value_is_our_trouble(shop: Bench, request_: Request, inputs: list[str]) -> None:
    """Nothing is sent with a hole in it."""
    sample = await shop.send(request_, "status == 200", inputs=inputs)
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.UNFILLED
    assert shop.shop.requests == []


@pytest.mark.parametrize("hostile", ["../../admin", "..", "a\r\nHost: x", "x\x00"])
async def test_a_hostile_value_cannot_leave_its_place(shop: Bench, hostile: str) -> None:
    """Dot segments and control characters in a value are refused where they would matter."""
    sample = await shop.send("/items/{{sku}}", "status == 200", inputs=[json.dumps({"sku": hostile})])
    assert sample.outcome is Outcome.VOID
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.GATE
    assert shop.shop.requests == []


@pytest.mark.parametrize("hostile", ["a\r\nHost: evil.example", "a\nb", "\u2028", "x" * 5_000])
async def test_a_hostile_value_cannot_leave_its_header(shop: Bench, hostile: str) -> None:
    """A header's value is judged again when it is filled."""
    request = Request(path="/echo", headers=(("Accept", "{{v}}"),))
    sample = await shop.send(request, "status == 200", inputs=[json.dumps({"v": hostile})])
    assert sample.fault is not None
    assert sample.fault.kind is FaultKind.GATE
    assert shop.shop.requests == []


async def test_forms_and_plain_bodies_keep_their_type(shop: Bench) -> None:
    """A form is form-encoded, other text is sent as it is; a content type is always said."""
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    for headers, expected_body, expected_type in [
        (form, "q=a+b%26", "application/x-www-form-urlencoded"),
        ((), "q=a b&", "text/plain; charset=utf-8"),
    ]:
        await shop.send(Request(method="POST", path="/echo", headers=headers, body="q={{q}}"), inputs=['{"q": "a b&"}'])
        assert shop.shop.bodies[-1] == expected_body
        assert shop.shop.requests[-1].headers["content-type"] == expected_type


async def test_fixloop_says_who_it_is_and_sends_little_else(shop: Bench) -> None:
    """A named user agent; ``Connection: close`` on fresh connections alone."""
    await shop.send("/echo", fresh=True)
    await shop.send("/echo", fresh=False)
    fresh, pooled = (dict(request.headers) for request in shop.shop.requests)
    lower = {name.lower(): value for name, value in fresh.items()}
    assert lower.pop("host").startswith("127.0.0.1:")
    assert lower == {
        "user-agent": f"FixLoop/{__version__}",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "connection": "close",
    }
    assert "connection" not in {name.lower() for name in pooled}


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_secrets_are_sent_and_never_kept(shop: Bench) -> None:
    """The server gets the value; no field of the sample holds it in any form, though the server echoes it."""
    request = Request(
        method="POST",
        path="/echo?key=${TOKEN}",
        headers=(("Authorization", "Bearer ${TOKEN}"),),
        json_body='{"token": "${TOKEN}", "it": "isn\'t"}',
    )
    sample = await shop.send(request, "status == 418", 'json $.headers.authorization == "x"', "json $.query == 1")
    assert shop.shop.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert shop.shop.requests[0].query["key"] == TOKEN
    assert sample.outcome is Outcome.FAILED
    for form in (TOKEN, "s3cr3t", "t0ken"):
        assert form not in repr(sample)
    assert sample.request == "POST /echo?key=${TOKEN}"
    assert "-H 'authorization: Bearer '\"$TOKEN\"" in sample.curl


async def test_the_curl_line_repeats_the_request(shop: Bench) -> None:
    """A shell that knows the variable builds the very request; other dollar signs stay text."""
    request = Request(
        method="POST",
        path="/echo?f[a]={{q}}",
        headers=(("Authorization", "Bearer ${TOKEN}"), ("Accept", "text/plain")),
        json_body='{"note": "{{note}}"}',
    )
    note = "it's $HOME `id` ${TOKEN} $(id) \\ \" !"
    sample = await shop.send(request, inputs=[json.dumps({"q": "1", "note": note})])
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\nTOKEN=from-the-shell\n{sample.curl}"
    shell = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    said = (await shell.communicate())[0].decode().split("\0")
    assert said[:6] == ["-sS", "-X", "POST", "-g", f"{shop.service.base_url}/echo?f[a]=1", "-H"]
    assert said[6:-1] == [
        "authorization: Bearer from-the-shell",
        "-H",
        "accept: text/plain",
        "-H",
        "content-type: application/json",
        "-d",
        shop.shop.bodies[-1],
    ]
    assert json.loads(shop.shop.bodies[-1])["note"] == note


async def test_a_secret_is_found_across_control_characters_and_cuts(shop: Bench) -> None:
    """Masking happens after cleaning and before cutting, so that neither can leave a piece of a secret."""
    veil = Veil({"TOKEN": TOKEN})
    assert veil.shown(f"a {TOKEN[:5]}\x00{TOKEN[5:]} b", 500) == "a ${TOKEN} b"
    assert "s3cr" not in veil.shown("x" * 490 + TOKEN, 500)
    assert "s3cr" not in veil.shown(TOKEN * 1_000, 500)
    assert "abcd" not in veil.shown("x" * 485 + " Bearer abcd1234efgh5678", 500)


async def test_excerpts_are_short_text(against: Callable[..., object]) -> None:
    """At most 500 characters, no control characters; bytes that are no text are left out."""
    for head, body, expected in [
        (b"text/plain", b"a\x1b[31mred\x00" + b"y" * 9, ""),
        (b"text/plain", b"a\x1b[31mred" + b"y" * 900, ("a[31mred" + "y" * 900)[:500]),
        (b"image/png", b"\x89PNG....", ""),
        (b"application/problem+json", b'{"t": 1}', '{"t": 1}'),
    ]:
        raw = b"HTTP/1.1 500 X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        sample = await (await against(answering(raw))).send("/", "status == 200")
        assert sample.excerpt == expected


# ── journeys ──────────────────────────────────────────────────────────────────────────────────────────────────────────

NEW_CART = Leg(
    request=Request(method="POST", path="/carts", json_body='{"sku": "{{sku}}"}'),
    expect=("status == 201",),
    capture=(("id", "json $.id"), ("link", "json $.links.self")),
)


async def test_a_journey_passes_captures_and_cookies_on(shop: Bench) -> None:
    """Values and cookies of one answer reach the next request; one journey is one sample."""
    by_link = Leg(request=Request(path="{{link}}"), expect=('json $.id == "{{id}}"',))
    by_id = Leg(request=Request(path="/carts/{{id}}"), expect=('json $.id == "c/7"',))
    sample = await shop.travel(NEW_CART, by_link, by_id, inputs=['{"sku": "A1"}'])
    assert (sample.outcome, sample.status, sample.request) == (Outcome.PASSED, 200, "GET /carts/c%2F7")
    assert [request.path_qs for request in shop.shop.requests] == ["/carts", "/carts/c%2F7", "/carts/c%2F7"]
    assert json.loads(shop.shop.bodies[0]) == {"sku": "A1"}
    again = await shop.travel(by_id, inputs=['{"id": "c/7"}'])
    assert again.status == 404


async def test_a_journey_may_log_in(shop: Bench) -> None:
    """A token that an answer gave may be sent as Authorization, and is masked in what is shown; one from inputs not."""
    login = Leg(
        request=Request(method="POST", path="/echo", body="issued-t0ken-0123456789"),
        expect=(),
        capture=(("token", "json $.body"),),
    )
    headers = (("Authorization", "Bearer {{token}}"),)
    use = Leg(request=Request(path="/echo", headers=headers), expect=("status == 200",))
    sample = await shop.travel(login, use)
    assert sample.outcome is Outcome.PASSED
    assert shop.shop.requests[1].headers["authorization"] == "Bearer issued-t0ken-0123456789"
    assert "issued-t0ken" not in sample.curl
    assert "issued-t0ken" not in sample.excerpt
    refused = await shop.travel(use, inputs=['{"token": "chosen"}'])
    assert refused.outcome is Outcome.VOID
    assert refused.fault is not None
    assert refused.fault.kind is FaultKind.GATE


async def test_a_session_that_a_journey_was_given_is_not_shown(shop: Bench) -> None:
    """What later requests send in a header is a credential, whatever the header is called and however it is encoded."""
    login = Leg(
        request=Request(method="POST", path="/echo", body="S3ss10n-0123456789"),
        expect=(),
        capture=(("session", "json $.body"),),
    )
    use = Leg(request=Request(path="/echo", headers=(("x-session", "{{session}}"),)), expect=("status == 418",))
    sample = await shop.travel(login, use)
    assert sample.outcome is Outcome.FAILED
    assert "S3ss10n" not in f"{sample.curl}{sample.excerpt}{sample.failures}"
    assert "$session" in sample.curl


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (Request(path="/echo?t={{given_token}}"), "GET /echo?t=${given_token}"),
        (Request(path="/echo/{{given_token}}/x"), "GET /echo/${given_token}/x"),
        (Request(method="POST", path="/echo", json_body='{"t": "{{given_token}}"}'), "POST /echo"),
    ],
)
async def test_what_is_called_a_credential_is_not_shown(shop: Bench, request_: Request, shown: str) -> None:
    """A token that goes out in an address or a body stands in neither the request's line nor its curl."""
    login = Leg(
        request=Request(method="POST", path="/echo", body="S3ss10n/0123456789"),
        expect=(),
        capture=(("given_token", "json $.body"),),
    )
    sample = await shop.travel(login, Leg(request=request_, expect=("status == 418",)))
    assert len(shop.shop.requests) == 2
    assert "0123456789" not in repr(sample)
    assert "$given_token" in sample.curl
    assert sample.request == shown


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_body_that_a_server_may_take_for_a_request_is_not_sent(shop: Bench, method: str) -> None:
    """Vetted or not: nothing follows the head of a GET on a connection that is kept."""
    for body in (
        Request(method=method, path="/echo", body="DELETE /admin HTTP/1.1\r\nHost: a\r\n\r\n"),
        Request(method=method, path="/echo", json_body="{}"),
    ):
        sample = await shop.send(body, "status == 200", fresh=False)
        assert sample.outcome is Outcome.VOID
        assert sample.fault is not None
        assert sample.fault.kind is FaultKind.GATE
    assert shop.shop.requests == []


async def test_an_answer_does_not_say_where_a_secret_goes(shop: Bench) -> None:
    """A captured link to another allowed origin is followed without a secret only, unless a probe sends it there."""
    partner = Shop()
    async with serving(partner.app()) as port:
        origin = Origin.of(f"http://127.0.0.1:{port}")
        shop.service = replace(
            shop.service, allow=replace(shop.service.allow, origins=(*shop.service.allow.origins, origin))
        )
        given = Leg(
            request=Request(method="POST", path="/echo", body=f"{origin}/echo"),
            expect=(),
            capture=(("where", "json $.body"),),
        )
        secret = Request(path="{{where}}", headers=(("authorization", "Bearer ${TOKEN}"),))
        refused = await shop.travel(given, Leg(request=secret, expect=("status == 200",)))
        assert refused.outcome is Outcome.VOID
        assert refused.fault is not None
        assert refused.fault.kind is FaultKind.GATE
        assert partner.requests == []
        assert (await shop.travel(given, Leg(request=Request(path="{{where}}"), expect=()))).outcome is Outcome.PASSED
        probe = Probe(name="p", request=replace(secret, path=f"{origin}/health"), expect=())
        shop.service = replace(shop.service, probes=(probe,))
        assert (await shop.travel(given, Leg(request=secret, expect=("status == 200",)))).outcome is Outcome.PASSED


async def test_a_deeply_nested_value_is_refused_with_a_sentence(against: Callable[..., object]) -> None:
    """What an answer holds never raises out of a sample, wherever it would go."""
    body = b'{"v":' + b"[" * 1000 + b"]" * 1000 + b"}"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body)

    legs = [
        Leg(request=Request(path="/echo"), expect=(), capture=(("v", "json $.v"),)),
        Leg(request=Request(path="/echo/{{v}}"), expect=()),
    ]
    sample = await (await against(speak)).travel(*legs)
    assert sample.outcome is Outcome.VOID
    assert "nested too deeply" in sample.reason()


async def test_a_journey_stops_where_it_fails(shop: Bench) -> None:
    """Later requests are not sent; the failing one is shown."""
    fails = Leg(request=Request(path="/status/500"), expect=("status == 200",))
    sample = await shop.travel(fails, NEW_CART, inputs=['{"sku": "A1"}'])
    assert (sample.outcome, sample.status, sample.request) == (Outcome.FAILED, 500, "GET /status/500")
    assert len(shop.shop.requests) == 1


async def test_a_value_that_the_service_withholds_fails_the_journey(shop: Bench) -> None:
    """A capture that finds nothing is the service's failure, not a hole of ours."""
    leg = Leg(request=Request(path="/items/A1"), expect=("status == 200",), capture=(("id", "json $.missing"),))
    sample = await shop.travel(leg, Leg(request=Request(path="/items/{{id}}"), expect=()))
    assert sample.outcome is Outcome.FAILED
    assert sample.reason() == "json $.missing was nothing, expected a value for id"


async def test_a_captured_link_goes_through_the_gate(shop: Bench) -> None:
    """An answer cannot send the next request to where the catalog does not go, nor smuggle a variable in."""
    for link in ("http://169.254.169.254/", "//evil.example/", "/../admin", "http://evil.example/${TOKEN}"):
        leg = Leg(request=Request(method="POST", path="/echo", json_body='{"link": "{{link}}"}'), expect=(), capture=())
        captured = replace(leg, capture=(("where", "json $.body"),))
        where = Leg(request=Request(path="{{where}}"), expect=())
        sample = await shop.travel(replace(captured, request=replace(leg.request, json_body=None, body=link)), where)
        assert sample.outcome is Outcome.VOID
        assert sample.fault is not None
        assert sample.fault.kind is FaultKind.GATE
    assert {request.path for request in shop.shop.requests} == {"/echo"}


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_document_comes_through_the_same_gate(shop: Bench) -> None:
    """An allowed address is read; everything else is refused with one sentence."""
    base = shop.service.base_url
    assert json.loads(await shop.prober.fetch_document(shop.service, f"{base}/gzip")) == {"packed": True}
    with pytest.raises(GateRefused):
        await shop.prober.fetch_document(shop.service, "http://evil.example/openapi.json")
    for path, word in [("/status/404", "404"), ("/moved", "302"), ("/big?size=1000001", "1 MB")]:
        with pytest.raises(BadInput, match=word):
            await shop.prober.fetch_document(shop.service, f"{base}{path}")
    with pytest.raises(BadInput, match="refused"):
        await shop.prober.fetch_document(service_at(port := free_port()), f"http://127.0.0.1:{port}/openapi.json")


async def test_real_sockets_are_used_by_default() -> None:
    """The default socket is non-blocking TCP of the address's family."""
    with open_plain_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))) as opened:
        assert (opened.family, opened.type, opened.getblocking()) == (socket.AF_INET, socket.SOCK_STREAM, False)


async def test_a_new_secret_is_sent_and_masked_at_once() -> None:
    """What was made ready with the old value is not sent again, and neither value is shown."""
    shop, vault = Shop(), {"env:TOKEN": TOKEN}
    async with serving(shop.app()) as port:
        prober = HttpProber(guard=Guard(), clock=FixedClock(), secrets=vault.get)
        bench = Bench(prober, service_at(port))
        check = bench.check(Request(path="/echo?key=${TOKEN}"), "status == 418")
        for value in (TOKEN, "an0ther-s3cret", "an0ther-s3cret"):
            vault["env:TOKEN"] = value
            sample = await prober.sample(bench.service, check, number=1, fresh=False)
            assert shop.requests[-1].query["key"] == value
            assert value not in repr(sample)
        await prober.aclose()


async def test_inputs_are_vetted_each(shop: Bench) -> None:
    """One good input makes no other one good: what is kept ready is kept for its own input."""
    check = shop.check("/items/{{sku}}", inputs=['{"sku": "A1"}', '{"sku": "../../admin"}', '{"sku": "B2"}'])
    for _ in range(3):
        samples = [await shop.prober.sample(shop.service, check, number=number, fresh=False) for number in (1, 2, 3)]
        assert [sample.outcome for sample in samples] == [Outcome.PASSED, Outcome.VOID, Outcome.PASSED]
    assert {request.path for request in shop.shop.requests} == {"/items/A1", "/items/B2"}


async def test_a_cookie_that_expires_is_sent_no_more(against: Callable[..., object]) -> None:
    """Max-Age 0 and below take a cookie away; what could be read as more than a cookie is not kept."""
    heads: list[bytes] = []
    given = iter([b"a=1; Path=/\r\nSet-Cookie: b=2\r\nSet-Cookie: c=\xc3\xa9", b"a=x; Max-Age=0", b"d=4"])

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: %s\r\nContent-Length: 2\r\n\r\nok" % next(given))

    legs = [Leg(request=Request(path="/echo"), expect=("status == 200",))] * 3
    sample = await (await against(speak)).travel(*legs)
    assert sample.outcome is Outcome.PASSED
    cookies = [[line for line in head.split(b"\r\n") if line.startswith(b"cookie:")] for head in heads]
    assert cookies == [[], [b"cookie: a=1; b=2"], [b"cookie: b=2"]]


async def test_a_secret_that_comes_back_as_a_key_is_not_kept_in_the_shape() -> None:
    """Shapes go into evidence, baselines and sentences."""
    body = b'{"sessions": {"%s": 1}}' % TOKEN.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with speaking(answering(head + body)) as port:
        prober = prober_with(Guard())
        check = HttpCheck(request=Request(path="/"), expect=("status == 200",))
        sample = await prober.sample(service_at(port), check, number=1, fresh=True)
        await prober.aclose()
    assert TOKEN not in sample.shape
    assert "${TOKEN}" in sample.shape
