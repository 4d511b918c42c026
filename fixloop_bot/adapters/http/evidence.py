"""What of a request and its answer may be kept and shown: with secrets as variables, short, and text only."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from fixloop_bot.domain.addresses import Target
from fixloop_bot.domain.filling import FilledRequest
from fixloop_bot.domain.redaction import SHORTEST_KNOWN_SECRET, disguises, mask
from fixloop_bot.domain.samples import AssertionResult, Fault, Response

EXCERPT = 500
LOOKED_AT = 4_000  # characters of a body that are searched for the shapes of secrets, after the known are gone
LONGEST_BODY_IN_CURL = 2_000
CUT_AT = 16_384  # characters of a text that are searched for known secrets
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_NOTHING = re.compile(r"(?!)")
_TEXTUAL = re.compile(r"text/|[/+]json\b|[/+]xml\b|javascript|x-www-form-urlencoded|x-ndjson|yaml|graphql")
_REPLICA_HEADERS = {"x-replica": 0, "x-served-by": 1, "x-backend-server": 2}  # in the order of their worth


class Veil:
    """Hides the values of a service's secrets; where one stood, ``${NAME}`` is read."""

    def __init__(self, secrets: Mapping[str, str | None]) -> None:
        known = {name: value for name, value in secrets.items() if value and len(value) >= SHORTEST_KNOWN_SECRET}
        self._names = {form: name for name, value in known.items() for form in disguises(value)}
        self.values = tuple(known.values())
        longest_first = sorted(self._names, key=lambda form: -len(form))
        self._longest = max([1, *map(len, self._names)])
        self._found = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")") if known else _NOTHING

    def cover(self, text: str) -> str:
        """The text with known secrets as variables: for what FixLoop itself has written."""
        return self._found.sub(lambda found: f"${{{self._names[found[0]]}}}", text)

    def shown(self, text: str, longest: int) -> str:
        """Text from outside, safe to show: no control characters, known secrets and what looks like one masked, cut."""
        # Control characters go first: taken out later, they could join the halves of a secret.
        # A secret that the first cut goes through is no longer known, hence the end that is left out.
        covered = self.cover(_CONTROL.sub("", text[:CUT_AT]))
        if len(text) > CUT_AT:
            covered = covered[: -self._longest]
        return mask(covered[:LOOKED_AT], self.values)[:longest]

    def result(self, result: AssertionResult) -> AssertionResult:
        return dataclasses.replace(
            result,
            seen=self.shown(result.seen, EXCERPT),
            expected=self.cover(result.expected),
            subject=self.cover(result.subject),
            source=self.cover(result.source),
        )

    def quoted(self, text: str) -> str:
        """Shell-quoted; where a known secret stood its variable is left for the shell to fill, and nothing else is."""
        pieces = enumerate(self._found.split(text))
        return "".join(f'"${self._names[piece]}"' if index % 2 else _single(piece) for index, piece in pieces) or "''"

    def quoted_header(self, name: str, value: str) -> str:
        """As ``quoted``; a value without a known secret may still be one, such as a token that a journey was given."""
        line = f"{name}: {value}"
        return self.quoted(line if self._found.search(line) else mask(line))

    def fault(self, fault: Fault) -> Fault:
        return dataclasses.replace(fault, detail=self.cover(fault.detail))


def excerpt(response: Response, veil: Veil) -> str:
    """The start of a textual body, at most 500 characters."""
    kind = response.header("content-type") or "text/plain"
    if not _TEXTUAL.search(kind.lower()) or b"\0" in response.body:
        return ""
    return veil.shown(response.body.decode("utf-8", "replace"), EXCERPT)


def named_replica(response: Response, veil: Veil) -> str | None:
    """The replica that answered, if it said so."""
    said = [(_REPLICA_HEADERS[name], value) for name, value in response.headers if name in _REPLICA_HEADERS and value]
    return veil.shown(min(said, key=lambda each: each[0])[1], 60) if said else None


def curl(filled: FilledRequest, target: Target, veil: Veil) -> str:
    """A shell line that repeats the request; secrets are shell variables, to be set by whoever runs it."""
    how = {"GET": "", "HEAD": " -I"}.get(filled.method, f" -X {filled.method}")
    globs = " -g" if "[" in target.url else ""
    parts = [f"curl -sS{how}{globs} {veil.quoted(target.url)}"]
    parts.extend(f"-H {veil.quoted_header(name, value)}" for name, value in filled.headers)
    parts.extend(_body_option(filled.body, veil))
    return " ".join(parts)


def _body_option(body: bytes | None, veil: Veil) -> Iterable[str]:
    if body is None:
        return
    text = _CONTROL.sub("", body.decode("utf-8", "replace"))
    if len(text) > LONGEST_BODY_IN_CURL:
        yield f"-d @body  # a body of {len(text):,} characters, left out here"
    else:
        yield f"{'--data-raw' if text.startswith('@') else '-d'} {veil.quoted(text)}"


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'" if text else ""
