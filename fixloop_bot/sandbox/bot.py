"""The bot as its users run it: ``python -m fixloop_bot serve`` in a process of its own, configured by environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
LEAVE_TIMEOUT_S = 3.0
"""A command that nobody waits for any more has nothing to drain."""
TOO_OFTEN, WITHIN_S = 5, 60.0
"""Who ends so often in so many seconds is not started again."""
OURS = ("SLACK_", "DD_", "FIXLOOP_", "REDIS_URL", "HOST", "PORT")


class BotDied(RuntimeError):  # noqa: N818 - it is what happened
    """The bot ended before it was ready; the message has the end of its log."""


class Bot:
    """Starts, kills and restarts the bot. ``url`` is where it listens."""

    def __init__(self, environment: Mapping[str, str], *, folder: Path, port: int | None = None) -> None:
        self._port = port or free_port()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        self._environment = {**inherited, **environment, "HOST": "127.0.0.1", "PORT": str(self._port)}
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._arguments: tuple[str, ...] = ("serve",)
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the bot is configured by; for starting another process of the same bot."""
        return dict(self._environment)

    @property
    def log(self) -> Path:
        return self._folder / "bot.log"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the bot is not running")
        return self._process.pid

    async def start(self, *arguments: str) -> None:
        """Start ``serve`` (or what ``arguments`` say) and wait until it would take a webhook."""
        self._arguments = arguments or self._arguments
        self._process = await self._spawn(*self._arguments)
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        async with aiohttp.ClientSession() as session:
            while not await self._ready(session):
                if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                    raise BotDied(f"The bot did not start:\n{self.last_words()}")
                await asyncio.sleep(0.05)

    async def launch(self, *arguments: str) -> None:
        """Start a process that listens nowhere (``worker``); it is ready when it works."""
        self._process = await self._spawn(*arguments)

    async def run(self, *arguments: str) -> int:
        """Run another ``fixloop`` command with the same environment to its end; returns its exit code.

        It hears no Ctrl-C of its own: where nobody waits for it any more, it is ended.
        """
        process = await self._spawn(*arguments)
        try:
            return await process.wait()
        finally:
            await _end(process, within_s=LEAVE_TIMEOUT_S)

    async def stand_by(self, say: Callable[[str], None]) -> None:
        """Start it again whenever it ends by itself, as a process supervisor does, and say so; until cancelled.

        Returns, with the end of its log, if that happens too often.
        """
        loop = asyncio.get_running_loop()
        ended: list[float] = []
        while self._process is not None:
            how = _how(await self._process.wait())
            ended = [at for at in ended if loop.time() - at < WITHIN_S] + [loop.time()]
            if len(ended) == TOO_OFTEN:
                say(f"FixLoop {how} again, and is not started any more. Its log ends with:\n{self.last_words()}")
                return
            say(f"FixLoop {how}. It is started again, and goes on with what its store holds.")
            with contextlib.suppress(BotDied):  # it counts as an end like any other
                await self.start()

    async def stop(self) -> None:
        """SIGTERM, and a wait for its end. One that was killed is started once more, to put its store away."""
        if self._process is None:
            return
        if (self._process.returncode or 0) < 0:
            with contextlib.suppress(BotDied):
                await self.start()
        await _end(self._process, within_s=STOP_TIMEOUT_S)

    async def kill(self) -> None:
        """SIGKILL: what a power cut or the kernel's memory killer does."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    def last_words(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-15:])

    async def _spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "fixloop_bot",
                *arguments,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C in the terminal reaches the sandbox alone, which then stops the bot in good order.
                start_new_session=True,
            )

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


def _how(status: int) -> str:
    """How a process ended: a negative status is the number of a signal."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended by itself, with status {status}"


async def _end(process: asyncio.subprocess.Process, *, within_s: float) -> None:
    """SIGTERM, and SIGKILL where it does not end in time, or where a second Ctrl-C comes."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its store's server, too
            await process.wait()


def authorities(ours: str) -> str:
    """Whom this machine trusts, and the shop's own authority."""
    paths = ssl.get_default_verify_paths()
    named = os.environ.get("SSL_CERT_FILE") or paths.cafile
    bundles = [Path(named)] if named else []
    bundles += [Path(paths.capath) / "ca-certificates.crt"] if paths.capath else []  # where Debian keeps it
    known = next((bundle.read_text() for bundle in bundles if bundle.exists()), "")
    return f"{known}\n{ours}"


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
