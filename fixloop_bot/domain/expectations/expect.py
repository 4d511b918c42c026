"""The language of an ``expect`` line: one claim about one answer.

::

    line       = status | header | cookie | json | schema | shape | body | latency | quantile | size | sha256 | redirect

    status     = "status" ( order CODE | [not] "in" codes )              status == 200      status in 2xx, 304
    header     = "header" NAME text                                      header content-type contains json
    cookie     = "cookie" NAME text                                      cookie session exists
    json       = "json" PATH ( value | text | [not] "type" TYPE )        json $.total == 19.99
               | "json" PATH "length" order NUMBER                       json $.items length == 12
    schema     = "schema" ( JSON | "openapi" )                           schema {"required": ["id"]}
    shape      = "shape" "as" "before"                                   shape as before
    body       = "body" text                                             body not contains "Exception"
    latency    = "latency" order NUMBER [ "ms" | "s" ]                   latency < 400
    quantile   = "p" NUMBER ( "<" | "<=" ) NUMBER [ "ms" | "s" ]         p95 < 400 ms
    size       = "size" order NUMBER [ "bytes" ]                         size > 10
    sha256     = "sha256" ( "==" | "!=" ) DIGEST                         sha256 == "9f86…"
    redirect   = "redirect" ( [not] "to" TEXT | text )                   redirect to "/cart"

    text       = ( "==" | "!=" ) TEXT | [not] ( "contains" TEXT | "matches" REGEX | "in" list | "exists" )
    value      = order term | [not] ( "contains" JSON | "in" list )
    order      = "==" | "!=" | "<" | "<=" | ">" | ">="
    term       = product { ( "+" | "-" ) product }                       json $.total == sum($.i[*].price * $.i[*].qty)
    product    = factor { ( "*" | "/" ) factor }
    factor     = PATH | JSON | "{{" NAME "}}" | FUNCTION "(" term ")" | "(" term ")"
    FUNCTION   = sum | count | min | max | avg | abs | round             round(term, 2) rounds half up
    codes      = CODE { "," CODE }, a CODE being 200, 2xx or 200-299
    TYPE       = number | integer | text (string) | boolean | array | object | null

* Numbers compare by decimal value (19.99 is 19.990, 1 is 1.0); a boolean is no number, a text never equals a number.
* PATH is RFC 9535. Where it may find several values (``[*]``, ``..``, a slice, a filter), it has to find one and every
  one has to hold; only ``length``, ``contains`` and equality with an array look at the list of all.
* What is missing in JSON holds nothing but ``not exists``: ``json $.error != "x"`` fails where there is no ``$.error``.
  A header or cookie that is missing does hold ``!=`` and ``not``: that is how a server says no.
* REGEX is RE2, searched anywhere, always in quotes; a backslash is written once.
* ``{{name}}`` stands for an input or a captured value, in quotes or not; alone it keeps its type, in a text it is text.
* ``contains`` ignores case in a header. ``body ==`` ignores the space around.
* A quantile says something about the step, not about one answer: ``Assertion.quantile``.
* ``schema openapi`` and ``shape as before`` (the baseline's keys and types) become a schema before the plan is frozen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.compiled import Uncompilable
from fixloop_bot.domain.expectations.compiled import schema as compiled_schema
from fixloop_bot.domain.expectations.cursor import Cursor
from fixloop_bot.domain.expectations.terms import Literal, Term, is_number

LONGEST_LINE = 2_000
LONGEST_SCHEMA_LINE = 100_000


ORDER = ("==", "!=", "<=", ">=", "<", ">")
TEXTUAL = ("==", "!=", "contains", "matches", "in", "exists", "not")
TYPES = ("number", "integer", "text", "string", "boolean", "array", "object", "null")
QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?)(?=[\s<]|$)")
CODE = re.compile(r"[1-5](?:xx|\d\d(?:-[1-5]\d\d)?)", re.IGNORECASE)


@lru_cache(maxsize=2048)
def parse(source: str) -> Assertion:
    """Read one line; raises ExpectError with the column of what cannot be read."""
    cursor = Cursor(source)
    limit = LONGEST_SCHEMA_LINE if source.lstrip().startswith("schema") else LONGEST_LINE
    if len(source) > limit:
        cursor.fail(f"the line is longer than {limit} characters", at=limit)
    cursor.skip()
    assertion = _quantile(cursor) or _READERS[cursor.choice(_READERS, "p95 or a subject")](cursor)
    cursor.end()
    return assertion


def _comparison(cursor: Cursor, allowed: tuple[str, ...]) -> tuple[Comparison, bool]:
    """The comparison and whether it is negated; ``not`` goes with words only."""
    found = cursor.choice(allowed, "a comparison")
    if found == "!=":
        return Comparison.EQUAL, True
    if found != "not":
        return Comparison(found), False
    words = tuple(word for word in allowed if word.isalpha() and word not in ("not", "length"))
    return Comparison(cursor.choice(words, "a comparison after not")), True


def _textual(cursor: Cursor, subject: Subject, *, name: str = "", also: tuple[str, ...] = ()) -> Assertion:
    comparison, negated = _comparison(cursor, TEXTUAL + also)
    return Assertion(
        source=cursor.source.strip(),
        subject=subject,
        comparison=comparison,
        negated=negated,
        name=name,
        value=_text_value(cursor, comparison),
    )


def _text_value(cursor: Cursor, comparison: Comparison) -> Literal | None:
    if comparison is Comparison.EXISTS:
        return None
    if comparison is Comparison.MATCHES:
        return cursor.pattern()
    if comparison is Comparison.IN:
        return cursor.array("a list of texts")
    return _part(cursor, cursor.text) if comparison is Comparison.CONTAINS else cursor.text()


def _part(cursor: Cursor, read: Callable[[], Literal]) -> Literal:
    """What something has to contain. An empty text would hold for any answer, and prove nothing."""
    cursor.skip()
    start = cursor.at
    part = read()
    if part.value == "":
        cursor.fail("an empty text is part of every text", at=start)
    return part


def _status(cursor: Cursor) -> Assertion:
    comparison, negated = _comparison(cursor, (*ORDER, "in", "not"))
    value = cursor.placeholder()
    codes = () if value else _codes(cursor, many=comparison is Comparison.IN)
    if comparison not in (Comparison.EQUAL, Comparison.IN) and codes and not codes[0].isdigit():
        cursor.fail("expected a single status code such as 500")
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.STATUS,
        comparison=comparison,
        negated=negated,
        value=value,
        codes=codes,
    )


def _codes(cursor: Cursor, *, many: bool) -> tuple[str, ...]:
    bracket = many and cursor.take("[")
    codes = [_code(cursor)]
    while many and cursor.take(","):
        codes.append(_code(cursor))
    if bracket and not cursor.take("]"):
        cursor.fail("expected ]")
    return tuple(codes)


def _code(cursor: Cursor) -> str:
    cursor.skip()
    code = CODE.match(cursor.source, cursor.at)
    if not code or cursor.source[code.end() : code.end() + 1].isalnum():
        cursor.fail("expected a status such as 200, 2xx or 200-299")
    cursor.at = code.end()
    return code.group().lower()


def _named(subject: Subject) -> Callable[[Cursor], Assertion]:
    def read(cursor: Cursor) -> Assertion:
        name = cursor.bare(f"the name of the {subject}").rstrip(":")
        return _textual(cursor, subject, name=name.lower() if subject is Subject.HEADER else name)

    return read


def _json(cursor: Cursor) -> Assertion:
    path = cursor.path().text
    if cursor.take("length"):
        return _length(cursor, path)
    allowed = (*ORDER, "contains", "matches", "in", "exists", "type", "not")
    comparison, negated = _comparison(cursor, (*allowed, "length"))
    cursor.skip()
    start = cursor.at
    value = _json_value(cursor, comparison)
    ordered = comparison in (Comparison.BELOW, Comparison.AT_MOST, Comparison.ABOVE, Comparison.AT_LEAST)
    if ordered and isinstance(value, Literal) and not value.names and not is_number(value.value):
        cursor.fail("expected a number to compare with", at=start)
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.JSON,
        comparison=comparison,
        negated=negated,
        path=path,
        value=value,
    )


def _json_value(cursor: Cursor, comparison: Comparison) -> Term | None:
    match comparison:
        case Comparison.EXISTS:
            return None
        case Comparison.MATCHES:
            return cursor.pattern()
        case Comparison.TYPE:
            word = cursor.choice(TYPES, "a type")
            return Literal(text=word, value="text" if word == "string" else word)
        case Comparison.IN:
            return _json_list(cursor)
        case Comparison.CONTAINS:
            return _part(cursor, lambda: cursor.placeholder() or cursor.json("a value"))
        case _:
            return cursor.term()


def _json_list(cursor: Cursor) -> Literal:
    cursor.skip()
    start = cursor.at
    value = cursor.placeholder() or cursor.json("a list such as [1, 2]")
    if not value.names and not isinstance(value.value, list):
        cursor.fail("expected a list such as [1, 2]", at=start)
    return value


def _length(cursor: Cursor, path: str) -> Assertion:
    comparison, negated = _comparison(cursor, ORDER)
    value = cursor.placeholder()
    if value is None:
        number = cursor.number("how many")
        value = Literal(text=number, value=float(number))
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.JSON,
        comparison=comparison,
        negated=negated,
        path=path,
        length=True,
        value=value,
    )


def _schema(cursor: Cursor) -> Assertion:
    text = "" if cursor.take("openapi") else _schema_text(cursor)
    return Assertion(source=cursor.source.strip(), subject=Subject.SCHEMA, comparison=Comparison.FITS, schema=text)


def _shape(cursor: Cursor) -> Assertion:
    for word in ("as", "before"):
        cursor.choice((word,), "shape as before")
    return Assertion(source=cursor.source.strip(), subject=Subject.SCHEMA, comparison=Comparison.FITS, before=True)


def _schema_text(cursor: Cursor) -> str:
    cursor.skip()
    start = cursor.at
    literal = cursor.json("openapi or a JSON schema")
    if literal.value in ({}, True):
        cursor.fail("this schema fits every answer", at=start)
    try:
        compiled_schema(literal.text)
    except Uncompilable as error:
        cursor.fail(str(error), at=start + error.offset)
    return literal.text


def _quantile(cursor: Cursor) -> Assertion | None:
    """``p95 < 400 ms``. Only an upper bound means anything: "P(latency > limit) is under 5 %" is what gets tested."""
    hit = QUANTILE.match(cursor.source, cursor.at)
    if not hit:
        return None
    start, cursor.at = cursor.at, hit.end()
    quantile = round(float(hit.group(1)) / 100, 6)
    if not quantile:
        cursor.fail("expected a quantile from p1 to p99.99", at=start)
    return _bounded(cursor, ("<=", "<"), quantile)


def _latency(cursor: Cursor) -> Assertion:
    return _bounded(cursor, ORDER, None)


def _bounded(cursor: Cursor, allowed: tuple[str, ...], quantile: float | None) -> Assertion:
    comparison, negated = _comparison(cursor, allowed)
    limit = float(cursor.number("a time such as 400 ms"))
    unit = cursor.choice(("ms", "s"), "a unit") if cursor.next() else "ms"
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.LATENCY,
        comparison=comparison,
        negated=negated,
        limit_ms=limit * 1000 if unit == "s" else limit,
        quantile=quantile,
    )


def _size(cursor: Cursor) -> Assertion:
    comparison, negated = _comparison(cursor, ORDER)
    number = cursor.number("a number of bytes")
    if cursor.next():
        cursor.choice(("bytes", "byte", "B"), "a unit")
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.SIZE,
        comparison=comparison,
        negated=negated,
        value=Literal(text=number, value=float(number)),
    )


def _sha256(cursor: Cursor) -> Assertion:
    comparison, negated = _comparison(cursor, ("==", "!="))
    cursor.skip()
    start = cursor.at
    value = cursor.text()
    if not value.names and not re.fullmatch(r"[0-9a-fA-F]{64}", str(value.value)):
        cursor.fail("expected 64 hexadecimal digits", at=start)
    return Assertion(
        source=cursor.source.strip(),
        subject=Subject.SHA256,
        comparison=comparison,
        negated=negated,
        value=value,
    )


_READERS: dict[str, Callable[[Cursor], Assertion]] = {
    "status": _status,
    "header": _named(Subject.HEADER),
    "json": _json,
    "body": lambda cursor: _textual(cursor, Subject.BODY),
    "schema": _schema,
    "shape": _shape,
    "latency": _latency,
    "size": _size,
    "sha256": _sha256,
    "redirect": lambda cursor: _textual(cursor, Subject.REDIRECT, also=("to",)),
    "cookie": _named(Subject.COOKIE),
}
