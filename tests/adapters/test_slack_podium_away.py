"""An answer while Slack is out of reach, or does not take our token: it is not lost, not stale, and not said twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fixloop_bot.adapters.slack.podium import STALE_S, SlackPodium
from fixloop_bot.adapters.slack.stage import ASK_EVERY_S
from fixloop_bot.application.copilot.speech import Unheard
from tests.adapters.test_slack_podium import SAID, Room, _words, room, speak
from tests.sandbox.slack_room import until

__all__ = ["room"]

TROUBLES: dict[str, Callable[[Room], None]] = {
    "the token is revoked": lambda room: room.slack.faults.add("*", "refuse", error="token_revoked", times=9_999),
    "nobody answers": lambda room: room.slack.faults.add("*", "drop", times=9_999),
    "the gateway gives up": lambda room: room.slack.faults.add("*", "server_error", status=503, times=9_999),
}


@pytest.fixture(params=TROUBLES)
def away(request: pytest.FixtureRequest) -> Callable[[Room], None]:
    return TROUBLES[request.param]


async def in_vain(room: Room, podium: SlackPodium) -> None:
    speech = podium.speech(room.place(), answer_id="q1")
    await speech.doing("reading…")
    await speech.say("Not yet.")
    with pytest.raises(Unheard):
        await speech.close(references=(), feedback_id="a1")


async def test_an_answer_that_waited_too_long_for_slack_is_to_be_given_anew(
    room: Room, away: Callable[[Room], None]
) -> None:
    """Whoever gives it learns so after a minute, and when Slack is back; the new answer stands there once."""
    away(room)
    async with room.podium() as podium:
        assert await podium.there(), "nothing is known to be wrong"
        began = room.clock.now()
        await in_vain(room, podium)
        assert STALE_S < room.clock.now() - began < 3 * STALE_S
        assert not await podium.there()
        room.slack.faults.clear()
        for _ in range(10):
            room.clock.advance(ASK_EVERY_S)
            if await podium.there():
                break
        assert await podium.there()
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]


async def test_an_answer_that_was_begun_is_not_said_twice(room: Room, away: Callable[[Room], None]) -> None:
    """Slack goes away in the middle of it: the new answer stands in the old one's place."""
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("It was the dep")
        await until(lambda: room.answers())
        away(room)
        await speech.say("loyment.")
        with pytest.raises(Unheard):
            await speech.close(references=(), feedback_id="a1")
        room.slack.faults.clear()
        room.clock.advance(60)
        await speak(room, podium)
    assert [_words(answer) for answer in room.answers()] == [SAID]


async def test_a_short_absence_delays_an_answer(room: Room, away: Callable[[Room], None]) -> None:
    """Within the minute it is the same answer."""
    away(room)
    async with room.podium() as podium:
        speech = podium.speech(room.place(), answer_id="q1")
        await speech.say("Not yet.")
        await until(lambda: room.slack.calls)
        room.slack.faults.clear()
        await speech.close(references=(), feedback_id="a1")
        assert await podium.there()
    assert [_words(answer) for answer in room.answers()] == ["Not yet."]


async def test_slack_is_asked_once_for_all_who_wait_for_it(room: Room) -> None:
    """However many look, it is one call in some seconds, and none while nothing is wrong."""
    async with room.podium() as podium:
        assert [await podium.there() for _ in range(5)] == [True] * 5
        assert not room.slack.calls
        TROUBLES["nobody answers"](room)
        await in_vain(room, podium)
        before = room.slack.call_counts["auth.test"]
        assert [await podium.there() for _ in range(20)] == [False] * 20
        assert room.slack.call_counts["auth.test"] - before == 1
