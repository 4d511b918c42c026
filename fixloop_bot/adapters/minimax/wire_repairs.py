"""The same for checks below and beside HTTP: addresses in the forms that models write, fields of the documents.

An address stays the one that was written, whether the catalog allows it or not: that is for vetting to say. It is
never replaced by the service's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fixloop_bot.adapters.minimax.fields import RECORDS
from fixloop_bot.domain.vetting.wire import DOCUMENTS

WIRE_KINDS: dict[str, tuple[str, ...]] = {
    "tls": ("ssl", "certificate", "cert", "tls_certificate", "ssl_certificate"),
    "dns": ("dns_lookup", "dns_record", "name_lookup", "nslookup"),
    "tcp": ("socket", "tcp_connect", "tcp_port", "port"),
    "grpc": ("grpc_health", "grpc_health_check"),
    "websocket": ("ws", "wss", "websockets", "web_socket"),
}
_TARGETS = ("host", "hostname", "domain", "address")
_DAYS = ("days_left", "min_days", "min_days_left", "min_days_remaining")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SERVING = re.compile(r"""(?:json )?(?:\$\.)?status\s*(==|!=|is)?\s*["']?([A-Z_]{3,40})["']?""")


def keep_what_is_asked(step: Mapping[str, Any]) -> dict[str, Any]:
    """A name beside a title is a host's, a type beside a kind a record's: neither may get lost as an alias."""
    kept = dict(step)
    if "title" in kept and "name" in kept:
        kept.setdefault("target", kept.pop("name"))
    if "kind" in kept and str(kept.get("type")).upper() in RECORDS:
        kept.setdefault("record", kept.pop("type"))
    return kept


def tidy_wire(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step whose ``kind`` is one of these, in the schema's words; any other step unchanged."""
    kind, tidy = step.get("kind"), dict(step)
    if not isinstance(kind, str) or kind not in WIRE_KINDS:
        return tidy
    if kind == "websocket":
        return _websocket(tidy)
    tidy["target"] = _target(tidy, kind)
    if isinstance(tidy.get("record"), str):
        tidy["record"] = tidy["record"].strip().upper()
    if isinstance(tidy.get("servers"), str):
        tidy["servers"] = [server for server in re.split(r"[,\s]+", tidy["servers"]) if server]
    tidy["expect"] = [*_from_fields(tidy, kind), *(_document_line(line, kind) for line in _lines(tidy.get("expect")))]
    return tidy


def _websocket(step: dict[str, Any]) -> dict[str, Any]:
    """``wss://`` is the service's own ``https://``; a message may be an object."""
    path = step.get("path") or step.get("target")
    if isinstance(path, str):
        step["path"] = re.sub(r"^(\s*(?:GET\s+)?)ws(s?)://", r"\1http\2://", path, flags=re.IGNORECASE)
    if isinstance(step.get("send"), dict | list):
        step["send"] = json.dumps(step["send"], ensure_ascii=False)
    return step


def _target(step: Mapping[str, Any], kind: str) -> Any:
    """The address that was written, under whatever name, as ``host`` or ``host:port``."""
    written = next((step[name] for name in ("target", *_TARGETS, "path") if step.get(name)), None)
    if not isinstance(written, str):
        return written
    target = _SCHEME.sub("", written.strip()).partition("/")[0]
    port = step.get("port")
    if kind == "dns":
        return re.sub(r":\d+$", "", target)
    return f"{target}:{port}" if isinstance(port, int | str) and target and ":" not in target else target


def _from_fields(step: dict[str, Any], kind: str) -> list[str]:
    """Expectations that were given as fields of the step: ``days_left: 14``, ``answers: ["10.0.0.4"]``."""
    if kind == "tls":
        days = next((step[name] for name in _DAYS if isinstance(step.get(name), int)), None)
        return [f"json $.days_left >= {days}"] if days is not None else []
    if kind == "dns" and isinstance(answers := step.get("answers"), list):
        return [f"json $.answers contains {json.dumps(answer)}" for answer in answers]
    status = step.pop("status", step.pop("expected_status", None)) if kind == "grpc" else None
    return [] if status is None else [f"json $.status == {json.dumps(status)}"]


def _lines(expect: Any) -> list[Any]:
    if isinstance(expect, str):
        return expect.splitlines()
    return expect if isinstance(expect, list) else [] if expect is None else [expect]


def _document_line(line: Any, kind: str) -> Any:
    """``days_left >= 14`` as ``json $.days_left >= 14``, ``status == SERVING`` with its quotes; others unchanged."""
    if not isinstance(line, str):
        return line
    text = line.strip()
    serving = _SERVING.fullmatch(text) if kind == "grpc" else None
    if serving is not None:
        order = "!=" if serving[1] == "!=" else "=="
        return f'json $.status {order} "{serving[2]}"'
    first = re.match(r"[a-z_]+", text)
    # What a health service's status is, and what an HTTP one, only the line above can tell apart.
    known = first is not None and first[0] != "status" and first[0] in DOCUMENTS.get(kind, ())
    return f"json $.{text}" if known else line
