"""What is news is shown at once; figures and crowds of alerts are drawn ever more seldom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.adapters.slack.blocks import plan_card
from fixloop_bot.application.novelty import (
    ALERTS,
    BETWEEN_NEWS_S,
    FIGURES,
    FIGURES_ELSEWHERE,
    FIGURES_OF_A_WATCH,
    FIGURES_OF_THE_KNOWN,
    PICTURES,
    REPORT_WITHIN_S,
    SETTLES_S,
    Novelty,
    gap_s,
    posted_from,
    stale_since,
)
from fixloop_bot.application.papers import Filed
from fixloop_bot.application.pictures import Album, Picture
from fixloop_bot.application.views import PartRef, ThreadView
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import SignalLine, State, StatusNote
from fixloop_bot.domain.runs import RunKind, StepVerdict
from tests.adapters import thread_states

STATES = thread_states.STATES


def drawn(view: ThreadView, part: str = "root", **more: object) -> PartRef:
    """A card that shows this view."""
    return PartRef(part=part, ts="1.0", news=Novelty.of(view).mark(part), **more)  # type: ignore[arg-type]


def is_news(before: ThreadView, after: ThreadView, part: str = "root") -> bool:
    return Novelty.of(after).is_news_to(drawn(before, part))


def gap(before: ThreadView, after: ThreadView, part: str = "root", *, clicked: bool = False, repeats: int = 0) -> float:
    return gap_s(after, Novelty.of(after), drawn(before, part, repeats=repeats), clicked=clicked)


def again(line: SignalLine, number: int) -> SignalLine:
    return replace(line, identity=f"cycle:{number}", last_at=line.last_at + number, seen=line.seen + number)


def counted_on(view: ThreadView) -> ThreadView:
    """The same, some samples later."""
    assert view.shown is not None
    steps = tuple(replace(step, samples=step.samples + 7) for step in view.shown.steps)
    return replace(view, shown=replace(view.shown, steps=steps), now=view.now + 7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("planning", "plan posted"),
        ("reproducing", "reproduced"),
        ("reproduced", "validating"),
        ("validating", "proven and watching"),
        ("validating", "not recovered"),
        ("proven and watching", "taken back by the watch"),
        ("proven and quiet", "resolved proven"),
    ],
)
def test_another_state_is_news(before: str, after: str) -> None:
    """It is drawn two seconds after the last drawing at the latest, and at once to somebody who clicked."""
    one, two = STATES[before](), STATES[after]()
    assert is_news(one, two)
    assert gap(one, two) == BETWEEN_NEWS_S
    assert gap(one, two, clicked=True) == 0


def test_what_people_do_is_news() -> None:
    """A tick, a note, a role, an entry of theirs in the timeline."""
    view = STATES["reproduced"]()
    incident = view.incident
    entry = Entry(at=view.now, who="U0MIRA0001", what="Rolled back.")
    note = StatusNote(text="Rolling back", by="U0MIRA0001", at=view.now)
    by_machine = replace(entry, who="datadog")
    for changed in (
        replace(incident, ticked=("s1",)),
        replace(incident, note=note),
        replace(incident, lead="U0MIRA0001"),
        replace(incident, timeline=(*incident.timeline, entry)),
    ):
        assert is_news(view, replace(view, incident=changed))
    assert not is_news(view, replace(view, incident=replace(incident, timeline=(*incident.timeline, by_machine))))


def test_figures_are_none() -> None:
    """Neither on the root nor on the results; there they follow soon, elsewhere hardly ever."""
    before = STATES["validating"]()
    after = counted_on(before)
    assert not is_news(before, after)
    assert not is_news(before, after, "results")
    assert gap(before, after, "results") == FIGURES.first_s
    assert gap(before, after) == FIGURES_ELSEWHERE.first_s
    assert [gap(before, after, "results", repeats=number) for number in range(4)] == [4, 60, 60, 60]


def test_a_step_that_fails_is_news_at_once_and_one_that_passes_is_not() -> None:
    """Broken is said as soon as it is certain; what passes is said with the figures."""
    before = STATES["validating"]()
    assert before.shown is not None
    first, *others = before.shown.steps
    for verdict, told in ((StepVerdict.FAILED, True), (StepVerdict.PASSED, False)):
        run = replace(before.shown, steps=(replace(first, verdict=verdict), *others))
        after = replace(before, shown=run)
        assert is_news(before, after) is told
        assert is_news(before, after, "results") is told


def test_another_step_that_fails_is_news_to_the_results_alone() -> None:
    """The root has said that it is broken."""
    before = STATES["validating"]()
    assert before.shown is not None
    first, second, *others = before.shown.steps
    failed = replace(first, verdict=StepVerdict.FAILED)
    one = replace(before, shown=replace(before.shown, steps=(failed, second, *others)))
    two = replace(before, shown=replace(before.shown, steps=(failed, replace(failed, step_id=second.step_id), *others)))
    assert not is_news(one, two)
    assert is_news(one, two, "results")


def test_a_picture_rides_along_with_the_news_of_the_next_seconds() -> None:
    """It explains what is said beside it; alone it is worth a call of its own only some seconds later."""
    view = STATES["reproduced"]()
    picture = Picture(name="signal", occasion="run:1", digest="d", file_id="F1", alt="It rose.", drawn_at=view.now)
    painted = replace(view, album=Album(pictures=(picture,)))
    assert not is_news(view, painted)
    assert gap(view, painted) == PICTURES.first_s
    assert gap(view, painted, "plan") == FIGURES_ELSEWHERE.first_s
    assert gap(painted, painted) == FIGURES_ELSEWHERE.first_s


def test_the_last_card_waits_some_seconds_for_the_report_that_it_links_to() -> None:
    """One card in place of two; without a report, or where none will come, it does not wait for ever."""
    view = replace(STATES["resolved proven"](), filed=Filed())
    ended = view.incident.resolved_at or 0.0
    assert posted_from(view, "resolution") == ended + REPORT_WITHIN_S
    assert posted_from(view, "root") == 0
    assert posted_from(replace(view, filed=Filed(version=view.incident.reopened + 1)), "resolution") == 0
    assert posted_from(replace(view, incident=replace(view.incident, merged_into="INC-7")), "resolution") == 0
    assert posted_from(STATES["reproduced"](), "resolution") == 0


def test_the_first_signals_are_news_and_a_crowd_is_not() -> None:
    """A second monitor is worth a drawing of its own, the hundredth notification is not; a recovery always is."""
    view = STATES["reproduced"]()
    (line,) = view.incident.signals

    def with_signals(count: int) -> ThreadView:
        lines = tuple(again(line, number) for number in range(count))
        return replace(view, incident=replace(view.incident, signals=lines, absorbed=tuple(map(str, range(count)))))

    assert is_news(with_signals(1), with_signals(2))
    assert not is_news(with_signals(10), with_signals(11))
    assert gap(with_signals(10), with_signals(11)) == ALERTS.first_s
    assert gap(with_signals(10), with_signals(11), "plan") == FIGURES_ELSEWHERE.first_s, "it shows no signals"
    quiet = tuple(
        replace(each, transition=thread_states.Transition.RECOVERED) for each in with_signals(10).incident.signals
    )
    assert is_news(with_signals(10), replace(view, incident=replace(view.incident, signals=quiet)))


def test_monitors_that_recover_one_after_the_other_are_drawn_once() -> None:
    """The one that still fires would lead the card for a second, and be taken for another incident."""
    view = STATES["reproduced"]()
    (line,) = view.incident.signals
    now = line.last_at + 60
    gone = replace(line, identity="cycle:2", transition=thread_states.Transition.RECOVERED, last_at=now)
    shown_at = line.last_at + 30

    def gap_with(*signals: SignalLine) -> float:
        after = replace(view, incident=replace(view.incident, signals=signals, absorbed=("a", "b", "c")))
        before = replace(after, incident=replace(after.incident, signals=(line, replace(line, identity="cycle:2"))))
        return gap_s(after, Novelty.of(after), drawn(before, shown_at=shown_at), clicked=False)

    assert gap_with(line, gone) == now + SETTLES_S - shown_at
    assert gap_with(replace(line, last_at=now + 1), gone) == ALERTS.first_s, "what alerts again does not wait"
    late = replace(gone, last_at=shown_at - 20)
    assert gap_with(replace(line, last_at=shown_at - 25), late) == ALERTS.first_s, "nor does what has settled"


def test_the_end_of_a_run_that_has_told_its_bug_waits_for_its_picture() -> None:
    """The root says already that it is broken; only that it counts no more is new. The results tell it at once."""
    after = STATES["reproduced"]()
    assert after.shown is not None
    (line,) = after.incident.runs
    counting = replace(line, finished_at=None, reproduced=False, reason="")
    incident = replace(after.incident, state=State.OPEN, active_run=line.id, runs=(counting,))
    run = replace(after.shown, finished_at=None)
    ended = line.finished_at or 0.0
    shown = drawn(replace(after, incident=incident, confirm=run, shown=run), shown_at=ended - 20)
    assert Novelty.of(after).is_news_to(shown)
    assert gap_s(after, Novelty.of(after), shown, clicked=False) == 20 + SETTLES_S
    assert gap_s(after, Novelty.of(after), shown, clicked=True) == 0
    noted = replace(after, incident=after.incident.noted(ended, "U0MIRA", Happening.NOTE, "took it on"))
    assert gap_s(noted, Novelty.of(noted), shown, clicked=False) == BETWEEN_NEWS_S, "what people do is told at once"


def test_a_run_that_begins_is_shown_with_its_first_figures() -> None:
    """Whenever the results were drawn last: "waiting" alone would stand there for a whole window."""
    view = STATES["validating"]()
    assert view.shown is not None
    run = replace(view.shown, steps=tuple(replace(step, verdict=None) for step in view.shown.steps))
    begun = replace(view, shown=run)
    for before in (1.0, 600.0):
        ref = drawn(begun, "results", shown_at=run.started_at - before)
        assert gap_s(begun, Novelty.of(begun), ref, clicked=True) == before + FIGURES.first_s
    ref = drawn(begun, "results", shown_at=run.started_at + 4, repeats=1)
    assert gap_s(begun, Novelty.of(begun), ref, clicked=False) == FIGURES.gap_s(1)


def test_a_card_is_out_of_date_since_the_alert_that_it_lacks() -> None:
    """That is its place in the line for Slack's updates; what it was drawn after, it does not lack."""
    view = STATES["reproduced"]()
    newest = max(line.last_at for line in view.incident.signals)
    assert stale_since(view, drawn(view, shown_at=newest - 30)) == newest
    assert stale_since(view, drawn(view, shown_at=newest + 30)) == newest + 30
    declared = replace(view, incident=replace(view.incident, signals=()))
    assert stale_since(declared, drawn(view, shown_at=newest)) == newest


