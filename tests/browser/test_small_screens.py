"""A phone upright and on its side, and what somebody writes who leans on the keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from fixloop_bot.sandbox.slack import LocalSlack
from tests.browser.conftest import PHONE, WIDE, Open
from tests.sandbox.slack_room import client_of

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("small")]
ON_ITS_SIDE = (844, 390)
SMALLEST = (320, 568)
READABLE_PX = 100


async def show(page: Page, part: str) -> None:
    await page.locator(".bottom button", has_text=part).click()


async def test_a_phone_on_its_side_shows_every_part(slack: LocalSlack, tab: Open) -> None:
    """Room enough to read in, the status in view, and nothing beside the screen."""
    slack.people.message("jonas", "incidents", "hello")
    async with tab(size=ON_ITS_SIDE) as opened:
        page = opened.page
        tall = await page.locator(".messages").evaluate("each => each.clientHeight")
        assert tall >= READABLE_PX
        await show(page, "Deck")
        await expect(page.locator(".now")).to_be_in_viewport(ratio=1)
        await expect(page.get_by_role("tab", name="Faults")).to_be_in_viewport(ratio=1)
        assert await page.evaluate("document.documentElement.scrollWidth") <= ON_ITS_SIDE[0]


async def test_the_line_to_write_in_has_its_height_whenever_it_is_shown(tab: Open) -> None:
    """Also where it was drawn while a phone showed another part, and so had no width to be measured by."""
    async with tab(size=PHONE) as opened:
        page = opened.page
        write = page.get_by_role("combobox", name="Message #incidents")
        tall = await write.evaluate("each => each.clientHeight")
        await show(page, "Deck")
        await page.reload()
        await expect(page.locator(".deck")).to_be_visible()
        await show(page, "Thread")
        await expect(write).to_be_visible()
        assert await write.evaluate("each => each.clientHeight") == tall
        assert await write.evaluate("each => each.scrollHeight") == tall


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_a_word_without_an_end_is_broken(slack: LocalSlack, tab: Open, size: tuple[int, int]) -> None:
    """In a message by a person, in a card and in a link: nothing is wider than the conversation."""
    slack.people.message("jonas", "incidents", "w" * 300 + " https://example.com/" + "a" * 200)
    await client_of(slack).chat_postMessage(channel="C0INCIDENT", text="m" * 400)
    async with tab(size=size) as opened:
        await expect(opened.page.get_by_text("mmm").first).to_be_visible()
        wide = "each => [...each.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > innerWidth)"
        assert await opened.page.locator(".messages").evaluate(f"each => ({wide})(each).length") == 0
        assert await opened.page.locator(".messages").evaluate("each => each.scrollWidth - each.clientWidth") == 0


async def test_the_log_begins_with_the_newest_call(slack: LocalSlack, tab: Open) -> None:
    """On a phone, too, nobody scrolls through an afternoon of calls."""
    client = client_of(slack)
    for number in range(60):
        await client.api_test(number=str(number))
    await client.auth_test()
    async with tab(size=PHONE) as opened:
        page = opened.page
        await show(page, "Deck")
        await page.get_by_role("tab", name="Log").click()
        await page.locator(".log").scroll_into_view_if_needed()
        await expect(page.locator(".log li").last).to_contain_text("auth.test")
        await expect(page.locator(".log li").last).to_be_in_viewport()


@pytest.mark.parametrize("size", [SMALLEST, PHONE])
async def test_the_first_steps_do_not_cover_each_other(tab: Open, size: tuple[int, int]) -> None:
    """The path ends before its button begins, whatever the fault is called."""
    async with tab(size=size) as opened:
        page = opened.page
        steps = page.get_by_role("region", name="First steps")
        await steps.locator(".does button").evaluate("each => { each.textContent = 'Fix double-charge-on-retry'; }")
        path, button = await steps.locator("ol").bounding_box(), await steps.locator(".does").bounding_box()
        assert path is not None
        assert button is not None
        assert path["x"] + path["width"] <= button["x"]
        assert button["x"] + button["width"] <= size[0]
        shown = await steps.locator("li:visible").last.bounding_box()
        assert shown is not None
        assert shown["x"] + shown["width"] <= button["x"]
