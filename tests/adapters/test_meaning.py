"""Texts become vectors in a process of their own, which comes when it is needed, goes when it is not, and may fail."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from math import isclose
from operator import mul
from pathlib import Path

import pytest

from fixloop_bot.adapters.meaning import embedder
from fixloop_bot.adapters.meaning.embedder import COMMAND, KEPT, NEEDED, ProcessMeaning, is_installed, open_meaning
from fixloop_bot.application.copilot.meaning import MeaningUnavailable, Vector

installed = pytest.mark.skipif(not is_installed(), reason="the extra is not installed: pip install -e '.[embeddings]'")
WITHIN_S = 60.0

LETTERS = """
import struct, sys
while head := sys.stdin.buffer.read(4):
    text = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    {before}
    vector = struct.pack("2f", len(text), 0.0)
    sys.stdout.buffer.write(struct.pack(">I", len(vector)) + vector)
    sys.stdout.buffer.flush()
"""
"""A stand-in for the model, where what matters is the process: a text's vector is its length."""


def letters(before: str = "pass") -> tuple[str, ...]:
    return (sys.executable, "-c", LETTERS.format(before=before))


@asynccontextmanager
async def process(
    command: Sequence[str] = COMMAND, *, quiet_s: float = 60.0, rest_s: float = 60.0
) -> AsyncIterator[ProcessMeaning]:
    meaning = ProcessMeaning(command=command, quiet_s=quiet_s, rest_s=rest_s)
    try:
        yield meaning
    finally:
        await meaning.aclose()


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


def pid_of(meaning: ProcessMeaning) -> int:
    assert meaning.pid is not None, "no process"
    return meaning.pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def product(one: Vector, other: Vector) -> float:
    return float(sum(map(mul, one, other)))


# The model


@installed
async def test_the_same_in_other_words_is_nearer() -> None:
    """Than what has nothing to do with it; each vector has length 1, in the order of the texts."""
    async with process() as meaning:
        asked, near, far = await meaning.vectors(
            ["people were billed two times", "customers are charged twice", "the search index is stale"]
        )
    assert product(asked, near) > 0.3 > product(asked, far)
    assert all(isclose(product(each, each), 1.0, rel_tol=1e-4) for each in (asked, near, far))


@installed
async def test_a_text_has_one_vector() -> None:
    """Whatever stands beside it, and in every process: nothing is left to chance."""
    async with process() as one, process() as other:
        (alone,) = await one.vectors(["orders stay pending"])
        _, beside = await other.vectors(["a full disk " * 60, "orders stay pending"])
    assert list(alone) == list(beside)


@installed
async def test_any_text_has_a_vector() -> None:
    """Empty, 100 kB, control characters, half of a pair, right to left, without a blank, all marks: none ends it."""
    hostile = [
        "",
        " ",
        "w" * 100_000,
        "word " * 20_000,
        "\0\x1b[31m\x7f",
        "\ud800 half",
        "‮שלום",
        "👩‍👩‍👧‍👦" * 500,
        "[CLS][SEP]" * 50,
        "支払いが拒否される" * 500,
        "e" + "\u0301" * 5_000,
    ]
    async with process() as meaning:
        vectors = await meaning.vectors(hostile)
        pid = meaning.pid
        await meaning.vectors(["and it goes on"])
        assert meaning.pid == pid
    assert all(isclose(product(each, each), 1.0, rel_tol=1e-3) for each in vectors)


# Coming and going


async def test_the_process_starts_with_the_first_text_and_ends_when_it_is_quiet() -> None:
    """And is there again for the next one; what it said before is still known."""
    async with process(letters(), quiet_s=2.0) as meaning:
        assert meaning.pid is None
        assert [list(each) for each in await meaning.vectors(["abc"])] == [[3.0, 0.0]]
        first = pid_of(meaning)
        await until(lambda: meaning.pid is None, "the process did not end")
        assert [list(each) for each in await meaning.vectors(["abc"])] == [[3.0, 0.0]]
        assert meaning.pid is None, "a text that is known needs no process"
        assert [list(each) for each in await meaning.vectors(["four"])] == [[4.0, 0.0]]
        assert pid_of(meaning) != first
    await until(lambda: not is_alive(first), "the first process is left over")


async def test_closing_ends_the_process() -> None:
    """And tells whoever still waits."""
    async with process(letters("import time; time.sleep(600)")) as meaning:
        waiting = asyncio.create_task(meaning.vectors(["abc"]), name="waits")
        await until(lambda: meaning.pid is not None, "no process")
        pid = pid_of(meaning)
    with pytest.raises(MeaningUnavailable):
        await waiting
    await until(lambda: not is_alive(pid), "the process is left over")


