"""The catalog's JSON Schema: what an editor completes and checks by, and what the reference is generated from.

It says what a catalog is made of. The parser says more: which keys need each other, and what the gate would refuse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fixloop_bot.adapters.catalog_probes import METHODS, OK_STATUS
from fixloop_bot.domain.catalog import Allow, Service
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, TcpCheck, TlsCheck, WebsocketCheck
from fixloop_bot.domain.vetting.wire import RECORDS

Node = dict[str, Any]
_PROOF, _ALLOW = ProofSettings(), Allow()


def catalog_schema() -> Node:
    """JSON Schema, draft 2020-12."""
    service = _keys(**_place(), **_certainty(), **_telemetry(), **_reach(), **_people())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "FixLoop's catalog",
        "type": "object",
        "additionalProperties": False,
        "required": ["services"],
        "properties": {"services": {"type": "object", "additionalProperties": service}},
    }


def _place() -> Node:
    return {
        "channel": _text('where its incidents go: a channel\'s id, or `"#name"`', default="FIXLOOP_DEFAULT_CHANNEL"),
        "match": _map("tags or scope of a signal; the most specific entry wins", default="{service: its name}"),
        "base_url": _text("what checks are sent to"),
        "openapi": _text("its OpenAPI document, for plans: a path or an address"),
        "replicas": _list(
            _text("an address with a port, such as `10.20.0.4:443`"), "behind base_url's host, asked one by one"
        ),
    }


def _certainty() -> Node:
    slo = _keys(
        error_rate=_number(
            "the share of failures that you tolerate", 0, 1, default="a fifth of proof.unacceptable, at most 0.01"
        ),
        p95_ms=_number("the 95th percentile of latency that you tolerate", 0),
    )
    proof = _keys(
        unacceptable=_number("a failure rate that counts as broken", 0, 1, default=_PROOF.unacceptable),
        confidence=_number("how sure a recovery has to be", 0.5, 1, default=_PROOF.confidence),
        alpha=_number("how often a service inside its SLO may be called broken", 0, 0.5, default=_PROOF.alpha),
        window_s=_number("a step has to hold over so many seconds", 0, 86_400, default=_PROOF.window_s),
        max_samples=_whole("of one step", 1, 100_000, default=_PROOF.max_samples),
        per_second=_number("requests to this service", 0, 1000, default=_PROOF.per_second),
    )
    return {
        "slo": slo | {"description": "what you tolerate"},
        "proof": proof | {"description": "how sure a verdict has to be"},
        "soak_s": _number("how long a proven recovery is watched", 0, 86_400, default=Service(name="x").soak_s),
        "baseline_every_s": _number("learn from the probes so often while all is well", 5, 86_400, default="never"),
    }


def _telemetry() -> Node:
    return {
        "metrics": _map("Datadog queries by name; `error_rate` and `p95_ms` are held to the SLO"),
        "logs": _text("a log search for its errors"),
        "watch": {"type": "boolean", "description": "open incidents from its metrics, too", "default": False},
    }


def _reach() -> Node:
    allow = _keys(
        hosts=_list(_text("`host`, `host:port` or `scheme://host:port`"), "besides base_url's own"),
        networks=_list(_text("such as `10.20.0.0/16`"), "where names may resolve to", default="public addresses"),
        methods=_list({"enum": list(METHODS)}, "of requests", default=list(_ALLOW.methods)),
        writes=_list(_text("a path"), "where POST, PUT, PATCH, DELETE and websocket messages are safe to repeat"),
        requests_per_plan=_whole("that one run may send", 1, 3000, default=_ALLOW.requests_per_plan),
        requests_per_hour=_whole("that all runs together may send", 1, 500_000, default=_ALLOW.requests_per_hour),
        name_servers=_list(_text("such as `10.20.0.2`"), "what a dns check may ask", default="this machine's own"),
    )
    return {
        "allow": allow | {"description": "what a check may touch; nothing else is reachable"},
        "secrets": _map("used as `${NAME}` in headers; each is `env:VARIABLE`, never a value"),
        "probes": _list(_probe(), "checks that your team trusts already"),
    }


def _probe() -> Node:
    request = _keys(
        method={"enum": list(METHODS), "description": "of the request", "default": "GET"},
        path=_text("with its query; `{{name}}` is filled from inputs"),
        headers=_map("credentials only as `${NAME}`"),
        json={"description": "a body, written as JSON"},
        body=_text("a body, written as it is"),
    )
    name = _text("as it stands on the checklist")
    inputs = _list({"type": "object"}, "values for `{{name}}`, used in turn")
    target = _text("`host` or `host:port`", default="base_url's own")
    below = {
        "tls": _keys(target=target, expect=_lines(TlsCheck(target="").expect)),
        "dns": _keys(
            name=_text("to resolve", default="base_url's host"),
            record={"enum": list(RECORDS), "description": "its kind", "default": "A"},
            servers=_list(_text("of allow.name_servers"), "to ask"),
            expect=_lines(DnsCheck(name="").expect),
        ),
        "tcp": _keys(target=target, expect=_lines(TcpCheck(target="").expect)),
        "grpc": _keys(
            target=target, service=_text("whose health is asked for"), expect=_lines(GrpcCheck(target="").expect)
        ),
        "websocket": _keys(
            path=_text("to open"),
            headers=_map("credentials only as `${NAME}`"),
            send=_text("a message"),
            awaits_message={"type": "boolean", "description": "wait for an answer", "default": True},
            expect=_lines(WebsocketCheck(path="/").expect),
            inputs=inputs,
        ),
    }
    told = {kind: each | {"description": f"a {kind} check in the place of a request"} for kind, each in below.items()}
    request |= {"description": "what to send"}
    return _keys(name=name, request=request, **told, expect=_lines(OK_STATUS), inputs=inputs) | {"required": ["name"]}


def _lines(default: tuple[str, ...]) -> Node:
    return _list(_text("such as `json $.total == 19.99`"), "what must hold", default=list(default))


def _people() -> Node:
    quiet = _keys(
        **{"from": _text("such as `22:00`"), "to": _text("such as `07:00`")},
        zone=_text("such as `Europe/Berlin`", default="UTC"),
    )
    return {
        "runbook": _text("an address"),
        "responders": _list(
            _text("a user group `S…` or a person `U…`"),
            "who may validate and resolve",
            default="everybody in the channel",
        ),
        "quiet_hours": quiet | {"description": "when nobody is reminded"},
    }


def _keys(**properties: Node) -> Node:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _described(node: Node, means: str, default: object) -> Node:
    return node | {"description": means} | ({"default": default} if default is not None else {})


def _text(means: str, *, default: object = None) -> Node:
    return _described({"type": "string"}, means, default)


def _map(means: str, *, default: object = None) -> Node:
    words = {"type": ["string", "number", "boolean"]}
    return _described({"type": "object", "additionalProperties": words}, means, default)


def _list(each: Node, means: str, *, default: object = None) -> Node:
    return _described({"type": "array", "items": each}, means, default)


def _number(means: str, least: float, most: float = math.inf, *, default: object = None) -> Node:
    bounds = {"minimum": least} | ({"maximum": most} if most < math.inf else {})
    return _described({"type": "number"} | bounds, means, default)


def _whole(means: str, least: int, most: int, *, default: object = None) -> Node:
    return _described({"type": "integer", "minimum": least, "maximum": most}, means, default)


# The reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a service's entry: its path, such as ``probes[].request.path``."""

    path: str
    node: Node


