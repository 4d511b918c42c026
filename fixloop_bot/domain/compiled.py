"""What an ``expect`` line has to compile, once each: JSON paths, regular expressions, JSON Schemas.

A line may come from a model, so each of them is made safe before it meets an answer:

* regular expressions run under RE2, in time linear in the text, also those inside a JSON path (``match``, ``search``);
* a JSON path visits the document at most once and again: one ``..``, and no ``$`` inside a filter;
* a JSON Schema fetches nothing, and its patterns run with a step limit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson
import re2
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import JSONPathChildSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

LONGEST_PATH = 500
LONGEST_PATTERN = 1000
BACKTRACKS = 100_000  # of one schema pattern on one string, some milliseconds


class Uncompilable(ValueError):  # noqa: N818 -- a finding about a text
    """It cannot be compiled; the text is one sentence, ``offset`` counts characters from 0."""

    def __init__(self, sentence: str, offset: int = 0) -> None:
        self.offset = offset
        super().__init__(sentence)


class _Search(FilterFunction):
    """``search(value, pattern)`` of RFC 9535 under RE2: a pattern that RE2 refuses is a pattern that never matches."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 -- the library's own way
    return_type = ExpressionType.LOGICAL
    whole = False

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        try:
            found = regex(pattern)
        except Uncompilable:
            return False
        return bool(found.fullmatch(text) if self.whole else found.search(text))


class _Match(_Search):
    """``match(value, pattern)`` of RFC 9535, over the whole value."""

    whole = True


class _Environment(JSONPathEnvironment):
    """RFC 9535 with its two pattern functions replaced by linear ones."""

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Match()
        self.function_extensions["search"] = _Search()


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=1024)
def json_path(text: str) -> Any:
    """A compiled RFC 9535 query; raises Uncompilable."""
    _refuse_costly(text)
    try:
        return _ENVIRONMENT.compile(text)
    except JSONPathError as error:
        at = error.token.index if error.token is not None else 0
        said = str(error).split(", line ")[0]
        raise Uncompilable(f"the JSON path cannot be read: {said}", min(at, len(text))) from error
    except (ValueError, RecursionError) as error:
        raise Uncompilable("the JSON path cannot be read") from error


@lru_cache(maxsize=1024)
def plain_steps(text: str) -> tuple[str | int, ...] | None:
    """The names and indices of a path that is nothing else (``$.items[0].id``); None for any other, or Uncompilable.

    Most paths are so plain, and walking them is many times faster than running the query.
    """
    steps: list[str | int] = []
    for segment in json_path(text).segments:
        match segment:
            case JSONPathChildSegment(selectors=(NameSelector(name=str(name)),)):
                steps.append(name)
            case JSONPathChildSegment(selectors=(IndexSelector(index=int(index)),)):
                steps.append(index)
            case _:
                return None
    return tuple(steps)


def _refuse_costly(text: str) -> None:
    """Paths whose time grows with the square of the document, which a hostile plan would use to stall a worker."""
    if len(text) > LONGEST_PATH:
        raise Uncompilable(f"the JSON path is longer than {LONGEST_PATH} characters")
    bare = outside_quotes(text)
    if bare.count("..") > 1:
        raise Uncompilable("a JSON path may hold one ``..`` only", bare.rindex(".."))
    if "$" in bare[1:]:
        raise Uncompilable("a filter may not start again from $; use @", bare.index("$", 1))


def outside_quotes(text: str) -> str:
    """The text with everything inside quotes blanked, at the same length."""
    out: list[str] = []
    quote = ""
    escaped = False
    for character in text:
        out.append(" " if quote else character)
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
    return "".join(out)


@lru_cache(maxsize=1024)
def regex(pattern: str) -> Any:
    """A compiled RE2 pattern; raises Uncompilable with RE2's own reason."""
    if len(pattern) > LONGEST_PATTERN:
        raise Uncompilable(f"the regular expression is longer than {LONGEST_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise Uncompilable(f"the regular expression cannot be used: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else "it is not valid text"


@lru_cache(maxsize=256)
def schema(text: str) -> Any:
    """A compiled JSON Schema: draft by ``$schema``, else 2020-12, else 4 (OpenAPI 3.0). Raises Uncompilable."""
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Uncompilable("the schema is not JSON") from error
    if not isinstance(document, dict | bool):
        raise Uncompilable("a schema is a JSON object")
    try:
        return _validator(jsonschema_rs.validator_for, document)
    except Exception as error:  # noqa: BLE001 -- the library raises many kinds for a bad schema
        return _as_draft_4(document, error)


def _validator(make: Any, document: Any) -> Any:
    limits = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS)
    return make(document, offline=True, pattern_options=limits)


def _as_draft_4(document: Any, first: Exception) -> Any:
    try:
        return _validator(jsonschema_rs.Draft4Validator, document)
    except Exception:  # noqa: BLE001 -- the first reason is the one to tell
        said = str(first).split("\n", 1)[0]
        raise Uncompilable(f"the schema cannot be used: {said[:200]}") from first
