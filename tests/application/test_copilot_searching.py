"""Past incidents are found by words and by meaning; where meaning is slow, broken or not there, words answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fixloop_bot.application.copilot.meaning import MeaningUnavailable, Vector, nearest
from fixloop_bot.application.copilot.searching import MEANT, Document, Search, ranked
from tests.application.copilot_stage import Stage
from tests.application.office import Office, signal

DOCUMENTS = (
    Document(id="INC-1", title="Checkout refuses cards", text="402 from the acquirer"),
    Document(id="INC-2", title="Search is slow", text="a wildcard query"),
    Document(id="INC-3", title="Payments dashboard", text="zeros since the load failed"),
)
CARDS, PACE = (1.0, 0.0), (0.0, 1.0)


@dataclass
class Thesaurus:
    """Knows two topics by their words; may be slow, or broken."""

    slow: bool = False
    broken: bool = False
    asked: list[list[str]] = field(default_factory=list)

    async def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.asked.append(list(texts))
        if self.slow:
            await asyncio.Event().wait()
        if self.broken:
            raise MeaningUnavailable("The embedding process has ended.")
        return [CARDS if {"cards", "payments"} & set(text.casefold().split()) else PACE for text in texts]


async def test_words_and_meaning_are_fused() -> None:
    """What both name is first; what only one of them names is found, too."""
    search = Search(Thesaurus())
    assert ranked(DOCUMENTS, "payments are declined", most=3) == ["INC-3"]
    assert await search.likest(DOCUMENTS, "payments are declined", most=3) == ["INC-3", "INC-1"]
    assert await search.likest(DOCUMENTS, "payments are declined", most=1) == ["INC-3"]


async def test_without_meaning_words_answer() -> None:
    """In their own order."""
    query = "slow checkout cards"
    assert await Search().likest(DOCUMENTS, query, most=3) == ranked(DOCUMENTS, query, most=3) == ["INC-1", "INC-2"]


@pytest.mark.parametrize("fault", ["slow", "broken"])
async def test_words_answer_for_a_meaning_that_does_not(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so once, and once more when it happens again after meaning was back."""
    thesaurus = Thesaurus()
    search = Search(thesaurus, patience_s=1.0)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            setattr(thesaurus, fault, True)
            assert await search.likest(DOCUMENTS, "payments", most=3) == ["INC-3"]
        assert len(caplog.messages) == 1
        assert "past incidents are ranked by words alone" in caplog.messages[0]
        setattr(thesaurus, fault, False)
        assert await search.likest(DOCUMENTS, "payments", most=3) == ["INC-3", "INC-1"]
        setattr(thesaurus, fault, True)
        await search.likest(DOCUMENTS, "payments", most=3)
    assert len(caplog.messages) == 2


async def test_nothing_to_look_at_asks_nothing() -> None:
    """No process is started for an empty house, nor for an empty question."""
    thesaurus = Thesaurus()
    search = Search(thesaurus)
    assert await search.likest([], "payments", most=3) == []
    assert await search.likest(DOCUMENTS, " \n", most=3) == []
    assert thesaurus.asked == []


async def test_what_is_looked_at_is_masked_and_short() -> None:
    """The model of meaning gets no secret, and of a long text its beginning."""
    thesaurus = Thesaurus()
    secret = "ghp_" + "a1B2" * 9
    long = Document(id="INC-9", title=f"token {secret}", text="w" * 100_000)
    await Search(thesaurus).likest([long], f"payments {secret} " + "q" * 100_000, most=3)
    (texts,) = thesaurus.asked
    assert [text for text in texts if secret in text or len(text) > MEANT] == []
    assert "‹" in texts[1]


@given(st.text(max_size=300), st.text(max_size=300))
async def test_no_text_is_too_strange(title: str, query: str) -> None:
    """Any text can be searched, and searched for."""
    documents = [Document(id="INC-1", title=title, text=title * 3)]
    assert await Search(Thesaurus()).likest(documents, query, most=3) in (["INC-1"], [])


def test_the_likest_is_first_and_the_unlike_is_left_out() -> None:
    vectors = {"far": (0.0, 1.0), "near": (0.6, 0.8), "same": (1.0, 0.0), "against": (-1.0, 0.0)}
    assert nearest((1.0, 0.0), vectors, least=0.3, most=9) == ["same", "near"]
    assert nearest((1.0, 0.0), vectors, least=-2.0, most=3) == ["same", "near", "far"]


async def test_an_answer_finds_what_is_like_it_in_other_words(office: Office, redis: Redis) -> None:
    """From the store to the evidence: an incident is found by what it means, before one that shares more words."""
    await office.receive(signal(identity="cycle:a", service="tills", tags=("service:tills",), title="No cards"))
    await office.receive(signal(identity="cycle:b", service="search", tags=("service:search",), title="Lag is high"))
    await office.receive(signal(at=60.0))
    first = {}
    for name, search in (("words", Search()), ("both", Search(Thesaurus()))):
        stage = Stage(office, redis, search=search)
        view = await stage.gathering.view("INC-3")
        assert view is not None
        (first[name],) = await stage.gathering.past(view, "payments ?", most=1)
    assert first["words"].key == "INC-2"
    assert first["both"].key == "INC-1"
