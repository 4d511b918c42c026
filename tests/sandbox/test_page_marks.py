"""What the page hears in passing: a run becomes a mark on the charts, a status brings its loading messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from fixloop_bot.sandbox.page.readings import heading_of
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from tests.sandbox.page_room import Viewer, opened, small_world, watching
from tests.sandbox.slack_room import client_of

RUN = "Validate run 2\nplan v1\n1  ⏳ running · 10 s to go · A cart can be paid"


@pytest.fixture
async def address(slack: LocalSlack, tmp_path: Path) -> AsyncIterator[str]:
    async with small_world(slack, tmp_path) as running, opened(running) as where:
        yield where


@pytest.fixture
async def mira(address: str) -> AsyncIterator[Viewer]:
    async with watching(address, MIRA) as viewer:
        yield viewer


async def test_a_run_is_marked_once_however_often_its_message_changes(slack: LocalSlack, mira: Viewer) -> None:
    """The charts say when it was first heard of; a person who writes the same words starts nothing."""
    root = slack.people.message("mira", "incidents", RUN)
    client = client_of(slack)
    posted = await client.chat_postMessage(channel=INCIDENTS, thread_ts=root.ts, text=RUN)
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text=RUN.replace("10 s", "9 s"))
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text=RUN.replace("run 2", "run 3"))
    told = await mira.wait_for(lambda delta: len(delta.get("charts", {}).get("marks", [])) >= 2)
    marks = [(each["what"], each["fault"]) for each in told["charts"]["marks"]]
    assert marks == [("validate", "Validate run 2"), ("validate", "Validate run 3")]


async def test_loading_messages_come_with_their_status_and_go_with_it(slack: LocalSlack, mira: Viewer) -> None:
    root = slack.people.message("mira", "incidents", "is it safe?")
    set_status = partial(client_of(slack).assistant_threads_setStatus, channel_id=INCIDENTS, thread_ts=root.ts)
    await set_status(status="is thinking", loading_messages=["One", "Two"])
    told = await mira.wait_for(lambda delta: delta.get("status") == "is thinking")
    assert told["loading"] == ["One", "Two"]
    mira.forget()
    await set_status(status="is writing")
    assert (await mira.wait_for(lambda delta: delta.get("status") == "is writing"))["loading"] == []


async def test_type_comes_from_here(address: str) -> None:
    """Fonts are served as fonts, and the page may load them from nowhere else."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}static/app.css") as answer:
            policy, sheet = answer.headers["Content-Security-Policy"], await answer.text()
        assert "font-src 'self'" in policy
        name = "inter-latin-wght-normal.woff2"
        assert name in sheet
        async with session.get(f"{address}static/{name}") as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "font/woff2")


def test_only_a_runs_own_message_has_a_heading() -> None:
    assert heading_of(RUN) == "Validate run 2"
    assert heading_of("Confirm run 1") == "Confirm run 1"
    assert heading_of("We should Validate run 2 again") == ""
    assert heading_of("") == ""
