"""The report says what state says, the unpleasant things included."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.acts import Act
from fixloop_bot.domain.incidents import RecentChange, State, Tick
from fixloop_bot.domain.report import Case, report_of
from fixloop_bot.domain.runs import RecoveryVerdict, StepVerdict, TrafficReading
from fixloop_bot.domain.signals import Transition
from tests.adapters.thread_states import ALERT, SIGNAL, STATES, minutes
from tests.strategies import views


def proven() -> Case:
    """Reproduced, proven, watched, resolved by rolling back."""
    view = STATES["resolved proven"]()
    incident = replace(view.incident, fixed_by="rolled back 2.14.0", lead="U0MIRA0001")
    return Case(
        incident=incident, service=view.service, before=view.confirm, after=view.shown, soak=view.soak, now=minutes(60)
    )


def with_incident(case: Case, **changes: object) -> Case:
    return replace(case, incident=replace(case.incident, **changes))  # type: ignore[arg-type]


def test_a_proven_incident_is_told_from_alert_to_proof() -> None:
    """What was broken, that it was seen, what fixed it, and what proves it: each from state."""
    report = report_of(proven(), version=1)
    told = " ".join(report.summary)
    assert report.verdict == "proven"
    assert "checkout: Error rate of checkout is high. It lasted" in told
    assert "Reproduced: step 1 failed in" in told
    assert report.fixed_by == "rolled back 2.14.0"
    assert "The recovery is proven:" in told
    assert report.people[0] == ("lead", "U0MIRA0001")
    assert [line.number for line in report.proof] == [1, 2, 3, 4, 5]
    first = report.proof[0]
    assert first.before.endswith("failed")
    assert first.verdict == "passed"
    assert first.meaning == "The bug was there and is gone."


def test_facts_are_counted_from_the_alert() -> None:
    facts = dict(report_of(proven(), version=1).facts)
    assert {"until it was reproduced", "until the verdict (proven)", "until it was resolved"} <= facts.keys()


def test_how_long_things_took_is_told_in_their_order() -> None:
    """Somebody who took it after it was reproduced stands below that."""
    taken = with_incident(proven(), acknowledged_at=minutes(37), acknowledged_by="U0MIRA0001")
    what = [each for each, _ in report_of(taken, version=1).facts if each.startswith("until")]
    assert what == [
        *("until it was reproduced", "until the verdict (proven)", "until somebody took it", "until it was resolved"),
    ]


def test_what_changed_before_it_and_who_did_what_stand_in_it() -> None:
    case = with_incident(proven(), changes=(RecentChange(at=minutes(-7), what="checkout 2.14.0 deployed"),))
    refused = Act(at=minutes(3), who="U0JONAS001", what="was refused to validate checkout", place="button")
    report = report_of(replace(case, refusals=(refused,)), version=1)
    assert [each.what for each in report.changes] == ["checkout 2.14.0 deployed"]
    assert [act.what for act in report.acts.lines if act.grave] == ["was refused to validate checkout"]


def test_incidents_that_were_taken_over_are_named() -> None:
    case = with_incident(proven(), merged=("INC-43", "INC-44"))
    assert dict(report_of(case, version=1).facts)["took over"] == "INC-43 and INC-44"


def test_what_is_left_to_do_is_listed() -> None:
    """A manual step that nobody ticked, a cause that nobody noted, an alert that still fires, a service unknown."""
    case = with_incident(
        proven(),
        manual=(),
        fixed_by="",
        reopened=2,
        service=None,
        signals=(replace(SIGNAL, transition=Transition.TRIGGERED), replace(SIGNAL, title="Flaps", seen=7,
                 transition=Transition.RECOVERED)),
    )  # fmt: skip
    todo = "\n".join(report_of(case, version=3).follow_ups)
    assert "Step 5 is still open: Ask support: are refunds open?" in todo
    assert "Write down what fixed it; nobody has." in todo
    assert "it was reopened 2 times" in todo
    assert "it still says Triggered" in todo
    assert "it notified 7 times" in todo
    assert "to the catalog" in todo


def test_a_step_that_was_ticked_is_done() -> None:
    case = with_incident(proven(), manual=(Tick(step_id="s5", by="U0MIRA0001", at=ALERT),))
    report = report_of(case, version=1)
    assert report.proof[4].verdict == "done"
    assert "Step 5" not in "\n".join(report.follow_ups)


@pytest.mark.parametrize("verdict", [each for each in RecoveryVerdict if each is not RecoveryVerdict.PROVEN])
def test_what_is_not_proven_is_said_so(verdict: RecoveryVerdict) -> None:
    case = with_incident(
        proven(), verdict=verdict, verdict_reason="Step 2 still fails.", override_reason="we switch it off"
    )
    report = report_of(case, version=1)
    assert f"The recovery itself: the verdict is {verdict.value}." in report.unproven
    assert "It was resolved all the same, because: we switch it off" in report.unproven
    assert any(line.endswith(": step 2 still fails.") for line in report.summary)


def test_what_could_not_be_looked_at_is_unproven() -> None:
    """A step without a decision, traffic without a measurement, a watch that did not hold."""
    case = proven()
    assert case.after is not None
    steps = (
        replace(case.after.steps[0], verdict=StepVerdict.INCONCLUSIVE, reason="could not look"),
        *case.after.steps[1:],
    )
    blind = replace(case.after, steps=steps, traffic=TrafficReading(why_not="the alert names no metric"))
    report = report_of(with_incident(replace(case, after=blind, soak=None), soak_held=False), version=1)
    told = "\n".join(report.unproven)
    assert "Step 1 (A cart can be paid) was not decided: could not look." in told
    assert "What real traffic saw was not measured: the alert names no metric." in told
    assert "No watch followed the proof." in told


def test_a_bug_that_nobody_saw_asks_for_a_request_that_shows_it() -> None:
    case = proven()
    assert case.before is not None
    passed = replace(case.before, steps=tuple(replace(step, verdict=StepVerdict.PASSED) for step in case.before.steps))
    report = report_of(replace(case, before=passed), version=1)
    assert "FixLoop never saw the bug itself." in report.summary
    assert any("would reproduce it" in line or "request that shows the bug" in line for line in report.follow_ups)


def test_an_incident_without_any_run_has_a_report() -> None:
    """Somebody resolved it at once."""
    incident = replace(proven().incident, runs=(), plan=None, verdict=None, verdict_reason="", soak_held=False)
    report = report_of(Case(incident=incident), version=1)
    assert report.verdict == "not validated"
    assert report.proof == ()
    assert "The recovery was not validated." in report.summary
    assert "The recovery itself: it was not validated." in report.unproven


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(views())
def test_any_incident_has_a_report(view: ThreadView) -> None:
    """Whatever was stored; a verdict other than proven never sounds like it."""
    incident = view.incident
    case = Case(incident=incident, before=view.confirm, after=view.shown, soak=view.soak, now=view.now)
    report = report_of(case, version=1)
    assert len(report.timeline) == len(incident.timeline)
    assert len(report.signals) == len(incident.signals)
    if incident.verdict is not RecoveryVerdict.PROVEN:
        assert report.unproven
        assert "The recovery is proven" not in " ".join(report.summary)


def test_an_open_incident_is_told_as_open() -> None:
    case = with_incident(proven(), state=State.RECOVERED, resolved_at=None)
    assert "It is still open." in " ".join(report_of(case, version=1).summary)
