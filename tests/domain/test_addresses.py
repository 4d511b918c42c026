"""Where a check may go: the grammar, the allow-list, and the addresses behind a name."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from fixloop_bot.domain.addresses import (
    LONGEST_ADDRESS,
    METHODS,
    WRITES,
    Target,
    check_name_server,
    locate,
    locate_name,
    locate_wire,
    name_servers,
    split_address,
    vet_template,
)
from fixloop_bot.domain.catalog import Allow, Origin, Probe, Service
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.headers import check_header, check_header_value
from fixloop_bot.domain.networks import forbidden_address, is_loopback_host
from fixloop_bot.domain.plans import Request
from tests.adapters.bypasses import ALL, SERVICE

ADMIN = Origin.of("https://admin.example.com:8443")
WIDE = replace(
    SERVICE,
    base_url="https://shop.example.com/api/",
    allow=Allow(
        origins=(Origin.of("https://shop.example.com"), ADMIN, Origin.of("http://[2001:4860::1]:8080")),
        methods=("GET", "HEAD", "POST", "DELETE"),
        writes=("/checkout", "/carts/"),
    ),
)


def allowed(service: Service, method: str, where: str) -> bool:
    try:
        locate(service, method=method, where=where)
    except GateRefused:
        return False
    return True


# ── the grammar and the allow-list ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "where"), ALL)
def test_every_known_bypass_is_refused_with_one_sentence(method: str, where: str) -> None:
    """A request that tries to leave the catalog is refused, and the refusal is one readable sentence."""
    with pytest.raises(GateRefused) as refused:
        locate(SERVICE, method=method, where=where)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert len(sentence) < 300
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("https://shop.example.com@evil.example/", "user name"),
        ("https://evil.example/", "does not allow https://evil.example"),
        ("/a/../b", "dot segment"),
        ("/a#b", "fragment"),
        ("//evil.example", "two slashes"),
        ("https://0x7f.1/", "number"),
        ("https://[::0]/", "usual spelling"),
        ("ftp://shop.example.com/", "neither a path"),
    ],
)
def test_a_refusal_says_what_is_wrong(where: str, word: str) -> None:
    """Whoever wrote the plan, or the model that is asked again, reads what to change."""
    with pytest.raises(GateRefused, match=word):
        locate(SERVICE, method="GET", where=where)


def test_the_corpus_is_large() -> None:
    """The corpus holds at least 150 different bypasses."""
    assert len(set(ALL)) >= 150


@pytest.mark.parametrize(
    ("where", "url"),
    [
        ("/", "https://shop.example.com/api/"),
        ("/products", "https://shop.example.com/api/products"),
        ("/products?page=2&filter[color]=red", "https://shop.example.com/api/products?page=2&filter[color]=red"),
        ("/a%20b/%C3%A9", "https://shop.example.com/api/a%20b/%C3%A9"),
        ("/a;v=1/b:c@d", "https://shop.example.com/api/a;v=1/b:c@d"),
        ("/a//b", "https://shop.example.com/api/a//b"),
        ("/.well-known/x...y/..z", "https://shop.example.com/api/.well-known/x...y/..z"),
        ("/search?q=50%25%20off&next=https://else.example/x", None),
        ("https://shop.example.com", "https://shop.example.com/"),
        ("https://shop.example.com?x=1", "https://shop.example.com/?x=1"),
        ("https://shop.example.com:443/health", "https://shop.example.com/health"),
        ("https://admin.example.com:8443/health", None),
        ("http://[2001:4860::1]:8080/health", None),
    ],
)
def test_what_the_catalog_allows_is_located(where: str, url: str | None) -> None:
    """Paths are joined to the base_url with its prefix; absolute addresses of allowed origins pass as they are."""
    expected = url or (where if where.startswith("http") else "https://shop.example.com/api" + where)
    assert locate(WIDE, method="GET", where=where).url == expected


@pytest.mark.parametrize(
    ("where", "permitted"),
    [
        ("/checkout", True),
        ("/checkout/", True),
        ("/checkout/7?retry=1", True),
        ("/checkout?x=1", True),
        ("/%63heckout", True),
        ("/checkoutx", False),
        ("/checkout;x", False),
        ("/carts/7", True),
        ("/carts/", True),
        ("/carts", False),
        ("/", False),
        ("https://shop.example.com/api/checkout", True),
        ("https://shop.example.com/checkout", False),
        ("https://admin.example.com:8443/checkout/1", True),
        ("https://admin.example.com:8443/api/checkout", False),
    ],
)
def test_writes_stay_below_their_prefix(where: str, permitted: bool) -> None:
    """A write passes only on paths that the catalog calls safe to repeat, by whole segments; reading goes anywhere."""
    assert allowed(WIDE, "POST", where) is permitted
    assert allowed(WIDE, "DELETE", where) is permitted
    assert allowed(WIDE, "GET", where)


def test_the_root_as_a_write_prefix_allows_every_path() -> None:
    """``writes: [/]`` is how a catalog says that every path may be written."""
    service = replace(WIDE, allow=replace(WIDE.allow, writes=("/",)))
    assert allowed(service, "POST", "/")
    assert allowed(service, "POST", "/anything/at/all")


def test_a_service_without_base_url_reaches_nothing() -> None:
    """Without a base_url there is nowhere to go, not even to an absolute address."""
    bare = Service(name="bare")
    assert not allowed(bare, "GET", "/")
    assert not allowed(bare, "GET", "https://shop.example.com/")


def test_templates_are_vetted_before_they_are_filled() -> None:
    """Variables stand for harmless segments; one that begins the address is left for the time of sending."""
    vet_template(SERVICE, method="GET", where="/products/{{sku}}?t=${TOKEN}")
    vet_template(SERVICE, method="GET", where="{{location}}")
    for method, where in [
        ("GET", "https://{{host}}/"),
        ("GET", "/{{a}}/../x"),
        ("POST", "/{{path}}"),
        ("PUT", "{{location}}"),
        ("GET", "/x\n{{a}}"),
        ("GET", "/{{a b}}"),
    ]:
        with pytest.raises(GateRefused):
            vet_template(SERVICE, method=method, where=where)


hostile = st.text(st.sampled_from("ahttps:/.?#@%25eEfF0dAa\\[];{} \t\r\nシ１。\x00")) | st.text()
addresses = st.one_of(
    hostile,
    hostile.map(lambda text: "/" + text),
    hostile.map(lambda text: "https://shop.example.com" + text),
    hostile.map(lambda text: "https://" + text + "/checkout"),
    st.lists(st.sampled_from(["/", "..", ".", "%2e", "%2f", "checkout", "a", "?", ";", "%5c", "%25"])).map("".join),
)


@given(where=addresses, method=st.sampled_from(sorted(METHODS)) | st.text(max_size=8))
@example(where="https://shop.example.com/checkout", method="POST")
@example(where="/checkout/a%20b?c=%C3%A9", method="GET")
def test_whatever_is_accepted_goes_to_an_allowed_origin(where: str, method: str) -> None:
    """Only GateRefused comes out; what is accepted has an allowed origin, also in the eyes of two other parsers."""
    try:
        target = locate(WIDE, method=method, where=where)
    except GateRefused:
        return
    assert target.origin in WIDE.allow.origins
    assert method in WIDE.allow.methods
    assert_parsers_agree(target)
    if method in WRITES:
        assert "/checkout" in target.path or "/carts/" in target.path or "%" in target.path


def assert_parsers_agree(target: Target) -> None:
    assert len(target.url) <= LONGEST_ADDRESS
    assert Origin.of(target.url) == target.origin
    parts = urlsplit(target.url)
    assert parts.path + ("?" + parts.query if "?" in target.path else "") == target.path
    yarl = URL(target.url)
    assert (yarl.scheme, yarl.host, yarl.port) == (target.origin.scheme, target.origin.host, target.origin.port)
    assert not yarl.user
    assert not any(segment in ("..", ".") for segment in yarl.path.split("/"))


# ── targets below HTTP ────────────────────────────────────────────────────────────────────────────────────────────────


MANY = replace(
    WIDE,
    allow=Allow(
        origins=tuple(
            Origin.of(url)
            for url in (
                "https://shop.example.com", "http://shop.example.com:81", "https://db.example.com:5432",
                "http://two.example.com:1", "http://two.example.com:2", "http://web.example.com:8080",
                "https://web.example.com", "http://[2001:4860::1]:8080",
            )
        ),
        name_servers=("10.0.0.2", "[fd12::1]:5353"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("", "https://shop.example.com"),
        ("shop.example.com", "https://shop.example.com"),
        ("shop.example.com:81", "http://shop.example.com:81"),
        ("db.example.com", "https://db.example.com:5432"),
        ("web.example.com", "https://web.example.com"),
        ("web.example.com:8080", "http://web.example.com:8080"),
        ("two.example.com:2", "http://two.example.com:2"),
        ("[2001:4860::1]:8080", "http://[2001:4860::1]:8080"),
    ],
)
def test_a_target_is_one_of_the_catalogs_hosts_and_ports(target: str, where: str) -> None:
    """A host alone is the base_url's port, else the usual, else the only one."""
    assert str(locate_wire(MANY, target)) == where


