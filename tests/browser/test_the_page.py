"""The page in a browser, without an incident: blocks, dialogs, keys, contrast, and coming back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.sandbox.page import page as serve
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER, INCIDENTS
from tests.browser.conftest import PHONE, RATIO, UNREADABLE, WIDE, Open
from tests.browser.gallery import beyond_the_package, every_block
from tests.sandbox.page_room import small_world
from tests.sandbox.slack_room import bolt_app, client_of, listening, modal, until

Json = dict[str, Any]
pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("small")]
_ANY = re.compile(".*")
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


async def post(slack: LocalSlack, blocks: list[Json], text: str = "a card") -> str:
    answer = await client_of(slack).chat_postMessage(channel=INCIDENTS, text=text, blocks=blocks)
    return str(answer["ts"])


def posted_unchecked(slack: LocalSlack, blocks: list[Json]) -> None:
    """As it would be if Slack allowed a block that this workspace does not know yet."""
    content = {"user": BOT_USER, "bot_id": BOT_ID, "text": "beyond", "blocks": blocks}
    slack.core.workspace.post(slack.channel("incidents"), content)


async def test_every_block_is_drawn_and_texts_stay_texts(slack: LocalSlack, tab: Open) -> None:
    """Text from a message never becomes HTML, in no block; what nobody knows yet says so and breaks nothing."""
    await post(slack, every_block())
    posted_unchecked(slack, beyond_the_package())
    async with tab() as opened:
        page = opened.page
        card = page.locator(".message").first
        for words in ("Every block", "Go", "rich", "md", "Reads the logs", "Thinking"):
            await expect(card.get_by_text(words).first).to_be_visible()
        await expect(card.get_by_text("@Mira Keller").first).to_be_visible()
        await expect(card.get_by_role("checkbox", name="Choice 2")).to_be_checked()
        await expect(page.get_by_text("A block of type hologram")).to_be_visible()
        assert await page.evaluate("window.hurt") is None
        assert await page.locator('img[src="x"], .message script, a[href^="javascript"]').count() == 0


async def test_what_is_used_in_a_card_reaches_the_app(slack: LocalSlack, tab: Open) -> None:
    """Button, confirmation, overflow, select, date, radio, checkboxes and thumbs, each as Slack's own block_actions."""
    app, heard = _listening_app(slack)
    await post(slack, every_block())
    async with listening(slack, app), tab() as opened:
        page = opened.page
        await page.get_by_role("button", name="Go", exact=True).dblclick()  # a double click is one press
        await page.get_by_role("button", name="Drop").click()
        await page.get_by_role("dialog").get_by_role("button", name="No").click()
        await page.get_by_role("button", name="Drop").click()
        await page.get_by_role("dialog").get_by_role("button", name="Do it").click()
        await page.get_by_role("button", name="More actions").click()
        await page.get_by_role("menuitem", name="Choice 3").click()
        await page.get_by_role("combobox", name="Pick one").select_option("2")
        await page.locator("input[type=date]").fill("2026-12-01")
        await page.get_by_role("radio", name="Choice 3").check()
        await page.get_by_role("checkbox", name="Choice 1").uncheck()
        await page.get_by_role("button", name="It did not help").click()
        wanted = [
            ("go", "v"),
            ("drop", "v"),
            ("more", "3"),
            ("pick", "2"),
            ("day", "2026-12-01"),
            ("one", "3"),
            ("ticks", ["2"]),
            ("thumbs", "bad"),
        ]
        await until(lambda: len(heard) >= len(wanted))
        assert heard == wanted


def _listening_app(slack: LocalSlack) -> tuple[AsyncApp, list[tuple[str, Any]]]:
    app, heard = bolt_app(slack), list[tuple[str, Any]]()

    @app.action({"type": "block_actions", "action_id": _ANY})
    async def acted(ack: Any, body: Json) -> None:
        await ack()
        [action] = body["actions"]
        chosen = action.get("selected_option") or {}
        ticked = [each["value"] for each in action.get("selected_options", [])]
        heard.append(
            (action["action_id"], action.get("value") or action.get("selected_date") or chosen.get("value") or ticked)
        )

    return app, heard