def test_a_run_that_begins_is_told_by_the_root() -> None:
    """The results say so with their first figures, and the plan not at all: runs don't change it."""
    view = STATES["reproduced"]()
    run = view.shown
    assert run is not None
    line = replace(
        view.incident.runs[-1], id="next", number=2, kind=RunKind.VALIDATE, finished_at=None, reproduced=False
    )
    begun = replace(view.incident, active_run="next", runs=(*view.incident.runs, line))
    waiting = tuple(replace(step, verdict=None) for step in run.steps)
    shown = replace(run, id="next", kind=RunKind.VALIDATE, steps=waiting, finished_at=None)
    after = replace(view, incident=begun, shown=shown)
    assert is_news(view, after)
    assert not is_news(view, after, "results")
    assert not is_news(view, after, "plan")
    stopped = replace(begun, active_run=None, runs=(*view.incident.runs, replace(line, finished_at=1.0, stopped=True)))
    ended = replace(view, incident=stopped, shown=replace(shown, finished_at=1.0))
    assert is_news(after, ended, "results")
    assert not is_news(after, ended, "plan")
    assert [plan_card(each) for each in (after, ended)] == [plan_card(view)] * 2


def test_what_is_known_already_counts_on_slowly() -> None:
    """After the bug is reproduced, and during a watch, there is little to wait for."""
    confirming = STATES["reproducing"]()
    assert confirming.shown is not None
    known = tuple(replace(step, verdict=StepVerdict.FAILED) for step in confirming.shown.steps)
    seen = replace(confirming, shown=replace(confirming.shown, steps=known))
    assert gap(seen, counted_on(seen), "results") == FIGURES_OF_THE_KNOWN.first_s
    watching = STATES["proven and watching"]()
    assert watching.soak is not None
    assert gap(watching, watching, "results") == FIGURES_OF_A_WATCH.first_s


def test_a_card_of_an_older_fixloop_is_out_of_date() -> None:
    view = STATES["reproduced"]()
    assert Novelty.of(view).is_news_to(PartRef(part="root", ts="1.0", shown="abc"))
