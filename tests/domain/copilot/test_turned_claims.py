"""Every word and figure stands in the evidence, and the sentence is wrong all the same: each way of it is seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.actors import done_by_another
from fixloop_bot.domain.copilot.citations import checked
from fixloop_bot.domain.copilot.close_bonds import torn_apart
from fixloop_bot.domain.copilot.comparisons import compared_wrongly, without_proven_comparisons
from fixloop_bot.domain.copilot.directions import out_of_order
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.figure_kinds import mislabelled
from fixloop_bot.domain.copilot.opposites import turned_about
from fixloop_bot.domain.copilot.quantities import counts_what_it_cites, excludes_others, without_proven_quantities
from fixloop_bot.domain.copilot.replies import HouseRules, Reply
from fixloop_bot.domain.copilot.sequences import ordered
from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.stated_reasons import gives_its_reason
from fixloop_bot.domain.copilot.told_times import (
    at_another_time,
    dated_by_its_message,
)
from fixloop_bot.domain.copilot.try_shares import beyond_the_share

STEP = (
    "step 1 (confirmation) of run 1 (confirm, before the fix): failed: The name resolves\nDNS A idp.example.net\n"
    "it is bad in 8 of 12 tries: the resolver said SERVFAIL, expected 10.9.0.5\n8 of 12 tries bad, 4 of 12 good\n"
    "p95 2,010 ms\nsample #2 at 2026-11-24 06:16:44 UTC: DNS A idp.example.net in 640 ms bad: SERVFAIL"
)
CONTROL = (
    "step 2 (control) of run 1 (confirm, before the fix): passed: The catalogue answers\nGET /catalogue\n"
    "0 of 4 tries bad, 4 of 4 good\nnote: days left 61, must be above 7"
)
RUN = "run 2 (validate), started 2026-11-20 15:45:10 UTC by U0NOOR\nfinished 2026-11-20 15:49:20 UTC after 4 min"
CHANGE = "deploy shop 3.12.0\nat 2026-11-20 14:51:00 UTC\nraises batch from 200 to 1000"
THREAD = "06:20 U0SANA: the registrar still lists the old name servers"
LAG = (
    "metric consumer_lag: q\nbefore the incident: mean 120, 60 points\nworst since it began: 24,600 at 2026-11-20 "
    "15:37:00 UTC\nnow: 4,150 at 2026-11-20 15:51:00 UTC\nlimit 500, now outside its limit"
)
SUCCESS = "metric login_success: q\nnow: 28.7 % at 2026-11-24 06:34:00 UTC\nlimit 95 %, now outside its limit"
LOG = "last error logs: 71 of 90 lines looked at are like this one\nerror shop: CommitFailedException"
REPLICAS = "warn rates: replica eu-2 serves table version 17, primary eu-1 has version 19"
FAILOVER = "failover of rates to eu-2\nby lotte, planned maintenance of eu-1"
BODY = 'sample #12: $.total was 118.40, expected 119.00 body: {"net": 100.00, "total": 118.40}'
RUNBOOK = "find the blocking process, ask its owner, then cancel it"
OWN = "09:44 U0RUTH: I cancelled process 4411\n18:15 U0LOTTE: eu-1 comes back at nine"
SIGNAL = "Recovered: Resolver latency\nfirst 2026-11-24 06:02:00 UTC, last 2026-11-24 06:21:00 UTC"

Rule = Callable[[str, Sequence[Grounds]], bool]


def _turned_in_time(claim: str, cited: Sequence[Grounds]) -> bool:
    return ordered(claim, cited)[1]


RULES: tuple[Rule, ...] = (
    done_by_another,
    compared_wrongly,
    mislabelled,
    turned_about,
    at_another_time,
    beyond_the_share,
    out_of_order,
    torn_apart,
    dated_by_its_message,
    excludes_others,
    _turned_in_time,
)


@pytest.mark.parametrize(
    ("rule", "claim", "evidence"),
    [
        (at_another_time, "Run 2 finished at 15:45", RUN),
        (at_another_time, "Run 2 started at 15:49", RUN),
        (at_another_time, "The alert first fired at 06:21", SIGNAL),
        (turned_about, "The resolver said 10.9.0.5 instead of SERVFAIL", STEP),
        (turned_about, "It expected SERVFAIL", STEP),
        (turned_about, "The batch went from 1000 to 200", CHANGE),
        (turned_about, "The batch was raised to 200", CHANGE),
        (turned_about, "The registrar lists the new name servers", THREAD),
        (turned_about, "The registrar already lists them", THREAD),
        (turned_about, "Ask the registrar first.", THREAD),
        (compared_wrongly, "Lag is below 500", LAG),
        (compared_wrongly, "Lag is below its limit", LAG),
        (compared_wrongly, "Login success is above its limit", SUCCESS),
        (mislabelled, "The certificate has 7 days left", CONTROL),
        (mislabelled, "The sample took 2.01 s", STEP),
        (mislabelled, "71 orders are lost", LOG),
        (mislabelled, "The failure rate is 28.7 %", SUCCESS),
        (mislabelled, "Lag is at its worst now", LAG),
        (mislabelled, "Lag is 500", LAG),
        (beyond_the_share, "The name never resolves", STEP),
        (beyond_the_share, "The name is wrong in 4 of 12 tries", STEP),
        (torn_apart, "eu-1 serves table version 17", REPLICAS),
        (torn_apart, "eu-2 has version 19", REPLICAS),
        (torn_apart, "The maintenance of eu-2 was planned", FAILOVER),
        (torn_apart, "The net was 118.40", BODY),
        (turned_about, "rates came from eu-2", FAILOVER),
        (turned_about, "Cancel the process and then ask its owner", RUNBOOK),
        (dated_by_its_message, "eu-1 came back at 18:15", OWN),
        (_turned_in_time, "Ruth joined at 09:25, before Ivo took it at 09:20", RUN),
        (excludes_others, "Only the gateway logs this", LOG),
        (beyond_the_share, "Every request got an error", STEP),
        (beyond_the_share, "The name resolves in 8 of 12 tries", STEP),
    ],
)
def test_it_is_seen(rule: Rule, claim: str, evidence: str) -> None:
    assert rule(claim, [Grounds.of(evidence)])


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Run 2 started at 15:45 and finished at 15:49", RUN),
        ("The alert fired first at 06:02 and last at 06:21", SIGNAL),
        ("The resolver said SERVFAIL instead of 10.9.0.5 in 8 of 12 tries", STEP),
        ("The name does not resolve in 8 of 12 tries", STEP),
        ("The batch went from 200 to 1000", CHANGE),
        ("The registrar still lists the old name servers", THREAD),
        ("Lag is 4,150 now, above its limit of 500", LAG),
        ("Lag was 24,600 at its worst and is 4,150 now", LAG),
        ("Login success is 28.7 %, below its limit of 95 %", SUCCESS),
        ("The certificate has 61 days left, more than 7", CONTROL),
        ("p95 is 2.01 s, one sample took 640 ms", STEP),
        ("All 4 tries are good", CONTROL),
        ("71 lines are CommitFailedException", LOG),
        ("eu-1 has version 19 and eu-2 serves table version 17", REPLICAS),
        ("rates failed over to eu-2 for a maintenance of eu-1", FAILOVER),
        ("The net was 100.00 and the total 118.40", BODY),
        ("Ask the owner of the process, then cancel it", RUNBOOK),
        ("Ruth cancelled process 4411 at 09:44", OWN),
        ("Lotte wrote at 18:15 that eu-1 comes back at nine", OWN),
        ("Only 71 of 90 lines are alike", LOG),
    ],
)
def test_what_is_right_is_not_doubted(claim: str, evidence: str) -> None:
    """The same evidence, spoken of as it stands there."""
    assert not [rule.__name__ for rule in RULES if rule(claim, [Grounds.of(evidence)])]


def test_proven_words_are_taken_out_and_no_others() -> None:
    """A comparison and a quantity need no word of their own in the evidence where its numbers bear them out."""
    lag, log = [Grounds.of(LAG)], [Grounds.of(LOG)]
    assert "above" not in without_proven_comparisons("Lag is above 500", lag)
    assert "below" in without_proven_comparisons("Lag is below 500", lag)
    assert "most" not in without_proven_quantities("Most lines are alike", log)
    assert "Most" in without_proven_quantities("Most lines are alike", [Grounds.of(LOG.replace("71", "21"))])
    assert counts_what_it_cites("two changes stand out", 2) == "both changes stand out"
    assert counts_what_it_cites("two changes stand out", 3) == "two changes stand out"


def test_because_is_a_fact_only_for_what_the_step_saw_itself() -> None:
    """The reason in a failed step's own evidence; not another one, and not for a step that passed."""
    step, control = [Grounds.of(STEP)], [Grounds.of(CONTROL)]
    assert gives_its_reason("Step 1 fails because the resolver said SERVFAIL", step)
    assert not gives_its_reason("Step 1 fails because the registrar is down", step)
    assert not gives_its_reason("The deploy came because the resolver said SERVFAIL", step)
    assert not gives_its_reason("Step 2 fails because the catalogue answers", control)