async def test_a_ticked_box_follows_its_block_id(slack: LocalSlack, tab: Open) -> None:
    """As in Slack: under the same block_id the client keeps its ticks, under a new one it takes the app's."""
    app, _ = _listening_app(slack)
    blocks = [each for each in every_block() if each["block_id"] == "boxes"]
    ts = await post(slack, blocks)
    async with listening(slack, app), tab() as opened:
        box = opened.page.get_by_role("checkbox", name="Choice 1")
        await box.uncheck()
        again = [{**blocks[0]}, {"type": "divider", "block_id": "new"}]
        await client_of(slack).chat_update(channel=INCIDENTS, ts=ts, text="x", blocks=again)
        await expect(opened.page.locator(".slack_blocks_to_jsx__divider")).to_have_count(1)
        await expect(box).not_to_be_checked()
        await client_of(slack).chat_update(
            channel=INCIDENTS, ts=ts, text="x", blocks=[{**blocks[0], "block_id": "rev2"}]
        )
        await expect(box).to_be_checked()


async def test_a_modal_by_keyboard_alone(slack: LocalSlack, tab: Open) -> None:
    """The shortcut's modal has the focus; what is required is said; Esc leaves it, and the app is told nothing else."""
    app = bolt_app(slack)
    submitted: list[str] = []

    @app.shortcut("new_plan")
    async def open_modal(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("edit")
    async def took(ack: Any, view: Json) -> None:
        await ack()
        submitted.append(view["state"]["values"]["why"]["reason"]["value"])

    async with listening(slack, app), tab() as opened:
        page = opened.page
        dialog = page.get_by_role("dialog", name="Why")
        beside = page.get_by_role("button", name="Home", exact=True)
        await beside.focus()
        await slack.people.shortcut("mira", "new_plan")
        await expect(dialog.get_by_label("Why")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("required")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        assert not slack.open_views("mira")
        await expect(beside).to_be_focused()
        await slack.people.shortcut("mira", "new_plan")
        await expect(dialog.get_by_label("Why")).to_be_focused()
        await page.keyboard.type("flaky")
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        assert submitted == ["flaky"]


async def test_an_answer_that_streams(slack: LocalSlack, tab: Open) -> None:
    """It grows on the page while it is written, says so, and stops saying so at its end."""
    root = slack.people.message("mira", "incidents", "is it safe?")
    client = client_of(slack)
    async with tab() as opened:
        page = opened.page
        await page.locator(".message", has_text="is it safe?").hover()
        await page.get_by_role("button", name="Reply in thread").click()
        await client.assistant_threads_setStatus(
            channel_id=INCIDENTS, thread_ts=root.ts, status="is reading the incident"
        )
        await expect(page.get_by_text("FixLoop is reading the incident")).to_be_visible()
        started = await client.api_call(
            "chat.startStream",
            json={
                "channel": INCIDENTS,
                "thread_ts": root.ts,
                "recipient_team_id": "T0SANDBOX1",
                "recipient_user_id": "U0MIRA0001",
                "markdown_text": "Not ",
            },
        )
        await expect(page.get_by_text("writing…")).to_be_visible()
        where = {"channel": INCIDENTS, "ts": started["ts"]}
        await client.api_call("chat.appendStream", json={**where, "markdown_text": "**yet**."})
        await expect(page.get_by_text("Not yet.")).to_be_visible()
        await client.api_call("chat.stopStream", json=where)
        await expect(page.get_by_text("writing…")).to_have_count(0)
        await expect(page.get_by_text("FixLoop is reading the incident")).to_have_count(0)


async def test_reactions_files_and_whispers(slack: LocalSlack, tab: Open) -> None:
    """An emoji is added and taken back; a picture is shown; what only one person sees says so."""
    slack.people.message("jonas", "incidents", "look")
    client = client_of(slack)
    await client.files_upload_v2(channel=INCIDENTS, content=_PIXEL, filename="chart.png", title="Error rate")
    await client.chat_postEphemeral(channel=INCIDENTS, user="U0MIRA0001", text="for you")
    async with tab() as opened:
        page = opened.page
        message = page.locator(".message", has_text="look")
        await message.hover()
        await message.get_by_role("button", name="Add a reaction").click()
        await page.get_by_role("menuitem", name="eyes").click()
        await message.locator(".reaction").click()
        await expect(message.locator(".reaction")).to_have_count(0)
        await expect(page.get_by_text("Only visible to you")).to_be_visible()
        picture = page.get_by_role("img", name="Error rate")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("each => each.naturalWidth") == 1


async def test_a_link_to_a_message_goes_there(slack: LocalSlack, tab: Open) -> None:
    """From a card in a channel to the reply it cites, in its thread; and from the app's Home, too."""
    root = slack.people.message("mira", "general", "a question")
    reply = slack.people.message("jonas", "general", "the answer", thread_ts=root.ts)
    link = slack.core.workspace.permalink(reply)
    await post(slack, [], f"<{link}|[1] what Jonas said>")
    button = {"type": "button", "action_id": "open", "text": {"type": "plain_text", "text": "Open thread"}, "url": link}
    home = {"type": "home", "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}]}
    await client_of(slack).views_publish(user_id="U0MIRA0001", view=home)
    async with tab() as opened:
        page = opened.page
        await page.get_by_role("link", name="what Jonas said").click()
        await expect(page.locator(".message.flash")).to_contain_text("the answer")
        await page.get_by_role("button", name="Home", exact=True).click()
        await page.get_by_role("button", name="Open thread").click()
        await expect(page.locator(".message.flash")).to_contain_text("the answer")


async def test_a_canvas_is_read_in_the_page(slack: LocalSlack, tab: Open) -> None:
    """A link to a canvas opens it here, with its people by their names; Esc closes it."""
    client = client_of(slack)
    content = {"type": "markdown", "markdown": "## Timeline\n\nFixed by ![](@U0MIRA0001)."}
    made = await client.api_call("canvases.create", json={"title": "Report", "document_content": content})
    await post(slack, [], f"<https://sandbox.slack.com/docs/T0SANDBOX1/{made['canvas_id']}|The report>")
    async with tab() as opened:
        page = opened.page
        await page.get_by_role("link", name="The report").click()
        canvas = page.get_by_role("dialog", name="Canvas")
        await expect(canvas).to_contain_text("Fixed by @Mira Keller.")
        await page.keyboard.press("Escape")
        await expect(canvas).to_have_count(0)


async def test_commands_are_completed(slack: LocalSlack, tab: Open) -> None:
    """A slash offers the commands, and an unknown one is refused in Slack's words."""
    async with tab() as opened:
        page = opened.page
        write = page.get_by_role("combobox", name="Message #incidents")
        await write.fill("/")
        await expect(page.get_by_role("option", name="/fixloop")).to_be_visible()
        await write.press("Tab")
        await expect(write).to_have_value("/fixloop ")
        await write.fill("hello @mi")
        await write.press("Enter")
        await expect(write).to_have_value("hello @mira ")


async def test_the_keyboard_reaches_everything(slack: LocalSlack, tab: Open) -> None:
    """Ctrl-K finds a fault and breaks it; tabs answer to arrows; whatever has the focus shows it."""
    async with tab() as opened:
        page = opened.page
        await page.keyboard.press("Control+k")
        await page.keyboard.type("break wrong-total")
        await page.keyboard.press("Enter")
        await expect(page.locator(".fault.broken")).to_contain_text("wrong-total")
        await page.get_by_role("tab", name="Faults").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Scenarios")).to_be_focused()
        await expect(page.get_by_role("tab", name="Scenarios")).to_have_attribute("aria-selected", "true")
        seen = set()
        for _ in range(40):
            await page.keyboard.press("Tab")
            seen.add(
                await page.evaluate(
                    "document.activeElement.className + '|' + getComputedStyle(document.activeElement).outlineStyle"
                )
            )
        assert {each.split("|")[1] for each in seen if "item" in each} == {"solid"}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_every_word_can_be_read(slack: LocalSlack, tab: Open, theme: str, size: tuple[int, int]) -> None:
    """At least 4.5 to 1 between any text and what is behind it, in both themes; nothing is cut off sideways."""
    await post(slack, every_block())
    posted_unchecked(slack, beyond_the_package())
    await client_of(slack).chat_postEphemeral(channel=INCIDENTS, user="U0MIRA0001", text="for `you`")
    async with tab(size=size, theme=theme) as opened:
        page = opened.page
        await page.get_by_text("Every block").wait_for(state="attached")
        parts = [name.strip() for name in await page.locator(".bottom button").all_inner_texts() if name.strip()]
        for part in parts or [""]:
            if part and size == PHONE:
                await page.locator(".bottom button", has_text=part).click()
            assert await page.evaluate(UNREADABLE, RATIO) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= size[0]


async def test_the_theme_is_chosen_and_kept(tab: Open) -> None:
    async with tab() as opened:
        page = opened.page
        await page.get_by_role("button", name="Theme: dark").click()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_the_page_comes_back_by_itself(slack: LocalSlack, chromium: Browser, tmp_path: Path) -> None:
    """The server goes and comes again on its port; the page says so, and then shows what it missed."""
    page = await chromium.new_page()
    async with small_world(slack, tmp_path) as running:
        async with serve(running) as address:
            await page.goto(address)
            await page.wait_for_selector(".link.on")
        await expect(page.locator(".link")).to_have_text("Reconnecting")
        slack.people.message("jonas", "incidents", "while you were away")
        async with serve(running, port=int(address.rsplit(":", 1)[1].strip("/"))):
            await expect(page.locator(".link")).to_have_text("Live")
            await expect(page.get_by_text("while you were away")).to_be_visible()
    await page.close()
