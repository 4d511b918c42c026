"""Filling a request's variables: ``{{name}}`` from inputs and captures, ``${NAME}`` from secrets, in one pass.

One pass, so that a value which looks like a variable stays text: an answer that says ``${TOKEN}`` never
becomes the token. Each value is written in the language of its place (percent-encoded in an address, escaped
in JSON), so that it can only be data there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import Request

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WHOLE_STRING = re.compile(r'"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}"')
_SECRET = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
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

    def value(self, name: str) -> object:
        """An input or capture; raises Unfilled."""
        if name not in self.named:
            raise Unfilled(f"{{{{{name}}}}} is neither an input nor captured before")
        return self.named[name]

    def _text(self, found: re.Match[str]) -> str:
        if found[1] is not None:
            return as_text(self.value(found[1]))
        secret = self.secrets.get(found[2])
        if secret is None:
            raise Unfilled(f"the secret {found[2]} has no value here")
        return secret


def as_text(value: object) -> str:
    """A value as it is written inside other text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def uses_secret(request: Request) -> bool:
    """Whether anything of the request is filled from a secret."""
    texts = (
        request.path,
        request.json_body or "",
        request.body or "",
        *(value for _, value in request.headers),
    )
    return any(_SECRET.search(text) for text in texts)


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
    form = any(name == "content-type" and value.lower().startswith(_FORM) for name, value in headers)
    return values.fill(request.body, quote_plus if form else str).encode(), "text/plain; charset=utf-8"


def _json(template: str, values: Values) -> str:
    """JSON text; a string that is one variable takes the value with its type, so that ``"{{qty}}"`` becomes ``2``."""
    if "{{" not in template and "${" not in template:
        return template
    parts = _WHOLE_STRING.split(template)
    filled = [
        json.dumps(values.value(part)) if index % 2 else values.fill(part, _escaped) for index, part in enumerate(parts)
    ]
    return "".join(filled)


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]
