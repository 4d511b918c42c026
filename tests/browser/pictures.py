"""The README's pictures, taken anew of a real incident: ``python -m tests.browser.pictures``."""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

import fixloop_bot.sandbox.page
from fixloop_bot.sandbox.page import page as serve
from fixloop_bot.sandbox.stage import act
from fixloop_bot.sandbox.world import world
from tests.browser.conftest import ARGUMENTS, NAMES, PHONE, WIDE

FOLDER = Path(fixloop_bot.sandbox.page.__file__).parent / "pictures"
PATIENCE_MS = 120_000
GAP = 24
GROUND = "#cfd8e4"
HEALTHY_MS = 75_000
KEPT_BITS = 0xFC


async def window(browser: Browser, address: str, size: tuple[int, int], theme: Literal["dark", "light"]) -> Page:
    page = await browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, reduced_motion="reduce"
    )
    await page.goto(address)
    await page.wait_for_selector(".link.on")
    return page


async def shot(page: Page) -> Image.Image:
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(400)
    return Image.open(io.BytesIO(await page.screenshot())).convert("RGB")


async def up(page: Page) -> None:
    await page.evaluate("document.querySelector('.messages').scrollTop = 0")


async def prove(page: Page) -> None:
    """A while of health, then: break, wait until it is reproduced, fix, validate, proven."""
    await page.wait_for_timeout(HEALTHY_MS)
    await page.get_by_role("button", name="Break: checkout-500", exact=True).click()
    await page.wait_for_selector(".root .slack_blocks_to_jsx__image", timeout=PATIENCE_MS)
    await page.wait_for_timeout(20_000)
    await page.get_by_role("button", name="Fix: checkout-500", exact=True).click()
    await page.locator(".keys").get_by_role("button", name="Validate").click()
    await page.wait_for_selector(".now.good", timeout=PATIENCE_MS)
    await page.wait_for_timeout(12_000)  # the picture of the proof comes some seconds after its words


async def on_a_phone(browser: Browser, address: str) -> Image.Image:
    """The deck, the root card and the proof, side by side."""
    page = await window(browser, address, PHONE, "light")
    await page.get_by_role("button", name="Put the first steps away").click()
    await page.locator(".bottom button", has_text="Deck").click()
    shots = [await shot(page)]
    await page.locator(".now .to-thread").click()
    await up(page)
    shots.append(await shot(page))
    await page.locator(".message", has_text="Validate run").evaluate("each => each.scrollIntoView()")
    shots.append(await shot(page))
    picture = Image.new("RGB", ((PHONE[0] + GAP) * len(shots) + GAP, PHONE[1] + 2 * GAP), GROUND)
    for number, each in enumerate(shots):
        picture.paste(each, (GAP + number * (PHONE[0] + GAP), GAP))
    return picture


def save(picture: Image.Image, name: str) -> None:
    path = FOLDER / name
    # Without the lowest bits of the soft background the file is half as large, and looks the same.
    picture.point(lambda value: value & KEPT_BITS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    path = next(found for name in NAMES if (found := shutil.which(name)))
    async with (
        world() as running,
        serve(running, player=act) as address,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = await window(browser, address, WIDE, "dark")
        await prove(page)
        await up(page)
        save(await shot(page), "the-page.png")
        save(await on_a_phone(browser, address), "on-a-phone.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
