"""The catalog file: the documented example is read, and every mistake is named by line and key, without its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.catalog_file import load_catalog, parse_catalog
from fixloop_bot.domain.catalog import Catalog, Origin, QuietHours
from fixloop_bot.domain.errors import CatalogError
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, TcpCheck, TlsCheck, WebsocketCheck

EXAMPLE = """\
services:
  checkout:
    channel: C0123456789            # or "#incidents"
    match: {service: checkout, env: prod}
    base_url: https://checkout.example.com
    openapi: https://checkout.example.com/openapi.json
    slo: {error_rate: 0.01, p95_ms: 400}
    proof: {unacceptable: 0.05, confidence: 0.99, window_s: 60, max_samples: 600, per_second: 20}
    metrics:
      error_rate: "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"
      p95_ms: "p95:shop.latency{service:checkout}"
    logs: "service:checkout status:error"
    watch: true
    allow:
      hosts: [checkout.example.com]
      networks: [10.20.0.0/16]
      methods: [GET, HEAD, POST]
      writes: [/checkout]
    secrets: {CHECKOUT_TOKEN: env:CHECKOUT_TOKEN}
    probes:
      - {name: a cart can be paid,
         request: {method: POST, path: /checkout, json: {items: [{sku: A1, price: 19.99, qty: 1}]}},
         expect: ["status == 200", "json $.total == 19.99"]}
    runbook: https://wiki.example.com/checkout
    responders: [S0123456]
"""


def one(body: str) -> str:
    """A catalog of one service; ``body`` begins on line 3."""
    indented = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"services:\n  shop:\n{indented}\n"


def complaints(text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text)
    return str(caught.value).splitlines()


def test_the_documented_example_is_read_whole() -> None:
    (service,) = parse_catalog(EXAMPLE).services
    assert service.name == "checkout"
    assert service.match == (("service", "checkout"), ("env", "prod"))
    assert (service.proof.tolerated, service.proof.unacceptable, service.proof.max_samples) == (0.01, 0.05, 600)
    assert service.allow.origins == (Origin(scheme="https", host="checkout.example.com", port=443),)
    assert service.allow.networks == ("10.20.0.0/16",)
    assert service.secrets == (("CHECKOUT_TOKEN", "env:CHECKOUT_TOKEN"),)
    (probe,) = service.probes
    assert probe.request.line() == "POST /checkout"
    assert probe.request.json_body == '{"items":[{"sku":"A1","price":19.99,"qty":1}]}'
    assert probe.expect == ("status == 200", "json $.total == 19.99")
    assert service.watch
    assert service.responders == ("S0123456",)


@pytest.mark.parametrize("quotes", ['"', ""])
def test_quiet_hours_are_minutes_of_a_day_in_a_zone(quotes: str) -> None:
    """With quotes or without: what YAML takes for a number in base 60 is a time of day as it is written."""
    hours = f"{{from: {quotes}22:00{quotes}, to: {quotes}7:05{quotes}, zone: Europe/Berlin}}"
    (service,) = parse_catalog(f"services:\n  shop:\n    quiet_hours: {hours}\n").services
    assert service.quiet_hours == QuietHours(begins=22 * 60, ends=7 * 60 + 5, zone="Europe/Berlin")
    (loud,) = parse_catalog("services:\n  shop: {}\n").services
    assert loud.quiet_hours is None


def test_what_is_left_out_has_its_default() -> None:
    (service,) = parse_catalog("services: {shop: }").services
    assert (service.channel, service.base_url, service.soak_s, service.watch) == (None, None, 600.0, False)
    assert service.allow.methods == ("GET", "HEAD")
    assert parse_catalog("services: {}") == Catalog()


def test_paths_and_hosts_are_read_relative_to_the_base_url() -> None:
    (service,) = parse_catalog(
        one(
            """
