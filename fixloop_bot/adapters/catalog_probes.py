"""The ``probes`` of a catalog entry: requests and checks below HTTP that the team trusts, with what they expect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import orjson
import yaml

from fixloop_bot.adapters.yaml_nodes import Complaints, Section, plain
from fixloop_bot.domain.addresses import WRITES
from fixloop_bot.domain.catalog import Origin, Probe, Service
from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, Request, TcpCheck, TlsCheck, WebsocketCheck, WireCheck
from fixloop_bot.domain.vetting.wire import RECORDS, wire_breaches

WIRE_KEYS = {
    "tls": ("target", "expect"),
    "dns": ("name", "record", "servers", "expect"),
    "tcp": ("target", "expect"),
    "grpc": ("target", "service", "expect"),
    "websocket": ("path", "headers", "send", "awaits_message", "expect", "inputs"),
}
PROBE_KEYS = ("name", "request", *WIRE_KEYS, "expect", "inputs")
REQUEST_KEYS = ("method", "path", "headers", "json", "body")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OK_STATUS = ("status in 2xx",)  # what a probe without any line expects

_URL = re.compile(r"(?i:https?)://[A-Za-z0-9\[][A-Za-z0-9.:_\]-]*(?:[/?][!-~]*)?")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"})


def read_probes(entry: Section, secrets: dict[str, str]) -> tuple[Probe, ...]:
    probes: list[Probe] = []
    for path, node in entry.items("probes"):
        section = Section(node, path, entry.complaints, known=PROBE_KEYS)
        name = _required(section, "name")
        if any(probe.name == name for probe in probes):
            section.complain("name", "is the name of another probe too")
        kinds = [kind for kind in WIRE_KEYS if kind in section.nodes]
        probes.append(
            _wire_probe(section, name, kinds, secrets) if kinds else _http_probe(section, name, secrets),
        )
    return tuple(probes)


def _http_probe(section: Section, name: str, secrets: dict[str, str]) -> Probe:
    return Probe(
        name=name,
        request=_request(section, secrets),
        expect=section.texts("expect", _expect_line) or OK_STATUS,
        inputs=_inputs(section),
    )


def _wire_probe(section: Section, name: str, kinds: list[str], secrets: dict[str, str]) -> Probe:
    """``{name: …, tls: {target: …, expect: […]}}``: exactly one kind, with everything about it inside."""
    kind, *others = kinds
    for other in [*others, *(key for key in ("request", "expect", "inputs") if key in section.nodes)]:
        section.complain(
            other, f"cannot stand beside {kind}" if other not in WIRE_KEYS[kind] else f"belongs into {kind}"
        )
    inner = section.section(kind, known=WIRE_KEYS[kind])
    check = _READERS[kind](inner, secrets)
    lines = inner.texts("expect", _expect_line)
    if lines:
        check = replace(check, expect=lines)
    if isinstance(check, WebsocketCheck):
        opening = Request(path=check.path, headers=check.headers)
        return Probe(name=name, request=opening, expect=check.expect, inputs=check.inputs, check=check)
    return Probe(name=name, expect=check.expect, check=check)


def _dns(section: Section, secrets: dict[str, str]) -> DnsCheck:
    record = section.text("record", check=_wrong_record) or "A"
    return DnsCheck(
        name=section.text("name") or "",
        record=record.upper(),  # type: ignore[arg-type]  # one of RECORDS, as checked
        servers=section.texts("servers", str),
    )


def _grpc(section: Section, secrets: dict[str, str]) -> GrpcCheck:
    return GrpcCheck(target=section.text("target") or "", service=section.text("service") or "")


def _websocket(section: Section, secrets: dict[str, str]) -> WebsocketCheck:
    return WebsocketCheck(
        path=_required(section, "path", check=_wrong_path) or "/",
        headers=_headers(section, secrets),
        send=section.text("send"),
        awaits_message=section.flag("awaits_message") if "awaits_message" in section.nodes else True,
        inputs=_inputs(section),
    )


_READERS: dict[str, Callable[[Section, dict[str, str]], WireCheck]] = {
    "tls": lambda section, secrets: TlsCheck(target=section.text("target") or ""),
    "tcp": lambda section, secrets: TcpCheck(target=section.text("target") or ""),
    "dns": _dns,
    "grpc": _grpc,
    "websocket": _websocket,
}


def complain_of_wire_probes(entry: Section, service: Service) -> None:
    """Hold the probes below HTTP against the service's own rules, once these are read: a plan would be refused too."""
    if service.base_url is None and "base_url" in entry.nodes:
        return  # it is wrong, which has been said
    for (path, node), probe in zip(entry.items("probes"), service.probes, strict=True):
        if probe.check is None:
            continue
        section = Section(node, path, Complaints(entry.complaints.file), known=None)
        for sentence in wire_breaches(probe.check, service):
            entry.complaints.add(section.nodes[probe.check.kind], section.at(probe.check.kind), sentence)


