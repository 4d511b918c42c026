"""The ``probes`` of a catalog entry: requests that the team trusts, with what they expect."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson
import yaml

from fixloop_bot.adapters.yaml_nodes import Complaints, Section, plain
from fixloop_bot.domain import expect
from fixloop_bot.domain.catalog import Origin, Probe
from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.plans import Request

PROBE_KEYS = ("name", "request", "expect", "inputs")
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
        probes.append(
            Probe(
                name=name,
                request=_request(section, secrets),
                expect=section.texts("expect", _expect_line) or OK_STATUS,
                inputs=_inputs(section),
            )
        )
    return tuple(probes)


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
