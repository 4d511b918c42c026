"""By keyboard and by ear: the focus stays on the page, what arrives is spoken, and no state is a colour alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from fixloop_bot.sandbox.slack import LocalSlack
from tests.browser.conftest import Open

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("small")]


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).focus()
    await page.keyboard.press("Enter")


async def test_the_focus_stays_where_a_button_was(tab: Open) -> None:
    """A switch keeps it through all its positions; where a button goes away, its group has it, never its neighbour."""
    async with tab() as opened:
        page = opened.page
        for name, state in (("Break", "broken"), ("Half-fix", "half-fixed"), ("Fix", "fixed")):
            await press(page, f"{name}: wrong-total")
            await expect(page.locator(f".fault.{state}")).to_contain_text("wrong-total")
            await expect(page.get_by_role("button", name=f"{name}: wrong-total", exact=True)).to_be_focused()
        steps = page.get_by_role("region", name="First steps")
        await press(page, "Break checkout-500")
        await expect(steps.locator("[aria-current=step]")).to_contain_text("Watch")
        await expect(steps).to_be_focused()
        await press(page, "Put the first steps away")
        await expect(page.get_by_role("button", name="Keys")).to_be_focused()


async def test_the_list_of_deeds_is_read_out_as_one_walks_it(tab: Open) -> None:
    """Ctrl-K: words in any order, the chosen line named to a screen reader, and nothing happens where nothing fits."""
    async with tab() as opened:
        page = opened.page
        await page.keyboard.press("Control+k")
        write = page.get_by_role("combobox", name="Jump or do")
        await expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("more: type a part")
        for _ in range(3):
            await write.press("ArrowDown")
        chosen = page.get_by_role("option", selected=True)
        await expect(chosen).to_have_id(str(await write.get_attribute("aria-activedescendant")))
        await expect(chosen).to_be_in_viewport()
        await write.fill("no such thing")
        await write.press("Enter")
        await expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Nothing by that name.")
        await write.fill("total break")
        await write.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator(".fault.broken")).to_contain_text("wrong-total")


async def test_what_others_write_is_spoken(slack: LocalSlack, tab: Open) -> None:
    """Who, and how it begins; what one has written oneself is not, nor what is said elsewhere."""
    async with tab() as opened:
        heard = opened.page.locator(".conversation > [aria-live=polite]")
        slack.people.message("mira", "incidents", "mine")
        slack.people.message("jonas", "general", "elsewhere")
        slack.people.message("jonas", "incidents", "it is *back*\nand more")
        await expect(heard).to_have_text("Jonas Brandt: it is back")


async def test_what_is_on_can_be_told_without_the_pages_colours(tab: Open) -> None:
    """In forced colours the chosen tab, the pressed switch and where one is have the system's highlight."""
    async with tab() as opened:
        page = opened.page
        await page.emulate_media(forced_colors="active")
        await page.get_by_role("button", name="Break: wrong-total", exact=True).click()
        await expect(page.locator(".fault.broken")).to_have_count(1)
        ground = "each => getComputedStyle(each).backgroundColor"
        for on, off in (
            (".turn [aria-pressed=true]", ".turn [aria-pressed=false]"),
            (".tabs [aria-selected=true]", ".tabs [aria-selected=false]"),
            (".item[aria-current=page]", ".item:not([aria-current])"),
        ):
            assert await page.locator(on).first.evaluate(ground) != await page.locator(off).first.evaluate(ground)
        dot = await page.locator(".link .dot").evaluate(ground)
        assert dot != await page.locator(".top").evaluate(ground)


async def test_a_dialog_gives_the_focus_back(tab: Open) -> None:
    """The keys, the jump list: after Esc one stands where one was."""
    async with tab() as opened:
        page = opened.page
        fault = page.get_by_role("button", name="Break: wrong-total", exact=True)
        await fault.focus()
        for key, name in (("?", "Keys"), ("Control+k", "Jump or do")):
            await page.keyboard.press(key)
            await expect(page.get_by_role("dialog", name=name)).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(fault).to_be_focused()


async def test_the_drawer_is_entered_and_left_by_keyboard(tab: Open) -> None:
    """In a middle-sized window: opened, one stands where one is; Esc leads back to what opens it."""
    async with tab(size=(1024, 768)) as opened:
        page = opened.page
        opener = page.get_by_role("button", name="Channels")
        await opener.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".rail .item[aria-current=page]")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(opener).to_be_focused()
        await expect(page.locator(".rail")).to_be_hidden()
