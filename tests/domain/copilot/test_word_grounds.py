"""A claim is verified by evidence that holds all of it: its words, its figures, and which figure belongs to what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.bindings import misbound
from fixloop_bot.domain.copilot.citations import NOT_VERIFIED, checked
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.step_claims import wrong_step_verdict
from fixloop_bot.domain.copilot.word_grounds import Told, unsupported

STEP = """step 1 (confirmation) of run 1 (confirm): failed: A cart can be paid
7 of 20 tries bad, 13 of 20 good, answers: 503 × 7, p95 912 ms (limit 400 ms)
reason: 0 of 3 passed
sample #3: body: {"error": "down"}"""
CHANGE = "deploy checkout 2.14.0 at 2026-11-22 02:51:00 UTC, 7 min before the incident began"
LOG = """last error logs: 100 lines looked at, 80 like this one, the newest at 2026-11-22 02:58:07 UTC
error checkout: no connection left in the pool of payments-db"""
METRIC = """metric error_rate: sum:shop.errors{service:checkout}.as_count()
before the incident: mean 0.4 %, 50 points
worst since it began: 14.1 % at 2026-11-22 02:59:07 UTC
now: 12.4 % at 2026-11-22 03:01:07 UTC
limit 1 %, now outside its limit"""
VERDICT = "recovery verdict: none yet.\nstate: reproduced\nno validate run has begun or finished yet"
INCIDENT = "INC-1: Checkout error rate is high\nservice checkout, environment prod, severity SEV2"
COMPARISON = """run 1 (before) against run 2 (now)
step 1: The bug was there and is gone; before 503 × 7, now 200 × 105
step 2: Unchanged; before 500 × 4, now 500 × 9"""
PAST = "INC-7: it ended resolved, verdict proven"


def dossier() -> Dossier:
    told = (
        ("run1.s1", Source.STEP, "run 1, step 1", STEP),
        ("change:1", Source.CHANGE, "change: deploy", CHANGE),
        ("INC-7", Source.PAST, "INC-7", PAST),
        ("log:1", Source.LOG, "log checkout", LOG),
        ("metric:error_rate", Source.METRIC, "metric error_rate", METRIC),
        ("verdict", Source.VERDICT, "verdict", VERDICT),
        ("incident", Source.INCIDENT, "INC-1", INCIDENT),
        ("comparison", Source.COMPARISON, "before and after", COMPARISON),
    )
    return Dossier(tuple(Evidence(key=key, source=source, title=title, text=text) for key, source, title, text in told))


