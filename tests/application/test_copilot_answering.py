"""A question in the thread gets an answer that one can act on: from state, with citations, whatever the model does."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.application.ports import LogLine
from fixloop_bot.domain.copilot.citations import NOT_VERIFIED
from fixloop_bot.domain.errors import ModelSilent
from tests.application.copilot_stage import Stage, call
from tests.application.office import JONAS, MIRA, Office, signal


@pytest.fixture
async def stage(office: Office, redis: Redis) -> Stage:
    """An incident whose bug was reproduced."""
    await office.broken()
    return Stage(office, redis, limits=Limits(seconds=15))


def number_of(stage: Stage, what: str) -> int:
    """The number under which the model was shown a piece of evidence."""
    told = stage.script.told()
    line = next(line for line in told.splitlines() if line.startswith("<<<") and what in line)
    return int(line.split("[")[1].split("]")[0])


async def test_what_the_model_cites_is_said_with_what_it_opens(stage: Stage) -> None:
    """Numbers are the reader's, from 1, and each opens its evidence."""
    await stage.ask("What fails?")
    step, change = number_of(stage, "run 1, step 1"), number_of(stage, "change:")
    said = await stage.ask(
        "What fails?", [f"Step 1 fails with 503 [{step}]. checkout 2.14.0 was deployed 7 min before [{change}]."]
    )
    assert said.text == "Step 1 fails with 503 [1]. checkout 2.14.0 was deployed 7 min before [2]."
    assert [(each.number, each.title) for each in said.references] == [
        (1, "run 1, step 1"),
        (2, "change: deploy checkout 2.14.0"),
    ]
    assert said.references[0].link.startswith("https://slack.example.com/archives/C0CHECKOUT/")
    assert said.references[1].link == "https://dd/e1"
    assert said.over
    assert not said.failure


async def test_a_status_stands_before_anything_is_read(stage: Stage) -> None:
    said = await stage.ask("What fails?", ["I do not know."])
    assert said.statuses[0] == "reading the incident…"


async def test_a_model_that_lies_about_numbers_is_not_heard(stage: Stage) -> None:
    """What remains is the brief from state, which says why."""
    await stage.ask("?")
    step = number_of(stage, "run 1, step 1")
    said = await stage.ask("What fails?", [f"Step 1 fails in 3 of 20 tries [{step}]. It answers 404 [{step}]."])
    assert "3 of 20" not in said.text
    assert "404" not in said.text
    assert "Step 1 (A cart can be paid) fails in" in said.text
    assert "from state" in said.text
    assert said.references


@pytest.mark.parametrize(
    "turn",
    [
        [ModelSilent("The model did not answer.")],
        [RuntimeError("what nobody thought of")],
        [""],
        ["[99] [99]"],
        ["\x00\x00{{{{<think>"],
    ],
)
async def test_without_words_that_stand_up_the_brief_answers(stage: Stage, turn: list[str | Exception]) -> None:
    """Silence, a fault, nothing and rubbish: a person still reads what is known."""
    said = await stage.ask("What is going on?", list(turn))
    assert said.text.startswith("Not known to have recovered")
    assert "Step 1 (A cart can be paid) fails in" in said.text
    assert "2.14.0" in said.text
    assert said.over
    assert not said.failure


@pytest.mark.parametrize(
    "words", ["[1]", "[1][2] [3]", "The payments database is down.", "The region is affected [1]."]
)
async def test_citations_alone_and_doubts_alone_are_no_answer(stage: Stage, words: str) -> None:
    """What is not verified stays marked as such, and what state knows stands below it."""
    said = await stage.ask("What is known so far?", [words])
    assert "Step 1 (A cart can be paid) fails in" in said.text
    assert "So this is from state._" in said.text
    assert (NOT_VERIFIED in said.text) == ("is" in words)


async def test_why_the_model_was_silent_is_a_sentence(stage: Stage) -> None:
    said = await stage.ask("What is known so far?", [ModelSilent("the model fell silent for 15 s")])
    assert "_The model fell silent for 15 s. So this is from state._" in said.text


async def test_what_nobody_can_answer_is_said_first(stage: Stage) -> None:
    """Without a model, too; with where one would find it."""
    stage.script.available = False
    said = await stage.ask("Who approved the deploy?")
    assert said.text.startswith("FixLoop does not know who.")
    assert "deploy checkout 2.14.0" in said.text


