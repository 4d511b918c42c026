"""Running a JSON path over a document, at a price that is known beforehand and counted on the way.

The parser is the library's; the walk is ours. A path is *vetted* so that it finds each value at most a few times: one
selector in a bracket unless they are names and indices, one ``..``, plain filters. What is left grows with the
document, and ``Effort`` ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterContext,
    FilterExpression,
    FunctionExtension,
    LogicalExpression,
    PrefixExpression,
    RelativeFilterQuery,
    StringLiteral,
)
from jsonpath_rfc9535.node import JSONPathNode, JSONPathNodeList
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import FilterSelector, IndexSelector, NameSelector, SliceSelector, WildcardSelector

from fixloop_bot.domain.expectations.effort import MOST_FOUND, Effort, TooMuch

MOST_STEPS = 60
MOST_MANY = 4
"""Steps of a path that may find several values."""
MOST_CHOICES = 20
"""Names and indices in brackets, multiplied over the path."""
MOST_TERMS = 10
"""Queries, functions and comparisons of a filter."""
MOST_PATTERNS = 2
DEEPEST = 100
FILTER_TERM = 30
"""Units of ``Effort`` for one term of a filter on one value."""
CONTAINER = 3


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────────


def costly(query: Any) -> str:
    """Why a compiled path costs too much on some document, in one sentence; empty for a good one."""
    return next(_objections(query.segments), "")


def _objections(segments: tuple[Any, ...]) -> Iterator[str]:
    if len(segments) > MOST_STEPS:
        yield f"a JSON path may have {MOST_STEPS} steps"
    for segment in segments:
        if len(segment.selectors) > 1 and not all(_is_plain(each) for each in segment.selectors):
            yield "brackets may hold several names and indices, or one slice, filter or *"
    if sum(map(_is_many, segments)) > MOST_MANY:
        yield f"at most {MOST_MANY} steps of a JSON path may find several values (*, slices, filters, ..)"
    if prod(len(segment.selectors) for segment in segments) > MOST_CHOICES:
        yield f"a JSON path may name {MOST_CHOICES} values in brackets"
    for segment in segments:
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                yield from _objections_to(list(_terms(selector.expression)))


def _objections_to(terms: list[Expression]) -> Iterator[str]:
    """What is wrong with a filter."""
    patterns = [term for term in terms if isinstance(term, FunctionExtension) and term.name in ("match", "search")]
    if len(terms) > MOST_TERMS:
        yield f"a filter may have {MOST_TERMS} terms"
    if len(patterns) > MOST_PATTERNS:
        yield f"a filter may have {MOST_PATTERNS} regular expressions"
    if not all(isinstance(term.args[1], StringLiteral) for term in patterns):
        yield "the regular expression of a filter stands in quotes"
    for term in terms:
        if isinstance(term, RelativeFilterQuery):
            many = [segment for segment in term.query.segments if _is_many(segment)]
            selectors = [each for segment in term.query.segments for each in segment.selectors]
            if len(many) > 1 or any(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in many):
                yield "inside a filter one step may find several values, and none may be .."
            if any(isinstance(each, FilterSelector) for each in selectors):
                yield "a filter may not stand inside a filter"
            if len(selectors) > len(term.query.segments):
                yield "inside a filter brackets may hold one name, index, slice or *"


def _terms(expression: Expression) -> Iterator[Expression]:
    """Everything in a filter that costs time, from the outside in."""
    if isinstance(expression, ComparisonExpression | FunctionExtension | RelativeFilterQuery):
        yield expression
    for child in _children(expression):
        yield from _terms(child)


def _children(expression: Expression) -> Iterable[Expression]:
    match expression:
        case FilterExpression():
            return (expression.expression,)
        case PrefixExpression():
            return (expression.right,)
        case LogicalExpression() | ComparisonExpression():
            return (expression.left, expression.right)
        case FunctionExtension():
            return expression.args
        case _:
            return ()


def _is_plain(selector: object) -> bool:
    return isinstance(selector, NameSelector | IndexSelector)


def _is_many(segment: Any) -> bool:
    return isinstance(segment, JSONPathRecursiveDescentSegment) or not all(map(_is_plain, segment.selectors))


# ── the walk ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def walk(query: Any, document: object, effort: Effort) -> list[Any]:
    """The values that a vetted query finds, in document order. Raises TooMuch, and RecursionError below 100 levels."""
    values: list[Any] = [document]
    for segment in query.segments:
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            values = _containers(values, effort)
        values = _selected(segment.selectors, values, effort)
    return values


def _containers(values: Iterable[Any], effort: Effort) -> list[Any]:
    """The arrays and objects among values and below them, each before what is in it."""
    found: list[Any] = []
    for value in values:
        _collect(value, 1, found, effort)
    return found


def _collect(value: Any, depth: int, found: list[Any], effort: Effort) -> None:
    if not isinstance(value, list | dict):
        return
    if depth > DEEPEST:
        raise RecursionError
    effort.spend(CONTAINER + len(value))
    found.append(value)
    for inside in value if isinstance(value, list) else value.values():
        if isinstance(inside, list | dict):
            _collect(inside, depth + 1, found, effort)


def _selected(selectors: tuple[Any, ...], values: list[Any], effort: Effort) -> list[Any]:
    effort.spend(len(values) * len(selectors))
    found: list[Any] = []
    for value in values:
        for selector in selectors:
            _select(selector, value, found, effort)
        if len(found) > MOST_FOUND:
            raise TooMuch
    return found


def _select(selector: Any, value: Any, found: list[Any], effort: Effort) -> None:
    match selector:
        case NameSelector(name=name):
            if isinstance(value, dict) and name in value:
                found.append(value[name])
        case IndexSelector(index=index):
            if isinstance(value, list) and -len(value) <= index < len(value):
                found.append(value[index])
        case SliceSelector():
            if isinstance(value, list) and selector.slice.step != 0:
                effort.spend(len(value))
                found.extend(value[selector.slice])
        case WildcardSelector():
            effort.spend(len(value) if isinstance(value, list | dict) else 0)
            found.extend(_members(value))
        case FilterSelector():
            _filter(selector, value, found, effort)


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _filter(selector: FilterSelector, value: Any, found: list[Any], effort: Effort) -> None:
    if not isinstance(value, list | dict):
        return
    effort.spend(len(value) * _price_of(selector.expression))
    matches = selector.expression.evaluate
    found.extend([each for each in _members(value) if matches(_Context(selector.env, each, effort))])


def _price_of(expression: FilterExpression) -> int:
    return expression.units if isinstance(expression, _Priced) else MOST_TERMS * FILTER_TERM


def price(query: Any) -> int:
    """Units for each value of a document, at most, of a query that ``with_our_walk`` gave back."""
    units = 1 + sum(map(_is_many, query.segments)) * CONTAINER
    for segment in query.segments:
        for selector in segment.selectors:
            units += _price_of(selector.expression) if isinstance(selector, FilterSelector) else 0
    return units * prod(len(segment.selectors) for segment in query.segments)


class _Priced(FilterExpression):
    """A filter with its units for each value."""

    __slots__ = ("units",)

    def __init__(self, token: Any, expression: Expression, units: int) -> None:
        super().__init__(token, expression)
        self.units = units


class _Context(FilterContext):
    """A value that a filter looks at, and what is left to spend."""

    __slots__ = ("effort",)

    def __init__(self, env: Any, current: Any, effort: Effort) -> None:
        super().__init__(env=env, current=current, root=None)
        self.effort = effort


class _Inside(RelativeFilterQuery):
    """``@.a`` in a filter, walked as the path around it is."""

    __slots__ = ()

    def evaluate(self, context: FilterContext) -> object:
        current: Any = context.current
        if not isinstance(current, list | dict):
            return current if self.query.empty() else JSONPathNodeList()
        effort = context.effort if isinstance(context, _Context) else Effort()
        values = walk(self.query, current, effort)
        effort.spend(len(values) * CONTAINER)
        return JSONPathNodeList(JSONPathNode(value=each, location=(), parent=None, root=None) for each in values)


def with_our_walk(query: Any) -> Any:
    """The query, its filters' own queries replaced: they are run by ``walk`` too."""
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                filtered = selector.expression
                units = (1 + len(list(_terms(filtered)))) * FILTER_TERM
                selector.expression = _Priced(filtered.token, _ours(filtered.expression), units)
    return query


def _replace_in(expression: Expression) -> None:
    match expression:
        case PrefixExpression():
            expression.right = _ours(expression.right)
        case LogicalExpression() | ComparisonExpression():
            expression.left, expression.right = _ours(expression.left), _ours(expression.right)
        case FunctionExtension():
            expression.args = [_ours(each) for each in expression.args]
        case _:
            pass


def _ours(expression: Expression) -> Expression:
    if isinstance(expression, RelativeFilterQuery):
        return _Inside(expression.token, expression.query)
    _replace_in(expression)
    return expression
