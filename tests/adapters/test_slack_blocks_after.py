"""What the cards say after a proof: a watch that did not look, a proof taken back, traffic that is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fixloop_bot.adapters.slack.blocks import Card, cards
from fixloop_bot.adapters.slack.blocks.evidence import figures
from fixloop_bot.adapters.slack.blocks.root import root_card
from fixloop_bot.adapters.slack.blocks.status import status
from fixloop_bot.application.performance import ENDED_BY_FAILURE
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.reasons import difference, how_it_fails, unasked
from fixloop_bot.domain.runs import RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult
from fixloop_bot.domain.signals import Transition
from tests.adapters import thread_states as base
from tests.adapters.slack_checks import problems
from tests.adapters.test_slack_blocks import words
from tests.adapters.thread_states import CONFIRM, MIRA, PLANNED, SOAK, STEPS, VALIDATE, judged, minutes
from tests.adapters.thread_states_proof import STATES
from tests.strategies import run_line

SPENT = "the catalog's 688 requests an hour for this service are spent"


def watched(**changes: object) -> ThreadView:
    """Proven, and the watch has ended after 8 of its 25 s."""
    soak = replace(SOAK, finished_at=SOAK.started_at + 8, **changes)  # type: ignore[arg-type]
    seen = base.quiet()
    lines = (*seen.incident.runs[:2], run_line(soak))
    incident = replace(seen.incident, runs=lines, soak_held=False, soak_until=SOAK.started_at + 25)
    return replace(seen, incident=incident, soak=soak)


def spent() -> ThreadView:
    lost = StepProgress(
        step_id="s1", phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason=f"could not look: {SPENT}"
    )
    return watched(steps=(lost,))


def stopped() -> ThreadView:
    cut = StepProgress(step_id="s1", phase=StepPhase.DONE, verdict=StepVerdict.INCONCLUSIVE, reason="stopped")
    return watched(steps=(cut,), stopped_by=MIRA)


def nothing_to_watch() -> ThreadView:
    return watched(steps=())


def taken_back(*, undid: Undone | None = Undone.PROOF) -> ThreadView:
    """Datadog was faster than the watch, which was stopped as it no longer mattered."""
    soak = replace(SOAK, finished_at=minutes(28), stopped_by="fixloop")
    run = judged(VALIDATE)
    entries = (
        Entry(at=minutes(25.2), who="fixloop", kind=Happening.RUN_ENDED, what="validate run 2: proven.", about=run.id),
        Entry(at=minutes(28), who="datadog", kind=Happening.SIGNAL, what="Re-Triggered: Errors", undid=undid),
    )
    incident = base.after(CONFIRM, run, soak, state=State.OPEN, reopened=1, evidence_from=4, timeline=entries)
    return base.view(incident, now=minutes(28.2), confirm=CONFIRM, shown=run, soak=soak)


def taken_back_and_looked_at_again() -> ThreadView:
    """The confirm run that followed at once has reproduced it; the results card is its own by now."""
    seen = taken_back()
    again = replace(CONFIRM, id="INC-42-r4", number=4, started_at=minutes(28.1), finished_at=minutes(29))
    reproduced = Entry(
        at=minutes(29), who="fixloop", kind=Happening.RUN_ENDED, what="confirm run 4: reproduced", about=again.id
    )
    incident = replace(
        seen.incident,
        state=State.REPRODUCED,
        runs=(*seen.incident.runs, run_line(again)),
        timeline=(*seen.incident.timeline, reproduced),
    )
    return replace(seen, incident=incident, confirm=again, shown=again, now=minutes(29.1))


def halted() -> ThreadView:
    note = Entry(at=minutes(1), who="fixloop", kind=Happening.HELD_BACK, what="asked for a confirm run", about=MIRA)
    incident = replace(PLANNED, wanted_run=RunKind.CONFIRM, wanted_by="fixloop", timeline=(note,))
    return base.view(incident, now=minutes(2))


def still_over() -> ThreadView:
    """The first step fails, so that nobody waits for the metric."""
    over = replace(base.metric(0.312, minutes(25), StepVerdict.FAILED), verdict=StepVerdict.INCONCLUSIVE)
    steps = (
        base.failed("s1", 1, 1, base.broken(1, minutes(24.2), status=500)),
        base.passed("s2"),
        replace(over, reason=ENDED_BY_FAILURE),
        base.passed("s4", 90, 12.3),
    )
    return base.validated(judged(replace(VALIDATE, steps=steps)))


AFTER: dict[str, Callable[[], ThreadView]] = {
    "spent": spent,
    "stopped": stopped,
    "nothing to watch": nothing_to_watch,
    "taken back": taken_back,
    "taken back and looked at again": taken_back_and_looked_at_again,
    "halted": halted,
    "still over": still_over,
}


def card(view: ThreadView, part: str) -> Card:
    return next(each for each in cards(view) if each.part == part)


@pytest.mark.parametrize("state", AFTER)
def test_slack_takes_them(state: str) -> None:
    view = AFTER[state]()
    assert [problem for each in cards(view) for problem in problems(each, view)] == []


@pytest.mark.parametrize(
    ("state", "root", "results", "resolution"),
    [
        (
            spent,
            f"The watch ended after 8 s of 25 s: {SPENT}. Press Validate to watch again.",
            f"⚪ *Watch not finished*. It ended after 8 s of 25 s: {SPENT}.",
            "watch ended after 8 s",
        ),
        (
            stopped,
            f", but <@{MIRA}> stopped the watch after 8 s; not watched since.",
            f"⚪ *Watch not finished*. <@{MIRA}> stopped it after 8 s; not watched since.",
            "watch stopped after 8 s",
        ),
        (
            nothing_to_watch,
            "No step of this plan can be watched.",
            "⚪ *Not watched*: no step of this plan can be watched.",
            "no step could be watched",
        ),
    ],
)
def test_a_watch_that_did_not_look_is_not_called_quiet(
    state: Callable[[], ThreadView], root: str, results: str, resolution: str
) -> None:
    """Each card says what happened, and none that it stayed quiet."""
    view = state()
    told = [words(card(view, "root")), words(card(view, "results"))]
    ended = words(card(base.resolved(view, at=minutes(38)), "resolution"))
    assert root in told[0]
    assert results in told[1]
    assert resolution in ended
    assert not any("quiet" in text for text in (*told, ended))


def test_a_proof_that_datadog_takes_back_is_said_on_both_cards() -> None:
    """As when the watch sees it first."""
    view = taken_back()
    assert status(view).marked().startswith("🔴 *Proof taken back* <!date^")
    assert "28 UTC" not in status(view).word
    assert ": Datadog alerted again. Not validated since." in status(view).rest
    results = words(card(view, "results"))
    assert "🔴 *Proof taken back*" in results
    assert ": Datadog alerted again." in results
    assert "⚪ *Was proven*. Steps 1 and 3 failed before and pass now." in results
    assert "Recovery proven" not in results


def test_the_root_card_keeps_it_while_a_new_run_has_the_results_card() -> None:
    """What went between is nobody's to remember."""
    view = taken_back_and_looked_at_again()
    root = words(root_card(view))
    assert "*Reproduced*" in root
    assert ": Datadog alerted again. It was proven <!date^" in root
    assert "aken back" not in words(card(view, "results"))


