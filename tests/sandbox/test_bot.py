"""The bot's processes: none of them outlives who waits for it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fixloop_bot.sandbox.bot import Bot

WITHIN_S = 20.0
AT_ONCE_S = 2.0
"""Left alone, the command would give up after ten seconds."""
INSTALL = ("datadog", "install", "--url", "https://fixloop.example.com/datadog/webhook")


class SilentDatadog:
    """Takes requests and answers none of them; knows who has asked, and that they have gone."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.set()
        while await reader.read(65536):
            pass
        self.left.set()
        writer.close()


@pytest.fixture
async def datadog() -> AsyncIterator[SilentDatadog]:
    silent = SilentDatadog()
    server = await asyncio.start_server(silent.take, "127.0.0.1", 0)
    silent.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield silent


@pytest.fixture
def bot(datadog: SilentDatadog, tmp_path: Path) -> Bot:
    keys = {"DD_API_KEY": "a", "DD_APP_KEY": "b", "DD_API_URL": datadog.url}
    return Bot({**keys, "FIXLOOP_DATA_DIR": str(tmp_path / "store")}, folder=tmp_path)


async def test_a_command_that_nobody_waits_for_is_ended(bot: Bot, datadog: SilentDatadog) -> None:
    """Ctrl-C in the sandbox while ``datadog install`` waits for an answer: its process goes, too, in good order."""
    running = asyncio.create_task(bot.run(*INSTALL), name="install")
    async with asyncio.timeout(WITHIN_S):
        await datadog.asked.wait()
        running.cancel()
        await asyncio.wait({running})
    async with asyncio.timeout(AT_ONCE_S):
        await datadog.left.wait()
    assert running.cancelled()
    assert "Traceback" not in bot.last_words()


@pytest.mark.skipif(sys.platform != "linux", reason="who asks is found in /proc")
async def test_a_command_that_does_not_go_is_killed(
    bot: Bot, datadog: SilentDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a bound: a frozen process hears no SIGTERM."""
    monkeypatch.setattr("fixloop_bot.sandbox.bot.LEAVE_TIMEOUT_S", 0.2)
    running = asyncio.create_task(bot.run(*INSTALL), name="install")
    async with asyncio.timeout(WITHIN_S):
        await datadog.asked.wait()
        os.kill(_process_of(bot), signal.SIGSTOP)
        running.cancel()
        await asyncio.wait({running})
        await datadog.left.wait()
    assert running.cancelled()


def _process_of(bot: Bot) -> int:
    """The process that has this bot's own port in its environment."""
    ours = f"PORT={bot.environment['PORT']}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and ours in _environment(folder).split(b"\0"):
            return int(folder.name)
    raise LookupError("no such process")


def _environment(folder: Path) -> bytes:
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""