@pytest.mark.parametrize(
    ("target", "tls", "word"),
    [
        ("evil.example.com", False, "does not allow evil"),
        ("shop.example.com:8443", False, "does not allow shop.example.com:8443"),
        ("two.example.com", False, "name one: two.example.com:1, two.example.com:2"),
        ("two.example.com:1", True, "plain http"),
        ("Shop.example.com", False, "lower-case"),
        ("shop.example.com.", False, "plain"),
        ("user@shop.example.com", False, "user name"),
        ("shop.example.com/", False, "plain"),
        ("https://shop.example.com", False, "plain"),
        ("shop.example.com:099", False, "plain"),
        ("shop.example.com:99999", False, "does not exist"),
        ("0x7f.1", False, "number"),
        ("[2001:4860:0::1]:8080", False, "usual spelling"),
        ("\u212aelvin.example.com", False, "plain"),
        (" shop.example.com", False, "plain"),
    ],
)
def test_any_other_target_is_refused(target: str, tls: bool, word: str) -> None:
    """By the same strict grammar as an address, with a sentence that names what there is."""
    with pytest.raises(GateRefused, match=word):
        locate_wire(MANY, target, tls=tls)


@given(
    hostile | st.lists(st.sampled_from(["shop.example.com", ":", "443", "81", "@", "[", "]", "::1", "."])).map("".join)
)
def test_whatever_target_is_accepted_is_the_catalogs(target: str) -> None:
    """Only GateRefused comes out."""
    try:
        found = locate_wire(MANY, target)
    except GateRefused:
        return
    assert found in MANY.allow.origins
    assert target == "" or found.host in target


