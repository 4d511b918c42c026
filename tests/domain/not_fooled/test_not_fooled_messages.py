"""A websocket's answer to what was sent: an error, a page or nothing at all never passes for one."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.not_fooled.wire import implicit_wire
from fixloop_bot.domain.plans import WebsocketCheck
from fixloop_bot.domain.samples import Response


def found(body: str, *lines: str, send: str | None = "ping", status: int = 101) -> list[str]:
    check = WebsocketCheck(path="/live", send=send, expect=lines)
    results = implicit_wire(check, [parse(line) for line in lines], Response(status=status, body=body.encode()))
    return [result.seen for result in results]


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ('{"error": "no database"}', "an error"),
        ('{"type": "error", "code": 7}', "an error"),
        ('{"type": "connection_error"}', "an error"),
        ('{"status": "fail"}', "an error"),
        ("<!DOCTYPE html><html><body>Hello</body></html>", "a page of HTML"),
        ("\n<HTML><body>502", "a page of HTML"),
    ],
)
def test_a_message_that_is_none_does_not_count(body: str, seen: str) -> None:
    """A line that looks at the message decides for itself; one about the time does not."""
    for lines in ((), ("latency < 200 ms",), ("status == 101",)):
        assert [told.startswith(seen) for told in found(body, *lines)] == [True]
    assert found(body, "size >= 0 bytes") == []


@pytest.mark.parametrize(
    "body",
    [
        "pong",
        "error",
        '{"type": "pong"}',
        '{"error": null}',
        '{"type": "error_count", "count": 3}',
        "[]",
        "7",
        "<b>hi</b>",
    ],
)
def test_any_other_message_counts(body: str) -> None:
    assert found(body) == []


def test_a_handshake_alone_has_no_message() -> None:
    assert found("", send=None) == []
    assert found("", status=403) == ["403"]
