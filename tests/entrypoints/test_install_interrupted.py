"""Ctrl-C ends ``fixloop datadog install`` at once, and it says what is written in Datadog by then."""

from __future__ import annotations

import http.server
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.fixloop_process import Fixloop, stop, wait_until

INSTALL = ("datadog", "install", "--url", "https://bot.example.com/datadog/webhook")
VARIABLE = "the hidden variable FIXLOOP_WEBHOOK_SECRET"
AT_ONCE_S = 5.0
"""A second for the command and some for two busy cores; half of what waiting for Datadog takes."""


class SlowDatadog(http.server.ThreadingHTTPServer):
    """Knows nothing yet, takes everything, and is silent from the ``silent_from``-th request on."""

    daemon_threads = True

    def __init__(self, silent_from: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.silent_from, self.asked = silent_from, 0
        self.over = threading.Event()


class _Answer(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, SlowDatadog)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.asked += 1
        if server.asked >= server.silent_from:
            server.over.wait()
            return
        body = json.dumps({"errors": ["Not found"]} if self.command == "GET" else {}).encode()
        self.send_response(404 if self.command == "GET" else 201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def datadog(request: pytest.FixtureRequest) -> Iterator[SlowDatadog]:
    server = SlowDatadog(request.param)
    serving = threading.Thread(target=server.serve_forever, name="datadog", daemon=True)
    serving.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("datadog", "said"),
    [
        (1, "Nothing is written in Datadog"),
        (2, f"T{VARIABLE[1:]} may be written, the webhook fixloop is not"),
        (3, f"T{VARIABLE[1:]} is written, the webhook fixloop is not"),
        (4, f"T{VARIABLE[1:]} is written, the webhook fixloop may be"),
    ],
    indirect=["datadog"],
)
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once_and_says_what_is_written(
    tmp_path: Path, datadog: SlowDatadog, said: str, by: signal.Signals
) -> None:
    """However long Datadog is silent; a request that has no answer yet may have been heard."""
    fixloop = Fixloop(tmp_path)
    keys = {"DD_API_KEY": "a", "DD_APP_KEY": "b", "FIXLOOP_WEBHOOK_SECRET": "s3cret"}
    fixloop.environment |= {**keys, "DD_API_URL": f"http://127.0.0.1:{datadog.server_port}"}
    with fixloop.running(*INSTALL) as process:
        wait_until(lambda: datadog.asked == datadog.silent_from, fixloop.log)
        took = stop(process, by=by)
    assert process.returncode == 130
    assert fixloop.log() == f"fixloop: Interrupted. {said}; the same command again does the rest.\n"
    assert took < AT_ONCE_S