def _said(claim: str, source: Source, text: str, *, guarded: bool = False) -> Reply:
    verdict = Evidence(key="verdict", source=Source.VERDICT, title="verdict", text="recovery verdict: not recovered.")
    told = Evidence(key="it", source=source, title=text.partition("\n")[0], text=text)
    return checked(claim, Dossier((told, verdict)), house=HouseRules(guarded=guarded))


@pytest.mark.parametrize(
    ("claim", "source", "text", "is_said"),
    [
        ("The catalogue is fine [1].", Source.STEP, CONTROL, True),
        ("The payments are fine [1].", Source.STEP, CONTROL, False),
        ("It is fine [1].", Source.STEP, CONTROL, False),
        ("The catalogue and the bookings are fine [1].", Source.STEP, CONTROL, False),
        ("The name works [1].", Source.STEP, STEP, False),
        ("The latency alert has recovered [1].", Source.SIGNAL, SIGNAL, False),
        ("The name is fine [1].", Source.STEP, STEP, False),
        ("The catalogue is fixed [1].", Source.STEP, CONTROL, False),
        ("The resolver latency alert has recovered [1].", Source.SIGNAL, SIGNAL, True),
        ("The resolver latency has recovered [1].", Source.SIGNAL, SIGNAL, False),
        ("The login alert has recovered [1].", Source.SIGNAL, SIGNAL, False),
        (
            "The resolver latency alert has recovered [1].",
            Source.SIGNAL,
            SIGNAL.replace("Recovered", "Triggered"),
            False,
        ),
    ],
)
def test_a_control_and_an_alert_may_be_well_and_nothing_else(
    claim: str, source: Source, text: str, is_said: bool
) -> None:
    """And never where recovery was asked about: there the verdict speaks alone."""
    reply = _said(claim, source, text)
    assert bool(reply.text and not reply.not_verified) is is_said
    assert not _said(claim, source, text, guarded=True).text


