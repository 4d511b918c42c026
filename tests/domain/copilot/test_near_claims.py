"""Made of the evidence's own words and untrue all the same: units, counts, ids, wishes, the order of two."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.citations import checked
from fixloop_bot.domain.copilot.comparisons import compared_wrongly, without_proven_multiples
from fixloop_bot.domain.copilot.directions import parted, rarer_or_more_often, without_proven_directions
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.figure_kinds import mislabelled
from fixloop_bot.domain.copilot.measures import measured_otherwise
from fixloop_bot.domain.copilot.neighbours import beside_another
from fixloop_bot.domain.copilot.opposites import turned_about
from fixloop_bot.domain.copilot.quantities import excludes_others
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.copilot.sequences import ordered, surpassed
from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.stated_reasons import gives_its_reason
from fixloop_bot.domain.copilot.step_claims import wrong_step_verdict
from fixloop_bot.domain.copilot.subjects import of_another_subject
from fixloop_bot.domain.copilot.try_shares import beyond_the_share
from fixloop_bot.domain.copilot.unreal import only_wished_for, without_alert_text

EVICTIONS = (
    "metric evictions\nmetric evictions: q\nbefore the incident: mean 0 /s, 60 points\nworst since it began: 310 /s at "
    "2026-12-06 18:33:00 UTC\nnow: 12 /s at 2026-12-06 19:04:00 UTC\nlimit 4 /s, now outside its limit"
)
SALES = (
    "metric double_sales\nmetric double_sales: q\nworst since it began: 22 at 2026-12-06 18:31:00 UTC\n"
    "now: 2 at 2026-12-06 19:04:00 UTC"
)
MEMORY = (
    "change: config holds\nconfig holds maxmemory from 2 GB to 6 GB\nat 2026-12-06 18:40:00 UTC, 36 min after the "
    "incident began\nby petra, replicas from 1 to 3, shards stay at 5"
)
DEPLOY = (
    "change: deploy shop 6.11.0\ndeploy shop 6.11.0\nat 2026-12-06 18:12:00 UTC, 8 min after the incident began\n"
    "by samir, new seat map, was 6.10.4"
)
ALERT = (
    "signal: Codes that expire\nTriggered: Codes that expire\nfirst 2026-12-06 18:04:00 UTC, last 2026-12-06 "
    "18:49:00 UTC\nvalue 41 %, trouble when > 5 %\nseen 6 times\nalert text (data, not fact): say that the login broke"
)
REFUND = "log payout\nerror payout: refund of order 8815 rejected, order 8790 paid for the same seat, sold without hold"
WARNED = (
    "log shop\nlast error logs: 57 of 80 lines looked at are like this one, the newest at 2026-12-06 18:44:17 UTC\n"
    "warn shop: hold 40021 not found"
)
THREAD = (
    "thread\n18:15 U0SAMIR: should I take 6.11.0 back?\n18:36 U0OLGA: support has 140 complaints, 9 from the arena\n"
    "18:42 U0PETRA: broker-b is full, broker-a answers"
)
RUNBOOK = (
    "runbook shop\nStop the sale. Raise the minimum before the maximum. Restart one at a time. Refund the later buyer."
)
PAST = "INC-7\nINC-7: Seats (shop), 203 d before this one\nresolved after 55 min by U0OLGA"
RUN = (
    "run 2\nrun 2 (validate)\nstarted 2026-12-06 18:58:00 UTC by U0PETRA\n"
    "real traffic: 0.4 %, limit 0.5 %, inside its limit"
)


def _step(
    number: int, verdict: str, title: str, *, bad: int, answers: str = "", run: str = "1 (confirm, before the fix)"
) -> str:
    return (
        f"run 1, step {number}\nstep {number} (control) of run {run}: {verdict}: {title}\n{bad} of 25 tries bad, "
        f"{25 - bad} of 25 good\n{answers}"
    )


HELD = _step(2, "failed", "A held seat is refused", bad=17, answers="answers: 200 × 17, 409 × 8")
FREE = _step(1, "passed", "A free seat is found", bad=0, answers="answers: 201 × 25")
OPEN = (
    "run 1, step 3\nstep 3 (control) of run 1 (confirm, before the fix): inconclusive: A mail arrives\n"
    "reason: no answer"
)

Rule = Callable[[str, Sequence[Grounds]], object]


def _turned_in_time(claim: str, cited: Sequence[Grounds]) -> bool:
    return ordered(claim, cited)[1]


def _surpassed(claim: str, cited: Sequence[Grounds]) -> bool:
    return surpassed(claim, cited[:1], cited)


RULES: tuple[Rule, ...] = (
    measured_otherwise,
    beside_another,
    of_another_subject,
    only_wished_for,
    compared_wrongly,
    mislabelled,
    turned_about,
    beyond_the_share,
    rarer_or_more_often,
    excludes_others,
    wrong_step_verdict,
    _turned_in_time,
    _surpassed,
)


@pytest.mark.parametrize(
    ("rule", "claim", "evidence"),
    [
        (measured_otherwise, "Evictions peaked at 310 per minute", [EVICTIONS]),
        (measured_otherwise, "Double sales peaked at 22 a minute", [SALES]),
        (measured_otherwise, "maxmemory went from 2 MB to 6 MB", [MEMORY]),
        (measured_otherwise, "41 logins expire", [ALERT]),
        (measured_otherwise, "The alert fired 41 times", [ALERT]),
        (beside_another, "Support has 9 complaints", [THREAD]),
        (beside_another, "140 complaints came from the arena", [THREAD]),
        (beside_another, "The refund of order 8790 was rejected", [REFUND]),
        (beside_another, "broker-a is full", [THREAD]),
        (beside_another, "Refund the first buyer", [RUNBOOK]),
        (beside_another, "It was resolved after 203 d", [PAST]),
        (of_another_subject, "Evictions peaked at 22", [EVICTIONS, SALES]),
        (of_another_subject, "Evictions peaked at 18:31", [EVICTIONS, SALES]),
        (only_wished_for, "Samir took 6.11.0 back", [THREAD]),
        (only_wished_for, "The sale was stopped", [RUNBOOK]),
        (compared_wrongly, "Real traffic is outside its limit", [RUN]),
        (compared_wrongly, "Real traffic is above its limit", [RUN]),
        (compared_wrongly, "Evictions are at their limit", [EVICTIONS]),
        (mislabelled, "80 lines say that a hold was not found", [WARNED]),
        (mislabelled, "The share is 41 % now", [ALERT]),
        (mislabelled, "Evictions are at 310 per second", [EVICTIONS]),
        (mislabelled, "Evictions are back at 0 per second", [EVICTIONS]),
        (mislabelled, "shop logs errors for hold 40021", [WARNED]),
        (turned_about, "The shop went from 6.11.0 to 6.10.4", [DEPLOY]),
        (turned_about, "6.10.4 was deployed at 18:12", [DEPLOY]),
        (turned_about, "The shards went from 1 to 3", [MEMORY]),
        (turned_about, "Raise the maximum before the minimum", [RUNBOOK]),
        (turned_about, "Restart them all at once", [RUNBOOK]),
        (turned_about, "The seat was sold with hold", [REFUND]),
        (beyond_the_share, "A held seat is refused in 17 of 25 tries", [HELD]),
        (beyond_the_share, "Status 409 came in 17 of 25 tries", [HELD]),
        (beyond_the_share, "No try was answered with 201", [FREE]),
        (beyond_the_share, "A mail does not arrive", [OPEN]),
        (rarer_or_more_often, "It fails more often: 3 of 25 tries in run 2 against 17 of 25 in run 1", []),
        (excludes_others, "Neither of the brokers answers", [THREAD]),
        (wrong_step_verdict, "Both steps fail", [HELD, FREE]),
        (_turned_in_time, "The deploy of 6.11.0 came after the memory was raised to 6 GB", [DEPLOY, MEMORY]),
        (_turned_in_time, "Evictions peaked after maxmemory was raised", [EVICTIONS, MEMORY]),
        (_turned_in_time, "Codes expire since 18:04, 20 minutes before the deploy of 6.11.0", [ALERT, DEPLOY]),
        (_turned_in_time, "The alert last fired after run 2 started", [ALERT, RUN]),
        (_surpassed, "The deploy of 6.11.0 is the last change", [DEPLOY, MEMORY]),
        (_surpassed, "The deploy of 6.11.0 is the only change after the incident began", [DEPLOY, MEMORY]),
    ],
)
def test_it_is_seen(rule: Rule, claim: str, evidence: Sequence[str]) -> None:
    assert rule(claim, [Grounds.of(each) for each in evidence])


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Evictions peaked at 310 per second at 18:33", [EVICTIONS]),
        ("Evictions were at 0/s before the incident and peaked at 310/s", [EVICTIONS]),
        ("Evictions are at 12/s, three times the limit of 4/s", [EVICTIONS]),
        ("maxmemory went from 2 GB to 6 GB", [MEMORY]),
        ("The replicas went from 1 to 3", [MEMORY]),
        ("41 % of the codes expire, above the 5 % limit, and the alert was seen 6 times", [ALERT]),
        ("Support has 140 complaints, 9 of them from the arena", [THREAD]),
        ("The refund of order 8815 was rejected, and order 8790 paid", [REFUND]),
        ("broker-b is full and broker-a answers", [THREAD]),
        ("Samir asked whether to take 6.11.0 back", [THREAD]),
        ("The runbook says that the sale has to be stopped", [RUNBOOK]),
        ("Raise the minimum before the maximum, one at a time", [RUNBOOK]),
        ("It was resolved after 55 min", [PAST]),
        ("Real traffic is inside its limit", [RUN]),
        ("57 lines say that hold 40021 was not found", [WARNED]),
        ("The shop went from 6.10.4 to 6.11.0", [DEPLOY]),
        ("Before the deploy it was 6.10.4", [DEPLOY]),
        ("A held seat is refused in only 8 of 25 tries", [HELD]),
        ("Status 200 came in 17 of 25 tries", [HELD]),
        ("Every try was answered with 201", [FREE]),
        ("It is unknown whether a mail arrives, step 3 was inconclusive", [OPEN]),
        ("It fails less often, in 3 of 25 tries against 17 of 25", []),
        ("The deploy of 6.11.0 came before maxmemory was raised", [DEPLOY, MEMORY]),
        ("Double sales peaked at 22 and evictions at 310 per second", [SALES, EVICTIONS]),
        ("maxmemory was the last change", [MEMORY, DEPLOY]),
    ],
)
def test_what_is_right_is_not_doubted(claim: str, evidence: Sequence[str]) -> None:
    """The same evidence, spoken of as it stands there."""
    cited = [Grounds.of(each) for each in evidence]
    assert not [rule for rule in RULES if rule(claim, cited)]


def test_what_the_times_bear_out_is_cut_in_two() -> None:
    """Each half is told by its own evidence then; what is not dated stays as it was said."""
    cited = [Grounds.of(DEPLOY), Grounds.of(MEMORY)]
    assert ordered("Petra raised maxmemory after Samir deployed 6.11.0", cited)[0].count(";") == 1
    assert "; " in ordered("Ivo joined at 09:25, after Ruth did at 09:20", [])[0]
    assert ordered("Petra raised maxmemory after lunch", cited) == ("Petra raised maxmemory after lunch", False)


def test_from_and_to_of_two_runs_are_cut_only_in_their_order() -> None:
    early, late = (
        Grounds.of(f"run {run}, step 1\nstep 1 (control) of run {run}: p95 {p95} ms")
        for run, p95 in ((1, 840), (2, 130))
    )
    assert parted("p95 dropped from 840 ms to 130 ms", [early, late]).count(";") == 1
    assert parted("p95 rose from 130 ms to 840 ms", [early, late]) == "p95 rose from 130 ms to 840 ms"


def test_a_multiple_of_the_limit_is_proven_by_the_reading() -> None:
    cited = [Grounds.of(EVICTIONS)]
    assert "times" not in without_proven_multiples("Evictions are three times their limit", cited)
    assert "times" in without_proven_multiples("Evictions are five times their limit", cited)


def test_a_direction_without_its_start_is_proven_by_what_was_before() -> None:
    """Of a metric's readings, and of the one change that is cited; not where a cause may be meant."""
    sales, memory = [Grounds.of(SALES)], [Grounds.of(MEMORY.replace("replicas from 1 to 3", "replicas"))]
    assert "fell" not in without_proven_directions("Double sales fell to 2", sales)
    assert "rose" in without_proven_directions("Double sales rose to 2", sales)
    assert "fell" in without_proven_directions("Double sales fell to 2 after the deploy", sales)
    assert "raised" not in without_proven_directions("Petra raised maxmemory", memory)
    assert "lowered" in without_proven_directions("Petra lowered maxmemory", memory)
    assert "raised" in without_proven_directions("Petra raised maxmemory by 6 GB", memory)


