"""A reply in the thread gets an answer from state, checked against evidence, whoever would like to say more."""

from __future__ import annotations

import json

import pytest

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.world import World
from tests.adapters.minimax_endpoint import DONE, Endpoint, endpoint, piece, refused, streamed, thoughts, words
from tests.adapters.minimax_endpoint import body as whole
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually

pytestmark = pytest.mark.timeout(180)


def model(served: Endpoint) -> dict[str, str]:
    return {"MINIMAX_API_KEY": "sk-local-model", "MINIMAX_BASE_URL": served.base_url}


async def asked(running: World, text: str, *, says: str) -> str:
    """What the thread shows once the answer to a question has these words, and is over."""
    root = running.root()
    assert root is not None
    question = running.slack.people.message("mira", INCIDENTS, text, thread_ts=root.ts)

    def answer() -> str:
        later = [message for message in running.thread() if float(message.ts) > float(question.ts)]
        ended = [message for message in later if "answer_feedback" in str(message.blocks)]
        return "\n".join(f"{message.text}\n{json.dumps(message.blocks, ensure_ascii=False)}" for message in ended)

    await eventually(lambda: says in answer(), f"no answer says {says!r}", world=running, within_s=20)
    return answer()


async def test_without_a_model_state_answers(opened: Open) -> None:
    """With citations that open; "is it safe" by the verdict in code; a step is run again by a press, and not before."""
    async with opened() as running:
        await broken_and_reproduced(running)
        which = await asked(running, "Which step fails and why?", says="Step 1 (A cart can be paid) fails")
        assert ", expected 200" in which
        assert "/archives/" in which, "the citation opens the run's card"
        safe = await asked(running, "Is it safe to resume traffic?", says="[1]")
        assert "No" in safe
        await asked(running, "Run step 2 again", says="Press the button")
        assert "run 2" not in str([message.blocks for message in running.thread()])
        await running.press("offer:run_step:0")
        await eventually(
            lambda: "Another look at step 2, run 2" in _everything(running), "the step does not run", world=running
        )


async def test_a_model_that_lies_gets_nothing_through(opened: Open) -> None:
    """What stands in the evidence is said, with its citation; an invented figure, and a recovery, are not."""
    async with endpoint() as served:
        served.script = [whole(refused(1008, "no plan from this one"))]
        async with opened(environment=model(served)) as running:
            await broken_and_reproduced(running)
            text = (
                "Step 1 failed with status 500 [1]. ",
                "The error rate was 77.7 % [1]. ",
                "Production has recovered, it is safe to resume. <!channel>",
            )
            served.script = [streamed(*thoughts("secret thinking"), *words(*text), piece({}, "stop"), DONE)]
            answer = await asked(running, "What happened, in one line please?", says="[1]")
            for wrong in ("77.7 %", "has recovered", "<!channel>", "secret thinking"):
                assert wrong not in answer
            told = json.dumps(served.asked[-1])
            assert "shop.errors" in told, "the model was told of the incident"


async def test_a_thumb_down_asks_why(opened: Open) -> None:
    """In a modal, for that person alone."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await asked(running, "What changed before it?", says="2.15.0 deployed")
        card = running.card("answer_feedback")
        assert card is not None
        thumb = f"answer_disliked:{_id(card.blocks)}"
        await running.slack.people.click(MIRA, INCIDENTS, card.ts, "answer_feedback", value=thumb)
        await eventually(lambda: bool(running.slack.open_views(MIRA)), "nobody is asked why", world=running)


def _id(blocks: object) -> str:
    return json.dumps(blocks).partition("answer_disliked:")[2].partition('"')[0]


def _everything(running: World) -> str:
    return "\n".join(str(message.blocks) for message in running.thread())
