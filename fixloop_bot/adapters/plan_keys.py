"""The keys of a plan's file, and how JSON stands in it: what reading and writing have to agree on."""

from __future__ import annotations

import orjson
import yaml

from fixloop_bot.adapters.yaml_nodes import plain

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
"""Short forms of a request; any other method takes the long form."""
WIRE = ("tls", "dns", "tcp", "grpc", "websocket")
KINDS = (*METHODS, "request", "journey", "metric", "monitor", "logs", *WIRE, "manual")
OF_EVERY_STEP = ("id", "title", "role", "why", "proof")
BODY_KEYS = ("headers", "json", "json_text", "body")
REQUEST_KEYS = ("method", "path", *BODY_KEYS)
LEG_KEYS = (*METHODS, "request", *BODY_KEYS, "expect", "capture")

_OF_A_KIND = {
    "request": (*BODY_KEYS, "expect", "inputs"),
    "journey": ("inputs",),
    "metric": ("healthy_when", "limit", "times_before"),
    "monitor": ("group",),
    "logs": ("per_minute", "times_before"),
    "tls": ("expect",),
    "dns": ("record", "servers", "expect"),
    "tcp": ("expect",),
    "grpc": ("service", "expect"),
    "websocket": ("headers", "send", "awaits_message", "expect", "inputs"),
    "manual": (),
}
ALLOWED = {kind: (*OF_EVERY_STEP, *keys) for kind, keys in _OF_A_KIND.items()}
STEP_KEYS = tuple(dict.fromkeys((*OF_EVERY_STEP, *KINDS, *(key for keys in _OF_A_KIND.values() for key in keys))))


def json_text(node: yaml.Node) -> str:
    """The JSON text of a node, without a space; raises ValueError with a sentence where JSON has nothing like it."""
    try:
        return orjson.dumps(plain(node)).decode()
    except TypeError:
        raise ValueError("cannot be written as JSON") from None
