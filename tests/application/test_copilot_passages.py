"""A long runbook is told by the passages that the question is about; a short one is told whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fixloop_bot.application.copilot.gathering import LONG_TEXT
from fixloop_bot.application.copilot.passages import PASSAGE, passages_of, told_of
from fixloop_bot.application.copilot.searching import Search
from fixloop_bot.domain.catalog import Catalog
from tests.application.copilot_stage import Stage
from tests.application.office import Office, checkout

CHAPTERS = [f"Chapter {number}\n" + f"Routine maintenance of part {number}. " * 12 for number in range(60)]
LONG = "\n".join(
    [*CHAPTERS[:50], "When cards are declined\nFail over to acquirer B with the flag acquirer_b.", *CHAPTERS]
)


async def test_a_short_text_is_told_whole() -> None:
    assert await told_of(Search(), "Restart it.", "anything", room=100) == "Restart it."


async def test_a_long_text_is_told_by_what_is_asked() -> None:
    """With its beginning, in its own order, and a mark where something is left out."""
    told = await told_of(Search(), LONG, "cards declined", room=2_000)
    assert told.startswith("Chapter 0\n")
    assert told.index("[…]") < told.index("Fail over to acquirer B")
    assert len(told) <= 2_000


async def test_a_question_that_is_about_nothing_in_it_gets_the_beginning() -> None:
    assert await told_of(Search(), LONG, "zebra", room=2_000) == LONG[:2_000]


async def test_a_question_that_is_about_everything_fits_the_room() -> None:
    """The best passages only; the first one counts."""
    text = (
        "c" * PASSAGE
        + "\n"
        + "\n".join(("maintenance " * 40)[: PASSAGE - 1] + str(number % 10) for number in range(40))
    )
    told = await told_of(Search(), text, "maintenance", room=2_000)
    assert 4 * PASSAGE < len(told) <= 2_000


async def test_neighbours_stay_together() -> None:
    """Two passages that follow each other have no mark between them."""
    text = "start\n" + "\n".join(word * 100 for word in ("alpha ", "beta ", "gamma ", "delta ")) + "\n" + "x" * 5_000
    told = await told_of(Search(), text, "alpha beta", room=3_000)
    assert "[…]" not in told[: told.index("beta")]


@given(st.text(max_size=4_000), st.integers(0, 3_000), st.text(max_size=50))
async def test_no_text_is_too_strange(text: str, room: int, query: str) -> None:
    """What is told fits its room, but for a first passage that alone is larger; passages lose only line breaks."""
    assert len(await told_of(Search(), text, query, room=room)) <= max(room, PASSAGE)
    assert "".join("".join(passages_of(text)).splitlines()) == "".join(text.splitlines())
    assert all(0 < len(each) <= PASSAGE for each in passages_of(text))


async def test_an_answer_finds_the_right_page_of_the_runbook(office: Office, redis: Redis) -> None:
    """However far down it stands."""
    office.catalog = Catalog(services=(checkout(runbook="https://checkout.example.com/runbook"),))
    office = Office(office.store, office.clock, services=office.catalog.services)
    await office.broken()
    office.shop.document = LONG.encode()
    stage = Stage(office, redis)
    view = await stage.gathering.view("INC-1")
    assert view is not None
    dossier = (await stage.gathering.gather(view, "What do we do when cards are declined?", [])).dossier
    runbook = dossier.of("runbook")
    assert runbook is not None
    assert "Fail over to acquirer B" in runbook.text
    assert len(LONG) > 3 * LONG_TEXT > len(runbook.text)
