"""Holding a visit's answer against its leg: the step's own lines, then what always holds, then what is captured."""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.exchange import Trip, Visit
from fixloop_bot.adapters.http.prepared import Lines
from fixloop_bot.domain import assertions, expect
from fixloop_bot.domain.answers import Answer
from fixloop_bot.domain.filling import as_text, uses_secret
from fixloop_bot.domain.plans import Leg, Request
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Response

STATUS = expect.Subject.STATUS.value


def judge(trip: Trip, visit: Visit, leg: Leg, lines: Lines, response: Response, schema: str | None) -> None:
    """Fills the visit's failures, or its fault where we were not let in."""
    wrong = [
        *failures(trip, lines, response, schema),
        *assertions.implicit(lines.wants, response, method=leg.request.method, secrets=trip.veil.values),
    ]
    if _credentials_refused(leg.request, response, wrong):
        visit.fault = Fault(kind=FaultKind.CREDENTIALS, detail=f"answered {response.status}")
    else:
        visit.failures = tuple(wrong) or _capture(trip, leg, response)


def failures(trip: Trip, lines: Lines, response: Response, schema: str | None = None) -> list[AssertionResult]:
    """The step's own lines that do not hold.

    ``p95 < 400 ms`` is a claim on this one answer here: the step's decision knows how many may miss it.
    """
    answer = Answer(response)
    unsure = [line for line, glance in lines.glanced if glance is None or not glance(answer)]
    if not unsure:
        return []
    return assertions.failures(unsure, response, values=trip.named, response_schema=schema, secrets=trip.veil.values)


def _credentials_refused(request: Request, response: Response, wrong: Sequence[AssertionResult]) -> bool:
    """401 and 407, and 403 to a request that carried a secret, are about us, unless the step wants exactly that."""
    if response.status not in (401, 407) and not (response.status == 403 and uses_secret(request)):
        return False
    return any(result.subject == STATUS for result in wrong)


def _capture(trip: Trip, leg: Leg, response: Response) -> tuple[AssertionResult, ...]:
    """Read what later requests need; a value that is not there fails the sample: the service did not give it."""
    for name, expression in leg.capture:
        value = assertions.captured(expression, response, turn=trip.number - 1)
        if value is None:
            source = f"capture {name}: {expression}"
            return (AssertionResult(source=source, subject=expression, held=False, expected=f"a value for {name}"),)
        trip.named[name] = value
        trip.captured.add(name)
        if name in trip.in_headers:
            trip.hidden[name] = as_text(value)
            trip.veil = Veil({**trip.secrets, **trip.hidden})
    return ()
