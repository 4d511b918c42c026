"""A question that is asked while Slack is away is answered when Slack is back, once, and not after ten minutes."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from fixloop_bot.application.copilot.answering import ANSWERED_WITHIN_S, LOOK_AGAIN_S
from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.application.copilot.question import Question
from tests.application.copilot_stage import Stage
from tests.application.office import MIRA, Office
from tests.sandbox.slack_room import until


@pytest.fixture
async def stage(office: Office, redis: Redis) -> Stage:
    """An incident whose bug was reproduced."""
    await office.broken()
    return Stage(office, redis, limits=Limits(seconds=15))


def asked(stage: Stage, *, ago: float = 0.0) -> Question:
    return stage.question("What fails?", ts=f"{stage.office.clock.now() - ago:.6f}")


async def test_it_is_answered_when_slack_is_back(stage: Stage) -> None:
    """From what is known then: the model is not asked while nobody could read it."""
    stage.stand.away, stage.stand.back_at_look = True, 4
    question, began = asked(stage), stage.office.clock.now()
    stage.script.turns = [["I do not know the cause."]]
    async with stage.office.clock.flowing():
        await stage.deliver(question)
    assert stage.office.clock.now() - began >= 3 * LOOK_AGAIN_S
    assert len(stage.script.heard) == 1
    assert [(said.text, said.over) for said in stage.stand.said] == [("I do not know the cause.", True)]
    await stage.deliver(question)
    assert [said.text for said in stage.stand.said if said.over] == ["I do not know the cause."], "never twice"


async def test_it_is_answered_anew_when_slack_went_away_meanwhile(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What the model said before is a minute old; one exchange is remembered."""
    question = asked(stage)

    async def goes() -> None:
        stage.stand.away, stage.stand.back_at_look = True, 3

    stage.script.turns = [["I do not know it. ", goes], ["I do not know the cause."]]
    async with stage.office.clock.flowing():
        await stage.deliver(question)
    assert [said.over for said in stage.stand.said] == [False, True]
    assert stage.stand.said[-1].text == "I do not know the cause."
    assert "could not be answered" not in caplog.text
    talk = await stage.talks.conversation(f"{question.channel}:{question.thread_ts}")
    assert [each.id for each in talk] == [question.id]


async def test_after_ten_minutes_it_is_dropped(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """With a line in the log; nobody waits for its answer any more."""
    stage.stand.away = True
    async with stage.office.clock.flowing():
        await stage.deliver(question := asked(stage, ago=ANSWERED_WITHIN_S - 30))
    stage.stand.away = False
    assert f"The question {question.id} is dropped: Slack was away" in caplog.text
    assert stage.stand.said == []


async def test_one_that_is_taken_back_meanwhile_is_not_answered(stage: Stage) -> None:
    stage.stand.away = True
    question = asked(stage)
    answering = asyncio.create_task(stage.deliver(question), name="answering")
    await until(lambda: stage.stand.looks == 1)
    await stage.copilot.stop(question.id, by=MIRA)
    stage.stand.away = False
    async with stage.office.clock.flowing():
        await answering
    assert stage.stand.said == []


async def test_who_was_told_that_it_is_busy_is_not_answered_later(stage: Stage) -> None:
    """They were asked to come back; one who could not be told is answered when Slack is back."""
    first, second = asked(stage), asked(stage)
    thread = f"{first.channel}:{first.thread_ts}"
    await stage.talks.take_turn(thread, first.id, "other", asked_at=0.0, seconds=900)
    impatient = stage.another_worker(patience_s=0.0)
    async with stage.office.clock.flowing():
        await stage.deliver(second, by=impatient)
        assert stage.stand.said[-1].failure.startswith("Busy: ")
        await stage.talks.end_turn(thread, first.id, "other", answered=True)
        await stage.deliver(second)
    assert len(stage.stand.said) == 2
    assert not stage.stand.said[-1].over


async def test_who_could_not_be_told_that_it_is_busy_is_answered(stage: Stage) -> None:
    first, second = asked(stage), asked(stage)
    thread = f"{first.channel}:{first.thread_ts}"
    await stage.talks.take_turn(thread, first.id, "other", asked_at=0.0, seconds=900)
    office, stand = stage.office, stage.stand

    async def there() -> bool:
        """Slack is back, and the other answer given, by the second look."""
        if stand.said:
            stand.away = False
            await stage.talks.end_turn(thread, first.id, "other", answered=True)
        else:
            stand.away = True
        return True

    stand.there = there  # type: ignore[method-assign]
    async with office.clock.flowing():
        await stage.deliver(second, by=stage.another_worker(patience_s=0.0))
    assert stand.said[0].failure == ""
    assert stand.said[-1].over
    assert stand.said[-1].text
