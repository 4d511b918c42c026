"""One parsed ``expect`` line: what it looks at, and how that is compared. The language stands in ``expect``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fixloop_bot.domain.expectations.terms import Term, names_in


class Subject(StrEnum):
    """What an assertion looks at."""

    STATUS = "status"
    HEADER = "header"
    COOKIE = "cookie"
    JSON = "json"
    SCHEMA = "schema"
    BODY = "body"
    LATENCY = "latency"
    SIZE = "size"
    SHA256 = "sha256"
    REDIRECT = "redirect"


class Comparison(StrEnum):
    """How it is compared. ``!=`` is a negated ``==``."""

    EQUAL = "=="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    IN = "in"
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"
    TYPE = "type"
    TO = "to"
    FITS = "fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One parsed ``expect`` line; immutable, hashable, parsed once.

    ``name`` is the header's or cookie's, ``path`` the JSON path as text. ``quantile`` is in 0…1, set for ``p95 < 400``
    alone; then, and for ``latency``, ``limit_ms`` is the bound. ``schema`` is JSON text, empty for ``schema openapi``
    and for ``shape as before``, which has ``before`` set.
    """

    source: str
    subject: Subject
    comparison: Comparison
    negated: bool = False
    name: str = ""
    path: str = ""
    length: bool = False
    value: Term | None = None
    codes: tuple[str, ...] = ()
    schema: str = ""
    before: bool = False
    limit_ms: float | None = None
    quantile: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders that need a value before the line can be held against an answer."""
        return names_in(self.value)

    @property
    def wants_openapi(self) -> bool:
        return self.subject is Subject.SCHEMA and not self.schema and not self.before

    @property
    def wants_before(self) -> bool:
        """Whether a baseline has to say what the schema is (``described.with_shapes``)."""
        return self.before
