"""Masking: what must never reach the model, a log, the evidence or Slack.

Two layers. Values that are *known* to be secret (the catalog's) are found in every form in which they travel; values
that *look* secret are found by shape. Each becomes a named placeholder, so that a reader still sees what stood there.

All patterns run under RE2, on bytes: the time is linear in the text whatever the text is. A mask that hides too much
costs a detail; one that hides too little costs a key. So doubtful cases are masked, except those named beside them.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

import re2

from fixloop_bot.domain import token_formats

LIMIT = 300_000
"""Characters that are looked at; what comes after is left out, and a note says so."""
OVERLAP = 8_192
"""Characters beyond LIMIT that are masked and then dropped, so that a secret on the edge is not left as a stump."""
SHORTEST_KNOWN_SECRET = 4
"""A shorter value occurs in any text by chance; masking it would shred the text and, by the holes, tell the value."""

SECRET, TOKEN, E_MAIL, CARD, PRIVATE_KEY = "‹secret›", "‹token›", "‹e-mail›", "‹card›", "‹private key›"
_OPENING, _COVER = "‹".encode(), TOKEN.encode()
LEFT_OUT = "… ‹rest left out›"


Detector = Callable[[bytes], Sequence[tuple[int, int]]]
"""A detector beside the patterns below: UTF-8 → where secrets stand in it, as (first byte, byte after the last)."""


def mask(text: str, secrets: Sequence[str] = (), *, detect: Detector | None = None) -> str:
    """``text`` with everything secret replaced by placeholders such as ``‹token›``.

    ``secrets`` are values known to be secret; they are masked as they are and URL-encoded, base64 (at any alignment),
    JSON- and HTML-escaped. ``detect`` looks at what the patterns have left; it is for text that goes to the model or
    to people. Text beyond LIMIT characters is left out. Never raises; a placeholder is not masked again.
    """
    if len(text) > LIMIT:
        return _masked(text[: LIMIT + OVERLAP], secrets, detect)[:-OVERLAP] + LEFT_OUT
    return _masked(text, secrets, detect)


def _masked(text: str, secrets: Sequence[str], detect: Detector | None) -> str:
    for form in _forms_of_all(tuple(secrets)):
        text = text.replace(form, SECRET)
    raw = text.encode("utf-8", "replace")
    lower = raw.lower()
    for shape in _SHAPES:
        if shape.hint in lower:
            raw = shape.apply(raw)
    shown = raw.decode("utf-8", "replace")
    return shown if detect is None else _covered(shown, detect)


def _covered(text: str, detect: Detector) -> str:
    """What the detector found, under placeholders; where one stands already, there is nothing left to cover."""
    raw, parts, at = text.encode(), [], 0
    for start, end in sorted(detect(raw)):
        if start >= at and _OPENING not in raw[start:end]:
            parts += [raw[at:start], _COVER]
            at = end
    return b"".join([*parts, raw[at:]]).decode("utf-8", "replace")


# ── known values ──────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=64)
def _forms_of_all(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Longest first, so that a secret that contains another one is masked whole."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_KNOWN_SECRET for form in disguises(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def disguises(secret: str) -> Iterator[str]:
    """A secret as it is and as it travels: URL-encoded, JSON- and HTML-escaped, in base64 at any alignment."""
    yield secret
    raw = secret.encode("utf-8", "replace")
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield encoded
        yield _lower_hex(encoded)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield from _base64_forms(raw)


def _lower_hex(encoded: str) -> str:
    """``%2F`` as ``%2f``: both are legal."""
    parts = encoded.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The value on its own, and inside longer encoded text (``user:value``), where it starts at one of three offsets.

    Inside, the first and the last character may also hold bits of the neighbours, and are left out.
    """
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for offset in range(3):
            encoded = encode(b"\0" * offset + raw).decode()
            first, last = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
            if last - first >= 6:
                yield encoded[first:last]


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_Replace = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class _Shape:
    """One pattern; ``replace`` gets RE2's match over bytes (group 1: what stands before) and says what to put there.

    ``hint`` is lower-case text without which the pattern cannot match: most texts are spared most patterns.
    """

    pattern: Any
    replace: _Replace
    hint: bytes = b""

    def apply(self, raw: bytes) -> bytes:
        masked: bytes = self.pattern.sub(self.replace, raw)
        return masked


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_nl = False
    options.log_errors = False
    return re2.compile(pattern.encode("latin-1"), options)