def test_only_the_catalogs_own_names_are_asked_for() -> None:
    """A name without a port; an address has no name server."""
    assert locate_name(MANY, "") == "shop.example.com"
    assert locate_name(MANY, "db.example.com") == "db.example.com"
    for name, word in [
        ("evil.example.com", "does not allow"), ("db.example.com:5432", "does not allow"),
        ("[2001:4860::1]", "is an address"), ("DB.example.com", "lower-case"), ("a_b..c", "plain"),
    ]:  # fmt: skip
        with pytest.raises(GateRefused, match=word):
            locate_name(MANY, name)


def test_only_listed_name_servers_are_asked() -> None:
    """With their ports; none named means all that are listed, none listed means the system's own."""
    assert name_servers(MANY, ()) == (("10.0.0.2", 53), ("fd12::1", 5353))
    assert name_servers(MANY, ("10.0.0.2:53",)) == (("10.0.0.2", 53),)
    assert name_servers(WIDE, ()) == ()
    for server in ("10.0.0.3", "10.0.0.2:54", "fd12::1", "ns.example.com", "10.0.0.2:", "010.0.0.2"):
        with pytest.raises(GateRefused):
            name_servers(MANY, (server,))
    metadata = replace(MANY, allow=replace(MANY.allow, name_servers=("169.254.169.253",)))
    with pytest.raises(GateRefused, match="link-local"):
        name_servers(metadata, ())
    check_name_server("10.0.0.2")