base_url: http://127.0.0.1:8080/api/
openapi: /openapi.json
allow: {hosts: [other.example, "other.example:81", "https://third.example:444", "127.0.0.1:8080", "[::1]:9"]}
probes: [{name: a, request: {path: /x}, inputs: [{sku: A1}, {sku: B2}]}]
"""
        )
    ).services
    assert service.openapi == "http://127.0.0.1:8080/api/openapi.json"
    assert [str(origin) for origin in service.allow.origins] == [
        "http://127.0.0.1:8080",
        "http://other.example",
        "http://other.example:81",
        "https://third.example:444",
        "http://[::1]:9",
    ]
    assert service.probes[0].expect == ("status in 2xx",)
    assert service.probes[0].inputs == ('{"sku":"A1"}', '{"sku":"B2"}')


def test_budgets_name_servers_and_replicas_are_read() -> None:
    """Addresses in one spelling; what is left out has its default."""
    (service,) = parse_catalog(
        one(
            """
base_url: https://shop.example
allow:
  networks: [10.20.0.0/16, "fd00::/8"]
  requests_per_hour: 5_000
  name_servers: [10.0.0.2, 10.0.0.3:5353, "fd00::2"]
replicas: [10.20.0.4:8080, "[fd00::4]:8080"]
baseline_every_s: 60
"""
        )
    ).services
    assert service.allow.requests_per_hour == 5000
    assert service.allow.name_servers == ("10.0.0.2", "10.0.0.3:5353", "fd00::2")
    assert service.replicas == ("10.20.0.4:8080", "[fd00::4]:8080")
    assert service.baseline_every_s == 60
    (bare,) = parse_catalog("services: {shop: }").services
    assert (bare.allow.requests_per_hour, bare.allow.name_servers) == (30_000, ())
    assert (bare.replicas, bare.baseline_every_s) == ((), None)


def test_probes_of_every_kind_are_read() -> None:
    """Their own lines, or the default of their kind; a websocket's path and headers stand in its request too."""
    (service,) = parse_catalog(
        one(
            """
base_url: https://shop.example
allow: {hosts: ["db.example:5432"], name_servers: [10.0.0.2]}
secrets: {TOKEN: env:TOKEN}
probes:
  - {name: the certificate lasts, tls: {target: shop.example, expect: ["json $.days_left >= 14"]}}
  - {name: the name leads here, dns: {record: aaaa, servers: [10.0.0.2]}}
  - {name: the database listens, tcp: {target: "db.example:5432"}}
  - {name: orders serve, grpc: {service: shop.Orders}}
  - name: the socket answers
    websocket:
      path: /live/{{room}}
      headers: {X-Shop: blue, Authorization: "Bearer ${TOKEN}"}
      send: ping
      awaits_message: false
      inputs: [{room: a}]
"""
        )
    ).services
    assert [probe.check for probe in service.probes] == [
        TlsCheck(target="shop.example", expect=("json $.days_left >= 14",)),
        DnsCheck(record="AAAA", servers=("10.0.0.2",)),
        TcpCheck(target="db.example:5432"),
        GrpcCheck(service="shop.Orders"),
        WebsocketCheck(
            path="/live/{{room}}",
            headers=(("X-Shop", "blue"), ("Authorization", "Bearer ${TOKEN}")),
            send="ping",
            awaits_message=False,
            inputs=('{"room":"a"}',),
        ),
    ]
    assert service.probes[0].request.line() == "GET /"
    assert service.probes[0].expect == ("json $.days_left >= 14",)
    assert service.probes[4].request.line() == "GET /live/{{room}}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("allow: {requests_per_hour: 0}", "allow.requests_per_hour: must be between 1 and 500000, not 0"),
        ("allow: {name_servers: [ns.example]}", "name_servers[0]: must be an address with an optional port"),
        ("allow: {name_servers: [169.254.169.253]}", "cannot be asked: 169.254.169.253 is a link-local address."),
        ("baseline_every_s: 4", "baseline_every_s: must be between 5 and 86400, not 4"),
        ("replicas: [10.0.0.1:80]", "line 3, services.shop.replicas: stand behind a base_url"),
        ("base_url: http://a.b\nreplicas: [10.0.0.1]", "replicas[0]: must be an address with a port"),
        ("base_url: http://a.b\nreplicas:\n- a.b:80", "line 5, services.shop.replicas[0]: must be an address"),
        ("base_url: http://a.b\nreplicas: [10.0.0.1:80]", "10.0.0.1 is not a public address"),
        ("base_url: http://a.b\nreplicas: [127.0.0.1:80]", "127.0.0.1 is not a public address"),
        (
            "base_url: http://a.b\nallow: {networks: [10.1.0.0/16]}\nreplicas: [10.2.0.1:80]",
            "line 5, services.shop.replicas[0]: cannot be asked: 10.2.0.1 is outside the networks",
        ),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {target: c.d}}]", "[0].tls: The catalog does not allow c.d"),
        ("probes: [{name: a, tls: {}}]", "probes[0].tls: The service shop has no base_url"),
        ("base_url: http://a.b\nprobes: [{name: a, tls: {}}]", "plain http, which has no certificate"),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {tarjet: a.b}}]", "did you mean target?"),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {expect: [days]}}]", "probes[0].tls.expect[0]"),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {expect: ['status == 200']}}]", "has no status"),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {}, expect: ['size > 1']}]", "expect: belongs into tls"),
        ("base_url: https://a.b\nprobes: [{name: a, tls: {}, dns: {}}]", "probes[0].dns: cannot stand beside tls"),
        ("base_url: https://a.b\nprobes: [{name: a, tcp: {}, request: {path: /}}]", "request: cannot stand beside tcp"),
        ("base_url: https://a.b\nprobes: [{name: a, dns: {record: PTR}}]", "record: must be one of A, AAAA"),
        ("base_url: https://a.b\nprobes: [{name: a, dns: {servers: [10.0.0.9]}}]", "does not list 10.0.0.9"),
        ("base_url: https://a.b\nprobes: [{name: a, websocket: {}}]", "websocket.path: is missing"),
        ("base_url: https://a.b\nprobes: [{name: a, websocket: {path: /, headers: {x: '${T}'}}}]", "not in secrets"),
        ("base_url: https://a.b\nprobes: [{name: a, websocket: {path: /, send: '{{x}}'}}]", "{{x}} is not defined"),
    ],
)  # fmt: skip
def test_a_mistake_below_http_is_named_by_line_and_key(body: str, complaint: str) -> None:
    lines = complaints(one(body))
    assert all(line.startswith("fixloop.yml line ") for line in lines)
    assert any(complaint in line for line in lines)


