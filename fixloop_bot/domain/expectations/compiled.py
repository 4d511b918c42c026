"""What an ``expect`` line has to compile, once each: JSON paths, regular expressions, JSON Schemas.

A line may come from a model, so each of them is made safe before it meets an answer:

* regular expressions run under RE2, in time linear in the text, also those inside a JSON path (``match``, ``search``);
* a JSON path visits the document a few times at most (``path_walk``): one ``..``, and no ``$`` inside a filter;
* a JSON Schema fetches nothing, applies few of its parts to one value (``schema_cost``), and its patterns run in linear
  time, or with a step limit where they look around.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson
import re2
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import JSONPathChildSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

from fixloop_bot.domain.expectations.path_walk import costly, with_our_walk
from fixloop_bot.domain.expectations.schema_cost import Cost, Costly, cost_of

LONGEST_PATH = 500
LONGEST_PATTERN = 1000
BACKTRACKS = 1_000  # of one schema pattern on one string, 0.1 ms
LARGEST_PATTERN = 200_000  # bytes that a schema's pattern is compiled to


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
        query = _ENVIRONMENT.compile(text)
    except JSONPathError as error:
        at = error.token.index if error.token is not None else 0
        said = str(error).split(", line ")[0]
        raise Uncompilable(f"the JSON path cannot be read: {said}", min(at, len(text))) from error
    except (ValueError, RecursionError) as error:
        raise Uncompilable("the JSON path cannot be read") from error
    if objection := costly(query):
        raise Uncompilable(objection)
    return with_our_walk(query)


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


@dataclass(frozen=True, slots=True)
class Schema:
    """A compiled JSON Schema and what it costs."""

    validator: Any
    cost: Cost
    backtracks: bool

    @property
    def units(self) -> int:
        """Of ``Effort``, for each value."""
        return 1 + self.cost.width // 40 + self.cost.patterns * (500 if self.backtracks else 5)

    def is_valid(self, document: object) -> bool:
        """For a document of ours, whatever it costs."""
        return bool(self.validator.is_valid(document))

    def wrong(self, document: object, *, values: int, size: int) -> Any:
        """The first thing wrong with a document of about so many values and bytes; None if it fits.

        Raises TooMuch, and RecursionError for a document that is nested too deeply.
        """
        self.cost.check(values, size, backtracks=self.backtracks)
        try:
            self.validator.validate(document)
        except jsonschema_rs.ValidationError as error:
            return error
        except ValueError as error:  # the library's "Recursion limit reached"
            raise RecursionError from error
        return None


@lru_cache(maxsize=256)
def schema(text: str) -> Schema:
    """A compiled JSON Schema: draft by ``$schema``, else 2020-12, else 4 (OpenAPI 3.0). Raises Uncompilable."""
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Uncompilable("the schema is not JSON") from error
    if not isinstance(document, dict | bool):
        raise Uncompilable("a schema is a JSON object")
    try:
        cost = cost_of(document)
    except Costly as error:
        raise Uncompilable(f"the schema cannot be used: {error}") from error
    for backtracks in (False, True):
        if validator := _compiled(document, backtracks=backtracks):
            return Schema(validator, cost, backtracks)
    raise Uncompilable(f"the schema cannot be used: {_objection(document)}")


def _compiled(document: Any, *, backtracks: bool) -> Any:
    """None if it cannot be."""
    for make in (jsonschema_rs.validator_for, jsonschema_rs.Draft4Validator):
        try:
            return make(document, offline=True, pattern_options=_pattern_options(backtracks=backtracks))
        except Exception:  # noqa: BLE001, S112 -- the library raises many kinds for a bad schema
            continue
    return None


def _pattern_options(*, backtracks: bool) -> Any:
    if backtracks:
        return jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS, size_limit=LARGEST_PATTERN)
    return jsonschema_rs.RegexOptions(size_limit=LARGEST_PATTERN)


def _objection(document: Any) -> str:
    try:
        jsonschema_rs.validator_for(document, offline=True, pattern_options=_pattern_options(backtracks=True))
    except Exception as error:  # noqa: BLE001 -- as above
        return str(error).split("\n", 1)[0][:200]
    return "it is not a schema"
