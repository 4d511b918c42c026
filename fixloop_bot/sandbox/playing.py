"""``--play all``: every scenario in a world and a process of its own, as many at a time as there are cores."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from fixloop_bot.sandbox.bot import BotDied
from fixloop_bot.sandbox.interrupts import run
from fixloop_bot.sandbox.narrator import Narrator
from fixloop_bot.sandbox.scenarios import Scenario, scenarios
from fixloop_bot.sandbox.stage import Impatience, perform
from fixloop_bot.sandbox.world import World, world

LONGEST_S = 900.0
STOP_S = 30.0
NONE = "no verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one scenario; ``lost`` says in a sentence why there is no verdict."""

    name: str
    expected: str
    verdict: str
    proof_s: float = 0.0
    requests: int = 0
    lost: str = ""

    @property
    def as_expected(self) -> bool:
        return self.verdict == self.expected


async def play_all(
    chosen: Iterable[Scenario], *, say: Callable[[str], None], keep: Path | None, at_once: int | None = None
) -> bool:
    """Play them, and print one line for each in their order, as soon as it and all before it are over.

    True if every one came out as expected. ``keep`` gets a folder for each; ``at_once`` is the number of cores if not
    given.
    """
    stories, began = list(chosen), time.monotonic()
    places = asyncio.Semaphore(at_once or cores())
    with contextlib.ExitStack() as stack:
        home = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fixloop-")))
        for story in stories:
            (home / story.name).mkdir(parents=True, exist_ok=True)
        say(heading(stories))
        async with asyncio.TaskGroup() as group:
            playing = [
                group.create_task(_in_turn(places, story, home / story.name), name=f"play {story.name}")
                for story in stories
            ]
            outcomes = []
            for each in playing:
                outcomes.append(await each)
                say(line(outcomes[-1], stories))
    right = sum(outcome.as_expected for outcome in outcomes)
    say(f"\n{right} of {len(outcomes)} came out as expected, in {time.monotonic() - began:.0f} s.")
    return right == len(outcomes)


def cores() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def heading(stories: Iterable[Scenario]) -> str:
    return f"{'scenario':<{_width(stories)}}  {'expected':<13}  {'came out':<13}  to proof  requests"


def line(outcome: Outcome, stories: Iterable[Scenario]) -> str:
    """One row; the word at its end says what the eye should look for."""
    told = "as expected" if outcome.as_expected else f"differs{f': {outcome.lost}' if outcome.lost else ''}"
    figures = f"{outcome.proof_s:6.0f} s  {outcome.requests:8,}"
    return f"{outcome.name:<{_width(stories)}}  {outcome.expected:<13}  {outcome.verdict:<13}  {figures}  {told}"


def _width(stories: Iterable[Scenario]) -> int:
    return max(len(story.name) for story in stories)


async def _in_turn(places: asyncio.Semaphore, story: Scenario, folder: Path) -> Outcome:
    async with places:
        return await _in_a_process(story, folder)


async def _in_a_process(story: Scenario, folder: Path) -> Outcome:
    """A world measures times, so it shares its event loop with no other. Its log stays beside its folder."""
    with (folder / "play.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            story.name,
            str(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in good order
        )
        try:
            async with asyncio.timeout(LONGEST_S):
                out, _ = await process.communicate()
        except TimeoutError:
            return _lost(story, f"it was not over after {LONGEST_S:.0f} s")
        finally:
            await _ended(process)
    try:
        return Outcome(**{**json.loads(out), "expected": story.expected})
    except (ValueError, TypeError):
        return _lost(story, f"its process ended with {process.returncode}; see {folder / 'play.log'}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _lost(story: Scenario, why: str) -> Outcome:
    return Outcome(name=story.name, expected=story.expected, verdict=NONE, lost=why)


async def _alone(story: Scenario, folder: Path) -> int:
    """What the process of one scenario does: the story goes to stderr, its outcome as JSON to stdout."""

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        async with world(folder=folder / "world") as running:
            narrator = Narrator(running.slack, say, colour=False)
            with contextlib.closing(narrator):
                outcome = await _played(story, running, narrator)
    except BotDied as death:
        outcome = _lost(story, " ".join(str(death).split()))
    print(json.dumps(asdict(outcome)), flush=True)
    return 0


async def _played(story: Scenario, running: World, narrator: Narrator) -> Outcome:
    try:
        played = await perform(running, story, narrator.stage)
    except Impatience as impatience:
        return _lost(story, str(impatience))
    return Outcome(name=story.name, expected=story.expected, **asdict(played))


if __name__ == "__main__":
    sys.exit(run(_alone(scenarios()[sys.argv[1]], Path(sys.argv[2]))))
