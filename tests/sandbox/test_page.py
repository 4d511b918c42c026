"""The page's server: what a browser is told, what it may ask for, and who may ask at all."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.sandbox.page.live import LOOK_EVERY_S
from fixloop_bot.sandbox.scenarios import Scenario
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA, PRIVATE
from fixloop_bot.sandbox.slack.web_api import Logged
from fixloop_bot.sandbox.world import World
from tests.sandbox.page_room import Viewer, opened, small_world, watching
from tests.sandbox.slack_room import checklist, client_of, modal, until

Json = dict[str, Any]


@pytest.fixture
async def world(slack: LocalSlack, tmp_path: Path) -> AsyncIterator[World]:
    async with small_world(slack, tmp_path) as running:
        yield running


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    async with opened(world) as where:
        yield where


@pytest.fixture
async def mira(address: str) -> AsyncIterator[Viewer]:
    async with watching(address, MIRA) as viewer:
        yield viewer


async def test_a_page_begins_with_everything_and_hears_of_what_is_new(slack: LocalSlack, address: str) -> None:
    """A snapshot first, then each message as it is said."""
    slack.people.message("mira", "incidents", "before")
    async with watching(address, MIRA) as viewer:
        snapshot = await viewer.told_of("snapshot")
        assert [each["text"] for each in snapshot["messages"]] == ["before"]
        assert {each["name"] for each in snapshot["channels"]} == {"incidents", "general", "war-room", "incidents-2019"}
        slack.people.message("jonas", "incidents", "after")
        assert (await viewer.told_of("message"))["message"]["text"] == "after"


async def test_everybody_sees_their_own(slack: LocalSlack, address: str, mira: Viewer) -> None:
    """What is said in a private channel, and what is whispered to one person, reaches nobody else."""
    async with watching(address, JONAS) as jonas:
        slack.people.message("mira", "war-room", "a secret")
        await client_of(slack).chat_postEphemeral(channel=INCIDENTS, user=MIRA, text="for you alone")
        slack.people.message("mira", "incidents", "for all")
        await mira.wait_for(lambda delta: delta.get("message", {}).get("text") == "for you alone")
        await jonas.wait_for(lambda delta: delta.get("message", {}).get("text") == "for all")
        assert "secret" not in str(jonas.told)
        assert "for you alone" not in str(jonas.told)
        assert PRIVATE not in str(jonas.told)


async def test_a_page_changes_hands(slack: LocalSlack, mira: Viewer) -> None:
    """After `be` the page is somebody else's: with their channels, and what they do is done as them."""
    mira.forget()
    assert await mira.do("be", user=JONAS) == ""
    snapshot = await mira.told_of("snapshot")
    assert snapshot["me"] == JONAS
    assert "war-room" not in {each["name"] for each in snapshot["channels"]}
    assert await mira.do("message", channel=INCIDENTS, text="it is me", user=MIRA) == ""
    assert slack.messages("incidents")[-1].author == JONAS


async def test_a_click_reaches_the_app_as_slack_sends_it(slack: LocalSlack, app: AsyncApp, mira: Viewer) -> None:
    """A button and a tick: real block_actions of the person to whom the page belongs."""
    heard: list[tuple[str, str, Any]] = []

    @app.action("validate")
    async def pressed(ack: Any, body: Json) -> None:
        await ack()
        heard.append((body["user"]["id"], body["actions"][0]["value"], None))

    @app.action("steps")
    async def ticked(ack: Any, body: Json) -> None:
        await ack()
        heard.append((body["user"]["id"], "steps", [each["value"] for each in body["actions"][0]["selected_options"]]))

    posted = await client_of(slack).chat_postMessage(channel=INCIDENTS, text="plan", blocks=checklist("plan:1", "1"))
    where = {"channel": INCIDENTS, "ts": posted["ts"]}
    assert await mira.do("click", **where, action_id="validate", block_id="keys") == ""
    assert await mira.do("tick", **where, block_id="plan:1", selected_values=["1", "2"], action_id="steps") == ""
    assert heard == [(MIRA, "INC-42", None), (MIRA, "steps", ["1", "2"])]
    shown = await mira.wait_for(lambda delta: len(_ticked(delta)) == 2)
    assert _ticked(shown) == ["1", "2"]


def _ticked(delta: Json) -> list[str]:
    state = delta.get("message", {}).get("values", {}).get("plan:1", {}).get("steps", {})
    return [each["value"] for each in state.get("selected_options", [])]