def test_replicas_of_a_loopback_service_may_be_loopback() -> None:
    """The same rule as for names."""
    (service,) = parse_catalog(one("base_url: http://localhost:8080\nreplicas: [127.0.0.1:8081]")).services
    assert service.replicas == ("127.0.0.1:8081",)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("proof: {confidence: 99}", "line 3, services.shop.proof.confidence: must be between 0.5 and 1, not 99"),
        ("logs: a\n\nproof:\n  confidence: 1", "line 6, services.shop.proof.confidence: must be between 0.5 and 1"),
        ("proof: {max_samples: 5}", "services.shop.proof.max_samples: must be between 90 and"),
        ("proof: {window: 5}", "services.shop.proof.window: is not a known key; did you mean window_s?"),
        ("slo: {error_rate: 0.06}", "slo.error_rate: 0.06 must be below proof.unacceptable (0.05)"),
        ("slo: {p95_ms: fast}", "slo.p95_ms: must be a number, not text"),
        ("slo: {p95_ms: .nan}", "slo.p95_ms: must be a number"),
        ("chanel: C0123456", "services.shop.chanel: is not a known key; did you mean channel?"),
        ("channel: #incidents", "begins a comment unless it stands in quotes"),
        ("channel: incidents", 'must be a channel id such as C0123456789, or "#name"'),
        ("logs: a\nlogs: b", "line 4, services.shop.logs: stands here a second time"),
        ("logs: [a]", "services.shop.logs: must be text, not a list"),
        ("match: checkout", "services.shop.match: must be a mapping, not text"),
        ("match: {env: [a]}", "services.shop.match.env: must be text, not a list"),
        ("base_url: checkout.example.com", "begins with http:// or https://"),
        ("base_url: http://h:99999", "begins with http:// or https://"),
        ("base_url: http://h/?a=1", "must hold neither ? nor #"),
        ("openapi: /openapi.json", "is a path and needs a base_url"),
        ("runbook: wiki", "services.shop.runbook: must be an address"),
        ("watch: maybe", "must be true or false, not text"),
        ("watch: true\nmetrics: {error_rate: q}", "needs metrics.error_rate with slo.error_rate"),
        ('allow: {hosts: ["*.example.com"]}', "allow.hosts[0]: must name one host; wildcards"),
        ("allow: {hosts: [ftp://h]}", "must be host, host:port or scheme://host:port"),
        ("allow: {networks: [10.20.0.1/16]}", "did you mean 10.20.0.0/16?"),
        ("allow: {networks: [10.20.0.0/99]}", "must be a network such as"),
        ("allow: {methods: [FETCH]}", "must be one of GET, HEAD"),
        ("allow: {writes: [checkout]}", "must begin with /"),
        ("allow: {requests_per_plan: 1.5}", "must be a whole number"),
        ("responders: [mira]", "responders[0]: must be the id of a Slack user group"),
        ("quiet_hours: {from: 25:00, to: 07:00}", "line 3, services.shop.quiet_hours.from: must be a time of day such"),
        ('quiet_hours: {from: "22:00"}', "services.shop.quiet_hours.to: is missing"),
        ('quiet_hours: {from: "22:00", to: "22:00"}', "services.shop.quiet_hours.to: must differ from"),
        ("quiet_hours: {from: 22:00, to: 7:00, zone: Berlin}", "quiet_hours.zone: must be a time zone such as"),
        ("quiet_hours: {from: 22:00, to: 7:00, zon: UTC}", "quiet_hours.zon: is not a known key; did you mean zone?"),
        ("quiet_hours: 22-7", "services.shop.quiet_hours: must be a mapping, not text"),
        ("soak_s: -1", "must be between 0 and 86400, not -1"),
        ("probes: [{request: {path: /}}]", "probes[0].name: is missing"),
        ("probes: [{name: a}]", "probes[0].request: is missing"),
        ("probes: [{name: a, request: {method: GET}}]", "probes[0].request.path: is missing"),
        ("probes: [{name: a, request: {path: x}}]", "request.path: must begin with /"),
        ("probes: [{name: a, request: {path: /, body: a, json: 1}}]", "body: cannot stand beside json"),
        ("probes: [{name: a, request: {path: /, json: 1}}]", "line 3, services.shop.probes[0].request.json: can"),
        ("probes: [{name: a, request: {method: HEAD, path: /, body: a}}]", "request.body: cannot go with HEAD"),
        ("probes: [{name: a, request: {method: POST, path: /, json: .inf}}]", "json: holds a number that JSON does"),
        ("probes:\n- {name: a, request: {path: /}}\n- {name: a, request: {path: /}}", "probes[1].n"),
        ("probes:\n- name: a\n  request: {path: /}\n  expect:\n  - status = 200", "line 7, services.shop.probes[0]"),
        ('probes: [{name: a, request: {path: /}, expect: ["json $.a == b"]}]', "(column 13 of `json $.a == b`)"),
        ("probes:\n  - name: a\n    request: {path: /}\n    expect: [{a: 1}]", "put it in quotes"),
        ('probes: [{name: a, request: {path: /, headers: {x: "${T}"}}}]', "uses ${T}, which is not in secrets"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_line_and_key(body: str, complaint: str) -> None:
    (line,) = complaints(one(body))
    assert line.startswith("fixloop.yml line ")
    assert complaint in line


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    lines = complaints(one("slo: {p95_ms: x}\nchannel: x\nlog: a\nsoak_s: 1e9"))
    assert [line.split(",")[0] for line in lines] == [f"fixloop.yml line {number}" for number in (3, 4, 5, 6)]


@pytest.mark.parametrize(
    "body",
    [
        "secrets: {A: hunter2}",
        "secrets: {hun-ter2!: env:hunter2!}",
        "secrets: {A: [hunter2]}",
        "secrets: {A: *hunter2}",
        "secrets: {A: !hunter2 x}",
        "secrets: {A: 'env:hunter2 '}",
        "secrets: hunter2",
        "secrets: [hunter2]",
        "base_url: https://me:hunter2@shop.example",
        "base_url: me:hunter2@shop",
        "allow: {hosts: ['me:hunter2@shop']}",
        "probes: [{name: a, request: {path: /, headers: {Authorization: Bearer hunter2}}}]",
        "probes: [{name: a, request: {path: 'http://me:hunter2@shop/'}}]",
    ],
)
def test_a_literal_secret_is_refused_and_never_repeated(body: str) -> None:
    lines = complaints(one(body))
    assert lines
    assert "hunter2" not in " ".join(lines)


@pytest.mark.parametrize(
    "text", ["", "services", "a: 1", "services: [1", "- 1", "services: 3", "a: b: c", "[" * 1500, "\x00"]
)
def test_text_that_is_no_catalog_is_refused_with_the_files_name(text: str) -> None:
    with pytest.raises(CatalogError, match=r"^my\.yml"):
        parse_catalog(text, name="my.yml")


@pytest.mark.parametrize(
    ("text", "plainly"),
    [
        ("services:\n\ta: {}", "line 2: this is not YAML: a tab stands here"),
        ("services:\n  a:\n    logs: x\n   runbook: y", "line 4: this is not YAML: the indentation fits none"),
        ("services:\n  a:\n    logs: x: y", "line 3: this is not YAML: wrong indentation, or a colon too many"),
        ("services:\n  a:\n    logs: @x", "line 3: this is not YAML: text that begins with @"),
        ("services: {}\n---\nservices: {}", "line 2: this is not YAML: a second document"),
        ("services: {a: {}", "line 1: this is not YAML: the file ends before a bracket"),
        ("services:\n  a: {logs: $.z[0].id}", "line 2: this is not YAML: a bracket within brackets; text with"),
        ("#" * 4_000_001, "is too long: over 4,000,000 characters"),
        (
            "services: {a: {base_url: 'http://x.example.com', openapi: x}}",
            "must be a path that begins with /, or an add",
        ),
    ],
    ids=["tab", "indentation", "colon", "sign", "second", "bracket", "brackets", "long", "openapi"],
)
def test_usual_slips_are_named_in_plain_words(text: str, plainly: str) -> None:
    """Not in the parser's: whoever mistypes is no expert of YAML's tokens."""
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text)
    assert plainly in str(caught.value)


