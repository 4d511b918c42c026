"""What stays as it was: the place after a reload, what was begun, what is on; and what is no longer known."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from fixloop_bot.sandbox.page import page as serve
from fixloop_bot.sandbox.slack import LocalSlack
from tests.browser.conftest import PHONE, Open
from tests.sandbox.page_room import small_world
from tests.sandbox.slack_room import client_of

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("small")]


async def test_a_reload_stays_where_one_was_and_back_leads_back(slack: LocalSlack, tab: Open) -> None:
    """The address names the place, so the browser's own buttons work as they do everywhere."""
    root = slack.people.message("jonas", "incidents", "a question")
    slack.people.message("mira", "incidents", "an answer", thread_ts=root.ts)
    async with tab() as opened:
        page = opened.page
        head = page.locator(".head h1")
        await page.locator(".replies").click()
        await expect(head).to_have_text("Thread")
        await page.reload()
        await expect(head).to_have_text("Thread")
        await expect(page.get_by_text("an answer")).to_be_visible()
        await page.go_back()
        await expect(head).to_have_text("incidents")
        await page.go_forward()
        await expect(head).to_have_text("Thread")


@pytest.mark.parametrize("gone", ["#thread/C0INCIDENT/1700000000.000100", "#channel/C0NOWHERE", "#%3Cscript%3E"])
async def test_a_place_that_is_gone_leads_to_the_first_one(tab: Open, gone: str) -> None:
    """As after the sandbox was started anew, with a page still open on a thread of the one before."""
    async with tab() as opened:
        await opened.page.goto(f"{opened.address}{gone}")
        await opened.page.reload()
        await expect(opened.page.locator(".head h1")).to_have_text("incidents")


async def test_on_a_phone_back_leads_to_the_part_before(tab: Open) -> None:
    """Deck, back, Thread: and a reload stays in the part that was shown."""
    async with tab(size=PHONE) as opened:
        page = opened.page
        await page.locator(".bottom button", has_text="Deck").click()
        await page.reload()
        await expect(page.locator(".deck")).to_be_visible()
        await page.locator(".bottom button", has_text="Workspace").click()
        await page.get_by_role("button", name="general").click()
        await expect(page.locator(".head h1")).to_have_text("general")
        for part in (".rail", ".deck", ".conversation"):
            await page.go_back()
            await expect(page.locator(part)).to_be_visible()
            await expect(page.locator(":is(.rail, .deck, .conversation):visible")).to_have_count(1)
        await expect(page.locator(".head h1")).to_have_text("incidents")
        await page.go_forward()
        await expect(page.locator(".deck")).to_be_visible()


async def test_what_was_begun_waits_for_its_writer(tab: Open) -> None:
    """A look into another channel costs nobody half a message; each place keeps its own."""
    async with tab() as opened:
        page = opened.page
        rail = page.get_by_role("navigation", name="Workspace")
        await page.get_by_role("combobox", name="Message #incidents").fill("half a thought")
        await rail.get_by_role("button", name="general").click()
        await expect(page.get_by_role("combobox", name="Message #general")).to_have_value("")
        await rail.get_by_role("button", name="incidents", exact=True).click()
        write = page.get_by_role("combobox", name="Message #incidents")
        await expect(write).to_have_value("half a thought")
        await write.press("Enter")
        await rail.get_by_role("button", name="general").click()
        await rail.get_by_role("button", name="incidents", exact=True).click()
        await expect(write).to_have_value("")


async def test_a_switch_that_is_on_is_not_turned_again(tab: Open) -> None:
    """Neither by pressing it once more nor by a double click, whose second half would hit what has moved there."""
    async with tab() as opened:
        page = opened.page
        deeds: list[str | bytes] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: deeds.append(frame)))
        await page.reload()
        switch = page.get_by_role("button", name="Break: wrong-total", exact=True)
        await switch.dblclick()
        await expect(page.locator(".fault.broken")).to_have_count(1)
        await switch.click()
        await page.get_by_role("button", name="Fix: wrong-total", exact=True).click()
        await expect(page.locator(".fault.fixed")).to_have_count(1)
        assert [each for each in deeds if "broken" in str(each)] == deeds[:1]
        assert len(deeds) == 2


async def test_what_is_no_longer_known_says_since_when(slack: LocalSlack, chromium: Browser, tmp_path: Path) -> None:
    """Without the sandbox the page says that it shows the past, in a line that covers nothing, and takes it back."""
    page = await chromium.new_page()
    async with small_world(slack, tmp_path) as running:
        async with serve(running) as address:
            await page.goto(address)
            await page.wait_for_selector(".link.on")
        lost = page.get_by_role("alert").get_by_text("The sandbox has not answered since")
        await expect(lost).to_be_visible()
        await expect(page).to_have_title("Not connected · FixLoop sandbox")
        await expect(page.get_by_role("region", name="First steps")).to_have_count(0)
        bottom = await page.locator(".lost").evaluate("each => each.getBoundingClientRect().bottom")
        for part in (".rail", ".conversation", ".deck"):
            assert await page.locator(part).evaluate("each => each.getBoundingClientRect().top") >= bottom
        async with serve(running, port=int(address.rsplit(":", 1)[1].strip("/"))):
            await expect(lost).to_have_count(0)
            await expect(page).to_have_title("FixLoop sandbox")
    await page.close()


async def test_from_one_thread_to_the_next(slack: LocalSlack, tab: Open) -> None:
    """Only the one that was asked for is there: nothing of the one before stays beside it."""
    roots = [slack.people.message("jonas", "incidents", f"question {number}") for number in (1, 2)]
    for number, root in enumerate(roots, 1):
        slack.people.message("mira", "incidents", f"answer {number}", thread_ts=root.ts)
    async with tab() as opened:
        page = opened.page
        for number, root in ((1, roots[0]), (2, roots[1]), (1, roots[0])):
            await page.evaluate("hash => { location.hash = hash; }", f"#thread/C0INCIDENT/{root.ts}")
            await expect(page.locator(".message", has_text=f"answer {number}")).to_be_visible()
            await expect(page.get_by_role("log")).to_have_count(1)
            await expect(page.locator(".message", has_text=f"answer {3 - number}")).to_have_count(0)


async def test_a_time_in_markdown_keeps_its_minutes(slack: LocalSlack, tab: Open) -> None:
    """`:30:` in the middle of a time is no emoji, and every emoji that is offered has its picture."""
    block = {"type": "markdown", "text": "22:30:46 resolved, see http://127.0.0.1:8080/x"}
    await client_of(slack).chat_postMessage(channel="C0INCIDENT", text="report", blocks=[block])
    async with tab() as opened:
        page = opened.page
        card = page.locator(".message").first
        await expect(card).to_be_visible()
        assert "22:30:46 resolved, see http://127.0.0.1:8080/x" in (await card.inner_text()).replace("\u2060", "")
        await expect(card.get_by_role("link")).to_have_attribute("href", "http://127.0.0.1:8080/x")
        await card.hover()
        await card.get_by_role("button", name="Add a reaction").click()
        assert not [each for each in await card.locator(".grid button").all_inner_texts() if ":" in each]