@pytest.mark.parametrize("undid", [None, Undone.RESOLUTION])
def test_what_takes_no_proof_back(undid: Undone | None) -> None:
    """A signal that changed nothing, and one that only reopened it: it was over with its proof by then."""
    assert "aken back" not in words(root_card(taken_back(undid=undid)))


def test_what_is_stopped_says_who_lifts_it() -> None:
    """A confirm run that cannot begin is not merely late."""
    line = "⚪ *Not reproduced yet*: <@U0MIRA0001> has stopped all traffic; `/fixloop go` lets it flow again."
    assert status(halted()).marked() == line
    begun = Entry(at=minutes(3), who="fixloop", kind=Happening.RUN_STARTED, what="started confirm run 1 of plan v1")
    view = halted()
    lifted = replace(view, incident=replace(view.incident, timeline=(*view.incident.timeline, begun)))
    assert status(lifted).marked() == "⚪ *Not reproduced yet*"


def test_a_metric_nobody_waited_for_says_how_it_stood() -> None:
    """And a single failed request is not counted out of one."""
    view = still_over()
    results = words(card(view, "results"))
    assert "still 31.2 % (limit 1 %); not waited for, since step 1 has failed" in results
    assert ENDED_BY_FAILURE not in results
    assert "step 1 still fails; the first request failed: status was 500, expected 200." in status(view).rest


