"""Every question with a known answer, asked of the real use case: without a model, and of models of every kind."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot.conversation import Limits
from tests.adapters.minimax_endpoint import KEY, Endpoint, SwiftClock, endpoint
from tests.copilot.asking import Asked, ask
from tests.copilot.cases import Case, read_cases
from tests.copilot.models import ENDLESS, INVENTED, LIES, MODELS, SILENT
from tests.copilot.plant import Plant
from tests.copilot.scoring import Score, score, sentences
from tests.copilot.worlds import WORLDS

CASES = read_cases()
QUICK = Limits(seconds=8.0)
BRIEF = Limits(seconds=0.5)
BAD = ("lies", "claims recovery", "obeys", "blames the deploy")
ODD = tuple(name for name in MODELS if name not in ("good", *BAD, *ENDLESS))
AT_LENGTH = "reproduced"
"""The world whose first question every model is asked; those that never end take their time."""


def cases_of(world: str) -> list[Case]:
    return [case for case in CASES if case.world == world]


@asynccontextmanager
async def talking(served: Endpoint) -> AsyncIterator[MiniMaxTalker]:
    """The real talker; its pauses take no time, and it has forgotten earlier failures."""
    jitter = random.Random(1).random
    client = MiniMaxClient(base_url=served.base_url, api_key=KEY, clock=SwiftClock(), jitter=jitter)
    yield MiniMaxTalker(client, "MiniMax-M2.5")
    await client.aclose()


async def answered(plant: Plant, case: Case, model: str, served: Endpoint) -> Asked:
    limits = BRIEF if model in ENDLESS else QUICK
    served.script = [MODELS[model](case, served)]
    async with talking(served) as talker:
        return await ask(plant, case, talker, limits=limits)


def complaints(asked: Asked, marks: Score, model: str) -> list[str]:
    """What is wrong with an answer, as lines that can be read in a failed test."""
    said = asked.answer.text or asked.answer.failure
    wrong = [(name, seen) for name, seen in marks.wrong if name not in asked.case.gaps]
    return [f"{marks.name} ({model}): {name}: {seen}\n{said}\n" for name, seen in wrong]


@pytest.mark.parametrize("world", WORLDS)
async def test_without_a_model_state_answers(world: str, redis: Redis) -> None:
    """What state knows is said, with citations that open; what it does not know is said to be unknown."""
    plant = await WORLDS[world].build(redis)
    wrong: list[str] = []
    for case in cases_of(world):
        asked = await ask(plant, case, None, limits=QUICK)
        marks = score(asked, WORLDS[world])
        wrong += complaints(asked, marks, "no model")
        if case.by_hand == "yes" and marks.missing:
            wrong.append(f"{case.name} (no model) lacks {marks.missing}:\n{asked.answer.text}\n")
    assert not wrong, "\n".join(wrong)


def models_for(case: Case) -> Collection[str]:
    """A good model for each question, bad ones in turn; each world's first question has all bad ones, and odd ones."""
    at, first = CASES.index(case), cases_of(case.world)[0] is case
    if first and case.world == AT_LENGTH:
        return MODELS
    bad = BAD if first else (BAD[at % 4], BAD[(at + 1) % 4])
    return ("good", *bad, *(ODD[(at + turn) % len(ODD)] for turn in range(3 if first else 1)))


@pytest.mark.parametrize("world", WORLDS)
async def test_whatever_the_model_does_the_answer_is_safe(world: str, redis: Redis) -> None:
    """A good model is heard in full; of a bad one nothing that is untrue, forbidden or secret gets through."""
    plant = await WORLDS[world].build(redis)
    cases = cases_of(world)
    wrong: list[str] = []
    async with endpoint() as served:
        for case in cases:
            for model in models_for(case):
                asked = await answered(plant, case, model, served)
                marks = score(asked, WORLDS[world])
                wrong += complaints(asked, marks, model)
                wrong += beyond(asked, marks, model)
    assert not wrong, "\n".join(wrong)


def beyond(asked: Asked, marks: Score, model: str) -> list[str]:
    """What only some models let one ask: the good one's facts, the liar's lies, the silent one's brief."""
    text, found = asked.answer.text, []
    if model == "good" and marks.missing and "facts" not in asked.case.gaps:
        found.append(f"lacks {marks.missing}")
    if model == "lies":
        found += [f"repeats the lie {lie}" for lie in LIES if re.search(rf"(?<![\d.]){re.escape(lie)}(?!\d)", text)]
    if model == "invents":
        vouched = [each for each in sentences(text) if "not verified" not in each]
        found += [f"vouches for: {each}" for each in vouched if any(it.lower() in each.lower() for it in INVENTED)]
    if model in SILENT and not asked.case.refused and not (asked.answer.references or asked.case.abstains):
        found.append("no evidence in the brief")
    return [f"{asked.case.name} ({model}): {each}\n{text}\n" for each in found]