def test_an_address_is_split_in_its_one_spelling() -> None:
    """With its port, or the usual one; without a usual one, a port has to be there."""
    assert split_address("10.0.0.2", usual=53) == ("10.0.0.2", 53)
    assert split_address("fd12::1", usual=53) == ("fd12::1", 53)
    assert split_address("[fd12::1]:8080") == ("fd12::1", 8080)
    for text in ("10.0.0.2", "localhost:80", "10.2:80", "fd12:0::1", "10.0.0.2:0", "[10.0.0.2]:80", ""):
        with pytest.raises(GateRefused):
            split_address(text)


# ── addresses behind a name ───────────────────────────────────────────────────────────────────────────────────────────

NEVER = """
    169.254.169.254 169.254.170.2 169.254.0.1 fe80::1 febf::1 fd00:ec2::254 fd20:ce::254 100.100.100.200 168.63.129.16
    192.0.0.192 0.0.0.0 0.1.2.3 :: 224.0.0.1 239.255.255.255 255.255.255.255 240.0.0.1 ff02::1 ff0e::1
    ::ffff:169.254.169.254 ::169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00::
    2002:a9fe:a9fe::1 2001:0:a9fe:a9fe:: 2001:0:4136:e378:8000:63bf:5601:5601 ::ffff:0:169.254.169.254
    2001:db8::5efe:169.254.169.254 fe80::5efe:10.0.0.1 ::ffff:100.100.100.200 64:ff9b::168.63.129.16 2002:6464:64c8::
    fd00:ec2::23 fd00:ec2:1::1 fd00:42::42 fd00:a9fe:a9fe::1
    ::ffff:0.0.0.0 ::ffff:224.0.0.1 ::ffff:255.255.255.255 fe80::1%eth0 ::1%lo
"""


@pytest.mark.parametrize("address", NEVER.split())
@pytest.mark.parametrize("networks", [(), ("0.0.0.0/0", "::/0")])
def test_metadata_and_link_local_are_refused_whatever_the_catalog_says(address: str, networks: tuple[str, ...]) -> None:
    """No setting opens link-local, metadata, multicast or unspecified addresses, in whatever IPv6 form they come."""
    assert forbidden_address(address, networks, base_is_loopback=True)


