"""One step of a plan's file, with every check kind in its short form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import yaml

from fixloop_bot.adapters.plan_keys import (
    ALLOWED,
    KINDS,
    LEG_KEYS,
    METHODS,
    REQUEST_KEYS,
    STEP_KEYS,
    json_text,
)
from fixloop_bot.adapters.yaml_nodes import Complaints, Section, kind
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    ProofOverride,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.vetting.wire import RECORDS

OK_STATUS = ("status in 2xx",)
"""What a request without any ``expect`` expects, as a probe of the catalog does."""
NUMBER = 1e308


class StepReader:
    """Reads steps, and notes where each expectation stands."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self.lines: list[tuple[yaml.Node, str, str]] = []

    def step(self, node: yaml.Node, path: str, number: int) -> Step:
        section = Section(node, path, self._complaints, known=STEP_KEYS)
        if "title" not in section.nodes:
            section.complain("title", "is missing")
        role = text(section, "role", Role.CONFIRMATION.value)
        if role not in tuple(Role):
            section.complain("role", "must be confirmation or control")
            role = Role.CONFIRMATION.value
        return Step(
            id=text(section, "id", f"s{number}"),
            title=text(section, "title"),
            why=text(section, "why"),
            role=Role(role),
            check=self._check(section),
            proof=_proof(section),
        )

    def _check(self, section: Section) -> Check:
        named = [key for key in section.nodes if key in KINDS]
        if not named:
            section.complaints.add(section.node, section.path, f"checks nothing; give one of {', '.join(KINDS)}")
            return ManualCheck(instruction="")
        for other in named[1:]:
            section.complain(other, f"cannot stand beside {named[0]}; a step checks one thing")
        name = "request" if named[0] in METHODS else named[0]
        if len(named) == 1:
            self._only(section, named[0], ALLOWED[name])
        read: Callable[[Section], Check] = getattr(self, f"_{name}")
        return read(section)

    def _only(self, section: Section, name: str, allowed: tuple[str, ...]) -> None:
        for key in section.nodes:
            if key in STEP_KEYS and key not in (name, *allowed):
                section.complain(key, f"does not belong to a {name} step")

    # What is sent

    def _request(self, section: Section) -> HttpCheck:
        lines = self._expect(section, OK_STATUS)
        return HttpCheck(request=request(section), expect=lines, inputs=inputs(section))

    def _journey(self, section: Section) -> JourneyCheck:
        legs = tuple(self._leg(node, path) for path, node in section.items("journey"))
        return JourneyCheck(legs=legs, inputs=inputs(section))

    def _leg(self, node: yaml.Node, path: str) -> Leg:
        section = Section(node, path, self._complaints, known=LEG_KEYS)
        if not any(key in section.nodes for key in (*METHODS, "request")):
            section.complaints.add(node, path, f"sends nothing; give one of {', '.join(METHODS)}")
        return Leg(request=request(section), expect=self._expect(section, OK_STATUS), capture=pairs(section, "capture"))

    def _tls(self, section: Section) -> TlsCheck:
        return TlsCheck(target=text(section, "tls"), expect=self._expect(section, TlsCheck().expect))

    def _dns(self, section: Section) -> DnsCheck:
        record = text(section, "record", "A")
        if record not in RECORDS:
            section.complain("record", f"must be one of {', '.join(RECORDS)}")
        servers = self._texts(section, "servers")
        lines = self._expect(section, DnsCheck().expect)
        return DnsCheck(name=text(section, "dns"), record=cast(Any, record), servers=servers, expect=lines)

    def _tcp(self, section: Section) -> TcpCheck:
        return TcpCheck(target=text(section, "tcp"), expect=self._expect(section, ()))

    def _grpc(self, section: Section) -> GrpcCheck:
        lines = self._expect(section, GrpcCheck().expect)
        return GrpcCheck(target=text(section, "grpc"), service=text(section, "service"), expect=lines)

    def _websocket(self, section: Section) -> WebsocketCheck:
        return WebsocketCheck(
            path=text(section, "websocket"),
            headers=pairs(section, "headers"),
            send=text(section, "send") if "send" in section.nodes else None,
            awaits_message=section.flag("awaits_message") if "awaits_message" in section.nodes else True,
            expect=self._expect(section, ()),
            inputs=inputs(section),
        )

    # What is read, and what only a person can see

    def _metric(self, section: Section) -> MetricCheck:
        comparison = text(section, "healthy_when", "<")
        if comparison not in ("<", "<=", ">", ">="):
            section.complain("healthy_when", "must be one of <, <=, >, >=; a > needs quotes")
        return MetricCheck(
            query=text(section, "metric"),
            healthy_when=cast(Any, comparison),
            limit=section.number("limit", -NUMBER, NUMBER),
            times_before=section.number("times_before", -NUMBER, NUMBER),
        )

    def _monitor(self, section: Section) -> MonitorCheck:
        return MonitorCheck(monitor_id=word(section, "monitor"), group=text(section, "group"))

    def _logs(self, section: Section) -> LogsCheck:
        return LogsCheck(
            query=text(section, "logs"),
            per_minute=section.number("per_minute", -NUMBER, NUMBER),
            times_before=section.number("times_before", -NUMBER, NUMBER),
        )

    def _manual(self, section: Section) -> ManualCheck:
        return ManualCheck(instruction=text(section, "manual"))

    # Expectations

    def _expect(self, section: Section, default: tuple[str, ...]) -> tuple[str, ...]:
        if "expect" not in section.nodes:
            return default
        lines = self._texts(section, "expect")
        if len(lines) == len(items := section.items("expect")):
            self.lines += [(node, path, line) for (path, node), line in zip(items, lines, strict=True)]
        return lines

    def _texts(self, section: Section, key: str) -> tuple[str, ...]:
        return tuple(
            found for path, node in section.items(key) if (found := scalar(node, path, section.complaints)) is not None
        )


