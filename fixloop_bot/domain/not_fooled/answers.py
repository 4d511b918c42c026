"""Rule of proof 4: answers that look fine and are not, unless the step says that it wants exactly that.

These checks come on top of the step's own lines. Each is silent where a line names the very thing: a step that asserts
``status == 404`` wants its 404, one that asserts ``redirect to "/login"`` its login page. So is the page that a request
asks for by its path, ``GET /login``, and the one that a journey captures from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fixloop_bot.domain.expectations.answers import Answer, NotJson, shown
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.expectations.compiled import regex
from fixloop_bot.domain.expectations.judges import covers
from fixloop_bot.domain.not_fooled.cached import from_a_cache
from fixloop_bot.domain.not_fooled.confessions import confession
from fixloop_bot.domain.not_fooled.pages import HTML, in_its_place
from fixloop_bot.domain.samples import AssertionResult, Response
from fixloop_bot.domain.wants import LOGIN_WORD, Asked, Wants

__all__ = ["EXACTLY", "Wants", "implicit"]

EXACTLY = frozenset({401, 403, 404, 405, 407, 410, 429})
"""Refusals and lost routes: a class (4xx) or a bound (< 500) does not mean them, only the code itself does."""

_NOT_JSON_TYPES = HTML | {"text/xml", "application/xml", "text/css", "application/javascript", "text/javascript"}
_PROBLEMS = frozenset({"application/problem+json", "application/problem+xml"})
_SMALL = 2_000  # bytes up to which JSON that is not announced as such is looked at
_ERRORS = r"(?i)(^|[^a-z])(errors?|failures?)($|[^a-z])"
_READS = frozenset({"GET", "HEAD", "QUERY"})


def implicit(
    assertions: Sequence[Assertion] | Wants,
    response: Response,
    *,
    method: str = "GET",
    path: str = "",
    captures: bool = False,
    secrets: Sequence[str] = (),
) -> tuple[AssertionResult, ...]:
    """What is wrong with the answer although no line says so; empty if nothing is. Every result has ``held=False``.

    ``method`` and ``path`` are the request's: an answer to HEAD has no body to look at, and one to ``GET /login`` may
    be a login page. So may be one that the journey ``captures`` a value from.
    """
    answer = Answer(response)
    wants = assertions if isinstance(assertions, Wants) else Wants(assertions)
    asked = Asked(method.upper(), path, captures)
    looks = _OF_ANY if asked.method == "HEAD" else _OF_A_BODY
    wrong = [found for look in looks for found in look(wants, answer, asked)]
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


def _status(wants: Wants, answer: Answer, _: Asked) -> Iterator[_Wrong]:
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


def _login_redirect(wants: Wants, answer: Answer, asked: Asked) -> Iterator[_Wrong]:
    location = answer.location
    if not location or wants.redirect or not regex(LOGIN_WORD).search(location.replace("_", " ")):
        return
    if asked.method != "GET" or not asked.names(LOGIN_WORD):
        yield "answer", f"a redirect to a login page ({location})", "the service's own answer"


def _truncated(_: Wants, answer: Answer, __: Asked) -> Iterator[_Wrong]:
    if answer.response.truncated:
        yield "body", f"cut off after {len(answer.response.body)} bytes", "a whole answer"


def _empty(wants: Wants, answer: Answer, _: Asked) -> Iterator[_Wrong]:
    """An empty 2xx where the step looks into the body, or where the answer itself announces content."""
    response = answer.response
    if (response.body and not response.body.isspace()) or not 200 <= response.status <= 299 or wants.emptiness:
        return
    announced = answer.content_type in HTML or _is_json(answer.content_type)
    if wants.content or (announced and response.status not in (204, 205)):
        yield "body", "empty", "content"


def _is_json(content_type: str) -> bool:
    return content_type in ("application/json", "text/json") or content_type.endswith("+json")


def _wrong_type(wants: Wants, answer: Answer, _: Asked) -> Iterator[_Wrong]:
    if wants.json and answer.content_type in _NOT_JSON_TYPES and not wants.names_header("content-type"):
        yield "content type", answer.content_type, "JSON"


def _cached(wants: Wants, answer: Answer, _: Asked) -> Iterator[_Wrong]:
    said = from_a_cache(wants, answer)
    if said:
        yield "answer", f"cached ({said})", "a fresh one"


def _page(wants: Wants, answer: Answer, asked: Asked) -> Iterator[_Wrong]:
    """Somebody else's page in the place of the answer, with a friendly 200."""
    body = answer.response.body
    if 200 <= answer.response.status <= 299 and body and not body.isspace():
        found = in_its_place(wants, answer, asked)
        if found:
            yield "answer", found, "the service's own answer"


def _polite_error(wants: Wants, answer: Answer, asked: Asked) -> Iterator[_Wrong]:
    """``{"ok": false}`` and ``{"error": "…"}`` with a 200, where the step looks at the status alone."""
    response = answer.response
    if wants.content or not 200 <= response.status <= 299:
        return
    announced = _is_json(answer.content_type)
    if not announced and not (len(response.body) <= _SMALL and response.body.lstrip()[:1] in (b"{", b"[")):
        if answer.content_type in _PROBLEMS:
            yield "body", f"an error ({answer.content_type})", "no error"
        return
    try:
        document = answer.document()
    except NotJson:
        if announced and response.body.strip():
            yield "body", "not JSON", "the JSON that its content type announces"
        return
    said = confession(document, of_errors=asked.path != "" and asked.names(_ERRORS))
    if said or answer.content_type in _PROBLEMS:
        yield "body", f"an error ({shown(said or document)})", "no error"
    elif announced and _says_nothing(document) and _wants_content(wants, response, asked):
        yield "body", f"empty ({shown(document)})", "content"


def _says_nothing(document: object) -> bool:
    """``null``, ``{}``, ``[]``, ``""``; but ``0`` and ``false`` are said."""
    return document is None or (isinstance(document, dict | list | str) and not document)


def _wants_content(wants: Wants, response: Response, asked: Asked) -> bool:
    """What is read has content; what is changed is often answered with ``{}`` alone."""
    return asked.method in _READS and response.status not in (202, 204, 205) and not wants.emptiness


_Look = Callable[[Wants, Answer, Asked], Iterator[_Wrong]]
_OF_ANY: tuple[_Look, ...] = (_status, _login_redirect, _cached, _truncated)
_OF_A_BODY: tuple[_Look, ...] = (*_OF_ANY, _empty, _wrong_type, _page, _polite_error)
