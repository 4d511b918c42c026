"""An answer's body: decoded as it comes in, capped, and never more of it in memory than the cap."""

from __future__ import annotations

import zlib

LARGEST_BODY = 1_000_000  # decoded bytes


class BodyTooLarge(Exception):  # noqa: N818 - said of the answer, not an error of ours
    """The decoded body passed the cap; the rest was not read."""


class BrokenEncoding(Exception):  # noqa: N818 - said of the answer
    """The body is not what its Content-Encoding says."""


class BodyCutOff(Exception):  # noqa: N818 - said of the answer
    """The compressed body ends too early."""


class Body:
    """Collects chunks. Decoding is done piece by piece, so that a small bomb is stopped at the cap, before it bursts.

    ``encoding`` is the Content-Encoding; one that was not asked for leaves the bytes as they came.
    """

    __slots__ = ("_decode", "_decoded", "_left", "_limit", "pieces", "received")

    def __init__(self, encoding: str = "", limit: int = LARGEST_BODY) -> None:
        self._decode = _decoder(encoding.strip().lower()) if encoding else None
        self._limit = self._left = limit
        self._decoded: bytes | bytearray = b""
        self.received = self.pieces = 0  # bytes as they came, and in how many pieces

    def add(self, chunk: bytes) -> None:
        """Take the next bytes as received; raises BodyTooLarge or BrokenEncoding."""
        self.received += len(chunk)
        part = chunk if self._decode is None else self._decode(chunk, self._left + 1)
        self._left -= len(part)
        if not self.pieces:
            self._decoded = part
        else:  # a list of very many pieces would take a hundred times their room
            if self.pieces == 1:
                self._decoded = bytearray(self._decoded)
            self._decoded += part
        self.pieces += 1
        if self._left < 0 or self.received > self._limit:
            raise BodyTooLarge

    def end(self) -> bytes:
        """The decoded body; raises BodyCutOff. No bytes at all are an empty body, whatever its encoding."""
        if self._decode is not None and self.received and not self._decode.finished:
            raise BodyCutOff
        return bytes(self._decoded)


class _Inflate:
    """gzip, or deflate with or without its zlib wrapper (servers send both). What follows the end is ignored, as
    browsers do; zlib, which would keep a copy of all of it for each piece, does not see it."""

    def __init__(self, encoding: str) -> None:
        bits = 16 + zlib.MAX_WBITS if encoding.endswith("gzip") else None
        self._inflate = zlib.decompressobj(bits) if bits is not None else None

    @property
    def finished(self) -> bool:
        return self._inflate is not None and self._inflate.eof

    def __call__(self, chunk: bytes, room: int) -> bytes:
        if self.finished:
            return b""
        if self._inflate is None:
            wrapped = chunk[0] & 0x0F == 8
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            return self._inflate.decompress(chunk, room)
        except zlib.error as error:
            raise BrokenEncoding(str(error)) from error


def _decoder(encoding: str) -> _Inflate | None:
    return _Inflate(encoding) if encoding in ("gzip", "x-gzip", "deflate") else None
