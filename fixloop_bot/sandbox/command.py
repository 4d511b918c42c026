"""``fixloop sandbox``: start everything and show it, or play a scenario, or all of them; stop cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fixloop_bot.sandbox.bot import BotDied
from fixloop_bot.sandbox.desk import take_commands
from fixloop_bot.sandbox.interrupts import run
from fixloop_bot.sandbox.narrator import Narrator
from fixloop_bot.sandbox.own_catalog import CatalogUnreadableError, OwnCatalog, read_own_catalog
from fixloop_bot.sandbox.page import open_browser, page
from fixloop_bot.sandbox.playing import play_all
from fixloop_bot.sandbox.scenarios import DEFAULT, Scenario, scenarios
from fixloop_bot.sandbox.stage import Impatience, act
from fixloop_bot.sandbox.world import World, world

EXPECTED, UNEXPECTED, USAGE = 0, 1, 3
ALL = "all"
STARTING = "Starting a shop, a local Datadog, a local Slack and FixLoop…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for. ``play`` is a scenario's name, "all", "" for the default one, or None."""

    play: str | None = None
    listing: bool = False
    port: int = 0
    browser: bool = True
    keep: Path | None = None
    catalog: Path | None = None


def command(options: Options) -> int:
    """The command line's entry; returns the exit code."""
    known = scenarios()
    if options.listing:
        print(table(known))
        return EXPECTED
    try:
        mistake = _mistake(options, known)
        own = read_own_catalog(options.catalog) if options.catalog is not None and not mistake else None
    except CatalogUnreadableError as error:
        mistake, own = str(error), None
    if mistake:
        print(f"fixloop: {mistake}", file=sys.stderr)
        return USAGE
    try:
        return run(_all(options, known) if options.play == ALL else _one(options, known, own))
    except BotDied as death:
        print(f"fixloop: {death}", file=sys.stderr)
        return UNEXPECTED


def _mistake(options: Options, known: dict[str, Scenario]) -> str:
    """Why the options make no sense, in a sentence; empty where they do."""
    if options.play not in (None, "", ALL) and options.play not in known:
        return f"there is no scenario {options.play!r}; `fixloop sandbox --list` shows them."
    if options.play is not None and options.catalog is not None:
        return "--play plays with the shop, which a catalog of your own takes the place of: use one of the two."
    return _unkept(options.keep) if options.keep is not None else ""


def _unkept(folder: Path) -> str:
    """Why nothing can be kept in this directory, which is made if need be; empty where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except FileExistsError:
        return f"--keep {folder}: it is a file, not a directory"
    except OSError as error:
        return f"--keep {folder} cannot be used: {error.strerror}"


def table(known: dict[str, Scenario]) -> str:
    """The scenarios with the verdict that is right, what one sees, and how it is mended."""
    width = max(map(len, known))
    verdicts = max(len(each.expected) for each in known.values())
    return "\n".join(
        f"{each.name:<{width}}  {each.expected:<{verdicts}}  {each.sees} {each.fix}" for each in known.values()
    )


async def _all(options: Options, known: dict[str, Scenario]) -> int:
    return EXPECTED if await play_all(known.values(), say=_say, keep=options.keep) else UNEXPECTED


async def _one(options: Options, known: dict[str, Scenario], own: OwnCatalog | None) -> int:
    print(STARTING if own is None else "Starting a local Datadog, a local Slack and FixLoop…", flush=True)
    began = time.monotonic()
    async with world(folder=options.keep, own=own) as running:
        narrator = Narrator(running.slack, _say, colour=sys.stdout.isatty())
        with contextlib.closing(narrator):
            if options.play is not None:
                return await _play(running, narrator, known[options.play or DEFAULT], began)
            return await _open(running, narrator, options)


async def _open(running: World, narrator: Narrator, options: Options) -> int:
    """Show the page until somebody has seen enough."""
    try:
        async with page(running, port=options.port, player=act if running.has_shop else None) as address:
            print(f"\nFixLoop's sandbox is at {address}   (Ctrl-C ends it)\n", flush=True)
            if not running.has_shop:
                print(_where_to_send(running), flush=True)
            if options.browser:
                open_browser(address)
            await _attend(running, narrator)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()  # asyncio's own words repeat the address
        print(f"fixloop: the page cannot listen on port {options.port}: {why}", file=sys.stderr)
        return USAGE
    return EXPECTED


async def _attend(running: World, narrator: Narrator) -> None:
    """Take commands, and keep the bot alive meanwhile."""
    standing_by = asyncio.create_task(running.bot.stand_by(_say), name="stand by")
    try:
        await take_commands(running, narrator)
    finally:
        standing_by.cancel()
        await asyncio.wait({standing_by})


def _where_to_send(running: World) -> str:
    """How the services of an own catalog are seen by the local Datadog."""
    watched = len(running.datadog.account.monitors)
    noun = "monitor" if watched == 1 else "monitors"
    return (
        f"Metrics, logs and events go to {running.datadog.url}, as to Datadog's own API, with the header\n"
        f"  DD-API-KEY: {running.bot.environment['DD_API_KEY']}\n"
        f"{watched} {noun} made from the catalog's metrics and slo.\n"
    )


async def _play(running: World, narrator: Narrator, scenario: Scenario, began: float) -> int:
    try:
        verdict = await act(running, scenario, narrator.stage)
    except Impatience as lost:
        print(f"\nfixloop: {lost}\n{running.bot.last_words()}", file=sys.stderr)
        return UNEXPECTED
    root = running.root()
    if root is not None:
        narrator.stage("The thread in the end")
        _say(narrator.thread(root.channel, root.ts))
    right = verdict == scenario.expected
    came_out = "As expected" if right else f"Expected {scenario.expected}, but it came out"
    narrator.stage(f"{came_out}: {verdict}. {time.monotonic() - began:.0f} s in all.")
    return EXPECTED if right else UNEXPECTED


def _say(text: str) -> None:
    print(text, flush=True)