def test_steps_that_are_all_decided_are_not_still_counted() -> None:
    """The verdict waits for real traffic then."""
    view = base.validating()
    assert view.shown is not None
    decided = replace(view, shown=replace(view.shown, steps=base.GOOD_STEPS))
    assert status(decided).marked() == "🟡 *Validating…* All steps decided, writing the verdict."
    failing = replace(view, shown=replace(view.shown, steps=(*base.CONFIRMED_STEPS,)))
    assert status(failing).rest.endswith(" All steps decided, writing the verdict.")


def test_the_alerts_own_value_is_past_once_it_has_recovered() -> None:
    """By proof, or by Datadog's own word."""
    over = replace(base.SIGNAL, transition=Transition.RECOVERED)
    recovered = base.view(replace(PLANNED, signals=(over,)), now=minutes(2))
    assert "· was 31 % (limit 1 %)" in root_card(STATES["proven and quiet"]()).text
    assert "· was 31 % (limit 1 %)" in root_card(recovered).text
    assert "· 31 % (limit 1 %)" in root_card(STATES["reproduced"]()).text


@pytest.mark.parametrize(("void", "told"), [(1, ""), (2, ""), (3, "3 readings could not look")])
def test_a_reading_that_finds_nothing_is_news_from_the_third_on(void: int, told: str) -> None:
    assert figures(STEPS[2], base.under_way("s3", void=void), None) == told
    assert figures(STEPS[0], base.under_way("s1", void=1), None) == "1 probe could not look"


def test_what_is_missing_is_called_missing() -> None:
    """Not that it was nothing, and a value expected."""
    gone = AssertionResult(
        source="header x-request-id exists", held=False, seen="", expected="a value", subject="header x-request-id"
    )
    assert difference(gone) == "x-request-id is missing"
    assert difference(replace(gone, source="json $.total exists", subject="$.total")) == "$.total is missing"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "not measured: Datadog could not be asked: Datadog could not be reached at http://127.0.0.1:9: "
            "the connection was refused",
            "unknown: Datadog refuses the connection",
        ),
        (
            "Step 3 could not be decided: not measured: Datadog could not be asked: the query has no data.",
            "Step 3 could not be decided: the query has no data.",
        ),
        (
            "Real traffic: not measured (Datadog could not be reached at api.datadoghq.com: the name is unknown).",
            "Real traffic: not measured (Datadog could not be reached, the name is unknown).",
        ),
    ],
)
def test_telemetry_that_cannot_be_asked_takes_one_colon(reason: str, told: str) -> None:
    assert unasked(reason) == told


def test_the_first_request_is_not_counted_out_of_one() -> None:
    run = still_over().shown
    assert run is not None
    assert how_it_fails(run, run.steps[0]) == "; the first request failed: status was 500, expected 200"


def test_a_step_that_passed_before_is_no_part_of_a_proof() -> None:
    """Beside steps that prove; alone, it says what the samples rule out."""
    assert "It passed before, too: no part of the proof" in words(card(base.quiet(), "results"))
    assert "Never reproduced here: none of 105 samples failed" in words(card(base.unproven(), "results"))
