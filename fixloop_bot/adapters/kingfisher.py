"""Kingfisher's rules for secrets (hundreds of token formats, with entropy and checksums), as a detector for the mask.

The library is native and works on this machine only: nothing is asked of any network. Its rules take seconds of
processor time to compile, so they are kept in ``cache``; compiling, loading and scanning leave the event loop alone
when they are run in a thread. Once loaded (45 MiB), 4 KB take 0.06 ms and 100 KB 1.2 ms.

Who never asks a question should not pay for the rules' memory, and who asks the first one should not wait for the
compiler. So a worker has a child process fill the cache (``prepare``), and loads the rules with the first question,
which then takes 0.4 s instead of 3.5 s. The library notices a damaged file in the cache, and compiles it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

WINDOW, OVERLAP = 64 * 1024, 4 * 1024
"""Bytes that are scanned at once: some rules take more than linear time. No secret is longer than the overlap."""
DEADLINE_S = 120.0
"""A machine that is busy takes its time: the compiler goes last, by its priority."""
LAST = 19
SHORTEST = 12
"""Shorter text holds no token that a rule would know."""

Span = tuple[int, int]


class Kingfisher:
    """Implements ``redaction.Detector``. The rules are loaded at the first call, or by ``load``; any thread may call.

    ``cache`` is a folder for the compiled rules, made if need be, and private to this user; None: no file is written.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._scanner: Any = None

    def load(self) -> None:
        """Load the rules: 0.4 s, or about 4 s of one core where they are not in the cache. Blocks.

        Raises whatever the library raises.
        """
        self._loaded()

    def __call__(self, raw: bytes) -> list[Span]:
        """Where secrets stand in UTF-8 text, sorted, none within another. Never raises: what fails finds nothing."""
        if len(raw) < SHORTEST:
            return []
        try:
            scanner = self._loaded()
            clean = raw.replace(b"\0", b" ")  # else it takes the text for another encoding
            texts = (clean, _without_punctuation(clean))
            return _merged(
                span for text in texts for at, window in _windows(text) for span in _spans(scanner, at, window)
            )
        except Exception as error:  # noqa: BLE001 - native code; the mask's own patterns have done their part
            log.warning("the secret detector failed (%s); the own patterns stand alone", type(error).__name__)
            return []

    def _loaded(self) -> Any:
        with self._lock:
            if self._scanner is None:
                self._scanner = self._load()
            return self._scanner

    def _load(self) -> Any:
        from kingfisher_sdk import Rules, Scanner

        if self._cache is None:
            return Scanner(rules=Rules(cache=False))
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Scanner(rules=Rules(cache_dir=self._cache))


async def prepare(cache: Path) -> None:
    """Have the rules compiled into ``cache`` by a process that goes last and ends, unless this version's are there.

    Never raises: without it the first question waits for that. Cancelled, it ends the process.
    """
    try:
        if _note(cache).exists():
            return
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, str(cache)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError as error:
        log.info("the secret detector's rules are compiled with the first question (%s)", error.strerror)
        return
    try:
        async with asyncio.timeout(DEADLINE_S):
            failed = await child.wait()
    except TimeoutError:
        failed = -1
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if failed:
        log.info("the secret detector's rules are compiled with the first question (exit %d)", failed)


def _note(cache: Path) -> Path:
    """The empty file that says that this version's rules are compiled."""
    return cache / f"compiled-{version('kingfisher-secret-scanner')}"


def main() -> None:
    """The child process: compile, and say so."""
    if hasattr(os, "nice"):
        os.nice(LAST)
    cache = Path(sys.argv[1])
    Kingfisher(cache).load()
    _note(cache).touch(mode=0o600)


_PUNCTUATION = bytes.maketrans(b"()<>[]{},;:!?|", b" " * 14)
_FULL_STOP = re.compile(rb"\.(?=\s|$)")


def _without_punctuation(raw: bytes) -> bytes:
    """The text with blanks for what ends a phrase, byte for byte: before it, no rule would know a secret's end."""
    return _FULL_STOP.sub(b" ", raw.translate(_PUNCTUATION))


def _windows(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Pieces that overlap, and where they begin."""
    for start in range(0, max(len(raw) - OVERLAP, 1), WINDOW - OVERLAP):
        yield start, raw[start : start + WINDOW]


def _spans(scanner: Any, at: int, window: bytes) -> Iterator[Span]:
    """A finding that is not ``visible`` is only a part of another one, such as an account's name."""
    for finding in scanner.scan(window):
        if finding.visible:
            place = finding.location
            yield at + place["start_offset"], at + place["end_offset"]


def _merged(spans: Iterator[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif end > start:
            merged.append((start, end))
    return merged


if __name__ == "__main__":
    main()