PRIVATE = """
    10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 198.18.0.1 192.0.2.1 203.0.113.1 192.0.0.1 192.88.99.1 fc00::1
    fd12::1 2001:db8::1 2002:808:808::1 2001:0:808:808:0:0:f7f7:f7f7 64:ff9b:1::808:808 ::ffff:10.0.0.1 64:ff9b::a00:1
    ::10.0.0.1 fec0::1 3fff::1 5f00::1 100::1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_without_declared_networks_only_public_addresses_pass(address: str) -> None:
    """Private, shared, documentation and tunnel addresses need a declared network."""
    reason = forbidden_address(address, (), base_is_loopback=True)
    assert reason is not None
    assert "not a public address" in reason


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_public_addresses_pass_without_declared_networks(address: str) -> None:
    """Public addresses pass by default, also as a NAT64 or a dual-stack socket writes them."""
    assert forbidden_address(address, (), base_is_loopback=False) is None
    assert forbidden_address(address, ("10.0.0.0/8",), base_is_loopback=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_passes_only_if_declared_or_at_home(address: str) -> None:
    """Loopback is for a service whose base_url is loopback, or for a declared network."""
    assert forbidden_address(address, (), base_is_loopback=True) is None
    assert forbidden_address(address, (), base_is_loopback=False)
    assert forbidden_address(address, ("10.0.0.0/8",), base_is_loopback=True)
    assert forbidden_address(address, ("127.0.0.0/8", "::1"), base_is_loopback=False) is None


def test_declared_networks_are_the_only_ones() -> None:
    """Staging lives in private space: what is declared passes, its neighbour does not."""
    networks = ("10.20.0.0/16", "fd12:3456::/32")
    for inside in ("10.20.1.2", "::ffff:10.20.1.2", "fd12:3456::1"):
        assert forbidden_address(inside, networks, base_is_loopback=False) is None
    for outside in ("10.21.0.1", "8.8.8.8", "fd12:3457::1", "127.0.0.1", "2002:a14:102::"):
        assert forbidden_address(outside, networks, base_is_loopback=False)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("2002:7f00:1::1", "2002::/16"),
        ("2002:a00:1::1", "2002::/16"),
        ("2001:0:808:808::f5ff:fffe", "2001::/32"),
        ("64:ff9b:1::7f00:1", "64:ff9b:1::/96"),
        ("fd00::5efe:10.0.0.1", "fd00::/8"),
        ("::ffff:0:a00:1", "::/0"),
    ],
)
def test_a_declared_form_opens_no_private_address_inside(address: str, form: str) -> None:
    """A tunnel's or translator's network is not the machines behind it: a private one is declared itself."""
    assert forbidden_address(address, (form,), base_is_loopback=True)
    assert forbidden_address(address, (form, "10.0.0.0/8", "127.0.0.0/8"), base_is_loopback=False) is None


def test_a_public_prefix_hides_no_loopback() -> None:
    """ISATAP stands in any prefix."""
    assert forbidden_address("2606:2800:220:1:0:5efe:7f00:1", (), base_is_loopback=False)


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_a_mapped_address_is_judged_like_its_own(address: IPv4Address | IPv6Address) -> None:
    """Writing an IPv4 address in an IPv6 form opens nothing."""
    plain = forbidden_address(address, (), base_is_loopback=False)
    if isinstance(address, IPv4Address):
        for form in (f"::ffff:{address}", f"64:ff9b::{address}"):
            assert (forbidden_address(form, (), base_is_loopback=False) is None) == (plain is None)
        assert forbidden_address(f"::ffff:0:{address}", (), base_is_loopback=False)
    elif plain is None:
        assert address.is_global


def test_loopback_hosts_are_known_by_name_and_address() -> None:
    """A base_url is loopback by its name or its address, not by what a name resolves to."""
    assert all(is_loopback_host(host) for host in ("localhost", "shop.localhost", "127.0.0.1", "127.9.9.9", "::1"))
    assert not any(is_loopback_host(host) for host in ("localhost.evil.example", "10.0.0.1", "localtest.me", ""))


# ── headers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


STEERING = """Host host Connection Content-Length Transfer-Encoding TE Upgrade Proxy-Authorization Proxy-Connection
    X-Forwarded-For X-Forwarded-Host Forwarded X-Real-IP X-HTTP-Method-Override X-Original-URL User-Agent Expect
    Trailer Sec-Fetch-Site"""


@pytest.mark.parametrize("name", STEERING.split())
def test_headers_that_steer_a_request_are_refused_even_from_a_secret(name: str) -> None:
    """Where a request goes, where it ends and who sends it is not for a plan to say."""
    for value in ("x", "${TOKEN}"):
        with pytest.raises(GateRefused):
            check_header(SERVICE, name, value)


def test_other_headers_need_a_place_on_the_list_a_secret_or_the_teams_own_probe() -> None:
    """Authorization and Cookie come from secrets by reference; the team's own probe may hold any harmless header."""
    for name, value in [
        ("accept", "application/json"),
        ("Authorization", "Bearer ${TOKEN}"),
        ("Cookie", "s=${SESSION}"),
    ]:
        check_header(SERVICE, name, value)
    for name in ("Authorization", "Cookie", "X-Anything", "X-Admin"):
        with pytest.raises(GateRefused):
            check_header(SERVICE, name, "literal")
    probe = Probe(name="p", request=Request(path="/", headers=(("X-Shop", "blue"),)), expect=())
    trusting = replace(SERVICE, probes=(probe,))
    check_header(trusting, "x-shop", "blue")
    with pytest.raises(GateRefused):
        check_header(trusting, "x-shop", "red")


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb", "a\x00", "é", "x" * 5_000])
def test_a_header_value_stays_on_its_line(value: str) -> None:
    """A filled value can neither end the header nor be something that servers read differently."""
    with pytest.raises(GateRefused):
        check_header_value("accept", value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "é", "(x)"])
