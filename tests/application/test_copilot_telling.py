"""Sentences are judged while everybody else is served, and in their order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from fixloop_bot.application.copilot.speech import Offer, Reference
from fixloop_bot.application.copilot.telling import Telling
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.copilot.situation import Situation
from fixloop_bot.domain.incidents import Incident


class Ear:
    """A speech that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def doing(self, status: str) -> None: ...

    async def say(self, text: str) -> None:
        self.said.append(text)

    async def close(
        self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()
    ) -> None: ...

    async def fail(self, sentence: str) -> None: ...


class Detecting:
    """What looks for secrets in each sentence: it notes in which thread, and waits until it may go on."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.looks = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, text: bytes) -> Sequence[tuple[int, int]]:
        self.threads.append(threading.get_ident())
        self.looks.set()
        self.may_go_on.wait(20)
        return ()


@pytest.fixture
def detecting() -> Detecting:
    return Detecting()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def telling(ear: Ear, detecting: Detecting) -> Telling:
    step = Evidence(key="run1.s1", source=Source.STEP, title="run 1, step 1", text="step 1 failed: 7 of 20 tries bad")
    incident = Incident(
        id="INC-1",
        number=1,
        service_key="checkout",
        service=None,
        label="checkout",
        title="",
        channel="",
        opened_at=0.0,
    )
    situation = Situation(
        incident=incident, service=None, before=None, shown=None, soak=None, now=0.0, dossier=Dossier((step,))
    )
    return Telling(ear, situation, HouseRules(detect=detecting))


async def test_sentences_are_judged_off_the_event_loop(telling: Telling, ear: Ear, detecting: Detecting) -> None:
    """However the model cuts its words: evidence that was made for it holds nobody else up."""
    detecting.may_go_on.set()
    for piece in ("Step 1 fai", "ls in 7 of ", "20 tries", " [1]", ".", " Step ", "1 fails", " [1]"):
        await telling.hear(piece)
    await telling.end_of_turn()
    assert "".join(ear.said) == "Step 1 fails in 7 of 20 tries [1]. Step 1 fails [1]"
    assert detecting.threads
    assert threading.get_ident() not in detecting.threads


async def test_who_is_stopped_leaves_no_sentence_half_judged(telling: Telling, detecting: Detecting) -> None:
    """What is said of the stop is said by the same hands, afterwards."""
    hearing = asyncio.create_task(telling.hear("Step 1 fails in 7 of 20 tries [1]. Step 1 fails [1]. "), name="hearing")
    assert await asyncio.to_thread(detecting.looks.wait, 20)
    hearing.cancel()
    done, _ = await asyncio.wait({hearing}, timeout=0.05)
    assert not done
    detecting.may_go_on.set()
    await asyncio.wait({hearing})
    assert hearing.cancelled()
