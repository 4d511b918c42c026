"""Holding a visit's answer against its leg: the step's own lines, then what always holds, then what is captured.

A large answer, or a smaller one with lines that cost time, is looked at in a thread of its own, one at a time:
meanwhile the loop serves the kill switch, the other runs and Slack; ``expectations.effort`` ends the look in time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.exchange import Trip, Visit
from fixloop_bot.adapters.http.prepared import Lines
from fixloop_bot.domain.expectations import assertions
from fixloop_bot.domain.expectations.answers import Answer, NotJson
from fixloop_bot.domain.expectations.claim import Subject
from fixloop_bot.domain.filling import as_text, uses_secret
from fixloop_bot.domain.plans import Leg, Request
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Response
from fixloop_bot.domain.shapes import MOST_VALUES, is_large, shape_of

STATUS = Subject.STATUS.value
SMALL = 512  # bytes up to which no line takes long
LARGE = 32_768  # bytes from which on an answer is always looked at in the thread
LARGE_TO_DESCRIBE = 8_192  # the same for its shape
MOST_ON_THE_LOOP = 30_000  # units of effort, some milliseconds

P = ParamSpec("P")
T = TypeVar("T")


async def judged(trip: Trip, visit: Visit, leg: Leg, lines: Lines, response: Response, schema: str | None) -> None:
    """``judge``, without holding up the loop."""
    await apart_if_long(lines, response, judge, trip, visit, leg, lines, response, schema)


async def failing(trip: Trip, lines: Lines, response: Response) -> list[AssertionResult]:
    """``failures``, without holding up the loop."""
    return await apart_if_long(lines, response, failures, trip, lines, response)


async def shape(response: Response) -> str:
    """The shape of an answer's JSON; empty if it is none, or too large to be described."""
    if len(response.body) > LARGE_TO_DESCRIBE:
        return await _apart(_shape, response)
    return _shape(response)


def _shape(response: Response) -> str:
    answer = Answer(response)
    try:
        document = answer.document()
    except NotJson:
        return ""
    large = len(response.body) > MOST_VALUES and answer.most_values > MOST_VALUES and is_large(document)
    return "" if large else shape_of(document)


async def apart_if_long(lines: Lines, response: Response, look: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What ``look`` returns: called here, or in the thread if the answer is large or its lines take long."""
    if _takes_long(lines, response):
        return await _apart(look, *args, **named)
    return look(*args, **named)


def _takes_long(lines: Lines, response: Response) -> bool:
    size = len(response.body)
    if size > LARGE:
        return True
    if size <= SMALL or not lines.costly:
        return False
    answer = Answer(response)
    return sum([assertions.effort(line, answer) for line in lines.costly]) > MOST_ON_THE_LOOP


async def _apart(look: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_thread(os.getpid()), lambda: look(*args, **named))


@lru_cache(maxsize=1)
def _thread(process: int) -> ThreadPoolExecutor:
    """The process's one thread for it: a fork has to begin one of its own, hence the process's id."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"judging-{process}")


def judge(trip: Trip, visit: Visit, leg: Leg, lines: Lines, response: Response, schema: str | None) -> None:
    """Fills the visit's failures, or its fault where we were not let in."""
    wrong = [
        *failures(trip, lines, response, schema),
        *assertions.implicit(
            lines.wants,
            response,
            method=leg.request.method,
            path=leg.request.path,
            captures=bool(leg.capture),
            secrets=trip.veil.values,
        ),
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
    """407, and 401 or 403 to a request that carried a secret, are about us, unless the step wants exactly that.

    Who sent no credentials had none refused: then a 401 is what the service answers to everybody.
    """
    about_us = response.status == 407 or (response.status in (401, 403) and uses_secret(request))
    return about_us and any(result.subject == STATUS for result in wrong)


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
