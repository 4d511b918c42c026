"""Reading an answer's body: decoded, capped, and never more of it in memory than the cap."""

from __future__ import annotations

import zlib

import aiohttp

LARGEST_BODY = 1_000_000  # decoded bytes


class BodyTooLarge(Exception):  # noqa: N818 - said of the answer, not an error of ours
    """The decoded body passed the cap; the rest was not read."""


class BrokenEncoding(Exception):  # noqa: N818 - said of the answer
    """The body is not what its Content-Encoding says."""


async def read_body(response: aiohttp.ClientResponse, limit: int = LARGEST_BODY) -> bytes:
    """The decoded body; raises BodyTooLarge, BrokenEncoding or aiohttp's errors. Never holds more than the limit.

    Decoding is done here and not by aiohttp, so that a small bomb is stopped at the cap, not after it burst.
    """
    if response.method == "HEAD":
        return b""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    decode = _decoder(encoding)
    parts: list[bytes] = []
    received = decoded = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        part = decode(chunk, limit - decoded + 1)
        decoded += len(part)
        parts.append(part)
        if max(received, decoded) > limit:
            raise BodyTooLarge
    if received and not decode.finished:
        raise aiohttp.ClientPayloadError("the compressed body ends too early")
    return b"".join(parts)


class _Plain:
    """No encoding, or one that was not asked for: the bytes as they are."""

    finished = True

    def __call__(self, chunk: bytes, room: int) -> bytes:
        return chunk


class _Inflate:
    """gzip, or deflate with or without its zlib wrapper (servers send both)."""

    def __init__(self, encoding: str) -> None:
        self._bits: int | None = 16 + zlib.MAX_WBITS if encoding.endswith("gzip") else None
        self._inflate = zlib.decompressobj(self._bits) if self._bits is not None else None

    @property
    def finished(self) -> bool:
        return self._inflate is not None and self._inflate.eof

    def __call__(self, chunk: bytes, room: int) -> bytes:
        if self._inflate is None:
            wrapped = chunk[0] & 0x0F == 8
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            return self._inflate.decompress(chunk, room)
        except zlib.error as error:
            raise BrokenEncoding(str(error)) from error


def _decoder(encoding: str) -> _Plain | _Inflate:
    return _Inflate(encoding) if encoding in ("gzip", "x-gzip", "deflate") else _Plain()