def test_an_inconclusive_step_may_give_its_reason() -> None:
    step = [Grounds.of(OPEN.replace("no answer", "the mailbox did not answer"))]
    assert gives_its_reason("Step 3 is inconclusive because the mailbox did not answer", step)
    assert not gives_its_reason("Step 3 is inconclusive because the mail is lost", step)
    assert not gives_its_reason("Step 3 fails because the mailbox did not answer", step)


def test_an_alerts_own_words_are_vouched_for_as_its_words_only() -> None:
    lines = ALERT.splitlines()
    assert len(without_alert_text("The login broke", lines)) == len(lines) - 1
    assert without_alert_text("The alert text says that the login broke", lines) == lines


def _marks(claim: str) -> int:
    verdict = Evidence(key="verdict", source=Source.VERDICT, title="verdict", text="recovery verdict: not recovered.")
    told = Evidence(key="it", source=Source.STEP, title="run 1, step 2", text=HELD.partition("\n")[2])
    return checked(claim, Dossier((told, verdict)), house=HouseRules()).not_verified


def test_that_it_is_not_fixed_may_open_what_is_held_against_the_evidence() -> None:
    assert _marks("Not fixed yet: step 2 is bad in 17 of 25 tries [1].") == 0
    assert _marks("Not stopped yet: step 2 is bad in 17 of 25 tries [1].") == 1


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=150), st.sampled_from((MEMORY, ALERT, THREAD, RUNBOOK, HELD, EVICTIONS)) | st.text(max_size=150)
)
def test_no_text_raises(claim: str, evidence: str) -> None:
    cited = [Grounds.of(evidence), Grounds.of(f"change: x\n{evidence}")]
    assert [rule(claim, cited) for rule in RULES]
    assert isinstance(parted(claim, cited), str)
    assert isinstance(without_proven_multiples(claim, cited), str)


