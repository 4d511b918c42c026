"""The search language of logs and events: `service:checkout status:error -"card declined" @http.code:>=500`.

Terms stand side by side for AND; AND, OR, NOT, `-` and parentheses combine them; `*` is a wildcard. Bare
words and quoted phrases look into the text. Words compare without regard to case.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<bracket>[()])
      | (?P<minus>-(?=\S))
      | (?P<key>@?[A-Za-z_][\w.@/-]*|\*):
        (?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<range>\[[^\]]*\])|(?P<value>[^\s()"]+))
      | "(?P<phrase>(?:\\.|[^"\\])*)"
      | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
_COMPARISON = re.compile(r"(>=|<=|>|<)(-?\d+(?:\.\d+)?)")
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]")
_MAX_DEPTH = 30


class SearchError(ValueError):
    """The text is not a search; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchable:
    """What a search looks at: lower-case text and values by key (tags included), attributes as sent."""

    text: str
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


Match = Callable[[Searchable], bool]


def searchable(text: str, tags: list[str], attributes: Mapping[str, Any], **fields: str) -> Searchable:
    """Build one; `tags` are `key:value` texts."""
    values: dict[str, set[str]] = {}
    for key, value in [*fields.items(), *(tag.split(":", 1) for tag in tags if ":" in tag)]:
        values.setdefault(key.lower(), set()).add(value.lower())
    return Searchable(
        text=text.lower(),
        fields={key: frozenset(found) for key, found in values.items()},
        attributes=attributes,
    )


def parse_search(text: str) -> Match:
    """Read one search; empty and `*` find everything. Raises SearchError."""
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    parser = _Parser(tokens)
    match = parser.any_of()
    if parser.rest():
        raise SearchError("a bracket is closed that was never opened")
    return match


def _tokens(text: str) -> list[re.Match[str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise SearchError(f"cannot read {text[at:].strip()[:40]!r}")
        found.append(token)
        at = token.end()
    return found


class _Parser:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._key = ""

    def rest(self) -> bool:
        return self._at < len(self._tokens)

    def any_of(self) -> Match:
        options = [self._all_of()]
        while self._take("word", "OR"):
            options.append(self._all_of())
        return options[0] if len(options) == 1 else lambda found: any(option(found) for option in options)

    def _all_of(self) -> Match:
        parts = [self._one()]
        while self.rest() and not self._next_is("bracket", ")") and not self._next_is("word", "OR"):
            self._take("word", "AND")
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda found: all(part(found) for part in parts)

    def _one(self) -> Match:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SearchError("it is nested too deeply")
        match = self._group() if self._next_is("bracket", "(") else self._negation() or self._term()
        self._depth -= 1
        return match

    def _negation(self) -> Match | None:
        if not (self._take("minus", "-") or self._take("word", "NOT")):
            return None
        inner = self._one()
        return lambda found: not inner(found)

    def _group(self) -> Match:
        self._take("bracket", "(")
        inner = self.any_of()
        if not self._take("bracket", ")"):
            raise SearchError("a bracket is not closed")
        return inner

    def _term(self) -> Match:
        if not self.rest() or self._next_is("bracket", ")"):
            raise SearchError("a term is missing")
        token = self._tokens[self._at].groupdict()
        self._at += 1
        word = token["word"] or ""
        if word.endswith(":") and self._next_is("bracket", "("):
            return self._for_key(word[:-1])
        if self._key and not token["key"]:
            return _keyed(self._key, token["phrase"] or word)
        return _term(token)

    def _for_key(self, key: str) -> Match:
        """`status:(error OR warn)`: the bare words inside are values of that key."""
        before, self._key = self._key, key
        match = self._group()
        self._key = before
        return match

    def _next_is(self, kind: str, text: str) -> bool:
        return self.rest() and self._tokens[self._at].group(kind) == text

    def _take(self, kind: str, text: str) -> bool:
        found = self._next_is(kind, text)
        self._at += found
        return found


def _term(token: Mapping[str, str | None]) -> Match:
    if key := token["key"]:
        wanted = token["quoted"] if token["quoted"] is not None else token["range"] or token["value"] or ""
        return _keyed(key, wanted)
    phrase = token["phrase"] if token["phrase"] is not None else token["word"] or ""
    return _text(phrase.replace('\\"', '"').lower())


def _text(wanted: str) -> Match:
    if "*" not in wanted:
        return lambda found: wanted in found.text
    pattern = re.compile(translate(f"*{wanted.strip('*')}*"), re.DOTALL)
    return lambda found: bool(pattern.match(found.text))


def _keyed(key: str, wanted: str) -> Match:
    if key == "*":
        return _text(wanted.lower())
    holds = _holds(wanted.lower())
    if key.startswith("@"):
        return lambda found: any(holds(value) for value in _attribute(found.attributes, key[1:]))
    return lambda found: any(holds(value) for value in found.fields.get(key.lower(), ()))


def _holds(wanted: str) -> Callable[[str], bool]:
    if comparison := _COMPARISON.fullmatch(wanted):
        return _compares(comparison[1], float(comparison[2]))
    if bounds := _RANGE.fullmatch(wanted.replace(" to ", " TO ")):
        low, high = _bound(bounds[1], -1), _bound(bounds[2], 1)
        return lambda value: (number := _number(value)) is not None and low <= number <= high
    if "*" in wanted:
        pattern = re.compile(translate(wanted))
        return lambda value: bool(pattern.match(value))
    return lambda value: value == wanted


def _compares(operator: str, limit: float) -> Callable[[str], bool]:
    def holds(value: str) -> bool:
        number = _number(value)
        if number is None:
            return False
        return (number > limit if operator[0] == ">" else number < limit) or (operator[1:] == "=" and number == limit)

    return holds


def _bound(text: str, sign: int) -> float:
    number = _number(text)
    return sign * float("inf") if number is None else number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _attribute(attributes: Mapping[str, Any], path: str) -> list[str]:
    """Values at a dotted path, lower-case; a list is all of its items."""
    found: Any = attributes
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return []
        found = found[part]
    return [str(value).lower() for value in (found if isinstance(found, list) else [found])]
