"""Pictures over HTTP against the local Slack: uploaded once, shown on the card, missed by nobody where refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import root_card
from fixloop_bot.adapters.slack.blocks.chart import without_pictures
from fixloop_bot.adapters.slack.board import SlackBoard
from fixloop_bot.adapters.slack.files import NullFiles, SlackFiles
from fixloop_bot.adapters.slack.pictures import RefusedPictures
from fixloop_bot.application.occasions import SIGNAL
from fixloop_bot.application.pictures import Album, Picture
from fixloop_bot.application.views import ThreadRefs, ThreadView
from fixloop_bot.domain.errors import FiguresWait, SlackBusy, SlackRefused
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.blocks import message_problems
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from tests.adapters.slack_checks import text_problems
from tests.adapters.thread_states import PLANNED, minutes
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack
from tests.strategies import NASTY, texts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
ALT = "Error rate rose from 0.2 % at 02:58 UTC to 31 %; limit 1 %."


@pytest.fixture
async def slack(clock: FakeClock) -> AsyncIterator[LocalSlack]:
    async with running_slack(clock=clock.now) as running:
        yield running


@pytest.fixture
async def api(slack: LocalSlack, clock: FakeClock) -> AsyncIterator[SlackApi]:
    async with SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as opened, clock.flowing():
        yield opened


@pytest.fixture
def files(api: SlackApi, clock: FakeClock) -> SlackFiles:
    return SlackFiles(api, clock=clock)


async def test_the_bytes_arrive_and_nobody_sees_them_yet(slack: LocalSlack, files: SlackFiles) -> None:
    """Two calls and the bytes; no channel is told of it."""
    file_id = await files.put(PNG, name="INC-1-signal.png", alt=ALT)
    assert await files.complete([(file_id, "INC-1, the signal")])
    assert slack.core.workspace.file_contents[file_id] == PNG
    file = slack.core.workspace.files[file_id]
    assert (file["alt_txt"], file["channels"], file["mimetype"]) == (ALT, [], "image/png")
    assert slack.messages("incidents") == []
    assert sum(slack.call_counts.values()) == 2


async def test_an_upload_is_finished_with_its_address(slack: LocalSlack, files: SlackFiles) -> None:
    """What Slack says it is; None where it does not know the file."""
    file_id = await files.put(b"# Report", name="INC-1-report.md")
    assert await files.finish(file_id, "Report") == slack.core.workspace.files[file_id]["permalink"]
    assert await files.finish("F0GONE", "Report") is None


async def test_two_pictures_take_three_calls(slack: LocalSlack, files: SlackFiles) -> None:
    ids = [await files.put(PNG, name=f"{name}.png") for name in ("signal", "spread")]
    assert await files.complete([(file_id, "a title") for file_id in ids])
    assert sum(slack.call_counts.values()) == 3
    assert all(slack.core.workspace.files[file_id]["done"] for file_id in ids)


async def test_a_file_is_shown_in_a_thread_with_a_word(slack: LocalSlack, files: SlackFiles) -> None:
    root = slack.people.message("mira", "incidents", "checkout is down").ts
    file_id = await files.put(b"# Report", name="report.md")
    await files.complete([(file_id, "Report")], channel=INCIDENTS, thread_ts=root, comment="Report of INC-1.")
    shown = slack.thread("incidents", root)[-1]
    assert (shown.text, shown.content["files"][0]["id"]) == ("Report of INC-1.", file_id)


async def test_bytes_that_never_arrived_are_put_again(slack: LocalSlack, files: SlackFiles) -> None:
    """A worker killed between the address and the bytes leaves a file that cannot be completed."""
    lost = await files._api.call("files.getUploadURLExternal", filename="x.png", length=10)
    assert not await files.complete([(lost["file_id"], "x")])


@pytest.mark.parametrize("error", ["missing_scope", "not_allowed_token_type", "unknown_method"])
async def test_what_will_not_work_is_not_tried_all_the_time(
    slack: LocalSlack, files: SlackFiles, clock: FakeClock, error: str
) -> None:
    """Without files:write there are no pictures, and no call for ten minutes."""
    slack.faults.add("files.getUploadURLExternal", "refuse", error=error)
    with pytest.raises(SlackRefused):
        await files.put(PNG, name="x.png")
    assert not files.available
    clock.advance(601)
    assert files.available


async def test_a_refusal_of_one_file_says_nothing_of_the_next(slack: LocalSlack, files: SlackFiles) -> None:
    slack.faults.add("files.getUploadURLExternal", "refuse", error="invalid_arguments")
    with pytest.raises(SlackRefused):
        await files.put(PNG, name="x.png")
    assert files.available


async def test_a_slack_that_is_away_is_waited_for(slack: LocalSlack, files: SlackFiles) -> None:
    slack.faults.add("files.completeUploadExternal", "server_error")
    file_id = await files.put(PNG, name="x.png")
    with pytest.raises(SlackBusy):
        await files.complete([(file_id, "x")])
    assert files.available
    assert await files.complete([(file_id, "x")]), "the same file, not a second one"


async def test_an_answer_that_is_lost_leaves_one_file(slack: LocalSlack, files: SlackFiles) -> None:
    """Slack had completed it, and nobody told us: it is completed again, not put again."""
    slack.faults.add("files.completeUploadExternal", "lose_answer")
    file_id = await files.put(PNG, name="x.png")
    with pytest.raises(SlackBusy):
        await files.complete([(file_id, "x")])
    assert await files.complete([(file_id, "x")])
    assert list(slack.core.workspace.files) == [file_id]


async def test_an_upload_address_that_refuses_is_a_refusal(files: SlackFiles, slack: LocalSlack) -> None:
    with pytest.raises(SlackRefused):
        await files._send(f"{slack.core.base_url}/upload/nothing-here", PNG)
    with pytest.raises(SlackRefused, match="invalid_url"):
        await files._send("http://[", PNG)
    with pytest.raises(SlackBusy):
        await files._send("http://127.0.0.1:9/upload", PNG)


async def test_without_slack_nothing_is_uploaded() -> None:
    assert not NullFiles().available
    with pytest.raises(SlackRefused):
        await NullFiles().put(PNG, name="x.png")


def view_with(file_id: str, clock: FakeClock) -> ThreadView:
    picture = Picture(name=SIGNAL, occasion="run:1", digest="d", file_id=file_id, alt=ALT, drawn_at=minutes(1))
    incident = replace(PLANNED, channel=INCIDENTS)
    return ThreadView(incident=incident, service=None, album=Album(pictures=(picture,)), now=clock.now())


async def published(board: SlackBoard, view: ThreadView, refs: ThreadRefs) -> ThreadRefs:
    """As ``Threads`` does it: what waits for its turn is shown the next time."""
    latest = refs

    async def keep(new: ThreadRefs) -> None:
        nonlocal latest
        latest = new

    try:
        return await board.publish(view, refs, keep)
    except (FiguresWait, SlackBusy):
        return latest


def kinds(slack: LocalSlack) -> list[str]:
    return [block["type"] for block in slack.messages("incidents")[0].blocks]


async def test_the_card_shows_the_picture_with_its_words(
    slack: LocalSlack, api: SlackApi, files: SlackFiles, clock: FakeClock
) -> None:
    """An image by the file's id; who cannot see it is told the same, in the image and in the message's text."""
    file_id = await files.put(PNG, name="x.png")
    await files.complete([(file_id, "x")])
    board = SlackBoard(api, clock=clock, default_channel=INCIDENTS)
    await published(board, view_with(file_id, clock), ThreadRefs())
    card = slack.messages("incidents")[0]
    image = next(block for block in card.blocks if block["type"] == "image")
    assert image["slack_file"] == {"id": file_id}
    assert image["alt_text"] == ALT
    assert ALT in card.text
    above = kinds(slack)[: kinds(slack).index("image")]
    assert "actions" in above, "the next button to press is not pushed off a phone's screen"


async def test_a_picture_that_slack_still_works_on_comes_later(
    slack: LocalSlack, api: SlackApi, files: SlackFiles, clock: FakeClock
) -> None:
    """The card is there at once with its buttons, without the picture; a while later with it, by one more update."""
    slack.core.workspace.file_seconds = 5.0
    file_id = await files.put(PNG, name="x.png")
    await files.complete([(file_id, "x")])
    board, view = SlackBoard(api, clock=clock, default_channel=INCIDENTS), view_with(file_id, clock)
    refs = await published(board, view, ThreadRefs())
    assert "image" not in kinds(slack)
    assert "actions" in kinds(slack)
    calls = sum(slack.call_counts.values())
    refs = await published(board, view, refs)
    assert sum(slack.call_counts.values()) == calls, "it is not hammered at"
    for _ in range(20):  # a picture is no news, so that its turn comes with the figures'
        if "image" not in kinds(slack):
            clock.advance(30)
            refs = await published(board, view, refs)
    assert "image" in kinds(slack)
    calls = sum(slack.call_counts.values())
    await published(board, view, refs)
    assert sum(slack.call_counts.values()) == calls


async def test_a_picture_that_is_gone_costs_the_card_nothing_but_itself(
    slack: LocalSlack, api: SlackApi, clock: FakeClock
) -> None:
    """Somebody deleted the file: the card stands, and the file is asked for ever more seldom."""
    board, view, refs = (
        SlackBoard(api, clock=clock, default_channel=INCIDENTS),
        view_with("F0GONE", clock),
        ThreadRefs(),
    )
    for _ in range(20):
        refs = await published(board, view, refs)
        clock.advance(60)
    assert "image" not in kinds(slack)
    refused = [call for call in slack.calls if call.response.get("error") == "invalid_blocks"]
    assert 2 <= len(refused) <= 8


@given(st.one_of(st.sampled_from(NASTY), texts()), st.booleans())
def test_what_a_picture_says_is_harmless_and_fits(alt: str, here: bool) -> None:
    """On the card and in its text, for Slack, its models and whoever listens."""
    view = view_with("F0FILE", FakeClock())
    picture = replace(view.album.pictures[0], alt=alt)
    card = root_card(replace(view, album=Album(pictures=(picture,)) if here else Album()))
    images = [block for block in card.blocks if block["type"] == "image"]
    assert len(images) == here
    assert message_problems(list(card.blocks)) == []
    assert (without_pictures(card) is card) == (not here)
    for image in images:
        parsed = SdkBlock.parse(image)
        assert parsed is not None
        parsed.validate_json()
        assert len(image["alt_text"]) <= 2_000
        assert "\n" not in image["alt_text"]
    assert list(text_problems(card.text, view)) == []


def test_pauses_grow_and_are_forgotten_by_nobody() -> None:
    clock = FakeClock()
    refused = RefusedPictures(clock.now)
    board_card = root_card(view_with("F0FILE", clock))
    pauses = []
    for _ in range(4):
        refused.refused(board_card)
        began = clock.now()
        while len(refused.allowed(board_card).blocks) < len(board_card.blocks):
            clock.advance(1)
        pauses.append(clock.now() - began)
    assert pauses == [10, 20, 40, 80]
