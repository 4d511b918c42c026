"""Vetting: a proposed plan held against the rules of its service, before anybody sees it.

Whoever wrote a plan (a model, a person, a file), it is data until it has passed here: every request within what the
catalog allows, every placeholder and secret known, every expectation readable, the whole affordable. All breaches are
told at once, each in one sentence that names the step and what to do, fit for a model's re-ask and for a person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from fixloop_bot.domain import addresses
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.decision import ProofSettings, ProofSettingsError, StepSettings
from fixloop_bot.domain.errors import GateRefused, PlanRejected
from fixloop_bot.domain.plans import (
    STEPS_IN_A_PLAN,
    HttpCheck,
    JourneyCheck,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    ProbedCheck,
    ProofOverride,
    Role,
    Step,
)
from fixloop_bot.domain.vetting.requests import http_breaches, journey_breaches, strictest_quantile
from fixloop_bot.domain.vetting.wire import logs_breaches, wire_breaches

MOST_STEPS = 10
LONGEST_TITLE = 75
LONGEST_WHY = 500
LONGEST_QUERY = 1_000
LONGEST_INSTRUCTION = 300
MOST_REASONS = 30

_ID = re.compile(r"s([1-9]|10)")
_MONITOR_ID = re.compile(r"[0-9]{1,20}")


def vet(steps: tuple[Step, ...], service: Service | None, *, exactly: int | None = STEPS_IN_A_PLAN) -> tuple[Step, ...]:
    """The same steps, if they keep every rule; raises PlanRejected with a sentence for each breach.

    ``exactly`` is the number of steps; None, for a plan that a person edits, allows 1 to 10. Without a ``service``
    (the catalog has no entry) only metric, monitor, logs and manual steps are possible.
    """
    reasons = list(_plan_breaches(steps, service, exactly))
    for number, step in enumerate(steps[:MOST_STEPS], start=1):
        reasons += step_breaches(step, number, service)
    if not reasons:
        reasons += _over_budget(steps, service)
    if reasons:
        raise PlanRejected(list(dict.fromkeys(reasons))[:MOST_REASONS])
    return steps


def step_breaches(step: Step, number: int, service: Service | None) -> list[str]:
    """What is wrong with one step, in sentences that begin with its number in the checklist (from 1)."""
    found = [*_words(step), *_proof(step, service), *_check(step, service)] or list(_unaffordable(step, service))
    return [f"Step {number}: {sentence}" for sentence in found]


def requests_needed(step: Step, service: Service | None) -> int:
    """The fewest requests with which the step can be proven: samples without a failure × requests in each.

    0 for what sends no request. Raises ProofSettingsError if the step's own settings loosen the service's or its
    quantile cannot be afforded at all, ExpectError if an expectation cannot be read.
    """
    check = step.check
    if isinstance(check, JourneyCheck):
        lines = tuple(line for leg in check.legs for line in leg.expect)
        return _samples(step.proof, lines, service) * len(check.legs)
    return _samples(step.proof, check.expect, service) if isinstance(check, ProbedCheck) else 0


def _samples(proof: ProofOverride, expectations: tuple[str, ...], service: Service | None) -> int:
    settings = _settings(proof, service)
    quantile = strictest_quantile(expectations)
    if quantile is None:
        return settings.fewest_samples
    return max(settings.fewest_samples, settings.for_quantile(quantile).fewest_samples)


def can_probe(service: Service | None) -> bool:
    """Whether the catalog allows at least a GET or HEAD of ``/``, and requests enough for one step."""
    if service is None or service.allow.requests_per_plan < service.proof.fewest_samples:
        return False
    return any(_allowed(service, method) for method in ("GET", "HEAD"))


def _allowed(service: Service, method: str) -> bool:
    try:
        addresses.vet_template(service, method=method, where="/")
    except GateRefused:
        return False
    return True


def _plan_breaches(steps: tuple[Step, ...], service: Service | None, exactly: int | None) -> Iterator[str]:
    if exactly is not None and len(steps) != exactly:
        yield f"The plan has {len(steps)} steps; write exactly {exactly}."
    if not 1 <= len(steps) <= MOST_STEPS:
        yield f"The plan has {len(steps)} steps; write between 1 and {MOST_STEPS}."
    ids = [step.id for step in steps]
    if len(set(ids)) != len(ids):
        yield "Two steps have the same id; give every step its own, s1, s2 and so on."
    if not any(step.role is Role.CONFIRMATION for step in steps):
        yield "No step is a confirmation; at least one must fail while the bug lives and pass after the fix."
    if can_probe(service) and all(step.manual for step in steps):
        yield "Every step is manual; add at least one that FixLoop can run, such as an http step."


def _words(step: Step) -> Iterator[str]:
    if not _ID.fullmatch(step.id):
        yield "its id is not s1 … s10; number the steps in order."
    if not step.title.strip():
        yield "it has no title; say in a few words what works again."
    if len(step.title) > LONGEST_TITLE:
        yield f"its title has {len(step.title)} characters; shorten it to at most {LONGEST_TITLE}."
    if not step.title.isprintable():
        yield "its title has control characters; write plain text on one line."
    if len(step.why) > LONGEST_WHY or not step.why.replace("\n", " ").isprintable():
        yield f"its reason is not plain text of at most {LONGEST_WHY} characters; shorten it."


def _settings(proof: ProofOverride, service: Service | None) -> ProofSettings:
    asked: StepSettings = {}
    if proof.unacceptable is not None:
        asked["unacceptable"] = proof.unacceptable
    if proof.confidence is not None:
        asked["confidence"] = proof.confidence
    if proof.window_s is not None:
        asked["window_s"] = proof.window_s
    return (service.proof if service is not None else ProofSettings()).tightened(**asked)


def _proof(step: Step, service: Service | None) -> Iterator[str]:
    given = (step.proof.unacceptable, step.proof.confidence, step.proof.window_s)
    if any(value is not None and not math.isfinite(value) for value in given):
        yield "its proof settings are not numbers; leave them out."
        return
    try:
        _settings(step.proof, service)
    except ProofSettingsError as refusal:
        yield f"its proof settings are refused: {refusal} Leave them out to use the service's."


def _check(step: Step, service: Service | None) -> Iterator[str]:
    check = step.check
    match check:
        case MetricCheck():
            yield from _metric(check)
        case MonitorCheck():
            yield from _monitor(check)
        case LogsCheck():
            yield from _plain(check.query, "its query", LONGEST_QUERY)
            yield from logs_breaches(check)
        case ManualCheck():
            yield from _plain(check.instruction, "its instruction", LONGEST_INSTRUCTION)
        case _ if service is None:
            yield "the catalog has no entry for it, so nothing may be sent; use a metric, monitor, logs or manual step."
        case _:
            yield from _probed(check, service)


def _probed(check: ProbedCheck, service: Service) -> Iterator[str]:
    match check:
        case HttpCheck():
            yield from http_breaches(check, service)
        case JourneyCheck():
            yield from journey_breaches(check, service)
        case _:
            yield from wire_breaches(check, service)


def _metric(check: MetricCheck) -> Iterator[str]:
    yield from _plain(check.query, "its query", LONGEST_QUERY)
    if (check.limit is None) == (check.times_before is None):
        yield "its metric needs exactly one yardstick; give either limit or times_before."
    if check.limit is not None and not math.isfinite(check.limit):
        yield "its limit is not a number; give a finite one."
    if check.times_before is not None and not 0 < check.times_before < math.inf:
        yield "its times_before is not a number above 0; give a factor such as 1.5."
    if check.healthy_when not in ("<", "<=", ">", ">="):
        yield "its healthy_when is unknown; use <, <=, > or >=."


def _monitor(check: MonitorCheck) -> Iterator[str]:
    if not _MONITOR_ID.fullmatch(check.monitor_id):
        yield "its monitor_id is not a number; use the id of a Datadog monitor or leave the step out."
    if len(check.group) > LONGEST_QUERY or not check.group.isprintable():
        yield f"its monitor group is not plain text of at most {LONGEST_QUERY} characters; correct it or leave it out."


def _plain(text: str, what: str, longest: int) -> Iterator[str]:
    if not text.strip():
        yield f"{what} is empty; write it or replace the step."
    if len(text) > longest:
        yield f"{what} has {len(text):,} characters; shorten it to at most {longest:,}."
    if not text.isprintable():
        yield f"{what} has control characters; write plain text on one line."


def _unaffordable(step: Step, service: Service | None) -> Iterator[str]:
    try:
        requests_needed(step, service)
    except ProofSettingsError as refusal:
        yield f"its quantile takes too many samples: {refusal} Use a lower one, such as p95."


def _over_budget(steps: tuple[Step, ...], service: Service | None) -> Iterator[str]:
    needed = [requests_needed(step, service) for step in steps]
    if service is None or sum(needed) <= service.allow.requests_per_plan:
        return
    dearest = needed.index(max(needed)) + 1
    yield (
        f"Step {dearest}: the plan needs at least {sum(needed):,} requests and the catalog allows "
        f"{service.allow.requests_per_plan:,}, most of them for this step; use fewer requests in its journey "
        "or a metric step instead."
    )
