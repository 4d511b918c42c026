"""Rule of proof 4 below and beside HTTP: answers that are none, unless the step says that it wants exactly that.

A server that is NOT_SERVING, a name that does not exist and a refused handshake come fast: ``latency < 200 ms`` alone
must not pass them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.expectations.answers import Answer, NotJson, shown
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.not_fooled.confessions import confession
from fixloop_bot.domain.plans import DnsCheck, GrpcCheck, WebsocketCheck, WireCheck
from fixloop_bot.domain.samples import AssertionResult, Response

OPENED = 101
_OF_A_MESSAGE = frozenset({Subject.BODY, Subject.JSON, Subject.SCHEMA, Subject.SIZE, Subject.SHA256})
_ERROR_TYPES = ("error", "connection_error", "exception")

_Wrong = tuple[str, str, str]
"""Subject, seen, expected."""


def implicit_wire(
    check: WireCheck, assertions: Sequence[Assertion], response: Response, *, secrets: Sequence[str] = ()
) -> tuple[AssertionResult, ...]:
    """What is wrong with the answer although no line says so; empty if nothing is. Every result has ``held=False``."""
    return tuple(
        AssertionResult(
            source="rule of proof 4",
            held=False,
            subject=subject,
            seen=shown(seen, secrets).strip('"'),
            expected=expected,
        )
        for subject, seen, expected in _wrong(check, assertions, response)
    )


def _wrong(check: WireCheck, lines: Sequence[Assertion], response: Response) -> Iterator[_Wrong]:
    match check:
        case DnsCheck() if not (_names(lines, "rcode") or _wants_no_answers(lines)):
            yield from _no_answer(_document(response))
        case GrpcCheck() if not _names(lines, "status"):
            yield from _not_serving(_document(response), any_status=_names(lines, "grpc_status"))
        case WebsocketCheck() if response.status != OPENED and not _wants_status(lines, response.status):
            yield "status", str(response.status), str(OPENED)
        case WebsocketCheck() if response.status == OPENED and check.awaits_message and check.send is not None:
            if not any(line.subject in _OF_A_MESSAGE for line in lines):
                yield from _no_message(response)


def _no_message(response: Response) -> Iterator[_Wrong]:
    """An answer to what was sent that is none: empty, a page of HTML, or JSON that says that it is an error."""
    if not response.body.strip():
        yield "message", "empty", "a message"
    elif response.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        yield "message", "a page of HTML", "the service's own message"
    else:
        document = _parsed(response)
        said = confession(document) or _typed_error(document)
        if said:
            yield "message", f"an error ({shown(said)})", "no error"


def _typed_error(document: object) -> dict[str, object]:
    """``{"type": "error", …}``, as GraphQL and socket protocols say it."""
    if not isinstance(document, dict):
        return {}
    return {key: document[key] for key in ("type", "event") if document.get(key) in _ERROR_TYPES}


def _no_answer(document: dict[str, object]) -> Iterator[_Wrong]:
    if document.get("rcode") != "NOERROR":
        yield "$.rcode", str(document.get("rcode")), "NOERROR"
    elif not document.get("answers"):
        yield "$.answers", "empty", "an answer"


def _not_serving(document: dict[str, object], *, any_status: bool) -> Iterator[_Wrong]:
    if document.get("grpc_status") == 0 and document.get("status") != "SERVING":
        yield "$.status", str(document.get("status")), "SERVING"
    elif document.get("grpc_status") != 0 and not any_status:
        yield "$.grpc_status", str(document.get("grpc_status")), "0"


def _document(response: Response) -> dict[str, object]:
    found = _parsed(response)
    return found if isinstance(found, dict) else {}


def _parsed(response: Response) -> object:
    try:
        return Answer(response).document()
    except NotJson:
        return None


def _names(lines: Sequence[Assertion], member: str) -> bool:
    """Whether a line says what it wants of this member, or of the whole document; ``!=`` says only what it does not."""
    named = re.compile(rf"\b{member}\b")
    return any(not line.negated and (line.subject is Subject.SCHEMA or named.search(line.path)) for line in lines)


def _wants_no_answers(lines: Sequence[Assertion]) -> bool:
    """``json $.answers length == 0``, or a count that the line itself judges."""
    return any(line.length and line.comparison is Comparison.EQUAL and not line.negated for line in lines)


def _wants_status(lines: Sequence[Assertion], status: int) -> bool:
    """``status == 403``, ``status in 101, 403``, or a placeholder, which the line itself judges."""
    return any(
        line.subject is Subject.STATUS
        and not line.negated
        and line.comparison in (Comparison.EQUAL, Comparison.IN)
        and (line.value is not None or str(status) in line.codes)
        for line in lines
    )
