"""The right-hand side of an ``expect`` line: literals, placeholders and arithmetic between JSON values.

A term is immutable and hashable, so that an assertion can be parsed once and kept. What it is worth depends on the
answer's document and on the values behind its placeholders (``worth``). Arithmetic is decimal: 19.99 × 3 is 59.97.
"""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from fixloop_bot.domain.expectations.compiled import json_path, plain_steps
from fixloop_bot.domain.expectations.effort import Effort
from fixloop_bot.domain.expectations.path_walk import walk

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")

NUMBER = 8
"""Units of ``Effort`` for a decimal number: to make it, or to work with it."""

_EXACT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_UP, traps=[])


class Findable(Protocol):
    """The answer, as terms look into it."""

    def found(self, path: str) -> Sequence[object]:
        """What a path finds; raises TooMuch, and what parsing raises."""

    def spend(self, units: int) -> None:
        """Raises TooMuch."""


class NoValue(Exception):  # noqa: N818 -- not an error of the program: the answer has nothing to compare with
    """A term has no value for this answer; the text says why in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value as written. ``names`` are the placeholders inside it; ``text`` is what a person reads."""

    text: str
    value: object = field(compare=False)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTerm:
    """What a JSON path finds in the same answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``left operator right``, value by value; a single value goes with each of many."""

    text: str
    operator: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``sum``, ``min``, ``max``, ``avg`` and ``count`` make one number of many; ``round`` and ``abs`` work on each."""

    text: str
    function: str
    argument: Term
    digits: int = 0


Term = Literal | PathTerm | Operation | Call


def names_in(term: Term | None) -> tuple[str, ...]:
    """The placeholders that have to be filled before the term is worth anything."""
    match term:
        case Literal(names=names):
            return names
        case Operation(left=left, right=right):
            return tuple(dict.fromkeys(names_in(left) + names_in(right)))
        case Call(argument=argument):
            return names_in(argument)
        case _:
            return ()


def paths_in(term: Term | None) -> tuple[str, ...]:
    """The paths of a term, as often as it looks into the answer."""
    match term:
        case PathTerm(text=text):
            return (text,)
        case Operation(left=left, right=right):
            return paths_in(left) + paths_in(right)
        case Call(argument=argument):
            return paths_in(argument)
        case _:
            return ()


def placeholders(value: object) -> tuple[str, ...]:
    """Names of the placeholders in a text, or in the texts of an array or object."""
    return tuple(dict.fromkeys(_placeholders(value)))


def _placeholders(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, list):
        for item in value:
            yield from _placeholders(item)
    elif isinstance(value, dict):
        yield from _placeholders([*value.keys(), *value.values()])


def filled(value: object, values: Mapping[str, object], *, escape: Callable[[str], str] = str) -> object:
    """``value`` with its placeholders filled; a text that is nothing but one placeholder becomes the value itself.

    ``escape`` treats what is put inside a longer text. Raises NoValue for a name that ``values`` lacks.
    """
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole and escape is str:
            return _value_of(whole.group(1), values)
        return PLACEHOLDER.sub(lambda found: escape(as_text(_value_of(found.group(1), values))), value)
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    if isinstance(value, dict):
        return {as_text(filled(key, values)): filled(item, values) for key, item in value.items()}
    return value


def _value_of(name: str, values: Mapping[str, object]) -> object:
    if name not in values:
        raise NoValue(f"no value for {{{{{name}}}}}")
    return values[name]


def as_text(value: object) -> str:
    """A value as it stands in a header or a path: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    try:
        return json.dumps(value, ensure_ascii=False, default=float)
    except (ValueError, TypeError, RecursionError):
        return "a value that cannot be shown"


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def as_decimal(number: object) -> Decimal:
    """The decimal value that the number's shortest text has: 0.1 is one tenth."""
    if isinstance(number, Decimal):
        return number
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def same(one: object, other: object) -> bool:
    """Equality of JSON values: numbers by decimal value (1 is 1.0), everything else by type and value."""
    if is_number(one) and is_number(other):
        return one == other if type(one) is type(other) else as_decimal(one) == as_decimal(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return type(one) is type(other) and one == other


def found(path: str, document: object, effort: Effort | None = None) -> list[object]:
    """The values that a path finds, in document order; raises TooMuch and RecursionError if it may find several."""
    steps = plain_steps(path)
    if steps is None:
        return walk(json_path(path), document, effort or Effort())
    for step in steps:
        if isinstance(step, str):
            if not isinstance(document, dict) or step not in document:
                return []
            document = document[step]
        else:
            if not isinstance(document, list) or not -len(document) <= step < len(document):
                return []
            document = document[step]
    return [document]


def worth(term: Term, answer: Findable, values: Mapping[str, object]) -> object:
    """The one value that a term has for this answer; raises NoValue where it has none, or several, and TooMuch."""
    if isinstance(term, Literal):
        return filled(term.value, values) if term.names else term.value
    many = _values(term, answer, values)
    if len(many) != 1:
        raise NoValue(f"{term.text} gives {len(many)} values, not one")
    return many[0]


def _values(term: Term, answer: Findable, values: Mapping[str, object]) -> Sequence[object]:
    match term:
        case PathTerm(text=text):
            values_found = answer.found(text)
            if not values_found and single(term):
                raise NoValue(f"{text} is missing")
            return values_found
        case Operation():
            left, right = _numbers(term.left, answer, values), _numbers(term.right, answer, values)
            answer.spend(NUMBER * max(len(left), len(right)))
            return _combined(term, left, right)
        case Call(function="count"):
            return [Decimal(len(_values(term.argument, answer, values)))]
        case Call():
            return _called(term, _numbers(term.argument, answer, values))
        case Literal():
            return [worth(term, answer, values)]


def _numbers(term: Term, answer: Findable, values: Mapping[str, object]) -> list[Decimal]:
    numbers: list[Decimal] = []
    many = _values(term, answer, values)
    answer.spend(NUMBER * len(many))
    for value in many:
        if not is_number(value):
            raise NoValue(f"{term.text} is not a number: {as_text(value)}")
        numbers.append(as_decimal(value))
    return numbers


_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _EXACT.add,
    "-": _EXACT.subtract,
    "*": _EXACT.multiply,
    "/": _EXACT.divide,
}