async def test_without_a_model_nothing_is_asked(stage: Stage) -> None:
    stage.script.available = False
    said = await stage.ask("Did anything deploy before it?")
    assert "deploy checkout 2.14.0" in said.text
    assert stage.script.heard == []
    assert [each.title for each in said.references] == ["change: deploy checkout 2.14.0"]


async def test_is_it_safe_is_answered_by_the_verdict_in_code(stage: Stage) -> None:
    """First, and whatever the model says; its own word on it is left out."""
    said = await stage.ask("Is it safe to resume traffic?", ["Yes. It is safe to resume traffic. Go ahead."])
    assert said.text.startswith("Not known to have recovered: no validate run has finished.")
    assert "safe" not in said.text.lower()
    assert "Go ahead" not in said.text


async def test_a_proven_recovery_is_said_with_its_reasons(stage: Stage) -> None:
    await stage.office.fixed()
    await stage.office.validate(but=("execute_run",), settle=False)
    await stage.office.settle()
    said = await stage.ask("Is it safe to resume traffic?", ["It is safe to resume traffic."])
    assert said.text.startswith("Recovery is *proven*. Steps 1, 3 and 4 failed before and pass now.")
    assert said.references[0].title == "verdict"


async def test_tools_bring_evidence_that_can_be_cited(stage: Stage) -> None:
    """A sample of a run, found by a tool, has a number of its own."""
    await stage.ask("?")
    await stage.ask("?")  # now there is a thread, which is evidence, too
    entries = sum(line.startswith("<<<") and "[" in line for line in stage.script.told().splitlines())
    said = await stage.ask(
        "Show me one failure",
        ["Let me look. ", call("get_step_samples", run=1, step=1)],
        [f"Sample #1 of run 1 answered 503 [{entries + 1}]."],
    )
    assert said.text == "Sample #1 of run 1 answered 503 [1]."
    assert said.references[0].title == "run 1, step 1, sample #1"
    assert "reading samples of run 1…" in said.statuses


def test_an_answer_may_take_six_look_ups_and_45_seconds() -> None:
    assert Limits() == Limits(rounds=6, seconds=45.0)


async def test_a_limit_of_look_ups_is_said(office: Office, redis: Redis) -> None:
    """The last turn has no tools, so that there is an answer at all."""
    await office.broken()
    stage = Stage(office, redis, limits=Limits(rounds=2, seconds=15))
    said = await stage.ask("What fails?", ["I do not know yet. ", call("get_run", number=1)])
    assert "Stopped after 2 look-ups." in said.text
    assert stage.script.offered[-1] == ()
    assert len(stage.script.heard) == 3


async def test_a_model_that_goes_on_and_on_is_not_heard_out(stage: Stage) -> None:
    """A megabyte of words costs no more than the first pages, and the loop goes on meanwhile."""
    said = await stage.ask("What fails?", ["I do not know. " * 70_000])
    assert len(said.text) < 10_000
    assert said.text.endswith("_The answer was cut, since it went on and on._")
    assert stage.script.closed == 1


async def test_a_model_that_never_ends_is_stopped(office: Office, redis: Redis) -> None:
    """What it had said until then stays, and the request is closed."""
    await office.broken()
    stage = Stage(office, redis, limits=Limits(seconds=0.4))
    never = asyncio.Event()

    async def silence() -> None:
        await never.wait()

    said = await stage.ask("What caused this?", ["I do not know what caused it. Next", silence])
    assert "I do not know what caused it." in said.text
    assert "Stopped after 0.4 s." in said.text
    assert stage.script.closed == 1


async def test_whoever_presses_stop_ends_the_answer(stage: Stage) -> None:
    """Also where the model is silent meanwhile."""
    question = stage.question("What caused this?")

    async def stopped() -> None:
        await stage.copilot.stop(question.id, by=JONAS)
        await asyncio.Event().wait()

    stage.script.turns = [["I do not know it. ", "Next ", stopped]]
    async with stage.office.clock.flowing():
        await stage.deliver(question)
    said = stage.stand.said[-1]
    assert "I do not know it." in said.text
    assert "Stopped, as somebody asked." in said.text
    assert said.over


