"""Credentials in clear text: a plan is shown, stored and read by the model, so what is secret is only named in it.

What counts as one is what ``redaction`` would mask wherever it is shown: a value that could not be read again is no
part of a plan. Whatever the team itself has written into one of the service's probes is its own affair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.plans import HttpCheck, Request, WebsocketCheck
from fixloop_bot.domain.redaction import SECRET, TOKEN, mask

MOST_NAMES = 3
LONGEST_NAME = 40
DEEPEST = 50
ADVICE = "in clear text; put it in the catalog's secrets and refer to it as ${NAME}."

Pair = tuple[str, str]
"""(name, value as text)"""

_REFERENCE = re.compile(r"(?:(?:bearer|token|basic|apikey|key) )?(?:\$\{\w+\}|\{\{[^{}]*\}\})+", re.IGNORECASE)
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_NOBODYS = frozenset(["wrong", "invalid", "incorrect", "expired", "missing", "unknown", "empty", "none", "null"])
"""What a check types that wants to be turned away; nobody's password."""


def clear_text_breaches(requests: Sequence[Request], inputs: tuple[str, ...], service: Service) -> Iterator[str]:
    """A sentence for each place of a step where a credential is written out; its value is in none of them."""
    own = frozenset(_of_probes(service))
    places = {
        "its address has": [pair for request in requests for pair in _in_query(request.path)],
        "its body has": [pair for request in requests for pair in _in_body(request)],
        "its inputs have": [pair for text in inputs for pair in _in_json(text)],
    }
    for place, pairs in places.items():
        names = dict.fromkeys(name[:LONGEST_NAME] for name, value in pairs if (name, value) not in own)
        if names:
            yield f"{place} {' and '.join(list(names)[:MOST_NAMES])} {ADVICE}"


def _of_probes(service: Service) -> Iterator[Pair]:
    for probe in service.probes:
        yield from _in_query(probe.request.path)
        yield from _in_body(probe.request)
        check = probe.check
        if isinstance(check, HttpCheck | WebsocketCheck):
            yield from (pair for text in check.inputs for pair in _in_json(text))
        if isinstance(check, WebsocketCheck) and check.send is not None:
            yield from _in_text(check.send)


def _in_query(path: str) -> Iterator[Pair]:
    yield from _in_form(path.partition("?")[2])


def _in_body(request: Request) -> Iterator[Pair]:
    yield from _in_text(request.json_body or "")
    yield from _in_text(request.body or "")


def _in_text(text: str) -> Iterator[Pair]:
    """Of JSON, of a form, or of any other text, whatever it is."""
    if _document(text) is not None:
        yield from _in_json(text)
    elif "=" in text and not re.search(r"\s", text.strip()):
        yield from _in_form(text)
    elif mask(text).count(SECRET) > text.count(SECRET):
        yield "a secret", text


def _in_form(text: str) -> Iterator[Pair]:
    for name, value in parse_qsl(text):
        if _is_written_out(name, value):
            yield name, value


def _in_json(text: str) -> Iterator[Pair]:
    document = _document(text)
    if document is not None:
        yield from _walk("", document, DEEPEST)


def _document(text: str) -> object | None:
    """JSON as a request carries it; a placeholder without quotes is nothing yet. None for what is no object or list."""
    pieces = _STRING.split(text)
    bare = "".join(each if at % 2 else _PLACEHOLDER.sub("null", each) for at, each in enumerate(pieces))
    try:
        document: object = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _walk(name: str, value: object, deep: int) -> Iterator[Pair]:
    if deep <= 0:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(str(key), inner, deep - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(name, inner, deep - 1)
    elif name and isinstance(value, str | int) and not isinstance(value, bool) and _is_written_out(name, str(value)):
        yield name, str(value)


def _is_written_out(name: str, value: str) -> bool:
    bare = value.strip()
    if not bare or bare.lower() in _NOBODYS or _REFERENCE.fullmatch(bare):
        return False
    pair = json.dumps({name: bare}, ensure_ascii=False)
    shown = mask(pair)
    return any(shown.count(cover) > pair.count(cover) for cover in (SECRET, TOKEN))