TRUE = [
    "The p95 of step 1 was 912 ms in run 1 [1].",
    "Step 1 fails in 7 of 20 tries [1].",
    "Checkout answers 503 in 7 of 20 tries [1].",
    "A cart cannot be paid: 7 of 20 tries failed with 503 [1].",
    "Payments fail with 503 in 35 % of the tries [1].",
    "checkout 2.14.0 was deployed 7 minutes before the incident began [2].",
    "The most recent deploy was checkout 2.14.0 at 02:51 [2].",
    "The logs say that no connection is left in the pool of payments-db [4].",
    "There is no connection left in the payments-db pool [4].",
    "The error rate is now 12.4 %, against a limit of 1 % [5].",
    "The error rate is 12 %, far above its limit [5].",
    "Before the incident it was 0.4 % [5].",
    "No validate run has finished yet [6].",
    "The deploy of checkout 2.14.0 may have something to do with it [2].",
    "Schritt 1 schlägt weiterhin in 7 von 20 Versuchen mit 503 fehl [1].",
    "Checkout 2.14.0 wurde 7 Minuten vor dem Vorfall ausgerollt [2].",
    "Die Fehlerrate liegt bei 12,4 %, das Limit ist 1 % [5].",
    "L'étape 1 échoue avec 503 dans 7 essais sur 20 [1].",
    "El paso 1 falla con 503 en 7 de 20 intentos [1].",
    "Se desplegó checkout 2.14.0, 7 min antes del incidente [2].",
    "O passo 1 falha em 7 de 20 tentativas [1].",
    "Il passo 1 fallisce in 7 di 20 tentativi [1].",
    "Stap 1 faalt in 7 van de 20 pogingen [1].",
    "ステップ 1 は 20 回中 7 回失敗しています [1]。",
    "ステップ1は503で失敗しています [1]。",
    "步骤1失败，返回503 [1]。",
    "1단계가 503으로 실패합니다 [1]。",
    "エラー率は現在12.4%です [5]。",
    "INC-7 ended resolved [3].",
    "p95 is 912 ms, over its limit of 400 ms [1].",
    "Step 1 (A cart can be paid) failed [1].",
    'In 7 of 20 tries the service answered with 503 and a body that says "down" [1].',
    "Step 1's p95 latency was 912 ms, more than the limit of 400 ms [1].",
    "The change right before the incident was a deploy of checkout 2.14.0 [2].",
]
LIES = [
    "The payments database is down [1].",
    "[1] The region is affected.",
    "The region is affected [1].",
    "The payments database is down with 503 [1].",
    "Users in Europe cannot pay [1].",
    "The cart service ran out of memory [1].",
    "Step 1 fails since the disk is full [1].",
    "Kubernetes restarted the pods [2].",
    "2.14.0 was deployed after the incident began [2].",
    "2.14.0 was deployed 7 min after the incident began [2].",
    "There was no deploy [2].",
    "Nothing was deployed [2].",
    "A connection is left in the pool [4].",
    "A cart can be paid [1].",
    "The endpoint /refund fails [1].",
    "The endpoint `/refund` fails [1].",
    "OutOfMemoryError was thrown [1].",
    "'connection refused' was logged [4].",
    "Connections are left in the pool of payments-db [4].",
    "The error rate is inside its limit [5].",
    "The error rate was 12.4 % before the incident [5].",
    "The error rate is now 0.4 % [5].",
    "The error rate is 13 % [5].",
    "The error rate is 12.3 % [5].",
    "Step 2 answered 503 before [8].",
    "Step 1 answers 500 [8].",
    "The rollback was made by Jonas [2].",
    "The deploy was approved by Mira [2].",
    "The database password was rotated [2].",
    "I do not know why, but the payments database is down [1].",
    "Die Datenbank ist ausgefallen [1].",
    "La base de données est en panne [1].",
    "La región está afectada [1].",
    "データベースが停止しています [1]。",
    "数据库宕机了 [1]。",
    "데이터베이스가 다운되었습니다 [1]。",
    "База данных недоступна [1].",
    "Customers lost their carts [1].",
    'It answered 3 of 20 "3 of 20 good" [1].',
    "The TLS certificate has expired [4].",
    "payments-db is healthy [4].",
    "Step 1 has a memory leak [1].",
    "Everything else passes [1].",
    "All other steps passed [1].",
    "The control steps passed [1].",
    "2.14.0 was tested by the team [2].",
    "The check is flaky [1].",
    "Step 1 fails in 7 of 13 tries [1].",
    "The limit is 912 ms [1].",
    "p95 is 400 ms [1].",
    "13 of 20 tries failed [1].",
    "Step 1 succeeded in 7 of 20 tries [1].",
]


@pytest.mark.parametrize("sentence", TRUE)
def test_what_the_evidence_holds_is_said_without_a_mark(sentence: str) -> None:
    """In nine languages and other words than the evidence's own."""
    reply = checked(sentence, dossier())
    assert reply.text
    assert not reply.not_verified
    assert not reply.left_out


@pytest.mark.parametrize("sentence", LIES)
def test_what_the_evidence_does_not_hold_is_left_out_or_marked(sentence: str) -> None:
    """An invented thing, place or state; a figure under another label, of another step, of another time; a denial."""
    reply = checked(sentence, dossier())
    assert not reply.text or NOT_VERIFIED in reply.text


def test_an_unmarked_sentence_needs_all_of_its_evidence() -> None:
    """What two pieces show together may be said of both; of one alone it is not verified."""
    sentence = "Step 1 fails with 503, and the pool has no connection left"
    assert not checked(f"{sentence} [1][4].", dossier()).not_verified
    assert checked(f"{sentence} [1].", dossier()).not_verified


def test_the_missing_word_is_named() -> None:
    told = [Told.of(STEP)]
    assert unsupported("The payments database is down", told, context=Told()) == "database"
    assert unsupported("There was no deploy", [Told.of(CHANGE)], context=Told()) == "not"
    assert unsupported("It fails", told, context=Told()) == ""


def test_a_label_that_the_evidence_does_not_have_is_no_complaint() -> None:
    """Only a figure that stands there under this label can be the wrong one."""
    assert misbound("the limit is 912 ms", [Grounds.of(STEP)]) == "a limit of 912 ms"
    assert misbound("the limit is 912 ms", [Grounds.of(CHANGE)]) == ""
    assert wrong_step_verdict("13 of 20 tries failed", [Grounds.of(STEP)]) == "13 of 20 failed"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.text(max_size=200))
def test_no_text_raises(claim: str, evidence: str) -> None:
    assert isinstance(unsupported(claim, [Told.of(evidence)], context=Told()), str)
    assert isinstance(misbound(claim, [Grounds.of(evidence)]), str)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from((STEP, CHANGE, LOG)).flatmap(lambda text: st.sampled_from(text.splitlines())))
def test_a_line_of_evidence_supports_itself(line: str) -> None:
    assert unsupported(line, [Told.of(line)], context=Told()) in ("", "not")