async def test_a_modal_opens_complains_and_closes(slack: LocalSlack, app: AsyncApp, mira: Viewer) -> None:
    """Errors that the app answers with are told to the page although nothing else has changed."""

    @app.shortcut("new_plan")
    async def open_modal(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("edit")
    async def submitted(ack: Any, view: Json) -> None:
        reason = view["state"]["values"]["why"]["reason"]["value"]
        await (ack() if reason == "flaky" else ack(response_action="errors", errors={"why": "say more"}))

    assert await mira.do("shortcut", callback_id="new_plan") == ""
    view = (await mira.wait_for(lambda delta: bool(delta.get("views")) and delta["kind"] == "views"))["views"][0]
    mira.forget()
    assert await mira.do("submit_view", view_id=view["id"], values={"why": "hm"}) == ""
    assert (await mira.told_of("views"))["views"][0]["errors"] == {"why": "say more"}
    mira.forget()
    assert await mira.do("submit_view", view_id=view["id"], values={"why": "flaky"}) == ""
    assert (await mira.told_of("views"))["views"] == []


async def test_a_fault_is_switched_and_told(world: World, mira: Viewer) -> None:
    """The switch in the page is the shop's own, and the mark on the charts says when."""
    mira.forget()
    assert await mira.do("break", name="checkout-500", state="broken") == ""
    told = await mira.wait_for(lambda delta: "faults" in delta)
    assert [each["name"] for each in told["faults"] if each["state"] == "broken"] == ["checkout-500"]
    assert world.shop.faults.of("checkout-500").state == "broken"
    chart = await mira.wait_for(lambda delta: bool(delta.get("charts", {}).get("marks")))
    assert [(each["fault"], each["what"]) for each in chart["charts"]["marks"]] == [("checkout-500", "broken")]


@pytest.mark.parametrize(
    ("what", "values", "says"),
    [
        ("break", {"name": "nothing", "state": "broken"}, "There is no nothing: broken."),
        ("break", {}, "There is no name."),
        ("explode", {}, "Nobody can explode here."),
        ("message", {"channel": "C0NOWHERE", "text": "hi"}, "there is no channel 'C0NOWHERE'"),
        ("message", {"channel": INCIDENTS, "text": "x" * 5000}, "That is longer than 4000 characters."),
        ("message", {"channel": ["C1"], "text": "hi"}, "channel is not a text."),
        ("click", {"nonsense": "1"}, "unexpected keyword argument"),
        ("play", {"name": "checkout-500"}, "there is no scenario 'checkout-500'"),
    ],
)
async def test_what_cannot_be_done_is_said(mira: Viewer, what: str, values: Json, says: str) -> None:
    """In a sentence, and the page lives on."""
    assert says in await mira.do(what, **values)
    assert await mira.do("message", channel=INCIDENTS, text="still here") == ""


@pytest.mark.parametrize("frame", ["", "[]", "{", '{"id": "x", "do": 1}', '{"id": 1, "do": "be", "with": []}'])
async def test_nonsense_is_answered(mira: Viewer, frame: str) -> None:
    await mira.socket.send_str(frame)
    assert "makes no sense" in (await mira.told_of("answer"))["error"]


async def test_many_changes_are_told_as_few(slack: LocalSlack, mira: Viewer) -> None:
    """A message that changes two hundred times in a moment is sent a few times, the last time in its last state."""
    message = slack.people.message("mira", "incidents", "0")
    for number in range(1, 201):
        slack.people.edit("mira", "incidents", message.ts, str(number))
    await mira.wait_for(lambda delta: delta.get("message", {}).get("text") == "200")
    assert mira.frames < 10


async def test_what_is_deleted_goes_away(slack: LocalSlack, mira: Viewer) -> None:
    message = slack.people.message("mira", "incidents", "oops")
    slack.people.delete("mira", "incidents", message.ts)
    assert (await mira.told_of("gone"))["ts"] == message.ts


async def test_a_page_that_comes_back_gets_everything_again(slack: LocalSlack, address: str) -> None:
    """Whatever it missed is in the new snapshot."""
    async with watching(address, MIRA):
        pass
    slack.people.message("jonas", "incidents", "you were away")
    async with watching(address, MIRA) as again:
        assert "you were away" in str((await again.told_of("snapshot"))["messages"])


class CountingSlack(LocalSlack):
    """Knows how often the page's log looked at its calls."""

    looks = 0

    @property
    def calls(self) -> deque[Logged]:
        self.looks += 1
        return super().calls


async def test_nothing_is_looked_at_while_nobody_looks(tmp_path: Path) -> None:
    """Before a page is opened and after it is closed the sandbox stays idle; while it is open, it is told."""
    slack = CountingSlack(bot_token="xoxb-1", signing_secret="s")
    await slack.start()
    try:
        async with small_world(slack, tmp_path) as world, opened(world) as address:
            await _for_looks(3)
            assert slack.looks == 0
            async with watching(address, MIRA):
                await until(lambda: slack.looks >= 3)
            await _for_looks(1)
            left = slack.looks
            await _for_looks(3)
            assert slack.looks == left
    finally:
        await slack.stop()


async def _for_looks(count: float) -> None:
    """Let so much time go by that the page would have looked so often."""
    over = time.monotonic() + count * LOOK_EVERY_S
    await until(lambda: time.monotonic() > over)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("", {"Host": "evil.example.com"}, 403),
        ("live", {"Host": "evil.example.com", "Origin": "http://evil.example.com"}, 403),
        ("static/..%2fserver.py", {}, 404),
        ("static/LICENSES.txt", {}, 404),
        ("files/F0NOTHING", {}, 404),
    ],
)
async def test_only_this_host_and_only_the_page(address: str, path: str, headers: Json, status: int) -> None:
    """A name that somebody else's DNS points here is refused, and so is a file that is not part of the page."""
    async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as answer:
        assert answer.status == status


