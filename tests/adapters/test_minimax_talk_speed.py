"""How soon words come, and what a long answer costs on our side."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest

from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.stream import EventReader
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.adapters.minimax.turn import TurnReader
from fixloop_bot.application.copilot.speech import Words
from tests.adapters.minimax_endpoint import KEY, SwiftClock, end, endpoint, thoughts, words

ASK = [{"role": "user", "content": "?"}]
TEXT = "The cause is the deploy of 14:02 [1], since `checkout` answered 503 right after it [2]. "


@pytest.mark.parametrize("first", [thoughts("Hm."), words("<think>Hm.</think>")], ids=["split", "inside"])
async def test_a_visible_token_is_heard_at_once(first: list[bytes]) -> None:
    """Between the server's write and the caller's word lie a few milliseconds, also for a token like ``The``."""
    took = []
    async with endpoint() as served:
        client = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock())
        talker = MiniMaxTalker(client, "m")
        served.script = [served.begins(*first, *words("The"))]
        for _ in range(10):
            async with aclosing(talker.talk(ASK, [], deadline_s=30.0)) as heard:
                assert await anext(heard) == Words("The")
                took.append(asyncio.get_running_loop().time() - served.sent_at)
        await client.aclose()
    assert sorted(took)[5] < 0.05


def test_two_thousand_chunks_cost_little() -> None:
    """Reading 2,000 chunks, thoughts and words, takes less than 50 ms of CPU (best of five)."""
    letters = [TEXT[at % 80 : at % 80 + 5] for at in range(0, 5 * 1000, 5)]
    raw = [*thoughts(*letters), *words(*letters), *end()]
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        events, reader = EventReader(), TurnReader([], prefix="c")
        spoken = "".join(reader.take(event) for data in raw for event in events.feed(data))
        last, turn = reader.finish(complete=True)
        best = min(best, time.process_time() - began)
        assert len(spoken + last) > 4_000
        assert not turn.cut_off
    assert best < 0.05
