"""The whole story in a browser: break, plan, untick, validate, fail, fix, validate, proven, ask, stop, resolve."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import PHONE, RATIO, UNREADABLE, Open

pytestmark = pytest.mark.timeout(240)
LONG_MS = 60_000


def in_thread(page: Page, selector: str, text: str) -> Locator:
    return page.locator(".conversation .messages").locator(selector, has_text=text)


async def turn(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_from_a_broken_shop_to_a_proof(tab: Open) -> None:
    """Long because it is one story, told as somebody who sees the page for the first time would live it."""
    async with tab() as opened:
        page = opened.page
        stage = page.locator(".guide [aria-current=step]")
        await expect(page.get_by_text("All quiet").first).to_be_visible()
        await expect(stage).to_contain_text("Break")
        await turn(page, "Break: checkout-500")
        await expect(stage).to_contain_text("Watch")
        headline = page.locator(".head h1")
        await expect(headline).to_contain_text("checkout", timeout=LONG_MS)  # its thread opens by itself
        deck = page.locator(".deck")
        await expect(deck.locator(".pill", has_text="Alert").first).to_be_visible()
        await expect(deck.locator(".run h3")).to_contain_text("Confirm run", timeout=LONG_MS)
        await expect(deck.locator(".run li.failed").first).to_contain_text("A cart can be paid", timeout=LONG_MS)
        await expect(in_thread(page, ".message", "Validation plan v1")).to_be_visible()
        await expect(deck.locator(".fault.broken .turn")).to_be_in_viewport(ratio=1)
        await expect(stage).to_contain_text("Fix")
        assert await page.evaluate(UNREADABLE, RATIO) == []
        await expect(page.locator(".root")).not_to_contain_text("Still counting", timeout=LONG_MS)

        boxes = in_thread(page, ".message", "Validation plan").locator("input[type=checkbox]")
        await expect(boxes).to_have_count(5)
        await boxes.nth(1).uncheck()
        await expect(boxes.nth(1)).not_to_be_checked()

        await deck.locator(".keys").get_by_role("button", name="Validate").click()
        await expect(deck.locator(".run h3")).to_contain_text("Validate run", timeout=LONG_MS)
        await expect(deck.locator(".now .status")).to_contain_text("Not recovered", timeout=LONG_MS)
        await expect(in_thread(page, ".message", "status was 50").last).to_be_visible()
        await expect(deck.locator(".run li.left-out, .run li.skipped")).to_have_count(1)
        await boxes.nth(1).check()

        await turn(page, "Fix: checkout-500")
        await expect(deck.locator(".marks .fixed")).to_be_visible()
        await expect(stage).to_contain_text("Validate")
        await deck.locator(".keys").get_by_role("button", name="Validate").click()
        await expect(deck.locator(".now .status")).to_contain_text("Recovery proven", timeout=LONG_MS)
        await expect(deck.locator(".now.good")).to_be_visible()
        await expect(stage).to_contain_text("Proven")
        await expect(deck.locator(".marks .fixed")).to_have_text("fixed")
        for mark in ("broken", "fixed", "run-mark"):
            await expect(deck.locator(f".plot .event.{mark}").first).to_be_attached()
        assert await page.evaluate(UNREADABLE, RATIO) == []

        write = page.get_by_role("combobox", name="Reply, or ask @fixloop")
        await write.fill("@fixloop is it safe to resume traffic?")
        await write.press("Enter")
        await expect(in_thread(page, ".message", "is it safe to resume traffic?").last).to_be_visible()
        answer = page.locator(".message", has=page.get_by_role("button", name="This answer helped"))
        await expect(answer).to_be_visible(timeout=LONG_MS)
        await answer.get_by_role("button", name="This answer helped").click()

        await expect(deck.locator(".now .status")).to_contain_text("stayed quiet", timeout=LONG_MS)
        await deck.locator(".keys").get_by_role("button", name="Validate").click()
        await deck.locator(".keys").get_by_role("button", name="Stop").click()
        await expect(in_thread(page, ".message", "topped by").last).to_be_visible()

        await page.locator(".conversation").get_by_role("button", name="Resolve", exact=True).last.click()
        dialog = page.get_by_role("dialog", name="Resolve")
        await dialog.get_by_role("button", name="Resolve").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("required")
        await dialog.get_by_label("What fixed it?").fill("Rolled back 2.15.0")
        await dialog.get_by_role("button", name="Resolve").click()
        await expect(dialog).to_have_count(0)
        await expect(in_thread(page, ".message", "Rolled back 2.15.0").last).to_be_visible()


async def test_the_same_on_a_phone(tab: Open) -> None:
    """At 390 pixels the three parts are tabs: break on one, read on the next, and nothing is wider than the screen.

    Where the phone is not in UTC, the deck's time is the thread's: its reader's own.
    """
    async with tab(size=PHONE, timezone="Asia/Kolkata") as opened:
        page = opened.page
        await page.get_by_role("button", name="Deck").click()
        await turn(page, "Break: checkout-500")
        await expect(page.locator(".now.bad")).to_be_visible(timeout=LONG_MS)
        for name in ("Workspace", "Thread", "Deck"):
            await page.locator(".bottom").get_by_role("button", name=name).click()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE[0], f"{name} is {wide} px wide"
        await page.locator(".bottom").get_by_role("button", name="Thread").click()
        await expect(page.locator(".root").get_by_role("button", name="Validate")).to_be_visible(timeout=LONG_MS)
        since = re.search(r"since \d\d:\d\d(?! UTC)", str(await page.locator(".facts").text_content()))
        assert since is not None
        await expect(page.locator(".root")).to_contain_text(since[0])


async def test_two_people_in_one_page(tab: Open) -> None:
    """The page changes hands: what was Mira's private channel is gone, and what is written then is Jonas's."""
    async with tab() as opened:
        page = opened.page
        rail = page.get_by_role("navigation", name="Workspace")
        await expect(rail.get_by_text("war-room")).to_be_visible()
        await rail.get_by_role("button", name="Act as somebody else").click()
        await page.get_by_role("menuitemradio", name="Jonas Brandt").click()
        await expect(rail.get_by_text("war-room")).to_have_count(0)
        write = page.get_by_role("combobox", name="Message #incidents")
        await write.fill("I take over")
        await write.press("Enter")
        await expect(page.locator(".message", has_text="I take over")).to_contain_text("Jonas Brandt")


async def test_scenarios_are_played_in_the_page(tab: Open) -> None:
    """One click: it breaks, mends and validates by itself, and says in the end whether that was right.

    A second one begins by mending and resolving what the first has left open.
    """
    async with tab() as opened:
        page = opened.page
        await page.get_by_role("tab", name="Scenarios").click()
        await page.get_by_role("button", name="Play half-fix-half-fixed", exact=True).click()
        await expect(page.locator(".playing")).to_contain_text("As expected: not recovered.", timeout=2 * LONG_MS)
        await page.get_by_role("button", name="Play health-lies", exact=True).click()
        await expect(page.get_by_role("region", name="First steps")).to_contain_text("health-lies plays by itself")
        await expect(page.locator(".playing")).to_contain_text("mended and resolved first")
        await expect(page.locator(".playing")).to_contain_text("As expected: proven.", timeout=2 * LONG_MS)
        await expect(page.get_by_role("navigation", name="Workspace").get_by_text("INC-2")).to_be_visible()
        await expect(page.locator(".facts")).to_contain_text("INC-2")  # the one before was over: the page has gone on
        await expect(page.get_by_role("log")).to_have_count(1)