def test_a_file_that_is_missing_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"there is no catalog at .*absent\.yml"):
        load_catalog(tmp_path / "absent.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match=r"binary\.yml is not UTF-8"):
        load_catalog(tmp_path / "binary.yml")
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog(tmp_path)
    (tmp_path / "good.yml").write_text(EXAMPLE)
    assert load_catalog(tmp_path / "good.yml").service("checkout") is not None


KEYS = [
    "services",
    "shop",
    "channel",
    "match",
    "base_url",
    "openapi",
    "slo",
    "proof",
    "metrics",
    "logs",
    "watch",
    "allow",
    "secrets",
    "probes",
    "runbook",
    "responders",
    "quiet_hours",
    "from",
    "to",
    "zone",
    "soak_s",
    "error_rate",
    "p95_ms",
    "confidence",
    "unacceptable",
    "max_samples",
    "hosts",
    "networks",
    "methods",
    "writes",
    "name",
    "request",
    "expect",
    "inputs",
    "path",
    "json",
    "body",
    "headers",
    "method",
    "replicas",
    "name_servers",
    "tls",
    "dns",
    "tcp",
    "grpc",
    "websocket",
    "target",
    "servers",
    "record",
    "send",
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.sampled_from(
        ["http://a.example", "/x", "C012345", "env:A", "status == 200", "10.0.0.0/8", "GET", "a:1", "[::1]:1", "http://[::1"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), values, max_size=8))
def test_only_its_own_error_comes_out_of_any_service(entry: dict[str, object]) -> None:
    text = yaml.safe_dump({"services": {"shop": entry}}, sort_keys=False)
    try:
        names = [service.name for service in parse_catalog(text).services]
        lines = []
    except CatalogError as error:
        names, lines = ["shop"], str(error).splitlines()
    assert names == ["shop"]
    assert all(line.startswith("fixloop.yml line ") for line in lines)


@given(st.text(alphabet="services: {}[]&*!'\"#-|>%@`?,\n\tab1.\x00é\\", max_size=80))
def test_only_its_own_error_comes_out_of_any_text(text: str) -> None:
    try:
        read = isinstance(parse_catalog(text), Catalog)
    except CatalogError as error:
        read = str(error).startswith("fixloop.yml")
    assert read