@pytest.mark.parametrize("word", ["stop", "<@U0FIXLOOP> Stop!", "bitte stopp", "止めて。"])
async def test_whoever_says_stop_in_the_thread_ends_the_answer(stage: Stage, word: str) -> None:
    """A streamed message has no button, and nobody looks for one at 3 a.m.; nothing is answered to the word itself."""
    question = stage.question("What caused this?")

    async def says_stop() -> None:
        await stage.deliver(stage.question(word, user=JONAS), by=stage.another_worker())
        await asyncio.Event().wait()

    stage.script.turns = [["I do not know it. ", "Next ", says_stop]]
    async with stage.office.clock.flowing():
        await stage.deliver(question)
    assert [said.over for said in stage.stand.said] == [True]
    assert "Stopped, as somebody asked." in stage.stand.said[0].text


async def test_stop_is_the_whole_of_what_is_said(stage: Stage) -> None:
    """A sentence about stopping something else ends no answer, and neither does the word where none is given."""
    question = stage.question("What caused this?")

    async def says_more() -> None:
        await stage.deliver(stage.question("I will stop the deploy", user=JONAS), by=stage.another_worker())

    stage.script.turns = [["I do not know it.", says_more]]
    async with stage.office.clock.flowing():
        await stage.deliver(question)
        await stage.deliver(stage.question("stop", user=JONAS))
    assert "Stopped" not in stage.stand.said[0].text


async def test_a_question_is_answered_once(stage: Stage) -> None:
    """However often its job is delivered, to whichever worker."""
    question = stage.question("What fails?")
    await stage.deliver(question)
    await stage.deliver(question, by=stage.another_worker())
    assert [said.text != "" for said in stage.stand.said] == [True, False]
    assert not stage.stand.said[1].over


async def test_questions_of_a_thread_are_answered_in_the_order_of_asking(stage: Stage) -> None:
    """One after the other, by several workers."""
    going: list[str] = []
    most = 0

    async def talking() -> None:
        nonlocal most
        most = max(most, sum(not said.over and "thinking…" in said.statuses for said in stage.stand.said))
        await asyncio.sleep(0)

    stage.script.turns = [["I do not know. ", talking]]
    questions = [stage.question(f"Why? {index}") for index in range(5)]
    async with stage.office.clock.flowing():
        workers = [stage.another_worker(patience_s=1e9) for _ in questions]
        order = zip(reversed(questions), workers, strict=True)
        await asyncio.gather(*(stage.deliver(each, by=worker) for each, worker in order))
    told = [str(messages[-1]["content"]).splitlines()[-1] for messages in stage.script.heard]
    going = [line for line in told if line.startswith("Why?")]
    assert most == 1
    assert sorted(going) == [f"Why? {index}" for index in range(5)]
    assert going[1:] == sorted(going[1:]), "but for the first one that came, in order"


async def test_twenty_at_once_get_an_answer_or_are_told(stage: Stage) -> None:
    """Nobody waits without a word."""
    questions = [stage.question(f"What fails? {index}", user=f"U{index}") for index in range(20)]
    async with stage.office.clock.flowing():
        await asyncio.gather(*(stage.deliver(each) for each in questions))
    answered = [said for said in stage.stand.said if said.text]
    refused = [said for said in stage.stand.said if said.failure]
    assert len(answered) + len(refused) == 20
    assert answered
    assert all(said.failure.startswith("Busy: ") for said in refused)


async def test_a_killed_workers_turn_goes_to_the_next(stage: Stage) -> None:
    """Its own question is answered by whoever gets the job again."""
    first = stage.question("What fails?")
    begun = asyncio.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.Event().wait()

    stage.script.turns = [["I do", forever]]
    killed = asyncio.create_task(stage.deliver(first), name="killed")
    await asyncio.wait_for(begun.wait(), 5)
    killed.cancel()
    await asyncio.wait({killed})
    stage.script.turns = [["I do not know it."]]
    await stage.deliver(first, by=stage.another_worker())
    assert stage.stand.said[-1].over


async def test_follow_ups_know_the_conversation(stage: Stage) -> None:
    await stage.ask("What caused this?", ["I do not know the cause."])
    await stage.ask("And before that?", ["I do not know."])
    roles = [(message["role"], message["content"]) for message in stage.script.heard[-1]]
    assert ("user", "What caused this?") in roles
    assert ("assistant", "I do not know the cause.") in roles