def _shape(pattern: str, placeholder: str, hint: str = "") -> _Shape:
    """Replace the match; the pattern's first group stands before the secret and is kept, the second one after it."""
    compiled = _compiled(pattern)
    hidden = placeholder.encode()

    def replace(match: Any) -> bytes:
        before, after = (*match.groups(default=b""), b"", b"")[:2]
        return bytes(before) + hidden + bytes(after)

    return _Shape(compiled, replace, hint.encode())


_PLAIN_WORDS = frozenset(
    {
        *(b"expired", b"invalid", b"missing", b"required", b"null", b"none", b"nil", b"true", b"false", b"incorrect"),
        *(
            b"wrong",
            b"empty",
            b"rejected",
            b"refused",
            b"revoked",
            b"not",
            b"is",
            b"was",
            b"has",
            b"for",
            b"and",
            b"or",
        ),
        *(b"the", b"a", b"an", b"of", b"from", b"in", b"to", b"must", b"could", b"cannot", b"failed", b"failure"),
        *(b"error", b"errors", b"undefined", b"unknown"),
    }
)
"""After ``token:`` and a space, these continue a sentence and are no token."""


def _is_placeholder(value: bytes) -> bool:
    """Already masked, empty, or a reference such as ``${TOKEN}`` that names a secret without holding it."""
    bare = value.strip(b"\"'\\")
    start, end = "‹".encode(), "›".encode()
    masked = bare.startswith(start) and bare.endswith(end) and bare.count(end) == 1
    reference = bare.startswith(b"${") and bare.endswith(b"}") and bare.count(b"$") == 1
    return masked or reference or not bare


def _assigned(match: Any) -> bytes:
    """``password: hunter2`` is masked; ``invalid token: expired`` is a sentence and is kept."""
    before, value = bytes(match.group(1)), bytes(match.group(2))
    sentence = before.rstrip(b" \t").endswith(b":") and value.lower().strip(b".!") in _PLAIN_WORDS
    if sentence or _is_placeholder(value):
        return before + value
    opening = value[: len(value) - len(value.lstrip(b"\\\"'"))]
    closing = value[len(value.rstrip(b"\\\"'")) :] if len(opening) < len(value) else b""
    return before + opening + SECRET.encode() + closing


def _credential(match: Any) -> bytes:
    """``Bearer abc123…`` is masked; ``basic authentication`` is English and is kept."""
    before, value = bytes(match.group(1)), bytes(match.group(2))
    english = len(value) < 20 and value.isalpha() and value[1:].islower()
    return before + (value if english else TOKEN.encode())


def _header(match: Any) -> bytes:
    before, value = bytes(match.group(1)), bytes(match.group(2))
    words = value.split()
    if words and _is_placeholder(words[-1]):
        return before + value
    return before + TOKEN.encode()


def _cards(match: Any) -> bytes:
    """A run of digit groups, some of which may form a card number; digits after a point are a fraction, and those
    inside of a trace id, a hash or a UUID are a part of it."""
    before, run, after = (bytes(group or b"") for group in match.groups())
    if before == b"." or (before + after and _IDENTIFIER.fullmatch(before + run + after)):
        return before + run + after
    pieces = _PIECES.findall(run)
    groups, shown, at = pieces[::2], bytearray(), 0
    while at < len(groups):
        size = _card_size(groups, at)
        shown += CARD.encode() if size else groups[at]
        at += size or 1
        if at < len(groups):
            shown += pieces[2 * at - 1]
    return before + bytes(shown) + after


def _card_size(groups: list[bytes], start: int) -> int:
    """How many groups from ``start`` on form a card number of 13 to 19 digits (the longest such); 0: none."""
    digits, best = b"", 0
    if not _issued(groups[start]):
        return 0
    for count, group in enumerate(groups[start : start + 9], start=1):
        if len(digits) + len(group) > 19:
            break
        digits += group
        if len(digits) >= 13 and _luhn(digits):
            best = count
    return best


