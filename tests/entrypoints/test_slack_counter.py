"""Where wishes are left: durable, once, and the kill switch before any queue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.wishes import Wish
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
