"""What a step says that it wants of an answer: by its own lines, and by what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.compiled import regex
from fixloop_bot.domain.expectations.terms import Literal

LOGIN_WORD = (
    r"(?i)\b(log[ _-]?in|sign[ _-]?in|sign[ _-]?on|sso|auth|oauth2?|saml|authenticate|authorize|sessions?/new)\b"
)
_ASKS_WHO = r"(?i)\b(password|passwd|register|registration|sign[ _-]?up|unlock)\b"


class Asked(NamedTuple):
    """The request: ``method`` in capitals, its ``path``, and whether a value is captured from its answer."""

    method: str = "GET"
    path: str = ""
    captures: bool = False

    @property
    def login(self) -> bool:
        """Whether it asks for a login page, or for another one that asks for a password."""
        if self.captures:
            return True
        return self.method in ("GET", "HEAD") and (self.names(LOGIN_WORD) or self.names(_ASKS_WHO))

    def names(self, pattern: str) -> bool:
        """Whether the path speaks of it; what is behind the ``?`` does not count."""
        return regex(pattern).search(self.path.partition("?")[0].replace("_", " ")) is not None


class Wants:
    """What the step's own lines say that they want; made once for all answers to them."""

    def __init__(self, assertions: Sequence[Assertion]) -> None:
        self.assertions = tuple(assertions)

    def looks_at(self, *subjects: Subject) -> bool:
        return any(assertion.subject in subjects for assertion in self.assertions)

    def names_header(self, *names: str) -> bool:
        return any(assertion.subject is Subject.HEADER and assertion.name in names for assertion in self.assertions)

    @cached_property
    def json(self) -> bool:
        """Whether the step looks into JSON."""
        return self.looks_at(Subject.JSON, Subject.SCHEMA)

    @cached_property
    def content(self) -> bool:
        """Whether the step looks into the body at all."""
        return self.json or self.looks_at(Subject.BODY)

    @cached_property
    def redirect(self) -> bool:
        """Whether the step says where it wants to be sent."""
        lines = [line for line in self.assertions if line.subject is Subject.REDIRECT or line.name == "location"]
        return any(not line.negated for line in lines)

    @cached_property
    def emptiness(self) -> bool:
        """Whether the step says that it wants no content, or judges the size itself."""
        blank = any(
            line.subject is Subject.BODY
            and isinstance(line.value, Literal)
            and line.comparison is Comparison.EQUAL
            and not line.negated
            and line.value.value == ""
            for line in self.assertions
        )
        return blank or self.looks_at(Subject.SIZE, Subject.SHA256)

    def quotes(self, seen: str) -> bool:
        """Whether a line on the body asks for these very words, or for a part of them."""
        lines = [line for line in self.assertions if line.subject is Subject.BODY and not line.negated]
        texts = [line.value.value for line in lines if isinstance(line.value, Literal)]
        return any(isinstance(text, str) and text.casefold() in seen.casefold() for text in texts if text)

    def says(self, pattern: str) -> bool:
        """Whether a line on the body speaks of it, so that the step wants exactly that page."""
        spoken = [
            line.source.partition("body")[2]
            for line in self.assertions
            if line.subject is Subject.BODY and not line.negated
        ]
        return any(regex(pattern).search(text) for text in spoken)