def test_a_header_name_is_a_token(name: str) -> None:
    """Anything but a token in a header's name is refused."""
    with pytest.raises(GateRefused):
        check_header(SERVICE, name, "${TOKEN}")


STEERED = """X-Remote-User X-Middleware-Subrequest X-Original-Forwarded-For Client-IP X-Cluster-Client-IP
    X-Envoy-Original-Path X-Amzn-Oidc-Identity X-MS-Client-Principal-Name Destination Content-Encoding X-Forwarded
    X-HTTP-DestinationURL X_Shop X-Rewrite-URL Content-Location"""


@pytest.mark.parametrize("name", STEERED.split())
def test_what_steers_a_request_is_said_by_the_teams_own_probe_alone(name: str) -> None:
    """Word for word: neither a secret nor another value of the same header will do."""
    probe = Probe(name="p", request=Request(path="/", headers=((name, "blue"),)), expect=())
    trusting = replace(SERVICE, probes=(probe,))
    check_header(trusting, name.lower(), "blue")
    for service, value in [(SERVICE, "blue"), (SERVICE, "${TOKEN}"), (trusting, "${TOKEN}"), (trusting, "red")]:
        with pytest.raises(GateRefused, match="as a probe of the catalog does"):
            check_header(service, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Basic YWRtaW46YWRtaW4=, ${TOKEN}"),
        ("Authorization", "Bearer ${TOKEN}${TOKEN}"),
        ("Authorization", "admin{{given}}"),
        ("Authorization", "{{chosen}}"),
        ("Cookie", "role=admin; s=${TOKEN}"),
        ("Cookie", "${TOKEN}"),
        ("Cookie", "s=x${TOKEN}"),
        ("Referer", "http://partner.example/?k=${TOKEN}"),
        ("X-Request-Id", "${TOKEN}"),
        ("X-Tenant", "a${TOKEN}"),
        ("X-Anything", "${TOKEN}"),
    ],
)
def test_a_reference_is_the_whole_value_under_a_usual_name(name: str, value: str) -> None:
    """A secret lends its weight to nothing that a plan wrote beside it."""
    with pytest.raises(GateRefused):
        check_header(SERVICE, name, value, captured={"given"})


def test_a_reference_may_stand_where_credentials_do() -> None:
    """Alone, behind a scheme, as one cookie; and under a name that the team's own probe uses."""
    for name, value in [
        ("x-api-key", "${TOKEN}"),
        ("authorization", "token {{given}}"),
        ("authorization", "ApiKey {{ given }}"),
        ("cookie", "sid={{given}}"),
        ("x-csrf-token", "{{given}}"),
        ("if-none-match", "{{given}}"),
    ]:
        check_header(SERVICE, name, value, captured={"given"})
    probe = Probe(name="p", request=Request(path="/", headers=(("X-Shop-Key", "${TOKEN}"),)), expect=())
    check_header(replace(SERVICE, probes=(probe,)), "x-shop-key", "{{given}}", captured={"given"})
