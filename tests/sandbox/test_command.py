"""``fixloop sandbox`` at the command line: its options, its end, and a table of scenarios."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from fixloop_bot.sandbox.bot import free_port
from fixloop_bot.sandbox.command import Options, command
from fixloop_bot.sandbox.playing import Outcome, heading, line, play_all
from fixloop_bot.sandbox.scenarios import scenarios
from fixloop_bot.sandbox.shop import FAULTS

ISSUED = frozenset(
    {
        *("checkout-500", "five-percent-errors", "checkout-slow", "wrong-total", "stale-cache-after-fix"),
        *("one-bad-replica", "fails-for-one-input", "missing-header", "broken-pagination", "double-charge-on-retry"),
        *("truncated-body", "expired-certificate", "redirect-to-login", "health-lies", "flapping", "slow-leak"),
        *("half-fix", "fix-breaks-neighbour"),
    }
)
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


def processes_of(folder: Path) -> list[str]:
    """The command lines of living processes whose environment names this folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (each / "environ").read_bytes():
                found.append((each / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it is not ours, or it has just ended
    return found


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short path, as users have it: the built-in store's socket has to fit below it."""
    with tempfile.TemporaryDirectory(prefix="fl-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("ending", "keyboard"), [(signal.SIGINT, subprocess.PIPE), (signal.SIGTERM, subprocess.DEVNULL)]
)
async def test_the_sandbox_ends_and_leaves_nothing_behind(
    short_folder: Path, ending: signal.Signals, keyboard: int
) -> None:
    """It prints one address on the wanted port; Ctrl-C, however often, ends every process and every folder of it.

    Where nobody can type, it says so, and goes on.
    """
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fixloop_bot", "sandbox", "--no-browser", "--port", str(port)),
        env={**os.environ, "TMPDIR": str(short_folder)},
        stdin=keyboard,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(45):
            while not ADDRESS.search(said):
                text = await process.stdout.readline()
                assert text, said
                said += text.decode()
        assert f"http://127.0.0.1:{port}/" in said
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/live") as answer:
            assert answer.status == 403, "there is a page, and it wants its own origin"
        assert processes_of(short_folder), "its processes can be found"
        wanted = "Nobody can type here" if keyboard == subprocess.DEVNULL else "quit"
        async with asyncio.timeout(20):
            while wanted not in said:
                said += (await process.stdout.readline()).decode()
        assert "Traceback" not in said
        process.send_signal(ending)
        process.send_signal(ending)
        async with asyncio.timeout(30):
            assert await process.wait() == 130
    finally:
        if process.returncode is None:
            process.kill()
    assert processes_of(short_folder) == []
    assert list(short_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (Options(play="checkout-501"), "there is no scenario 'checkout-501'"),
        (Options(play="", catalog=Path("mine.yml")), "use one of the two"),
        (Options(catalog=Path("/nowhere/mine.yml")), "cannot be read: No such file"),
        (Options(keep=Path(__file__)), "it is a file, not a directory"),
        (Options(keep=Path("/dev/null/kept")), "cannot be used: Not a directory"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(
    options: Options, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 3, before anything is started."""
    assert command(options) == 3
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


@pytest.mark.timeout(240)
async def test_playing_prints_a_row_that_says_what_differs(tmp_path: Path) -> None:
    """The world comes out as it must; an expectation that is wrong is told, and makes the whole a failure."""
    story = dataclasses.replace(scenarios()["checkout-500"], expected="unproven")
    said: list[str] = []
    assert not await play_all([story], say=said.append, keep=tmp_path)
    row = said[1].split()
    assert row[:3] == ["checkout-500", "unproven", "proven"], (tmp_path / story.name / "play.log").read_text()[-2000:]
    assert row[-1] == "differs"
    assert int(row[3]) >= 20, "a proof lasts as long as its window"
    assert int(row[5].replace(",", "")) > 100
    assert said[-1].startswith("\n0 of 1 came out as expected")


async def test_a_scenario_whose_world_dies_is_a_row_too(tmp_path: Path) -> None:
    """What ends its process is told in its row, and where to read more."""
    story = dataclasses.replace(scenarios()["checkout-500"], name="no-such-story")
    said: list[str] = []
    assert not await play_all([story], say=said.append, keep=tmp_path)
    assert "no verdict" in said[1]
    assert "play.log" in said[1]
    assert "KeyError" in (tmp_path / "no-such-story" / "play.log").read_text()


def test_rows_stand_in_columns() -> None:
    """Whatever the figures, the columns of heading and rows are the same."""
    stories = list(scenarios().values())
    outcome = Outcome(name="half-fix", expected="proven", verdict="not recovered", proof_s=123.4, requests=12345)
    assert line(outcome, stories).index("proven") == heading(stories).index("expected")
    assert line(outcome, stories).index("not recovered") == heading(stories).index("came out")


def test_every_fault_is_played_and_every_wanted_one_is_there() -> None:
    """The catalogue of the shop has each kind of trouble; all can be played."""
    assert set(FAULTS) >= ISSUED
    known = scenarios()
    assert set(FAULTS) <= set(known)
    assert {each.expected for each in known.values() if each.mended == "half-fixed"} == {"not recovered"}
    assert known["stale-cache-after-fix-at-once"].expected == "not recovered"
    assert known["stale-cache-after-fix"].waits_s > 20
