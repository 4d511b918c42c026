"""The built-in store: shared by processes, durable, and gone when the last one leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fixloop_bot.adapters.redis.server import LONGEST_SOCKET_PATH, EmbeddedValkey
from fixloop_bot.domain.errors import StoreUnavailable

ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from fixloop_bot.adapters.redis.server import EmbeddedValkey

async def main():
    server = EmbeddedValkey(Path(sys.argv[1]))
    await server.start()
    print("started", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def another_process(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A FixLoop of its own on the same directory; it leaves when the context ends, if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ANOTHER_PROCESS,
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"started\n"
    yield process
    if process.returncode is None:
        process.stdin.write(b"\n")
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 20)


@contextlib.asynccontextmanager
async def client_of(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    client = Redis.from_url(server.url)
    try:
        yield client
    finally:
        await client.aclose()


async def answers(server: EmbeddedValkey) -> bool:
    async with client_of(server) as client:
        with contextlib.suppress(Exception):
            return bool(await client.ping())
    return False


async def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    """With its append-only file, private to this user."""
    server = EmbeddedValkey(tmp_path / "data")
    await server.start()
    assert await answers(server)
    async with client_of(server) as client:
        assert await client.config_get("appendfsync") == {b"appendfsync": b"always"} or await client.config_get(
            "appendfsync"
        ) == {"appendfsync": "always"}
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    await server.stop()
    assert not await answers(server)
    await server.stop()


async def test_a_second_process_attaches_and_the_last_one_shuts_it_down(tmp_path: Path) -> None:
    """The process that started the server may leave first; what it wrote is there for the others."""
    server = EmbeddedValkey(tmp_path)
    async with another_process(tmp_path):
        await server.start()
        async with client_of(server) as client:
            await client.set("kept", "yes")
    assert await answers(server), "we are still here"
    async with client_of(server) as client:
        assert await client.get("kept") == b"yes"
    await server.stop()
    assert not await answers(server)


async def test_a_killed_process_leaves_the_store_to_the_next(tmp_path: Path) -> None:
    """kill -9 takes its lock along: the next process attaches, and being the last shuts the server down."""
    server = EmbeddedValkey(tmp_path)
    async with another_process(tmp_path) as process:
        async with client_of(server) as client:
            await client.set("kept", "yes")
        process.kill()
        await process.wait()
    await server.start()
    async with client_of(server) as client:
        assert await client.get("kept") == b"yes"
    await server.stop()
    assert not await answers(server)


async def test_what_was_stored_survives_a_kill_of_the_server(tmp_path: Path) -> None:
    """The write was on disk before it was answered: after kill -9 of the server itself it is read back."""
    server = EmbeddedValkey(tmp_path)
    await server.start()
    async with client_of(server) as client:
        about = await client.info("server")
        await client.set("kept", "yes")
    os.kill(int(about["process_id"]), signal.SIGKILL)
    again = EmbeddedValkey(tmp_path)
    deadline = asyncio.get_running_loop().time() + 5
    while await answers(server):
        assert asyncio.get_running_loop().time() < deadline
    await server.stop()
    await again.start()
    async with client_of(again) as client:
        assert await client.get("kept") == b"yes"
    await again.stop()


async def test_a_server_that_is_killed_under_us_comes_back(tmp_path: Path) -> None:
    """Nobody has to restart FixLoop because the kernel took its store: it is there again, with everything in it."""
    server = EmbeddedValkey(tmp_path)
    await server.start()
    keeping = asyncio.create_task(server.keep(), name="keeper")
    async with client_of(server) as client:
        about = await client.info("server")
        await client.set("kept", "yes")
    os.kill(int(about["process_id"]), signal.SIGKILL)
    async with asyncio.timeout(20):
        while not await is_another(server, int(about["process_id"])):
            await asyncio.sleep(0.02)
    async with client_of(server) as client:
        assert await client.get("kept") == b"yes"
    keeping.cancel()
    await asyncio.wait({keeping})
    await server.stop()
    assert not await answers(server)


async def test_a_server_that_does_not_answer_gets_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen, or its socket gone: as long as it lives, its file is its own. Two servers on one file would ruin it."""
    monkeypatch.setattr("fixloop_bot.adapters.redis.server.START_TIMEOUT_S", 0.5)
    server = EmbeddedValkey(tmp_path)
    await server.start()
    async with client_of(server) as client:
        about = await client.info("server")
    socket = Path(server.url.removeprefix("unix://"))
    socket.rename(socket.with_suffix(".gone"))
    with pytest.raises(StoreUnavailable):
        await EmbeddedValkey(tmp_path).start()
    socket.with_suffix(".gone").rename(socket)
    assert not await is_another(server, int(about["process_id"]))
    await server.stop()
    assert not await answers(server)


