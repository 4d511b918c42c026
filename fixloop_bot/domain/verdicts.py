"""The recovery verdict, by the rules of proof, with its reason in one sentence.

=============== =====================================================================================
proven          every required step passed over the whole window, at least one that sends requests had
                failed in the confirm run of the *same frozen plan*, and the signal's own metric is inside
                its limit
not recovered   a required step failed
unproven        everything passes, yet no request had failed before, or there was no confirm run
                of this plan at this address
inconclusive    everything else: nothing ran, we could not look, or real traffic still fails
=============== =====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fixloop_bot.domain.figures import measured_name, reading, unit_of
from fixloop_bot.domain.reasons import failed_steps, how_it_fails, listed, others_fail, place
from fixloop_bot.domain.runs import RecoveryVerdict, Run, StepProgress, StepVerdict, TrafficReading

COULD_NOT_LOOK = "could not look: "
"""How a step's reason begins where its probes were void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and why, in one sentence for a person."""

    verdict: RecoveryVerdict
    reason: str


def judge(*, validate: Run, confirm: Run | None, traffic: TrafficReading | None) -> Judgement:
    """The verdict of a finished validate run.

    ``confirm`` is the confirm run to compare with; one of another plan hash, or of another address, proves nothing and
    counts as none.
    A manual step that nobody ticked does not hold the verdict back, nor does a skipped one (a monitor that still
    averages over the past is reported, not waited for), but at least one automatic step must have passed.
    """
    automatic = [
        progress
        for step in validate.chosen_steps()
        if not step.manual and (progress := validate.progress(step.id)) is not None
    ]
    failed = failed_steps(replace(validate, steps=tuple(automatic)))
    if failed:
        return Judgement(verdict=RecoveryVerdict.NOT_RECOVERED, reason=_still_fails(validate, confirm, failed))
    passed = [step for step in automatic if step.verdict is StepVerdict.PASSED]
    undecided = [step for step in automatic if step.verdict not in (StepVerdict.PASSED, StepVerdict.SKIPPED)]
    if not automatic:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason="No automatic step was ticked, so nothing ran.")
    if undecided:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason=_could_not_tell(validate, undecided))
    if not passed:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason="No step could be measured, so nothing is known.")
    return _all_passed(validate, confirm, traffic)


def _all_passed(validate: Run, confirm: Run | None, traffic: TrafficReading | None) -> Judgement:
    if confirm is None or not confirm.finished:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason=f"Everything passes, but this plan was never run before the fix.{_also(traffic)}",
        )
    if confirm.plan.hash != validate.plan.hash:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason=f"Everything passes, but the plan was changed after the confirm run.{_also(traffic)}",
        )
    if looked_elsewhere(validate, confirm):
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason=f"Everything passes, but the service's address was changed after the confirm run.{_also(traffic)}",
        )
    proving = proving_steps(validate, confirm)
    if not proving:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason=f"Everything passes, but nothing that ran now had failed before.{_also(traffic)}",
        )
    if not any(_by_request(validate, step_id) for step_id in proving):
        only = "only telemetry had failed: no request of this plan ever saw the bug"
        reason = f"Everything passes, but {only}.{_also(traffic)}"
        return Judgement(verdict=RecoveryVerdict.UNPROVEN, reason=reason)
    if traffic is not None and traffic.silent:
        reason = f"The steps pass, but real traffic could not be measured: {traffic.why_not}."
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason=reason)
    if traffic is not None and traffic.breached:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason=_not_covered(traffic))
    return Judgement(verdict=RecoveryVerdict.PROVEN, reason=_proof(validate, proving, traffic))


def looked_elsewhere(validate: Run, confirm: Run) -> bool:
    """Whether the confirm run is known to have looked at another address: what failed there may still fail there."""
    return confirm.base_url not in (None, validate.base_url)


def proving_steps(validate: Run, confirm: Run) -> tuple[str, ...]:
    """Ids of the steps that failed before and pass now; a control that had failed counts too."""
    return tuple(
        step.step_id
        for step in validate.steps
        if step.verdict is StepVerdict.PASSED
        and (before := confirm.progress(step.step_id)) is not None
        and before.verdict is StepVerdict.FAILED
    )


def _by_request(run: Run, step_id: str) -> bool:
    """Whether a step is a test, and not a reading: a green monitor is evidence, and proves nothing."""
    step = run.plan.step(step_id)
    return step is not None and step.repeated


def _still_fails(run: Run, confirm: Run | None, failed: list[StepProgress]) -> str:
    first, *others = failed
    sentence = f"Step {place(run, first.step_id)} {_since_when(first, confirm, run)}{how_it_fails(run, first)}."
    return " ".join(piece for piece in (sentence, others_fail(run, others)) if piece)


def _since_when(step: StepProgress, confirm: Run | None, run: Run) -> str:
    """What a fix has broken is another trouble than what it has not mended."""
    same = confirm is not None and confirm.plan.hash == run.plan.hash and not looked_elsewhere(run, confirm)
    before = confirm.progress(step.step_id) if confirm is not None and same else None
    if before is None or before.verdict in (None, StepVerdict.INCONCLUSIVE, StepVerdict.SKIPPED):
        return "fails"
    return "still fails" if before.verdict is StepVerdict.FAILED else "passed before and now fails"


def _could_not_tell(run: Run, undecided: list[StepProgress]) -> str:
    why = undecided[0].reason.rstrip(".")
    alike = [step for step in undecided if step.reason == undecided[0].reason]
    numbers = listed([str(place(run, step.step_id)) for step in alike])
    steps = f"Step {numbers}" if len(alike) == 1 else f"Steps {numbers}"
    if why.startswith(COULD_NOT_LOOK):
        fault = why.removeprefix(COULD_NOT_LOOK)
        return f"{steps} could not look, which says nothing about the service: {fault}."
    return f"{steps} could not be decided: {why or 'not finished'}."


def _not_covered(traffic: TrafficReading) -> str:
    return f"The steps pass, but {_still_breached(traffic)}: the plan does not cover the symptom."


def _still_breached(traffic: TrafficReading) -> str:
    return f"real traffic still fails ({_traffic(traffic)})"


def _also(traffic: TrafficReading | None) -> str:
    """The worse half of an unproven verdict."""
    return f" Besides, {_still_breached(traffic)}." if traffic is not None and traffic.breached else ""


def _proof(validate: Run, proving: tuple[str, ...], traffic: TrafficReading | None) -> str:
    steps = listed([str(place(validate, step_id)) for step_id in proving])
    noun = "Step" if len(proving) == 1 else "Steps"
    verb = "passes" if len(proving) == 1 else "pass"
    if traffic is None or traffic.value is None:
        why = traffic.why_not if traffic is not None and traffic.why_not else "no telemetry"
        measured = f"Real traffic: not measured ({why.rstrip('.')})"
    else:
        measured = f"Real traffic: {_traffic(traffic)}"
    return f"{noun} {steps} failed before and {verb} now. {measured}."


def _traffic(traffic: TrafficReading) -> str:
    """``error share 12 %, limit 2 %``."""
    unit = unit_of(traffic.query, traffic.limit)
    name = measured_name(traffic.query, traffic.limit).removeprefix("the metric")
    value = "unknown" if traffic.value is None else reading(traffic.value, unit)
    limit = "no limit" if traffic.limit is None else f"limit {reading(traffic.limit, unit)}"
    return f"{name} {value}, {limit}".lstrip()
