"""The planner over HTTP: a draft, complaints for a re-ask, or one sentence for the card."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai  # noqa: F401 - loading it is not part of a test's deadline
import pytest

from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner, NullPlanner
from fixloop_bot.application.ports import Planner, UnusableAnswer
from fixloop_bot.domain.errors import PlannerUnavailable
from tests.adapters.minimax_briefs import brief
from tests.adapters.minimax_endpoint import (
    KEY,
    PLAN,
    STEPS,
    Endpoint,
    SwiftClock,
    body,
    called,
    endpoint,
    refused,
    said,
)


@pytest.fixture
async def served() -> AsyncIterator[Endpoint]:
    async with endpoint() as running:
        yield running


@pytest.fixture
async def planner(served: Endpoint) -> AsyncIterator[Planner]:
    client = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock())
    yield MiniMaxPlanner(client, "MiniMax-M2.5", deadline_s=2.0)
    await client.aclose()


@pytest.mark.parametrize("document", [called(PLAN), said(f"<think>hm</think>```json\n{PLAN}\n```")])
async def test_a_draft(served: Endpoint, planner: Planner, document: dict[str, object]) -> None:
    """One question with one tool; five steps, the model's own text and its name come back."""
    served.script = [body(document)]
    draft = await planner.draft(brief())
    assert [step.title for step in draft.steps] == [step["title"] for step in STEPS]
    assert "A cart can be paid" in draft.raw
    assert "<think>" not in draft.raw
    assert draft.model == planner.model == "MiniMax-M2.5"
    (asked,) = served.asked
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["submit_plan"]
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["max_tokens"] >= 4096


async def test_an_unusable_answer_can_be_asked_about(served: Endpoint, planner: Planner) -> None:
    """Complaints and the answer's text go into the next question, which then succeeds."""
    served.script = [body(called(PLAN.replace("/catalog", "https://evil.example.com/"))), body(called(PLAN))]
    with pytest.raises(UnusableAnswer) as caught:
        await planner.draft(brief())
    await planner.draft(brief(complaints=caught.value.complaints, last_answer=caught.value.raw))
    again = served.asked[1]["messages"][1]["content"]
    assert "Step 4, path: it names a host" in again
    assert "evil.example.com" in again


async def test_no_answer_in_time(served: Endpoint) -> None:
    """The sentence names the time, as the card shows it."""
    served.script = [served.hang()]
    client = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock())
    with pytest.raises(PlannerUnavailable, match=r"^the model did not answer in 0\.2 s$"):
        await MiniMaxPlanner(client, "m", deadline_s=0.2).draft(brief())
    await client.aclose()


async def test_a_refused_key(served: Endpoint, planner: Planner) -> None:
    """A refusal is the card's sentence, and the planner stays available: the breaker answers from here on."""
    served.script = [body(refused(1004))]
    for _ in range(3):
        with pytest.raises(PlannerUnavailable, match="the model refused our key"):
            await planner.draft(brief())
    with pytest.raises(PlannerUnavailable, match="not asked for another"):
        await planner.draft(brief())
    assert len(served.asked) == 3
    assert planner.available


async def test_without_a_key_there_is_no_model() -> None:
    """The null planner says why, in the words of the card."""
    planner: Planner = NullPlanner()
    assert not planner.available
    assert planner.model == ""
    with pytest.raises(PlannerUnavailable, match="MINIMAX_API_KEY is not set"):
        await planner.draft(brief())
