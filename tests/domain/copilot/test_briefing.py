"""The built-in way: a brief from state in a few short lines, and the standing questions in seven languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.copilot import briefing
from fixloop_bot.domain.copilot.briefing import MOST_LINES
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.prompts import MOST_PROMPTS, prompts
from fixloop_bot.domain.copilot.questions import Topic, step_to_run, topics_of
from fixloop_bot.domain.copilot.situation import Situation
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Incident, Move, RunLine, State, advance
from fixloop_bot.domain.plans import HttpCheck, Plan, PlanSource, Request, Role, Step
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Outcome, Sample

PAID = Step(
    id="s1",
    title="A cart can be paid",
    role=Role.CONFIRMATION,
    check=HttpCheck(request=Request(method="POST", path="/checkout"), expect=("status == 200",)),
)
LISTED = replace(PAID, id="s2", title="The catalog works", role=Role.CONTROL)
PLAN = Plan(version=1, source=PlanSource.MODEL, steps=(PAID, LISTED), author="MiniMax-M2.5")
FAILURE = Sample(
    number=3,
    at=1_700_000_000.0,
    outcome=Outcome.FAILED,
    status=503,
    failures=(AssertionResult(source="status == 200", held=False, seen="503", expected="200", subject="status"),),
)
CHANGE = Evidence(
    key="change:1",
    source=Source.CHANGE,
    title="change",
    text="deploy checkout 2.14.0\n7 min before",
    link="https://dd/1",
)
METRIC = Evidence(
    key="metric:error_rate",
    source=Source.METRIC,
    title="metric",
    text="metric error_rate: q\nnow: 31 %\nlimit 1 %",
    link="x",
)
PAST = Evidence(key="INC-3", source=Source.PAST, title="INC-3", text="INC-3: errors\nit ended resolved")


def progress(step: Step, verdict: StepVerdict | None, *, failed: int = 0) -> StepProgress:
    return StepProgress(
        step_id=step.id,
        phase=StepPhase.DONE if verdict is not None else StepPhase.RUNNING,
        verdict=verdict,
        samples=20,
        failed=failed,
        failures=(FAILURE,) if failed else (),
        reason="status was 503, expected 200" if failed else "",
    )


def run(number: int, kind: RunKind, paid: StepVerdict | None, *, finished: bool = True) -> Run:
    failed = 7 if paid is StepVerdict.FAILED else 0
    return Run(
        id=f"r{number}",
        incident_id="INC-1",
        number=number,
        kind=kind,
        plan=PLAN,
        step_ids=("s1", "s2"),
        service="checkout",
        started_by="fixloop",
        started_at=100.0 * number,
        finished_at=100.0 * number + 50 if finished else None,
        steps=(progress(PAID, paid, failed=failed), progress(LISTED, StepVerdict.PASSED if finished else None)),
    )


def line(each: Run, verdict: RecoveryVerdict | None = None) -> RunLine:
    return RunLine(
        id=each.id,
        number=each.number,
        kind=each.kind,
        plan_hash=PLAN.hash,
        plan_version=1,
        started_by="fixloop",
        started_at=each.started_at,
        finished_at=each.finished_at,
        verdict=verdict,
        reproduced=each.reproduced,
    )


def situation(
    verdict: RecoveryVerdict | None = None, *, state: State = State.REPRODUCED, now_verdict: StepVerdict | None = None
) -> Situation:
    """After a confirm run that reproduced the bug, and a validate run where there is a verdict."""
    before = run(1, RunKind.CONFIRM, StepVerdict.FAILED)
    after = run(2, RunKind.VALIDATE, now_verdict) if verdict is not None else None
    incident = Incident(
        id="INC-1",
        number=1,
        service_key="checkout|prod",
        service="checkout",
        label="checkout",
        title="Checkout errors",
        channel="C1",
        state=state,
        opened_at=100.0,
        plan=PLAN,
        ticked=("s1", "s2"),
        runs=(line(before), *((line(after, verdict),) if after is not None else ())),
        verdict=verdict,
        verdict_reason="Because of what was seen." if verdict is not None else "",
    )
    keys = ("verdict", "incident", "plan", "timeline", "run1", "run1.s1", "run2", "run2.s1")
    dossier = Dossier(
        (
            *(Evidence(key=key, source=Source.INCIDENT, title=key, text=key) for key in keys),
            CHANGE,
            METRIC,
            PAST,
        )
    )
    return Situation(
        incident=incident, service=None, before=before, shown=after or before, soak=None, now=400.0, dossier=dossier
    )


def test_the_brief_has_verdict_failure_change_and_where_to_look() -> None:
    """In this order, in few lines, each with what it stands on."""
    lines = briefing.brief(situation())
    assert len(lines) <= MOST_LINES
    assert lines[0].text.startswith("Not known to have recovered: no validate run has finished.")
    assert lines[1].text == "Step 1 (A cart can be paid) fails in 7 of 20 tries: status was 503, expected 200."
    assert lines[1].keys == ("run1.s1",)
    assert lines[2].text == "metric: now 31 %; limit 1 %."
    assert lines[3].text == "Changed: deploy checkout 2.14.0; 7 min before."
    assert lines[4].text == "Tried: run 1 (confirm): reproduced the trouble."
    assert lines[5].text.startswith("Where to look: metric")
    assert all(each.keys for each in lines)


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        (RecoveryVerdict.NOT_RECOVERED, "No: *not recovered*. Because"),
        (RecoveryVerdict.UNPROVEN, "FixLoop cannot say so: *unproven*. Because"),
        (RecoveryVerdict.INCONCLUSIVE, "FixLoop cannot say so: *inconclusive*. Because"),
    ],
)
def test_is_it_safe_is_answered_by_the_verdict(verdict: RecoveryVerdict, begins: str) -> None:
    """By DESIGN's words, with the reason, and with the failing step's title, which a number alone does not tell."""
    told = briefing.answer("Is it safe to resume traffic?", situation(verdict, now_verdict=StepVerdict.FAILED))
    assert told[0].text.startswith(begins)
    assert told[0].keys[0] == "verdict"
    assert "A cart can be paid" in told[1].text


def test_only_a_proof_that_still_holds_is_one() -> None:
    """A verdict of an incident that has reopened says nothing any more."""
    held = situation(RecoveryVerdict.PROVEN, state=State.RECOVERED, now_verdict=StepVerdict.PASSED)
    assert held.proven
    assert briefing.verdict(held).text.startswith("Recovery is *proven*.")
    lost = replace(held, incident=replace(held.incident, state=State.OPEN))
    assert not lost.proven
    assert "proven" not in briefing.verdict(lost).text


RESOLVES = Entry(at=300.0, who="U1", kind=Happening.RESOLVED, what="resolved (proven)")
REOPENS = Entry(at=360.0, who="U1", kind=Happening.REOPENED, what="reopened", undid=Undone.RESOLUTION)
ALERTS = Entry(at=360.0, who="datadog", kind=Happening.SIGNAL, what="Re-Triggered: x", undid=Undone.RESOLUTION)
PROOF_FALLS = replace(ALERTS, undid=Undone.PROOF)
AT = "1970-01-01 00:06:00 UTC"


@pytest.mark.parametrize(
    ("timeline", "move", "told"),
    [
        ((RESOLVES, REOPENS), Move.REOPEN, f"it was reopened at {AT}, and not validated since."),
        (
            (RESOLVES, ALERTS),
            Move.ALERT_AGAIN,
            f"it was reopened at {AT}: Datadog alerted again. No validate run has passed since.",
        ),
        (
            (PROOF_FALLS,),
            Move.ALERT_AGAIN,
            f"the proof was taken back at {AT}: Datadog alerted again. No validate run has passed since.",
        ),
        ((), Move.ALERT_AGAIN, "it was reopened, and no validate run has passed since."),
    ],
)
def test_how_it_fell_back_is_told_as_on_the_card(timeline: tuple[Entry, ...], move: Move, told: str) -> None:
    """A person who reopens takes no proof back: they say that it is not over, and nothing was seen to fail."""
    ended = State.RESOLVED if RESOLVES in timeline else State.RECOVERED
    held = situation(RecoveryVerdict.PROVEN, state=ended, now_verdict=StepVerdict.PASSED)
    fallen = replace(advance(held.incident, move), timeline=timeline)
    assert briefing.verdict(replace(held, incident=fallen)).text == f"Not known to have recovered: {told}"


def test_a_run_that_goes_on_is_said_with_its_progress() -> None:
    going = run(2, RunKind.VALIDATE, StepVerdict.PASSED, finished=False)
    now = replace(situation(), shown=going)
    told = briefing.answer("recovered?", now)
    assert told[0].text == "Not known to have recovered: run 2 is going on, 1 of 2 steps decided."
    assert any(each.text == "Still being decided: step 2." for each in told)


def test_a_cause_is_not_made_up() -> None:
    told = briefing.answer("What caused this?", situation())
    assert told[0].text == briefing.CAUSE_UNKNOWN
    assert any("2.14.0" in each.text for each in told)
    assert told[-1].text.startswith("What would tell")


def test_no_change_event_is_no_proof_that_nothing_changed() -> None:
    bare = replace(situation(), dossier=Dossier())
    assert "does not mean" in briefing.answer("Did anything deploy?", bare)[0].text


def test_an_unknown_question_gets_the_brief_and_what_would_tell() -> None:
    told = briefing.answer("What is known so far?", situation())
    assert told[:-1] == briefing.brief(situation())[: MOST_LINES - 1]
    assert told[-1].text.startswith("What would tell")
    told = briefing.answer("Does the moon have anything to do with that?", situation())
    assert told[0].text == briefing.NOT_READ
    assert told[1] == briefing.verdict(situation())


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("Who approved the deploy?", "does not know who"),
        ("Wer hat das freigegeben?", "does not know who"),
        ("誰がデプロイしましたか？", "does not know who"),
        ("When will it be fixed?", "does not know when"),
        ("Wann ist es behoben?", "does not know when"),
        ("いつ復旧しますか？", "does not know when"),
        ("How much revenue have we lost?", "does not know how much"),
        ("Which region is affected?", "does not know where"),
        ("What is the database password?", "does not know, and would not say"),
    ],
)
def test_what_nothing_shows_is_said_first_to_be_unknown(question: str, says: str) -> None:
    """Before anything that is known; only the verdict goes before it, where recovery was asked about."""
    texts = [each.text for each in briefing.answer(question, situation())]
    at = next(index for index, text in enumerate(texts) if says in text)
    assert at == 0 or (at == 1 and texts[0] == briefing.verdict(situation()).text)
    assert len(texts) > at + 1


def test_what_an_earlier_run_saw_is_past_while_a_later_one_looks() -> None:
    """And the steps that are still open are what shows that they are."""
    going = run(2, RunKind.VALIDATE, None, finished=False)
    told = briefing.answer("Which step fails?", replace(situation(), shown=going))
    assert told[0].text.startswith("In run 1 (confirm): Step 1 (A cart can be paid) failed in 7 of 20 tries")
    told = briefing.answer("recovered?", replace(situation(), shown=going))
    still = next(each for each in told if each.text.startswith("Still being decided"))
    assert still.keys == ("run2.s1", "run2.s2")


@pytest.mark.parametrize(
    ("soak_run", "now", "says"),
    [
        ("r3", 400.0, "The watch goes on until"),
        ("r3", 900.0, "its result is not in yet"),
        (None, 400.0, "did not run to its end"),
    ],
)
def test_a_watch_that_has_ended_does_not_go_on(soak_run: str | None, now: float, says: str) -> None:
    held = situation(RecoveryVerdict.PROVEN, state=State.RECOVERED, now_verdict=StepVerdict.PASSED)
    watched = replace(held, now=now, incident=replace(held.incident, soak_until=500.0, soak_run=soak_run))
    assert says in briefing.verdict(watched).text
    assert ("goes on" in says) == ("goes on" in briefing.verdict(watched).text)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Is it safe to resume traffic?", Topic.SAFE),
        ("Ist es sicher, den Verkehr wieder freizugeben?", Topic.SAFE),
        ("Est-il sûr de reprendre le trafic ?", Topic.SAFE),
        ("¿Es seguro reanudar el tráfico?", Topic.SAFE),
        ("É seguro retomar o tráfego?", Topic.SAFE),
        ("È sicuro riprendere il traffico?", Topic.SAFE),
        ("Is het veilig om het verkeer te hervatten?", Topic.SAFE),
        ("Which step fails and why?", Topic.STEP),
        ("Welcher Schritt schlägt fehl?", Topic.STEP),
        ("Quelle étape échoue ?", Topic.STEP),
        ("¿Qué paso falla?", Topic.STEP),
        ("Qual passo falha?", Topic.STEP),
        ("Quale passo fallisce?", Topic.STEP),
        ("Welke stap faalt?", Topic.STEP),
        ("Did anything deploy before it?", Topic.CHANGES),
        ("Was wurde davor geändert?", Topic.CHANGES),
        ("Qu'est-ce qui a été déployé ?", Topic.CHANGES),
        ("¿Se desplegó algo antes?", Topic.CHANGES),
        ("O que mudou antes?", Topic.CHANGES),
        ("Cosa è stato rilasciato?", Topic.CHANGES),
        ("Wat is er gewijzigd?", Topic.CHANGES),
        ("What did we do last time?", Topic.LAST_TIME),
        ("Was haben wir beim letzten Mal gemacht?", Topic.LAST_TIME),
        ("Qu'avons-nous fait la dernière fois ?", Topic.LAST_TIME),
        ("¿Qué hicimos la última vez?", Topic.LAST_TIME),
        ("Cosa abbiamo fatto l'ultima volta?", Topic.LAST_TIME),
        ("Wat deden we de vorige keer?", Topic.LAST_TIME),
        ("What caused this?", Topic.CAUSE),
        ("Was ist die Ursache?", Topic.CAUSE),
        ("Pourquoi ça ne marche pas ?", Topic.CAUSE),
        ("¿Por qué pasa esto?", Topic.CAUSE),
        ("Perché è successo?", Topic.CAUSE),
        ("Waarom gebeurt dit?", Topic.CAUSE),
        ("トラフィックを再開しても安全ですか？", Topic.SAFE),
        ("もう直りましたか？", Topic.SAFE),
        ("现在可以恢复流量吗？", Topic.SAFE),
        ("问题解决了吗？", Topic.SAFE),
        ("트래픽을 재개해도 안전한가요?", Topic.SAFE),
        ("복구되었나요?", Topic.SAFE),
        ("Безопасно ли возобновить трафик?", Topic.SAFE),
        ("Czy to jest bezpieczne?", Topic.SAFE),
        ("Trafiği açmak güvenli mi?", Topic.SAFE),
        ("هل من الآمن استئناف الحركة؟", Topic.SAFE),
        ("どのステップが失敗していますか？", Topic.STEP),
        ("哪个步骤失败了？", Topic.STEP),
        ("어떤 단계가 실패하나요?", Topic.STEP),
        ("その前にデプロイはありましたか？", Topic.CHANGES),
        ("之前有部署吗？", Topic.CHANGES),
        ("그 전에 배포가 있었나요?", Topic.CHANGES),
        ("前回はどうしましたか？", Topic.LAST_TIME),
        ("上次是怎么处理的？", Topic.LAST_TIME),
        ("原因は何ですか？", Topic.CAUSE),
        ("为什么会这样？", Topic.CAUSE),
        ("원인이 무엇인가요?", Topic.CAUSE),
        ("Почему это случилось?", Topic.CAUSE),
    ],
)
def test_standing_questions_are_recognised(question: str, topic: Topic) -> None:
    assert topic in topics_of(question)


@pytest.mark.parametrize(
    ("question", "step"),
    [
        ("Run step 2 again", 2),
        ("please re-run step 3", 3),
        ("Schritt 2 nochmal", 2),
        ("Relance l'étape 4", 4),
        ("Ejecuta el paso 1 otra vez", 1),
        ("Voer stap 2 opnieuw uit", 2),
        ("ステップ2をもう一度実行して", 2),
        ("请重新运行第3步", 3),
        ("2단계를 다시 실행해 주세요", 2),
        ("повтори шаг 1", 1),
        ("run the second step again", 2),
        ("なぜステップ2を再実行したのですか", None),
        ("Why did step 2 run so long?", None),
        ("Step 2 fails", None),
        ("Run it again", None),
    ],
)
def test_a_wish_to_run_a_step_is_recognised(question: str, step: int | None) -> None:
    assert step_to_run(question) == step


@given(st.sampled_from(list(State)), st.sampled_from([None, *RecoveryVerdict]), st.booleans())
def test_prompts_are_few_and_answered(state: State, verdict: RecoveryVerdict | None, running: bool) -> None:
    """At most four, and the built-in way has an answer to each."""
    known = situation(verdict, state=state, now_verdict=StepVerdict.PASSED)
    incident = replace(known.incident, active_run="r9" if running else None)
    offered = prompts(incident)
    assert 1 <= len(offered) <= MOST_PROMPTS
    for prompt in offered:
        lines = briefing.answer(prompt, replace(known, incident=incident))
        assert 1 <= len(lines) <= MOST_LINES


@given(st.text(max_size=300))
def test_any_question_has_an_answer(question: str) -> None:
    assert 1 <= len(briefing.answer(question, situation())) <= MOST_LINES
