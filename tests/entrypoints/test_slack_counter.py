"""Where wishes are left: durable, once, and the kill switch before any queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.actions import tick_wish
from fixloop_bot.entrypoints.slack.commands import command_wish
from fixloop_bot.entrypoints.slack.counter import Counter


class NoWorker:
    """A queue whose workers are all busy."""

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        del jobs


def command(text: str, delivery: str = "t1") -> Wish:
    return Wish(id=f"command:{delivery}:U0MIRA", what="command", user="U0MIRA", channel="C0INC", text=text)


@pytest.mark.parametrize(
    ("text", "all_of_it"),
    [
        ("stop", True),
        ("  STOP now! ", True),
        ("stop INC-42", False),
        ("stop 42", False),
        ("status", False),
        ("", False),
    ],
)
async def test_the_kill_switch_waits_for_no_worker(store: RedisStore, text: str, all_of_it: bool) -> None:
    """It is pulled where the command comes in."""
    await Counter(store, NoWorker(), NullBoard()).take(command(text))
    assert await store.halted_by() == ("U0MIRA" if all_of_it else None)


async def test_a_repeated_delivery_does_not_pull_again(store: RedisStore) -> None:
    """Slack sends a command again that it believes lost; meanwhile somebody may have let traffic flow."""
    counter = Counter(store, NoWorker(), NullBoard())
    await counter.take(command("stop"))
    await store.resume()
    await counter.take(command("stop"))
    assert await store.halted_by() is None
    await counter.take(command("stop", delivery="t2"))
    assert await store.halted_by() == "U0MIRA"


def clicked(**changed: object) -> dict[str, Any]:
    action = {"type": "checkboxes", "action_id": "tick", "block_id": "plan|INC-1|1|0|s1,s2", "action_ts": "1764000000"}
    return {"user": {"id": "U0MIRA"}, "actions": [{**action, "selected_options": [{"value": "s1"}], **changed}]}


def test_deeds_of_one_second_are_told_apart() -> None:
    """Two boxes are unticked, two words are typed; what comes again is the same, whatever it is called."""
    ticks = [clicked(), clicked(selected_options=[]), clicked(selected_options=[{"value": "s2"}])]
    wishes = [tick_wish(body) for body in ticks]
    assert len({wish.id for wish in wishes if wish is not None}) == len(ticks)
    assert tick_wish(ticks[0]) == tick_wish(clicked())
    once = {"user_id": "U0MIRA", "channel_id": "C0INC", "trigger_id": "7.7", "text": "status"}
    assert command_wish(once).id == command_wish(dict(once)).id
    assert command_wish(once).id != command_wish({**once, "text": "stop"}).id


def test_what_does_not_say_when_it_was_pressed_is_no_repetition() -> None:
    """A Slack that leaves out times and triggers: the second press is one of its own."""
    press = clicked(action_ts="")
    assert tick_wish(press) != tick_wish(press)
    assert tick_wish({**press, "trigger_id": "7.7"}) == tick_wish({**press, "trigger_id": "7.7"})
    typed = {"user_id": "U0MIRA", "channel_id": "C0INC", "text": "status"}
    assert command_wish(typed).id != command_wish(typed).id