async def test_a_reply_that_is_not_meant_for_the_bot_is_left_alone(stage: Stage) -> None:
    """Unless the bot had just answered the same person, and the reply goes on where the question ended."""
    await stage.deliver(stage.question("rolling back now", addressed=False))
    assert stage.stand.said == []
    await stage.ask("What fails?", ["I do not know."])
    await stage.deliver(stage.question("and step 2", addressed=False))
    assert len(stage.stand.said) == 2
    await stage.deliver(stage.question("and step 3", addressed=False, user=JONAS))
    for told in ("I restarted the barrier controller", "ok, thanks", "rolling back now"):
        await stage.deliver(stage.question(told, addressed=False))
    assert len(stage.stand.said) == 2


async def test_a_deleted_question_is_not_answered(stage: Stage) -> None:
    question = stage.question("What fails?")
    await stage.copilot.stop(question.id, by=MIRA)
    await stage.deliver(question)
    assert stage.stand.said == []


async def test_run_a_step_again_is_only_a_button(stage: Stage) -> None:
    """Nothing runs because of a message; the button names incident, step and plan."""
    before = (await stage.office.incident()).runs
    said = await stage.ask("Run step 2 again")
    assert [(offer.action, offer.label, offer.value) for offer in said.offers] == [
        ("run_step", "Run step 2 again", "INC-1:s2:1")
    ]
    assert stage.script.heard == []
    assert (await stage.office.incident()).runs == before


async def test_what_the_model_proposes_is_only_a_button(stage: Stage) -> None:
    said = await stage.ask(
        "Test the refund path too", [call("propose_plan", hint="test the refund path")], ["Press the button below."]
    )
    assert [(offer.action, offer.value) for offer in said.offers] == [("new_plan", "INC-1:test the refund path")]
    assert (await stage.office.incident()).plans_made == 1


async def test_an_answer_is_kept_with_what_people_thought(stage: Stage) -> None:
    said = await stage.ask("What fails?", ["I do not know."])
    assert await stage.copilot.judge(said.id, user=MIRA, good=True)
    assert await stage.copilot.judge(said.id, user=MIRA, good=False, reason="wrong step")
    assert not await stage.copilot.judge("C0:9", user=MIRA, good=True)
    record = await stage.talks.record(said.id)
    assert record is not None
    assert [(each.good, each.reason) for each in record.feedback] == [(False, "wrong step")]
    assert record.exchange.answer == "I do not know."
    assert record.model == "MiniMax-M2.5"


async def test_a_question_outside_of_a_thread_finds_its_incident(stage: Stage) -> None:
    said = await stage.ask("What fails in INC-1?", ["I do not know."], incident="")
    assert said.text == "I do not know."
    said = await stage.ask("What fails?", ["I do not know."], incident="")
    assert said.text == "I do not know."
    said = await stage.ask("What fails?", incident="", channel="C0OTHER")
    assert said.failure.startswith("No incident is open in this channel.")
    said = await stage.ask("What fails in INC-77?", incident="")
    assert said.failure == "There is no incident INC-77."


async def test_prompts_fit_the_state(stage: Stage) -> None:
    await stage.ask("What fails?", ["I do not know."])
    assert stage.stand.prompts[0] == "Which step fails and why?"
    assert len(stage.stand.prompts) <= 4


async def test_a_huge_log_answer_does_not_block_the_loop(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 lines are cut before they are looked at."""
    line = LogLine(id="1", at=stage.office.clock.now(), status="error", service="checkout", message="x" * 200)
    lines = [line] * 200_000

    async def many(*args: object, **named: object) -> list[LogLine]:
        return lines

    monkeypatch.setattr(stage.office.datadog, "error_logs", many)
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - began - 0.005)

    watching = asyncio.create_task(watch(), name="watch")
    await stage.ask("What is logged?", [call("search_logs", words="payment")], ["I do not know."])
    watching.cancel()
    await asyncio.wait({watching})
    assert "2,000 of 2,000 lines looked at are like this one (200,000 were found)" in stage.script.told()
    assert late < 0.25, f"the loop was blocked for {late:.3f} s"


async def test_no_incident_like_it_is_no_evidence_and_a_like_one_is(stage: Stage) -> None:
    """Past incidents are found by their words, with how they ended."""
    await stage.office.resolve("INC-1", by=MIRA)
    await stage.office.receive(signal(identity="cycle:2", id="again", at=5_000))
    said = await stage.ask("What did we do last time?", ["I do not know."], incident="INC-2")
    assert "past incident: INC-1" in stage.script.told()
    stage.script.available = False
    said = await stage.ask("What did we do last time?", incident="INC-2")
    assert said.text.startswith("INC-1: Checkout error rate is high")
    assert "[1]" in said.text