async def test_who_stops_waiting_leaves_the_rest_to_go_on(tmp_path: Path) -> None:
    """A search that was too late makes the next one quick, and no text is sent twice."""
    gate, seen = tmp_path / "open", tmp_path / "seen"
    seen.touch()
    notes = f"import os, time; open({str(seen)!r}, 'ab').write(text + b';')"
    waits = f"{notes}\n    while not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    async with process(letters(waits)) as meaning:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await meaning.vectors(["a", "bb", "ccc"])
        gate.touch()
        assert [each[0] for each in await meaning.vectors(["bb", "ccc", "a", "bb"])] == [2.0, 3.0, 1.0, 2.0]
    assert seen.read_text() == "a;bb;ccc;"


async def test_many_at_once_share_one_process(tmp_path: Path) -> None:
    """Twenty searches over the same incidents: one process, each text once, everybody answered."""
    texts = ["x" * number for number in range(1, 200)]
    seen = tmp_path / "seen"
    async with process(letters(f"open({str(seen)!r}, 'ab').write(text + b';')")) as meaning:
        told = await asyncio.gather(*(meaning.vectors([*texts, "q" * (300 + each)]) for each in range(20)))
    assert [answer[-1][0] for answer in told] == [300.0 + each for each in range(20)]
    assert all([each[0] for each in answer[:-1]] == list(range(1, 200)) for answer in told)
    assert len(seen.read_text().split(";")) - 1 == len(texts) + 20


async def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    """The vectors used last are kept."""
    seen = tmp_path / "seen"
    async with process(letters(f"open({str(seen)!r}, 'ab').write(text + b';')")) as meaning:
        await meaning.vectors(["first"])
        for start in range(0, KEPT, 250):
            await meaning.vectors([f"{number:06}" for number in range(start, start + 250)] + ["first"])
        assert len(meaning._known) == KEPT
        assert meaning._asked == {}
        await meaning.vectors(["first", "000000"])
    assert seen.read_text().count("first;") == 1
    assert seen.read_text().count("000000;") == 2


# Failing


@pytest.mark.parametrize(
    "before",
    [
        "sys.exit(3)",
        "sys.stdout.write('Loading model'); sys.stdout.flush(); sys.exit()",
        "sys.stdout.buffer.write(bytes.fromhex('ffffffff')); sys.stdout.flush(); import time; time.sleep(600)",
        "sys.stdout.buffer.write(bytes.fromhex('00000003616263')); sys.stdout.flush(); import time; time.sleep(600)",
    ],
    ids=["ends", "chatters", "too long", "no vector"],
)
async def test_a_process_that_fails_is_said(before: str) -> None:
    """In one sentence, and it is not started again at once: a loop of dying processes helps nobody."""
    async with process(letters(before)) as meaning:
        with pytest.raises(MeaningUnavailable, match="has ended"):
            await meaning.vectors(["abc"])
        await until(lambda: meaning.pid is None, "it still counts as there")
        with pytest.raises(MeaningUnavailable, match="tried again later"):
            await meaning.vectors(["abc"])
        assert meaning.pid is None


async def test_a_killed_process_is_replaced() -> None:
    """After a rest."""
    async with process(letters(), rest_s=0.0) as meaning:
        await meaning.vectors(["abc"])
        pid = pid_of(meaning)
        os.kill(pid, 9)
        await until(lambda: meaning.pid is None, "its end was not noticed")
        assert [each[0] for each in await meaning.vectors(["four"])] == [4.0]


@pytest.mark.parametrize(
    "before",
    ["import time; time.sleep(600)", "sys.stdout.buffer.write(bytes(3) + b'8'); sys.stdout.flush(); sys.stdin.read()"],
    ids=["silent", "half an answer"],
)
async def test_a_stuck_process_is_ended(before: str) -> None:
    """Nobody waits for ever."""
    async with process(letters(before), quiet_s=0.3) as meaning:
        with pytest.raises(MeaningUnavailable, match="has ended"):
            await meaning.vectors(["abc"])
        with pytest.raises(MeaningUnavailable, match="tried again later"):
            await meaning.vectors(["abc"])


async def test_without_a_program_there_is_no_process() -> None:
    async with process(("/nowhere/python",)) as meaning:
        with pytest.raises(MeaningUnavailable, match="could be started"):
            await meaning.vectors(["abc"])


# What it may know, and what it costs who does not use it


async def test_the_process_knows_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So no token either; it needs to find its packages and nothing else."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-must-stay-here")
    shows = "import os; text = ','.join(sorted(os.environ)).encode(); assert 'SLACK_BOT_TOKEN' not in os.environ"
    async with process(letters(shows)) as meaning:
        ((length, _),) = await meaning.vectors(["abc"])
    assert length <= len("LC_CTYPE,PYTHONPATH")


async def test_without_the_extra_there_is_no_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "NEEDED", (*NEEDED, "no_such_module_anywhere"))
    async with open_meaning() as meaning:
        assert meaning is None


def test_opening_loads_none_of_it() -> None:
    """Neither does importing the bot; the packages are looked for, not loaded."""
    program = f"""
import asyncio, sys
import fixloop_bot.bootstrap
from fixloop_bot.adapters.meaning.embedder import open_meaning

async def opened():
    async with open_meaning():
        print(sorted(set({NEEDED!r}) - {{"numpy"}} & set(sys.modules)))

asyncio.run(opened())
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"