@pytest.mark.parametrize("origin", ["http://evil.example.com", "null", "http://127.0.0.1:1", None])
async def test_only_its_own_page_may_open_the_socket(address: str, origin: str | None) -> None:
    """Another site's page in the same browser cannot act as Mira."""
    headers = {} if origin is None else {"Origin": origin}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{address}live", headers=headers)
    assert caught.value.status == 403


async def test_the_document_may_load_only_what_is_here(address: str) -> None:
    """The policy has no host in it and allows neither inline scripts nor inline styles."""
    async with aiohttp.ClientSession() as session:
        for path in ("", "static/app.js", "static/app.css", "static/icon.svg"):
            async with session.get(address + path) as answer:
                assert answer.status == 200
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "http" not in policy


@pytest.mark.parametrize(
    ("mimetype", "kind"),
    [
        ("image/png", "image/png"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
    ],
)
async def test_an_uploaded_file_never_runs(world: World, address: str, mimetype: str, kind: str) -> None:
    """Pictures are shown; a drawing that may hold scripts, and everything else, is only ever downloaded."""
    workspace = world.slack.core.workspace
    workspace.file_contents["F1"], workspace.files["F1"] = b"<script>", {"mimetype": mimetype}
    async with aiohttp.ClientSession() as session, session.get(f"{address}files/F1") as answer:
        assert answer.content_type == kind
        assert ("Content-Disposition" in answer.headers) == (kind == "application/octet-stream")


async def test_a_scenario_is_played_from_the_page(world: World) -> None:
    """One at a time; its stages, its verdict and whether that was right are told."""
    go_on = asyncio.Event()

    async def player(_: World, scenario: Scenario, stage: Any) -> str:
        stage(f"Somebody breaks {scenario.fault}.")
        await go_on.wait()
        return scenario.expected

    async with opened(world, player) as address, watching(address, MIRA) as viewer:
        assert await viewer.do("play", name="checkout-500") == ""
        await viewer.wait_for(lambda delta: (delta.get("play") or {}).get("stage") == "Somebody breaks checkout-500.")
        assert await viewer.do("play", name="wrong-total") == "a scenario is being played already"
        go_on.set()
        told = await viewer.wait_for(lambda delta: (delta.get("play") or {}).get("going") is False)
        assert told["play"]["stage"] == "As expected: proven."


async def test_a_scenario_can_be_stopped(world: World) -> None:
    async def player(_: World, __: Scenario, ___: Any) -> str:
        await asyncio.Event().wait()
        return ""

    async with opened(world, player) as address, watching(address, MIRA) as viewer:
        assert await viewer.do("play", name="checkout-500") == ""
        assert await viewer.do("stop") == ""
        told = await viewer.wait_for(lambda delta: (delta.get("play") or {}).get("going") is False)
        assert "Stopped" in told["play"]["stage"]


async def test_the_log_has_every_call_once_and_in_order(slack: LocalSlack, app: AsyncApp, mira: Viewer) -> None:
    """What the bot calls and what it is sent, numbered; a second page gets the same rows."""
    client = client_of(slack)
    await client.chat_postMessage(channel=INCIDENTS, text="one")
    await mira.do("message", channel=INCIDENTS, text="two")
    await client.auth_test()
    await mira.wait_for(lambda delta: any(row["what"] == "auth.test" for row in delta.get("log", ())))
    rows = [row for delta in mira.told for row in delta.get("log", delta.get("deck", {}).get("log", ()))]
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    said = [row["what"] for row in rows]
    assert said.index("chat.postMessage") < said.index("auth.test")
    assert "message" in said
