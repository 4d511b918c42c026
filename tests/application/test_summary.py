"""The model may write a report's summary, if every sentence of it stands in the evidence; else code does."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from fixloop_bot.application.copilot import summary as summary_module
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.summary import SummaryWriter
from fixloop_bot.domain.errors import ModelSilent
from tests.application.copilot_stage import Script, Stage
from tests.application.office import Office


@pytest.fixture
async def stage(office: Office, redis: Redis) -> Stage:
    opened = Stage(office, redis)
    await office.broken()
    return opened


def writer(stage: Stage) -> SummaryWriter:
    return SummaryWriter(gathering(stage), stage.script)


def gathering(stage: Stage) -> Gathering:
    return stage.gathering


async def numbered(stage: Stage, word: str) -> int:
    """The number under which the model is shown a section that holds this word."""
    view = await gathering(stage).view("INC-1")
    assert view is not None
    situation = await gathering(stage).gather(view, summary_module.ASKED, ())
    return next(number for number, each in situation.dossier.numbered() if word in f"{each.title}{each.text}")


async def test_sentences_that_stand_are_taken_without_their_marks(stage: Stage) -> None:
    """Every sentence cites what shows it; readers of the report see the words."""
    change = await numbered(stage, "deploy checkout 2.14.0")
    run = await numbered(stage, "answers: 503")
    stage.script.turns = [
        [f"POST /checkout answered 503 in run 1 [{run}]. The change before it was deploy checkout 2.14.0 [{change}]."]
    ]
    said = await writer(stage).summary("INC-1")
    assert "deploy checkout 2.14.0" in said
    assert "[" not in said
    assert writer(stage).model == "MiniMax-M2.5"


@pytest.mark.parametrize(
    "words",
    [
        "The recovery is proven and everything is safe again, so that traffic can be resumed at once.",
        "The error rate was 77.7 % for 4711 minutes, and 12 people in Rome have lost their orders.",
        "See [99] for how the payment client dropped one request in three over a whole afternoon.",
        "It was the cache, as everybody had thought all along, and now it is not the cache any more.",
        "Short.",
        "",
    ],
)
async def test_what_does_not_stand_is_not_taken_at_all(stage: Stage, words: str) -> None:
    """A claim of recovery, figures from nowhere, a citation that leads nowhere, a sentence without one, no summary."""
    stage.script.turns = [[words]]
    assert await writer(stage).summary("INC-1") == ""


@pytest.mark.parametrize("trouble", [ModelSilent("the model is busy"), ValueError("a bug")])
async def test_a_model_that_fails_costs_the_report_nothing(stage: Stage, trouble: Exception) -> None:
    stage.script.turns = [[trouble]]
    assert await writer(stage).summary("INC-1") == ""
    assert await writer(stage).summary("INC-9") == ""


async def test_without_a_model_nothing_is_asked(stage: Stage) -> None:
    stage.script = Script(available=False)
    assert await writer(stage).summary("INC-1") == ""
    assert stage.script.heard == []


async def test_a_model_that_never_ends_is_left(stage: Stage) -> None:
    """Words without end are no summary; the request is closed."""
    stage.script.turns = [["word " * 10_000]]
    assert await writer(stage).summary("INC-1") == ""
    assert stage.script.closed == 1