def _combined(term: Operation, left: list[Decimal], right: list[Decimal]) -> list[Decimal]:
    if single(term.left):
        left = left * len(right)
    elif single(term.right):
        right = right * len(left)
    if len(left) != len(right):
        raise NoValue(f"{term.left.text} gives {len(left)} values, {term.right.text} {len(right)}")
    return [_finite(term.text, _OPERATIONS[term.operator](a, b)) for a, b in zip(left, right, strict=True)]


def single(term: Term) -> bool:
    """Whether a term has one value by its form, whatever the answer; one value goes with each of many."""
    match term:
        case PathTerm(text=text):
            return plain_steps(text) is not None
        case Operation(left=left, right=right):
            return single(left) and single(right)
        case Call(function="round" | "abs", argument=argument):
            return single(argument)
        case _:
            return True


def _called(term: Call, numbers: list[Decimal]) -> list[Decimal]:
    if term.function == "round":
        step = Decimal(1).scaleb(-term.digits)
        return [_finite(term.text, _EXACT.quantize(number, step)) for number in numbers]
    if term.function == "abs":
        return [_EXACT.abs(number) for number in numbers]
    if not numbers and term.function != "sum":
        raise NoValue(f"{term.text} has nothing to work on")
    return [_finite(term.text, _reduced(term.function, numbers))]


def _reduced(function: str, numbers: list[Decimal]) -> Decimal:
    if function == "min":
        return min(numbers)
    if function == "max":
        return max(numbers)
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, number)
    return total if function == "sum" else _EXACT.divide(total, Decimal(len(numbers)))


def _finite(text: str, number: Decimal) -> Decimal:
    if not number.is_finite():
        raise NoValue(f"{text} cannot be computed")
    return number