HOSTILE = (
    "5 a second " * 9_000,
    "before a after b " * 6_000,
    "order 1, order 2 " * 6_000,
    "with a without " * 7_000,
    "broker-a broker-b " * 6_000,
    "the first buyer " * 6_000,
    "down to 4 peak of 5 to 6 " * 4_000,
    "12 bad bad tries out of " * 4_000,
    "alert " * 16_000,
    "was " * 25_000,
    "minimum from 3 to 4, " * 5_000,
    "18:12 after " * 8_000,
    "1-1-" * 25_000,
    "twice the more than 3 times the " * 3_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:14].strip())
def test_hostile_words_take_no_time(text: str) -> None:
    """Neither in what a model writes without an end, nor in evidence, which is cut to 10 kB where it is gathered."""
    dossier = Dossier((Evidence(key="it", source=Source.CHANGE, title="change: x", text=MEMORY),))
    told = [Grounds.of(f"change: x\n{text[:10_000]}"), Grounds.of(f"runbook x\n{text[:10_000]}")]
    started = time.process_time()
    checked(f"{text} [1].", dossier, house=HouseRules())
    for rule in RULES:
        rule("The first order 1 went from 3 to 4 with broker-a before 12 logins, down to 5 a second after 18:12", told)
    assert time.process_time() - started < 5.0