def test_only_what_a_control_asks_for_is_unaffected() -> None:
    """Not the service's other doors, nor what a step asks for that confirms the trouble."""
    assert not _said("The catalogue is unaffected [1].", Source.STEP, CONTROL).not_verified
    assert _said("The bookings are unaffected [1].", Source.STEP, CONTROL).not_verified
    passed = STEP.replace("failed", "passed").replace("8 of 12 tries bad, 4", "0 of 12 tries bad, 12")
    assert _said("The name works [1].", Source.STEP, passed).not_verified


def test_that_it_is_not_fixed_needs_no_citation_where_the_verdict_says_so() -> None:
    reply = _said("Not fixed. The name is bad in 8 of 12 tries [1].", Source.STEP, STEP)
    assert reply.text.startswith("Not fixed.")
    assert not reply.not_verified
    assert checked("Still broken.", Dossier(), house=HouseRules()).not_verified


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=150), st.sampled_from((STEP, RUN, CHANGE, LAG, LOG)) | st.text(max_size=150))
def test_no_text_raises(claim: str, evidence: str) -> None:
    assert all(isinstance(rule(claim, [Grounds.of(evidence)]), bool) for rule in RULES)


HOSTILE = (
    "a " * 50_000,
    "from " * 20_000,
    "from 1 to 2 " * 8_000,
    "was `" * 20_000,
    "12:34 " * 16_000,
    "above the the the " * 6_000,
    "restarted by " * 8_000,
    "expected " * 11_000,
    "x" * 100_000,
    "1,000,000,000 " * 7_000,
    "peak of 1 " * 10_000,
    "((((" * 25_000,
    "because " * 12_000,
    "3 of 4 were " * 8_000,
    "a1 2, eu-3 4 and " * 6_000,
    "then x " * 14_000,
    "turned on " * 10_000,
    "a of b from c " * 7_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:14].strip())
def test_a_hostile_sentence_of_100_kb_takes_no_time(text: str) -> None:
    """What a model writes without an end is cut, and what is looked at costs no more than its length."""
    dossier = Dossier((Evidence(key="it", source=Source.STEP, title="step", text=STEP),))
    started = time.process_time()
    checked(f"{text} [1].", dossier, house=HouseRules())
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:14].strip())
def test_hostile_evidence_takes_no_time(text: str) -> None:
    """Evidence is cut to 10 kB and less where it is gathered."""
    told = [Grounds.of(f"metric x\nerror shop: {text[:10_000]}")]
    started = time.process_time()
    for rule in RULES:
        rule("The shop restarted the lag from 1 to 2 at 12:34, above 500, in 3 of 4 tries", told)
    assert time.process_time() - started < 2.0
