"""The braces of a metric query: which series are meant, by their tags.

`*`, `k:v`, wildcards `k:v*`, `!k:v`, commas (and), AND, OR, NOT, parentheses and `k IN (a, b)`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate

Tags = frozenset[str]
Match = Callable[[Tags], bool]

_TOKEN = re.compile(r"\s*([(),!]|[^\s(),!]+)")
_WORDS = frozenset({"AND", "OR", "NOT", "IN"})


class ScopeError(ValueError):
    """The braces cannot be read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A parsed scope: the normalised text that responses echo, its plain tags, and the test itself."""

    text: str
    tags: tuple[str, ...]
    matches: Match


def parse_scope(text: str) -> Scope:
    """Read the inside of the braces; empty means everything. Raises ScopeError."""
    tokens = _TOKEN.findall(text)
    if not tokens:
        return Scope("*", (), _everything)
    parser = _Parser(tokens)
    match = parser.any_of()
    if parser.peek() is not None:
        raise ScopeError(f"unexpected {parser.peek()} in scope {{{text}}}")
    plain = tuple(sorted(parser.plain))
    return Scope(",".join(plain) if parser.simple else text.strip(), plain, match)


def _everything(_: Tags) -> bool:
    return True


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.plain: set[str] = set()
        self.simple = True

    def peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self) -> Match:
        options = [self._all_of()]
        while self._word("OR"):
            options.append(self._all_of())
        if len(options) == 1:
            return options[0]
        self.simple, self.plain = False, set()
        return lambda tags: any(option(tags) for option in options)

    def _all_of(self) -> Match:
        parts = [self._one()]
        while self._word(",") or self._word("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda tags: all(part(tags) for part in parts)

    def _one(self) -> Match:
        self._depth += 1
        if self._depth > 30:
            raise ScopeError("the scope is nested too deeply")
        match = self._negated() or self._bracketed() or self._term()
        self._depth -= 1
        return match

    def _negated(self) -> Match | None:
        if not (self._word("!") or self._word("NOT")):
            return None
        self.simple = False
        kept = set(self.plain)
        inner = self._one()
        self.plain = kept
        return lambda tags: not inner(tags)

    def _bracketed(self) -> Match | None:
        if not self._word("("):
            return None
        inner = self.any_of()
        if not self._word(")"):
            raise ScopeError("a bracket of the scope is not closed")
        return inner

    def _term(self) -> Match:
        word = self.peek()
        if word is None or word in "(),!" or word.upper() in _WORDS:
            raise ScopeError(f"expected a tag, found {word or 'the end of the scope'}")
        self._at += 1
        if self._word("IN"):
            return self._listed(word)
        if self._word("NOT") and self._word("IN"):
            inner = self._listed(word)
            return lambda tags: not inner(tags)
        return self._tag(word)

    def _listed(self, key: str) -> Match:
        self.simple = False
        wanted = set()
        if not self._word("("):
            raise ScopeError("IN needs a bracketed list")
        while (word := self.peek()) and word not in "()!":
            self._at += 1
            if word != ",":
                wanted.add(f"{key}:{word}")
        if not self._word(")"):
            raise ScopeError("the list after IN is not closed")
        return lambda tags: not wanted.isdisjoint(tags)

    def _tag(self, word: str) -> Match:
        if "*" not in word:
            self.plain.add(word)
            return lambda tags: word in tags
        self.plain.add(word)
        if word == "*":
            return _everything
        pattern = re.compile(translate(word))
        return lambda tags: any(pattern.match(tag) for tag in tags)

    def _word(self, wanted: str) -> bool:
        found = self.peek()
        if found is None or found.upper() != wanted:
            return False
        self._at += 1
        return True
