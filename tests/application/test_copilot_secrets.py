"""The kept detector library looks at whatever a person wrote or telemetry said before the model or anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.kingfisher import Kingfisher
from fixloop_bot.application.copilot.conversation import Limits
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.application.ports import LogLine
from fixloop_bot.domain.copilot.citations import checked
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.redaction import mask
from tests.application.copilot_stage import Stage, call
from tests.application.office import JONAS, MIRA, Office
from tests.fake_clock import START

SECRET = "shippo_" + "live_" + "86638c8803cb5fa6f755a166ea45d1c0b93f27aa"
"""A format that only the library knows."""


@pytest.fixture(scope="session")
def kingfisher(tmp_path_factory: pytest.TempPathFactory) -> Kingfisher:
    """The real rules, compiled once."""
    folder: Path = tmp_path_factory.mktemp("rules")
    detector = Kingfisher(folder)
    detector.load()
    return detector


@pytest.fixture
async def stage(office: Office, redis: Redis, kingfisher: Kingfisher) -> Stage:
    """A copilot with the detector, in an incident whose bug was reproduced."""
    await office.broken()
    stage = Stage(office, redis, limits=Limits(seconds=15))
    stage.gathering._detect = kingfisher
    return stage


def everything(stage: Stage) -> str:
    """What the model was told and people saw, statuses, sources and buttons included."""
    told = [str(message.get("content")) for turn in stage.script.heard for message in turn]
    seen = [f"{said.text} {said.failure} {said.references} {said.offers} {said.statuses}" for said in stage.stand.said]
    return "\n".join([*told, *seen])


def test_only_the_library_knows_this_secret(kingfisher: Kingfisher) -> None:
    """Otherwise the tests below would show nothing."""
    assert SECRET in mask(f"key {SECRET}.")
    assert SECRET not in mask(f"key {SECRET}.", detect=kingfisher)


async def test_in_the_question(stage: Stage) -> None:
    """It reaches neither the model nor what is kept of the conversation."""
    said = await stage.ask(f"Is {SECRET} still valid?", ["I do not know."])
    record = await stage.talks.record(said.id)
    assert record is not None
    assert "still valid" in stage.script.told()
    assert SECRET not in f"{everything(stage)} {record}"


async def test_in_what_telemetry_says(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a log line, in a change's title and text, in a tool's result, and in the sources below the answer."""

    async def leaking(query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        return (LogLine(id="9", at=end, status="error", service=f"pod {SECRET}", message=f"refused {SECRET} twice"),)

    monkeypatch.setattr(stage.office.datadog, "error_logs", leaking)
    stage.deploys.events = [ChangeEvent(id="e1", at=START - 420, title=f"rotate {SECRET}", text=f"to {SECRET}")]
    await stage.ask("What is logged?", [call("search_logs", words="refused")], ["I do not know."])
    numbers = [line.split("[")[1].split("]")[0] for line in stage.script.told().splitlines() if "] log " in line]
    changes = [line.split("[")[1].split("]")[0] for line in stage.script.told().splitlines() if "] change" in line]
    words = f"It was refused twice [{numbers[0]}]. Something was to rotate [{changes[0]}]."
    said = await stage.ask("What is logged?", [words])
    assert len(said.references) == 2
    assert "refused" in stage.script.told()
    assert SECRET not in everything(stage)
    stage.script.available = False
    said = await stage.ask("Did anything change before it?")
    assert "rotate" in said.text
    assert SECRET not in everything(stage)


async def test_in_the_thread(stage: Stage) -> None:
    """Overheard, edited, and told to the model later."""
    heard = replace(stage.question(f"the new key is {SECRET}", user=JONAS), addressed=False)
    await stage.deliver(heard)
    await stage.deliver(replace(heard, text=f"the newer key is {SECRET}", edited="7.1"))
    await stage.ask("What is known?")
    kept = await stage.talks.remarks("C0CHECKOUT:1.0001")
    assert "the newer key is" in kept[0].text
    assert "the newer key is" in stage.script.told()
    assert SECRET not in f"{kept} {everything(stage)}"


async def test_in_what_the_model_says(stage: Stage) -> None:
    """Wherever it may have it from: in the answer, and in the hint of a button."""
    said = await stage.ask(
        "What fails?",
        [call("propose_plan", hint=f"ask with {SECRET}")],
        [f"I do not know what {SECRET} is. Press the button."],
    )
    assert said.text == "Press the button."
    assert said.offers[0].label == "New plan: ask with ‹token›"
    assert SECRET not in f"{everything(stage)} {await stage.talks.record(said.id)}"


def test_on_the_way_out(kingfisher: Kingfisher) -> None:
    """Even if a secret had got into the evidence, it is not posted from there."""
    log = Evidence(key="log:1", source=Source.LOG, title="log", text=f"refused {SECRET} twice")
    said = checked(f"It refused {SECRET} [1].", Dossier((log,)), house=HouseRules(detect=kingfisher)).text
    assert said == "It refused ‹token› [1]."


async def test_in_a_reason_for_a_judgement(stage: Stage) -> None:
    """It is kept beside the answer, so it is masked before."""
    said = await stage.ask("What fails?", ["I do not know."])
    assert await stage.copilot.judge(said.id, user=MIRA, good=False, reason=f"it ignored {SECRET}")
    record = await stage.talks.record(said.id)
    assert record is not None
    assert record.feedback[0].reason.startswith("it ignored")
    assert SECRET not in str(record)