def _issued(digits: bytes) -> bool:
    """Whether an issuer's range may start so. Dates and epoch times (1…, 20…) do not."""
    return digits[:1] in (b"3", b"4", b"5", b"6") or b"22" <= digits[:2] <= b"27"


def _luhn(digits: bytes) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, digit sums added, divisible by ten."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        digit = char - 48
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_IDENTIFIER = _compiled(r"[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PIECES = _compiled(r"[0-9]+|[ -]")

_QUOTE = r"""(?:\\*["'])?"""
_VALUE = (
    r"""(?:\\+["'][^"'\\\r\n]*(?:\\+["'])?|"(?:[^"\\\r\n]|\\.)*"?|'[^'\r\n]*'?|\$\{\w+\}"""
    r"""|[^\s"'&,;<>)\]}]+)"""
)
_NAMES_OF_SECRETS = (
    r"pass(?:word|wd|phrase|code)|\bpwd|\bpin|\botp|\bsig|secret"
    r"|(?:secret|private|access|account|shared|encryption|signing|master|api|app(?:lication)?)[-_ ]?key"
    r"|token|session[-_]?id|sessid|signature|credentials?"
)
_LATIN = r"(?:[\w.+%'-]|[\xc3-\xdf][\x80-\xbf])"  # ASCII, or a letter that takes two bytes of UTF-8

_DATABASES = (
    r"postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|oracle|clickhouse|ldaps?|smtps?|ftps?|kafka"
    r"|nats|cassandra"
)
_SHAPES: tuple[_Shape, ...] = (
    _shape(
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        PRIVATE_KEY,
        "private key",
    ),
    # Connection strings: of a database the password may hold anything; elsewhere a path may hold an @.
    _shape(rf"(?i)(\b(?:{_DATABASES})(?:\+\w+)*://[^\s:/@\"'<>]*:)[^\s\"'<>]+(@)", SECRET, "://"),
    _shape(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@\"'<>]*:)[^\s/@\"'<>]+(@)", SECRET, "://"),
    _shape(r"(?i)(\bhttps?://)[^\s:/@\"'<>?#]+(@)", SECRET, "://"),
    _Shape(
        _compiled(
            rf"(?i)(\b(?:proxy-)?authorization{_QUOTE}\s*[:=]\s*{_QUOTE}\s*)"
            r"((?:digest|hawk|oauth|aws4-[\w-]+)[ \t][^\r\n]+"
            r"|(?:bearer|basic|token|negotiate|apikey|key|ntlm)[ \t]+[^\s\"',\\]+|[^\s\"',\\]+)"
        ),
        _header,
        b"authorization",
    ),
    _Shape(
        _compiled(
            r"(?i)(\b(?:set-)?cookies?[\"']?\s*[:=]\s*)"
            r"(\\+\"[^\"\\\r\n]*|\"(?:[^\"\\\r\n]|\\.)*\"?|[^\s\"'][^\r\n']*)"
        ),
        _assigned,
        b"cookie",
    ),
    _shape(r"(\bhooks\.slack\.com/(?:services|workflows|triggers)/)[\w/+-]+", TOKEN, "hooks.slack"),
    _shape(token_formats.ANY, TOKEN),
    _Shape(_compiled(rf"(?i)([\w.-]*(?:{_NAMES_OF_SECRETS}){_QUOTE}\s*[:=]>?\s*)({_VALUE})"), _assigned),
    _Shape(_compiled(r"(?i)(\b(?:bearer|basic)\s+)([\w.~+/=-]{8,})"), _credential),
    _shape(rf"{_LATIN}+@(?:[\w-]|[\xc3-\xdf][\x80-\xbf])+(?:\.[\w-]+)*\.[A-Za-z]{{2,}}", E_MAIL, "@"),
    _Shape(_compiled(r"([0-9a-fA-F-]*[a-fA-F]-?|\.)?([0-9](?:[ -]?[0-9]){12,})(-?[a-fA-F][0-9a-fA-F-]*)?"), _cards),
)