def _wrong_record(text: str) -> str | None:
    return None if text.upper() in RECORDS else f"must be one of {', '.join(RECORDS)}"


def _required(section: Section, key: str, *, check: Callable[[str], str | None] | None = None) -> str:
    value = section.text(key, check=check)
    if key not in section.nodes:
        section.complain(key, "is missing")
    return value or ""


def _expect_line(text: str) -> str:
    try:
        return expect.parse(text).source
    except ExpectError as error:
        raise ValueError(str(error)) from error


def _request(probe: Section, secrets: dict[str, str]) -> Request:
    section = probe.section("request", known=REQUEST_KEYS)
    if "request" not in probe.nodes:
        probe.complain("request", "is missing")
        return Request(path="/")
    method = (section.text("method", check=_wrong_method) or "GET").upper()
    if section.has("json") and section.has("body"):
        section.complain("body", "cannot stand beside json")
    elif method not in WRITES and (key := next((key for key in ("json", "body") if section.has(key)), None)):
        section.complain(key, f"cannot go with {method}: some servers read it as a second request")
    return Request(
        method=method,
        path=_required(section, "path", check=_wrong_path) or "/",
        headers=_headers(section, secrets),
        json_body=_json(section, "json"),
        body=section.text("body"),
    )


def _wrong_method(text: str) -> str | None:
    return None if text.upper() in METHODS else f"must be one of {', '.join(METHODS)}"


def _wrong_path(text: str) -> str | None:
    if text.startswith("/"):
        return "must hold no spaces" if re.search(r"\s", text.replace("{{ ", "{{").replace(" }}", "}}")) else None
    return "must begin with /" if "://" not in text else wrong_url(text)


def _headers(request: Section, secrets: dict[str, str]) -> tuple[tuple[str, str], ...]:
    section = request.section("headers")
    headers: list[tuple[str, str]] = []
    for key in section.nodes:
        value = section.word(key)
        names = _REFERENCE.findall(value)
        unknown = next((name for name in names if name not in secrets), None)
        if unknown:
            section.complain(key, f"uses ${{{unknown}}}, which is not in secrets")
        elif key.lower() in _CREDENTIALS and not names:
            section.complain(key, "must use ${NAME} from secrets; no secret stands in this file")
        headers.append((key, value))
    return tuple(headers)


def _json(section: Section, key: str) -> str | None:
    node = section.nodes.get(key)
    return None if node is None else _json_text(node, section.at(key), section.complaints)


def _json_text(node: yaml.Node, path: str, complaints: Complaints) -> str | None:
    try:
        return orjson.dumps(plain(node)).decode()
    except ValueError as error:
        complaints.add(node, path, str(error))
    except TypeError:
        complaints.add(node, path, "cannot be written as JSON")
    return None


def _inputs(section: Section) -> tuple[str, ...]:
    inputs: list[str] = []
    for path, node in section.items("inputs"):
        if not isinstance(node, yaml.MappingNode):
            section.complaints.add(node, path, "must be a mapping of names to values")
        elif (text := _json_text(node, path, section.complaints)) is not None:
            inputs.append(text)
    return tuple(inputs)


def wrong_url(text: str) -> str | None:
    """What is wrong with an address. It is not repeated: it may hold a password."""
    if "@" in text.partition("?")[0]:
        return "must hold no user name or password"
    if not _URL.fullmatch(text):
        return "must be an address that begins with http:// or https://"
    try:
        Origin.of(text)
    except ValueError:
        return "must be an address that begins with http:// or https://"
    return None
