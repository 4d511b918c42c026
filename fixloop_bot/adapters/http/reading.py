"""Reading one HTTP/1.1 answer from its bytes, however they are cut."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httptools

from fixloop_bot.adapters.http.bodies import Body, BodyCutOff, BodyTooLarge, BrokenEncoding

_BODILESS = frozenset({204, 304})
MOST_NAMES, LONGEST_NAME = 500, 60
_NAMES: dict[bytes, str] = {}
LARGEST_HEAD = 65_536  # bytes of a head, those of interim answers (1xx) and trailers included
FRAMING = 16  # bytes around a chunk of a body that count for nothing, its length in all usual ways of writing it


class LostConnection(ConnectionError):  # noqa: N818 - said of the connection
    """The server closed the connection before the answer was whole."""


class MalformedAnswer(Exception):  # noqa: N818 - said of the answer
    """What came is not an HTTP answer; the text is why, or empty."""


@dataclass(slots=True)
class Reply:
    """What has come of an answer; after trouble, how far it got.

    ``status`` is set once the whole head is there; header names are lower-case. ``sent`` and ``received`` are the times
    of the first byte out and the last byte in (``time.perf_counter``).
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = ""
    sent: float | None = None
    received: float | None = None
    lag_ms: float = 0.0

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Reading:
    """Feeds the bytes of one connection to a parser until one answer is whole; then ``done`` has a result.

    ``bodiless``: an answer to HEAD ends with its head. ``reusable`` says afterwards whether the connection may carry
    another request. As lenient as aiohttp with servers that end a line with LF alone.
    """

    __slots__ = (
        "_bodiless",
        "_body",
        "_fed",
        "_head",
        "_headers",
        "_interim",
        "_parser",
        "_spoiled",
        "_whole",
        "done",
        "reply",
        "reusable",
    )

    def __init__(self, reply: Reply, done: asyncio.Future[None], *, bodiless: bool = False) -> None:
        self.reply = reply
        self.done = done
        self.reusable = False
        self._bodiless = bodiless
        self._body = Body()
        self._headers: list[tuple[str, str]] = []
        self._fed = self._head = 0  # bytes as received while the answer was not whole; bytes of its fields
        self._interim = self._whole = self._spoiled = False
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    def feed(self, data: bytes | memoryview) -> None:
        """The next bytes. What follows a whole answer belongs to nobody, and spoils the connection; nonsense in the
        same bytes spoils the answer too, whose length was wrong then."""
        if self.done.done():
            self.reusable = False
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.reusable = False
        except httptools.HttpParserError as error:
            self.reusable = False
            self.fail(MalformedAnswer(str(error)))
        self._settle()
        if not self.done.done():
            self._fed += len(data)
            # Unended fields, trailers and chunk extensions reach no callback: whatever is no body is counted as head.
            self._check_head(self._fed - self._body.received - FRAMING * self._body.pieces)

    @property
    def pieces(self) -> int:
        """How many pieces of the body have been taken."""
        return self._body.pieces

    def end(self, error: Exception | None) -> None:
        """The connection is gone. That ends a body whose length nothing else tells."""
        self.reusable = False
        if error is None and self.reply.status is not None and not self._framed():
            self._complete(reusable=False)
            self._settle()
        else:
            self.fail(error or LostConnection("closed before the answer was whole"))

    def _settle(self) -> None:
        if self._whole and not self.done.done():
            self.done.set_result(None)

    @property
    def _over(self) -> bool:
        return self._whole or self.done.done()

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def time_out(self) -> None:
        self.fail(TimeoutError())

    def close(self) -> None:
        """Nothing more is read. Parser and reading hold each other, which would leave them to the garbage collector."""
        del self._parser

    # ── called by the parser ──

    def on_message_begin(self) -> None:
        self._head += len(b"HTTP/1.1 200 \r\n\r\n")
        if self._whole:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + len(b": \r\n")
        if self.reply.status is not None:
            self._check_head(self._head)  # a trailer, which nobody reads
        elif b"\0" in value:
            self.fail(MalformedAnswer("a header holds a zero byte"))
        elif self._head <= LARGEST_HEAD:
            known = _NAMES.get(name) or _header_name(name)
            self._headers.append((known, value.decode("utf-8", "surrogateescape").strip()))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._interim = 100 <= status <= 199 and status != 101
        if self._interim or status in _BODILESS:
            self._spoiled |= _announces_body(self._headers)
        if self._interim or self._over or not self._check_head(self._head):
            return
        self.reply.status = status
        self.reply.headers = tuple(self._headers)
        encoding = self.reply.header("content-encoding")
        if encoding:
            self._body = Body(encoding)
        if self._bodiless or status == 101:
            self._complete(reusable=status != 101 and self._parser.should_keep_alive())

    def on_body(self, chunk: bytes) -> None:
        if self._over:
            self.reusable = False
            if self._bodiless:
                self.fail(MalformedAnswer("an answer to HEAD has a body"))
            return
        try:
            self._body.add(chunk)
        except (BodyTooLarge, BrokenEncoding) as error:
            self.fail(error)

    def on_message_complete(self) -> None:
        if self._interim:
            self._headers.clear()
        elif not self._over:
            self._complete(reusable=self._parser.should_keep_alive())

    def _complete(self, *, reusable: bool) -> None:
        self.reply.received = time.perf_counter()
        try:
            self.reply.body = self._body.end()
        except BodyCutOff as error:
            self.fail(error)
        else:
            self._whole = True
            self.reusable = reusable and not self._spoiled

    def _check_head(self, size: int) -> bool:
        if size > LARGEST_HEAD:
            self.fail(MalformedAnswer(f"the head of the answer is over {LARGEST_HEAD // 1024} KB"))
        return size <= LARGEST_HEAD

    def _framed(self) -> bool:
        """Whether the answer says where it ends."""
        coding = self.reply.header("transfer-encoding")
        if coding is not None:
            return coding.lower().endswith("chunked")
        return self.reply.header("content-length") is not None


def _announces_body(headers: list[tuple[str, str]]) -> bool:
    """Said of an answer that has no body by its status: what it announces may come yet, and pass for an answer."""
    return any(
        name == "transfer-encoding" or (name == "content-length" and value.strip("0")) for name, value in headers
    )


def _header_name(name: bytes) -> str:
    """A header's name in lower case; the usual ones are remembered."""
    known = name.decode("latin-1").lower()
    if len(_NAMES) < MOST_NAMES and len(name) <= LONGEST_NAME:
        _NAMES[name] = known
    return known