def catalog_keys() -> tuple[Key, ...]:
    """Every key below ``services.NAME``, outer ones first."""
    return tuple(_walk(catalog_schema()["properties"]["services"]["additionalProperties"], ""))


def _walk(node: Node, path: str) -> Iterator[Key]:
    for name, inner in node.get("properties", {}).items():
        here = f"{path}{name}"
        yield Key(path=here, node=inner)
        yield from _walk(inner, f"{here}.")
        yield from _walk(inner.get("items", {}), f"{here}[].")


def catalog_reference() -> str:
    """A Markdown table of all keys."""
    rows = [
        f"| `{key.path}` | {_kind(key.node)} | {_default(key.node)} | {key.node.get('description', '')} |"
        for key in catalog_keys()
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def _kind(node: Node) -> str:
    if "enum" in node:
        return "one of " + ", ".join(f"`{each}`" for each in node["enum"])
    if node.get("type") == "array":
        return f"list of {_each(node['items'])}"
    if "properties" in node:
        return "keys below"
    kinds = {"object": "names and values", "string": "text", "boolean": "true or false", "integer": "whole number"}
    return kinds.get(node.get("type", ""), str(node.get("type", "any value"))) + _bounds(node)


def _each(node: Node) -> str:
    if "description" in node and node.get("type") == "string":
        return f"texts: {node['description']}"
    return _kind(node) if "enum" in node else "entries"


def _bounds(node: Node) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if least is None:
        return ""
    return f", {least:g} to {most:g}" if most is not None else f", {least:g} or more"


def _default(node: Node) -> str:
    value = node.get("default")
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`" if value else ""
    return f"`{value:g}`" if isinstance(value, int | float) else str(value)
