"""Reading an ``expect`` line from left to right: where we are, what comes next, and what was expected there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations.compiled import Uncompilable, json_path, regex
from fixloop_bot.domain.expectations.terms import (
    PLACEHOLDER,
    Call,
    Literal,
    Operation,
    PathTerm,
    Term,
    placeholders,
)

FUNCTIONS = ("sum", "count", "min", "max", "avg", "round", "abs")
DEEPEST = 20  # nested brackets of an arithmetic term
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BARE = re.compile(r"[^\s\"'\[\]{},]+")
_IN_PATH = re.compile(r"[.\w]")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)


class Cursor:
    """A place in an ``expect`` line. Whatever cannot be read raises ExpectError with its column."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def fail(self, sentence: str, *, at: int | None = None) -> NoReturn:
        raise ExpectError(sentence, source=self.source, column=(self.at if at is None else at) + 1)

    def skip(self) -> None:
        while self.at < len(self.source) and self.source[self.at].isspace():
            self.at += 1

    def next(self) -> str:
        """The next character after any space; empty at the end."""
        self.skip()
        return self.source[self.at : self.at + 1]

    def end(self) -> None:
        """Nothing may follow."""
        if self.next():
            self.fail("expected the end of the line")

    def take(self, symbol: str) -> bool:
        """Step over a symbol or word if it comes next. A word has to end where it ends."""
        self.skip()
        after = self.source[self.at + len(symbol) : self.at + len(symbol) + 1]
        if not self.source.startswith(symbol, self.at) or (symbol[-1].isalnum() and after.isalnum()):
            return False
        self.at += len(symbol)
        return True

    def peek(self) -> str:
        """The next word, not taken; empty if something else comes."""
        self.skip()
        word = _WORD.match(self.source, self.at)
        return word.group() if word else ""

    def choice(self, allowed: Iterable[str], what: str) -> str:
        """One of the words or symbols; otherwise says which were expected, with the nearest to what stands there."""
        known = list(allowed)
        for symbol in sorted(known, key=len, reverse=True):
            if self.take(symbol):
                return symbol
        said = self.peek()
        near = get_close_matches(said.lower(), known, n=1, cutoff=0.6) if said else []
        hint = f"; did you mean {near[0]}?" if near else ""
        return self.fail(f"expected {what} ({', '.join(known)}){hint}")

    def bare(self, what: str) -> str:
        """A word without quotes: anything up to space, bracket, comma or quote."""
        self.skip()
        word = _BARE.match(self.source, self.at)
        if not word:
            self.fail(f"expected {what}")
        self.at = word.end()
        return word.group()

    def number(self, what: str) -> str:
        self.skip()
        number = re.compile(r"\d{1,15}(?:\.\d{1,9})?").match(self.source, self.at)
        if not number:
            self.fail(f"expected {what}")
        self.at = number.end()
        return number.group()

    def path(self) -> PathTerm:
        """A JSON path: from ``$`` on, as far as names, dots and brackets reach."""
        self.skip()
        start = self.at
        if self.source[start : start + 1] != "$":
            self.fail("expected a JSON path that begins with $, such as $.total")
        self.at = _end_of_path(self.source, start)
        text = self.source[start : self.at]
        if PLACEHOLDER.search(text) or PLACEHOLDER.match(self.source, self.at):
            self.fail("a placeholder cannot stand inside a JSON path", at=start)
        try:
            json_path(text)
        except Uncompilable as error:
            self.fail(str(error), at=start + error.offset)
        return PathTerm(text=text)

    def placeholder(self) -> Literal | None:
        """``{{name}}`` if it comes next."""
        self.skip()
        hit = PLACEHOLDER.match(self.source, self.at)
        if not hit:
            return None
        self.at = hit.end()
        return Literal(text=hit.group(), value=hit.group(), names=(hit.group(1),))

    def json(self, what: str) -> Literal:
        """A JSON value; a text may stand in single quotes too."""
        self.skip()
        start = self.at
        if self.next() == "'":
            return self._single_quoted()
        try:
            value, self.at = _JSON.raw_decode(self.source, start)
        except json.JSONDecodeError as error:
            word = self.peek()
            quoted = f'; text needs quotes: "{word}"' if word and error.pos == start else ""
            self.fail(f"expected {what}{quoted}", at=min(error.pos, len(self.source)))
        except (ValueError, RecursionError):
            self.fail(f"expected {what}")
        return Literal(text=self.source[start : self.at], value=value, names=placeholders(value))

    def _single_quoted(self) -> Literal:
        start = self.at
        close = self.source.find("'", start + 1)
        if close < 0:
            self.fail("the quote is never closed")
        self.at = close + 1
        value = self.source[start + 1 : close]
        return Literal(text=self.source[start : self.at], value=value, names=placeholders(value))

    def text(self) -> Literal:
        """A text in quotes, a placeholder, or one bare word."""
        hit = self.placeholder()
        if hit:
            return hit
        if self.next() in ('"', "'"):
            return self.json("a text in quotes")
        word = self.bare("a text in quotes")
        return Literal(text=word, value=word)

    def pattern(self) -> Literal:
        """A regular expression in quotes; only the quote itself is escaped, so that ``\\d`` is written ``\\d``."""
        self.skip()
        start, quote = self.at, self.next()
        if quote not in ('"', "'"):
            self.fail("expected a regular expression in quotes")
        close = re.compile(rf"(?:[^{quote}\\]|\\.)*{quote}", re.DOTALL).match(self.source, start + 1)
        if not close:
            self.fail("the quote is never closed")
        self.at = close.end()
        value = close.group()[:-1].replace(f"\\{quote}", quote)
        try:
            regex(PLACEHOLDER.sub("x", value))
        except Uncompilable as error:
            self.fail(str(error), at=start)
        return Literal(text=self.source[start : self.at], value=value, names=placeholders(value))

    def array(self, what: str) -> Literal:
        """``["a", "b"]``, or ``a, b`` without the brackets."""
        start = self.at
        if self.next() == "[":
            return self.json(what)
        items = [self.text()]
        while self.take(","):
            items.append(self.text())
        values = [item.value for item in items]
        return Literal(text=self.source[start : self.at].strip(), value=values, names=placeholders(values))

    def term(self, depth: int = 0) -> Term:
        """Arithmetic: ``+`` and ``-`` of products."""
        start = self.at
        left = self._product(depth)
        while (operator := self.next()) and operator in "+-":
            self.at += 1
            left = self._operation(start, operator, left, self._product(depth))
        return left

    def _product(self, depth: int) -> Term:
        start = self.at
        left = self._factor(depth)
        while (operator := self.next()) and operator in "*/":
            self.at += 1
            left = self._operation(start, operator, left, self._factor(depth))
        return left

    def _operation(self, start: int, operator: str, left: Term, right: Term) -> Term:
        text = self.source[start : self.at].strip()
        return Operation(text=text, operator=operator, left=left, right=right)

    def _factor(self, depth: int) -> Term:
        if depth > DEEPEST:
            self.fail("too many brackets inside each other")
        if self.next() == "$":
            return self.path()
        if self.take("("):
            inner = self.term(depth + 1)
            self._close()
            return inner
        return self.placeholder() or self._call(depth) or self.json("a value")

    def _call(self, depth: int) -> Call | None:
        start, word = self.at, self.peek()
        if not word or self.source[self.at + len(word) :].lstrip()[:1] != "(":
            return None
        function = self.choice(FUNCTIONS, "a function")
        self.take("(")
        argument = self.term(depth + 1)
        digits = 0
        if function == "round" and self.take(","):
            digits = min(int(float(self.number("how many digits to round to"))), 20)
        self._close()
        return Call(text=self.source[start : self.at], function=function, argument=argument, digits=digits)

    def _close(self) -> None:
        if not self.take(")"):
            self.fail("expected )")


def _end_of_path(source: str, start: int) -> int:
    """Where a path ends: the first character outside brackets and quotes that cannot belong to it.

    A ``*`` belongs to it only behind a dot, so that ``$.price * $.qty`` is a product.
    """
    depth, quote, at = 0, "", start + 1
    while at < len(source):
        character = source[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif depth and character in "'\"":
            quote = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
            if depth < 0:
                break
        elif not depth and not _IN_PATH.match(character) and not (character == "*" and source[at - 1] == "."):
            break
        at += 1
    return min(at, len(source))
