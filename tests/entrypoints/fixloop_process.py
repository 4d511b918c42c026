"""``fixloop`` as its users run it: a process of its own, in a folder and an environment of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

OURS = ("SLACK_", "DD_", "MINIMAX_", "FIXLOOP_", "REDIS_URL", "HOST", "PORT")
PATIENCE_S = 30.0


class Fixloop:
    """Runs commands whose data, catalog and port are their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        self.environment |= {"FIXLOOP_DATA_DIR": str(folder / "store"), "PORT": str(self.port), "HOME": str(folder)}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "fixloop_bot", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on until it is told to stop; killed at the end if it has not."""
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fixloop_bot", *arguments],
                cwd=self.folder,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE_S)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def answers(self, path: str = "/readyz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def stop(process: subprocess.Popen[str], *, by: signal.Signals = signal.SIGTERM) -> float:
    """Send a signal and wait for the end; returns the seconds it took."""
    began = time.monotonic()
    process.send_signal(by)
    process.wait(PATIENCE_S)
    return time.monotonic() - began


def wait_until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