def _proof(section: Section) -> ProofOverride:
    proof = section.section("proof", known=("unacceptable", "confidence", "window_s"))
    return ProofOverride(
        unacceptable=proof.number("unacceptable", -NUMBER, NUMBER),
        confidence=proof.number("confidence", -NUMBER, NUMBER),
        window_s=proof.number("window_s", -NUMBER, NUMBER),
    )


def request(section: Section) -> Request:
    """A request in its short form (``post: /checkout``) or in the long one, as the catalog's probes have it."""
    if "request" in section.nodes:
        inner = section.section("request", known=REQUEST_KEYS)
        if "path" not in inner.nodes:
            inner.complain("path", "is missing")
        return _request(inner, method=text(inner, "method", "GET"), path=text(inner, "path", "/"))
    method = next((key for key in section.nodes if key in METHODS), "get")
    return _request(section, method=method.upper(), path=text(section, method, "/"))


def _request(section: Section, *, method: str, path: str) -> Request:
    if "json" in section.nodes and "json_text" in section.nodes:
        section.complain("json_text", "cannot stand beside json")
    body = text(section, "body") if "body" in section.nodes else None
    as_text = text(section, "json_text") if "json_text" in section.nodes else None
    node = section.nodes.get("json")
    as_json = _json(node, section.at("json"), section.complaints) if node is not None else as_text
    return Request(method=method, path=path, headers=pairs(section, "headers"), json_body=as_json, body=body)


def _json(node: yaml.Node, path: str, complaints: Complaints) -> str | None:
    try:
        return json_text(node)
    except ValueError as error:
        complaints.add(node, path, str(error))
        return None


def inputs(section: Section) -> tuple[str, ...]:
    """One JSON object for each input: a mapping, or its JSON text where that must be kept to the letter."""
    found: list[str | None] = []
    for path, node in section.items("inputs"):
        if isinstance(node, yaml.MappingNode):
            found.append(_json(node, path, section.complaints))
        elif kind(node) == "text":
            found.append(str(node.value))
        else:
            section.complaints.add(node, path, "must be a mapping of names to values")
    return tuple(each for each in found if each is not None)


def pairs(section: Section, key: str) -> tuple[tuple[str, str], ...]:
    """Names and texts in order: a mapping, or a list of mappings where a name occurs twice."""
    node = section.nodes.get(key)
    if isinstance(node, yaml.SequenceNode):
        items = [Section(item, path, section.complaints, known=None) for path, item in section.items(key)]
        return tuple(pair for item in items for pair in _mapped(item))
    return _mapped(section.section(key))


def _mapped(section: Section) -> tuple[tuple[str, str], ...]:
    return tuple((key, word(section, key)) for key in section.nodes)


def word(section: Section, key: str) -> str:
    """A text, or a number or boolean as it is written."""
    node = section.nodes.get(key)
    if isinstance(node, yaml.ScalarNode) and kind(node) != "nothing":
        return str(node.value)
    if node is not None:
        section.complain(key, f"must be text, not {kind(node)}")
    return ""


def text(section: Section, key: str, default: str = "") -> str:
    """A text, which may be empty; the default where it is absent or nothing."""
    node = section.nodes.get(key)
    if node is None or not section.has(key):
        return default
    found = scalar(node, section.at(key), section.complaints)
    return default if found is None else found


def scalar(node: yaml.Node, path: str, complaints: Complaints) -> str | None:
    """The text of a node; None, with a complaint, where it is something else."""
    if isinstance(node, yaml.ScalarNode) and kind(node) in ("text", "a date"):
        return str(node.value)
    complaints.add(node, path, f'must be text, not {kind(node)}; put it in quotes ("…")')
    return None
