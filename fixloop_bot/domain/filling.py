"""Filling a request's variables: ``{{name}}`` from inputs and captures, ``${NAME}`` from secrets, in one pass.

One pass, so that a value which looks like a variable stays text: an answer that says ``${TOKEN}`` never
becomes the token. Each value is written in the language of its place (percent-encoded in an address, escaped
in JSON), so that it can only be data there.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import Request

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WHOLE_STRING = re.compile(r'"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}"')
_STRING = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))', re.DOTALL)  # one that never ends, to the end
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FORM = "application/x-www-form-urlencoded"


class Unfilled(BadInput):
    """A variable has no value here; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRequest:
    """A request with its values, secrets included: never to be shown. Header names are lower-case."""

    method: str
    where: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Values:
    """What may be filled in: names of inputs and captures, and the service's secrets (None: not set here)."""

    named: Mapping[str, object]
    secrets: Mapping[str, str | None]

    def fill(self, template: str, write: Callable[[str], str]) -> str:
        """The template with every variable replaced by its written value; raises Unfilled."""
        if "{" not in template:
            return template
        return _VARIABLE.sub(lambda found: write(self._text(found)), template)

    def fill_json(self, template: str) -> str:
        """The same outside a JSON string: each value as JSON, a text in its quotes; raises Unfilled."""
        return _VARIABLE.sub(lambda found: _as_json(self._of(found)), template) if "{" in template else template

    def value(self, name: str) -> object:
        """An input or capture; raises Unfilled."""
        if name not in self.named:
            raise Unfilled(f"{{{{{name}}}}} is neither an input nor captured before")
        return self.named[name]

    def _text(self, found: re.Match[str]) -> str:
        return as_text(self._of(found))

    def _of(self, found: re.Match[str]) -> object:
        if found[1] is not None:
            return self.value(found[1])
        secret = self.secrets.get(found[2])
        if secret is None:
            raise Unfilled(f"the secret {found[2]} has no value here")
        return secret


def as_text(value: object) -> str:
    """A value as it is written inside other text: strings as they are, everything else as JSON; raises Unfilled."""
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: object) -> str:
    """Raises Unfilled for what JSON cannot say, and for what is nested so deeply that nobody could read it."""
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        raise Unfilled("a value is nested too deeply, or cannot be written as JSON") from None


def uses_secret(request: Request) -> bool:
    """Whether anything of the request is filled from a secret."""
    return bool(secrets_of(request))


def secrets_of(request: Request) -> frozenset[str]:
    """The names of the secrets that the request is filled from."""
    texts = (
        request.path,
        request.json_body or "",
        request.body or "",
        *(value for _, value in request.headers),
    )
    return frozenset(name for text in texts for name in _SECRET.findall(text))


def fill_request(request: Request, values: Values) -> FilledRequest:
    """The request as it will be sent; raises Unfilled. An address that begins with a variable takes it as it is."""
    headers = tuple((name.lower(), values.fill(value, str)) for name, value in request.headers)
    body, kind = _body(request, headers, values)
    if body is not None and not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", kind))
    return FilledRequest(method=request.method, where=_address(request.path, values), headers=headers, body=body)


def _address(template: str, values: Values) -> str:
    leading = _VARIABLE.match(template)
    if leading is None or leading[1] is None:
        return values.fill(template, _encoded)
    return as_text(values.value(leading[1])) + values.fill(template[leading.end() :], _encoded)


def _encoded(text: str) -> str:
    return quote(text, safe="")


def _body(request: Request, headers: tuple[tuple[str, str], ...], values: Values) -> tuple[bytes | None, str]:
    if request.json_body is not None:
        return _json(request.json_body, values).encode(), "application/json"
    if request.body is None:
        return None, ""
    kind = dict(headers).get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return _filled_json(request.body, values, typed=False).encode(), ""
    return values.fill(request.body, _writer(kind)).encode(), "text/plain; charset=utf-8"


def _writer(kind: str) -> Callable[[str], str]:
    """How a value is written into a body of this media type."""
    if kind == _FORM:
        return quote_plus
    if kind.endswith(("/xml", "+xml", "/html")):
        return lambda text: html.escape(_plain(text))
    if kind.startswith("multipart/"):
        return lambda text: _plain(text, but="\n")
    return _plain


def _plain(text: str, *, but: str = "") -> str:
    """A value inside plain text; raises Unfilled for control characters other than tab and line feed."""
    if _CONTROL.search(text) or (but and but in text):
        raise Unfilled("a value has a control character, which a plain body may not take from it")
    return text


def _json(template: str, values: Values) -> str:
    """JSON text; a string that is one variable takes the value with its type, so that ``"{{qty}}"`` becomes ``2``."""
    return _filled_json(template, values, typed=True)


def _filled_json(template: str, values: Values, *, typed: bool) -> str:
    """In a string a value stays inside; elsewhere it is a JSON value, so that a text cannot add members."""
    if "{{" not in template and "${" not in template:
        return template
    parts = _STRING.split(template)
    return "".join(
        [
            _filled_string(part, values, typed=typed) if index % 2 else values.fill_json(part)
            for index, part in enumerate(parts)
        ]
    )


def _filled_string(string: str, values: Values, *, typed: bool) -> str:
    whole = _WHOLE_STRING.fullmatch(string) if typed else None
    return values.fill(string, _escaped) if whole is None else _as_json(values.value(whole[1]))


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]
