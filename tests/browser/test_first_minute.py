"""What a newcomer meets: the first steps, the keys, the empty page, a thumb's targets, and a status that moves."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from tests.browser.conftest import PHONE, Open
from tests.browser.gallery import every_block
from tests.sandbox.slack_room import client_of

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("small")]
THUMB_PX = 44
TOO_SMALL = """
(least) => [...document.querySelectorAll("button, select, textarea, .blocks label, [role=tab]")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([each, box]) => box.width > 0 && box.height < least && !each.matches(".mention, .go-there"))
  .map(([each, box]) => `${each.outerHTML.slice(0, 120)}: ${box.height}`)
"""


async def test_the_first_steps_say_what_to_do_and_do_it(tab: Open) -> None:
    """The one button of the first stage breaks the shop; then the path waits for the thread by itself."""
    async with tab() as opened:
        page = opened.page
        steps = page.get_by_role("region", name="First steps")
        await expect(steps.locator("[aria-current=step]")).to_contain_text("Break")
        await steps.get_by_role("button", name="Break checkout-500").click()
        await expect(steps.locator("[aria-current=step]")).to_contain_text("Watch")
        await expect(page.locator(".fault.broken")).to_contain_text("checkout-500")
        await expect(page.get_by_role("button", name="Fix: checkout-500", exact=True)).to_be_enabled()


async def test_the_first_steps_stay_away_once_put_away(tab: Open) -> None:
    """After a reload, too; the list of keys brings them back."""
    async with tab() as opened:
        page = opened.page
        steps = page.get_by_role("region", name="First steps")
        await steps.get_by_role("button", name="Put the first steps away").click()
        await expect(steps).to_have_count(0)
        await page.reload()
        await expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
        await expect(steps).to_have_count(0)
        await page.keyboard.press("?")
        await page.get_by_role("dialog", name="Keys").get_by_role("button", name="Show the first steps").click()
        await expect(steps).to_be_visible()


async def test_single_keys_work_and_never_while_somebody_writes(tab: Open) -> None:
    """`l` opens the log and `f` the faults; in a message they are letters."""
    async with tab() as opened:
        page = opened.page
        await page.keyboard.press("l")
        await expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("/")
        write = page.get_by_role("combobox", name="Message #incidents")
        await expect(write).to_be_focused()
        await page.keyboard.type("f?")
        await expect(write).to_have_value("f?")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")


async def test_loading_messages_take_turns(slack: LocalSlack, tab: Open) -> None:
    """As in Slack: each is shown for a while, then the next, and none after the status has ended."""
    root = slack.people.message("mira", "incidents", "is it safe?")
    client = client_of(slack)
    async with tab() as opened:
        page = opened.page
        await page.locator(".message", has_text="is it safe?").hover()
        await page.get_by_role("button", name="Reply in thread").click()
        await client.assistant_threads_setStatus(
            channel_id=INCIDENTS,
            thread_ts=root.ts,
            status="is thinking",
            loading_messages=["Reading the incident", "Looking at the samples"],
        )
        for words in ("Reading the incident", "Looking at the samples", "Reading the incident"):
            await expect(page.locator(".assistant")).to_contain_text(words)
        await client.assistant_threads_setStatus(channel_id=INCIDENTS, thread_ts=root.ts, status="")
        await expect(page.locator(".assistant p")).to_have_count(0)


async def test_a_long_thread_leads_back_to_its_newest_reply(slack: LocalSlack, tab: Open) -> None:
    """Who has scrolled up is offered the way down, and goes on following from there."""
    root = slack.people.message("mira", "incidents", "the root")
    for number in range(60):
        slack.people.message("jonas", "incidents", f"reply {number}", thread_ts=root.ts)
    async with tab() as opened:
        page = opened.page
        await page.locator(".replies").click()
        await expect(page.get_by_text("reply 59")).to_be_in_viewport()
        await page.locator(".messages").evaluate("each => { each.scrollTop = 0; }")
        await page.get_by_role("button", name="Newest").click()
        await expect(page.get_by_text("reply 59")).to_be_in_viewport()
        slack.people.message("jonas", "incidents", "reply 60", thread_ts=root.ts)
        await expect(page.locator(".message", has_text="reply 60")).to_be_in_viewport()


async def test_everything_on_a_phone_fits_a_thumb(slack: LocalSlack, tab: Open) -> None:
    """At least 44 px high: every button, menu, tick and tab of the three parts."""
    await client_of(slack).chat_postMessage(channel=INCIDENTS, text="a card", blocks=every_block())
    async with tab(size=PHONE) as opened:
        page = opened.page
        await page.get_by_text("Every block").wait_for(state="attached")
        for part in ("Workspace", "Thread", "Deck"):
            await page.locator(".bottom button", has_text=part).click()
            assert await page.evaluate(TOO_SMALL, THUMB_PX) == [], part
