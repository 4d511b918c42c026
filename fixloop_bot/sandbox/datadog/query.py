"""The metric query language of the local Datadog, from text to a tree.

The subset that dashboards and monitors use most: `avg:metric{scope} by {tag}` with `.as_count()`,
`.as_rate()`, `.rollup(method, seconds)` and `.fill(zero)`, joined by `+ - * /`, numbers, parentheses,
`default_zero()` and `abs()`. Anything else raises QueryError, whose sentence the API answers with status 400.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from .scope import Scope, ScopeError, parse_scope

AGGREGATORS = frozenset({"avg", "sum", "min", "max", "count"})
ROLLUPS = frozenset({"avg", "sum", "min", "max", "count"})
FILLS = frozenset({"zero", "null", "last"})
FUNCTIONS = frozenset({"default_zero", "abs"})

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_AGGREGATOR = re.compile(r"([a-z]+\d*(?:\.\d+)?)\s*:")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_MODIFIER = re.compile(r"\.\s*([a-z_]+)\s*\(([^()]*)\)")
_BY = re.compile(r"by\s*\{([^{}]*)\}")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_MAX_DEPTH = 40


class QueryError(ValueError):
    """The text is not a query of this language; the message is one sentence for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One leaf: which series, how they are added up over time and over space."""

    text: str
    aggregator: str
    name: str
    scope: Scope
    by: tuple[str, ...] = ()
    kind: str = ""  # "", "count" or "rate"
    rollup: tuple[str, int | None] | None = None
    fill: str | None = None

    @property
    def percentile(self) -> float | None:
        """The rank between 0 and 1 if the aggregator is one like p95."""
        match = _PERCENTILE.fullmatch(self.aggregator)
        return float(match[1]) / 100 if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    function: str
    argument: "Expression"


Expression = Metric | Number | Binary | Call


def parse_query(text: str) -> Expression:
    """Read one query; raises QueryError."""
    parser = _Parser(text)
    tree = parser.expression()
    parser.finish()
    if not leaves(tree):
        raise QueryError(f"Error parsing query: {text} names no metric")
    return tree


def leaves(tree: Expression) -> list[Metric]:
    """The metrics of a tree, left to right."""
    match tree:
        case Metric():
            return [tree]
        case Binary():
            return leaves(tree.left) + leaves(tree.right)
        case Call():
            return leaves(tree.argument)
        case Number():
            return []


def display(tree: Expression, leaf: Callable[[Metric], str]) -> str:
    """The tree as text, with `leaf` naming each metric; numbers and brackets as Datadog echoes them."""
    match tree:
        case Metric():
            return leaf(tree)
        case Number():
            return f"{tree.value:g}"
        case Binary():
            return f"({display(tree.left, leaf)} {tree.operator} {display(tree.right, leaf)})"
        case Call():
            return f"{tree.function}({display(tree.argument, leaf)})"


class _Parser:
    """Recursive descent over the text; `_at` is the next unread character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def expression(self) -> Expression:
        tree = self._term()
        while operator := self._take("+", "-"):
            tree = _combine(operator, tree, self._term())
        return tree

    def finish(self) -> None:
        self._skip()
        if self._at != len(self._text):
            self._fail()

    def _term(self) -> Expression:
        tree = self._factor()
        while operator := self._take("*", "/"):
            tree = _combine(operator, tree, self._factor())
        return tree

    def _factor(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise QueryError("Error parsing query: it is nested too deeply")
        tree = self._unary()
        self._depth -= 1
        return tree

    def _unary(self) -> Expression:
        if self._take("-"):
            return _combine("*", Number(value=-1.0), self._factor())
        if self._take("("):
            tree = self.expression()
            self._expect(")")
            return tree
        if number := self._match(_NUMBER):
            return Number(value=float(number[0]))
        return self._call() or self._metric()

    def _call(self) -> Call | None:
        start = self._at
        name = self._match(_NAME)
        if name is None or name[0] not in FUNCTIONS or not self._take("("):
            self._at = start
            return None
        argument = self.expression()
        self._expect(")")
        return Call(function=name[0], argument=argument)

    def _metric(self) -> Metric:
        self._skip()
        start = self._at
        aggregator = self._aggregator()
        name = self._match(_NAME) or self._fail()
        scope = self._scope()
        by = self._group()
        kind, rollup, fill = self._modifiers()
        text = self._text[start : self._at].strip()
        return Metric(
            text=text,
            aggregator=aggregator,
            name=name[0],
            scope=scope,
            by=by,
            kind=kind,
            rollup=rollup,
            fill=fill,
        )

    def _aggregator(self) -> str:
        """Without one Datadog takes the average, as in the recorded `system.cpu.idle{*}`."""
        match = self._match(_AGGREGATOR)
        if match is None:
            return "avg"
        if match[1] not in AGGREGATORS and not _PERCENTILE.fullmatch(match[1]):
            raise QueryError(f"Error parsing query: unknown aggregator {match[1]}")
        return match[1]

    def _scope(self) -> Scope:
        self._expect("{")
        end = self._text.find("}", self._at)
        if end < 0:
            self._fail()
        inside, self._at = self._text[self._at : end], end + 1
        try:
            return parse_scope(inside)
        except ScopeError as error:
            raise QueryError(f"Error parsing query: {error}") from error

    def _group(self) -> tuple[str, ...]:
        match = self._match(_BY)
        return tuple(tag.strip() for tag in match[1].split(",") if tag.strip()) if match else ()

    def _modifiers(self) -> tuple[str, tuple[str, int | None] | None, str | None]:
        kind, rollup, fill = "", None, None
        while match := self._match(_MODIFIER):
            arguments = [part.strip() for part in match[2].split(",") if part.strip()]
            match match[1], arguments:
                case ("as_count", []):
                    kind = "count"
                case ("as_rate", []):
                    kind = "rate"
                case ("rollup", [method, *rest]) if method in ROLLUPS and len(rest) <= 1:
                    rollup = (method, _seconds(rest[0]) if rest else None)
                case ("fill", [how, *_]) if how in FILLS:
                    fill = how
                case _:
                    raise QueryError(f"Error parsing query: cannot apply .{match[0].lstrip('.')}")
        return kind, rollup, fill

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _take(self, *symbols: str) -> str:
        self._skip()
        found = self._text[self._at : self._at + 1]
        if found and found in symbols:
            self._at += 1
            return found
        return ""

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            self._fail()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self._skip()
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _fail(self) -> NoReturn:
        raise QueryError(f"Error parsing query: unable to parse {self._text} at column {self._at + 1}")


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 86_400:
        raise QueryError(f"Error parsing query: {text} is not a rollup of 1 to 86400 seconds")
    return int(text)


def _combine(operator: str, left: Expression, right: Expression) -> Expression:
    """Two numbers become one at once, so that evaluation only ever meets a number beside metrics."""
    if not (isinstance(left, Number) and isinstance(right, Number)):
        return Binary(operator=operator, left=left, right=right)
    value = calculate(operator, left.value, right.value)
    if value is None:
        raise QueryError("Error parsing query: it divides by zero")
    return Number(value=value)


def calculate(operator: str, left: float, right: float) -> float | None:
    """One arithmetic step; a division by zero is undefined."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else None
