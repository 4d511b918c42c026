"""How fast the sandbox's page is, in a real Chromium: ``python -m tests.benchmarks.the_page``.

| what | yardstick |
|---|---|
| `fixloop sandbox` to a usable page | under 5 s |
| break to card in the page, beyond the monitor's own window | under 3 s |
| bundle, compressed | under 1 MB |
| a thread of 300 messages, scrolled from end to end | 60 frames a second |
| CPU of the idle sandbox, page open and page closed | under 5 % of a core |
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import shutil
import signal
import statistics
import sys
import time
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

import fixloop_bot.sandbox.page
from fixloop_bot.sandbox.page import page as serve
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER
from tests.browser.conftest import ARGUMENTS, NAMES, WIDE
from tests.sandbox.page_room import small_world
from tests.sandbox.slack_room import checklist, running_slack

MESSAGES = 300
IDLE_S = 20.0
BREAKS = 5
STATIC = Path(fixloop_bot.sandbox.page.__file__).parent / "static"
SCROLL = """
() => new Promise((done) => {
  const box = document.querySelector(".messages");
  const times = [];
  const far = box.scrollHeight - box.clientHeight;
  let frame = 0;
  const frames = 240;
  const step = (now) => {
    times.push(now);
    box.scrollTop = far * Math.abs(Math.cos((frame / frames) * Math.PI));
    frame += 1;
    if (frame <= frames) requestAnimationFrame(step);
    else done(times.slice(1).map((each, index) => each - times[index]));
  };
  requestAnimationFrame(step);
})
"""


async def scrolled(browser: Browser, folder: Path) -> list[float]:
    """Milliseconds between the frames while a long thread is scrolled up and down again."""
    async with running_slack() as slack:
        root = _long_thread(slack)
        async with small_world(slack, folder) as world, serve(world) as address:
            page = await browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
            await page.goto(address)
            await page.wait_for_selector(".link.on")
            await page.locator(".message", has_text="the root").hover()
            await page.locator(f'[id="m{root}"]').get_by_role("button", name="replies").click()
            await page.wait_for_selector(f".slot:nth-child({MESSAGES})", state="attached")
            await page.evaluate(SCROLL)  # the first time everything is measured by the browser
            times: list[float] = await page.evaluate(SCROLL)
            await page.close()
            return times


def _long_thread(slack: LocalSlack) -> str:
    """Two replies of people, then a card of the bot, and again."""
    channel = slack.channel("incidents")
    root = slack.people.message("mira", "incidents", "the root").ts
    bot = {"user": BOT_USER, "bot_id": BOT_ID, "thread_ts": root, "text": "plan"}
    for number in range(MESSAGES - 1):
        if number % 3:
            slack.people.message("jonas", "incidents", f"reply {number}, with a few words to read", thread_ts=root)
        else:
            slack.core.workspace.post(channel, {**bot, "blocks": checklist(f"plan:{number}", "1")})
    return root


class Sandbox:
    """``fixloop sandbox`` as a person starts it."""

    def __init__(self) -> None:
        self.address = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fixloop_bot", "sandbox", "--no-browser"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        said = ""
        while line := (await self._process.stdout.readline()).decode():
            said += line
            if found := re.search(r"is at (http://127\.0\.0\.1:\d+/)", line):
                self.address = found[1]
                return
        raise RuntimeError(f"the sandbox did not start:\n{said}")

    async def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        await self._process.wait()

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU by process, of this one and of all that it has started, by their names."""
        assert self._process is not None
        return {f"{name} {pid}": seconds for pid, name, seconds in _tree(self._process.pid)}


def _tree(root: int) -> list[tuple[int, str, float]]:
    rows: dict[int, tuple[int, str, float]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        fields = rest.split()
        ticks = int(fields[11]) + int(fields[12])
        rows[int(folder.name)] = (int(fields[1]), _called(words) or name, ticks / os.sysconf("SC_CLK_TCK"))
    inside = {root}
    while grown := {pid for pid, (parent, _, _) in rows.items() if parent in inside} - inside:
        inside |= grown
    return [(pid, rows[pid][1], rows[pid][2]) for pid in sorted(inside) if pid in rows]


def _called(words: str) -> str:
    return next((name for name in ("valkey", "fixloop_bot sandbox", "fixloop_bot serve") if name in words), "")


async def idle(sandbox: Sandbox) -> dict[str, float]:
    """Share of a core by process while nobody does anything."""
    await asyncio.sleep(3.0)
    before, began = sandbox.cpu_s(), time.monotonic()
    await asyncio.sleep(IDLE_S)
    took = time.monotonic() - began
    return {name: (now - before.get(name, 0.0)) / took for name, now in sandbox.cpu_s().items()}


async def break_to_card(page: Page) -> float:
    """Seconds from a click on Break to the root card on the screen."""
    began = time.monotonic()
    await page.get_by_role("button", name="Break: checkout-500", exact=True).click()
    await page.wait_for_selector(".root", timeout=60_000)
    return time.monotonic() - began


async def started(browser: Browser) -> tuple[Sandbox, Page, float]:
    sandbox, began = Sandbox(), time.monotonic()
    await sandbox.start()
    page = await browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
    await page.goto(sandbox.address)
    await page.wait_for_selector(".link.on")
    await page.wait_for_selector(".fault")
    return sandbox, page, time.monotonic() - began


async def main() -> None:
    packed = sum(len(gzip.compress(each.read_bytes())) for each in STATIC.iterdir())
    print(f"bundle                 {packed / 1000:.0f} kB compressed")
    path = next(found for name in NAMES if (found := shutil.which(name)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        times = await scrolled(browser, Path("/nonexistent"))
        late = sum(each > 1000 / 60 * 1.5 for each in times)
        rate = 1000 / statistics.mean(times)
        print(f"scrolling {MESSAGES}          {rate:.1f} frames a second, {late} of {len(times)} frames late")
        starts, cards = [], []
        for number in range(BREAKS):
            sandbox, page, took = await started(browser)
            starts.append(took)
            if number == 0:
                _print_idle("page open", await idle(sandbox))
                await page.goto("about:blank")
                _print_idle("page closed", await idle(sandbox))
                await page.goto(sandbox.address)
                await page.wait_for_selector(".fault")
            cards.append(await break_to_card(page))
            await page.close()
            await sandbox.stop()
        print(f"start to usable page   {statistics.median(starts):.2f} s, at most {max(starts):.2f} s")
        print(f"break to card          {statistics.median(cards):.2f} s, at most {max(cards):.2f} s")
        await browser.close()


def _print_idle(what: str, shares: dict[str, float]) -> None:
    parts = ", ".join(f"{name.rsplit(' ', 1)[0]} {share:.1%}" for name, share in shares.items() if share >= 0.0005)
    print(f"idle, {what:<16} {sum(shares.values()):.1%} of a core ({parts})")


if __name__ == "__main__":
    asyncio.run(main())
