"""Requests that try to leave the catalog, by family, with the names that a hostile name server would answer.

Aimed at ``CATALOG``: a public shop, a staging service in private address space, and names that the team declared but
whose answers have turned hostile. Most families are built from what they have in common (an address, written in every
way that some parser reads), so that a new address or a new spelling multiplies. Nothing here is ever really dialled.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

HOME, STAGING = "shop.example.com", "staging.example.com"
PUBLIC, PUBLIC_TOO, PRIVATE, EVIL = "93.184.216.34", "93.184.216.35", "10.20.0.7", "198.41.0.4"
NETWORK = "10.20.0.0/16"
STAGING_PORT = 8080
DECLARED = "names", "rebinding"
"""Families of names that the catalog declares; only what they lead to is wrong."""
AT_HOME = "redirects", "rebinding", "decoys"
"""Families whose dial to the service itself is right, and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request that must not get through. ``url`` is a path or an address, as a model would write it."""

    family: str
    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    ours_alone: bool = False
    """About our own grammar (headers, methods, relative paths): other libraries have no opinion on it."""


INSIDE = {
    "loopback": "127.0.0.1",
    "metadata": "169.254.169.254",
    "alibaba": "100.100.100.200",
    "azure": "168.63.129.16",
    "ten": "10.0.0.5",
    "home": "192.168.1.1",
    "docker": "172.17.0.1",
    "shared": "100.64.0.1",
}


def ip4_spellings(address: str) -> Iterator[str]:
    """An IPv4 address in the ways that inet_aton, browsers and careless parsers read."""
    a, b, c, d = map(int, address.split("."))
    whole = int(ipaddress.IPv4Address(address))
    yield from (address, f"{whole}", f"{whole:#x}", f"{whole:#X}", f"0{whole:o}", f"0x{whole:016x}")
    yield from (f"{a}.{whole & 0xFFFFFF}", f"{a}.{b}.{whole & 0xFFFF}", f"{a:#x}.{whole & 0xFFFFFF:#x}")
    yield from (f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"00{a:o}.{b}.{c}.{d}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}")
    yield from (f"{a:#x}.{b}.0{c:o}.{d}", f"{a:03d}.{b:03d}.{c:03d}.{d:03d}", f"{a}.{b}.{c}.{d}.")
    yield from (f"{whole + 2**32}", f"{a + 256}.{b + 256}.{c + 256}.{d + 256}")


def ip6_forms(address: str) -> Iterator[tuple[str, str]]:
    """(family, IPv6 text) that a kernel, router or gateway turns into this IPv4 address."""
    whole = int(ipaddress.IPv4Address(address))
    high, low = whole >> 16, whole & 0xFFFF
    yield "IPv4-mapped", f"::ffff:{address}"
    yield "IPv4-mapped", f"::ffff:{high:x}:{low:x}"
    yield "IPv4-mapped", f"0:0:0:0:0:ffff:{high:04x}:{low:04x}"
    yield "IPv4-compatible", f"::{address}"
    yield "IPv4-compatible", f"::{high:x}:{low:x}"
    yield "IPv4-translated", f"::ffff:0:{high:x}:{low:x}"
    yield "NAT64", f"64:ff9b::{high:x}:{low:x}"
    yield "NAT64", f"64:ff9b::{address}"
    yield "NAT64", f"64:ff9b:1::{high:x}:{low:x}"
    yield "6to4", f"2002:{high:x}:{low:x}::"
    yield "6to4", f"2002:{high:x}:{low:x}::1"
    yield "Teredo", f"2001:0:{high:x}:{low:x}::1"
    yield "Teredo", f"2001:0:5ef5:79fb:0:0:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}"
    yield "ISATAP", f"2001:db8::5efe:{high:x}:{low:x}"


IP6_INSIDE = "::1 :: fe80::1 fc00::1 fd12:3456::1 fd00:ec2::254 fd20:ce::254 ff02::1 2001:db8::1 0:0:0:0:0:0:0:1 0::1"
ZONES = "fe80::1%eth0 fe80::1%25eth0 fe80::1%1 ::1%lo ::1%25lo ::1%0 ::ffff:127.0.0.1%lo fd00:ec2::254%eth0"
BRACKETS = """
    [::1 ::1] ::1 [[::1]] [::1]] [::1]x [::1].example.com [::1]:80:80 [127.0.0.1] [127.1] [shop.example.com] [v1.127]
    [::ffff:127.1] [::ffff:7f.1] [] [:] [:::1] [1::2::3] [::1/128] [::g] %5b::1%5d [::1%5d [0x7f000001]
"""
ODD_NUMBERS = """
    0 0x0 00 0.0 0.0.0.0 000.000.000.000 -1 1e0 1. .1 256.256.256.256 4294967296 99999999999999999999 0x 0xg 08
    09.0.0.1
    127.0.0.1.0 127..0.1 127.0.0 127.0.0.1_ 127.0.0.+1 127.0.0.0x1 1.1.1.1e1 255.255.255.255 224.0.0.1 240.0.0.1
"""
UNICODE_DIGITS = """
    ①②⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 127｡0｡0｡1 127．0．0．1 ①⑥⑨.②⑤④.①⑥⑨.②⑤④ 𝟏𝟐𝟕.𝟎.𝟎.𝟏 𝟣𝟨𝟫.𝟤𝟧𝟦.𝟣𝟨𝟫.𝟤𝟧𝟦 ١٢٧.٠.٠.١
    ¹²⁷.⁰.⁰.¹ ₁₂₇.₀.₀.₁ 127.0.0.１ 127․0․0․1 ⑯⑨.254.169.254 [::①] [：：1] ０x7f.1
"""
HOMOGRAPHS = """
    ѕhop.example.com shοp.example.com shop.ехample.com shop.example.cоm shop。example.com shop．example．com
    ｓhop.example.com
    shop.examp1e.com shop.exarnple.com xn--hop-lbd.example.com sh\u00ador\u00adp.example.com shop\u200b.example.com
    shop.example.com\u200d shop.example.com\ufeff ⓢⓗⓞⓟ.example.com ﬀ.example.com ℀.evil.example evil.ex℀mple
    shop.example.ⅽom
    faß.example.com İshop.example.com
"""
FOREIGN = """
    evil.example shop.example.com.evil.example evilshop.example.com shop-example.com shop.example.comm example.com
    com shop localhost LOCALHOST localhost.localdomain ip6-localhost metadata.google.internal metadata instance-data
    kubernetes.default.svc redis vault.service.consul 127.0.0.1.nip.io 127-0-0-1.sslip.io localtest.me
    a.shop.example.com
    169.254.169.254.nip.io wpad host.docker.internal *.example.com _gateway
"""
TRAILING_DOTS = "shop.example.com. shop.example.com.. .shop.example.com shop..example.com localhost. 127.0.0.1. 127.1."
PORTS = "0 22 25 8443 6379 11211 65536 99999 080 00080 +80 -80 8_0 80a 0x50 8e1 ８０ 80:80 :80 443"
USERINFO = """
    user@{evil} user:pass@{evil} {home}@{evil} {home}:80@{evil} a@b:80@{evil} a@b@{evil} a:b@c:d@{evil} @{evil}
    :@{evil}
    user@{home} {evil}@{home} {evil}:80@{home} {home}%40{evil} {home}%3A80@{evil} {home}%2f@{evil} {home}%5c@{evil}
    {home}%00@{evil} {home}%23@{evil} {home};@{evil} {home},@{evil} {home}&@{evil} {home}@@{evil} @@{home}
    {home}@127.0.0.1
    {home}@[::1] {home}:@169.254.169.254 a@b:80@127.0.0.1 foo@127.0.0.1:80@{home} 127.0.0.1:80@{home} ٠@127.0.0.1
"""
DIFFERENTIALS = """
    http://{home}\\@{evil}/ http://{evil}\\@{home}/ http://{home}#@{evil}/ http://{evil}#@{home}/
    http://{evil}?@{home}/
    http://{evil}/@{home} http://{home}\\.{evil}/ http://{evil}\\.{home}/ http://{home}\\{evil}/
    http:{evil}/ http:/{evil}/ http:///{evil}/ http:////{evil}/ http:\\\\{evil}/ http:/\\{evil}/ http:\\/{evil}/
    http://{evil}%2f.{home}/ http://{home}%2f.{evil}/ http://{evil}%3f.{home}/ http://{evil}%23.{home}/
    http://{evil}%5c.{home}/
    http://{evil};.{home}/ http://{evil},{home}/ http://{evil}!.{home}/ http://{evil}|{home}/ http://{evil}'.{home}/
    http://{evil}&@{home}/ http://{evil}&.{home}/ http://{evil}"{home}/ http://{evil}<>{home}/ http://{evil}^{home}/
    http://{{{evil}}}/ http://${{{evil}}}/ http://`{evil}`/ http://({evil})/ http://{home}:80#{evil}/
    http://{home}:80?{evil}#@x/
    http://{home}:80\\@{evil}:80/ http://127.0.0.1\\@{home}/ http://{home}\\@127.0.0.1/ http://127.0.0.1#@{home}/
    http://127.0.0.1?.{home}/ http://127.0.0.1%2f{home}/ http://127.1.1.1:80\\@127.2.2.2:80/
    http://127.0.0.1:11211:80/
    http://127.1.1.1:80:\\@@127.2.2.2:80/ http://127.1.1.1:80#\\@127.2.2.2:80/ http://0/ http://{home}:@{evil}:80/
    http://{home}%E3%80%82{evil}/ http://{home}／{evil}/ http://{home}＠{evil}/ http://{home}＃{evil}/
    http://{home}？@{evil}/
    http://{evil}／@{home}/ http://{evil}：80/ http://%73hop.example.com/ http://shop%2eexample.com/
    http://sh%6fp.example.com/
    http://loc%61lhost/ http://%31%32%37.0.0.1/ http://%32%31%33%30%37%30%36%34%33%33/ http://%5B::1%5D/
    http://%00{home}/
"""
DECOYS = """
    http://{home}?@{evil}/ http://{home}/@{evil}/ http://{home}/?u=http://{evil}/ http://{home}/x?@{evil}
    http://{home}:80?x=@127.0.0.1
    /x:80@{evil}/ /x?//{evil}/ /http://{evil}/ /?http://127.0.0.1/
"""
SCHEMES = """
    file:///etc/passwd FILE:///etc/passwd file://{home}/etc/passwd file://127.0.0.1/etc/passwd
    gopher://127.0.0.1:6379/_INFO
    dict://127.0.0.1:11211/stat ftp://{home}/ sftp://{home}/ tftp://{home}/x ldap://127.0.0.1/ ldaps://{home}/
    netdoc:///etc/passwd
    jar:http://127.0.0.1!/ data:text/plain,x javascript:alert(1) ws://{home}/ wss://{home}/
    unix:///var/run/docker.sock
    http+unix://%2Fvar%2Frun%2Fdocker.sock/info unix:/var/run/docker.sock view-source:http://{home}/
    url:http://{home}/
    blob:http://{home}/x HTTP://{home}/ hTTp://{home}/ Http://127.0.0.1/ httpſ://{home}/ https://{home}/
    http2://{home}/
    httpx://{home}/ http+x://{home}/ http:{home} http//{home}/ ://{home}/ //127.0.0.1/ {home} {home}/ 127.0.0.1/
    127.0.0.1:80/
    h\tttp://127.0.0.1/ rtsp://127.0.0.1/ smb://127.0.0.1/x ssh://127.0.0.1/ telnet://127.0.0.1/ redis://127.0.0.1/
    php://input
    expect://id phar://x mailto:a@b about:blank chrome://x resource://x
"""
CONTROLS = ("\t", "\n", "\r", "\r\n", "\0", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\xa0", "\u2028", " ")
ENCODED = "%00 %09 %0a %0d %0d%0a %0D%0A %20 %7f %01 %c2%85 %250a %250d%250a %2500 %e5%98%8d%e5%98%8a"
DOTS = """
    .. . ../admin ./admin %2e%2e %2E%2E/admin .%2e/admin %2e./admin %252e%252e/admin %25252e%25252e/admin ..%2fadmin
    ..%5cadmin ..\\admin ..;/admin ..;x=1/admin .;/admin %2e%2e;/admin %c0%ae%c0%ae/admin %e0%80%ae%e0%80%ae/admin
    %ef%bc%8e%ef%bc%8e/admin ．．/admin %u002e%u002e/admin ..%20/admin %20../admin ..%09/admin ..%00/admin
    ..%c0%af..%c0%afadmin
    %2e%2e%2fadmin %2e%2e%5cadmin ..//..//admin ....//....//admin/.. ‥/admin %e2%80%a5/admin
"""
RELATIVE = """
    //{evil} //{evil}/ ///{evil} ////{evil} /\\{evil} \\/{evil} \\\\{evil} \\{evil} /%2f{evil} /%2F/{evil} /%5c{evil}
    /%5C%5C{evil}
    /%252f{evil} /%255c{evil} //{home} //{home}@{evil} //127.0.0.1/ /\t/{evil} /\n/{evil} /%09/{evil} /%0a/{evil}
    /%0d/{evil}
    /;@{evil}\\ ?@{evil} #@{evil} @{evil} :80@{evil} .{evil} {evil} %2f%2f{evil} ////127.0.0.1 /／{evil} /＼{evil}
    /%ef%bc%8f{evil}
"""
HEADERS = [
    ("Host", "127.0.0.1"), ("host", "evil.example"), ("HOST", "shop.example.com"), ("Host ", "x"), (" Host", "x"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=127.0.0.1"),
    ("X-Host", "evil.example"), ("X-Original-URL", "/admin"),
    ("X-Rewrite-URL", "/admin"), ("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "PUT"),
    ("X-Real-IP", "127.0.0.1"), ("True-Client-IP", "127.0.0.1"),
    ("CF-Connecting-IP", "127.0.0.1"), ("Authorization", "Bearer x"), ("Proxy-Authorization", "Basic x"),
    ("Cookie", "session=1"), ("Set-Cookie", "a=b"),
    ("Connection", "upgrade"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk"), ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "xchunked"),
    ("Content-Length", "0"), ("Content-Length", "5, 0"), ("TE", "trailers"), ("Trailer", "x"),
    ("Expect", "100-continue"), ("Via", "x"), ("Keep-Alive", "x"),
    ("User-Agent", "x"), ("X-Api-Key", "x"), ("X-Aws-Ec2-Metadata-Token", "x"), ("Metadata-Flavor", "Google"),
    ("Metadata", "true"), ("X-Amz-Security-Token", "x"),
    ("Accept", "x\r\nHost: evil.example"), ("Accept", "x\nHost: evil.example"), ("Accept", "x\rHost: evil.example"),
    ("Accept", "x\0"), ("Accept", "x\r\n\r\nGET /admin"),
    ("Accept", "x\u2028Host: evil"), ("Accept", "嘊嘍Host: evil"), ("Accept", "\x7f"),
    ("Accept\r\nHost", "evil.example"), ("Accept:", "x"), ("Acc ept", "x"), ("", "x"),
    ("Accept\0", "x"), ("Äccept", "x"), ("Accept", "x" * 5_000),
]  # fmt: skip
METHODS = "TRACE CONNECT PROPFIND PUT DELETE PATCH get Get TRACK PURGE"
HOSTILE = {
    "loopback": ["127.0.0.1"], "loopback6": ["::1"], "any": ["0.0.0.0"], "any6": ["::"],
    "metadata": ["169.254.169.254"], "ecs": ["169.254.170.2"],
    "metadata6": ["fd00:ec2::254"], "linklocal": ["fe80::1"], "zone": ["fe80::1%lo"], "private": ["10.0.0.5"],
    "private2": ["192.168.1.1"], "private3": ["172.31.0.1"],
    "neighbour": ["10.21.0.1"], "shared": ["100.64.0.1"], "alibaba": ["100.100.100.200"], "azure": ["168.63.129.16"],
    "oracle": ["192.0.0.192"], "benchmark": ["198.18.0.1"],
    "multicast": ["224.0.0.1"], "broadcast": ["255.255.255.255"], "reserved": ["240.0.0.1"], "unique": ["fd12::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "mapped-metadata": ["::ffff:169.254.169.254"], "compatible": ["::127.0.0.1"], "nat64": ["64:ff9b::a9fe:a9fe"],
    "nat64-local": ["64:ff9b:1::7f00:1"],
    "six-to-four": ["2002:7f00:1::"], "teredo": ["2001:0:a9fe:a9fe::1"], "docs": ["192.0.2.1"],
    "docs6": ["2001:db8::1"], "site": ["fec0::1"],
    "mixed": [PUBLIC, "127.0.0.1"], "mixed-metadata": [PUBLIC, "169.254.169.254"],
    "mixed-private": ["10.0.0.5", PUBLIC], "mixed6": [PUBLIC, "::1"],
    "mixed-many": [PUBLIC, PUBLIC_TOO, "2606:2800:220:1::1", "::ffff:10.0.0.5"],
}  # fmt: skip
REBOUND = {
    "loopback": "127.0.0.1", "metadata": "169.254.169.254", "private": "10.0.0.5", "mapped": "::ffff:127.0.0.1",
    "link": "fe80::1", "any": "0.0.0.0",
}  # fmt: skip
_ELSEWHERE = """
    http://169.254.169.254/latest/meta-data/ http://127.0.0.1/ http://[::1]/ http://[::ffff:169.254.169.254]/
    http://2130706433/ http://0x7f.1/
    http://metadata.google.internal/computeMetadata/v1/ http://10.0.0.5/ http://evil.example/ //169.254.169.254/
    //evil.example/ http://localtest.me/
    file:///etc/passwd gopher://127.0.0.1:6379/_INFO http://evil.example@127.0.0.1/ /\\169.254.169.254/
    http:169.254.169.254
"""
ELSEWHERE = tuple(_ELSEWHERE.split())
"""Where a redirect of the shop sends, by its number."""
STATUSES = (301, 302, 303, 307, 308)


def hosts(family: str, text: str) -> Iterator[Attempt]:
    for host in text.split():
        yield Attempt(family=family, url=f"http://{host}/")


def _spaced(text: str) -> list[str]:
    """Items between spaces; control characters inside of them stay."""
    return [item for line in text.split(" ") if (item := line.strip(" \n"))]


def addresses() -> Iterator[Attempt]:
    """Hosts that are addresses."""
    for address in INSIDE.values():
        yield from (Attempt(family="IPv4 spellings", url=f"http://{host}/") for host in ip4_spellings(address))
        for family, text in ip6_forms(address):
            yield Attempt(family=family, url=f"http://[{text}]/")
    yield from (Attempt(family="IPv6", url=f"http://[{text}]/") for text in IP6_INSIDE.split())
    yield from (Attempt(family="IPv6 zones", url=f"http://[{text}]/") for text in ZONES.split())
    yield from hosts("brackets", BRACKETS)
    yield from hosts("odd numbers", ODD_NUMBERS)


def confusions() -> Iterator[Attempt]:
    """Addresses that two parsers read differently, and hosts that only look like the shop's."""
    evil = {"home": HOME, "evil": "evil.example"}
    yield from hosts("unicode digits", UNICODE_DIGITS)
    yield from hosts("homographs", HOMOGRAPHS)
    yield from hosts("foreign names", FOREIGN)
    yield from hosts("trailing dots", TRAILING_DOTS)
    yield from hosts("userinfo", USERINFO.format(**evil))
    yield from (Attempt(family="ports", url=f"http://{HOME}:{port}/") for port in PORTS.split())
    yield from (Attempt(family="parser differentials", url=url) for url in DIFFERENTIALS.format(**evil).split())
    yield from (Attempt(family="decoys", url=url, ours_alone=True) for url in DECOYS.format(**evil).split())
    yield from (Attempt(family="schemes", url=url) for url in _spaced(SCHEMES.format(**evil)))
    for control in CONTROLS:
        for url in ("http://{}127.0.0.1/", "http://shop{}.example.com/", "http://127.0.0.1{}/", "ht{}tp://127.0.0.1/"):
            yield Attempt(family="control characters", url=url.format(control))
        yield Attempt(family="control characters", url=f"{control}http://127.0.0.1/")
        yield Attempt(family="control characters", url=f"http://{HOME}/a{control}Host:evil.example")
    for code in ENCODED.split():
        yield Attempt(family="encoded controls", url=f"http://127.0.0.1{code}.{HOME}/")
        yield Attempt(family="encoded controls", url=f"http://{HOME}{code}/")
        if code not in ("%20", "%e5%98%8d%e5%98%8a", "%c2%85"):  # in a path these are only characters
            yield Attempt(family="encoded controls", url=f"http://{HOME}/a{code}Host:evil.example", ours_alone=True)


def paths() -> Iterator[Attempt]:
    """Paths that name another host, or leave their own prefix; headers and methods that steer a request."""
    evil = {"home": HOME, "evil": "evil.example"}
    yield from (Attempt(family="dot segments", url=f"/products/{dots}", ours_alone=True) for dots in DOTS.split())
    relative = _spaced(RELATIVE.format(**evil))
    yield from (Attempt(family="relative forms", url=url, ours_alone=True) for url in relative)
    yield from (Attempt(family="headers", url="/products", headers=(pair,), ours_alone=True) for pair in HEADERS)
    yield from (
        Attempt(family="methods", url="/products", method=method, ours_alone=True) for method in METHODS.split()
    )
    yield Attempt(family="methods", url="/admin", method="POST", ours_alone=True)
    for length in (2_001, 70_000):
        yield Attempt(family="lengths", url="/" + "a" * length, ours_alone=True)
        yield Attempt(family="lengths", url=f"http://127.0.0.1/{'a' * length}")
    yield Attempt(family="lengths", url=f"http://{'a' * 64}.example.com/")
    yield Attempt(family="lengths", url=f"http://{'a.' * 130}example.com/")


def answers() -> Iterator[Attempt]:
    """Declared names whose addresses are wrong, at once or later, and answers that send elsewhere."""
    yield from (Attempt(family="names", url=f"http://{name}.names.example.com/") for name in HOSTILE)
    yield from (Attempt(family="rebinding", url=f"http://{name}.rebinding.example.com/") for name in REBOUND)
    for number in range(len(ELSEWHERE)):
        yield Attempt(family="redirects", url=f"http://{HOME}/moved/{STATUSES[number % len(STATUSES)]}/{number}")


def corpus() -> list[Attempt]:
    """Every attempt once, in families."""
    found = dict.fromkeys([*addresses(), *confusions(), *paths(), *answers()])
    return list(found)


def zone() -> dict[str, list[list[str]]]:
    """What the name server says: for each name its answers, one a question, over and over."""
    inside = {"loopback": "localhost localhost. localhost.localdomain ip6-localhost localtest.me 127.0.0.1.nip.io"}
    known = {name: [["127.0.0.1"]] for name in inside["loopback"].split()}
    known |= {name: [["169.254.169.254"]] for name in ("metadata.google.internal", "metadata", "instance-data")}
    known |= {name: [["10.0.0.9"]] for name in ("redis", "kubernetes.default.svc", "vault.service.consul", "shop")}
    known |= {f"{name}.names.example.com": [list(found)] for name, found in HOSTILE.items()}
    known |= {f"{name}.rebinding.example.com": [[PUBLIC], [bad]] for name, bad in REBOUND.items()}
    known |= {HOME: [[PUBLIC]], f"{HOME}.": [[PUBLIC]], "img.example.com": [[PUBLIC, PUBLIC_TOO]], STAGING: [[PRIVATE]]}
    return known | {name: [[EVIL]] for name in ("evil.example", f"{HOME}.evil.example", "example.com")}


def catalog() -> str:
    """Two services as a team writes them; the first also declares the names that have turned hostile."""
    declared = "".join(f"{name}, " for name in zone() if "names." in name or "rebinding." in name)
    return f"""\
services:
  shop:
    base_url: http://{HOME}
    openapi: http://{HOME}/openapi.json
    allow:
      hosts: [{declared}img.example.com]
      methods: [GET, HEAD, POST]
      writes: [/checkout]
    probes:
      - name: a cart can be paid
        request: {{method: POST, path: /checkout, json: {{items: [A1]}}}}
        expect: [status == 200]
      - {{name: items are found, request: {{path: "/items/A1?page=2&sort=name%20asc"}}, expect: [status == 200]}}
      - {{name: images load, request: {{path: "http://img.example.com/logo.png"}}, expect: [status == 200]}}
  staging:
    base_url: http://{STAGING}:{STAGING_PORT}/v1
    allow: {{networks: [{NETWORK}]}}
    probes:
      - {{name: items are found, request: {{path: /items/A1}}, expect: [status == 200]}}
"""
