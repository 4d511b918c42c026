"""Conversations in the store: one answer at a time in a thread, in the order of asking, whatever dies meanwhile."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.talks import EXCHANGES_KEPT, REMARKS_KEPT, STALE_S, Talks
from fixloop_bot.application.copilot.talks import Exchange, Feedback, Record, Remark, Stand
from tests.fake_clock import FakeClock

THREAD = "C1:1.0"


@pytest.fixture
def talks(redis: Redis, clock: FakeClock) -> Talks:
    return Talks(redis, clock=clock, retention_s=3_600)


async def take(talks: Talks, question: str, *, worker: str = "a", at: float = 0.0) -> Stand:
    return await talks.take_turn(THREAD, question, worker, asked_at=at, seconds=15)


def record(number: int, **changes: str) -> Record:
    exchange = Exchange(id=f"C1:{number}", at=float(number), user="U1", question=f"q{number}", answer=f"a{number}")
    return Record(id=f"C1:{number}", incident="INC-1", exchange=exchange, **changes)  # type: ignore[arg-type]


async def test_the_first_has_the_turn_and_the_others_stand_in_line(talks: Talks) -> None:
    """By the time of asking, not of arriving."""
    assert await take(talks, "q1", at=1) == Stand()
    assert await take(talks, "q3", at=3) == Stand(ahead=1)
    assert await take(talks, "q2", at=2) == Stand(ahead=1)
    assert await take(talks, "q3", at=3) == Stand(ahead=2)
    assert await take(talks, "q1", at=1) == Stand(), "the turn is kept by asking again"
    await talks.end_turn(THREAD, "q1", "a", answered=True)
    assert await take(talks, "q3", at=3) == Stand(ahead=1)
    assert await take(talks, "q2", at=2) == Stand()


async def test_threads_do_not_wait_for_each_other(talks: Talks) -> None:
    assert await take(talks, "q1") == Stand()
    other = await talks.take_turn("C1:2.0", "q2", "a", asked_at=2, seconds=15)
    assert other == Stand()


async def test_what_is_answered_or_being_answered_is_gone(talks: Talks) -> None:
    """A second delivery of the question changes nothing, nor does its end."""
    assert await take(talks, "q1") == Stand()
    assert (await take(talks, "q1", worker="b")).gone
    await talks.end_turn(THREAD, "q1", "b", answered=True)
    assert await take(talks, "q1") == Stand()
    await talks.end_turn(THREAD, "q1", "a", answered=True)
    assert (await take(talks, "q1")).gone


async def test_a_torn_answer_is_given_again(talks: Talks) -> None:
    assert await take(talks, "q1") == Stand()
    await talks.end_turn(THREAD, "q1", "a", answered=False)
    assert await take(talks, "q1", worker="b") == Stand()


async def test_whoever_was_killed_in_the_line_is_forgotten(talks: Talks, clock: FakeClock) -> None:
    assert await take(talks, "q1", at=1) == Stand()
    assert await take(talks, "dead", at=2) == Stand(ahead=1)
    clock.advance(STALE_S + 1)
    await take(talks, "q1", at=1)
    assert await take(talks, "q3", at=3) == Stand(ahead=1)
    await talks.end_turn(THREAD, "q1", "a", answered=True)
    assert await take(talks, "q3", at=3) == Stand()


async def test_a_conversation_is_bounded_and_in_order(talks: Talks) -> None:
    for number in range(EXCHANGES_KEPT + 5):
        await talks.keep(THREAD, record(number))
    kept = await talks.conversation(THREAD)
    assert [each.question for each in kept] == [f"q{number}" for number in range(5, EXCHANGES_KEPT + 5)]


async def test_feedback_is_kept_with_its_answer(talks: Talks) -> None:
    """One opinion for each person, the last one."""
    await talks.keep(THREAD, record(1, model="m"))
    assert await talks.add_feedback("C1:1", Feedback(user="U1", good=True, at=1.0))
    assert await talks.add_feedback("C1:1", Feedback(user="U2", good=True, at=2.0))
    assert await talks.add_feedback("C1:1", Feedback(user="U1", good=False, at=3.0, reason="no"))
    assert not await talks.add_feedback("C1:404", Feedback(user="U1", good=True, at=1.0))
    known = await talks.record("C1:1")
    assert known is not None
    assert [(each.user, each.good) for each in known.feedback] == [("U2", True), ("U1", False)]


async def test_a_stop_is_seen_by_every_process(talks: Talks) -> None:
    assert await talks.answer_stopped_by("C1:1") is None
    await talks.stop_answer("C1:1", "U1")
    assert await talks.answer_stopped_by("C1:1") == "U1"


def remark(number: int, text: str = "rolling back") -> Remark:
    return Remark(id=f"C1:{number}.0", at=float(number), user="U1", text=text)


async def test_what_people_write_is_kept_once_and_the_newest_of_it(talks: Talks) -> None:
    """In the order of writing, however it arrives; a thread's own."""
    for number in (*range(100, 100 + REMARKS_KEPT + 5), 100 + REMARKS_KEPT + 4, 101):
        await talks.overhear(THREAD, remark(number))
    kept = [each.at for each in await talks.remarks(THREAD)]
    assert kept == [float(number) for number in range(105, 105 + REMARKS_KEPT)]
    assert await talks.remarks("C1:2.0") == []


async def test_an_edited_message_is_replaced_and_a_deleted_one_forgotten(talks: Talks) -> None:
    """Remarks and questions; the answer to a changed question stays as it was given."""
    await talks.overhear(THREAD, remark(1))
    await talks.overhear(THREAD, remark(2, "token abc"))
    await talks.keep(THREAD, record(5))
    await talks.keep(THREAD, record(6))
    await talks.amend(THREAD, "C1:1.0", "rolled back")
    await talks.amend(THREAD, "C1:2.0", "")
    await talks.amend(THREAD, "C1:5", "q5, corrected")
    await talks.amend(THREAD, "C1:9.0", "never heard")
    assert [each.text for each in await talks.remarks(THREAD)] == ["rolled back"]
    assert [(each.question, each.answer) for each in await talks.conversation(THREAD)] == [
        ("q5, corrected", "a5"),
        ("q6", "a6"),
    ]
    await talks.amend(THREAD, "C1:6", "")
    assert [each.question for each in await talks.conversation(THREAD)] == ["q5, corrected"]


async def test_an_edit_may_be_told_before_the_message(talks: Talks) -> None:
    """And a deletion while the question is being answered: neither text comes back."""
    await talks.amend(THREAD, "C1:1.0", "rolled back")
    await talks.amend(THREAD, "C1:2.0", "")
    await talks.overhear(THREAD, remark(1))
    await talks.overhear(THREAD, remark(2))
    assert [each.text for each in await talks.remarks(THREAD)] == ["rolled back"]
    await talks.amend(THREAD, "C1:7", "")
    await talks.keep(THREAD, record(7))
    assert await talks.conversation(THREAD) == []
