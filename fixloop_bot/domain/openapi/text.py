"""An OpenAPI document as text: reading it within bounds, following its references, writing parts of it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.openapi.yaml import loaded_yaml

MOST_JSON = 16_000_000
MOST_YAML = 4_000_000
"""Bytes: what is read at all. YAML costs about ten times the time of JSON."""
LONGEST_CHAIN = 10
"""References that point to references."""


def loaded(document: bytes) -> object:
    """JSON or YAML text as data; raises BadInput."""
    if not document.strip():
        raise BadInput("The OpenAPI document is empty.")
    if document.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        try:
            return _json(document)
        except ValueError as error:
            if len(document) > MOST_YAML:
                raise BadInput("The OpenAPI document is not valid JSON.") from error
    return _yaml(document)


def _json(document: bytes) -> object:
    if len(document) > MOST_JSON:
        raise BadInput(f"The OpenAPI document is over {MOST_JSON // 1_000_000} MB.")
    return json.loads(document.decode("utf-8-sig"))


def _yaml(document: bytes) -> object:
    if len(document) > MOST_YAML:
        raise BadInput(f"The OpenAPI document is over {MOST_YAML // 1_000_000} MB of YAML.")
    return loaded_yaml(document)


def as_mapping(value: object) -> Mapping[Any, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def resolved(root: Mapping[str, object], node: object) -> object:
    """The node that a chain of local references ends at; None where it leads nowhere, outside or in a circle."""
    for _ in range(LONGEST_CHAIN):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            return node
        node = pointed(root, node["$ref"])
    return None


def pointed(root: Mapping[str, object], reference: str) -> object:
    """What a local JSON pointer (RFC 6901, as a fragment) points to; None where it points to nothing."""
    if not reference.startswith("#/") or len(reference) > 1_000:
        return None
    node: object = root
    for raw in reference[2:].split("/"):
        key = unquote(raw).replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            node = node[int(key)] if key.isascii() and key.isdigit() and len(key) < 6 and int(key) < len(node) else None
        else:
            node = as_mapping(node).get(key)
    return node


def json_text(value: object, longest: int) -> str | None:
    """The value as JSON text; None where it is None, not expressible in JSON, or longer than ``longest``."""
    if value is None:
        return None
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return None
    return text if len(text) <= longest else None


def one_line(value: object, longest: int) -> str:
    """Text on one line without control characters, cut between words to ``longest`` characters; empty for no text."""
    if not isinstance(value, str):
        return ""
    words = "".join(char if char.isprintable() else " " for char in value[: longest * 4]).split()
    line = " ".join(words)
    if len(line) <= longest:
        return line
    kept = line[: longest - 1]
    space = kept.rfind(" ") if line[longest - 1] != " " else longest
    return (kept[:space] if space > longest / 3 else kept).rstrip(" ,(") + "…"
