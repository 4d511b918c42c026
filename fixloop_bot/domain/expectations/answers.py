"""An answer as assertions look at it: parsed at most once, whatever its bytes are."""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import orjson

from fixloop_bot.domain.expectations.effort import Effort
from fixloop_bot.domain.expectations.terms import as_text, found
from fixloop_bot.domain.redaction import SECRET, mask
from fixloop_bot.domain.samples import Response

WIDEST = 120  # characters of a value in Slack
_LOOKED_AT = 4_000  # characters that are masked before they are cut, so that no secret is left as a stump
_LARGE = 32_768  # bytes
_SECRET_NAME = re.compile(r"cookie|authorization|token|secret|passw|api[-_]?key|session|credential", re.IGNORECASE)


class NotJson(Exception):  # noqa: N818 -- a finding about the answer, not an error of the program
    """The body is no JSON document."""


class Answer:
    """A response with its parsed views. None of them raises, but ``document`` with NotJson.

    Made again of the response that was looked at last, it is the same object: an answer is held against its step's
    lines, then against what always holds, then captured from and described, and parsed once.
    """

    __slots__ = ("_content_type", "_document", "_effort", "_found", "_text", "response")

    _last: ClassVar[Answer | None] = None

    response: Response
    _content_type: str | None
    _document: tuple[object] | tuple[()] | None
    _effort: Effort | None
    _found: dict[str, list[object]] | None
    _text: str | None

    def __new__(cls, response: Response) -> Answer:
        last = cls._last
        if last is not None and last.response is response:
            return last
        answer = super().__new__(cls)
        answer.response = response
        answer._content_type = answer._document = answer._text = None
        answer._effort = answer._found = None
        cls._last = answer  # at the end: large answers are made in another thread
        return answer

    def document(self) -> object:
        """The body as JSON; raises NotJson."""
        if self._document is None:
            try:
                self._document = (_parsed(self.response.body.removeprefix(b"\xef\xbb\xbf")),)
            except orjson.JSONDecodeError:
                self._document = ()
        if not self._document:
            raise NotJson
        return self._document[0]

    def found(self, path: str) -> list[object]:
        """What a path finds, looked for once; raises NotJson, TooMuch and RecursionError."""
        if self._found is None:
            self._found = {}
        known = self._found.get(path)
        if known is None:
            if self._effort is None:
                self._effort = Effort()
            known = self._found[path] = found(path, self.document(), self._effort)
        return known

    def spend(self, units: int) -> None:
        """Count work on this answer, all lines together; raises TooMuch."""
        if self._effort is None:
            self._effort = Effort()
        self._effort.spend(units)

    @property
    def most_values(self) -> int:
        """An upper bound of how many values the body as JSON holds, without looking into it."""
        body = self.response.body
        return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")

    @property
    def text(self) -> str:
        """The body as UTF-8; what is not becomes �."""
        if self._text is None:
            self._text = self.response.body.decode("utf-8", "replace")
        return self._text

    @property
    def content_type(self) -> str:
        """``text/html``, without parameters, in lower case; empty if the answer names none."""
        if self._content_type is None:
            self._content_type = (self.header("content-type") or "").split(";")[0].strip().lower()
        return self._content_type

    def header(self, name: str) -> str | None:
        """A header's values, joined as RFC 9110 (5.3) allows; None if it is missing."""
        values = self._values(name.lower())
        return printable(", ".join(values)) if values else None

    def _values(self, name: str) -> list[str]:
        return [value for key, value in self.response.headers if key.lower() == name]

    def cookie(self, name: str) -> str | None:
        """The value that ``Set-Cookie`` gives to a cookie; None if it gives none."""
        for value in self._values("set-cookie"):
            left, equals, right = value.split(";")[0].partition("=")
            if equals and left.strip() == name:
                return printable(right.strip())
        return None

    @property
    def location(self) -> str | None:
        """Where a 3xx sends us; None for any other answer."""
        return self.header("location") if 300 <= self.response.status <= 399 else None

    def sha256(self) -> str:
        return hashlib.sha256(self.response.body).hexdigest()


def _parsed(body: bytes) -> object:
    """Without collections meanwhile: a megabyte of small arrays sets off hundreds, and nothing else runs in between."""
    if len(body) < _LARGE or not gc.isenabled():
        return orjson.loads(body)
    gc.disable()
    try:
        return orjson.loads(body)
    finally:
        gc.enable()


def printable(text: str) -> str:
    """Text without half characters, which RE2 and JSON refuse (headers that are not UTF-8 hold some)."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def shown(value: object, secrets: Sequence[str] = (), *, name: str = "") -> str:
    """A value in at most 120 characters, masked; text whose name says that it is secret is not shown at all."""
    text = f'"{value}"' if isinstance(value, str) else as_text(value)
    if isinstance(value, str | list | dict) and _SECRET_NAME.search(name):
        return f"{SECRET} of {len(text)} characters"
    clean = mask(" ".join(text[:_LOOKED_AT].split()), secrets)
    return clean if len(clean) <= WIDEST else clean[: WIDEST - 1] + "…"


def path_of(url: str) -> tuple[str, str]:
    """Path and query of an absolute or relative address; the text itself where it cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    return parts.path or "/", parts.query
