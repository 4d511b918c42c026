"""Kingfisher's rules for secrets (hundreds of token formats, with entropy and checksums), as a detector for the mask.

The library is native and works on this machine only: nothing is asked of any network. Its rules take seconds of
processor time to compile, so they are kept in ``cache``; compiling, loading and scanning leave the event loop alone
when they are run in a thread. Once loaded (about 50 MiB), 4 KB take 0.06 ms and 100 KB 1.2 ms.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

WINDOW, OVERLAP = 64 * 1024, 4 * 1024
"""Bytes that are scanned at once: some rules take more than linear time. No secret is longer than the overlap."""
SHORTEST = 12
"""Shorter text holds no token that a rule would know."""

Span = tuple[int, int]


class Kingfisher:
    """Implements ``redaction.Detector``. The rules are loaded at the first call, or by ``warm``; any thread may call.

    ``cache`` is a folder for the compiled rules, made if need be, and private to this user; None: no file is written.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._scanner: Any = None

    def warm(self) -> None:
        """Load the rules: 0.4 s, or about 4 s of one core where they are not in the cache; blocks. Never raises."""
        self(b" " * SHORTEST)

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
