"""The recovery verdict, by the rules of proof, with its reason in one sentence.

=============== =====================================================================================
proven          every required step passed over the whole window, at least one had failed in the confirm
                run of the *same frozen plan*, and the signal's own metric is inside its limit
not recovered   a required step failed
unproven        everything passes, yet nothing had failed before, or there was no confirm run
inconclusive    everything else: nothing ran, we could not look, or real traffic still fails
=============== =====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.runs import RecoveryVerdict, Run, StepProgress, StepVerdict, TrafficReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and why, in one sentence for a person."""

    verdict: RecoveryVerdict
    reason: str


def judge(*, validate: Run, confirm: Run | None, traffic: TrafficReading | None) -> Judgement:
    """The verdict of a finished validate run.

    ``confirm`` is the confirm run to compare with; one of another plan hash proves nothing and counts as none.
    A manual step that nobody ticked does not hold the verdict back, nor does a skipped one (a monitor that still averages over
    the past is reported, not waited for), but at least one automatic step must have passed.
    """
    automatic = [
        progress
        for step in validate.chosen_steps()
        if not step.manual and (progress := validate.progress(step.id)) is not None
    ]
    failed = [step for step in automatic if step.verdict is StepVerdict.FAILED]
    if failed:
        return Judgement(verdict=RecoveryVerdict.NOT_RECOVERED, reason=_still_fails(validate, failed))
    passed = [step for step in automatic if step.verdict is StepVerdict.PASSED]
    undecided = [step for step in automatic if step.verdict not in (StepVerdict.PASSED, StepVerdict.SKIPPED)]
    if not automatic:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason="No automatic step was ticked, so nothing ran.")
    if undecided:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason=_could_not_tell(validate, undecided[0]))
    if not passed:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason="No step could be measured, so nothing is known.")
    return _all_passed(validate, confirm, traffic)


def _all_passed(validate: Run, confirm: Run | None, traffic: TrafficReading | None) -> Judgement:
    if confirm is None or not confirm.finished:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason="Everything passes, but this plan was never run before the fix.",
        )
    if confirm.plan.hash != validate.plan.hash:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason="Everything passes, but the plan was changed after the confirm run.",
        )
    proving = proving_steps(validate, confirm)
    if not proving:
        return Judgement(
            verdict=RecoveryVerdict.UNPROVEN,
            reason="Everything passes, but nothing that ran now had failed before.",
        )
    if traffic is not None and traffic.breached:
        return Judgement(verdict=RecoveryVerdict.INCONCLUSIVE, reason=_not_covered(traffic))
    return Judgement(verdict=RecoveryVerdict.PROVEN, reason=_proof(validate, proving, traffic))


def proving_steps(validate: Run, confirm: Run) -> tuple[str, ...]:
    """Ids of the steps that failed before and pass now; a control that had failed counts too."""
    return tuple(
        step.step_id
        for step in validate.steps
        if step.verdict is StepVerdict.PASSED
        and (before := confirm.progress(step.step_id)) is not None
        and before.verdict is StepVerdict.FAILED
    )


def place(run: Run, step_id: str) -> int:
    """A step's number in the checklist, from 1."""
    return next(index for index, step in enumerate(run.plan.steps, start=1) if step.id == step_id)


def _still_fails(run: Run, failed: list[StepProgress]) -> str:
    first = failed[0]
    many = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    how = f": {first.reason}" if first.reason else ""
    return f"Step {place(run, first.step_id)}{many} still fails{how}."


def _could_not_tell(run: Run, step: StepProgress) -> str:
    return f"Step {place(run, step.step_id)} could not be decided: {step.reason or 'it did not finish'}."


def _not_covered(traffic: TrafficReading) -> str:
    return (
        f"The steps pass, but real traffic still fails ({_number(traffic.value)} against a limit of "
        f"{_number(traffic.limit)}): the plan does not cover the symptom."
    )


def _proof(validate: Run, proving: tuple[str, ...], traffic: TrafficReading | None) -> str:
    steps = ", ".join(str(place(validate, step_id)) for step_id in proving)
    noun = "Step" if len(proving) == 1 else "Steps"
    verb = "passes" if len(proving) == 1 else "pass"
    if traffic is None or traffic.value is None:
        why = traffic.why_not if traffic is not None and traffic.why_not else "no telemetry"
        measured = f"Real traffic: not measured ({why})"
    else:
        measured = f"Real traffic: {_number(traffic.value)} (limit {_number(traffic.limit)})"
    return f"{noun} {steps} failed before and {verb} now. {measured}."


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