async def is_another(server: EmbeddedValkey, old: int) -> bool:
    """Whether a server with another process id answers."""
    try:
        async with client_of(server) as client:
            return int((await client.info("server"))["process_id"]) != old
    except (RedisError, OSError):
        return False


async def test_a_long_data_directory_works(tmp_path: Path) -> None:
    """Sockets have short paths; the data still lies where it was asked for."""
    long = tmp_path / ("a" * 60) / ("b" * 60)
    server = EmbeddedValkey(long)
    await server.start()
    assert len(server.url.removeprefix("unix://")) <= LONGEST_SOCKET_PATH
    assert (long / "appendonlydir").exists()
    await server.stop()


def folder_of(server: EmbeddedValkey) -> Path:
    return Path(server.url.removeprefix("unix://")).parent


async def test_the_last_to_leave_a_long_data_directory_leaves_nothing_in_tmp(tmp_path: Path) -> None:
    """The socket's folder stays while anybody uses the server, and is gone with the last, whoever started it."""
    long = tmp_path / ("a" * 60) / ("b" * 60)
    server = EmbeddedValkey(long)
    assert not folder_of(server).exists(), "to know where it would be makes nothing"
    async with another_process(long):
        await server.start()
        await server.stop()
        assert folder_of(server).is_dir()
        assert await answers(server), "the other one is still there"
    assert not folder_of(server).exists()


async def test_what_a_kill_leaves_in_tmp_is_the_next_starts(tmp_path: Path) -> None:
    """Process and server killed: the next start uses their folder, and removes it when it stops."""
    long = tmp_path / ("a" * 60) / ("b" * 60)
    server = EmbeddedValkey(long)
    async with another_process(long) as process:
        async with client_of(server) as client:
            about = await client.info("server")
        process.kill()
        await process.wait()
    os.kill(int(about["process_id"]), signal.SIGKILL)
    assert folder_of(server).is_dir()
    await server.start()
    assert await is_another(server, int(about["process_id"]))
    await server.stop()
    assert not folder_of(server).exists()


async def test_a_start_that_fails_leaves_nothing_in_tmp(tmp_path: Path) -> None:
    """The folder was made for a server that has ended at once."""
    long = tmp_path / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    (long / "appendonlydir").write_text("not a directory")
    server = EmbeddedValkey(long)
    with pytest.raises(StoreUnavailable, match="did not start"):
        await server.start()
    assert not folder_of(server).exists()


async def test_a_folder_in_tmp_that_is_no_folder_of_ours_is_not_used(tmp_path: Path) -> None:
    """Its name can be guessed: who leads it elsewhere would answer in the store's stead."""
    server = EmbeddedValkey(tmp_path / ("a" * 60) / ("b" * 60))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "valkey.sock").touch()
    folder_of(server).symlink_to(tmp_path / "theirs")
    try:
        with pytest.raises(StoreUnavailable, match="somebody else's: set FIXLOOP_DATA_DIR to a shorter path"):
            await server.start()
        assert [file.name for file in (tmp_path / "theirs").iterdir()] == ["valkey.sock"]
    finally:
        folder_of(server).unlink(missing_ok=True)


@pytest.mark.parametrize("below", [".", "store"])
async def test_a_data_directory_that_is_a_file_is_called_so(tmp_path: Path, below: str) -> None:
    """Itself, or one above it; with what to do."""
    file = tmp_path / "fixloop"
    file.write_text("notes")
    with pytest.raises(StoreUnavailable, match=rf"{file} is a file, not a directory: set it to a directory"):
        await EmbeddedValkey(file / below).start()
    assert file.read_text() == "notes"


async def test_ten_at_once_start_one(tmp_path: Path) -> None:
    """Whoever comes second waits for the first one's server instead of starting another on the same file."""
    servers = [EmbeddedValkey(tmp_path) for _ in range(10)]
    await asyncio.gather(*(server.start() for server in servers))
    assert sum(server._process is not None for server in servers) == 1
    await asyncio.gather(*(server.stop() for server in servers if server._process is None))
    assert await answers(servers[0]), "the one that started it is still there"
    await asyncio.gather(*(server.stop() for server in servers))
    assert not await answers(servers[0])


async def test_a_server_that_cannot_start_is_named(tmp_path: Path) -> None:
    """One sentence that says where to look, and no waiting for the time-out."""
    (tmp_path / "appendonlydir").write_text("not a directory")
    server = EmbeddedValkey(tmp_path)
    with pytest.raises(StoreUnavailable, match=r"did not start; .*valkey\.log says why"):
        await server.start()
    await server.stop()
