"""A real Chromium, driven by Playwright, over a whole running sandbox. Where there is no Chromium, it says so."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

from fixloop_bot.sandbox.page import page as serve
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.stage import act
from fixloop_bot.sandbox.world import World, world
from tests.sandbox.page_room import small_world
from tests.sandbox.slack_room import running_slack
from tests.scenarios.conftest import QUICK_PROOF, WINDOW_S

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
WIDE, PHONE = (1600, 1000), (390, 844)
SOAK_S = 4.0
SOON_MS = 15_000
"""What needs nothing but a page's and a bot's next turn; two busy cores take their time."""
RATIO = 4.5
"""Of the contrast between any text and what is behind it (WCAG 2.2, AA)."""
UNREADABLE = (Path(__file__).parent / "unreadable.js").read_text()

expect.set_options(timeout=SOON_MS)


@dataclass
class Tab:
    """A page in the browser; ``complaints`` are its errors, ``elsewhere`` requests that left this machine."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def watch(self, request: Request) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:")):
            self.elsewhere.append(request.url)


Open = Callable[..., AbstractAsyncContextManager[Tab]]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("Chromium is not installed: the page is not tried in a browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[World]:
    async with world(folder=tmp_path / "sandbox", window_s=WINDOW_S, soak_s=SOAK_S, proof=QUICK_PROOF) as running:
        yield running


@pytest.fixture
async def address(sandbox: World) -> AsyncIterator[str]:
    async with serve(sandbox, player=act) as where:
        yield where


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        local.delivery.retry_scale = 0.0
        yield local


@pytest.fixture
async def small(slack: LocalSlack, tmp_path: Path) -> AsyncIterator[str]:
    """The page over a workspace without a bot, for what needs no incident."""
    async with small_world(slack, tmp_path) as running, serve(running) as where:
        yield where


@pytest.fixture
def tab(chromium: Browser, request: pytest.FixtureRequest) -> Open:
    """Opens the page of the ``small`` world if the test has one, else of a whole sandbox.

    In the end it must not have complained, nor loaded anything from elsewhere.
    """
    address = request.getfixturevalue("small" if "small" in request.fixturenames else "address")

    @asynccontextmanager
    async def open_tab(
        size: tuple[int, int] = WIDE, theme: str = "dark", timezone: str | None = None
    ) -> AsyncIterator[Tab]:
        context = await chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="light" if theme == "light" else "dark",
            reduced_motion="reduce",
            timezone_id=timezone,
        )
        page = await context.new_page()
        opened = Tab(page, address)
        page.on("console", opened.hear)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("request", opened.watch)
        await page.goto(address)
        await page.wait_for_selector(".link.on")
        yield opened
        await context.close()
        assert opened.complaints == []
        assert opened.elsewhere == []

    return open_tab
