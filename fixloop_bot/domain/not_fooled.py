"""Rule of proof 4: answers that look fine and are not, unless the step says that it wants exactly that.

These checks come on top of the step's own lines. Each is silent where a line names the very thing: a step that asserts
``status == 404`` wants its 404, one that asserts ``redirect to "/login"`` its login page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from html import unescape

from fixloop_bot.domain.answers import Answer, NotJson, shown
from fixloop_bot.domain.compiled import regex
from fixloop_bot.domain.expect import Assertion, Comparison, Subject
from fixloop_bot.domain.expect_terms import Literal
from fixloop_bot.domain.judges import covers
from fixloop_bot.domain.samples import AssertionResult, Response
from fixloop_bot.domain.strangers import stranger

EXACTLY = frozenset({401, 403, 404, 405, 407, 410, 429})
"""Refusals and lost routes: a class (4xx) or a bound (< 500) does not mean them, only the code itself does."""

_HEAD = 16_384  # bytes of a page in which its title and form are looked for
_SMALL = 2_000  # bytes up to which a page's whole text counts as what it says
_QUOTED = 60  # characters of a stranger's page that are told
_LOGIN_WORD = r"(?i)\b(log[ _-]?in|sign[ _-]?in|sign[ _-]?on|sso|auth|oauth2?|saml|authenticate|authorize)\b"
_ASKS_FOR_IT = r"(?is)<input[^>]{0,300}type\s*=\s*[\"']?password"
_TITLE = r"(?is)<(?:title|h1)[^>]{0,300}>([^<]{0,300})"
_MAINTENANCE = (
    r"(?i)(under|scheduled|down for) (planned |scheduled )?maintenance|maintenance (mode|page|window|work)|"
    r"temporarily (unavailable|down|offline)|be (right )?back (soon|shortly)|service unavailable|"
    r"site is (down|offline)|^\s*maintenance\s*$"
)
_MAINTENANCE_WORD = r"(?i)maintenance|unavailable|offline|back soon|back shortly"
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_NOT_JSON_TYPES = _HTML | {"text/xml", "application/xml", "text/css", "application/javascript", "text/javascript"}
_CACHE_HEADERS = (
    "x-cache", "x-cache-status", "cf-cache-status", "x-proxy-cache", "x-vercel-cache", "x-nextjs-cache",
    "x-varnish-cache", "x-fastcgi-cache", "x-drupal-cache", "x-litespeed-cache", "cache-status", "x-cache-lookup",
)  # fmt: skip
_SAYS_CACHED = frozenset({"age", *_CACHE_HEADERS})
_HIT = r"(?i)\b(hit|stale|updating|revalidated)\b"


def implicit(
    assertions: Sequence[Assertion] | Wants,
    response: Response,
    *,
    method: str = "GET",
    secrets: Sequence[str] = (),
) -> tuple[AssertionResult, ...]:
    """What is wrong with the answer although no line says so; empty if nothing is. Every result has ``held=False``.

    ``method`` is the request's: an answer to HEAD has no body to look at.
    """
    answer = Answer(response)
    wants = assertions if isinstance(assertions, Wants) else Wants(assertions)
    looks = _OF_ANY if method.upper() == "HEAD" else _OF_A_BODY
    wrong = [found for look in looks for found in look(wants, answer)]
    if not wrong:
        return ()
    return tuple(
        AssertionResult(
            source="rule of proof 4",
            held=False,
            subject=subject,
            seen=shown(seen, secrets).strip('"'),
            expected=expected,
        )
        for subject, seen, expected in wrong
    )


_Wrong = tuple[str, str, str]
"""Subject, seen, expected."""


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


def _status(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """The status is named by a line, or else it is 2xx; a refusal or a lost route is named by its very code."""
    status = answer.response.status
    if 200 <= status <= 299:
        return
    lines = [line for line in wants.assertions if line.subject is Subject.STATUS]
    if any(_wants_exactly(line, status) for line in lines):
        return
    if status in EXACTLY:
        yield "status", str(status), f"a status that the step names (status == {status}), or 2xx"
    elif not _is_expected(wants, lines, status):
        yield "status", str(status), "2xx"


def _is_expected(wants: Wants, lines: Sequence[Assertion], status: int) -> bool:
    if 200 <= status <= 299 or (wants.redirect and 300 <= status <= 399):
        return True
    return any(_names(line, status) for line in lines)


def _wants_exactly(line: Assertion, status: int) -> bool:
    """``status == 404``, ``status in 200, 404``, or a placeholder, which the line itself judges."""
    if line.negated or line.comparison not in (Comparison.EQUAL, Comparison.IN):
        return False
    return line.value is not None or str(status) in line.codes


def _names(line: Assertion, status: int) -> bool:
    """A class, a range or a bound that covers the status; ``!=`` and ``not in`` only say what is not wanted."""
    if line.comparison in (Comparison.EQUAL, Comparison.IN):
        return not line.negated and any(covers(code, status) for code in line.codes)
    return True


def _login_redirect(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    location = answer.location
    if location and not wants.redirect and regex(_LOGIN_WORD).search(location.replace("_", " ")):
        yield "answer", f"a redirect to a login page ({location})", "the service's own answer"


def _truncated(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    if answer.response.truncated:
        yield "body", f"cut off after {len(answer.response.body)} bytes", "a whole answer"


def _empty(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """An empty 2xx where the step looks into the body, or where the answer itself announces content."""
    response = answer.response
    if (response.body and not response.body.isspace()) or not 200 <= response.status <= 299 or wants.emptiness:
        return
    announced = answer.content_type in _HTML or _is_json(answer.content_type)
    if wants.content or (announced and response.status not in (204, 205)):
        yield "body", "empty", "content"


def _is_json(content_type: str) -> bool:
    return content_type in ("application/json", "text/json") or content_type.endswith("+json")


def _wrong_type(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    if answer.content_type in _NOT_JSON_TYPES and wants.json and not wants.names_header("content-type"):
        yield "content type", answer.content_type, "JSON"


def _cached(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """An answer from a cache says how the service was, not how it is."""
    if not any(name in _SAYS_CACHED for name, _ in answer.response.headers):
        return
    age = (answer.header("age") or "").strip()
    if age.isdecimal() and age.strip("0") and not wants.names_header("age"):
        yield "answer", f"cached (Age {age} s)", "a fresh one"
        return
    for name in _CACHE_HEADERS:
        value = answer.header(name)
        if value and regex(_HIT).search(value) and not wants.names_header(name):
            yield "answer", f"cached ({name}: {value})", "a fresh one"
            return


def _page(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """A login or maintenance page in the place of the answer, with a friendly 200."""
    response = answer.response
    if not 200 <= response.status <= 299 or not response.body:
        return
    if not _looks_like_html(answer) and not answer.content_type.startswith("text/plain"):
        return
    head = response.body[:_HEAD]
    titles = b" ".join(regex(_TITLE).findall(head))
    small = _without_tags(head) if len(response.body) <= _SMALL else b""
    if _is_login(wants, head, titles):
        yield "answer", "a login page", "the service's own answer"
    elif not wants.says(_MAINTENANCE_WORD) and any(regex(_MAINTENANCE).search(text) for text in (titles, small)):
        yield "answer", "a maintenance page", "the service's own answer"


def _another_service(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """The page of a server, host, content network or portal that does not know the service, with a 2xx."""
    response = answer.response
    if not 200 <= response.status <= 299 or not response.body:
        return
    if response.body.startswith((b"{", b"[")) and not response.body.startswith(b'{"message"'):
        return  # no stranger begins like this, most answers do, and the patterns are costly when cold
    html, small = _looks_like_html(answer), len(response.body) <= _SMALL
    if not html and not small:
        return
    titles = regex(_TITLE).findall(response.body[:_HEAD]) if html else []
    text = (_without_tags(_without_head(response.body)) if html else response.body) if small else b""
    found = stranger([_text(title) for title in titles], _text(text))
    if found is not None and not wants.quotes(found[1]):
        who, words = found
        yield "answer", f"{who} (“{words[:_QUOTED]}”)", "the service's own answer"


def _text(part: bytes) -> str:
    return unescape(part.decode("utf-8-sig", "replace")).strip()


def _without_head(page: bytes) -> bytes:
    """The page from its body on: the title is looked at by itself."""
    return page[max(0, page.lower().find(b"</head>")) :]


def _is_login(wants: Wants, head: bytes, titles: bytes) -> bool:
    """A page that asks for a password where JSON was expected, or whose title says that this is all it does."""
    if not regex(_ASKS_FOR_IT).search(head) or wants.says(_LOGIN_WORD) or wants.says(r"(?i)password"):
        return False
    return wants.json or regex(_LOGIN_WORD).search(titles) is not None


def _looks_like_html(answer: Answer) -> bool:
    if answer.content_type in _HTML:
        return True
    return answer.response.body[:200].lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


@lru_cache(maxsize=1)
def _tag() -> re.Pattern[bytes]:
    return re.compile(rb"<[^<>]*>")


def _without_tags(page: bytes) -> bytes:
    return b" ".join(_tag().sub(b" ", page).split())


def _polite_error(wants: Wants, answer: Answer) -> Iterator[_Wrong]:
    """``{"ok": false}`` and ``{"error": "…"}`` with a 200, where the step looks at the status alone."""
    if wants.content or not 200 <= answer.response.status <= 299 or not _is_json(answer.content_type):
        return
    try:
        document = answer.document()
    except NotJson:
        if answer.response.body.strip():
            yield "body", "not JSON", "the JSON that its content type announces"
        return
    if isinstance(document, dict) and _confesses(document):
        yield "body", f"an error ({_confession(document)})", "no error"


def _confesses(document: dict[str, object]) -> bool:
    if document.get("ok") is False or document.get("success") is False:
        return True
    error, errors = document.get("error"), document.get("errors")
    return bool(isinstance(error, str | dict) and error) or bool(isinstance(errors, list) and errors)


def _confession(document: dict[str, object]) -> str:
    part = {key: document[key] for key in ("error", "errors", "ok", "success", "message") if key in document}
    return shown(part)


_Look = Callable[[Wants, Answer], Iterator[_Wrong]]
_OF_ANY: tuple[_Look, ...] = (_status, _login_redirect, _cached, _truncated)
_OF_A_BODY: tuple[_Look, ...] = (*_OF_ANY, _empty, _wrong_type, _page, _another_service, _polite_error)
